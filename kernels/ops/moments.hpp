// SPDX-License-Identifier: BSD-3-Clause
// The arithmetic of mean and variance: chunks of images at a pixel, pieces of an image, and how two
// sets of values are joined. Exact: only + - * / in a fixed order, no fused sums.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include <quickbeam/core/macros.hpp>

namespace quickbeam::kernels::ops {

inline constexpr double plus_infinity = std::numeric_limits<double>::infinity();

/// Pixels of a piece of an image: a piece stays in the L1 cache, or in the registers of a warp.
inline constexpr int piece_pixels = 1024;
/// Partial sums of a piece: pixel i of it goes to sum i % piece_lanes, on every SIMD target.
inline constexpr int piece_lanes = 32;

/// Statistics of some values. A count is a whole number below 2^53.
struct Moments {
  double count = 0;
  double mean = 0, m2 = 0;                                  ///< 0 where nothing was counted
  double lowest = plus_infinity, highest = -plus_infinity;  ///< never -0
};

/// Neither NaN nor infinite.
template <class V>
QUICKBEAM_HD constexpr bool is_finite(V value) {
  if constexpr (std::is_floating_point_v<V>)
    return value - value == 0;
  else
    return true;
}

QUICKBEAM_HD constexpr double lower(double a, double b) { return b < a ? b : a; }
QUICKBEAM_HD constexpr double higher(double a, double b) { return b > a ? b : a; }

/// Chan, Golub & LeVeque 1979, (2.1): mean and M2 of `to` as if the values of `later` had followed.
/// `share` = later's part of all values, `weight` = count of `to` times share.
QUICKBEAM_HD constexpr void join(double later_mean, double later_m2, double share, double weight,
                                 double& mean, double& m2) {
  const double delta = later_mean - mean;
  mean = mean + delta * share;
  m2 = (m2 + later_m2) + delta * delta * weight;
}

/// Adds the values of `later` to `to`. An empty side leaves the other one as it is.
QUICKBEAM_HD constexpr void merge(const Moments& later, Moments& to) {
  if (later.count == 0) return;
  if (to.count == 0) {
    to = later;
    return;
  }
  const double share = later.count / (to.count + later.count);
  join(later.mean, later.m2, share, to.count * share, to.mean, to.m2);
  to.count = to.count + later.count;
  to.lowest = lower(to.lowest, later.lowest);
  to.highest = higher(to.highest, later.highest);
}

/// Statistics of value_at(0) .. value_at(count - 1), in this order, in two passes; what is not
/// finite is left out. The mean is sum / count; -0 counts as 0.
template <class ValueAt>
QUICKBEAM_HD constexpr Moments moments_of(int count, ValueAt&& value_at) {
  Moments out;
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    const double v = value_at(i);
    if (!is_finite(v)) continue;
    sum = sum + v;
    out.count = out.count + 1;
    out.lowest = lower(out.lowest, v);
    out.highest = higher(out.highest, v);
  }
  if (out.count == 0) return out;
  out.lowest = out.lowest + 0.0;  // -0 to +0, whichever came first
  out.highest = out.highest + 0.0;
  out.mean = sum / out.count;
  for (int i = 0; i < count; ++i) {
    const double v = value_at(i), delta = v - out.mean;
    if (is_finite(v)) out.m2 = out.m2 + delta * delta;
  }
  return out;
}

/// The partial sums of a piece as one: halves added until one is left. Overwrites them.
QUICKBEAM_HD constexpr double sum_of_lanes(double* lanes) {
  for (int half = piece_lanes / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) lanes[i] = lanes[i] + lanes[i + half];
  return lanes[0];
}

/// Whole numbers of 8 or 16 bits: exact, in any order.
struct Sums {
  std::int64_t count = 0, sum = 0;
  std::uint64_t squares = 0;
  std::int32_t lowest = 0, highest = 0;  ///< whatever when nothing was counted
};

/// Statistics of at most piece_pixels whole numbers: M2 is exact before its one rounding.
QUICKBEAM_HD constexpr Moments moments_of(const Sums& sums) {
  if (sums.count == 0) return {};
  const auto count = static_cast<double>(sums.count);
  // count * squares < 2^10 * 2^42
  const std::int64_t m2_times_count =
      sums.count * static_cast<std::int64_t>(sums.squares) - sums.sum * sums.sum;
  return {count, static_cast<double>(sums.sum) / count, static_cast<double>(m2_times_count) / count,
          static_cast<double>(sums.lowest), static_cast<double>(sums.highest)};
}

}  // namespace quickbeam::kernels::ops
