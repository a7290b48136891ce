// SPDX-License-Identifier: BSD-3-Clause
// The arithmetic of mean and variance: chunks of images at a pixel, pieces of an image, and how two
// sets of values are joined. Exact: only + - * / in a fixed order; no sum is fused with a product
// that is not exact by itself.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include <quickbeam/core/macros.hpp>

namespace quickbeam::kernels::ops {

inline constexpr double plus_infinity = std::numeric_limits<double>::infinity();

/// Pixels of a piece of an image: as many images of it as a chunk has stay in the L1 cache.
inline constexpr int piece_pixels = 512;
/// Partial sums of a piece: pixel i of it goes to sum i % piece_lanes, on every SIMD target.
inline constexpr int piece_lanes = 32;

/// Whether squares of T are exact in double. Sums of the squares of 16 of them are then as good as
/// exact, and make one pass do where others need two: docs/decisions/0025-sums-of-squares.md.
template <class T>
inline constexpr bool has_exact_squares = std::is_same_v<T, float> ||
                                          (std::is_integral_v<T> && sizeof(T) <= 2);

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

/// Of values that follow `before` others: their part of all values, and that times `before`.
struct Share {
  double share, weight;
};
QUICKBEAM_HD constexpr Share share_of(double later, double before) {
  const double share = later / (before + later);
  return {share, before * share};
}

/// Chan, Golub & LeVeque 1979, (2.1): mean and M2 of values as if the later ones, of which these
/// are share_of's, had followed.
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
  const Share of = share_of(later.count, to.count);
  join(later.mean, later.m2, of.share, of.weight, to.mean, to.m2);
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

/// a * b - product without an error, for product = a * b rounded. The same by Dekker's splitting
/// (1971) and by a fused operation. Precondition: |a|, |b| < 2^500.
QUICKBEAM_HD constexpr double error_of_product(double a, double b, double product) {
#if defined(__CUDA_ARCH__)
  return fma(a, b, -product);
#else
  constexpr double splitter = 134217729;  // 2^27 + 1
  const double a_parts = splitter * a, a_high = a_parts - (a_parts - a), a_low = a - a_high;
  const double b_parts = splitter * b, b_high = b_parts - (b_parts - b), b_low = b - b_high;
  return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
#endif
}

/// Of at most 16 values with exact squares.
struct SquareSums {
  double count = 0, sum = 0, squares = 0;

  QUICKBEAM_HD constexpr void add(double value) {
    sum = sum + value;
    squares = squares + value * value;
    count = count + 1;
  }
  QUICKBEAM_HD constexpr double mean() const { return count == 0 ? 0 : sum / count; }
  /// squares - sum^2 / count, where the difference of two large products costs no digits.
  QUICKBEAM_HD constexpr double m2() const {
    if (count == 0) return 0;
    const double a = count * squares, b = sum * sum;
    const double rest = error_of_product(count, squares, a) - error_of_product(sum, sum, b);
    const double m2 = ((a - b) + rest) / count;
    return m2 > 0 ? m2 : 0;
  }
};

/// The same from value_at(0) .. value_at(count - 1) with exact squares, in one pass.
template <class ValueAt>
QUICKBEAM_HD constexpr Moments moments_of_squares(int count, ValueAt&& value_at) {
  Moments out;
  SquareSums sums;
  for (int i = 0; i < count; ++i) {
    const double v = value_at(i);
    if (!is_finite(v)) continue;
    sums.add(v);
    out.lowest = lower(out.lowest, v);
    out.highest = higher(out.highest, v);
  }
  if (sums.count == 0) return out;
  out.count = sums.count;
  out.lowest = out.lowest + 0.0;
  out.highest = out.highest + 0.0;
  out.mean = sums.mean();
  out.m2 = sums.m2();
  return out;
}

/// What a lane adds to the M2 of a piece with that mean.
QUICKBEAM_HD constexpr double m2_around(double mean, const SquareSums& lane) {
  const double delta = lane.mean() - mean;
  return lane.m2() + delta * delta * lane.count;
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
