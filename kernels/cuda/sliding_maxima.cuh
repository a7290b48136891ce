// SPDX-License-Identifier: BSD-3-Clause
// The maximum filter along a line, a few neighbouring windows at a time in registers.
#pragma once

#include <cuda_runtime.h>

#include <cmath>
#include <limits>
#include <type_traits>

#include <quickbeam/core/mask.hpp>

namespace quickbeam::kernels::cuda {

template <class W>
inline constexpr W minus_infinity = -std::numeric_limits<W>::infinity();

/// What masked pixels count as in a maximum: below every valid one. Valid integers are not
/// negative.
template <class W>
__device__ constexpr W below_valid() {
  if constexpr (std::is_floating_point_v<W>)
    return minus_infinity<W>;
  else
    return masked_value<W>();
}

/// Of +0 and -0, either. No NaN.
template <class W>
__device__ W larger_of(W a, W b) {
  if constexpr (std::is_same_v<W, float>)
    return fmaxf(a, b);  // one instruction, which comparing and choosing is for integers only
  else
    return a > b ? a : b;
}

/// For 32-bit integers one instruction from sm_90 on (VIMNMX3).
template <class W>
__device__ W largest_of(W a, W b, W c) {
  return larger_of(larger_of(a, b), c);
}

/// front[j] becomes the largest of front[j], ..., front[count - 1], behind[0], ..., behind[j - 1]:
/// a suffix of the one and a prefix of the other, as in the algorithm of van Herk (Pattern
/// Recognition Letters 13, 1992). Suffixes are made for odd j only, prefixes for even j, so that
/// every step is a maximum of three, less than two of them a window. count is 1 or even.
template <int count, class W>
__device__ void merge_maxima(W (&front)[count], const W (&behind)[count]) {
  if constexpr (count > 1) {
#pragma unroll
    for (int j = count - 3; j > 0; j -= 2)
      front[j] = largest_of(front[j], front[j + 1], front[j + 2]);
    front[0] = larger_of(front[0], front[1]);
    front[1] = larger_of(front[1], behind[0]);
    W prefix = larger_of(behind[0], behind[1]);
#pragma unroll
    for (int j = 2; j < count; j += 2) {
      front[j] = largest_of(front[j], front[j + 1], prefix);
      front[j + 1] = largest_of(front[j + 1], prefix, behind[j]);
      prefix = largest_of(prefix, behind[j], behind[j + 1]);
    }
  }
}

/// maxima[j] = the largest of values[j] to values[j + window - 1], for window >= count. What all
/// windows have in common is folded once: about window + count - 1 values are read. Exact.
template <int count, class W>
__device__ void sliding_maxima(const W* values, int window, W (&maxima)[count]) {
  W behind[count];
#pragma unroll
  for (int j = 0; j < count; ++j) {
    maxima[j] = values[j];
    behind[j] = j < count - 1 ? values[window + j] : below_valid<W>();
  }
#pragma unroll 1
  for (int i = window - 2; i >= count - 1; i -= 2)  // in pairs; a value may come twice
    maxima[count - 1] = largest_of(maxima[count - 1], values[i], values[i + 1]);
  merge_maxima(maxima, behind);
}

}  // namespace quickbeam::kernels::cuda
