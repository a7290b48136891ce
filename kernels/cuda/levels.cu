// SPDX-License-Identifier: BSD-3-Clause
// Order statistics of reduced frames by radix selection, some blocks a frame: a walk over the frame
// counts its pixels and finds the highest bit in which two values differ; each further walk counts
// the next 8 bits of the values that can still be those of a wanted rank. A walk is a launch; what
// it found is put together by the block that is last (CUDA C++ Programming Guide, memory fences).
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

constexpr unsigned block_size = 512;
constexpr unsigned warp_size = 32;
constexpr unsigned digit_bits = 8;
constexpr unsigned digits = 1u << digit_bits;
constexpr unsigned most_ranks = 2 * most_percents;
/// Nearly all photon counts share a digit, so every lane of a warp has a counter of its own while
/// one prefix is searched: no two of its atomics meet in a bank. More prefixes share the memory.
constexpr unsigned counter_words = digits * warp_size;
static_assert(counter_words % (digits * most_ranks) == 0 && block_size >= warp_size * most_ranks);
/// Of a block: some for each thread, so that its counters are worth clearing and adding up.
constexpr std::uint64_t pixels_a_block = 16 * block_size;

struct Percents {
  double at[most_percents];
  std::uint32_t count;
};

/// A block's part of a reduced frame in device memory: pixels `begin` to before `end`.
template <class V>
struct Pixels {
  const V* values;
  const std::uint8_t* saturated;
  std::int64_t begin, end;

  __device__ Pixels(const ReducedPlanes& in, std::uint32_t frame)
      : values(static_cast<const V*>(in.values) + frame * in.extent.pixels()),
        saturated(in.saturated + frame * in.extent.pixels()) {
    const std::int64_t part = (in.extent.pixels() + gridDim.x - 1) / gridDim.x;
    begin = min(blockIdx.x * part, in.extent.pixels());
    end = min(begin + part, in.extent.pixels());
  }
};

