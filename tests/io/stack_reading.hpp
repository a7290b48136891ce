// SPDX-License-Identifier: BSD-3-Clause
// For tests of stacks: what is read, as doubles, decoded here and not by the engine's kernels.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "io/stack_file.hpp"
#include "tests/io/files.hpp"

namespace quickbeam::test {

/// Little helper: `bytes` bytes in the order of the file as one number.
inline std::uint64_t stored_bits(const std::byte* at, std::size_t bytes, ByteOrder order) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    bits |= std::to_integer<std::uint64_t>(at[order == ByteOrder::big ? bytes - 1 - i : i])
            << 8 * i;
  return bits;
}

inline double stored_real(const std::byte* at, ByteOrder order) {
  const auto bits = static_cast<std::uint32_t>(stored_bits(at, 4, order));
  float value;
  std::memcpy(&value, &bits, 4);
  return static_cast<double>(value);
}

/// A half by the formula of IEEE 754.
inline double half_value(std::uint64_t bits) {
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int exponent = static_cast<int>(bits >> 10 & 31);
  const double mantissa = static_cast<double>(bits & 1023);
  if (exponent == 31) return mantissa == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

/// Pixel x of a row at `row`.
inline double stored_pixel(const io::StackInfo& info, const std::byte* row, std::int64_t x) {
  const auto at = [&](std::int64_t bytes) { return row + x * bytes; };
  const auto i16 = [&](const std::byte* p) {
    return static_cast<double>(static_cast<std::int16_t>(stored_bits(p, 2, info.order)));
  };
  switch (info.encoding) {
    case Encoding::half:
      return half_value(stored_bits(at(2), 2, info.order));
    case Encoding::nibbles: {
      const auto byte = std::to_integer<unsigned>(row[x / 2]);
      return x % 2 == 0 ? byte % 16 : byte / 16;
    }
    case Encoding::biased_bytes:
      return static_cast<double>(static_cast<std::int8_t>(stored_bits(at(1), 1, info.order))) + 128;
    case Encoding::complex_int16:
      return std::hypot(i16(at(4)), i16(at(4) + 2));
    case Encoding::complex_float32:
      return std::hypot(stored_real(at(8), info.order), stored_real(at(8) + 4, info.order));
    default:
      break;
  }
  switch (info.type) {
    case PixelType::i8:
      return static_cast<double>(static_cast<std::int8_t>(stored_bits(at(1), 1, info.order)));
    case PixelType::u8:
      return static_cast<double>(stored_bits(at(1), 1, info.order));
    case PixelType::i16:
      return i16(at(2));
    case PixelType::u16:
      return static_cast<double>(stored_bits(at(2), 2, info.order));
    default:
      return stored_real(at(4), info.order);
  }
}

/// Images first .. first + count - 1 of a stack.
inline std::vector<double> read_values(const io::StackFile& file, std::int64_t first,
                                       std::int64_t count) {
  const io::StackInfo& info = file.info();
  std::vector<std::byte> bytes(static_cast<std::size_t>(count) * info.layout.image_bytes);
  file.read(first, count, bytes);
  const std::int64_t row_bytes =
      static_cast<std::int64_t>(info.layout.image_bytes) / info.extent.height;
  std::vector<double> values;
  for (std::int64_t row = 0; row < count * info.extent.height; ++row)
    for (std::int64_t x = 0; x < info.extent.width; ++x)
      values.push_back(stored_pixel(info, bytes.data() + row * row_bytes, x));
  return values;
}

inline std::vector<double> read_values(const io::StackFile& file) {
  return read_values(file, 0, file.info().count);
}

}  // namespace quickbeam::test
