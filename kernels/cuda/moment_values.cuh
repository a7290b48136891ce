// SPDX-License-Identifier: BSD-3-Clause
// Pixels of any type as the numbers that statistics are made of.
#pragma once

#include <cstdint>
#include <type_traits>

#include <quickbeam/core/half.hpp>

#include "kernels/moments_cuda.hpp"
#include "kernels/ops/moments.hpp"

#if defined(__CUDACC__)
#include <cuda_fp16.h>
#endif

namespace quickbeam::kernels::cuda {

/// Exact.
__device__ inline float number_of(Half value) {
#if defined(__CUDACC__)
  return __half2float(__ushort_as_half(value.bits));
#else
  return half_to_float(value.bits);
#endif
}
template <class T>
__device__ auto number_of(T value) {
  if constexpr (std::is_integral_v<T> && sizeof(T) < sizeof(std::int32_t))
    return static_cast<std::int32_t>(value);
  else
    return value;
}

/// What number_of gives.
template <class T>
using Number = decltype(number_of(T{}));

/// Whether one pass of sums of squares does (kernels/ops/moments.hpp).
template <class T>
inline constexpr bool sums_squares = ops::has_exact_squares<T> || std::is_same_v<T, Half>;

template <class T>
inline constexpr bool is_small_integer = std::is_integral_v<T> && sizeof(T) <= 2;

}  // namespace quickbeam::kernels::cuda
