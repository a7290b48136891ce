// SPDX-License-Identifier: BSD-3-Clause
// The byte-offset decoders against hand-written bytes, a naive oracle and each other: every SIMD
// target of this machine must tell the same pixels, faults and positions as the serial decoder.
#include "kernels/byte_offset.hpp"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cstdio>
#include <random>
#include <string>

#include "kernels/ops/byte_offset.hpp"
#include "tests/kernels/byte_offset_cases.hpp"
#include "tests/kernels/each_target.hpp"
#include "tests/oracle/byte_offset.hpp"

namespace quickbeam::tests {
namespace {

using kernels::ByteOffsetDecoder;
using kernels::SerialByteOffsetDecoder;
using kernels::StreamFault;

constexpr std::uint64_t seed = 20261120;

Outcome oracle_outcome(const Bytes& bytes, PixelType type, std::size_t count) {
  const auto r = visit_type(type, [&](auto tag) -> oracle::ByteOffsetResult {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>) return oracle::decode_byte_offset<T>(bytes, count);
    return {};
  });
  Outcome o;
  o.pixels = r.pixels;
  o.count = r.pixels.size();
  o.position = r.byte;
  o.finished = r.ending == oracle::Ending::complete;
  constexpr StreamFault faults[] = {StreamFault::none, StreamFault::ends_in_escape,
                                    StreamFault::ends_early, StreamFault::bytes_left,
                                    StreamFault::out_of_range};
  o.status.fault = faults[static_cast<int>(r.ending)];
  if (!o.finished) o.status.pixel = o.count;
  if (!o.finished) o.status.byte = r.byte;
  o.status.wrapped = r.wrapped >= 0;
  o.status.wrapped_pixel = r.wrapped < 0 ? 0 : static_cast<std::uint64_t>(r.wrapped);
  return o;
}

/// Cuts `count` pixels into pieces: whole, rows with and without slack, and pieces of any length.
std::vector<std::vector<Piece>> splits_of(std::size_t count, std::mt19937_64& random) {
  std::vector<std::vector<Piece>> splits = {{{count, 0}}, {{count, 64}}, {{0, 64}, {count, 17}}};
  const auto cut = [&](auto&& length, auto&& slack) {
    std::vector<Piece> pieces;
    for (std::size_t done = 0; done < count;) {
      const std::size_t next = std::min<std::size_t>(length(), count - done);
      pieces.push_back({next, slack()});
      done += next;
    }
    splits.push_back(pieces);
  };
  for (std::size_t row : {1, 63, 64, 65, 101})
    for (std::size_t slack : {0, 64}) cut([&] { return row; }, [&] { return slack; });
  for (int i = 0; i < 3; ++i) cut([&] { return random() % 150; }, [&] { return random() % 130; });
  return splits;
}

/// The pixels in a stream, whatever they are: counted by a type that refuses nothing.
std::size_t pixels_in(const Bytes& bytes) {
  return oracle::decode_byte_offset<std::int64_t>(bytes, bytes.size()).pixels.size();
}

/// The serial decoder must agree with the oracle, every target with the serial decoder.
void expect_same_everywhere(const Bytes& bytes, std::mt19937_64& random) {
  const std::size_t in_stream = pixels_in(bytes);
  for (const PixelType type : integer_types)
    for (const std::size_t count : {in_stream, in_stream + 1, in_stream - in_stream / 3}) {
      SCOPED_TRACE(std::string(name_of(type)) + ", " + std::to_string(count) + " pixels of " +
                   std::to_string(bytes.size()) + " bytes");
      const Outcome expected = oracle_outcome(bytes, type, count);
      const auto splits = splits_of(count, random);
      for (const auto& split : splits)
        ASSERT_EQ(decode<SerialByteOffsetDecoder>(bytes, type, split), expected);
      for_each_target([&] {
        for (const auto& split : splits)
          ASSERT_EQ(decode<ByteOffsetDecoder>(bytes, type, split), expected);
      });
      if (testing::Test::HasFatalFailure()) return;
    }
}

Bytes random_stream(std::size_t size, double escape_share, int spread, std::mt19937_64& random) {
  Bytes bytes(size);
  std::bernoulli_distribution escape(escape_share);
  std::uniform_int_distribution<int> delta(-spread, spread);
  for (auto& byte : bytes) byte = escape(random) ? 0x80 : static_cast<std::uint8_t>(delta(random));
  return bytes;
}

/// The demanded target must be the one that runs, or the other tests prove nothing.
TEST(ByteOffset, EveryTargetOfThisMachineRuns) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  for_each_target([&](std::int64_t target) {
    std::printf("target %s\n", hwy::TargetName(target));
    // A build for a newer baseline leaves out what is below it. AVX3_DL is opt-in, see CMake.
    const bool compiled = (target & HWY_TARGETS) != 0 || target == HWY_AVX3_DL;
    if (compiled) {
      EXPECT_EQ(kernels::byte_offset_target(), hwy::TargetName(target));
    }
  });
}

TEST(ByteOffset, HandWrittenBytes) {
  // 1, -1, 127, then +300 as an int16, -40000 as an int32, +2^32 as an int64, and back by -2^32.
  const Bytes bytes = {0x01, 0xfe, 0x7f, 0x80, 0x2c, 0x01, 0x80, 0x00, 0x80, 0xc0, 0x63,
                       0xff, 0xff, 0x80, 0x00, 0x80, 0x00, 0x00, 0x00, 0x80, 0x00, 0x00,
                       0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x80, 0x00, 0x80, 0x00, 0x00,
                       0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff};
  const std::vector<std::int64_t> expected = {1, -1, 126, 426, -39574, 4294927722, -39574};
  for_each_target([&] {
    const Outcome got = decode<ByteOffsetDecoder>(bytes, PixelType::i64, {{7, 64}});
    EXPECT_EQ(got.pixels, expected);
    EXPECT_TRUE(got.finished);
  });
}

