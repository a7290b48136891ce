// SPDX-License-Identifier: BSD-3-Clause
// The passes of a parallel byte-offset decoder, run on the host, must tell the same pixels, faults
// and positions as the serial decoder on every stream.
#include "tests/kernels/byte_offset_passes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <span>
#include <vector>

#include "tests/kernels/byte_offset_cases.hpp"
#include "tests/kernels/random_streams.hpp"

namespace quickbeam::tests {
namespace {

using kernels::SerialByteOffsetDecoder;
using kernels::ops::unresolved_entry;

constexpr std::uint64_t seed = 20261121;

/// Compares streams, and counts what it compared.
class Comparison {
 public:
  ~Comparison() {
    std::printf(
        "seed %llu: %llu streams, %llu pixels, %llu entries walked back to, %llu not; "
        "decodes complete %llu, cut %llu, early %llu, bytes left %llu, out of range %llu, "
        "wrapped %llu\n",
        ull(seed), ull(streams_), ull(pixels_), ull(resolved_), ull(unresolved_), ull(faults_[0]),
        ull(faults_[1]), ull(faults_[2]), ull(faults_[3]), ull(faults_[4]), ull(wrapped_));
  }

  /// The passes on grids of every shape, for every type that they serve.
  void all_types(const Bytes& bytes) {
    for (const std::size_t tile : {1u, 3u, 256u}) {
      const DecodePasses passes(bytes, {tile, tile == 3 ? 40u : 4096u});
      ASSERT_NO_FATAL_FAILURE(one<std::int32_t>(passes, bytes, PixelType::i32));
      if (tile != 3) continue;
      ASSERT_NO_FATAL_FAILURE(one<std::uint32_t>(passes, bytes, PixelType::u32));
      ASSERT_NO_FATAL_FAILURE(one<std::int16_t>(passes, bytes, PixelType::i16));
      ASSERT_NO_FATAL_FAILURE(one<std::uint16_t>(passes, bytes, PixelType::u16));
      ASSERT_NO_FATAL_FAILURE(one<std::int8_t>(passes, bytes, PixelType::i8));
      ASSERT_NO_FATAL_FAILURE(one<std::uint8_t>(passes, bytes, PixelType::u8));
    }
    ++streams_;
  }

  std::uint64_t resolved() const { return resolved_; }
  std::uint64_t unresolved() const { return unresolved_; }
  /// Every ending there is was met, or the comparison proves less than it seems to.
  void expect_every_ending() const {
    for (const std::uint64_t decodes : faults_) EXPECT_GT(decodes, 0u);
    EXPECT_GT(wrapped_, 0u);
  }

 private:
  static unsigned long long ull(std::uint64_t n) { return n; }

  template <class T>
  void one(const DecodePasses& passes, const Bytes& bytes, PixelType type) {
    const std::vector<unsigned> entries = passes.entries(Resolution::scans);
    ASSERT_NO_FATAL_FAILURE(walk_back(passes, entries, bytes));
    // No type refuses fewer pixels than i64.
    const std::size_t in_stream = serial(bytes, PixelType::i64, bytes.size() + 1).count;
    for (const std::size_t count : {in_stream, in_stream + 1, in_stream - in_stream / 3}) {
      const Outcome got = passes.decode<T>(entries, count);
      ASSERT_EQ(got, serial(bytes, type, count))
          << name_of(type) << ", " << count << " pixels of " << bytes.size() << " bytes";
      ++faults_[static_cast<std::size_t>(got.status.fault)];
      wrapped_ += got.status.wrapped;
      pixels_ += got.count;
    }
  }

  static Outcome serial(const Bytes& bytes, PixelType type, std::size_t count) {
    return tests::decode<SerialByteOffsetDecoder>(bytes, type, {{count, 0}});
  }

  void walk_back(const DecodePasses& passes, const std::vector<unsigned>& entries,
                 const Bytes& bytes) {
    const std::vector<unsigned> walked = passes.entries(Resolution::walk_back);
    ASSERT_EQ(walked.size(), entries.size());
    for (std::size_t i = 0; i < walked.size(); ++i) {
      ++(walked[i] == unresolved_entry ? unresolved_ : resolved_);
      const auto at = bytes.begin() + std::ptrdiff_t(16 * i);
      const bool clean = i == 0 || std::count(at - 8, at, 0x80) == 0;
      ASSERT_TRUE(!clean || walked[i] == 0) << "chunk " << i;
      ASSERT_TRUE(walked[i] == unresolved_entry || walked[i] == entries[i]) << "chunk " << i;
    }
  }

