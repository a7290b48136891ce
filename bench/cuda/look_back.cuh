// SPDX-License-Identifier: BSD-3-Clause
// The sums before the tiles of a chain, found while the tiles are worked on: decoupled look-back
// (Merrill, Garland: "Single-pass parallel prefix scan with decoupled look-back", NVIDIA
// NVR-2016-002). An experiment of cuda_bench, not of the engine.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/ops/byte_offset_chunk.hpp"

namespace quickbeam::bench {

/// What is known of a tile, in one word that is written at once, so that nothing has to be ordered
/// behind it: a ChunkTotal of less than 2^30 codes, and in two bits of their count which sum it is.
enum class TileSum : std::uint64_t { unknown, of_tile, up_to_tile };

inline constexpr unsigned tile_sum_shift = 30;
inline constexpr std::uint64_t tile_sum_bits = std::uint64_t{3} << tile_sum_shift;

__device__ inline TileSum kind_of(std::uint64_t word) {
  return static_cast<TileSum>((word & tile_sum_bits) >> tile_sum_shift);
}
__device__ inline void tell(std::uint64_t* word, kernels::ops::ChunkTotal total, TileSum kind) {
  *const_cast<volatile std::uint64_t*>(word) =
      (total & ~tile_sum_bits) | static_cast<std::uint64_t>(kind) << tile_sum_shift;
}

/// The sum of all tiles before `tile`, by a whole warp; waits for those that have told nothing yet.
/// `words`: of the tiles, first all unknown. Nobody waits for ever as long as each tile's block
/// runs already when a later tile is begun: take the tiles by a ticket.
__device__ inline kernels::ops::ChunkTotal sum_before(const std::uint64_t* words,
                                                      std::uint64_t tile) {
  constexpr unsigned all_lanes = 0xffffffff, lanes = 32;
  const auto* const told = const_cast<const volatile std::uint64_t*>(words);
  const unsigned lane = threadIdx.x % lanes;
  kernels::ops::ChunkTotal sum = 0;
  for (std::uint64_t end = tile;; end -= lanes) {  // lane 0 looks at the tile before `end`
    std::uint64_t word = static_cast<std::uint64_t>(TileSum::up_to_tile) << tile_sum_shift;
    if (lane < end) do {
        word = told[end - 1 - lane];
      } while (kind_of(word) == TileSum::unknown);
    const unsigned complete = __ballot_sync(all_lanes, kind_of(word) == TileSum::up_to_tile);
    const unsigned last =
        complete == 0 ? lanes - 1 : static_cast<unsigned>(__ffs(static_cast<int>(complete))) - 1;
    std::uint64_t part = lane <= last ? word & ~tile_sum_bits : 0;
    for (int apart = lanes / 2; apart > 0; apart /= 2)
      part += __shfl_xor_sync(all_lanes, part, apart);
    sum += part;
    if (complete != 0) return sum;
  }
}

}  // namespace quickbeam::bench
