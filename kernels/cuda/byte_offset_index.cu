// SPDX-License-Identifier: BSD-3-Clause
// Where every tile of every byte-offset stream begins. Most frames take two passes: totals of
// tiles, then their scan. A frame where some entry is too far from a clean run to walk back to is
// tangled; it takes three more, which scan the chunks as functions (docs/decisions/0017).
#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>

#include <algorithm>
#include <string>

#include "kernels/byte_offset_cuda.hpp"
#include "kernels/cuda/byte_offset_chunk.cuh"
#include "kernels/cuda/byte_offset_launch.cuh"

namespace quickbeam::kernels::cuda {
namespace {

/// Threads of the blocks that scan over the tiles of a frame.
constexpr unsigned scan_threads = 512;
/// Blocks a frame of the kernels that only tangled frames need: nearly all of them return at once.
constexpr std::uint64_t tangled_blocks = 64;

using TotalReduce = cub::BlockReduce<ops::ChunkTotal, tile_threads>;
using TotalScan = cub::BlockScan<ops::ChunkTotal, scan_threads>;
using TransitionReduce = cub::BlockReduce<ops::ChunkTransition, tile_threads>;
using TransitionScan = cub::BlockScan<ops::ChunkTransition, tile_threads>;
using ChainScan = cub::BlockScan<ops::ChunkTransition, scan_threads>;

__global__ void __launch_bounds__(tile_threads) reset_frames(StreamIndex index, unsigned frames) {
  const unsigned frame = blockIdx.x * tile_threads + threadIdx.x;
  if (frame >= frames) return;
  index.tangled[frame] = 0;
  index.verdicts[frame] = {no_pixel, 0};
}

/// The total of a chunk whose entry is known. A code that the end cuts makes the frame bad, even
/// when there are as many before it as there are pixels.
__device__ ops::ChunkTotal checked_total(const StreamView& stream, const Chunk& chunk) {
  if (chunk.clean) return total_of(chunk);
  ops::ChunkTotal total = 0;
  ops::ChunkCodes codes = chunk.codes;
  for (ops::Code code{}; codes.next(code);) total += ops::pack_total(code.delta, 1);
  if (codes.cut()) atomicOr(&stream.verdict->bad, 1u);
  return total;
}

/// The same where it may be too far to walk back to; the frame is tangled then.
__device__ ops::ChunkTotal walked_total(const StreamView& stream, std::uint64_t index) {
  Chunk chunk = load_chunk(stream, index);
  if (!chunk.clean)
    chunk.codes.position =
        ops::entry_by_walk_back(stream.data, stream.size, index * ops::chunk_bytes, walk_bound);
  if (chunk.codes.position != ops::unresolved_entry) return checked_total(stream, chunk);
  atomicOr(stream.tangled, 1u);
  return 0;
}

__global__ void __launch_bounds__(tile_threads) sum_tiles(StreamBatch batch, StreamIndex index) {
  __shared__ TotalReduce::TempStorage storage;
  const std::uint64_t tile = blockIdx.x;
  for (std::uint32_t frame = blockIdx.y; frame < batch.frames; frame += gridDim.y) {
    const StreamView stream = stream_of(batch, index, frame);
    const ops::ChunkTotal total =
        TotalReduce(storage).Sum(walked_total(stream, tile * tile_threads + threadIdx.x));
    if (threadIdx.x == 0) stream.tiles[tile] = total;
    __syncthreads();
  }
}

/// What the chunk does to a decoder that enters it.
__device__ ops::ChunkTransition transition_of(const Chunk& chunk) {
  if (!ops::has_escape(chunk.high())) return {};  // the common case of ops::transition_of
  ops::ChunkWindow window{{chunk.low(), chunk.high(), 0}};
  if (chunk.codes.available > ops::chunk_bytes)
    window.word[2] = ops::load_padded(chunk.codes.chunk + ops::chunk_bytes,
                                      chunk.codes.available - ops::chunk_bytes);
  return ops::transition_of(window);
}

/// chains[tile] = what the tile does to a decoder that enters it.
__global__ void __launch_bounds__(tile_threads) chain_tiles(StreamBatch batch, StreamIndex index) {
  __shared__ TransitionReduce::TempStorage storage;
  for (std::uint32_t frame = blockIdx.y; frame < batch.frames; frame += gridDim.y) {
    const StreamView stream = stream_of(batch, index, frame);
    if (*stream.tangled == 0) continue;
    for (std::uint64_t tile = blockIdx.x; tile < stream.tile_count; tile += gridDim.x) {
      const Chunk chunk = load_chunk(stream, tile * tile_threads + threadIdx.x);
      const ops::ChunkTransition chain =
          TransitionReduce(storage).Reduce(transition_of(chunk), ops::ComposeTransitions());
      if (threadIdx.x == 0) stream.chains[tile] = chain.exits;
      __syncthreads();
    }
  }
}

/// chains[tile] = the entry of the tile. One block a frame.
__global__ void __launch_bounds__(scan_threads) link_tiles(StreamBatch batch, StreamIndex index) {
  __shared__ ChainScan::TempStorage storage;
  const StreamView stream = stream_of(batch, index, blockIdx.x);
  if (*stream.tangled == 0) return;
  unsigned entry = 0;  // of the first tile that this round looks at
  for (std::uint64_t first = 0; first < stream.tile_count; first += scan_threads) {
    const std::uint64_t tile = first + threadIdx.x;
    ops::ChunkTransition chain = ops::identity_transition, before, all;
    if (tile < stream.tile_count) chain.exits = stream.chains[tile];
    ChainScan(storage).ExclusiveScan(chain, before, ops::identity_transition,
                                     ops::ComposeTransitions(), all);
    if (tile < stream.tile_count) stream.chains[tile] = before(entry);
    entry = all(entry);
    __syncthreads();
  }
}

/// The entries of all chunks of tangled frames, and the totals of their tiles.
__global__ void __launch_bounds__(tile_threads) enter_chunks(StreamBatch batch, StreamIndex index) {
  __shared__ TransitionScan::TempStorage scan_storage;
  __shared__ TotalReduce::TempStorage total_storage;
  for (std::uint32_t frame = blockIdx.y; frame < batch.frames; frame += gridDim.y) {
    const StreamView stream = stream_of(batch, index, frame);
    if (*stream.tangled == 0) continue;
    for (std::uint64_t tile = blockIdx.x; tile < stream.tile_count; tile += gridDim.x) {
      const std::uint64_t at = tile * tile_threads + threadIdx.x;
      Chunk chunk = load_chunk(stream, at);
      ops::ChunkTransition before;
      TransitionScan(scan_storage)
          .ExclusiveScan(transition_of(chunk), before, ops::identity_transition,
                         ops::ComposeTransitions());
      chunk.codes.position = before(static_cast<unsigned>(stream.chains[tile]));
      stream.entries[at] = static_cast<std::uint8_t>(chunk.codes.position);
      const ops::ChunkTotal total = TotalReduce(total_storage).Sum(checked_total(stream, chunk));
      if (threadIdx.x == 0) stream.tiles[tile] = total;
      __syncthreads();
    }
  }
}

/// tiles[tile] = the total before it, and of all behind the last. One block a frame.
__global__ void __launch_bounds__(scan_threads) scan_tiles(StreamBatch batch, StreamIndex index) {
  __shared__ TotalScan::TempStorage storage;
  const StreamView stream = stream_of(batch, index, blockIdx.x);
  ops::ChunkTotal sum = 0;
  for (std::uint64_t first = 0; first < stream.tile_count; first += scan_threads) {
    const std::uint64_t tile = first + threadIdx.x;
    ops::ChunkTotal total = 0, before, all;
    if (tile < stream.tile_count) total = stream.tiles[tile];
    TotalScan(storage).ExclusiveSum(total, before, all);
    if (tile < stream.tile_count) stream.tiles[tile] = sum + before;
    sum += all;
    __syncthreads();
  }
  if (threadIdx.x != 0) return;
  stream.tiles[stream.tile_count] = sum;
  if (ops::count_of(sum) != stream.pixels) stream.verdict->bad = 1;
}

/// Parts of one piece of memory, each aligned to 16 bytes.
class Carver {
 public:
  explicit Carver(void* memory) : memory_(static_cast<std::uint8_t*>(memory)) {}

