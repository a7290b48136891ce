// SPDX-License-Identifier: BSD-3-Clause
// Byte-offset streams decoded by the kernels of the GPU must give what the naive oracle gives.
#include "kernels/byte_offset_cuda.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/cuda/device_streams.hpp"
#include "tests/cuda/seed.hpp"
#include "tests/kernels/random_streams.hpp"

namespace quickbeam::tests {
namespace {

using kernels::PixelRule;
using kernels::cuda::StreamVerdict;

constexpr PixelType stream_types[] = {PixelType::i8,  PixelType::u8,  PixelType::i16,
                                      PixelType::u16, PixelType::i32, PixelType::u32};

/// What became of a batch: planes, and what was told of each.
struct Decoded {
  std::vector<std::int64_t> planes;
  std::vector<StreamVerdict> verdicts;
};

template <class W>
Decoded decode_as(const DeviceStreams& streams, std::size_t values) {
  constexpr std::size_t margin = 64;
  constexpr W mark = 0x5a5a5a5a;
  const DeviceArray<W> planes(values + margin, mark);
  kernels::cuda::decode_streams<W>(streams.batch(), streams.index(), PixelRule<W>{}, planes.get(),
                                   nullptr);
  const std::vector<W> all = planes.read();
  const auto end = all.begin() + std::ptrdiff_t(values);
  EXPECT_EQ(std::count(end, all.end(), mark), margin) << "wrote behind the planes";
  return {{all.begin(), end}, streams.verdicts()};
}

Decoded decode_batch(const DeviceStreams& streams) {
  const auto values =
      static_cast<std::size_t>(streams.batch().extent.pixels()) * streams.batch().frames;
  return streams.batch().type == PixelType::u32 ? decode_as<std::int64_t>(streams, values)
                                                : decode_as<std::int32_t>(streams, values);
}

/// How often each ending was met: a comparison that meets none proves less than it seems to.
struct Met {
  int good = 0, bad[5] = {}, wrapped = 0, tangled = 0;
};

/// Compares a batch in which every frame should have `extent` pixels.
void compare(const std::vector<Bytes>& frames, PixelType type, Extent extent, Met& met) {
  const DeviceStreams streams(frames, type, extent);
  const Decoded found = decode_batch(streams);
  const std::vector<std::uint32_t> tangled = streams.tangled();
  const auto pixels = static_cast<std::size_t>(extent.pixels());
  for (std::size_t f = 0; f < frames.size(); ++f) {
    SCOPED_TRACE(std::string(name_of(type)) + ", frame " + std::to_string(f) + " of " +
                 std::to_string(frames.size()) + ", " + std::to_string(frames[f].size()) +
                 " bytes, " + std::to_string(pixels) + " pixels");
    const auto expected = oracle_decode(frames[f], type, pixels);
    met.tangled += tangled[f] != 0;
    if (expected.ending != oracle::Ending::complete) {
      ++met.bad[static_cast<int>(expected.ending)];
      ASSERT_NE(found.verdicts[f].bad, 0u);
      continue;
    }
    ++met.good;
    met.wrapped += expected.wrapped >= 0;
    ASSERT_EQ(found.verdicts[f].bad, 0u);
    ASSERT_EQ(found.verdicts[f].wrapped, expected.wrapped < 0
                                             ? kernels::cuda::no_pixel
                                             : static_cast<std::uint64_t>(expected.wrapped));
    for (std::size_t i = 0; i < pixels; ++i)
      ASSERT_EQ(found.planes[f * pixels + i], expected.pixels[i]) << "pixel " << i;
  }
}

Extent row_of(std::size_t pixels) { return {static_cast<std::int64_t>(pixels), 1}; }

/// A stream alone, with as many pixels as it has codes.
void compare_one(const Bytes& bytes, PixelType type, Met& met) {
  compare({bytes}, type, row_of(code_count(bytes)), met);
}

/// Streams of different lengths, all made to have the same number of pixels.
struct Fitted {
  std::vector<Bytes> frames;
  std::size_t pixels = 0;

