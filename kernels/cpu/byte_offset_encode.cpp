// SPDX-License-Identifier: BSD-3-Clause
// The byte-offset encoder: two passes, one for the size and one for the bytes.
#include <cstring>
#include <limits>
#include <type_traits>

#include "kernels/byte_offset.hpp"

namespace quickbeam::kernels {
namespace {

/// What leads from one pixel to the next. The difference of two 64-bit values may need 65 bits; it
/// is then taken modulo 2^64, and the decoder wraps back to the right value.
template <class T>
std::int64_t delta_of(T previous, T next) {
  if constexpr (sizeof(T) == 8)
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(next) -
                                     static_cast<std::uint64_t>(previous));
  else
    return std::int64_t{next} - std::int64_t{previous};
}

/// The most negative value of a width announces the next width, so it is never a delta itself.
template <class Width>
bool fits(std::int64_t delta) {
  constexpr std::int64_t largest = std::numeric_limits<Width>::max();
  return delta >= -largest && delta <= largest;
}

std::size_t length_of(std::int64_t delta) {
  if (fits<std::int8_t>(delta)) return 1;
  if (fits<std::int16_t>(delta)) return 3;
  return fits<std::int32_t>(delta) ? 7 : 15;
}

template <class Width>
std::byte* put(std::byte* to, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  for (std::size_t i = 0; i < sizeof(Width); ++i) to[i] = static_cast<std::byte>(bits >> (8 * i));
  return to + sizeof(Width);
}

std::byte* put_delta(std::byte* to, std::int64_t delta) {
  if (fits<std::int8_t>(delta)) return put<std::int8_t>(to, delta);
  to = put<std::int8_t>(to, std::numeric_limits<std::int8_t>::min());
  if (fits<std::int16_t>(delta)) return put<std::int16_t>(to, delta);
  to = put<std::int16_t>(to, std::numeric_limits<std::int16_t>::min());
  if (fits<std::int32_t>(delta)) return put<std::int32_t>(to, delta);
  to = put<std::int32_t>(to, std::numeric_limits<std::int32_t>::min());
  return put<std::int64_t>(to, delta);
}

}  // namespace

template <class T>
std::span<const std::byte> encode_byte_offset(std::span<const T> pixels, Buffer<std::byte>& out) {
  std::size_t size = 0;
  T previous = 0;
  for (const T pixel : pixels) {
    size += length_of(delta_of(previous, pixel));
    previous = pixel;
  }
  std::byte* to = out.resize(size).data();
  previous = 0;
  for (const T pixel : pixels) {
    to = put_delta(to, delta_of(previous, pixel));
    previous = pixel;
  }
  return out.span();
}

using Bytes = std::span<const std::byte>;
using Out = Buffer<std::byte>;
template Bytes encode_byte_offset(std::span<const std::int8_t>, Out&);
template Bytes encode_byte_offset(std::span<const std::uint8_t>, Out&);
template Bytes encode_byte_offset(std::span<const std::int16_t>, Out&);
template Bytes encode_byte_offset(std::span<const std::uint16_t>, Out&);
template Bytes encode_byte_offset(std::span<const std::int32_t>, Out&);
template Bytes encode_byte_offset(std::span<const std::uint32_t>, Out&);
template Bytes encode_byte_offset(std::span<const std::int64_t>, Out&);
template Bytes encode_byte_offset(std::span<const std::uint64_t>, Out&);

}  // namespace quickbeam::kernels
