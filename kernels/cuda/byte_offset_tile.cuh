// SPDX-License-Identifier: BSD-3-Clause
// The pixels of one tile of an indexed byte-offset stream, for a block of tile_threads threads:
// handed to a sink as each thread decodes them, or in order in shared memory.
#pragma once

#include <cub/block/block_scan.cuh>

#include <cstdint>
#include <type_traits>

#include "kernels/cuda/byte_offset_chunk.cuh"

namespace quickbeam::kernels::cuda {

/// Decoded pixels of stored type T, all of 32 bits; static_cast<WorkType<T>> widens them.
template <class T>
using StreamValue =
    std::conditional_t<std::is_same_v<T, std::uint32_t>, std::uint32_t, std::int32_t>;

/// The tile that pixel `pixel` of the stream starts in, by a binary search of its index. Of a bad
/// stream, any tile. Precondition: the stream has tiles.
__device__ inline std::uint64_t tile_of_pixel(const StreamView& stream, std::uint32_t pixel) {
  std::uint64_t first = 0, last = stream.tile_count;
  while (last - first > 1) {
    const std::uint64_t middle = first + (last - first) / 2;
    if (ops::count_of(stream.tiles[middle]) <= pixel)
      first = middle;
    else
      last = middle;
  }
  return first;
}

/// The pixels that start in a tile: from `first`, `count` of them, none beyond the wanted ones.
struct PixelSpan {
  std::uint32_t first;
  std::uint32_t count;
};

__device__ inline PixelSpan pixels_of_tile(const StreamView& stream, std::uint64_t tile) {
  const std::uint32_t first = ops::count_of(stream.tiles[tile]);
  const std::uint32_t end = ops::count_of(stream.tiles[tile + 1]);
  if (first >= stream.pixels) return {first, 0};
  return {first,
          end > stream.pixels ? static_cast<std::uint32_t>(stream.pixels) - first : end - first};
}

/// The running sums from `start` on over the 16 bytes of a clean chunk; false when one of them is
/// no T, and the codes must be taken one by one.
template <class T>
__device__ bool running_values(const std::uint32_t (&word)[4], std::int64_t start,
                               StreamValue<T> (&values)[ops::chunk_bytes]) {
  constexpr int ones[4] = {0x01, 0x0101, 0x010101, 0x01010101};
  constexpr std::int64_t reach = 128 * ops::chunk_bytes;
  const int base = static_cast<int>(static_cast<std::uint32_t>(start));
  int sums[ops::chunk_bytes];
#pragma unroll
  for (unsigned i = 0; i < ops::chunk_bytes; ++i)
    sums[i] =
        __dp4a(static_cast<int>(word[i / 4]), ones[i % 4], i < 4 ? base : sums[i / 4 * 4 - 1]);
#pragma unroll
  for (unsigned i = 0; i < ops::chunk_bytes; ++i) values[i] = static_cast<StreamValue<T>>(sums[i]);
  if (start >= ops::lowest<T> + reach && start <= ops::highest<T> - reach) return true;
  int lowest = 0, highest = 0;  // relative to the start, so that no sum wraps
#pragma unroll
  for (const int sum : sums) {
    const int change =
        static_cast<int>(static_cast<std::uint32_t>(sum) - static_cast<std::uint32_t>(base));
    lowest = change < lowest ? change : lowest;
    highest = change > highest ? change : highest;
  }
  return start + lowest >= ops::lowest<T> && start + highest <= ops::highest<T>;
}

/// The pixels of a chunk code by code, by the definition; tells the verdict what it meets.
template <class T, class Sink>
__device__ void decode_codes(const StreamView& stream, ops::ChunkCodes codes, std::uint32_t pixel,
                             std::int64_t value, Sink& sink) {
  for (ops::Code code{}; pixel < stream.pixels && codes.next(code); ++pixel) {
    const ops::SumResult result = ops::add_code<T>(value, code);
    if (result == ops::SumResult::out_of_range) {
      atomicOr(&stream.verdict->bad, 1u);
      return;
    }
    if (result == ops::SumResult::wrapped)
      atomicMin(reinterpret_cast<unsigned long long*>(&stream.verdict->wrapped),
                static_cast<unsigned long long>(pixel));
    sink.one(pixel, static_cast<StreamValue<T>>(value));
  }
}

using TileScan = cub::BlockScan<ops::ChunkTotal, tile_threads>;

/// Decodes tile `tile` of an indexed stream whose stored type is T. To be called by all threads of
/// a block of tile_threads; each calls the sink for the pixels of its chunk, with either
///   sink.run(first, values, count): pixels first .. first + count - 1, count <= 16, are
///     values[0 .. count); values is StreamValue<T>[16] in registers: index it by constants;
///   sink.one(pixel, value): one pixel. Only this, where sink.takes_runs() is false.
/// Each wanted pixel that starts in the tile is given once, none beyond the wanted ones; of a frame
/// whose verdict turns bad some may be missing. The verdict may be told the same more than once.
/// A barrier must come between the calls that share `storage`.
template <class T, class Sink>
__device__ void decode_tile(const StreamView& stream, std::uint64_t tile,
                            TileScan::TempStorage& storage, Sink& sink) {
  const Chunk chunk = load_entered_chunk(stream, tile * tile_threads + threadIdx.x);
  ops::ChunkTotal before = 0;
  TileScan(storage).ExclusiveSum(total_of(chunk), before);
  before += stream.tiles[tile];
  const std::uint32_t pixel = ops::count_of(before);
  if (pixel >= stream.pixels) return;
  const std::int64_t start = ops::sum_of<T>(before);
  StreamValue<T> values[ops::chunk_bytes];
  if (!chunk.clean || !sink.takes_runs() || !running_values<T>(chunk.word, start, values))
    return decode_codes<T>(stream, chunk.codes, pixel, start, sink);
  const std::uint64_t wanted = stream.pixels - pixel;
  sink.run(pixel, values, wanted < chunk.bytes ? static_cast<unsigned>(wanted) : chunk.bytes);
}

/// Memory for the pixels of a tile, in order. A gap behind every 32 of them keeps threads that
/// write runs of 16 side by side on different banks.
template <class Value>
class StagedPixels {
 public:
  __device__ Value& operator[](unsigned i) { return padded_[i + i / gap_every]; }

