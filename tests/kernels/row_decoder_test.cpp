// SPDX-License-Identifier: BSD-3-Clause
// Every encoding of every pixel type gives back, row by row, the pixels that were written.
#include "kernels/row_decoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/mask.hpp>

#include "tests/kernels/stored_pixels.hpp"

namespace quickbeam::kernels {
namespace {

using test::every_encoding;
using test::some_pixels;
using test::Stored;

/// From one end of a 64-bit type to the other is further than 64 bits: the sum wraps, and comes out
/// right.
bool may_wrap(const Stored& stored) {
  return stored.description.encoding == Encoding::byte_offset &&
         size_of(stored.description.type) == 8;
}

/// Reads `count` pixels in pieces of `piece`.
template <class W>
std::vector<W> read_in_pieces(RowDecoder<W>& decoder, const Stored& stored, std::size_t count,
                              std::size_t piece) {
  decoder.open(stored.payload());
  std::vector<W> pixels;
  std::vector<W> row(piece + 64);
  for (std::size_t done = 0; done < count; done += piece) {
    const std::size_t n = std::min(piece, count - done);
    decoder.read(row.data(), n, row.size());
    pixels.insert(pixels.end(), row.begin(), row.begin() + static_cast<std::ptrdiff_t>(n));
  }
  decoder.finish();
  return pixels;
}

template <class F>
ErrorInfo error_of(F&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.info();
  }
  ADD_FAILURE() << "no Error";
  return {};
}

template <class T>
class RowDecoderOf : public ::testing::Test {};
using PixelTypes =
    ::testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                     std::uint32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(RowDecoderOf, PixelTypes);

constexpr Extent extents[] = {{0, 0}, {1, 1}, {31, 1}, {33, 1}, {101, 1}, {1, 33}, {37, 13}};

TYPED_TEST(RowDecoderOf, AnySplitOfRowsGivesThePixelsWritten) {
  using W = WorkType<TypeParam>;
  RowDecoder<W> decoder;  // one for all frames, as the engine uses it
  for (const Extent extent : extents) {
    const auto pixels = some_pixels<TypeParam>(extent.pixels(), 5);
    const std::vector<W> expected(pixels.begin(), pixels.end());
    for (const Stored& stored : every_encoding(pixels, extent, 1))
      for (const std::size_t piece : {1U, 7U, 37U, 64U, 4096U}) {
        SCOPED_TRACE(testing::Message() << name_of(stored.description.encoding) << ' '
                                        << extent.width << 'x' << extent.height << " by " << piece);
        EXPECT_EQ(read_in_pieces(decoder, stored, pixels.size(), piece), expected);
        EXPECT_EQ(decoder.wrapped_pixel().has_value(), may_wrap(stored) && pixels.size() > 30);
      }
  }
}

TYPED_TEST(RowDecoderOf, DecodeAllGivesEveryImageOfAStream) {
  for (const Extent extent : extents)
    for (const std::int64_t depth : {1, 3, 100}) {
      const auto pixels = some_pixels<TypeParam>(extent.pixels() * depth, 6);
      for (const Stored& stored : every_encoding(pixels, extent, depth)) {
        SCOPED_TRACE(testing::Message() << name_of(stored.description.encoding) << ' '
                                        << extent.width << 'x' << extent.height << 'x' << depth);
        std::vector<TypeParam> out(pixels.size());
        const auto wrapped = decode_all(stored.payload(), std::as_writable_bytes(std::span(out)));
        EXPECT_EQ(wrapped.has_value(), may_wrap(stored) && pixels.size() > 30);
        EXPECT_EQ(out, pixels);
      }
    }
}

TYPED_TEST(RowDecoderOf, RefusesARawPayloadOfAnotherSize) {
  const auto pixels = some_pixels<TypeParam>(33, 7);
  RowDecoder<WorkType<TypeParam>> decoder;
  Stored stored = every_encoding(pixels, {33, 1}, 1).front();
  const std::size_t whole = stored.bytes.size();
  for (const std::size_t size : {std::size_t{0}, whole - 1, whole + 1}) {
    stored.bytes.resize(size);
    const ErrorInfo error = error_of([&] { decoder.open(stored.payload()); });
    EXPECT_EQ(error.code, size < whole ? ErrorCode::truncated : ErrorCode::inconsistent);
    EXPECT_EQ(error.offset, std::min(size, whole));
    EXPECT_EQ(error.expected, std::to_string(whole) + " bytes");
  }
}

TYPED_TEST(RowDecoderOf, AFrameAfterAFaultyOneIsDecodedRight) {
  using W = WorkType<TypeParam>;
  const auto pixels = some_pixels<TypeParam>(101, 8);
  const std::vector<W> expected(pixels.begin(), pixels.end());
  const auto good = every_encoding(pixels, {101, 1}, 1);
  for (const Stored& before : good)
    for (const Stored& after : good)
      for (const bool cut : {true, false}) {
        RowDecoder<W> decoder;
        Stored bad = before;
        cut ? bad.bytes.pop_back() : bad.bytes.push_back(std::byte{1});
        EXPECT_THROW(read_in_pieces(decoder, bad, 101, 10), Error)
            << name_of(before.description.encoding);
        EXPECT_EQ(read_in_pieces(decoder, after, 101, 10), expected)
            << name_of(before.description.encoding) << ' ' << name_of(after.description.encoding);
      }
}

TEST(RowDecoder, ByteOffsetHoldsNoRealPixels) {
  Payload payload;
  payload.encoding = Encoding::byte_offset;
  const auto code = [&](auto&& decoder) { return error_of([&] { decoder.open(payload); }).code; };
  payload.type = PixelType::f32;
  EXPECT_EQ(code(RowDecoder<float>{}), ErrorCode::unsupported);
  EXPECT_EQ(error_of([&] { decode_all(payload, {}); }).code, ErrorCode::unsupported);
  payload.type = PixelType::f64;
  EXPECT_EQ(code(RowDecoder<double>{}), ErrorCode::unsupported);
}

TEST(RowDecoder, TellsTheFirstPixelThatWrapped) {
  constexpr unsigned char stream[] = {1, 0x80, 0x00, 0x80, 0xff, 0xff, 0xff, 0x7f, 1};
  Payload payload;
  payload.encoding = Encoding::byte_offset;
  payload.extent = {3, 1};
  payload.bytes = std::as_bytes(std::span(stream));
  std::int32_t out[3];
  EXPECT_EQ(decode_all(payload, std::as_writable_bytes(std::span(out))), 1U);
  EXPECT_EQ(out[1], std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(out[2], out[1] + 1);
}

}  // namespace
}  // namespace quickbeam::kernels
