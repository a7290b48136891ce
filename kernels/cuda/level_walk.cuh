// SPDX-License-Identifier: BSD-3-Clause
// A walk of some blocks over a reduced frame: each takes a part of its pixels, and the block that
// is last puts together what all found (CUDA C++ Programming Guide, memory fences).
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/bin_cuda.hpp"
#include "kernels/ops/measured.hpp"
#include "kernels/ops/order_key.hpp"

namespace quickbeam::kernels::cuda {

inline constexpr unsigned walk_threads = 512;  ///< of a block
/// Of a block: some for each thread, so that its counters are worth clearing and adding up.
inline constexpr std::uint64_t walk_pixels = 16 * walk_threads;

/// A block's part of a reduced frame in device memory: pixels `begin` to before `end`.
template <class V>
struct FramePart {
  const V* values;
  const std::uint8_t* saturated;
  std::int64_t begin, end;

  __device__ FramePart(const ReducedPlanes& in, std::uint32_t frame)
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
__device__ void for_each_pixel(const FramePart<V>& pixels, F&& f) {
  constexpr int at_once = 4;
  for (std::int64_t i = pixels.begin + threadIdx.x; i < pixels.end; i += at_once * walk_threads) {
    V values[at_once];
    std::uint8_t saturated[at_once];
#pragma unroll
    for (int k = 0; k < at_once; ++k) {
      const std::int64_t at = i + k * std::int64_t{walk_threads};
      if (at >= pixels.end) continue;
      values[k] = pixels.values[at];
      saturated[k] = pixels.saturated[at];
    }
#pragma unroll
    for (int k = 0; k < at_once; ++k)
      if (i + k * std::int64_t{walk_threads} < pixels.end) f(values[k], saturated[k]);
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

/// Whether all other blocks of the frame are through with this walk: for all threads of a block
/// that has written what it found. The last one sees what all have written, past its own cache.
__device__ inline bool is_last(std::uint32_t* through) {
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

}  // namespace quickbeam::kernels::cuda
