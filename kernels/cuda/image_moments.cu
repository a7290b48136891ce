// SPDX-License-Identifier: BSD-3-Clause
// Statistics of images: a warp a piece, held in registers where there are two passes, a lane of the
// warp being a lane of the definition; then the pieces of an image joined in order.
#include <cstdint>
#include <limits>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/moment_values.cuh"
#include "kernels/cuda/vector_access.cuh"
#include "kernels/moments_cuda.hpp"
#include "kernels/ops/moments.hpp"

namespace quickbeam::kernels::cuda {
namespace {

constexpr unsigned warp_size = ops::piece_lanes;
constexpr unsigned block_size = 128;
constexpr unsigned warps = block_size / warp_size;
constexpr int each = ops::piece_pixels / ops::piece_lanes;  ///< pixels of a lane
constexpr unsigned all_lanes = 0xffffffffu;
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// All values folded by halves, for every lane. Not cub's: the order is ops::sum_of_lanes'.
template <class V, class F>
__device__ V fold_lanes(V value, F&& f) {
#pragma unroll
  for (unsigned half = warp_size / 2; half > 0; half /= 2)
    value = f(value, __shfl_down_sync(all_lanes, value, half));
  return __shfl_sync(all_lanes, value, 0);
}

template <class V>
__device__ V total(V value) {
  return fold_lanes(value, [](V a, V b) { return a + b; });
}

/// What a lane holds of a piece; NaN beyond its end. Integers of 32 and 64 bits as doubles.
template <class N>
struct LaneValues {
  N at[each];
};

/// First pass: sums of a lane. Lowest and highest of what is finite, of the piece.
template <bool check, class N>
__device__ ops::SquareSums sums_of(const LaneValues<N>& values, ops::Moments& out) {
  double sum = 0, squares = 0;
  int count = 0;
  N low = static_cast<N>(ops::plus_infinity), high = -low;
#pragma unroll
  for (int i = 0; i < each; ++i) {
    const N number = values.at[i];
    if (check && !ops::is_finite(number)) continue;
    const auto v = static_cast<double>(number);
    sum = sum + v;
    if constexpr (sums_squares<N>) squares = fma(v, v, squares);
    low = min(low, number);
    high = max(high, number);
    ++count;
  }
  out.count = check ? static_cast<double>(total(count)) : ops::piece_pixels;
  out.lowest = static_cast<double>(fold_lanes(low, [](N a, N b) { return min(a, b); })) + 0.0;
  out.highest = static_cast<double>(fold_lanes(high, [](N a, N b) { return max(a, b); })) + 0.0;
  return {check ? static_cast<double>(count) : each, sum, squares};
}

/// Second pass.
template <bool check, class N>
__device__ double m2_of(const LaneValues<N>& values, double mean) {
  double m2 = 0;
#pragma unroll
  for (int i = 0; i < each; ++i) {
    const double delta = static_cast<double>(values.at[i]) - mean;
    if (!check || ops::is_finite(values.at[i])) m2 = m2 + delta * delta;
  }
  return total(m2);
}

/// A piece of floats, or of integers as doubles.
template <class T>
__device__ ops::Moments moments_of_doubles(const T* in, int count) {
  using N = std::conditional_t<std::is_integral_v<T>, double, Number<T>>;
  const int lane = static_cast<int>(threadIdx.x % warp_size);
  LaneValues<N> values;
#pragma unroll
  for (int i = 0; i < each; ++i) {
    const int at = i * ops::piece_lanes + lane;
    values.at[i] = at < count ? static_cast<N>(number_of(in[at])) : static_cast<N>(not_a_number);
  }
  ops::Moments out;
  ops::SquareSums lane_sums = sums_of<false>(values, out);
  double sum = total(lane_sums.sum);
  const bool whole = ops::is_finite(sum);  // the same in every lane
  if (!whole) {
    lane_sums = sums_of<true>(values, out);
    sum = total(lane_sums.sum);
  }
  if (out.count == 0) return {};
  out.mean = sum / out.count;
  if constexpr (sums_squares<N>)
    out.m2 = total(ops::m2_around(out.mean, lane_sums));
  else
    out.m2 = whole ? m2_of<false>(values, out.mean) : m2_of<true>(values, out.mean);
  return out;
}

/// Of one lane: counted exactly, so in any order.
class LaneSums {
 public:
  __device__ void add(std::int32_t v) {
    ++count_;
    sum_ += v;
    squares_ += static_cast<std::uint32_t>(v) * static_cast<std::uint32_t>(v);
    lowest_ = min(lowest_, v);
    highest_ = max(highest_, v);
  }
  __device__ ops::Sums all() const {
    const auto lower = [](std::int32_t a, std::int32_t b) { return min(a, b); };
    const auto higher = [](std::int32_t a, std::int32_t b) { return max(a, b); };
    return {total(count_), total(sum_), total(squares_), fold_lanes(lowest_, lower),
            fold_lanes(highest_, higher)};
  }

