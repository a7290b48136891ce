// SPDX-License-Identifier: BSD-3-Clause
// The experiment of cuda_bench that decodes in one pass: pixels against the oracle, and what it
// learns from tiles that are not ready yet, which no order of blocks here shows by itself.
#include "bench/cuda/chained_decode.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "bench/cuda/look_back.cuh"
#include "kernels/cuda/launch.cuh"
#include "tests/cuda/device_streams.hpp"
#include "tests/kernels/random_streams.hpp"

namespace quickbeam::tests {
namespace {

using bench::TileSum;
using kernels::ops::ChunkTotal;

TEST(ChainedDecode, OfSeveralFramesIsTheOracles) {
  constexpr std::size_t pixels = 150'000;  // 37 tiles and a bit
  std::mt19937_64 random(20261123);
  std::vector<Bytes> frames;
  for (const double share : {0.0, 0.0005, 0.005})
    frames.push_back(fitted(random_stream(pixels / 2, share, 5, random), pixels));
  const DeviceStreams streams(frames, PixelType::i32, {static_cast<std::int64_t>(pixels), 1});
  const DeviceArray<std::int32_t> planes(frames.size() * pixels, -7);
  for (int again = 0; again < 2; ++again) {  // the memory of the first call is that of the second
    bench::decode_chained(streams.batch(), streams.index(), {}, planes.get(), nullptr);
    const auto found = planes.read();
    for (std::size_t f = 0; f < frames.size(); ++f) {
      const auto expected = oracle_decode(frames[f], PixelType::i32, pixels);
      ASSERT_EQ(expected.pixels.size(), pixels);
      EXPECT_EQ(streams.tangled()[f], 0u);
      EXPECT_EQ(streams.verdicts()[f].bad, 0u);
      for (std::size_t p = 0; p < pixels; ++p)
        ASSERT_EQ(found[f * pixels + p], expected.pixels[p]) << "frame " << f << ", pixel " << p;
    }
  }
}

TEST(ChainedDecode, RefusesWhatItCannotDecode) {
  const Bytes tangled = repeated(5000, {0x80, 0x00}, 9000), fine(9000, 1);
  const auto pixels = static_cast<std::int64_t>(fine.size());
  const DeviceStreams streams({fine, tangled}, PixelType::i32, {pixels, 1});
  const DeviceArray<std::int32_t> planes(2 * fine.size(), 0);
  bench::decode_chained(streams.batch(), streams.index(), {}, planes.get(), nullptr);
  EXPECT_EQ(streams.tangled()[0], 0u);
  EXPECT_NE(streams.tangled()[1], 0u);
  EXPECT_EQ(streams.verdicts()[0].bad, 0u);
  const DeviceStreams longer({fine}, PixelType::i32, {pixels + 1, 1});
  const DeviceArray<std::int32_t> plane(fine.size() + 1, 0);
  bench::decode_chained(longer.batch(), longer.index(), {}, plane.get(), nullptr);
  EXPECT_NE(longer.verdicts()[0].bad, 0u);
}

__global__ void sum_before_tile(const std::uint64_t* words, std::uint64_t tile, ChunkTotal* sum) {
  const ChunkTotal found = bench::sum_before(words, tile);
  if (threadIdx.x == 0) *sum = found;
}

// Tiles told alone, behind one that was told with all before it; before that, junk.
TEST(ChainedDecode, LooksBackOverTilesThatAreNotComplete) {
  std::mt19937_64 random(20261124);
  for (const std::uint64_t tile : {0, 1, 2, 31, 32, 33, 64, 65, 100, 200}) {
    for (const std::uint64_t alone : {0, 1, 5, 31, 32, 33, 64, 96, 99}) {
      if (alone >= tile && tile != 0) continue;
      std::vector<std::uint64_t> words(tile + 1, 0);
      ChunkTotal expected = 0;
      for (std::uint64_t t = 0; t < tile; ++t) {
        const auto sum = static_cast<std::int32_t>(random());
        const ChunkTotal total = kernels::ops::pack_total(sum, random() % 4097);
        if (t + alone + 1 < tile) {
          words[t] = random() & ~bench::tile_sum_bits;
          words[t] |= std::uint64_t{1} << bench::tile_sum_shift;
          continue;
        }
        expected += total;
        bench::tell(&words[t], total,
                    t + alone + 1 == tile ? TileSum::up_to_tile : TileSum::of_tile);
      }
      const DeviceArray<std::uint64_t> memory(words);
      const DeviceArray<ChunkTotal> found(1, ~ChunkTotal{0});
      kernels::cuda::launch("test", sum_before_tile, dim3(1), dim3(32), nullptr, memory.get(), tile,
                            found.get());
      EXPECT_EQ(found.read()[0], expected) << tile << " tiles, " << alone << " told alone";
    }
  }
}

}  // namespace
}  // namespace quickbeam::tests
