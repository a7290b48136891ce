// SPDX-License-Identifier: BSD-3-Clause
// Statistics of images: a warp measures a few pieces at once, then one an image joins them in
// order.
#include <algorithm>
#include <cstdint>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/piece_moments.cuh"
#include "kernels/cuda/piece_sums.cuh"
#include "kernels/moments_cuda.hpp"

namespace quickbeam::kernels::cuda {
namespace {

constexpr unsigned warps = 4;  ///< of a block
constexpr unsigned block_size = warps * warp_size;

/// Whole pieces that a warp measures at once, to share what comes after the pixels.
template <class T>
inline constexpr unsigned pieces_at_once = sizeof(T) == 1                           ? 8
                                           : is_small_integer<T> || sums_squares<T> ? 4
                                                                                    : 1;

/// The statistics of whole pieces to `out`, in lane l those of piece l / (32 / pieces); false, the
/// same in all lanes, where that must be done piece by piece.
template <unsigned pieces, class T>
__device__ bool measure_whole(const T* in, ops::Moments& out) {
  if constexpr (is_small_integer<T>) {
    if (reinterpret_cast<std::uintptr_t>(in) % sizeof(uint4) != 0) return false;
    out = moments_of_whole<pieces>(in);
    return true;
  } else if constexpr (sums_squares<T>) {
    return moments_of_finite<pieces>(in, out);
  } else {
    return false;
  }
}

/// The statistics of a piece of `count` values, in every lane.
template <class T>
__device__ ops::Moments measure_any(const T* in, int count) {
  if constexpr (is_small_integer<T>)
    return moments_of_integers(in, count);
  else
    return moments_of_piece(in, count);
}

/// Blocks of warps: y of pieces side by side, z of images.
template <class T>
__global__ void __launch_bounds__(block_size)
    measure_pieces(const T* in, std::size_t stride, std::size_t pixels, std::uint32_t images,
                   std::size_t pieces, ops::Moments* out) {
  constexpr unsigned at_once = pieces_at_once<T>, lanes = warp_size / at_once;
  const std::size_t first = (std::size_t{blockIdx.x} * blockDim.y + threadIdx.y) * at_once;
  if (first >= pieces) return;  // whole warps
  const std::size_t left = pixels - first * ops::piece_pixels;
  for (std::uint32_t image = blockIdx.y * blockDim.z + threadIdx.z; image < images;
       image += gridDim.y * blockDim.z) {
    const T* from = in + image * stride + first * ops::piece_pixels;
    ops::Moments* const to = out + image * pieces + first;
    ops::Moments moments;
    if (left >= at_once * ops::piece_pixels && measure_whole<at_once>(from, moments)) {
      if (threadIdx.x % lanes == 0) to[threadIdx.x / lanes] = moments;
      continue;
    }
#pragma unroll 1
    for (std::size_t p = 0; p < at_once && p * ops::piece_pixels < left; ++p) {
      const std::size_t count = left - p * ops::piece_pixels;
      moments =
          measure_any(from + p * ops::piece_pixels,
                      count < ops::piece_pixels ? static_cast<int>(count) : ops::piece_pixels);
      if (threadIdx.x == 0) to[p] = moments;
    }
  }
}

/// What ops::join takes of a piece.
struct alignas(16) JoinStep {
  double mean, m2, share, weight;
};

/// Sum of the values of this lane and of those before it.
__device__ int running_total(int value) {
#pragma unroll
  for (unsigned step = 1; step < warp_size; step *= 2) {
    const int before = __shfl_up_sync(all_lanes, value, step);
    if (lane_of_warp() >= step) value += before;
  }
  return value;
}

/// Joins the pieces of all lanes, in order, to count, mean and M2 of `all`, the same in all lanes.
/// Each lane finds the share of its piece; only the chain of means and M2 is left to all of them.
/// steps: one more than lanes, of the warp.
__device__ void join_in_order(const ops::Moments& piece, JoinStep* steps, ops::Moments& all) {
  unsigned counted = __ballot_sync(all_lanes, piece.count != 0);  // ops::merge passes others over
  if (counted == 0) return;
  const int count = static_cast<int>(piece.count), up_to = running_total(count);
  const ops::Share of = ops::share_of(piece.count, all.count + static_cast<double>(up_to - count));
  steps[lane_of_warp()] = {piece.mean, piece.m2, of.share, of.weight};
  __syncwarp();
  if (all.count == 0) {  // the first one is taken as it is
    const JoinStep& step = steps[__ffs(static_cast<int>(counted)) - 1];
    all.mean = step.mean;
    all.m2 = step.m2;
    counted &= counted - 1;
  }
  all.count += __shfl_sync(all_lanes, up_to, warp_size - 1);
  while (counted != 0) {
    const int begin = __ffs(static_cast<int>(counted)) - 1;
    const int run = __ffs(static_cast<int>(~(counted >> begin))) - 1;  // -1: all lanes
    const int end = run < 0 ? static_cast<int>(warp_size) : begin + run;
    JoinStep step = steps[begin];
    for (int i = begin; i < end; ++i) {
      const JoinStep next = steps[i + 1];
      ops::join(step.mean, step.m2, step.share, step.weight, all.mean, all.m2);
      step = next;
    }
    counted = end == static_cast<int>(warp_size) ? 0 : counted & (all_lanes << end);
  }
  __syncwarp();
}

/// A warp an image: the order of the pieces is part of the definition.
__global__ void __launch_bounds__(block_size)
    join_pieces(const ops::Moments* of, std::size_t pixels, std::uint32_t images,
                std::size_t pieces, ImageMoments* out) {
  alignas(16) __shared__ JoinStep steps[warps][warp_size + 1];
  const std::size_t image = std::size_t{blockIdx.x} * warps + threadIdx.y;
  if (image >= images) return;  // whole warps
  of += image * pieces;
  const auto piece_at = [=](std::size_t i) { return i < pieces ? of[i] : ops::Moments{}; };
  ops::Moments all, next = piece_at(threadIdx.x);
  for (std::size_t first = 0; first < pieces; first += warp_size) {
    const ops::Moments piece = next;
    next = piece_at(first + warp_size + threadIdx.x);
    all.lowest = ops::lower(all.lowest, piece.lowest);  // of the lane
    all.highest = ops::higher(all.highest, piece.highest);
    join_in_order(piece, steps[threadIdx.y], all);
  }
  const double lowest = fold_lanes(all.lowest, ops::lower);
  const double highest = fold_lanes(all.highest, ops::higher);
  if (threadIdx.x != 0) return;
  const auto counted = static_cast<std::int64_t>(all.count);
  const bool none = counted == 0;
  out[image] = {.counted = counted,
                .missing = static_cast<std::int64_t>(pixels) - counted,
                .mean = all.mean,
                .m2 = all.m2,
                .lowest = none ? 0 : lowest,
                .highest = none ? 0 : highest};
}

std::size_t pieces_of(std::size_t pixels) {
  return (pixels + ops::piece_pixels - 1) / ops::piece_pixels;
}

}  // namespace

std::size_t image_moments_bytes(std::size_t pixels, std::uint32_t images) {
  return pieces_of(pixels) * images * sizeof(ops::Moments);
}

template <class T>
void image_moments(const T* in, std::size_t stride, std::size_t pixels, std::uint32_t images,
                   ImageMoments* out, void* scratch, void* stream) {
  if (images == 0) return;
  const std::size_t pieces = pieces_of(pixels);
  auto* const parts = static_cast<ops::Moments*>(scratch);
  if (pieces != 0) {
    const std::uint64_t groups = blocks_for(pieces, pieces_at_once<T>);
    const auto beside = groups < warps ? std::uint32_t{1} : warps;  // small images: one a warp
    launch("moments of pieces", measure_pieces<T>,
           frame_grid(blocks_for(groups, beside), blocks_for(images, warps / beside)),
           dim3(warp_size, beside, warps / beside), stream, in, stride, pixels, images, pieces,
           parts);
  }
  launch("moments of images", join_pieces, dim3(blocks_for(images, warps)), dim3(warp_size, warps),
         stream, parts, pixels, images, pieces, out);
}

#define QUICKBEAM_IMAGE_MOMENTS(T)                                                              \
  template void image_moments(const T*, std::size_t, std::size_t, std::uint32_t, ImageMoments*, \
                              void*, void*);
QUICKBEAM_IMAGE_MOMENTS(std::int8_t)
QUICKBEAM_IMAGE_MOMENTS(std::uint8_t)
QUICKBEAM_IMAGE_MOMENTS(std::int16_t)
QUICKBEAM_IMAGE_MOMENTS(std::uint16_t)
QUICKBEAM_IMAGE_MOMENTS(std::int32_t)
QUICKBEAM_IMAGE_MOMENTS(std::uint32_t)
QUICKBEAM_IMAGE_MOMENTS(std::int64_t)
QUICKBEAM_IMAGE_MOMENTS(std::uint64_t)
QUICKBEAM_IMAGE_MOMENTS(Half)
QUICKBEAM_IMAGE_MOMENTS(float)
QUICKBEAM_IMAGE_MOMENTS(double)
#undef QUICKBEAM_IMAGE_MOMENTS

}  // namespace quickbeam::kernels::cuda
