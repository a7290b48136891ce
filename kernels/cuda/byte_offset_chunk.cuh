// SPDX-License-Identifier: BSD-3-Clause
// One thread's share of a byte-offset stream: 16 bytes in registers, and what is known of them
// before any pixel is decoded.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/byte_offset_cuda.hpp"
#include "kernels/ops/byte_offset_chunk.hpp"

namespace quickbeam::kernels::cuda {

// The shape of every kernel over streams: a block takes a tile, a thread one chunk of it.
inline constexpr unsigned tile_threads = 256;
inline constexpr unsigned tile_bytes = tile_threads * ops::chunk_bytes;
/// A code has at least one byte.
inline constexpr unsigned most_tile_pixels = tile_bytes;

/// How far a thread walks back for its entry before the frame is called tangled. Sparse escapes
/// resolve within tens of bytes; where they do not, a scan over functions costs less than each
/// thread walking on.
inline constexpr std::uint64_t walk_bound = 256;

/// One stream of a batch and its part of the index.
struct StreamView {
  const std::uint8_t* data;
  std::uint64_t size;
  std::uint64_t pixels;    ///< wanted
  ops::ChunkTotal* tiles;  ///< totals before each tile
  std::uint64_t* chains;   ///< transition of each tile, then its entry
  std::uint8_t* entries;   ///< of each chunk, where tangled
  std::uint32_t* tangled;  ///< not 0: `entries` is needed
  StreamVerdict* verdict;
  std::uint64_t tile_count;  ///< of the longest stream: this one may end before
};

__device__ inline StreamView stream_of(const StreamBatch& batch, const StreamIndex& index,
                                       std::uint32_t frame) {
  const std::uint64_t at = frame, tiles = index.tiles_per_frame;
  return {batch.data[at],
          batch.size[at],
          static_cast<std::uint64_t>(batch.extent.pixels()),
          index.tiles + at * (tiles + 1),
          index.chains + at * tiles,
          index.entries + at * index.chunks_per_frame,
          index.tangled + at,
          index.verdicts + at,
          tiles};
}

/// 16 bytes of a stream; those behind its end as 0.
struct Chunk {
  std::uint32_t word[4];
  ops::ChunkCodes codes;  ///< from its entry on; none behind the end
  unsigned bytes;         ///< those inside the stream
  bool clean;             ///< no 0x80 in it, entered at 0: a pixel a byte

  __device__ std::uint64_t low() const { return word[0] | std::uint64_t{word[1]} << 32; }
  __device__ std::uint64_t high() const { return word[2] | std::uint64_t{word[3]} << 32; }
  __device__ bool resolved() const { return codes.position != ops::unresolved_entry; }
};

/// The 16 bytes at `at`, of which `inside` are inside the stream. The padding makes the load of a
/// last, partial chunk whole.
__device__ inline void load_words(const std::uint8_t* at, unsigned inside,
                                  std::uint32_t (&word)[4]) {
  const uint4 loaded = *reinterpret_cast<const uint4*>(at);
  word[0] = loaded.x, word[1] = loaded.y, word[2] = loaded.z, word[3] = loaded.w;
  if (inside >= ops::chunk_bytes) return;
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned left = inside > 4 * i ? inside - 4 * i : 0;
    if (left < 4) word[i] &= (1u << (8 * left)) - 1;
  }
}

/// Chunk `index` of the stream, whatever its entry: codes.position is still 0. Not clean when the
/// entry must be asked for.
__device__ inline Chunk load_chunk(const StreamView& stream, std::uint64_t index) {
  const std::uint64_t at = index * ops::chunk_bytes;
  Chunk chunk{};
  chunk.clean = true;
  if (at >= stream.size) return chunk;
  chunk.codes = {stream.data + at, stream.size - at, 0};
  const bool whole = chunk.codes.available >= ops::chunk_bytes;
  chunk.bytes = whole ? ops::chunk_bytes : static_cast<unsigned>(chunk.codes.available);
  load_words(chunk.codes.chunk, chunk.bytes, chunk.word);
  uint2 before{0, 0};
  if (at != 0) before = *reinterpret_cast<const uint2*>(chunk.codes.chunk - ops::clean_run);
  std::uint32_t escapes = ops::escape_bits(before.x) | ops::escape_bits(before.y);
#pragma unroll
  for (const std::uint32_t word : chunk.word) escapes |= ops::escape_bits(word);
  chunk.clean = escapes == 0;
  return chunk;
}

/// The same with the first code of the chunk found, in an indexed stream.
__device__ inline Chunk load_entered_chunk(const StreamView& stream, std::uint64_t index) {
  Chunk chunk = load_chunk(stream, index);
  if (!chunk.clean)
    chunk.codes.position = *stream.tangled != 0
                               ? stream.entries[index]
                               : ops::entry_by_walk_back(stream.data, stream.size,
                                                         index * ops::chunk_bytes, walk_bound);
  return chunk;
}

/// Codes and deltas of a chunk whose entry is known.
__device__ inline ops::ChunkTotal total_of(const Chunk& chunk) {
  if (!chunk.clean) return ops::total_of(chunk.codes);
  int sum = 0;
  for (const std::uint32_t word : chunk.word) sum = __dp4a(static_cast<int>(word), 0x01010101, sum);
  return ops::pack_total(sum, chunk.bytes);
}

}  // namespace quickbeam::kernels::cuda
