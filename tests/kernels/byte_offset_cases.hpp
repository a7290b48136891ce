// SPDX-License-Identifier: BSD-3-Clause
// What the tests and the fuzzer of the byte-offset decoders share: one way to run a decoder over a
// stream in pieces, into memory of exactly the size it may use, and to compare all that it tells.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <ostream>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/byte_offset.hpp"

namespace quickbeam::tests {

using Bytes = std::vector<std::uint8_t>;

/// One call of read: pixels wanted, and room beyond them.
struct Piece {
  std::size_t count, slack;
};

/// Everything a decoder tells.
struct Outcome {
  std::vector<std::int64_t> pixels;
  kernels::StreamStatus status;
  std::uint64_t position = 0;
  std::uint64_t count = 0;
  bool finished = false;
  bool overran = false;  ///< wrote beyond `writable`

  friend bool operator==(const Outcome& a, const Outcome& b) {
    const auto all = [](const Outcome& o) {
      const auto& s = o.status;
      return std::tie(o.pixels, s.fault, s.pixel, s.byte, s.wrapped, s.wrapped_pixel, o.position,
                      o.count, o.finished, o.overran);
    };
    return all(a) == all(b);
  }
  friend std::ostream& operator<<(std::ostream& to, const Outcome& o) {
    to << o.count << " pixels, byte " << o.position << ", fault " << int(o.status.fault)
       << " at pixel " << o.status.pixel << " byte " << o.status.byte << ", wrapped "
       << o.status.wrapped << " at " << o.status.wrapped_pixel << ", finished " << o.finished
       << ", overran " << o.overran << ", last";
    for (std::size_t i = o.pixels.size() - std::min<std::size_t>(o.pixels.size(), 8);
         i < o.pixels.size(); ++i)
      to << ' ' << o.pixels[i];
    return to;
  }
};

/// Reads one piece; the memory after `writable` holds a mark that must survive.
template <class Out, class Decoder>
bool read_piece(Decoder& decoder, Piece piece, Outcome& outcome) {
  constexpr Out mark = 0x5a5a5a5a;
  const std::size_t writable = piece.count + piece.slack;
  const auto out = std::make_unique<Out[]>(writable + 1);
  out[writable] = mark;
  const std::uint64_t before = decoder.pixels();
  const bool good = decoder.read(out.get(), piece.count, writable);
  const std::uint64_t decoded = decoder.pixels() - before;
  outcome.overran = outcome.overran || out[writable] != mark || decoded > piece.count;
  outcome.pixels.insert(outcome.pixels.end(), out.get(), out.get() + decoded);
  return good;
}

constexpr bool is_wide(PixelType type) {
  return type == PixelType::u32 || type == PixelType::i64 || type == PixelType::u64;
}

template <class Decoder>
Outcome decode(std::span<const std::uint8_t> bytes, PixelType type,
               const std::vector<Piece>& pieces) {
  // A copy that ends where the stream ends, so that a sanitizer sees every byte too far.
  const auto copy = std::make_unique<std::byte[]>(bytes.size());
  std::transform(bytes.begin(), bytes.end(), copy.get(), [](auto b) { return std::byte{b}; });
  Decoder decoder({copy.get(), bytes.size()}, type);
  Outcome outcome;
  bool good = true;
  for (const Piece& piece : pieces) {
    good = is_wide(type) ? read_piece<std::int64_t>(decoder, piece, outcome)
                         : read_piece<std::int32_t>(decoder, piece, outcome);
    if (!good) break;
  }
  outcome.finished = good && decoder.finish();
  outcome.status = decoder.status();
  outcome.position = decoder.position();
  outcome.count = decoder.pixels();
  return outcome;
}

inline constexpr PixelType integer_types[] = {PixelType::i8,  PixelType::u8,  PixelType::i16,
                                              PixelType::u16, PixelType::i32, PixelType::u32,
                                              PixelType::i64, PixelType::u64};

inline void append(Bytes& bytes, std::int64_t value, int width) {
  for (int i = 0; i < width; ++i)
    bytes.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i)));
}

/// A code of the given width of delta, escapes in front.
inline void append_code(Bytes& bytes, std::int64_t delta, int width) {
  for (int w = 1; w < width; w *= 2)
    append(bytes, std::int64_t(-(std::uint64_t{1} << (8 * w - 1))), w);
  append(bytes, delta, width);
}

inline Bytes codes(std::initializer_list<std::pair<std::int64_t, int>> list) {
  Bytes bytes;
  for (const auto& [delta, width] : list) append_code(bytes, delta, width);
  return bytes;
}

}  // namespace quickbeam::tests