  template <class T>
  T* take(std::uint64_t count) {
    const std::size_t at = used_;
    used_ += (count * sizeof(T) + stream_alignment - 1) / stream_alignment * stream_alignment;
    return memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + at);
  }
  std::size_t used() const { return used_; }

 private:
  std::uint8_t* memory_;
  std::size_t used_ = 0;
};

StreamIndex carve(Carver& memory, std::uint64_t frames, std::uint64_t longest) {
  StreamIndex index;
  index.tiles_per_frame = (longest + tile_bytes - 1) / tile_bytes;
  index.chunks_per_frame = index.tiles_per_frame * tile_threads;
  index.tiles = memory.take<std::uint64_t>(frames * (index.tiles_per_frame + 1));
  index.chains = memory.take<std::uint64_t>(frames * index.tiles_per_frame);
  index.entries = memory.take<std::uint8_t>(frames * index.chunks_per_frame);
  index.tangled = memory.take<std::uint32_t>(frames);
  index.verdicts = memory.take<StreamVerdict>(frames);
  return index;
}

void check_size(const StreamBatch& batch) {
  constexpr std::uint64_t largest = 0xffffffff;  // so that no count of codes wraps
  if (batch.longest <= largest) return;
  fail({.code = ErrorCode::limit,
        .format = "CUDA",
        .field = "size of a byte-offset stream",
        .expected = "at most " + std::to_string(largest) + " bytes",
        .found = std::to_string(batch.longest)});
}

}  // namespace

std::size_t stream_index_bytes(std::uint32_t frames, std::uint64_t longest) {
  Carver nowhere(nullptr);
  carve(nowhere, frames, longest);
  return nowhere.used();
}

StreamIndex stream_index(void* memory, std::uint32_t frames, std::uint64_t longest) {
  Carver carver(memory);
  return carve(carver, frames, longest);
}

void index_streams(const StreamBatch& batch, const StreamIndex& index, void* stream) {
  check_size(batch);
  if (batch.frames == 0) return;
  const dim3 frames(batch.frames), tile_block(tile_threads), scan_block(scan_threads);
  launch("reset of byte-offset frames", reset_frames, dim3(blocks_for(batch.frames, tile_threads)),
         tile_block, stream, index, batch.frames);
  if (index.tiles_per_frame > 0) {
    const dim3 all = frame_grid(index.tiles_per_frame, batch.frames);
    const dim3 few = frame_grid(std::min(index.tiles_per_frame, tangled_blocks), batch.frames);
    launch("byte-offset totals", sum_tiles, all, tile_block, stream, batch, index);
    launch("byte-offset chains", chain_tiles, few, tile_block, stream, batch, index);
    launch("byte-offset links", link_tiles, frames, scan_block, stream, batch, index);
    launch("byte-offset entries", enter_chunks, few, tile_block, stream, batch, index);
  }
  launch("byte-offset scan", scan_tiles, frames, scan_block, stream, batch, index);
}

}  // namespace quickbeam::kernels::cuda
