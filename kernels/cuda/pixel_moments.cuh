// SPDX-License-Identifier: BSD-3-Clause
// Mean, M2 and range of the pixels of a thread over the images of a leaf: chunk by chunk as long as
// all values are finite, then whatever they are.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda/moment_values.cuh"
#include "kernels/moments_cuda.hpp"
#include "kernels/ops/moments.hpp"

namespace quickbeam::kernels::cuda {

inline constexpr int leaf_chunks = leaf_images / chunk_images;

/// The images of a call that belong to one leaf.
struct LeafPart {
  std::uint32_t leaf;
  int first, last;           ///< places in the leaf
  std::int64_t first_image;  ///< of the call, at place `first`
};

__device__ inline LeafPart part_of(std::uint32_t index, std::int64_t before, std::uint32_t images) {
  const auto leaf = static_cast<std::uint32_t>(before / leaf_images) + index;
  const std::int64_t begin = std::int64_t{leaf} * leaf_images, end = begin + leaf_images;
  const std::int64_t first = begin > before ? begin : before;
  const std::int64_t all = before + images, last = end < all ? end : all;
  return {leaf, static_cast<int>(first - begin), static_cast<int>(last - begin), first - before};
}

/// ops::join of a full chunk to those before it in the leaf, while all values are finite.
struct Shares {
  double share[leaf_chunks], weight[leaf_chunks];
};

inline Shares shares_of_leaf() {
  Shares all{};
  for (int c = 0; c < leaf_chunks; ++c) {
    const ops::Share of = ops::share_of(chunk_images, c * chunk_images);
    all.share[c] = of.share;
    all.weight[c] = of.weight;
  }
  return all;
}

/// One pixel of one leaf.
struct Pixel {
  double mean, m2, lowest, highest;
  std::uint32_t missing;
};

__device__ inline Pixel read_pixel(const LeafPlanes& planes, std::size_t at) {
  return {planes.mean[at], planes.m2[at], planes.lowest[at], planes.highest[at],
          planes.missing[at]};
}

__device__ inline void write_pixel(const Pixel& pixel, std::size_t at, const LeafPlanes& planes) {
  planes.mean[at] = pixel.mean;
  planes.m2[at] = pixel.m2;
  planes.lowest[at] = pixel.lowest;
  planes.highest[at] = pixel.highest;
  planes.missing[at] = pixel.missing;
}

/// Adds `count` values, of which some may not be finite, behind `before` others. They are read
/// again: this is rare, and values that a variable picks would not stay in registers.
template <class T>
__device__ void add_any(const T* in, std::size_t stride, int count, int before, Pixel& pixel) {
  const auto value_at = [=](int k) {
    return static_cast<double>(number_of(in[static_cast<std::size_t>(k) * stride]));
  };
  const ops::Moments chunk =
      sums_squares<T> ? ops::moments_of_squares(count, value_at) : ops::moments_of(count, value_at);
  const double counted = static_cast<double>(before) - static_cast<double>(pixel.missing);
  ops::Moments all{counted, pixel.mean, pixel.m2, pixel.lowest, pixel.highest};
  ops::merge(chunk, all);
  pixel = {all.mean, all.m2, all.lowest, all.highest,
           pixel.missing + static_cast<std::uint32_t>(count - static_cast<int>(chunk.count))};
}

/// M2 of finite values from their sums, or in a second pass.
template <class V>
__device__ double m2_of(const V (&chunk)[chunk_images], unsigned e, const ops::SquareSums& sums) {
  if constexpr (sums_squares<typename V::Value>) return sums.m2();
  const double mean = sums.mean();
  double m2 = 0;
#pragma unroll
  for (int k = 0; k < chunk_images; ++k) {
    const double delta = static_cast<double>(chunk[k].number(e)) - mean;
    m2 = m2 + delta * delta;
  }
  return m2;
}

/// The pixels of a thread, V::count of them, as long as all values are finite.
template <class V>
struct FinitePixels {
  double mean[V::count], m2[V::count];
  typename V::Range range;
  std::uint32_t missing = 0;  ///< of all of them, before

