// SPDX-License-Identifier: BSD-3-Clause
// The bits of a packed stream: chunk heads and signed fields of 0 to 65 bits, least significant
// bit first (CBFlib manual, section 3.3.2).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace quickbeam::kernels {

static_assert(std::endian::native == std::endian::little, "fields are cut out of loaded words");

inline std::uint64_t load_word(const std::byte* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// 1 << n pixels whose offsets are `width` bits each.
struct Chunk {
  std::uint32_t pixels = 0;
  std::uint32_t width = 0;
  std::uint32_t bits() const { return pixels * width; }
};

/// The two dialects: how a chunk head is laid out and what its width codes stand for.
struct ChunkCode {
  std::uint32_t head_bits = 0;
  std::array<std::uint8_t, 16> widths{};

  /// The last width code means "65 bits". CBFlib since 0.7.7 cuts such an offset to the width of
  /// the element unless the stream is flat; then the field really has 65 bits.
  static ChunkCode make(bool version_2, bool flat, std::size_t element_bytes) {
    const auto widest = static_cast<std::uint8_t>(flat ? 65 : 8 * element_bytes);
    if (version_2) return {7, {0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, widest}};
    return {6, {0, 4, 5, 6, 7, 8, 16, widest}};
  }
};

/// A cursor over the bits of a stream. Never reads outside it: near the end it works on a copy
/// with zeros behind.
class PackedStream {
 public:
  static constexpr std::size_t max_chunk_pixels = 128;
  static constexpr std::size_t max_chunk_bytes = max_chunk_pixels * 65 / 8 + 1;
  static constexpr std::size_t overshoot = 15;

  PackedStream(std::span<const std::byte> stream, std::uint64_t first_byte)
      : stream_(stream), bit_(8 * first_byte) {
    tail_start_ = stream.size() - std::min(stream.size(), max_chunk_bytes + slack);
    std::copy(stream.begin() + static_cast<std::ptrdiff_t>(tail_start_), stream.end(),
              tail_.begin());
  }

  std::uint64_t bit() const { return bit_; }
  std::uint64_t bits_left() const { return 8 * stream_.size() - bit_; }
  void skip(std::uint64_t bits) { bit_ += bits; }

  /// The chunk head at the cursor. Precondition: bits_left() >= code.head_bits.
  Chunk take_head(const ChunkCode& code) {
    const std::uint64_t head = load_word(here()) >> (bit_ & 7);
    bit_ += code.head_bits;
    const std::uint64_t width_codes = std::uint64_t{1} << (code.head_bits - 3);
    return {std::uint32_t{1} << (head & 7), code.widths[(head >> 3) & (width_codes - 1)]};
  }

  /// The offsets of a chunk, modulo 2^n for an n-bit T; `overshoot` elements behind them may be
  /// overwritten. Precondition: bits_left() >= chunk.bits().
  template <class T>
  void take_offsets(Chunk chunk, T* out);

 private:
  static constexpr std::size_t slack = 32;  ///< a word may be loaded from up to 16 bytes further

  /// The byte with the cursor's bit; max_chunk_bytes and a word beyond may be read behind it.
  const std::byte* here() const {
    const std::uint64_t byte = bit_ / 8;
    return byte >= tail_start_ ? tail_.data() + (byte - tail_start_) : stream_.data() + byte;
  }

  template <unsigned width, class T>
  static void unpack(const std::byte* from, unsigned bit, std::uint32_t count, T* out);

  std::span<const std::byte> stream_;
  std::uint64_t bit_ = 0;
  std::size_t tail_start_ = 0;
  std::array<std::byte, 2 * (max_chunk_bytes + slack)> tail_{};
};

/// One loop for each width: with the width known, one loaded word gives several fields, two shifts
/// each. Whole groups are written, so up to 15 elements behind `count` are overwritten.
template <unsigned width, class T>
void PackedStream::unpack(const std::byte* from, unsigned bit, std::uint32_t count, T* out) {
  if constexpr (width <= 57) {
    constexpr unsigned group = std::bit_floor(57 / width);
    for (std::uint32_t i = 0; i < count; i += group, bit += group * width) {
      const std::uint64_t word = load_word(from + bit / 8) >> bit % 8;
      for (unsigned k = 0; k < group; ++k) {
        const auto top = static_cast<std::int64_t>(word << (64 - width * (k + 1)));
        out[i + k] = static_cast<T>(top >> (64 - width));
      }
    }
  } else {  // 64, or the low 64 of 65: the sign bit above them changes nothing modulo 2^64
    for (std::uint32_t i = 0; i < count; ++i, bit += width) {
      const std::byte* at = from + bit / 8;
      const std::uint64_t high = load_word(at + 8) << 1 << (63 - bit % 8);
      out[i] = static_cast<T>(load_word(at) >> bit % 8 | high);
    }
  }
}

template <class T>
void PackedStream::take_offsets(Chunk chunk, T* out) {
  const std::byte* from = here();
  const auto bit = static_cast<unsigned>(bit_ % 8);
  bit_ += chunk.bits();
#define QUICKBEAM_WIDTH(n) \
  case n:                  \
    return unpack<n>(from, bit, chunk.pixels, out);
  switch (chunk.width) {
    QUICKBEAM_WIDTH(3)
    QUICKBEAM_WIDTH(4)
    QUICKBEAM_WIDTH(5)
    QUICKBEAM_WIDTH(6)
    QUICKBEAM_WIDTH(7)
    QUICKBEAM_WIDTH(8)
    QUICKBEAM_WIDTH(9)
    QUICKBEAM_WIDTH(10)
    QUICKBEAM_WIDTH(11)
    QUICKBEAM_WIDTH(12)
    QUICKBEAM_WIDTH(13)
    QUICKBEAM_WIDTH(14)
    QUICKBEAM_WIDTH(15)
    QUICKBEAM_WIDTH(16)
    QUICKBEAM_WIDTH(32)
    QUICKBEAM_WIDTH(64)
    QUICKBEAM_WIDTH(65)
    default:
      std::fill_n(out, chunk.pixels, T{0});
  }
#undef QUICKBEAM_WIDTH
}

}  // namespace quickbeam::kernels
