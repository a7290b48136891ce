// SPDX-License-Identifier: BSD-3-Clause
// Numbers as little-endian bytes, one after the other.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace quickbeam {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie");

template <class T>
concept Number = std::integral<T> || std::floating_point<T>;

/// Appends to a vector of bytes.
class ByteAppender {
 public:
  explicit ByteAppender(std::vector<std::byte>& out) : out_(out) {}

  template <Number T>
  void number(T value) {
    numbers(std::span<const T>(&value, 1));
  }
  template <Number T>
  void numbers(std::span<const T> values) {
    bytes(std::as_bytes(values));
  }
  void bytes(std::span<const std::byte> more) {
    const std::size_t size = out_.size();
    out_.resize(size + more.size());
    if (!more.empty()) std::memcpy(out_.data() + size, more.data(), more.size());
  }
  void text(std::string_view more) { bytes(std::as_bytes(std::span(more))); }

 private:
  std::vector<std::byte>& out_;
};

/// Takes from the front of bytes. Whoever calls has made sure that they are there (left()).
class ByteTaker {
 public:
  explicit ByteTaker(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t left() const { return bytes_.size(); }
  template <Number T>
  T number() {
    T value;
    numbers(std::span<T>(&value, 1));
    return value;
  }
  template <Number T>
  void numbers(std::span<T> out) {
    if (!out.empty()) std::memcpy(out.data(), bytes_.data(), out.size_bytes());
    bytes_ = bytes_.subspan(out.size_bytes());
  }
  std::span<const std::byte> bytes(std::size_t count) {
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  std::string_view text(std::size_t count) {
    const auto taken = bytes(count);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace quickbeam
