// SPDX-License-Identifier: BSD-3-Clause
// Order statistics of reduced frames by radix selection, some blocks a frame: a walk over the frame
// counts its pixels and finds the highest bit in which two values differ; each further walk counts
// the next 8 bits of the values that can still be those of a wanted rank. A walk is a launch.
#include "kernels/levels_cuda.hpp"

#include <algorithm>
#include <cub/block/block_reduce.cuh>
#include <limits>
#include <string>

#include <quickbeam/core/error.hpp>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/level_search.cuh"
#include "kernels/cuda/level_walk.cuh"

namespace quickbeam::kernels::cuda {
namespace {

/// Blocks on a multiprocessor: with more, registers are spilled.
constexpr unsigned walk_blocks = 2;
/// Nearly all photon counts share a digit, so every lane of a warp has a counter of its own while
/// one prefix is searched: no two of its atomics meet in a bank. More prefixes share the memory.
constexpr unsigned counter_words = digits * warp_size;
static_assert(counter_words % (digits * most_ranks) == 0);

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

/// Adds the totals of the block's part to those of the frame.
template <class V>
__device__ void add_totals(const FramePart<V>& pixels, FrameSearch<V>& frame) {
  using Reduce = cub::BlockReduce<Totals<V>, walk_threads>;
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
__global__ void __launch_bounds__(walk_threads) clear(std::uint32_t* words, std::size_t count) {
  const std::size_t at = std::size_t{blockIdx.x} * walk_threads + threadIdx.x;
  if (at < count) words[at] = 0;
}

/// The first walk: all but the ranks, and where their search begins.
template <class V>
__global__ void __launch_bounds__(walk_threads, walk_blocks)
    measure_frames(ReducedPlanes in, Percents percents, FrameSearch<V>* searches,
                   ReducedFacts* facts) {
  for (std::uint32_t number = blockIdx.y; number < in.frames; number += gridDim.y) {
    FrameSearch<V>& frame = searches[number];
    add_totals(FramePart<V>(in, number), frame);
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
__device__ void count_digits(const FramePart<V>& pixels, unsigned shift, unsigned bits,
                             FrameSearch<V>& frame, DigitMemory<V>& memory) {
  using Key = OrderKey<V>;
  const unsigned groups = frame.search.groups;
  unsigned copies = warp_size;
  while (groups * copies > warp_size && copies > 1) copies /= 2;
  for (unsigned i = threadIdx.x; i < groups * digits * copies; i += walk_threads)
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
  for (unsigned i = threadIdx.x; i < groups * digits; i += walk_threads) {
    std::uint32_t sum = 0;
    for (unsigned c = 0; c < copies; ++c)  // each lane begins in another bank
      sum += memory.counters[i * copies + (c + i) % copies];
    if (sum != 0) atomicAdd(&frame.totals[i], sum);
  }
}

/// For the last block of a frame: puts the next digit of every rank in place, clears the totals.
template <class V>
__device__ void finish_digits(unsigned bits, FrameSearch<V>& frame, DigitMemory<V>& memory,
                              ReducedFacts& out) {
  auto& search = frame.search;
  for (unsigned i = threadIdx.x; i < search.groups * digits; i += walk_threads) {
    memory.totals[i] = __ldcg(&frame.totals[i]);
    frame.totals[i] = 0;
  }
  __syncthreads();
  take_digits(bits, memory.totals, memory.scan, search);
  __syncthreads();
  if (threadIdx.x >= warp_size) return;
  group_prefixes(search);
  if (threadIdx.x == 0) search.left -= bits;
  __syncwarp();
  if (search.left == 0) write_ranks<V>(search, out);
}

/// A further walk; nothing where all is known.
template <class V>
__global__ void __launch_bounds__(walk_threads, walk_blocks)
    count_next_digits(ReducedPlanes in, FrameSearch<V>* searches, ReducedFacts* facts) {
  __shared__ DigitMemory<V> memory;
  for (std::uint32_t number = blockIdx.y; number < in.frames; number += gridDim.y) {
    FrameSearch<V>& frame = searches[number];
    const unsigned left = frame.search.left, bits = frame.search.next_bits();
    if (left == 0) continue;
    count_digits(FramePart<V>(in, number), left - bits, bits, frame, memory);
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
  launch("order statistics", clear, dim3(blocks_for(words, walk_threads)), dim3(walk_threads),
         stream, static_cast<std::uint32_t*>(scratch), words);
  const auto pixels = static_cast<std::uint64_t>(in.extent.pixels());
  const dim3 grid = frame_grid(std::max(1u, blocks_for(pixels, walk_pixels)), in.frames);
  launch("order statistics", measure_frames<V>, grid, dim3(walk_threads), stream, in, percents,
         searches, facts);
  if (percents.count == 0) return;
  for (unsigned bits = 0; bits < 8 * sizeof(V); bits += digit_bits)
    launch("order statistics, by digits", count_next_digits<V>, grid, dim3(walk_threads), stream,
           in, searches, facts);
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
