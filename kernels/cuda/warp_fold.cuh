// SPDX-License-Identifier: BSD-3-Clause
// Values of the lanes of a warp folded, one or several of each lane at once.
#pragma once

#include <cuda_runtime.h>

namespace quickbeam::kernels::cuda {

inline constexpr unsigned warp_size = 32;
inline constexpr unsigned all_lanes = 0xffffffffu;

/// Lane of the warp.
__device__ inline unsigned lane_of_warp() { return threadIdx.x % warp_size; }

/// values[i] of all lanes folded by halves, as ops::sum_of_lanes does, which cub's order is not: in
/// lane l that of i = l / (32 / count). f is commutative; `values` are overwritten. While several
/// are left, a lane keeps half of them and gives the others away: count = 8 takes 8 exchanges
/// and 1 + 1, not 5 times 8. count: a power of two up to 32. All lanes call it.
template <unsigned count, class V, class F>
__device__ V fold_each(V (&values)[count], F&& f) {
  unsigned half = warp_size / 2;
#pragma unroll
  for (unsigned left = count / 2; left > 0; left /= 2, half /= 2) {
    const bool upper = (lane_of_warp() & half) != 0;
#pragma unroll
    for (unsigned i = 0; i < left; ++i) {
      const V kept = upper ? values[i + left] : values[i];
      const V given = upper ? values[i] : values[i + left];
      values[i] = f(kept, __shfl_xor_sync(all_lanes, given, static_cast<int>(half)));
    }
  }
#pragma unroll
  for (; half > 0; half /= 2)
    values[0] = f(values[0], __shfl_xor_sync(all_lanes, values[0], static_cast<int>(half)));
  return values[0];
}

/// The value of every lane folded, for every lane.
template <class V, class F>
__device__ V fold_lanes(V value, F&& f) {
  V values[1] = {value};
  return fold_each(values, f);
}

struct Add {
  template <class V>
  __device__ V operator()(V a, V b) const {
    return a + b;
  }
};

template <class V>
__device__ V total(V value) {
  return fold_lanes(value, Add{});
}

}  // namespace quickbeam::kernels::cuda
