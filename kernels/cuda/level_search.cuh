// SPDX-License-Identifier: BSD-3-Clause
// The search for the values of some ranks of a frame, by the digits of their keys from the top on.
#pragma once

#include <cub/warp/warp_scan.cuh>

#include <cstdint>

#include "kernels/cuda/level_walk.cuh"
#include "kernels/cuda/warp_fold.cuh"
#include "kernels/levels_cuda.hpp"
#include "kernels/ops/percentile.hpp"

namespace quickbeam::kernels::cuda {

inline constexpr unsigned digit_bits = 8;
inline constexpr unsigned digits = 1u << digit_bits;
inline constexpr unsigned most_ranks = 2 * most_percents;
static_assert(walk_threads >= warp_size * most_ranks);

struct Percents {
  double at[most_percents];
  std::uint32_t count;
};

/// The wanted ranks while their keys become known from the top.
template <class Key>
struct Search {
  std::uint32_t ranks;                 ///< in use
  std::uint32_t left;                  ///< bits of the keys that are not known
  std::uint32_t rank[most_ranks];      ///< among the keys that begin with the prefix
  Key prefix[most_ranks];              ///< the known leading bits of the key
  std::uint32_t group_of[most_ranks];  ///< which of the different prefixes
  std::uint32_t groups;
  Key group[most_ranks];  ///< the different prefixes

  __device__ unsigned next_bits() const { return left < digit_bits ? left : digit_bits; }
};

/// Numbers the different prefixes. For the first warp, all of it.
template <class Key>
__device__ void group_prefixes(Search<Key>& search) {
  const unsigned lane = threadIdx.x;
  const bool in_use = lane < search.ranks;
  unsigned leader = lane;  // the first rank with this prefix
  if (in_use)
    for (unsigned earlier = lane; earlier-- > 0;)
      if (search.prefix[earlier] == search.prefix[lane]) leader = earlier;
  const unsigned leaders = __ballot_sync(~0u, in_use && leader == lane);
  if (lane == 0) search.groups = static_cast<std::uint32_t>(__popc(leaders));
  if (!in_use) return;
  const auto group = static_cast<std::uint32_t>(__popc(leaders & ((1u << leader) - 1)));
  search.group_of[lane] = group;
  if (leader == lane) search.group[group] = search.prefix[lane];
}

/// For the first warp, all of it.
template <class V>
__device__ void begin_search(const Percents& percents, const Totals<V>& totals,
                             Search<OrderKey<V>>& search) {
  const auto differ = static_cast<long long>(totals.lowest_key ^ totals.highest_key);
  const auto width = static_cast<unsigned>(64 - __clzll(differ));
  const unsigned lane = threadIdx.x;
  if (lane == 0) {
    search.ranks = 2 * percents.count;
    search.left = width;
  }
  if (lane < 2 * percents.count) {
    const auto position = percentile_position(percents.at[lane / 2], totals.measured);
    const std::uint64_t rank =
        lane % 2 == 0 ? position.index : next_rank(position.index, totals.measured);
    search.rank[lane] = static_cast<std::uint32_t>(rank);
    // In two shifts: one by all bits of a word is undefined.
    search.prefix[lane] = width == 0 ? totals.lowest_key : (totals.lowest_key >> (width - 1)) >> 1;
  }
  __syncwarp();
  group_prefixes(search);
}

/// Appends the digit in which each rank lies to its prefix. A warp a group, 8 digits a lane.
/// counts: of the keys of each group, by digit.
template <class Key>
__device__ void take_digits(unsigned bits, const std::uint32_t* counts,
                            cub::WarpScan<std::uint32_t>::TempStorage (&storage)[most_ranks],
                            Search<Key>& search) {
  constexpr unsigned each = digits / warp_size;
  const unsigned group = threadIdx.x / warp_size, lane = threadIdx.x % warp_size;
  if (group >= search.groups) return;
  const std::uint32_t* const totals = counts + group * digits + lane * each;
  std::uint32_t sum = 0, before = 0;
  for (unsigned i = 0; i < each; ++i) sum += totals[i];
  cub::WarpScan<std::uint32_t>(storage[group]).ExclusiveSum(sum, before);
  for (unsigned r = 0; r < search.ranks; ++r) {
    if (search.group_of[r] != group) continue;
    std::uint32_t rank = search.rank[r];
    __syncwarp();  // read by all lanes before one of them changes it
    if (rank < before || rank - before >= sum) continue;
    rank -= before;
    unsigned digit = 0;
    while (rank >= totals[digit]) rank -= totals[digit++];
    search.rank[r] = rank;
    search.prefix[r] = search.prefix[r] << bits | (lane * each + digit);
  }
}

}  // namespace quickbeam::kernels::cuda
