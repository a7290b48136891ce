// SPDX-License-Identifier: BSD-3-Clause
// What the byte-offset decoders refuse, what they accept with a notice, and in which words; C07 and
// so on are rows of the catalogue of bad inputs.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "kernels/byte_offset.hpp"
#include "tests/kernels/byte_offset_cases.hpp"
#include "tests/kernels/each_target.hpp"

namespace quickbeam::tests {
namespace {

using kernels::ByteOffsetDecoder;
using kernels::StreamFault;

TEST(ByteOffsetFaults, CatalogueOfFaults) {
  const auto fault = [](const Bytes& bytes, PixelType type, std::size_t count) {
    return decode<ByteOffsetDecoder>(bytes, type, {{count, 64}}).status.fault;
  };
  for_each_target([&] {
    const Bytes in_16 = {1, 2, 0x80, 0x01}, in_32 = {1, 2, 0x80, 0x00, 0x80, 1, 2, 3};
    EXPECT_EQ(fault(in_16, PixelType::i32, 3), StreamFault::ends_in_escape);      // C07
    EXPECT_EQ(fault(in_32, PixelType::i32, 3), StreamFault::ends_in_escape);      // C08
    EXPECT_EQ(fault(Bytes(65, 1), PixelType::i32, 1), StreamFault::bytes_left);   // C09
    EXPECT_EQ(fault(Bytes(64, 1), PixelType::i32, 65), StreamFault::ends_early);  // C10
    EXPECT_EQ(fault({5, 0xf0}, PixelType::u16, 2), StreamFault::out_of_range);    // C29
    const Bytes absurd = codes({{std::int64_t{1} << 62, 8}});                     // C31
    EXPECT_EQ(fault(absurd, PixelType::i32, 1), StreamFault::out_of_range);
    EXPECT_EQ(fault(codes({{INT32_MIN, 8}}), PixelType::i32, 1), StreamFault::none);
    EXPECT_EQ(fault(codes({{UINT32_MAX, 8}}), PixelType::u32, 1), StreamFault::none);
    EXPECT_EQ(fault(codes({{INT32_MIN, 8}, {UINT32_MAX, 8}}), PixelType::i32, 2),
              StreamFault::none);
    EXPECT_EQ(fault(Bytes(66, 1), PixelType::i32, 65), StreamFault::bytes_left);  // C44
  });
}

TEST(ByteOffsetFaults, WidestDeltaOf32BitTypes) {  // C31
  constexpr std::int64_t span = UINT32_MAX;
  const auto fault = [](const Bytes& bytes, PixelType type) {
    return decode<ByteOffsetDecoder>(bytes, type, {{2, 64}}).status.fault;
  };
  for_each_target([&] {
    EXPECT_EQ(fault(codes({{INT32_MAX, 4}, {-span, 8}}), PixelType::i32), StreamFault::none);
    EXPECT_EQ(fault(codes({{INT32_MAX, 4}, {-span - 1, 8}}), PixelType::i32),
              StreamFault::out_of_range);
    EXPECT_EQ(fault(codes({{INT32_MIN, 8}, {span, 8}}), PixelType::i32), StreamFault::none);
    EXPECT_EQ(fault(codes({{INT32_MIN, 8}, {span + 1, 8}}), PixelType::i32),
              StreamFault::out_of_range);
    EXPECT_EQ(fault(codes({{span, 8}, {-span, 8}}), PixelType::u32), StreamFault::none);
    EXPECT_EQ(fault(codes({{span, 8}, {-span - 1, 8}}), PixelType::u32), StreamFault::out_of_range);
    EXPECT_EQ(fault(codes({{0, 1}, {span + 1, 8}}), PixelType::u32), StreamFault::out_of_range);
  });
}

TEST(ByteOffsetFaults, SumBeyondTheLimitWrapsAndSaysWhere) {  // C30
  const Bytes bytes = codes({{INT32_MAX, 4}, {1, 1}, {1, 1}});
  for_each_target([&] {
    const Outcome got = decode<ByteOffsetDecoder>(bytes, PixelType::i32, {{3, 64}});
    EXPECT_EQ(got.pixels, (std::vector<std::int64_t>{INT32_MAX, INT32_MIN, INT32_MIN + 1}));
    EXPECT_TRUE(got.finished);
    EXPECT_TRUE(got.status.wrapped);
    EXPECT_EQ(got.status.wrapped_pixel, 1u);
  });
}

TEST(ByteOffsetFaults, AFaultStays) {
  const Bytes bytes = {1, 0x80};
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
  ByteOffsetDecoder decoder({data, bytes.size()}, PixelType::i32);
  std::int32_t out[2];
  EXPECT_FALSE(decoder.read(out, 2, 2));
  EXPECT_FALSE(decoder.read(out, 0, 0));
  EXPECT_FALSE(decoder.finish());
  EXPECT_EQ(decoder.status().fault, StreamFault::ends_in_escape);
  EXPECT_EQ(decoder.pixels(), 1u);
  EXPECT_EQ(decoder.position(), 1u);
}

TEST(ByteOffsetFaults, WordsOfFaults) {
  const auto text = [](StreamFault fault) {
    kernels::StreamStatus status;
    status.fault = fault;
    status.pixel = 7;
    status.byte = 9;
    return to_string(kernels::stream_error(status, 100, 12));
  };
  EXPECT_EQ(text(StreamFault::ends_in_escape),
            "CBF x-CBF_BYTE_OFFSET (byte 9): expected a whole escape at pixel 7 of 100, found the "
            "end of the stream after 12 bytes [BAD_STREAM]");
  EXPECT_EQ(text(StreamFault::out_of_range),
            "CBF x-CBF_BYTE_OFFSET (byte 9): expected values of the element type, found value out "
            "of range at pixel 7 of 100 [BAD_STREAM]");
  EXPECT_EQ(text(StreamFault::ends_early),
            "CBF x-CBF_BYTE_OFFSET (byte 9): expected 100 pixels, found the end of the stream at "
            "pixel 7 of 100 [INCONSISTENT]");
  EXPECT_EQ(text(StreamFault::bytes_left),
            "CBF x-CBF_BYTE_OFFSET (byte 9): expected the end of the stream after 100 pixels, "
            "found 3 bytes left [INCONSISTENT]");
}

}  // namespace
}  // namespace quickbeam::tests