  explicit Fitted(std::vector<Bytes> streams) : frames(std::move(streams)) {
    for (const Bytes& bytes : frames) pixels = std::max(pixels, code_count(bytes));
    for (Bytes& bytes : frames) bytes = fitted(std::move(bytes), pixels);
  }
};

void compare(const Fitted& all, PixelType type, Met& met) {
  compare(all.frames, type, row_of(all.pixels), met);
}

constexpr double shares[] = {0.0, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0};

TEST(ByteOffsetCuda, EveryShortLengthAndDensity) {
  std::mt19937_64 random(test_seed(20261120));
  Met met;
  unsigned turn = 0;
  for (const std::size_t size : {0, 1, 2, 14, 15, 16, 17, 31, 32, 33, 47, 64, 200, 257})
    for (const double share : shares)
      for (const int spread : {2, 127})
        ASSERT_NO_FATAL_FAILURE(
            compare_one(random_stream(size, share, spread, random), stream_types[turn++ % 6], met));
  EXPECT_GT(met.good, 0);
}

TEST(ByteOffsetCuda, LengthsAroundTiles) {
  std::mt19937_64 random(test_seed(20261121));
  Met met;
  for (const double share : shares) {
    std::vector<Bytes> frames;
    for (const std::size_t size : {1, 4095, 4096, 4097, 8192, 8209, 12500})
      frames.push_back(random_stream(size, share, 3, random));
    const Fitted all(frames);
    for (const PixelType type : stream_types) ASSERT_NO_FATAL_FAILURE(compare(all, type, met));
  }
  EXPECT_GT(met.good, 0);
  EXPECT_GT(met.tangled, 0);
}

TEST(ByteOffsetCuda, AdversarialBytes) {
  std::mt19937_64 random(test_seed(20261127));
  constexpr std::uint8_t alphabet[] = {0x80, 0x00, 0x00, 0xff, 0x7f, 0x81, 0x01};
  Met met;
  for (int round = 0; round < 60; ++round) {
    std::vector<Bytes> frames;
    const auto letters = std::span(alphabet).first(2 + random() % 6);
    for (int i = 0; i < 10; ++i) frames.push_back(random_word_of(letters, random() % 700, random));
    ASSERT_NO_FATAL_FAILURE(compare(Fitted(frames), stream_types[round % 6], met));
  }
  EXPECT_GT(met.good, 0);
  EXPECT_GT(met.tangled, 0);
}

TEST(ByteOffsetCuda, CodesOfEveryWidth) {
  std::mt19937_64 random(test_seed(20261122));
  Met met;
  for (const PixelType type : stream_types)
    for (unsigned widths = 1; widths <= 4; ++widths) {
      std::vector<Bytes> frames;
      for (int i = 0; i < 12; ++i) frames.push_back(random_codes(random() % 900, widths, random));
      ASSERT_NO_FATAL_FAILURE(compare(Fitted(frames), type, met));
      // As they are: cut, too short, too long.
      const std::size_t some = code_count(frames[0]);
      ASSERT_NO_FATAL_FAILURE(compare(frames, type, row_of(some), met));
    }
  EXPECT_GT(met.good, 0);
  EXPECT_GT(met.wrapped, 0);
  for (const auto ending : {oracle::Ending::ends_in_escape, oracle::Ending::ends_early,
                            oracle::Ending::bytes_left, oracle::Ending::out_of_range})
    EXPECT_GT(met.bad[static_cast<int>(ending)], 0) << static_cast<int>(ending);
}

TEST(ByteOffsetCuda, EscapesAcrossTheBordersOfChunksAndTiles) {
  std::mt19937_64 random(test_seed(20261123));
  Met met;
  for (const std::size_t border : {64u, 4096u})
    for (const int width : {2, 4, 8}) {
      std::vector<Bytes> frames;
      for (std::size_t back = 0; back <= 16; ++back) {
        Bytes bytes = random_stream(border - back, 0, 3, random);
        append_code(bytes, 1000, width);
        const Bytes rest = random_stream(40, 0, 3, random);
        bytes.insert(bytes.end(), rest.begin(), rest.end());
        frames.push_back(bytes);
      }
      ASSERT_NO_FATAL_FAILURE(compare(Fitted(frames), PixelType::i32, met));
    }
  EXPECT_EQ(met.good, 6 * 17);
  EXPECT_EQ(met.tangled, 0);  // such escapes are found by walking back
}

TEST(ByteOffsetCuda, PatternsThatNeverSynchronise) {
  Met met;
  for (const Bytes& pattern : patterns) {
    std::vector<Bytes> frames;
    for (const std::size_t prefix : {0, 1, 2, 5, 7, 15, 300})
      for (const std::size_t size : {260u, 4096u, 9001u})
        frames.push_back(repeated(prefix, pattern, size));
    ASSERT_NO_FATAL_FAILURE(compare(Fitted(frames), PixelType::i32, met));
  }
  EXPECT_GT(met.good, 0);
  EXPECT_GT(met.tangled, met.good / 3);
}

// One frame of a batch is tangled, its neighbours are not; and a long one, whose tiles outnumber
// the blocks and the threads that scan over them.
TEST(ByteOffsetCuda, TangledAmongOrdinaryFrames) {
  std::mt19937_64 random(test_seed(20261124));
  Met met;
  Bytes snarl = random_stream(6000, 0, 3, random);
  const Bytes run(1200, 0x80);
  snarl.insert(snarl.begin() + 4000, run.begin(), run.end());
  std::vector<Bytes> frames = {random_stream(9000, 0.001, 100, random), snarl,
                               random_stream(9000, 0, 100, random)};
  ASSERT_NO_FATAL_FAILURE(compare(Fitted(frames), PixelType::i32, met));
  EXPECT_EQ(met.good, 3);
  EXPECT_EQ(met.tangled, 1);
}

TEST(ByteOffsetCuda, MoreTilesThanAScanTakesAtOnce) {
  std::mt19937_64 random(test_seed(20261125));
  Met met;
  constexpr std::size_t size = 520 * 4096 + 77;
  const Bytes sparse = random_stream(size, 0.0002, 2, random);
  const Bytes dense = repeated(3, codes({{300, 2}, {-300, 2}}), size);
  for (const Bytes& bytes : {sparse, dense})
    ASSERT_NO_FATAL_FAILURE(compare(Fitted({bytes}), PixelType::i32, met));
  EXPECT_EQ(met.good, 2);
  EXPECT_EQ(met.tangled, 1);
}

TEST(ByteOffsetCuda, SixtyFourFramesSomeOfThemBad) {
  std::mt19937_64 random(test_seed(20261126));
  Met met;
  std::vector<Bytes> frames;
  for (int i = 0; i < 64; ++i)
    frames.push_back(random_stream(random() % 5000, i % 5 == 0 ? 0.3 : 0.002, 20, random));
  const Fitted good(frames);
  frames = good.frames;
  frames[5].pop_back();                          // too few
  frames[17].push_back(0);                       // too many
  frames[18].insert(frames[18].end(), 9000, 0);  // far too many: tiles without wanted pixels
  frames[33].push_back(0x80);                    // all there, and a cut code
  frames[40].back() = 0x80;                      // cut
  frames[41].clear();                            // nothing
  for (const PixelType type : {PixelType::i32, PixelType::u16})
    ASSERT_NO_FATAL_FAILURE(compare(frames, type, row_of(good.pixels), met));
  EXPECT_GT(met.good, 32);
  EXPECT_GT(met.bad[static_cast<int>(oracle::Ending::bytes_left)], 2);
}

/// From 0 to `from` in one code, then `steps`, from a given byte of a chunk on.
Bytes stairs(std::int64_t from, std::size_t phase, const std::vector<int>& steps) {
  Bytes bytes(phase, 0);
  append_code(bytes, from, 8);
  bytes.insert(bytes.end(), 16, 0);  // the next chunk is clean
  for (const int step : steps) append_code(bytes, step, 1);
  bytes.insert(bytes.end(), 40, 0);
  return bytes;
}

// The last value inside a type, the first outside, and back, in chunks that are decoded by sums.
TEST(ByteOffsetCuda, LimitsOfEveryType) {
  Met met;
  for (const PixelType type : stream_types)
    visit_type(type, [&](auto tag) {
      using T = typename decltype(tag)::type;
      using Limits = std::numeric_limits<T>;
      if constexpr (std::is_integral_v<T>)
        for (const std::size_t phase : {0u, 3u, 11u})
          for (const int beyond : {-1, 0, 1, 127}) {
            const auto low = static_cast<std::int64_t>(Limits::min());
            const auto high = static_cast<std::int64_t>(Limits::max());
            const std::vector<Bytes> frames = {
                stairs(low + 5, phase, {1, -6 + 0, -beyond, 127, -100}),
                stairs(high - 5, phase, {-1, 6, beyond, -127, 100}),
                stairs(high - 100, phase, {100, 100, -100, -100, 100, 100}),
                stairs(low + 100, phase, {-100, -100, 100, 100, -100, -100})};
            ASSERT_NO_FATAL_FAILURE(compare(Fitted(frames), type, met));
          }
    });
  EXPECT_GT(met.good, 0);
  EXPECT_GT(met.wrapped, 0);
  EXPECT_GT(met.bad[static_cast<int>(oracle::Ending::out_of_range)], 0);
}

// A wrap in every chunk: the first one is told, whatever the order of threads.
TEST(ByteOffsetCuda, TheFirstOfManyWraps) {
  Met met;
  for (const PixelType type : {PixelType::i32, PixelType::u32}) {
    std::vector<Bytes> frames;
    for (std::size_t first : {3u, 700u, 5000u}) {
      Bytes bytes(first, 1);
      for (int i = 0; i < 900; ++i) append_code(bytes, INT32_MAX, 4);
      frames.push_back(bytes);
    }
    ASSERT_NO_FATAL_FAILURE(compare(Fitted(frames), type, met));
  }
  EXPECT_EQ(met.wrapped, 6);
}

TEST(ByteOffsetCuda, NoFramesNoPixelsNoBytes) {
  Met met;
  compare({}, PixelType::i32, {10, 10}, met);
  compare({{}, {}}, PixelType::i32, {0, 0}, met);
  EXPECT_EQ(met.good, 2);
  compare({{}, {}}, PixelType::u32, {3, 1}, met);
  compare({{1, 2}, {}}, PixelType::u8, {0, 7}, met);
  EXPECT_EQ(met.bad[static_cast<int>(oracle::Ending::ends_early)], 2);
  EXPECT_EQ(met.bad[static_cast<int>(oracle::Ending::bytes_left)], 1);
}

TEST(ByteOffsetCuda, RefusesTypesAndSizesThatItCannotSum) {
  const DeviceStreams streams({{1}}, PixelType::i64, {1, 1});
  std::int64_t* const nowhere = nullptr;
  EXPECT_THROW(kernels::cuda::decode_streams<std::int64_t>(streams.batch(), streams.index(), {},
                                                           nowhere, nullptr),
               Error);
  kernels::cuda::StreamBatch batch = streams.batch();
  batch.longest = std::uint64_t{1} << 32;
  EXPECT_THROW(kernels::cuda::index_streams(batch, streams.index(), nullptr), Error);
}

}  // namespace
}  // namespace quickbeam::tests
