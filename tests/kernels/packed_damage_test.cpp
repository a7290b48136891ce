// SPDX-License-Identifier: BSD-3-Clause
// Damaged packed streams, and requests that do not fit them: an Error that says where, nothing
// else.
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/kernels/packed_support.hpp"

namespace quickbeam::test {
namespace {

TEST(Packed, ReportsWhereAStreamEnds) {
  for (const PackedGolden& golden : packed_goldens) {
    const Bytes stream = from_hex(golden.stream);
    for (std::size_t size = 0; size < stream.size(); ++size) {
      const ErrorInfo error =
          error_of(payload_of(golden), Bytes(stream.begin(), stream.begin() + size));
      ASSERT_EQ(error.code, ErrorCode::bad_stream) << size << " of " << stream.size();
      EXPECT_EQ(error.offset, size);
      EXPECT_NE(error.found.find("byte " + std::to_string(size)), std::string::npos) << error.found;
    }
  }
}

TEST(Packed, NamesThePixelAndTheByte) {
  // One chunk of 8 pixels of 4 bits after the header: the fifth pixel begins in byte 34.
  const std::vector<std::int32_t> pixels{1, 2, 3, 4, 5, 6, 7, 0};
  const oracle::PackedShape shape{8, 1, 1};
  Bytes stream = oracle::encode_packed<std::int32_t>(pixels, shape);
  ASSERT_EQ(stream.size(), 37U);
  stream.resize(35);
  const ErrorInfo error = error_of(payload_of(PixelType::i32, shape), stream);
  EXPECT_EQ(
      to_string(error),
      "CBF x-CBF_PACKED (byte 35): expected 8 pixels, found the end of the stream at pixel 4, "
      "stream byte 35 [BAD_STREAM]");
}

TEST(Packed, RefusesBytesLeftOver) {
  for (const PackedGolden& golden : packed_goldens) {
    Bytes stream = from_hex(golden.stream);
    const std::size_t size = stream.size();
    stream.push_back(std::byte{0});
    const ErrorInfo error = error_of(payload_of(golden), stream);
    EXPECT_EQ(error.code, ErrorCode::inconsistent);
    EXPECT_EQ(error.offset, size);
  }
}

TEST(Packed, AnyFlippedByteGivesAResultOrAnError) {
  int results = 0, errors = 0;
  for (const PackedGolden& golden : packed_goldens) {
    const Bytes stream = from_hex(golden.stream);
    for (std::size_t i = 0; i < stream.size(); ++i)
      for (unsigned bits : {0x01U, 0x80U, 0x38U, 0xffU}) {
        Bytes damaged = stream;
        damaged[i] ^= static_cast<std::byte>(bits);
        const ErrorInfo error = error_of(payload_of(golden), damaged);
        ++(error.code == ErrorCode::io ? results : errors);
        if (i < 8) {
          EXPECT_NE(error.code, ErrorCode::io) << "the count is damaged";
        }
        if (i >= 8 && i < 32) {
          EXPECT_EQ(error.code, ErrorCode::io) << "libcbf ignores these bytes";
        }
      }
  }
  EXPECT_GT(results, 0);
  EXPECT_GT(errors, 0);
}

TEST(Packed, RefusesAnotherNumberOfPixels) {
  const std::vector<std::int16_t> pixels(35, 7);
  const Bytes stream = oracle::encode_packed<std::int16_t>(pixels, {7, 5});
  for (std::int64_t height : {4, 6})
    EXPECT_EQ(error_of(payload_of(PixelType::i16, {7, height}), stream).code,
              ErrorCode::inconsistent);
}

TEST(Packed, RefusesAChunkBeyondTheLastPixel) {
  const oracle::PackedShape shape{4, 1, 1};
  oracle::BitWriter writer;
  for (std::uint64_t word : {4, 0, 0, 0}) writer.put(word, 64);
  writer.put(3, 6);  // 8 zeros
  const ErrorInfo error = error_of(payload_of(PixelType::i32, shape), writer.bytes);
  EXPECT_EQ(error.code, ErrorCode::inconsistent);
  EXPECT_EQ(error.offset, 32U);
}

TEST(Packed, ByteOffsetDataIsNoPackedStream) {
  std::mt19937_64 random(1);
  for (int start : {0, 0xff, 3}) {  // background, a gap of PILATUS, counts
    Bytes deltas(4000);
    for (std::size_t i = 0; i < deltas.size(); ++i)
      deltas[i] = i < 40 ? std::byte{0} : static_cast<std::byte>(random() % 3 - 1);
    deltas[0] = static_cast<std::byte>(start);
    const Payload payload = payload_of(PixelType::i32, {80, 50});
    EXPECT_EQ(error_of(payload, deltas).code, ErrorCode::bad_stream) << start;
  }
}

TEST(Packed, RefusesColumnsUnlessFlat) {
  const std::vector<std::int32_t> pixels{5, 6, 7};
  oracle::PackedShape shape{1, 3, 1, false, true};
  const Bytes stream = oracle::encode_packed<std::int32_t>(pixels, shape);
  EXPECT_EQ(decode(payload_of(PixelType::i32, shape), stream), bytes_of(pixels));
  shape.flat = false;
  EXPECT_EQ(error_of(payload_of(PixelType::i32, shape), stream).code, ErrorCode::unsupported);
}

TEST(Packed, RefusesMemoryOfAnotherSize) {
  const std::vector<std::int32_t> pixels{5, 6, 7};
  const Bytes stream = oracle::encode_packed<std::int32_t>(pixels, {3, 1, 1});
  Payload payload = payload_of(PixelType::i32, {3, 1, 1});
  payload.bytes = stream;
  Bytes out(11);
  EXPECT_THROW(kernels::decode_packed(payload, out), Error);
  payload.extent = {std::int64_t{1} << 40, std::int64_t{1} << 40};
  EXPECT_THROW(kernels::decode_packed(payload, {}), Error);
}

}  // namespace
}  // namespace quickbeam::test
