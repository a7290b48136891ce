// SPDX-License-Identifier: BSD-3-Clause
// The arithmetic of the parallel byte-offset decoder, piece by piece: transitions, their
// composition, totals, and the walk back to a known start.
#include "kernels/ops/byte_offset_chunk.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <span>
#include <vector>

#include "tests/kernels/byte_offset_cases.hpp"
#include "tests/kernels/byte_offset_passes.hpp"
#include "tests/kernels/random_streams.hpp"

namespace quickbeam::tests {
namespace {

using kernels::SerialByteOffsetDecoder;
using kernels::StreamFault;
using kernels::ops::ChunkTransition;
using kernels::ops::ComposeTransitions;
using kernels::ops::identity_transition;
using kernels::ops::transition_of;
using kernels::ops::unresolved_entry;

constexpr std::uint64_t seed = 20261122;

/// The seed is printed, so that a failure can be repeated.
std::mt19937_64 printed_generator(std::uint64_t number) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(number));
  return std::mt19937_64(number);
}

TEST(ByteOffsetChunk, ACutCodeIsSeenWhereItStarts) {
  // An 8-byte escape from byte 15 of a chunk, cut after each of its bytes.
  for (std::size_t kept = 1; kept <= 15; ++kept) {
    Bytes bytes(15, 1);
    append_code(bytes, 7, 8);
    bytes.resize(15 + kept);
    const DecodePasses passes(bytes, {});
    const Outcome got = passes.decode<std::int32_t>(passes.entries(Resolution::scans), 16);
    EXPECT_EQ(got.status.fault, kept == 15 ? StreamFault::none : StreamFault::ends_in_escape);
    EXPECT_EQ(got.count, kept == 15 ? 16u : 15u);
    EXPECT_EQ(got.position, kept == 15 ? 30u : 15u);
  }
}

TEST(ByteOffsetChunk, WalkingBackGivesUpAtItsBound) {
  for (const std::uint64_t bound : {8u, 64u, 4096u}) {
    Bytes bytes(100, 1);
    bytes.insert(bytes.end(), 5000, 0x80);
    const DecodePasses passes(bytes, {256, bound});
    const auto walked = passes.entries(Resolution::walk_back);
    for (std::size_t i = 0; i < walked.size(); ++i)
      EXPECT_EQ(walked[i] != unresolved_entry, 16 * i <= bound || 16 * i + 8 <= 100 + bound)
          << "bound " << bound << ", chunk " << i;
  }
}

/// Transitions of chunks as they occur, and functions that no chunk has.
ChunkTransition random_transition(std::mt19937_64& random) {
  ChunkTransition result;
  if (random() % 2 == 0)
    for (unsigned s = 0; s < 16; ++s) result.exits |= random() % 15 << (4 * s);
  else
    result = transition_of(kernels::ops::load_window(
        random_stream(24, static_cast<double>(random() % 11) / 10, 2, random).data(), 24));
  return result;
}

TEST(ByteOffsetChunk, CompositionIsAssociativeAndHasAnIdentity) {
  std::mt19937_64 random = printed_generator(seed);
  constexpr ComposeTransitions then;
  int differ = 0;
  for (int round = 0; round < 20000; ++round) {
    const auto f = random_transition(random), g = random_transition(random),
               h = random_transition(random);
    ASSERT_EQ(then(then(f, g), h), then(f, then(g, h)));
    ASSERT_EQ(then(f, identity_transition), f);
    ASSERT_EQ(then(identity_transition, f), f);
    for (unsigned s = 0; s < 15; ++s) ASSERT_EQ(then(f, g)(s), g(f(s)));
    differ += !(then(f, g) == then(g, f));
  }
  EXPECT_GT(differ, 10000) << "the order of a composition matters";
}

TEST(ByteOffsetChunk, TransitionsAndTotalsOfEveryEntry) {
  std::mt19937_64 random = printed_generator(seed + 1);
  constexpr std::uint8_t alphabet[] = {0x80, 0x00, 0x80, 0x00, 0x01};
  for (int round = 0; round < 5000; ++round) {
    const Bytes bytes = random_word_of(std::span(alphabet).first(2 + random() % 4), 30, random);
    const ChunkTransition transition =
        transition_of(kernels::ops::load_window(bytes.data(), bytes.size()));
    for (unsigned entry = 0; entry < 15; ++entry) {
      SerialByteOffsetDecoder serial(std::as_bytes(std::span(bytes).subspan(entry)),
                                     PixelType::i64);
      std::int64_t sum = 0;
      while (entry + serial.position() < 16) ASSERT_TRUE(serial.read(&sum, 1, 1));
      ASSERT_EQ(transition(entry), entry + serial.position() - 16);
      const auto total = kernels::ops::total_of({bytes.data(), bytes.size(), entry});
      ASSERT_EQ(kernels::ops::count_of(total), serial.pixels());
      ASSERT_EQ(kernels::ops::sum_of<std::uint32_t>(total), static_cast<std::uint32_t>(sum));
      ASSERT_EQ(kernels::ops::sum_of<std::int32_t>(total), static_cast<std::int32_t>(sum));
    }
  }
}

TEST(ByteOffsetChunk, CleanChunksHaveAShortWay) {
  std::mt19937_64 random = printed_generator(seed + 2);
  for (int round = 0; round < 20000; ++round) {
    const std::size_t size = round % 4 == 0 ? random() % 17 : 16;
    const int spread = round % 3 == 0 ? 127 : 2;
    const Bytes bytes = random_stream(size, round % 2 == 0 ? 0 : 0.03, spread, random);
    const auto window = kernels::ops::load_window(bytes.data(), bytes.size());
    const bool escape =
        kernels::ops::has_escape(window.word[0]) || kernels::ops::has_escape(window.word[1]);
    ASSERT_EQ(escape, std::count(bytes.begin(), bytes.end(), 0x80) > 0);
    if (escape) continue;
    ASSERT_EQ(transition_of(window), ChunkTransition{});
    ASSERT_EQ(kernels::ops::clean_total(window.word[0], window.word[1], size),
              kernels::ops::total_of({bytes.data(), size, 0}));
  }
}

}  // namespace
}  // namespace quickbeam::tests
