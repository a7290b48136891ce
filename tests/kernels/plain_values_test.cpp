// SPDX-License-Identifier: BSD-3-Clause
// The plain encodings give the numbers they stand for, however the rows are cut.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/mask.hpp>

#include "kernels/row_decoder.hpp"

namespace quickbeam::kernels {
namespace {

struct Case {
  Encoding encoding;
  PixelType type;
  ByteOrder order;
};
constexpr Case cases[] = {{Encoding::half, PixelType::f32, ByteOrder::little},
                          {Encoding::half, PixelType::f32, ByteOrder::big},
                          {Encoding::nibbles, PixelType::u8, ByteOrder::little},
                          {Encoding::biased_bytes, PixelType::u8, ByteOrder::little},
                          {Encoding::complex_int16, PixelType::f32, ByteOrder::little},
                          {Encoding::complex_int16, PixelType::f32, ByteOrder::big},
                          {Encoding::complex_float32, PixelType::f32, ByteOrder::little},
                          {Encoding::complex_float32, PixelType::f32, ByteOrder::big}};

constexpr Extent extents[] = {{1, 1}, {2, 3}, {5, 4}, {31, 3}, {32, 2}, {33, 7}};

unsigned byte_at(const std::vector<std::byte>& bytes, std::size_t i) {
  return std::to_integer<unsigned>(bytes[i]);
}

/// `n` bytes at `at`, most significant first in the number.
std::uint64_t number_at(const std::vector<std::byte>& bytes, std::size_t at, std::size_t n,
                        ByteOrder order) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < n; ++i)
    value = value * 256 + byte_at(bytes, at + (order == ByteOrder::big ? i : n - 1 - i));
  return value;
}

double half_by_formula(std::uint64_t h) {
  const double sign = h >= 0x8000 ? -1 : 1;
  const auto exponent = static_cast<int>(h / 1024 % 32);
  const auto mantissa = static_cast<double>(h % 1024);
  return exponent == 0 ? sign * std::ldexp(mantissa, -24)
                       : sign * std::ldexp(1024 + mantissa, exponent - 25);
}

double real_at(const std::vector<std::byte>& bytes, std::size_t at, ByteOrder order) {
  const auto bits = static_cast<std::uint32_t>(number_at(bytes, at, 4, order));
  float value;
  std::memcpy(&value, &bits, 4);
  return static_cast<double>(value);
}

/// Pixel (x, y) from the definition of the encoding.
double expected(const Case& c, const std::vector<std::byte>& bytes, Extent extent, std::int64_t x,
                std::int64_t y) {
  const auto i = static_cast<std::size_t>(y * extent.width + x);
  const auto i16 = [&](std::size_t at) {
    return static_cast<double>(static_cast<std::int16_t>(number_at(bytes, at, 2, c.order)));
  };
  switch (c.encoding) {
    case Encoding::half:
      return half_by_formula(number_at(bytes, 2 * i, 2, c.order));
    case Encoding::nibbles: {
      const auto row = static_cast<std::size_t>(y * ((extent.width + 1) / 2));
      const unsigned byte = byte_at(bytes, row + static_cast<std::size_t>(x) / 2);
      return x % 2 == 0 ? byte % 16 : byte / 16;
    }
    case Encoding::biased_bytes:
      return (byte_at(bytes, i) + 128) % 256;
    case Encoding::complex_int16:
      return static_cast<double>(
          static_cast<float>(std::sqrt(i16(4 * i) * i16(4 * i) + i16(4 * i + 2) * i16(4 * i + 2))));
    default: {
      const double re = real_at(bytes, 8 * i, c.order), im = real_at(bytes, 8 * i + 4, c.order);
      return static_cast<double>(static_cast<float>(std::sqrt(re * re + im * im)));
    }
  }
}

/// Any bits, but no half and no float that is not finite.
std::vector<std::byte> some_bytes(std::size_t count, const Case& c) {
  std::mt19937 random(static_cast<unsigned>(count));
  std::vector<std::byte> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random());
  const std::size_t step = c.encoding == Encoding::half ? 2 : 4;
  const bool reals = c.encoding == Encoding::half || c.encoding == Encoding::complex_float32;
  for (std::size_t i = 0; reals && i < count; i += step)
    bytes[i + (c.order == ByteOrder::big ? 0 : step - 1)] &= std::byte{0xbb};
  return bytes;
}

template <class W>
void expect_rows(const Case& c, Extent extent, std::int64_t depth) {
  Payload payload;
  payload.encoding = c.encoding;
  payload.type = c.type;
  payload.order = c.order;
  payload.extent = extent;
  payload.depth = depth;
  const auto bytes = some_bytes(
      stored_image_bytes(c.encoding, c.type, extent) * static_cast<std::size_t>(depth), c);
  payload.bytes = bytes;
  const auto pixels = static_cast<std::size_t>(extent.pixels() * depth);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{8}, pixels}) {
    RowDecoder<W> decoder;
    decoder.open(payload);
    std::vector<W> row(piece);
    for (std::size_t done = 0; done < pixels; done += piece) {
      const std::size_t n = std::min(piece, pixels - done);
      decoder.read(row.data(), n, n);
      for (std::size_t i = 0; i < n; ++i) {
        const auto at = static_cast<std::int64_t>(done + i);
        ASSERT_EQ(static_cast<double>(row[i]),
                  expected(c, bytes, extent, at % extent.width, at / extent.width))
            << name_of(c.encoding) << ' ' << extent.width << " by " << piece << " at " << at;
      }
    }
    decoder.finish();
  }
}

TEST(PlainValues, AnySplitOfRowsGivesTheirNumbers) {
  for (const Case& c : cases)
    for (const Extent extent : extents)
      for (const std::int64_t depth : {1, 4}) {
        if (c.type == PixelType::f32)
          expect_rows<float>(c, extent, depth);
        else
          expect_rows<std::int32_t>(c, extent, depth);
      }
}

TEST(PlainValues, EveryHalf) {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  Payload payload;
  payload.encoding = Encoding::half;
  payload.type = PixelType::f32;
  payload.extent = {256, 256};
  payload.bytes = std::as_bytes(std::span(halves));
  std::vector<float> out(65536);
  decode_all(payload, std::as_writable_bytes(std::span(out)));
  for (unsigned h = 0; h < 65536; ++h) {
    if ((h & 0x7c00) != 0x7c00)
      ASSERT_EQ(static_cast<double>(out[h]), half_by_formula(h)) << h;
    else if ((h & 0x3ff) == 0)
      ASSERT_EQ(out[h], h < 0x8000 ? INFINITY : -INFINITY);
    else
      ASSERT_TRUE(std::isnan(out[h]));
  }
}

TEST(PlainValues, RefuseAPayloadOfAnotherSize) {
  for (const Case& c : cases) {
    Payload payload;
    payload.encoding = c.encoding;
    payload.type = c.type;
    payload.extent = {5, 3};
    const auto bytes = some_bytes(stored_image_bytes(c.encoding, c.type, {5, 3}) + 8, c);
    const auto open = [&](std::size_t size) {
      payload.bytes = std::span(bytes).first(size);
      if (c.type == PixelType::f32)
        RowDecoder<float>().open(payload);
      else
        RowDecoder<std::int32_t>().open(payload);
    };
    EXPECT_NO_THROW(open(bytes.size() - 8));
    EXPECT_THROW(open(bytes.size() - 9), Error);
    EXPECT_THROW(open(bytes.size() - 7), Error);
  }
}

}  // namespace
}  // namespace quickbeam::kernels
