// SPDX-License-Identifier: BSD-3-Clause
// A plain serial encoder of x-CBF_PACKED and x-CBF_PACKED_V2, pixel by pixel with coordinates.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace quickbeam::oracle {

/// What to write. `width`, `height`, `depth` are the dimensions from the fast axis on.
struct PackedShape {
  std::int64_t width = 1, height = 1, depth = 1;
  bool version_2 = false;
  bool flat = false;
  bool uncorrelated_sections = false;
};

/// Bits, the least significant first.
class BitWriter {
 public:
  void put(std::uint64_t value, unsigned bits) {
    for (unsigned i = 0; i < bits; ++i, ++count_) {
      if (count_ % 8 == 0) bytes.push_back(std::byte{0});
      const std::uint64_t bit = i < 64 ? value >> i & 1 : value >> 63;
      bytes.back() |= static_cast<std::byte>(bit << count_ % 8);
    }
  }
  std::vector<std::byte> bytes;

 private:
  std::size_t count_ = 0;
};

/// T: signed integer as wide as a pixel.
template <class T>
class PackedEncoder {
  using U = std::make_unsigned_t<T>;

 public:
  PackedEncoder(std::span<const T> pixels, PackedShape shape) : pixels_(pixels), shape_(shape) {}

  std::vector<std::byte> encode() {
    for (std::uint64_t word :
         {std::uint64_t{pixels_.size()}, std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{0}})
      writer_.put(word, 64);
    for (std::size_t i = 0; i < pixels_.size(); ++i) {
      const auto offset =
          static_cast<U>(static_cast<U>(pixels_[i]) - static_cast<U>(prediction(i)));
      offsets_.push_back(static_cast<T>(offset));
      widths_.push_back(width_of(offsets_.back()));
    }
    for (std::size_t i = 0; i < offsets_.size();) {
      const auto n =
          static_cast<unsigned>(std::min<std::size_t>(7, std::bit_width(offsets_.size() - i) - 1));
      put_block(i, n);
      i += std::size_t{1} << n;
    }
    return writer_.bytes;
  }

 private:
  T at(std::int64_t x, std::int64_t y, std::int64_t z) const {
    return pixels_[static_cast<std::size_t>((z * shape_.height + y) * shape_.width + x)];
  }

  T prediction(std::size_t index) const {
    const auto i = static_cast<std::int64_t>(index);
    if (shape_.flat) return i == 0 ? T{0} : pixels_[index - 1];
    const std::int64_t x = i % shape_.width, y = i / shape_.width % shape_.height;
    const std::int64_t z = i / (shape_.width * shape_.height);
    if (y == 0) {
      if (x > 0) return at(x - 1, 0, z);
      return z > 0 ? at(0, 0, z - 1) : T{0};
    }
    const bool first = x == 0, last = x == shape_.width - 1;
    std::vector<T> around{at(x, y - 1, z)};
    if (!first) around.push_back(at(x - 1, y, z));
    if (!first && !last) around.push_back(at(x - 1, y - 1, z));
    if (!last) around.push_back(at(x + 1, y - 1, z));
    if (z > 0 && !shape_.uncorrelated_sections) {
      around.push_back(at(x, y - 1, z - 1));
      if (!first) around.push_back(at(x, y, z - 1));
      if (!first && !last) around.push_back(at(x - 1, y - 1, z - 1));
      if (!last) around.push_back(at(x + 1, y - 1, z - 1));
    }
    return rounded_mean(around);
  }

  static T rounded_mean(const std::vector<T>& values) {
    std::uint64_t sum = 0;
    for (T value : values) sum += static_cast<std::uint64_t>(value);
    const std::uint64_t half = values.size() / 2;
    std::int64_t wrapped = static_cast<T>(sum);
    wrapped = static_cast<std::int64_t>(static_cast<std::uint64_t>(wrapped) + half);
    if (sizeof(T) >= 4) wrapped = static_cast<T>(wrapped);
    const auto count = static_cast<std::int64_t>(values.size());  // a power of two
    const std::int64_t below = wrapped % count < 0 ? 1 : 0;       // round towards minus infinity
    return static_cast<T>(wrapped / count - below);
  }

  struct Width {
    unsigned code, bits;
  };
  Width width_of(T offset) const {
    const unsigned table_1[] = {0, 4, 5, 6, 7, 8, 16};
    const unsigned table_2[] = {0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    const auto table = shape_.version_2 ? std::span<const unsigned>(table_2) : table_1;
    const auto magnitude = static_cast<std::uint64_t>(
        offset < 0 ? ~static_cast<std::int64_t>(offset) : static_cast<std::int64_t>(offset));
    const auto needed = offset == 0 ? 0U : static_cast<unsigned>(std::bit_width(magnitude)) + 1;
    for (unsigned code = 0; code < table.size(); ++code)
      if (needed <= table[code]) return {code, table[code]};
    return {static_cast<unsigned>(table.size()), shape_.flat ? 65U : 8U * unsigned{sizeof(T)}};
  }
  unsigned head_bits() const { return shape_.version_2 ? 7 : 6; }

  Width widest(std::size_t begin, unsigned log2) const {
    Width result{0, 0};
    for (std::size_t i = begin; i < begin + (std::size_t{1} << log2); ++i)
      if (widths_[i].code > result.code) result = widths_[i];
    return result;
  }

  std::size_t whole_cost(std::size_t begin, unsigned log2) const {
    return head_bits() + (std::size_t{widest(begin, log2).bits} << log2);
  }
  std::size_t cost(std::size_t begin, unsigned log2) const {
    const std::size_t whole = whole_cost(begin, log2), half = (std::size_t{1} << log2) / 2;
    if (log2 == 0) return whole;
    return std::min(whole, cost(begin, log2 - 1) + cost(begin + half, log2 - 1));
  }

  /// 2^log2 offsets as one chunk, or as two halves where that is shorter.
  void put_block(std::size_t begin, unsigned log2) {
    if (log2 > 0 && cost(begin, log2) < whole_cost(begin, log2)) {
      put_block(begin, log2 - 1);
      put_block(begin + (std::size_t{1} << log2) / 2, log2 - 1);
      return;
    }
    const Width width = widest(begin, log2);
    writer_.put(width.code << 3 | log2, head_bits());
    for (std::size_t i = begin; i < begin + (std::size_t{1} << log2); ++i)
      writer_.put(static_cast<std::uint64_t>(std::int64_t{offsets_[i]}), width.bits);
  }

  std::span<const T> pixels_;
  PackedShape shape_;
  std::vector<T> offsets_;
  std::vector<Width> widths_;
  BitWriter writer_;
};

template <class T>
std::vector<std::byte> encode_packed(std::span<const T> pixels, PackedShape shape) {
  return PackedEncoder<T>(pixels, shape).encode();
}

}  // namespace quickbeam::oracle
