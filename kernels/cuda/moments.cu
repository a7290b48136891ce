// SPDX-License-Identifier: BSD-3-Clause
// Statistics of every pixel over a stack: a thread takes a few neighbouring pixels through the
// images of a leaf. The next chunk is read while one is worked on, so that memory never waits.
#include "kernels/moments_cuda.hpp"

#include <algorithm>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/moment_values.cuh"
#include "kernels/cuda/pixel_sums.cuh"
#include "kernels/cuda/vector_access.cuh"
#include "kernels/ops/moments.hpp"

namespace quickbeam::kernels::cuda {
namespace {

constexpr unsigned block_size = 256;
constexpr int leaf_chunks = leaf_images / chunk_images;

/// Neighbouring pixels of a thread: a warp reads whole 128 bytes of an image where it can.
template <class T, MomentKind kind>
inline constexpr unsigned pixels_each = sizeof(T) >= 4 ? 1
                                        : std::is_integral_v<T>&& kind == MomentKind::moments
                                            ? 1
                                            : 4 / sizeof(T);

/// The images of a call that belong to one leaf.
struct LeafPart {
  std::uint32_t leaf;
  int first, last;           ///< places in the leaf
  std::int64_t first_image;  ///< of the call, at place `first`
};

__device__ LeafPart part_of(std::uint32_t index, std::int64_t before, std::uint32_t images) {
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

Shares shares_of_leaf() {
  Shares all{};
  for (int c = 0; c < leaf_chunks; ++c) {
    const double before = c * chunk_images, count = chunk_images;
    all.share[c] = count / (before + count);
    all.weight[c] = before * all.share[c];
  }
  return all;
}

/// One pixel of one leaf.
struct Pixel {
  double mean, m2, lowest, highest;
  std::uint32_t missing;
};

__device__ Pixel read_pixel(const LeafPlanes& planes, std::size_t at) {
  return {planes.mean[at], planes.m2[at], planes.lowest[at], planes.highest[at],
          planes.missing[at]};
}

__device__ void write_pixel(const Pixel& pixel, std::size_t at, const LeafPlanes& planes) {
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

/// A full chunk at the neighbouring pixels of a thread.
template <class T, unsigned each>
struct Chunk {
  T values[chunk_images][each];

  __device__ void read(const T* in, std::size_t stride) {
#pragma unroll
    for (int k = 0; k < chunk_images; ++k)
      load_values<T, each>(in + static_cast<std::size_t>(k) * stride, values[k]);
  }
};

/// M2 of finite values from their sums, or in a second pass.
template <class T, unsigned each>
__device__ double m2_of(const Chunk<T, each>& chunk, unsigned e, const ops::SquareSums& sums) {
  if constexpr (sums_squares<T>) return sums.m2();
  const double mean = sums.mean();
  double m2 = 0;
#pragma unroll
  for (int k = 0; k < chunk_images; ++k) {
    const double delta = static_cast<double>(number_of(chunk.values[k][e])) - mean;
    m2 = m2 + delta * delta;
  }
  return m2;
}

/// Adds chunk `c` of the leaf to pixel `e` of the thread; false when it must be done by add_any.
template <class T, unsigned each>
__device__ bool add_finite(const Chunk<T, each>& chunk, unsigned e, int c, const Shares& shares,
                           Pixel& pixel) {
  using N = Number<T>;
  N low = number_of(chunk.values[0][e]), high = low;
  ops::SquareSums sums{.count = chunk_images};
#pragma unroll
  for (int k = 0; k < chunk_images; ++k) {
    const N number = number_of(chunk.values[k][e]);
    const auto v = static_cast<double>(number);
    sums.sum = sums.sum + v;
    if constexpr (sums_squares<T>) sums.squares = fma(v, v, sums.squares);
    low = min(low, number);
    high = max(high, number);
  }
  if (!ops::is_finite(sums.sum) || pixel.missing != 0) return false;
  const double mean = sums.mean(), m2 = m2_of(chunk, e, sums);
  if (c == 0) {
    pixel.mean = mean;
    pixel.m2 = m2;
  } else {
    ops::join(mean, m2, shares.share[c], shares.weight[c], pixel.mean, pixel.m2);
  }
  pixel.lowest = ops::lower(pixel.lowest, static_cast<double>(low) + 0.0);
  pixel.highest = ops::higher(pixel.highest, static_cast<double>(high) + 0.0);
  return true;
}

/// Adds the leaf's images to pixels p .. p + each - 1, which all exist.
template <class T, unsigned each>
__device__ void add_part(const T* in, std::size_t stride, const LeafPart& part,
                         const Shares& shares, Pixel (&pixels)[each]) {
  const std::size_t step = chunk_images * stride;
  int place = part.first;
  Chunk<T, each> next;
  if (place + chunk_images <= part.last) next.read(in, stride);
  for (; place + chunk_images <= part.last; place += chunk_images, in += step) {
    const Chunk<T, each> chunk = next;
    if (place + 2 * chunk_images <= part.last) next.read(in + step, stride);
#pragma unroll
    for (unsigned e = 0; e < each; ++e)
      if (!add_finite(chunk, e, place / chunk_images, shares, pixels[e]))
        add_any(in + e, stride, chunk_images, place, pixels[e]);
  }
  if (place == part.last) return;
#pragma unroll
  for (unsigned e = 0; e < each; ++e) add_any(in + e, stride, part.last - place, place, pixels[e]);
}

template <class T, unsigned each>
__global__ void __launch_bounds__(block_size)
    add_moments(const T* in, std::size_t stride, std::uint32_t images, std::int64_t before,
                LeafPlanes to, std::uint32_t parts, Shares shares) {
  const std::size_t p = (std::size_t{blockIdx.x} * block_size + threadIdx.x) * each;
  if (p >= to.pixels) return;
  for (std::uint32_t i = blockIdx.y; i < parts; i += gridDim.y) {
    const LeafPart part = part_of(i, before, images);
    const T* from = in + static_cast<std::size_t>(part.first_image) * stride + p;
    const std::size_t at = part.leaf * to.pixels + p;
    if (p + each <= to.pixels) {
      Pixel pixels[each];
#pragma unroll
      for (unsigned e = 0; e < each; ++e) pixels[e] = read_pixel(to, at + e);
      add_part<T, each>(from, stride, part, shares, pixels);
#pragma unroll
      for (unsigned e = 0; e < each; ++e) write_pixel(pixels[e], at + e, to);
    } else {
      for (std::size_t e = 0; p + e < to.pixels; ++e) {
        Pixel pixel[1] = {read_pixel(to, at + e)};
        add_part<T, 1>(from + e, stride, part, shares, pixel);
        write_pixel(pixel[0], at + e, to);
      }
    }
  }
}

template <class T, unsigned each>
__global__ void __launch_bounds__(block_size)
    add_sums(const T* in, std::size_t stride, std::uint32_t images, std::int64_t before,
             LeafPlanes to, std::uint32_t parts) {
  const std::size_t p = (std::size_t{blockIdx.x} * block_size + threadIdx.x) * each;
  if (p >= to.pixels) return;
  for (std::uint32_t i = blockIdx.y; i < parts; i += gridDim.y) {
    const LeafPart part = part_of(i, before, images);
    const T* from = in + static_cast<std::size_t>(part.first_image) * stride + p;
    const int count = part.last - part.first;
    const auto add = [&](std::size_t e, const PixelSum& sum) {
      const std::size_t at = part.leaf * to.pixels + p + e;
      to.sum[at] += sum.sum;
      to.squares[at] += sum.squares;
      to.lowest[at] = ops::lower(to.lowest[at], static_cast<double>(sum.lowest));
      to.highest[at] = ops::higher(to.highest[at], static_cast<double>(sum.highest));
    };
    if (p + each <= to.pixels) {
      const PixelSums<T, each> sums(from, stride, count);
#pragma unroll
      for (unsigned e = 0; e < each; ++e) add(e, sums[e]);
    } else {
      for (std::size_t e = 0; p + e < to.pixels; ++e) add(e, sum_of_pixel(from + e, stride, count));
    }
  }
}

__global__ void __launch_bounds__(block_size) reset(LeafPlanes planes) {
  const std::size_t at = std::size_t{blockIdx.x} * block_size + threadIdx.x;
  if (at >= planes.leaves * planes.pixels) return;
  planes.lowest[at] = ops::plus_infinity;
  planes.highest[at] = -ops::plus_infinity;
  if (planes.kind == MomentKind::sums) {
    planes.sum[at] = 0;
    planes.squares[at] = 0;
  } else {
    planes.mean[at] = planes.m2[at] = 0;
    planes.missing[at] = 0;
  }
}

__global__ void __launch_bounds__(block_size)
    merge(LeafPlanes planes, std::uint32_t later, double later_images, std::uint32_t to,
          double to_images) {
  const std::size_t p = std::size_t{blockIdx.x} * block_size + threadIdx.x;
  if (p >= planes.pixels) return;
  const std::size_t from = later * planes.pixels + p, at = to * planes.pixels + p;
  if (planes.kind == MomentKind::sums) {
    planes.sum[at] += planes.sum[from];
    planes.squares[at] += planes.squares[from];
    planes.lowest[at] = ops::lower(planes.lowest[at], planes.lowest[from]);
    planes.highest[at] = ops::higher(planes.highest[at], planes.highest[from]);
    return;
  }
  const auto moments = [&](const Pixel& pixel, double images) {
    return ops::Moments{images - static_cast<double>(pixel.missing), pixel.mean, pixel.m2,
                        pixel.lowest, pixel.highest};
  };
  const Pixel there = read_pixel(planes, at), next = read_pixel(planes, from);
  ops::Moments all = moments(there, to_images);
  ops::merge(moments(next, later_images), all);
  write_pixel({all.mean, all.m2, all.lowest, all.highest, there.missing + next.missing}, at,
              planes);
}

}  // namespace

void reset_leaves(const LeafPlanes& planes, void* stream) {
  const std::uint64_t all = std::uint64_t{planes.leaves} * planes.pixels;
  if (all != 0)
    launch("reset of statistics", reset, dim3(blocks_for(all, block_size)), dim3(block_size),
           stream, planes);
}

template <class T>
void add_images(const T* in, std::size_t stride, std::uint32_t images, std::int64_t before,
                const LeafPlanes& to, void* stream) {
  if (images == 0 || to.pixels == 0) return;
  const auto parts =
      static_cast<std::uint32_t>((before + images - 1) / leaf_images - before / leaf_images + 1);
  if constexpr (is_small_integer<T>) {
    if (to.kind == MomentKind::sums) {
      constexpr unsigned each = pixels_each<T, MomentKind::sums>;
      return launch("sums over images", add_sums<T, each>,
                    frame_grid(blocks_for(to.pixels, block_size * each), parts), dim3(block_size),
                    stream, in, stride, images, before, to, parts);
    }
  }
  constexpr unsigned each = pixels_each<T, MomentKind::moments>;
  launch("moments over images", add_moments<T, each>,
         frame_grid(blocks_for(to.pixels, block_size * each), parts), dim3(block_size), stream, in,
         stride, images, before, to, parts, shares_of_leaf());
}

void merge_leaves(const LeafPlanes& planes, std::uint32_t later, std::int64_t later_images,
                  std::uint32_t to, std::int64_t to_images, void* stream) {
  if (planes.pixels != 0 && later_images != 0)
    launch("joining of statistics", merge, dim3(blocks_for(planes.pixels, block_size)),
           dim3(block_size), stream, planes, later, static_cast<double>(later_images), to,
           static_cast<double>(to_images));
}

#define QUICKBEAM_ADD_IMAGES(T)                                                                   \
  template void add_images(const T*, std::size_t, std::uint32_t, std::int64_t, const LeafPlanes&, \
                           void*);
QUICKBEAM_ADD_IMAGES(std::int8_t)
QUICKBEAM_ADD_IMAGES(std::uint8_t)
QUICKBEAM_ADD_IMAGES(std::int16_t)
QUICKBEAM_ADD_IMAGES(std::uint16_t)
QUICKBEAM_ADD_IMAGES(std::int32_t)
QUICKBEAM_ADD_IMAGES(std::uint32_t)
QUICKBEAM_ADD_IMAGES(std::int64_t)
QUICKBEAM_ADD_IMAGES(std::uint64_t)
QUICKBEAM_ADD_IMAGES(Half)
QUICKBEAM_ADD_IMAGES(float)
QUICKBEAM_ADD_IMAGES(double)
#undef QUICKBEAM_ADD_IMAGES

}  // namespace quickbeam::kernels::cuda
