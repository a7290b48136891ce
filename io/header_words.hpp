// SPDX-License-Identifier: BSD-3-Clause
// Headers made of 4-byte words in either byte order (MRC, Spider), read and written by number.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <quickbeam/core/payload.hpp>

namespace quickbeam::io {

static_assert(std::endian::native == std::endian::little, "little-endian words are copied");

/// Byte of the file a word (1-based) begins at.
constexpr std::uint64_t byte_of(std::size_t word) { return 4 * (word - 1); }

/// Reads words of a header. Borrows the bytes; a word must lie inside them.
class HeaderWords {
 public:
  HeaderWords(std::span<const std::byte> bytes, ByteOrder order) : bytes_(bytes), order_(order) {}

  ByteOrder order() const { return order_; }
  std::int32_t i(std::size_t word) const { return load<std::int32_t>(word); }
  float f(std::size_t word) const { return load<float>(word); }
  /// As it stands; bytes are not swapped.
  std::string_view text(std::size_t word, std::size_t length) const {
    return {reinterpret_cast<const char*>(bytes_.data() + byte_of(word)), length};
  }

 private:
  template <class T>
  T load(std::size_t word) const {
    std::uint32_t bits;
    std::memcpy(&bits, bytes_.data() + byte_of(word), 4);
    if (order_ == ByteOrder::big) bits = __builtin_bswap32(bits);
    T value;
    std::memcpy(&value, &bits, 4);
    return value;
  }

  std::span<const std::byte> bytes_;
  ByteOrder order_;
};

/// Writes little-endian words into a header of zeros.
template <std::size_t Bytes>
class HeaderWriter {
 public:
  void set(std::size_t word, std::int32_t value) { store(word, value); }
  void set(std::size_t word, double value) { store(word, static_cast<float>(value)); }
  void set_text(std::size_t word, std::string_view text) {
    std::memcpy(bytes_.data() + byte_of(word), text.data(), text.size());
  }
  const std::array<std::byte, Bytes>& bytes() const { return bytes_; }

 private:
  template <class T>
  void store(std::size_t word, T value) {
    static_assert(sizeof value == 4);
    std::memcpy(bytes_.data() + byte_of(word), &value, 4);
  }
  std::array<std::byte, Bytes> bytes_{};
};

/// A number of a header as people read it, the shortest text that gives the same value back.
std::string number_text(float value);

}  // namespace quickbeam::io
