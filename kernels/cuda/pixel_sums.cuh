// SPDX-License-Identifier: BSD-3-Clause
// Exact sums of 8- and 16-bit integers at a few neighbouring pixels over the images of a leaf.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include "kernels/cuda/vector_access.cuh"
#include "kernels/moments.hpp"

namespace quickbeam::kernels::cuda {

/// Images whose pixels are read together.
inline constexpr int images_at_once = 16;

/// Of at least one image.
struct PixelSum {
  std::int64_t sum;
  std::uint64_t squares;
  std::int32_t lowest, highest;
};

template <class T>
__device__ PixelSum sum_of_pixel(const T* in, std::size_t stride, int images) {
  PixelSum out{0, 0, *in, *in};
  for (int k = 0; k < images; ++k, in += stride) {
    const std::int32_t v = *in;
    out.sum += v;
    out.squares += static_cast<std::uint32_t>(v) * static_cast<std::uint32_t>(v);
    out.lowest = min(out.lowest, v);
    out.highest = max(out.highest, v);
  }
  return out;
}

/// `each` sums. At least one image, at most leaf_images.
template <class T, unsigned each>
class PixelSums {
 public:
  __device__ PixelSums(const T* in, std::size_t stride, int images) {
    T first[each];
    load_values<T, each>(in, first);
#pragma unroll
    for (unsigned e = 0; e < each; ++e) lowest_[e] = highest_[e] = first[e];
    int k = 0;
    for (; k + images_at_once <= images; k += images_at_once, in += images_at_once * stride)
      add<images_at_once>(in, stride);
    for (; k < images; ++k, in += stride) add<1>(in, stride);
  }
  __device__ PixelSum operator[](unsigned e) const {
    return {sum_[e], squares_[e], lowest_[e], highest_[e]};
  }

 private:
  template <int count>
  __device__ void add(const T* in, std::size_t stride) {
    T values[count][each];
#pragma unroll
    for (int k = 0; k < count; ++k) load_values<T, each>(in + k * stride, values[k]);
#pragma unroll
    for (int k = 0; k < count; ++k)
#pragma unroll
      for (unsigned e = 0; e < each; ++e) {
        const std::int32_t v = values[k][e];
        sum_[e] += v;
        squares_[e] += static_cast<std::uint32_t>(v) * static_cast<std::uint32_t>(v);
        lowest_[e] = min(lowest_[e], v);
        highest_[e] = max(highest_[e], v);
      }
  }

  std::int32_t sum_[each] = {}, lowest_[each], highest_[each];
  std::uint64_t squares_[each] = {};
};

/// Bytes four at a time: the words of four images become words of four values of one pixel, whose
/// sum and sum of squares are one dot product each. Signed values are raised by 128 meanwhile.
template <class T>
requires(sizeof(T) == 1) class PixelSums<T, 4> {
 public:
  __device__ PixelSums(const T* in, std::size_t stride, int images) : images_(images) {
    int k = 0;
    for (; k + images_at_once <= images; k += images_at_once, in += images_at_once * stride)
      add<images_at_once>(in, stride);
    for (; k + 4 <= images; k += 4, in += 4 * stride) add<4>(in, stride);
    for (; k < images; ++k, in += stride) {
      const std::uint32_t word = read(in);
      find_range(word);
#pragma unroll
      for (unsigned e = 0; e < 4; ++e) add_values(word >> (8 * e) & 0xffu, e);
    }
  }
  __device__ PixelSum operator[](unsigned e) const {
    const std::int64_t sum = sum_[e], n = images_;
    const auto squares = static_cast<std::int64_t>(squares_[e]);
    const unsigned shift = 16 * (e / 2);
    return {sum - raised * n,
            static_cast<std::uint64_t>(squares - 2 * raised * sum + raised * raised * n),
            static_cast<std::int32_t>(lowest_[e % 2] >> shift & 0xffffu) - raised,
            static_cast<std::int32_t>(highest_[e % 2] >> shift & 0xffffu) - raised};
  }

 private:
  static constexpr std::int32_t raised = std::is_signed_v<T> ? 128 : 0;
  static constexpr std::uint32_t raising = std::is_signed_v<T> ? 0x80808080u : 0;

  __device__ static std::uint32_t read(const T* in) {
    T values[4];
    load_values<T, 4>(in, values);
    std::uint32_t word = 0;
#pragma unroll
    for (unsigned e = 0; e < 4; ++e)
      word |= std::uint32_t{static_cast<std::uint8_t>(values[e])} << (8 * e);
    return word ^ raising;
  }

  template <int count>
  __device__ void add(const T* in, std::size_t stride) {
    std::uint32_t words[count];
#pragma unroll
    for (int k = 0; k < count; ++k) words[k] = read(in + k * stride);
#pragma unroll
    for (int k = 0; k < count; k += 4) {
      const std::uint32_t a = words[k], b = words[k + 1], c = words[k + 2], d = words[k + 3];
      find_range(a);
      find_range(b);
      find_range(c);
      find_range(d);
      const std::uint32_t ab_low = __byte_perm(a, b, 0x5140), ab_high = __byte_perm(a, b, 0x7362);
      const std::uint32_t cd_low = __byte_perm(c, d, 0x5140), cd_high = __byte_perm(c, d, 0x7362);
      add_values(__byte_perm(ab_low, cd_low, 0x5410), 0);
      add_values(__byte_perm(ab_low, cd_low, 0x7632), 1);
      add_values(__byte_perm(ab_high, cd_high, 0x5410), 2);
      add_values(__byte_perm(ab_high, cd_high, 0x7632), 3);
    }
  }

  /// Up to four values of pixel `e`; the others are 0.
  __device__ void add_values(std::uint32_t values, unsigned e) {
    static_assert(leaf_images * 255u * 255u < 0xffffffffu);
    sum_[e] = __dp4a(values, 0x01010101u, sum_[e]);
    squares_[e] = __dp4a(values, values, squares_[e]);
  }

  __device__ void find_range(std::uint32_t word) {
    const std::uint32_t even = word & 0x00ff00ffu, odd = word >> 8 & 0x00ff00ffu;
    lowest_[0] = __vminu2(lowest_[0], even);
    lowest_[1] = __vminu2(lowest_[1], odd);
    highest_[0] = __vmaxu2(highest_[0], even);
    highest_[1] = __vmaxu2(highest_[1], odd);
  }

  int images_;
  std::uint32_t sum_[4] = {}, squares_[4] = {};
  /// Halves: pixels 0 and 2, 1 and 3.
  std::uint32_t lowest_[2] = {0xffffffffu, 0xffffffffu}, highest_[2] = {};
};

}  // namespace quickbeam::kernels::cuda
