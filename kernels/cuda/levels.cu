// SPDX-License-Identifier: BSD-3-Clause
// Order statistics of reduced frames by radix selection, one block a frame: a walk over the frame
// counts its pixels and finds the highest bit in which two values differ; each further walk counts
// the next 8 bits of the values that can still be those of a wanted rank.
#include "kernels/levels_cuda.hpp"

#include <algorithm>
#include <cub/block/block_reduce.cuh>
#include <cub/warp/warp_scan.cuh>
#include <limits>
#include <string>

#include <quickbeam/core/error.hpp>

#include "kernels/cuda/launch.cuh"
#include "kernels/ops/measured.hpp"
#include "kernels/ops/order_key.hpp"
#include "kernels/ops/percentile.hpp"

namespace quickbeam::kernels::cuda {
namespace {

constexpr unsigned block_size = 1024;
constexpr unsigned warp_size = 32;
constexpr unsigned digit_bits = 8;
constexpr unsigned digits = 1u << digit_bits;
constexpr unsigned most_ranks = 2 * most_percents;
/// Nearly all photon counts share a digit, so every lane of a warp has a counter of its own while
/// one prefix is searched: no two of its atomics meet in a bank. More prefixes share the memory.
constexpr unsigned counter_words = digits * warp_size;
static_assert(counter_words % (digits * most_ranks) == 0 && block_size >= warp_size * most_ranks);

struct Percents {
  double at[most_percents];
  std::uint32_t count;
};

/// One reduced frame in device memory.
template <class V>
struct Pixels {
  const V* values;
  const std::uint8_t* saturated;
  std::int64_t count;
};

/// Calls f(value, saturated) for all pixels, each on one thread of the block. Loads come before
/// the calls, because counting keeps the compiler from moving them.
template <class V, class F>
__device__ void for_each_pixel(const Pixels<V>& pixels, F&& f) {
  constexpr int at_once = 4;
  for (std::int64_t i = threadIdx.x; i < pixels.count; i += at_once * block_size) {
    V values[at_once];
    std::uint8_t saturated[at_once];
#pragma unroll
    for (int k = 0; k < at_once; ++k) {
      const std::int64_t at = i + k * std::int64_t{block_size};
      if (at >= pixels.count) continue;
      values[k] = pixels.values[at];
      saturated[k] = pixels.saturated[at];
    }
#pragma unroll
    for (int k = 0; k < at_once; ++k)
      if (i + k * std::int64_t{block_size} < pixels.count) f(values[k], saturated[k]);
  }
}

/// What one walk over a frame finds.
template <class V>
struct Totals {
  using Key = OrderKey<V>;
  std::uint32_t measured, masked, saturated;
  V highest;                    ///< of valid, unsaturated pixels, at least 0
  Key lowest_key, highest_key;  ///< of measured pixels

