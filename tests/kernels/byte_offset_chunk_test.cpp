// SPDX-License-Identifier: BSD-3-Clause
// The arithmetic of the parallel byte-offset decoder: its passes, run on the host, must tell the
// same pixels, faults and positions as the serial decoder on every stream.
#include "kernels/ops/byte_offset_chunk.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <string>

#include "tests/kernels/byte_offset_cases.hpp"
#include "tests/kernels/byte_offset_passes.hpp"

namespace quickbeam::tests {
namespace {

using kernels::SerialByteOffsetDecoder;
using kernels::StreamFault;
using kernels::ops::ChunkTransition;
using kernels::ops::ComposeTransitions;
using kernels::ops::identity_transition;
using kernels::ops::transition_of;
using kernels::ops::unresolved_entry;

constexpr std::uint64_t seed = 20261121;

Bytes random_stream(std::size_t size, double escape_share, int spread, std::mt19937_64& random) {
  Bytes bytes(size);
  std::bernoulli_distribution escape(escape_share);
  std::uniform_int_distribution<int> delta(-spread, spread);
  for (auto& byte : bytes) byte = escape(random) ? 0x80 : static_cast<std::uint8_t>(delta(random));
  return bytes;
}

Bytes random_word_of(std::span<const std::uint8_t> alphabet, std::size_t size,
                     std::mt19937_64& random) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = alphabet[random() % alphabet.size()];
  return bytes;
}

/// Small deltas in codes of every width; now and then the whole width, which wraps or is refused.
Bytes random_codes(std::size_t size, unsigned widths, std::mt19937_64& random) {
  Bytes bytes;
  while (bytes.size() < size) {
    const int width = 1 << random() % widths;
    const auto bits = static_cast<std::int64_t>(random());
    const int kept = random() % 256 == 0 ? 8 * width : random() % 16 == 0 && width > 3 ? 32 : 4;
    append_code(bytes, bits >> (64 - kept), width);
    if (random() % 8 == 0) bytes.insert(bytes.end(), random() % 60, 1);
  }
  return bytes;
}

/// Compares streams, and counts what it compared.
class Comparison {
 public:
  ~Comparison() {
    std::printf(
        "seed %llu: %llu streams, %llu decodes, %llu pixels, %llu entries walked back to, "
        "%llu not\n",
        ull(seed), ull(streams_), ull(decodes_), ull(pixels_), ull(resolved_), ull(unresolved_));
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

 private:
  static unsigned long long ull(std::uint64_t n) { return n; }

  template <class T>
  void one(const DecodePasses& passes, const Bytes& bytes, PixelType type) {
    const std::vector<unsigned> entries = passes.entries(Resolution::scans);
    if (type == PixelType::i32) {
      ASSERT_NO_FATAL_FAILURE(walk_back(passes, entries, bytes));
    }
    // No type refuses fewer pixels than i64.
    const std::size_t in_stream = serial(bytes, PixelType::i64, bytes.size() + 1).count;
    for (const std::size_t count : {in_stream, in_stream + 1, in_stream - in_stream / 3}) {
      const Outcome got = passes.decode<T>(entries, count);
      ASSERT_EQ(got, serial(bytes, type, count))
          << name_of(type) << ", " << count << " pixels of " << bytes.size() << " bytes";
      ++decodes_;
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
      const bool clean = i == 0 || std::count(at - 16, at, 0x80) == 0;
      if (clean) {
        ASSERT_EQ(walked[i], 0u);
      }
      if (walked[i] != unresolved_entry) {
        ASSERT_EQ(walked[i], entries[i]) << "chunk " << i;
      }
    }
  }

  std::uint64_t streams_ = 0, decodes_ = 0, pixels_ = 0, resolved_ = 0, unresolved_ = 0;
};

/// `prefix` ordinary bytes, then `pattern` again and again up to `size` bytes.
Bytes repeated(std::size_t prefix, const Bytes& pattern, std::size_t size) {
  Bytes bytes(prefix, 1);
  while (bytes.size() < size) bytes.push_back(pattern[(bytes.size() - prefix) % pattern.size()]);
  return bytes;
}

const std::vector<Bytes> patterns = {
    {0x80},
    {0x80, 0x00},
    {0x80, 0x00, 0x80},
    {0x80, 0x00, 0x80, 0x00, 0x00, 0x00, 0x80},
    codes({{1, 2}}),
    codes({{1, 4}}),
    codes({{1, 8}}),
    codes({{-1, 8}, {1, 1}}),
    codes({{INT32_MIN, 8}, {INT32_MAX, 4}}),
    codes({{1, 8}, {1, 4}, {1, 2}, {1, 1}}),
};

TEST(ByteOffsetChunk, EveryLengthAndDensity) {
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

TEST(ByteOffsetChunk, AdversarialBytes) {
  std::mt19937_64 random(seed + 1);
  constexpr std::uint8_t alphabet[] = {0x80, 0x80, 0x00, 0x00, 0xff, 0x7f, 0x81, 0x01};
  Comparison comparison;
  for (int round = 0; round < 1500; ++round) {
    const std::size_t letters = 2 + random() % 7;
    ASSERT_NO_FATAL_FAILURE(comparison.all_types(
        random_word_of(std::span(alphabet).subspan(1).first(std::min<std::size_t>(letters, 7)),
                       random() % 400, random)));
  }
}

TEST(ByteOffsetChunk, CodesOfEveryWidth) {
  std::mt19937_64 random(seed + 2);
  Comparison comparison;
  for (int round = 0; round < 1000; ++round)
    ASSERT_NO_FATAL_FAILURE(comparison.all_types(
        random_codes(random() % 400, 1 + static_cast<unsigned>(round) % 4, random)));
}

TEST(ByteOffsetChunk, PatternsAtEveryPhase) {
  Comparison comparison;
  for (const Bytes& pattern : patterns)
    for (std::size_t prefix = 0; prefix < 16; ++prefix)
      for (const std::size_t size : {97u, 160u, 175u})
        ASSERT_NO_FATAL_FAILURE(comparison.all_types(repeated(prefix, pattern, size)));
}

TEST(ByteOffsetChunk, LongStreamsOfManyTiles) {
  std::mt19937_64 random(seed + 3);
  Comparison comparison;
  for (const double share : {0.0, 0.0005, 0.01, 0.1, 0.3, 0.6, 0.9, 1.0})
    for (int round = 0; round < 4; ++round)
      ASSERT_NO_FATAL_FAILURE(
          comparison.all_types(random_stream(8000 + random() % 40000, share, 127, random)));
  for (const Bytes& pattern : patterns)
    for (const std::size_t prefix : {0u, 5u})
      ASSERT_NO_FATAL_FAILURE(comparison.all_types(repeated(prefix, pattern, 13000)));
  for (unsigned widths = 1; widths <= 4; ++widths)
    ASSERT_NO_FATAL_FAILURE(comparison.all_types(random_codes(30000, widths, random)));
}

TEST(ByteOffsetChunk, EscapesAcrossTheBorderOfTiles) {
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

TEST(ByteOffsetChunk, EveryTruncation) {
  std::mt19937_64 random(seed + 5);
  Comparison comparison;
  for (int round = 0; round < 4; ++round) {
    const Bytes bytes = random_codes(150, 4, random);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      ASSERT_NO_FATAL_FAILURE(
          comparison.all_types({bytes.begin(), bytes.begin() + std::ptrdiff_t(size)}));
  }
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
  for (const std::uint64_t bound : {14u, 64u, 4096u}) {
    Bytes bytes(100, 1);
    bytes.insert(bytes.end(), 5000, 0x80);
    const DecodePasses passes(bytes, {256, bound});
    const auto walked = passes.entries(Resolution::walk_back);
    for (std::size_t i = 0; i < walked.size(); ++i)
      EXPECT_EQ(walked[i] != unresolved_entry, 16 * i <= bound || 16 * i + 14 <= 100 + bound)
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
  std::mt19937_64 random(seed + 6);
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
  std::mt19937_64 random(seed + 7);
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
  std::mt19937_64 random(seed + 8);
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
