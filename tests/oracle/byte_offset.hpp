// SPDX-License-Identifier: BSD-3-Clause
// Decodes x-CBF_BYTE_OFFSET as the specification reads, byte by byte, in 128-bit arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace quickbeam::oracle {

__extension__ typedef __int128 Wide;

enum class Ending { complete, ends_in_escape, ends_early, bytes_left, out_of_range };

struct ByteOffsetResult {
  std::vector<std::int64_t> pixels;  ///< u64 pixels modulo 2^64
  Ending ending = Ending::complete;
  std::size_t byte = 0;       ///< where reading stopped: the first byte not consumed
  std::int64_t wrapped = -1;  ///< the first pixel whose sum left the type, or -1
};

/// The little-endian signed number of `width` bytes at `at`.
inline Wide signed_number(const std::vector<std::uint8_t>& bytes, std::size_t at, int width) {
  Wide value = 0;
  for (int i = width - 1; i >= 0; --i)
    value = value * 256 + bytes[at + static_cast<std::size_t>(i)];
  const Wide modulus = Wide{1} << (8 * width);
  return value >= modulus / 2 ? value - modulus : value;
}

template <class T>
ByteOffsetResult decode_byte_offset(const std::vector<std::uint8_t>& bytes, std::size_t count) {
  const Wide low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  ByteOffsetResult result;
  Wide sum = 0;
  while (result.pixels.size() < count) {
    std::size_t at = result.byte;
    if (at == bytes.size()) return result.ending = Ending::ends_early, result;
    Wide delta = 0;
    int width = 1;
    for (;; width *= 2) {
      if (at + static_cast<std::size_t>(width) > bytes.size())
        return result.ending = Ending::ends_in_escape, result;
      delta = signed_number(bytes, at, width);
      at += static_cast<std::size_t>(width);
      if (width == 8 || delta != -(Wide{1} << (8 * width - 1))) break;
    }
    Wide next = sum + delta;
    const bool fits = next >= low && next <= high;
    const Wide span = (Wide{1} << 32) - 1;
    const bool absurd = sizeof(T) == 4 && width == 8 && (delta > span || delta < -span);
    if ((sizeof(T) < 4 && !fits) || absurd) return result.ending = Ending::out_of_range, result;
    if (!fits) {
      if (result.wrapped < 0) result.wrapped = static_cast<std::int64_t>(result.pixels.size());
      const Wide modulus = Wide{1} << (8 * sizeof(T));
      while (next < low) next += modulus;
      while (next > high) next -= modulus;
    }
    sum = next;
    result.byte = at;
    result.pixels.push_back(static_cast<std::int64_t>(static_cast<std::uint64_t>(sum)));
  }
  if (result.byte != bytes.size()) result.ending = Ending::bytes_left;
  return result;
}

}  // namespace quickbeam::oracle