TEST(ByteOffset, ReservedValuesThatAnEncoderNeverWrites) {
  // 0x80 0x00 0x00 is a 16-bit delta of 0; a 16-bit delta may be as small as -1.
  const Bytes bytes = {0x80, 0x00, 0x00, 0x80, 0xff, 0xff, 0x80, 0x00, 0x80, 0x02, 0, 0, 0};
  for_each_target([&] {
    EXPECT_EQ(decode<ByteOffsetDecoder>(bytes, PixelType::i8, {{3, 0}}).pixels,
              (std::vector<std::int64_t>{0, -1, 1}));
  });
}

TEST(ByteOffset, HeadOfACodeTellsItsLength) {
  const auto length = [](std::uint64_t head) { return kernels::ops::code_length(head); };
  EXPECT_EQ(length(0x7f), 1u);
  EXPECT_EQ(length(0x81), 1u);
  EXPECT_EQ(length(0x008080), 3u);  // a 16-bit delta of 0x0080
  EXPECT_EQ(length(0x7fff80), 3u);
  EXPECT_EQ(length(0x7fffffff800080), 7u);
  EXPECT_EQ(length(0x80000000800080), 15u);
  EXPECT_EQ(length(0xff80000000800080), 15u);  // the eighth byte says nothing
}

TEST(ByteOffset, RandomStreamsOfEveryEscapeDensity) {
  std::mt19937_64 random(seed);
  for (const double share : {0.0, 0.0005, 0.01, 0.05, 0.2, 0.5, 0.9, 1.0})
    for (const int spread : {1, 3, 127})
      ASSERT_NO_FATAL_FAILURE(
          expect_same_everywhere(random_stream(700, share, spread, random), random));
}

TEST(ByteOffset, AdversarialBytes) {
  std::mt19937_64 random(seed + 1);
  constexpr std::uint8_t alphabet[] = {0x80, 0x80, 0x00, 0x00, 0xff, 0x7f, 0x81, 0x01};
  for (int round = 0; round < 30; ++round) {
    Bytes bytes(random() % 400);
    for (auto& byte : bytes) byte = alphabet[random() % std::size(alphabet)];
    ASSERT_NO_FATAL_FAILURE(expect_same_everywhere(bytes, random));
  }
}

TEST(ByteOffset, SumsThatWalkAcrossEveryLimit) {
  std::mt19937_64 random(seed + 2);
  constexpr std::int64_t limits[] = {0,          127,       255,  32767,  65535,     INT32_MAX,
                                     UINT32_MAX, INT64_MAX, -128, -32768, INT32_MIN, INT64_MIN};
  for (const std::int64_t limit : limits) {
    // To within 100 of the limit, then up and down around it by one-byte codes.
    Bytes bytes = codes({{limit > 0 ? limit - 100 : limit + 100, 8}});
    const Bytes walk = random_stream(500, 0.002, 60, random);
    bytes.insert(bytes.end(), walk.begin(), walk.end());
    bytes.insert(bytes.end(), 300, 127);
    bytes.insert(bytes.end(), 600, 0x81);
    ASSERT_NO_FATAL_FAILURE(expect_same_everywhere(bytes, random));
  }
}

TEST(ByteOffset, CodesOfEveryWidthAnywhere) {
  std::mt19937_64 random(seed + 3);
  for (int round = 0; round < 12; ++round) {
    Bytes bytes;
    while (bytes.size() < 600) {
      const int width = 1 << random() % 4;
      // Small deltas in wide codes keep narrow types alive; now and then the whole width.
      const bool whole = random() % 64 == 0;
      const auto bits = static_cast<std::int64_t>(random());
      append_code(bytes, whole ? bits >> (64 - 8 * width) : bits >> 60, width);
      if (random() % 4 == 0) bytes.insert(bytes.end(), random() % 150, 0);
    }
    ASSERT_NO_FATAL_FAILURE(expect_same_everywhere(bytes, random));
  }
}

TEST(ByteOffset, EveryTruncation) {
  std::mt19937_64 random(seed + 4);
  Bytes bytes = random_stream(70, 0, 3, random);
  for (const int width : {2, 4, 8}) append_code(bytes, 1, width);
  const Bytes tail = random_stream(70, 0, 3, random);
  bytes.insert(bytes.end(), tail.begin(), tail.end());
  const std::size_t total = pixels_in(bytes);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const Outcome expected = oracle_outcome(cut, PixelType::i32, total);
    EXPECT_EQ(expected.finished, size == bytes.size());
    EXPECT_EQ(decode<SerialByteOffsetDecoder>(cut, PixelType::i32, {{total, 0}}), expected);
    for_each_target([&] {
      for (const std::size_t slack : {0, 64, 1000})
        EXPECT_EQ(decode<ByteOffsetDecoder>(cut, PixelType::i32, {{total, slack}}), expected);
      EXPECT_EQ(decode<ByteOffsetDecoder>(cut, PixelType::i32, {{7, 64}, {total - 7, 64}}),
                expected);
    });
  }
}

}  // namespace
}  // namespace quickbeam::tests