  /// Adds chunk `c` of the leaf; false, and nothing added, when a value may not be finite.
  __device__ bool add(const V (&chunk)[chunk_images], int c, const Shares& shares) {
    typename V::Range wider = range;
    ops::SquareSums sums[V::count];
#pragma unroll
    for (int k = 0; k < chunk_images; ++k) {
      wider.add(chunk[k]);
#pragma unroll
      for (unsigned e = 0; e < V::count; ++e) {
        const auto v = static_cast<double>(chunk[k].number(e));
        sums[e].sum = sums[e].sum + v;
        if constexpr (sums_squares<typename V::Value>) sums[e].squares = fma(v, v, sums[e].squares);
      }
    }
    bool finite = missing == 0;
#pragma unroll
    for (unsigned e = 0; e < V::count; ++e) finite = finite && ops::is_finite(sums[e].sum);
    if (!finite) return false;
    range = wider;
#pragma unroll
    for (unsigned e = 0; e < V::count; ++e) {
      sums[e].count = chunk_images;
      const double chunk_mean = sums[e].mean(), chunk_m2 = m2_of(chunk, e, sums[e]);
      // The first chunk joins to 0 with share 1 and weight 0, which changes nothing: but of doubles
      // the square of the mean may overflow.
      if (!sums_squares<typename V::Value> && c == 0) {
        mean[e] = chunk_mean;
        m2[e] = chunk_m2;
      } else {
        ops::join(chunk_mean, chunk_m2, shares.share[c], shares.weight[c], mean[e], m2[e]);
      }
    }
    return true;
  }
};

template <class V>
__device__ void read_chunk(const V* in, std::size_t stride, V (&values)[chunk_images]) {
#pragma unroll
  for (int k = 0; k < chunk_images; ++k) values[k] = in[static_cast<std::size_t>(k) * stride];
}

/// Adds full chunks to the pixels at `at`, until one may not be finite. The place in the leaf of
/// what is left.
template <class V>
__device__ int add_finite(const V* in, std::size_t stride, const LeafPart& part,
                          const Shares& shares, const LeafPlanes& to, std::size_t at) {
  const int first = part.first / chunk_images, last = part.last / chunk_images;
  if (first == last) return part.first;
  V next[chunk_images];
  read_chunk(in, stride, next);
  FinitePixels<V> pixels;
#pragma unroll
  for (unsigned e = 0; e < V::count; ++e) {
    pixels.missing |= to.missing[at + e];
    pixels.mean[e] = to.mean[at + e];
    pixels.m2[e] = to.m2[at + e];
  }
  int c = first;
  for (; c < last; ++c) {
    V chunk[chunk_images];
#pragma unroll
    for (int k = 0; k < chunk_images; ++k) chunk[k] = next[k];
    in += chunk_images * stride;
    if (c + 1 < last) read_chunk(in, stride, next);
    if (!pixels.add(chunk, c, shares)) break;
  }
  if (c == first) return part.first;
#pragma unroll
  for (unsigned e = 0; e < V::count; ++e) {
    to.mean[at + e] = pixels.mean[e];
    to.m2[at + e] = pixels.m2[e];
    to.lowest[at + e] = ops::lower(to.lowest[at + e], pixels.range.lowest(e) + 0.0);
    to.highest[at + e] = ops::higher(to.highest[at + e], pixels.range.highest(e) + 0.0);
  }
  return c * chunk_images;
}

/// Adds images `place` to `last` - 1 of the leaf to pixel `at`, whatever they are.
template <class T>
__device__ void add_rest(const T* in, std::size_t stride, int place, int last, const LeafPlanes& to,
                         std::size_t at) {
  Pixel pixel = read_pixel(to, at);
  for (; place < last; place += chunk_images, in += chunk_images * stride)
    add_any(in, stride, min(chunk_images, last - place), place, pixel);
  write_pixel(pixel, at, to);
}

}  // namespace quickbeam::kernels::cuda