  std::uint64_t faults_[5] = {};  ///< decodes that ended so
  std::uint64_t streams_ = 0, pixels_ = 0, wrapped_ = 0, resolved_ = 0, unresolved_ = 0;
};

TEST(ByteOffsetPasses, EveryLengthAndDensity) {
  std::mt19937_64 random(seed);
  Comparison comparison;
  for (std::size_t size = 0; size <= 200; ++size)
    for (const double share : {0.0, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0}) {
      const int spread = 1 + static_cast<int>(random() % 127);
      ASSERT_NO_FATAL_FAILURE(comparison.all_types(random_stream(size, share, spread, random)));
    }
  EXPECT_GT(comparison.resolved(), comparison.unresolved());
  EXPECT_GT(comparison.unresolved(), 0u);
}

TEST(ByteOffsetPasses, AdversarialBytes) {
  std::mt19937_64 random(seed + 1);
  constexpr std::uint8_t alphabet[] = {0x80, 0x80, 0x00, 0x00, 0xff, 0x7f, 0x81, 0x01};
  Comparison comparison;
  for (int round = 0; round < 8000; ++round) {
    const std::size_t letters = 2 + random() % 7;
    ASSERT_NO_FATAL_FAILURE(comparison.all_types(
        random_word_of(std::span(alphabet).subspan(1).first(std::min<std::size_t>(letters, 7)),
                       random() % 400, random)));
  }
}

TEST(ByteOffsetPasses, CodesOfEveryWidth) {
  std::mt19937_64 random(seed + 2);
  Comparison comparison;
  for (int round = 0; round < 4000; ++round)
    ASSERT_NO_FATAL_FAILURE(comparison.all_types(
        random_codes(random() % 400, 1 + static_cast<unsigned>(round) % 4, random)));
  comparison.expect_every_ending();
}

TEST(ByteOffsetPasses, PatternsAtEveryPhase) {
  Comparison comparison;
  for (const Bytes& pattern : patterns)
    for (std::size_t prefix = 0; prefix < 16; ++prefix)
      for (const std::size_t size : {97u, 160u, 175u})
        ASSERT_NO_FATAL_FAILURE(comparison.all_types(repeated(prefix, pattern, size)));
}

TEST(ByteOffsetPasses, LongStreamsOfManyTiles) {
  std::mt19937_64 random(seed + 3);
  Comparison comparison;
  for (const double share : {0.0, 0.0, 0.0005, 0.005, 0.01, 0.1, 0.3, 0.6, 0.9, 0.98, 1.0})
    for (int round = 0; round < 3; ++round)
      ASSERT_NO_FATAL_FAILURE(
          comparison.all_types(random_stream(8000 + random() % 40000, share, 127, random)));
  for (const Bytes& pattern : patterns)
    for (const std::size_t prefix : {0u, 5u})
      ASSERT_NO_FATAL_FAILURE(comparison.all_types(repeated(prefix, pattern, 13000)));
  for (unsigned widths = 1; widths <= 4; ++widths)
    ASSERT_NO_FATAL_FAILURE(comparison.all_types(random_codes(30000, widths, random)));
}

TEST(ByteOffsetPasses, EscapesAcrossTheBorderOfTiles) {
  std::mt19937_64 random(seed + 4);
  Comparison comparison;
  for (const int width : {2, 4, 8})
    for (std::size_t back = 0; back <= 16; ++back) {
      Bytes bytes = random_stream(4096 - back, 0, 3, random);
      append_code(bytes, 1000, width);
      const Bytes rest = random_stream(4096 + 40, 0, 3, random);
      bytes.insert(bytes.end(), rest.begin(), rest.end());
      ASSERT_NO_FATAL_FAILURE(comparison.all_types(bytes));
    }
}

TEST(ByteOffsetPasses, EveryTruncation) {
  std::mt19937_64 random(seed + 5);
  Comparison comparison;
  for (int round = 0; round < 4; ++round) {
    const Bytes bytes = random_codes(150, 4, random);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      ASSERT_NO_FATAL_FAILURE(
          comparison.all_types({bytes.begin(), bytes.begin() + std::ptrdiff_t(size)}));
  }
}

}  // namespace
}  // namespace quickbeam::tests
