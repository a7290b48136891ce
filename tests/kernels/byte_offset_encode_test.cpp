// SPDX-License-Identifier: BSD-3-Clause
// The byte-offset encoder: golden bytes, and that every array comes back as it was.
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "kernels/byte_offset.hpp"
#include "tests/kernels/byte_offset_cases.hpp"

namespace quickbeam::tests {
namespace {

template <class T>
Bytes encode(const std::vector<T>& pixels) {
  Buffer<std::byte> out;
  const auto bytes = kernels::encode_byte_offset(std::span<const T>(pixels), out);
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  return Bytes(data, data + bytes.size());
}

template <class T>
Outcome round_trip(const std::vector<T>& pixels) {
  const Bytes bytes = encode(pixels);
  const Outcome outcome =
      decode<kernels::ByteOffsetDecoder>(bytes, pixel_type_of<T>(), {{pixels.size(), 64}});
  EXPECT_EQ(outcome.pixels, std::vector<std::int64_t>(pixels.begin(), pixels.end()));
  EXPECT_TRUE(outcome.finished) << outcome;
  return outcome;
}

TEST(ByteOffsetEncode, ShortestCodesWithReservedValuesKeptFree) {
  EXPECT_EQ(encode<std::int32_t>({127, 0, 128}), (Bytes{0x7f, 0x81, 0x80, 0x80, 0x00}));
  EXPECT_EQ(encode<std::int32_t>({-128}), (Bytes{0x80, 0x80, 0xff}));
  EXPECT_EQ(encode<std::int32_t>({32767}), (Bytes{0x80, 0xff, 0x7f}));
  EXPECT_EQ(encode<std::int32_t>({-32768}), (Bytes{0x80, 0x00, 0x80, 0x00, 0x80, 0xff, 0xff}));
  EXPECT_EQ(encode<std::int32_t>({INT32_MAX}), (Bytes{0x80, 0x00, 0x80, 0xff, 0xff, 0xff, 0x7f}));
  EXPECT_EQ(encode<std::int32_t>({INT32_MIN}),
            (Bytes{0x80, 0x00, 0x80, 0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x80, 0xff, 0xff,
                   0xff, 0xff}));
  EXPECT_EQ(encode<std::uint32_t>({0, UINT32_MAX}),
            (Bytes{0x00, 0x80, 0x00, 0x80, 0x00, 0x00, 0x00, 0x80, 0xff, 0xff, 0xff, 0xff, 0x00,
                   0x00, 0x00, 0x00}));
}

TEST(ByteOffsetEncode, ReplacesWhatTheBufferHeld) {
  Buffer<std::byte> out(100);
  const std::int32_t pixel = 5;
  EXPECT_EQ(kernels::encode_byte_offset(std::span(&pixel, 1), out).size(), 1u);
  EXPECT_EQ(out.size(), 1u);
}

template <class T>
class ByteOffsetRoundTrip : public testing::Test {};
using Integers = testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t,
                                std::int32_t, std::uint32_t, std::int64_t, std::uint64_t>;
TYPED_TEST_SUITE(ByteOffsetRoundTrip, Integers);

TYPED_TEST(ByteOffsetRoundTrip, ExtremesNextToEachOther) {
  using Limits = std::numeric_limits<TypeParam>;
  const TypeParam low = Limits::min(), high = Limits::max(), half = high / 2;
  const Outcome outcome = round_trip<TypeParam>(
      {low, high, low, 0, high, 0, low, half, high, half, 1, low, low, high, high});
  // Only the difference of two 64-bit values can be too large for the stream.
  EXPECT_EQ(outcome.status.wrapped, sizeof(TypeParam) == 8);
}

TYPED_TEST(ByteOffsetRoundTrip, RandomArraysOfAwkwardSizes) {
  std::mt19937_64 random(20261121);
  for (const std::size_t size : {0, 1, 31, 32, 33, 63, 64, 65, 127, 997, 4099}) {
    std::vector<TypeParam> pixels(size);
    for (auto& pixel : pixels) {
      const std::uint64_t bits = random();
      pixel = static_cast<TypeParam>(random() % 16 == 0 ? bits : bits % 4);
    }
    round_trip(pixels);
  }
}

}  // namespace
}  // namespace quickbeam::tests
