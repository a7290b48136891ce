// SPDX-License-Identifier: BSD-3-Clause
// A block takes the next tile of its frame by a ticket, adds it up, learns what was before it from
// the tiles before it, and decodes it: the stream is read once.
#include "bench/cuda/chained_decode.hpp"

#include "bench/cuda/look_back.cuh"
#include "kernels/cuda/byte_offset_tile.cuh"
#include "kernels/cuda/check.hpp"
#include "kernels/cuda/launch.cuh"

namespace quickbeam::bench {
namespace {

namespace gpu = kernels::cuda;
namespace ops = kernels::ops;

using Value = gpu::StreamValue<std::int32_t>;

/// Shared by the threads of a block.
struct ChainShared {
  gpu::TileShared<std::int32_t> tile;
  std::uint64_t number;    ///< of the tile
  ops::ChunkTotal before;  ///< it
};

/// The ticket is in the word behind those of the tiles.
__device__ std::uint64_t take_tile(const gpu::StreamView& stream, ChainShared& shared) {
  if (threadIdx.x == 0)
    shared.number =
        atomicAdd(reinterpret_cast<unsigned long long*>(&stream.tiles[stream.tile_count]), 1ull);
  __syncthreads();
  return shared.number;
}

/// A chunk and its first code, if that can be found; the frame is tangled if not.
__device__ gpu::Chunk enter_chunk(const gpu::StreamView& stream, std::uint64_t index) {
  gpu::Chunk chunk = gpu::load_chunk(stream, index);
  if (chunk.clean) return chunk;
  chunk.codes.position =
      ops::entry_by_walk_back(stream.data, stream.size, index * ops::chunk_bytes, gpu::walk_bound);
  if (!chunk.resolved()) atomicOr(stream.tangled, 1u);
  return chunk;
}

/// Tells the others of the tile, first alone, then with all before it, which it returns.
__device__ ops::ChunkTotal chain_tile(const gpu::StreamView& stream, std::uint64_t tile,
                                      ops::ChunkTotal total, ChainShared& shared) {
  if (threadIdx.x < 32) {
    if (threadIdx.x == 0 && tile > 0) tell(stream.tiles + tile, total, TileSum::of_tile);
    const ops::ChunkTotal before = sum_before(stream.tiles, tile);
    if (threadIdx.x == 0) {
      tell(stream.tiles + tile, before + total, TileSum::up_to_tile);
      shared.before = before;
    }
  }
  __syncthreads();
  return shared.before;
}

/// The pixels of a chunk into shared memory, as gpu::decode_tile does.
__device__ void stage_chunk(const gpu::StreamView& stream, const gpu::Chunk& chunk,
                            ops::ChunkTotal before, const gpu::StageSink<Value>& sink) {
  const std::uint32_t pixel = ops::count_of(before);
  if (pixel >= stream.pixels || !chunk.resolved()) return;
  const std::int64_t start = ops::sum_of<std::int32_t>(before);
  Value values[ops::chunk_bytes];
  if (!chunk.clean || !gpu::running_values<std::int32_t>(chunk.word, start, values))
    return gpu::decode_codes<std::int32_t>(stream, chunk.codes, pixel, start, sink);
  const std::uint64_t wanted = stream.pixels - pixel;
  sink.run(pixel, values, wanted < chunk.bytes ? static_cast<unsigned>(wanted) : chunk.bytes);
}

__global__ void __launch_bounds__(gpu::tile_threads)
    decode_chain(gpu::StreamBatch batch, gpu::StreamIndex index,
                 kernels::PixelRule<std::int32_t> rule, std::int32_t* planes) {
  __shared__ ChainShared shared;
  for (std::uint32_t frame = blockIdx.y; frame < batch.frames; frame += gridDim.y) {
    const gpu::StreamView stream = gpu::stream_of(batch, index, frame);
    const std::uint64_t tile = take_tile(stream, shared);
    const gpu::Chunk chunk = enter_chunk(stream, tile * gpu::tile_threads + threadIdx.x);
    ops::ChunkTotal in_tile = 0, total = 0;
    gpu::TileScan(shared.tile.scan)
        .ExclusiveSum(chunk.resolved() ? gpu::total_of(chunk) : 0, in_tile, total);
    const ops::ChunkTotal before = chain_tile(stream, tile, total, shared);
    const std::uint32_t first = ops::count_of(before), end = ops::count_of(before + total);
    if (threadIdx.x == 0 && tile + 1 == stream.tile_count && end != stream.pixels)
      stream.verdict->bad = 1;
    stage_chunk(stream, chunk, before + in_tile, {shared.tile.pixels, first});
    __syncthreads();
    const std::int64_t stop = end < stream.pixels ? end : static_cast<std::int64_t>(stream.pixels);
    std::int32_t* const plane = planes + frame * static_cast<std::int64_t>(stream.pixels);
#pragma unroll 4
    for (unsigned round = 0;; ++round) {
      const std::int64_t pixel = std::int64_t{first} + threadIdx.x + round * gpu::tile_threads;
      if (pixel >= stop) break;
      plane[pixel] = rule(shared.tile.pixels.of_round(round), pixel, frame);
    }
    __syncthreads();
  }
}

void clear(void* memory, std::size_t bytes, void* stream) {
  gpu::check(cudaMemsetAsync(memory, 0, bytes, static_cast<cudaStream_t>(stream)),
             "clearing of the chain");
}

}  // namespace

void decode_chained(const gpu::StreamBatch& batch, const gpu::StreamIndex& index,
                    const kernels::PixelRule<std::int32_t>& rule, std::int32_t* planes,
                    void* stream) {
  if (batch.frames == 0 || index.tiles_per_frame == 0) return;
  clear(index.tiles, batch.frames * (index.tiles_per_frame + 1) * sizeof(*index.tiles), stream);
  clear(index.tangled, batch.frames * sizeof(*index.tangled), stream);
  clear(index.verdicts, batch.frames * sizeof(*index.verdicts), stream);
  gpu::launch("chained byte-offset decoding", decode_chain,
              gpu::frame_grid(index.tiles_per_frame, batch.frames), dim3(gpu::tile_threads), stream,
              batch, index, rule, planes);
}

}  // namespace quickbeam::bench
