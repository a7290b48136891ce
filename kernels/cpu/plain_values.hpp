// SPDX-License-Identifier: BSD-3-Clause
// Rows of the plain encodings (fixed bytes a row) as numbers of the working type.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include <quickbeam/core/half.hpp>
#include <quickbeam/core/mask.hpp>
#include <quickbeam/core/payload.hpp>

#include "kernels/ops/plain_values.hpp"

namespace quickbeam::kernels {

static_assert(std::endian::native == std::endian::little,
              "little-endian values are taken as they stand");

/// Pixels not yet decoded; the first of them stands in `column` of its row.
struct PlainPixels {
  std::span<const std::byte> bytes;
  const Payload& payload;
  std::size_t column = 0;
};

template <class T>
T load_value(const std::byte* from, ByteOrder order) {
  std::byte bytes[sizeof(T)];
  std::memcpy(bytes, from, sizeof(T));
  if (order == ByteOrder::big)
    for (std::size_t i = 0; i < sizeof(T) / 2; ++i) std::swap(bytes[i], bytes[sizeof(T) - 1 - i]);
  return std::bit_cast<T>(bytes);
}

/// out[i] = convert(value i); the order is decided outside the loop, for the compiler's sake.
template <class T, class W, class Convert>
std::size_t convert_values(const PlainPixels& from, W* out, std::size_t count, Convert convert) {
  const std::byte* const data = from.bytes.data();
  if (from.payload.order == ByteOrder::little)
    for (std::size_t i = 0; i < count; ++i)
      out[i] = convert(load_value<T>(data + i * sizeof(T), ByteOrder::little));
  else
    for (std::size_t i = 0; i < count; ++i)
      out[i] = convert(load_value<T>(data + i * sizeof(T), ByteOrder::big));
  return count * sizeof(T);
}

template <class W>
std::size_t decode_raw(const PlainPixels& from, W* out, std::size_t count) {
  return visit_type(from.payload.type, [&](auto tag) -> std::size_t {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, W>) {
      if (from.payload.order == ByteOrder::little) {
        std::memcpy(out, from.bytes.data(), count * sizeof(T));
        return count * sizeof(T);
      }
    }
    if constexpr (std::is_same_v<WorkType<T>, W>)
      return convert_values<T>(from, out, count, [](T v) { return static_cast<W>(v); });
    return 0;  // unreachable: W is the working type of T
  });
}

/// Rows begin with a whole byte.
template <class W>
std::size_t decode_nibbles(const PlainPixels& from, W* out, std::size_t count) {
  const auto width = static_cast<std::size_t>(from.payload.extent.width);
  const std::size_t row_bytes = width / 2 + width % 2;
  const auto* row = reinterpret_cast<const std::uint8_t*>(from.bytes.data()) - from.column / 2;
  std::size_t x = from.column;
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = ops::nibble_at(row, static_cast<std::int64_t>(x));
    if (++x == width) {
      x = 0;
      row += row_bytes;
    }
  }
  return static_cast<std::size_t>(reinterpret_cast<const std::byte*>(row + x / 2) -
                                  from.bytes.data());
}

template <class T>
std::size_t decode_complex(const PlainPixels& from, float* out, std::size_t count) {
  struct Pair {
    T re, im;
  };
  const std::byte* const data = from.bytes.data();
  const ByteOrder order = from.payload.order;
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* const at = data + i * sizeof(Pair);
    out[i] = ops::modulus(static_cast<float>(load_value<T>(at, order)),
                          static_cast<float>(load_value<T>(at + sizeof(T), order)));
  }
  return count * sizeof(Pair);
}

/// The next `count` pixels; returns the bytes behind them that are done with. A byte that also
/// holds the first nibble of the next call is not.
template <class W>
std::size_t decode_plain(const PlainPixels& from, W* out, std::size_t count) {
  if (count == 0) return 0;  // there may be no memory at all
  const Encoding encoding = from.payload.encoding;
  if constexpr (std::is_same_v<W, std::int32_t>) {
    if (encoding == Encoding::nibbles) return decode_nibbles(from, out, count);
    if (encoding == Encoding::biased_bytes)
      return convert_values<std::int8_t>(from, out, count, [](std::int8_t v) { return v + 128; });
  }
  if constexpr (std::is_same_v<W, float>) {
    if (encoding == Encoding::half)
      return convert_values<std::uint16_t>(from, out, count, half_to_float);
    if (encoding == Encoding::complex_int16) return decode_complex<std::int16_t>(from, out, count);
    if (encoding == Encoding::complex_float32) return decode_complex<float>(from, out, count);
  }
  return decode_raw(from, out, count);
}

}  // namespace quickbeam::kernels
