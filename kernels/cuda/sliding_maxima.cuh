// SPDX-License-Identifier: BSD-3-Clause
// The maximum filter along a line, a few neighbouring windows at a time in registers.
#pragma once

#include <cstdint>
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

template <class W>
__device__ constexpr W larger_of(W a, W b) {
  return a > b ? a : b;
}

/// maxima[j] = the largest of values(j) to values(j + window - 1), for window >= count. What all
/// windows have in common is folded once: values(i) is called window + count - 1 times in all.
/// The parts in front of it are suffixes, those behind it prefixes, as in the algorithm of van Herk
/// (Pattern Recognition Letters 13, 1992). No NaN among the values. Exact.
template <class W, unsigned count, class Values>
__device__ void sliding_maxima(const Values& values, std::uint32_t window, W (&maxima)[count]) {
#pragma unroll
  for (std::uint32_t j = 0; j < count; ++j) maxima[j] = values(j);
  W common = maxima[count - 1];
#pragma unroll 4
  for (std::uint32_t i = count; i < window; ++i) common = larger_of(common, values(i));
  maxima[count - 1] = common;
#pragma unroll
  for (std::uint32_t j = count - 1; j-- > 0;) maxima[j] = larger_of(maxima[j], maxima[j + 1]);
  W behind = below_valid<W>();
#pragma unroll
  for (std::uint32_t j = 1; j < count; ++j) {
    behind = larger_of(behind, values(window + j - 1));
    maxima[j] = larger_of(maxima[j], behind);
  }
}

}  // namespace quickbeam::kernels::cuda
