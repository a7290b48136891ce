// SPDX-License-Identifier: BSD-3-Clause
// Statistics of pieces of an image by a warp, a lane of it being a lane of the definition: of one
// piece whatever it is, and of several whole ones of finite floats.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/cuda/moment_values.cuh"
#include "kernels/cuda/warp_fold.cuh"
#include "kernels/ops/moments.hpp"

namespace quickbeam::kernels::cuda {

/// Pixels of a lane of a piece.
inline constexpr int lane_pixels = ops::piece_pixels / ops::piece_lanes;
static_assert(warp_size == ops::piece_lanes);
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// What a lane holds of a piece; NaN beyond its end. Integers of 32 and 64 bits as doubles.
template <class N>
struct LaneValues {
  N at[lane_pixels];
};

/// First pass: sums of a lane. Lowest and highest of what is finite, of the piece.
template <bool check, class N>
__device__ ops::SquareSums sums_of(const LaneValues<N>& values, ops::Moments& out) {
  double sum = 0, squares = 0;
  int count = 0;
  N low = static_cast<N>(ops::plus_infinity), high = -low;
#pragma unroll
  for (int i = 0; i < lane_pixels; ++i) {
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
  return {check ? static_cast<double>(count) : lane_pixels, sum, squares};
}

/// Second pass.
template <bool check, class N>
__device__ double m2_of(const LaneValues<N>& values, double mean) {
  double m2 = 0;
#pragma unroll
  for (int i = 0; i < lane_pixels; ++i) {
    const double delta = static_cast<double>(values.at[i]) - mean;
    if (!check || ops::is_finite(values.at[i])) m2 = m2 + delta * delta;
  }
  return total(m2);
}

/// A piece of `count` floats, or of integers as doubles: the result in every lane.
template <class T>
__device__ ops::Moments moments_of_piece(const T* in, int count) {
  using N = std::conditional_t<std::is_integral_v<T>, double, Number<T>>;
  const int lane = static_cast<int>(lane_of_warp());
  LaneValues<N> values;
#pragma unroll
  for (int i = 0; i < lane_pixels; ++i) {
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

/// How the range of floats and halves is found; a half is the lower one of a pair.
template <class T>
using RangeOf =
    std::conditional_t<std::is_same_v<T, Half>, HalfPair::Range, typename OnePixel<float>::Range>;

__device__ inline void add_to_range(float value, OnePixel<float>::Range& range) {
  range.add({value});
}
__device__ inline void add_to_range(Half value, HalfPair::Range& range) { range.add({value.bits}); }

/// `pieces` whole pieces of floats, one after the other: to `out` in lane l the statistics of piece
/// l / (32 / pieces). False, the same in all lanes, when some value may not be finite.
template <unsigned pieces, class T>
__device__ bool moments_of_finite(const T* in, ops::Moments& out) {
  constexpr unsigned lanes = warp_size / pieces;
  in += lane_of_warp();
  ops::SquareSums lane[pieces];
  float ranges[2 * pieces];  // lowest, -highest
  double sums[pieces];
#pragma unroll
  for (unsigned p = 0; p < pieces; ++p) {
    RangeOf<T> range;
    lane[p].count = lane_pixels;
#pragma unroll
    for (int i = 0; i < lane_pixels; ++i) {
      const T value = in[p * ops::piece_pixels + i * ops::piece_lanes];
      const auto v = static_cast<double>(number_of(value));
      lane[p].sum = lane[p].sum + v;
      lane[p].squares = fma(v, v, lane[p].squares);
      add_to_range(value, range);
    }
    sums[p] = lane[p].sum;
    ranges[2 * p] = static_cast<float>(range.lowest(0));
    ranges[2 * p + 1] = -static_cast<float>(range.highest(0));
  }
  const double sum = fold_each(sums, Add{});
  if (__any_sync(all_lanes, !ops::is_finite(sum))) return false;
  out.count = ops::piece_pixels;
  out.mean = sum / out.count;
  double m2[pieces];
#pragma unroll
  for (unsigned p = 0; p < pieces; ++p) {
    const double mean = __shfl_sync(all_lanes, out.mean, static_cast<int>(p * lanes));
    m2[p] = ops::m2_around(mean, lane[p]);
  }
  out.m2 = fold_each(m2, Add{});
  const float least = fold_each(ranges, [](float a, float b) { return min(a, b); });
  const float other = __shfl_xor_sync(all_lanes, least, static_cast<int>(lanes / 2));
  const bool lower = (lane_of_warp() & (lanes / 2)) == 0;
  out.lowest = static_cast<double>(lower ? least : other) + 0.0;
  out.highest = static_cast<double>(-(lower ? other : least)) + 0.0;
  return true;
}

}  // namespace quickbeam::kernels::cuda