  __device__ static Totals nothing() { return {0, 0, 0, V{0}, static_cast<Key>(~Key{0}), Key{0}}; }
  __device__ void add(V value, std::uint8_t flag) {
    const bool is_masked = shows_masked(value);
    masked += is_masked ? 1 : 0;
    saturated += flag != 0 ? 1 : 0;
    if (!is_masked && flag == 0 && value > highest) highest = value;
    if (!is_measured(value, flag)) return;
    const Key key = order_key(value);
    ++measured;
    lowest_key = key < lowest_key ? key : lowest_key;
    highest_key = key > highest_key ? key : highest_key;
  }
};

struct Merge {
  template <class V>
  __device__ Totals<V> operator()(const Totals<V>& a, const Totals<V>& b) const {
    return {a.measured + b.measured,
            a.masked + b.masked,
            a.saturated + b.saturated,
            a.highest > b.highest ? a.highest : b.highest,
            a.lowest_key < b.lowest_key ? a.lowest_key : b.lowest_key,
            a.highest_key > b.highest_key ? a.highest_key : b.highest_key};
  }
};

/// The wanted ranks while their keys become known from the top. Shared memory.
template <class Key>
struct Search {
  std::uint32_t ranks;                 ///< in use
  std::uint32_t rank[most_ranks];      ///< among the keys that begin with the prefix
  Key prefix[most_ranks];              ///< the known leading bits of the key
  std::uint32_t group_of[most_ranks];  ///< which of the different prefixes
  std::uint32_t groups;
  Key group[most_ranks];                      ///< the different prefixes
  std::uint32_t totals[most_ranks * digits];  ///< keys of each group by their next digit
};

template <class V>
struct Memory {
  using Reduce = cub::BlockReduce<Totals<V>, block_size>;
  using Scan = cub::WarpScan<std::uint32_t>;
  union {
    typename Reduce::TempStorage reduce;
    typename Scan::TempStorage scan[most_ranks];
    std::uint32_t counters[counter_words];
  };
  Totals<V> totals;
  Search<OrderKey<V>> search;
};

/// The totals of the frame, for all threads.
template <class V>
__device__ Totals<V> totals_of(const Pixels<V>& pixels, Memory<V>& memory) {
  Totals<V> mine = Totals<V>::nothing();
  for_each_pixel(pixels, [&](V value, std::uint8_t flag) { mine.add(value, flag); });
  const Totals<V> all = typename Memory<V>::Reduce(memory.reduce).Reduce(mine, Merge{});
  if (threadIdx.x == 0) memory.totals = all;
  __syncthreads();
  return memory.totals;
}

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

template <class V>
__device__ void begin_search(const Percents& percents, const Totals<V>& totals, unsigned width,
                             Search<OrderKey<V>>& search) {
  const unsigned lane = threadIdx.x;
  if (lane >= warp_size) return;
  if (lane == 0) search.ranks = 2 * percents.count;
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

/// Counts the digits `key >> shift` of `bits` bits, group by group, into search.totals.
template <class V>
__device__ void count_digits(const Pixels<V>& pixels, unsigned shift, unsigned bits,
                             Memory<V>& memory) {
  using Key = OrderKey<V>;
  auto& search = memory.search;
  const unsigned groups = search.groups;
  unsigned copies = warp_size;
  while (groups * copies > warp_size && copies > 1) copies /= 2;
  for (unsigned i = threadIdx.x; i < counter_words; i += block_size) memory.counters[i] = 0;
  __syncthreads();
  const unsigned copy = threadIdx.x % copies;
  for_each_pixel(pixels, [&](V value, std::uint8_t flag) {
    if (!is_measured(value, flag)) return;
    const Key key = order_key(value) >> shift;
    const auto digit = static_cast<unsigned>(key) & ((1u << bits) - 1);
    for (unsigned g = 0; g < groups; ++g)
      if (search.group[g] == key >> bits)
        atomicAdd(&memory.counters[(g * digits + digit) * copies + copy], 1u);
  });
  __syncthreads();
  for (unsigned i = threadIdx.x; i < groups * digits; i += block_size) {
    std::uint32_t sum = 0;
    for (unsigned c = 0; c < copies; ++c)  // each lane begins in another bank
      sum += memory.counters[i * copies + (c + i) % copies];
    search.totals[i] = sum;
  }
  __syncthreads();
}

/// Appends the digit in which each rank lies to its prefix. A warp a group, 8 digits a lane.
template <class V>
__device__ void take_digits(unsigned bits, Memory<V>& memory) {
  constexpr unsigned each = digits / warp_size;
  auto& search = memory.search;
  const unsigned group = threadIdx.x / warp_size, lane = threadIdx.x % warp_size;
  if (group >= search.groups) return;
  const std::uint32_t* const totals = search.totals + group * digits + lane * each;
  std::uint32_t sum = 0, before = 0;
  for (unsigned i = 0; i < each; ++i) sum += totals[i];
  typename Memory<V>::Scan(memory.scan[group]).ExclusiveSum(sum, before);
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

/// Leaves the key of every wanted rank in search.prefix. Precondition: a pixel is measured.
template <class V>
__device__ void find_ranks(const Pixels<V>& pixels, const Percents& percents,
                           const Totals<V>& totals, Memory<V>& memory) {
  const auto differ = static_cast<long long>(totals.lowest_key ^ totals.highest_key);
  const auto width = static_cast<unsigned>(64 - __clzll(differ));
  begin_search(percents, totals, width, memory.search);
  __syncthreads();
  for (unsigned left = width; left > 0;) {
    const unsigned bits = left < digit_bits ? left : digit_bits;
    left -= bits;
    count_digits(pixels, left, bits, memory);
    take_digits(bits, memory);
    __syncthreads();
    if (threadIdx.x < warp_size) group_prefixes(memory.search);
    __syncthreads();
  }
}

template <class V>
__global__ void __launch_bounds__(block_size)
    measure_frames(ReducedPlanes in, Percents percents, ReducedFacts* facts) {
  __shared__ Memory<V> memory;
  const std::int64_t count = in.extent.pixels(), first = blockIdx.x * count;
  const Pixels<V> pixels{static_cast<const V*>(in.values) + first, in.saturated + first, count};
  const Totals<V> totals = totals_of(pixels, memory);
  if (totals.measured != 0) find_ranks(pixels, percents, totals, memory);
  ReducedFacts& out = facts[blockIdx.x];
  if (threadIdx.x == 0) {
    out.measured = totals.measured;
    out.masked = totals.masked;
    out.saturated = totals.saturated;
    out.highest = static_cast<double>(totals.highest);
  }
  const unsigned r = threadIdx.x;
  if (r >= most_ranks) return;
  const bool found = totals.measured != 0 && r < 2 * percents.count;
  out.at[r / 2][r % 2] =
      found ? static_cast<double>(value_of_key<V>(memory.search.prefix[r])) : 0.0;
}

Percents checked(const ReducedPlanes& in, std::span<const double> percents) {
  if (percents.size() > most_percents)
    fail({.code = ErrorCode::limit,
          .field = "percentiles",
          .expected = "at most " + std::to_string(most_percents),
          .found = std::to_string(percents.size())});
  if (in.extent.pixels() > std::int64_t{std::numeric_limits<std::uint32_t>::max()})
    fail({.code = ErrorCode::limit,
          .field = "percentiles",
          .expected = "frames of fewer than 2^32 pixels",
          .found = std::to_string(in.extent.pixels())});
  Percents all{{}, static_cast<std::uint32_t>(percents.size())};
  std::copy(percents.begin(), percents.end(), all.at);
  return all;
}

template <class V>
void measure(const ReducedPlanes& in, const Percents& percents, ReducedFacts* facts, void* stream) {
  launch("order statistics", measure_frames<V>, dim3(in.frames), dim3(block_size), stream, in,
         percents, facts);
}

}  // namespace

std::size_t measure_bytes(std::uint32_t) { return 0; }

void measure_reduced(const ReducedPlanes& in, std::span<const double> percents, ReducedFacts* facts,
                     void*, void* stream) {
  const Percents all = checked(in, percents);
  if (in.frames == 0) return;
  switch (in.type) {
    case PixelType::i32:
      return measure<std::int32_t>(in, all, facts, stream);
    case PixelType::i64:
      return measure<std::int64_t>(in, all, facts, stream);
    case PixelType::f32:
      return measure<float>(in, all, facts, stream);
    case PixelType::f64:
      return measure<double>(in, all, facts, stream);
    default:
      fail({.code = ErrorCode::unsupported,
            .field = "percentiles",
            .expected = "values of int32, int64, float32 or float64",
            .found = std::string(name_of(in.type))});
  }
}

}  // namespace quickbeam::kernels::cuda