  /// Pixel threadIdx.x + round tile_threads.
  __device__ const Value& of_round(unsigned round) const {
    static_assert(tile_threads % gap_every == 0);
    constexpr unsigned pitch = tile_threads + tile_threads / gap_every;
    return padded_[threadIdx.x + threadIdx.x / gap_every + round * pitch];
  }

  /// Pixels i to i + 15 at once: there is one gap among them at most.
  __device__ void store_run(unsigned i, const Value (&values)[ops::chunk_bytes]) {
    Value* const to = &(*this)[i];
    const unsigned before_gap = gap_every - i % gap_every;
#pragma unroll
    for (unsigned k = 0; k < ops::chunk_bytes; ++k) (k < before_gap ? to : to + 1)[k] = values[k];
  }

 private:
  static constexpr unsigned gap_every = 32;
  Value padded_[most_tile_pixels + most_tile_pixels / gap_every];
};

/// What stage_tile works in: one in the shared memory of each block.
template <class T>
struct TileShared {
  TileScan::TempStorage scan;
  StagedPixels<StreamValue<T>> pixels;  ///< pixel first + i of the tile at [i]
};

/// A sink into shared memory.
template <class Value>
struct StageSink {
  StagedPixels<Value>& to;
  std::uint32_t first;  ///< pixel of the tile

  __device__ static constexpr bool takes_runs() { return true; }
  __device__ void run(std::uint32_t pixel, const Value (&values)[ops::chunk_bytes],
                      unsigned count) const {
    if (count == ops::chunk_bytes) return to.store_run(pixel - first, values);
#pragma unroll
    for (unsigned i = 0; i < ops::chunk_bytes; ++i)
      if (i < count) to[pixel - first + i] = values[i];
  }
  __device__ void one(std::uint32_t pixel, Value value) const { to[pixel - first] = value; }
};

/// Decodes a tile to shared.pixels, by all threads of a block of tile_threads, which may then read
/// all of them. A barrier must come before `shared` is used again. Of a bad frame, pixels may be
/// left as they were.
template <class T>
__device__ PixelSpan stage_tile(const StreamView& stream, std::uint64_t tile,
                                TileShared<T>& shared) {
  const PixelSpan span = pixels_of_tile(stream, tile);
  if (span.count == 0) return span;
  StageSink<StreamValue<T>> sink{shared.pixels, span.first};
  decode_tile<T>(stream, tile, shared.scan, sink);
  __syncthreads();
  return span;
}

}  // namespace quickbeam::kernels::cuda
