// SPDX-License-Identifier: BSD-3-Clause
// Pixels of any type as the numbers that statistics are made of, and how a thread reads them.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include <quickbeam/core/half.hpp>

#include "kernels/moments_cuda.hpp"
#include "kernels/ops/moments.hpp"

#if defined(__CUDACC__)
#include <cuda_fp16.h>
#endif

namespace quickbeam::kernels::cuda {

/// What number_of gives. (Not deduced from it: compilers of the host see no bodies for the device.)
template <class T>
using Number = std::conditional_t<
    std::is_same_v<T, Half>, float,
    std::conditional_t<std::is_integral_v<T> && sizeof(T) < sizeof(std::int32_t), std::int32_t, T>>;

/// Exact.
template <class T>
__device__ Number<T> number_of(T value) {
  if constexpr (std::is_same_v<T, Half>) {
#if defined(__CUDACC__)
    return __half2float(__ushort_as_half(value.bits));
#else
    return half_to_float(value.bits);
#endif
  } else {
    return value;
  }
}

/// Whether one pass of sums of squares does (kernels/ops/moments.hpp).
template <class T>
inline constexpr bool sums_squares = ops::has_exact_squares<T> || std::is_same_v<T, Half>;

template <class T>
inline constexpr bool is_small_integer = std::is_integral_v<T> && sizeof(T) <= 2;

/// One pixel of a thread. Its range is right once a finite value was added.
template <class T>
struct OnePixel {
  using Value = T;
  static constexpr unsigned count = 1;
  T value;

  __device__ Number<T> number(unsigned) const { return number_of(value); }

  struct Range {
    static constexpr Number<T> least = std::numeric_limits<Number<T>>::lowest();
    static constexpr Number<T> most = std::numeric_limits<Number<T>>::max();
    Number<T> low = most, high = least;

    __device__ void add(OnePixel pixel) {
      low = min(low, pixel.number(0));
      high = max(high, pixel.number(0));
    }
    __device__ double lowest(unsigned) const { return static_cast<double>(low); }
    __device__ double highest(unsigned) const { return static_cast<double>(high); }
  };
};

/// Two neighbouring pixels of a thread: one word, whose range is found without conversion.
struct HalfPair {
  using Value = Half;
  static constexpr unsigned count = 2;
  std::uint32_t bits;

  __device__ float number(unsigned which) const {
#if defined(__CUDACC__)
    const __half2 pair = reinterpret_cast<const __half2&>(bits);
    return which == 0 ? __low2float(pair) : __high2float(pair);
#else
    return half_to_float(static_cast<std::uint16_t>(bits >> (16 * which)));
#endif
  }

  struct Range {
    std::uint32_t low = 0x7bff7bff, high = 0xfbfffbff;  // of the finite halves

    __device__ void add(HalfPair pair) {
#if defined(__CUDACC__)
      const __half2 halves = reinterpret_cast<const __half2&>(pair.bits);
      auto& lowest = reinterpret_cast<__half2&>(low);
      auto& highest = reinterpret_cast<__half2&>(high);
      lowest = __hmin2(lowest, halves);
      highest = __hmax2(highest, halves);
#else
      for (unsigned e = 0; e < count; ++e) {
        const std::uint32_t mask = 0xffffu << (16 * e), bits = pair.bits & mask;
        if (pair.number(e) < HalfPair{low}.number(e)) low = (low & ~mask) | bits;
        if (pair.number(e) > HalfPair{high}.number(e)) high = (high & ~mask) | bits;
      }
#endif
    }
    __device__ double lowest(unsigned e) const { return HalfPair{low}.number(e); }
    __device__ double highest(unsigned e) const { return HalfPair{high}.number(e); }
  };
};

}  // namespace quickbeam::kernels::cuda