/// Calls f(value, saturated) for all pixels, each on one thread of the block. Loads come before
/// the calls, because counting keeps the compiler from moving them.
template <class V, class F>
__device__ void for_each_pixel(const Pixels<V>& pixels, F&& f) {
  constexpr int at_once = 4;
  for (std::int64_t i = pixels.begin + threadIdx.x; i < pixels.end; i += at_once * block_size) {
    V values[at_once];
    std::uint8_t saturated[at_once];
#pragma unroll
    for (int k = 0; k < at_once; ++k) {
      const std::int64_t at = i + k * std::int64_t{block_size};
      if (at >= pixels.end) continue;
      values[k] = pixels.values[at];
      saturated[k] = pixels.saturated[at];
    }
#pragma unroll
    for (int k = 0; k < at_once; ++k)
      if (i + k * std::int64_t{block_size} < pixels.end) f(values[k], saturated[k]);
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

/// What is known of a frame, in scratch memory. All bytes are 0 before the first walk.
template <class V>
struct FrameSearch {
  using Key = OrderKey<V>;
  std::uint32_t measured, masked, saturated;
  std::uint32_t through;  ///< blocks that are through with this walk
  Key highest;            ///< the key of Totals::highest
  Key inverse_lowest, highest_key;
  Search<Key> search;
  std::uint32_t totals[most_ranks * digits];  ///< keys of each group by their next digit
};

/// Keys as atomicMax takes them.
__device__ unsigned* atomic_key(std::uint32_t* key) { return key; }
__device__ unsigned long long* atomic_key(std::uint64_t* key) {
  return reinterpret_cast<unsigned long long*>(key);
}

template <class Key>
__device__ void raise_key(Key* key, Key value) {
  atomicMax(atomic_key(key), *atomic_key(&value));
}

/// Whether all other blocks of the frame are through with this walk: for all threads of a block
/// that has written what it found. The last one sees what all have written, past its own cache.
__device__ bool is_last(std::uint32_t* through) {
  __shared__ bool last;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    last = atomicAdd(through, 1u) == gridDim.x - 1;
    if (last) *through = 0;
    __threadfence();
  }
  __syncthreads();
  return last;
}

/// Adds the totals of the block's part to those of the frame.
template <class V>
__device__ void add_totals(const Pixels<V>& pixels, FrameSearch<V>& frame) {
  using Reduce = cub::BlockReduce<Totals<V>, block_size>;
  __shared__ typename Reduce::TempStorage storage;
  Totals<V> mine = Totals<V>::nothing();
  for_each_pixel(pixels, [&](V value, std::uint8_t flag) { mine.add(value, flag); });
  const Totals<V> all = Reduce(storage).Reduce(mine, Merge{});
  if (threadIdx.x != 0) return;
  atomicAdd(&frame.measured, all.measured);
  atomicAdd(&frame.masked, all.masked);
  atomicAdd(&frame.saturated, all.saturated);
  raise_key(&frame.highest, order_key(all.highest));
  raise_key(&frame.inverse_lowest, static_cast<OrderKey<V>>(~all.lowest_key));
  raise_key(&frame.highest_key, all.highest_key);
}

template <class V>
__device__ Totals<V> totals_of(const FrameSearch<V>& frame) {
  return {__ldcg(&frame.measured),
          __ldcg(&frame.masked),
          __ldcg(&frame.saturated),
          value_of_key<V>(__ldcg(&frame.highest)),
          static_cast<OrderKey<V>>(~__ldcg(&frame.inverse_lowest)),
          __ldcg(&frame.highest_key)};
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

template <class V>
__device__ void write_ranks(const Search<OrderKey<V>>& search, ReducedFacts& out) {
  const unsigned r = threadIdx.x;
  if (r < search.ranks)
    out.at[r / 2][r % 2] = static_cast<double>(value_of_key<V>(search.prefix[r]));
}

template <class V>
__device__ void write_totals(const Totals<V>& totals, ReducedFacts& out) {
  if (threadIdx.x < most_ranks) out.at[threadIdx.x / 2][threadIdx.x % 2] = 0;
  if (threadIdx.x != 0) return;
  out.measured = totals.measured;
  out.masked = totals.masked;
  out.saturated = totals.saturated;
  out.highest = static_cast<double>(totals.highest);
}

/// All searches as they begin: words of 0.
__global__ void __launch_bounds__(block_size) clear(std::uint32_t* words, std::size_t count) {
  const std::size_t at = std::size_t{blockIdx.x} * block_size + threadIdx.x;
  if (at < count) words[at] = 0;
}

/// The first walk: all but the ranks, and where their search begins.
template <class V>
__global__ void __launch_bounds__(block_size)
    measure_frames(ReducedPlanes in, Percents percents, FrameSearch<V>* searches,
                   ReducedFacts* facts) {
  for (std::uint32_t number = blockIdx.y; number < in.frames; number += gridDim.y) {
    FrameSearch<V>& frame = searches[number];
    add_totals(Pixels<V>(in, number), frame);
    if (is_last(&frame.through) && threadIdx.x < warp_size) {
      const Totals<V> totals = totals_of(frame);
      write_totals(totals, facts[number]);
      __syncwarp();
      if (totals.measured != 0) {
        begin_search(percents, totals, frame.search);
        __syncwarp();
        if (frame.search.left == 0) write_ranks<V>(frame.search, facts[number]);
      }
    }
    __syncthreads();
  }
}

/// Shared memory of a walk that counts digits.
template <class V>
struct DigitMemory {
  using Scan = cub::WarpScan<std::uint32_t>;
  union {
    typename Scan::TempStorage scan[most_ranks];
    std::uint32_t counters[counter_words];
  };
  OrderKey<V> group[most_ranks];
  std::uint32_t totals[most_ranks * digits];
};

/// Adds the digits `key >> shift` of `bits` bits of the block's part, group by group, to those of
/// the frame.
template <class V>
__device__ void count_digits(const Pixels<V>& pixels, unsigned shift, unsigned bits,
                             FrameSearch<V>& frame, DigitMemory<V>& memory) {
  using Key = OrderKey<V>;
  const unsigned groups = frame.search.groups;
  unsigned copies = warp_size;
  while (groups * copies > warp_size && copies > 1) copies /= 2;
  for (unsigned i = threadIdx.x; i < groups * digits * copies; i += block_size)
    memory.counters[i] = 0;
  if (threadIdx.x < groups) memory.group[threadIdx.x] = frame.search.group[threadIdx.x];
  __syncthreads();
  const unsigned copy = threadIdx.x % copies;
  for_each_pixel(pixels, [&](V value, std::uint8_t flag) {
    if (!is_measured(value, flag)) return;
    const Key key = order_key(value) >> shift;
    const auto digit = static_cast<unsigned>(key) & ((1u << bits) - 1);
    for (unsigned g = 0; g < groups; ++g)
      if (memory.group[g] == key >> bits)
        atomicAdd(&memory.counters[(g * digits + digit) * copies + copy], 1u);
  });
  __syncthreads();
  for (unsigned i = threadIdx.x; i < groups * digits; i += block_size) {
    std::uint32_t sum = 0;
    for (unsigned c = 0; c < copies; ++c)  // each lane begins in another bank
      sum += memory.counters[i * copies + (c + i) % copies];
    if (sum != 0) atomicAdd(&frame.totals[i], sum);
  }
}

/// Appends the digit in which each rank lies to its prefix. A warp a group, 8 digits a lane.
template <class V>
__device__ void take_digits(unsigned bits, Search<OrderKey<V>>& search, DigitMemory<V>& memory) {
  constexpr unsigned each = digits / warp_size;
  const unsigned group = threadIdx.x / warp_size, lane = threadIdx.x % warp_size;
  if (group >= search.groups) return;
  const std::uint32_t* const totals = memory.totals + group * digits + lane * each;
  std::uint32_t sum = 0, before = 0;
  for (unsigned i = 0; i < each; ++i) sum += totals[i];
  typename DigitMemory<V>::Scan(memory.scan[group]).ExclusiveSum(sum, before);
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

/// For the last block of a frame: puts the next digit of every rank in place, clears the totals.
template <class V>
__device__ void finish_digits(unsigned bits, FrameSearch<V>& frame, DigitMemory<V>& memory,
                              ReducedFacts& out) {
  auto& search = frame.search;
  for (unsigned i = threadIdx.x; i < search.groups * digits; i += block_size) {
    memory.totals[i] = __ldcg(&frame.totals[i]);
    frame.totals[i] = 0;
  }
  __syncthreads();
  take_digits(bits, search, memory);
  __syncthreads();
  if (threadIdx.x >= warp_size) return;
  group_prefixes(search);
  if (threadIdx.x == 0) search.left -= bits;
  __syncwarp();
  if (search.left == 0) write_ranks<V>(search, out);
}

/// A further walk; nothing where all is known.
template <class V>
__global__ void __launch_bounds__(block_size)
    count_next_digits(ReducedPlanes in, FrameSearch<V>* searches, ReducedFacts* facts) {
  __shared__ DigitMemory<V> memory;
  for (std::uint32_t number = blockIdx.y; number < in.frames; number += gridDim.y) {
    FrameSearch<V>& frame = searches[number];
    const unsigned left = frame.search.left, bits = frame.search.next_bits();
    if (left == 0) continue;
    count_digits(Pixels<V>(in, number), left - bits, bits, frame, memory);
    if (is_last(&frame.through)) finish_digits(bits, frame, memory, facts[number]);
    __syncthreads();
  }
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
void measure(const ReducedPlanes& in, const Percents& percents, ReducedFacts* facts, void* scratch,
             void* stream) {
  auto* const searches = static_cast<FrameSearch<V>*>(scratch);
  const std::size_t words = in.frames * (sizeof(FrameSearch<V>) / sizeof(std::uint32_t));
  launch("order statistics", clear, dim3(blocks_for(words, block_size)), dim3(block_size), stream,
         static_cast<std::uint32_t*>(scratch), words);
  const auto pixels = static_cast<std::uint64_t>(in.extent.pixels());
  const dim3 grid = frame_grid(std::max(1u, blocks_for(pixels, pixels_a_block)), in.frames);
  launch("order statistics", measure_frames<V>, grid, dim3(block_size), stream, in, percents,
         searches, facts);
  if (percents.count == 0) return;
  for (unsigned bits = 0; bits < 8 * sizeof(V); bits += digit_bits)
    launch("order statistics, by digits", count_next_digits<V>, grid, dim3(block_size), stream, in,
           searches, facts);
}

}  // namespace

std::size_t measure_bytes(std::uint32_t frames) { return frames * sizeof(FrameSearch<double>); }

void measure_reduced(const ReducedPlanes& in, std::span<const double> percents, ReducedFacts* facts,
                     void* scratch, void* stream) {
  const Percents all = checked(in, percents);
  if (in.frames == 0) return;
  switch (in.type) {
    case PixelType::i32:
      return measure<std::int32_t>(in, all, facts, scratch, stream);
    case PixelType::i64:
      return measure<std::int64_t>(in, all, facts, scratch, stream);
    case PixelType::f32:
      return measure<float>(in, all, facts, scratch, stream);
    case PixelType::f64:
      return measure<double>(in, all, facts, scratch, stream);
    default:
      fail({.code = ErrorCode::unsupported,
            .field = "percentiles",
            .expected = "values of int32, int64, float32 or float64",
            .found = std::string(name_of(in.type))});
  }
}

}  // namespace quickbeam::kernels::cuda
