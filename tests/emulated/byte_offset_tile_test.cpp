// SPDX-License-Identifier: BSD-3-Clause
// What the tile decoder promises to other kernels: every wanted pixel once, none beyond; totals
// before each tile; the tile of a pixel.
#include "kernels/cuda/byte_offset_tile.cuh"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "kernels/cuda/launch.cuh"
#include "tests/cuda/device_streams.hpp"
#include "tests/kernels/random_streams.hpp"

namespace quickbeam::tests {
namespace {

using kernels::cuda::StreamValue;

/// Writes pixels where they are said to be, and counts how often each was given.
struct DirectSink {
  std::int32_t* values;
  unsigned* times;

  __device__ static constexpr bool takes_runs() { return true; }
  __device__ void run(std::uint32_t pixel, const std::int32_t (&run)[16], unsigned count) const {
    for (unsigned i = 0; i < count; ++i) one(pixel + i, run[i]);
  }
  __device__ void one(std::uint32_t pixel, std::int32_t value) const {
    values[pixel] = value;
    atomicAdd(&times[pixel], 1u);
  }
};

__global__ void decode_directly(kernels::cuda::StreamBatch batch, kernels::cuda::StreamIndex index,
                                DirectSink sink) {
  __shared__ kernels::cuda::TileScan::TempStorage storage;
  kernels::cuda::decode_tile<std::int32_t>(stream_of(batch, index, 0), blockIdx.x, storage, sink);
}

__global__ void find_tiles(kernels::cuda::StreamBatch batch, kernels::cuda::StreamIndex index,
                           std::uint32_t pixels, std::uint64_t* tiles) {
  for (std::uint32_t pixel = threadIdx.x; pixel < pixels; pixel += blockDim.x)
    tiles[pixel] = tile_of_pixel(stream_of(batch, index, 0), pixel);
}

/// Streams of three tiles and a bit: escapes rare, common, and everywhere.
std::vector<Bytes> some_streams() {
  std::mt19937_64 random(20261122);
  std::vector<Bytes> all;
  for (const double share : {0.0, 0.001, 0.02, 0.5})
    all.push_back(fitted(random_stream(3 * 4096 + 21, share, 5, random), 0));
  return all;
}

TEST(ByteOffsetTile, GivesEveryWantedPixelOnce) {
  for (const Bytes& bytes : some_streams()) {
    const std::size_t codes = code_count(bytes);
    for (const std::size_t wanted : {codes, codes - 1, codes - 500, codes / 2, std::size_t{1}}) {
      const DeviceStreams streams({bytes}, PixelType::i32, {static_cast<std::int64_t>(wanted), 1});
      const DeviceArray<std::int32_t> values(wanted, 0);  // ends where the wanted pixels end
      const DeviceArray<unsigned> times(codes, 0);
      const DirectSink sink{values.get(), times.get()};
      kernels::cuda::launch(
          "test", decode_directly, dim3(static_cast<unsigned>(streams.index().tiles_per_frame)),
          dim3(kernels::cuda::tile_threads), nullptr, streams.batch(), streams.index(), sink);
      std::vector<unsigned> once(codes, 0);
      std::fill_n(once.begin(), wanted, 1u);
      ASSERT_EQ(times.read(), once);
      const auto expected = oracle_decode(bytes, PixelType::i32, wanted);
      const std::vector<std::int32_t> found = values.read();
      ASSERT_TRUE(std::equal(found.begin(), found.end(), expected.pixels.begin()));
    }
  }
}

TEST(ByteOffsetTile, KnowsCountsAndSumsBeforeEachTile) {
  for (const Bytes& bytes : some_streams()) {
    const std::size_t codes = code_count(bytes);
    const DeviceStreams streams({bytes}, PixelType::i32, {static_cast<std::int64_t>(codes), 1});
    const auto& index = streams.index();
    const DeviceArray<std::uint64_t> tiles(codes, 99);
    kernels::cuda::launch("test", find_tiles, dim3(1), dim3(64), nullptr, streams.batch(), index,
                          static_cast<std::uint32_t>(codes), tiles.get());
    const std::vector<std::uint64_t> found = tiles.read();
    const auto pixels = oracle_decode(bytes, PixelType::i32, codes).pixels;
    for (std::uint64_t tile = 0; tile <= index.tiles_per_frame; ++tile) {
      // Codes that start before the tile: as many as whole or cut codes in the bytes before it.
      const std::uint64_t end = std::min<std::uint64_t>(4096 * tile, bytes.size());
      const Bytes head(bytes.begin(), bytes.begin() + std::ptrdiff_t(end));
      const auto before = oracle_decode(head, PixelType::i64, codes + 1);
      const std::size_t count =
          before.pixels.size() + (before.ending == oracle::Ending::ends_in_escape);
      const std::uint64_t total = index.tiles[tile];  // the emulation's memory is the host's
      EXPECT_EQ(total & 0xffffffff, count);
      const std::int64_t sum = count == 0 ? 0 : pixels[count - 1];
      EXPECT_EQ(total >> 32, static_cast<std::uint32_t>(sum));
      if (count < codes) {
        EXPECT_EQ(found[count], tile);
      }
      if (count > 0) {
        EXPECT_EQ(found[count - 1] + 1, tile);
      }
    }
  }
}

}  // namespace
}  // namespace quickbeam::tests