 private:
  std::int32_t count_ = 0, sum_ = 0;
  unsigned long long squares_ = 0;
  std::int32_t lowest_ = INT32_MAX, highest_ = INT32_MIN;
};

/// A piece of integers of 8 and 16 bits.
template <class T>
__device__ ops::Moments moments_of_integers(const T* in, int count) {
  constexpr int pack = vector_bytes / sizeof(T);
  const int lane = static_cast<int>(threadIdx.x % warp_size);
  LaneSums sums;
  if (count == ops::piece_pixels) {
#pragma unroll
    for (int i = 0; i < each; i += pack) {
      T values[pack];
      load_values<T, pack>(in + i * ops::piece_lanes + lane * pack, values);
#pragma unroll
      for (int k = 0; k < pack; ++k) sums.add(values[k]);
    }
  } else {
    for (int at = lane; at < count; at += ops::piece_lanes) sums.add(in[at]);
  }
  return ops::moments_of(sums.all());
}

template <class T>
__global__ void __launch_bounds__(block_size)
    measure_pieces(const T* in, std::size_t stride, std::size_t pixels, std::uint32_t images,
                   std::size_t pieces, ops::Moments* out) {
  const std::size_t piece = std::size_t{blockIdx.x} * warps + threadIdx.x / warp_size;
  if (piece >= pieces) return;  // whole warps
  const std::size_t first = piece * ops::piece_pixels, left = pixels - first;
  const int count = left < ops::piece_pixels ? static_cast<int>(left) : ops::piece_pixels;
  for (std::uint32_t image = blockIdx.y; image < images; image += gridDim.y) {
    const T* from = in + image * stride + first;
    ops::Moments moments;
    if constexpr (is_small_integer<T>)
      moments = moments_of_integers(from, count);
    else
      moments = moments_of_doubles(from, count);
    if (threadIdx.x % warp_size == 0) out[image * pieces + piece] = moments;
  }
}

/// A thread an image: the order of the pieces is part of the definition.
__global__ void __launch_bounds__(block_size)
    join_pieces(const ops::Moments* of, std::size_t pixels, std::uint32_t images,
                std::size_t pieces, ImageMoments* out) {
  const std::size_t image = std::size_t{blockIdx.x} * block_size + threadIdx.x;
  if (image >= images) return;
  ops::Moments all;
  for (std::size_t i = 0; i < pieces; ++i) ops::merge(of[image * pieces + i], all);
  const auto counted = static_cast<std::int64_t>(all.count);
  const bool none = counted == 0;
  ImageMoments& to = out[image];
  to.counted = counted;
  to.missing = static_cast<std::int64_t>(pixels) - counted;
  to.mean = all.mean;
  to.m2 = all.m2;
  to.lowest = none ? 0 : all.lowest;
  to.highest = none ? 0 : all.highest;
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
  if (pieces != 0)
    launch("moments of pieces", measure_pieces<T>, frame_grid(blocks_for(pieces, warps), images),
           dim3(block_size), stream, in, stride, pixels, images, pieces, parts);
  launch("moments of images", join_pieces, dim3(blocks_for(images, block_size)), dim3(block_size),
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
