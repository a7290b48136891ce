// SPDX-License-Identifier: BSD-3-Clause
// Statistics of pieces of images: floats in one pass (float_pieces-inl.hpp); others in two, between
// which a piece stays in the L1 cache; small integers by exact sums. Compiled once for each
// instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/piece_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <algorithm>

#include "kernels/cpu/float_pieces-inl.hpp"
#include "kernels/cpu/load_doubles-inl.hpp"
#include "kernels/cpu/moment_kernels.hpp"
#include "kernels/cpu/piece_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// No MulAdd here: a fused sum would differ between targets.

/// Lowest and highest; whatever when one is not finite.
template <class T>
HWY_INLINE void find_range(const T* in, std::size_t count, ops::Moments& out) {
  const DoubleTag d;
  const std::size_t n = hn::Lanes(d), step = 4 * n;
  auto low_a = hn::Set(d, ops::plus_infinity), low_b = low_a;
  auto high_a = hn::Neg(low_a), high_b = high_a;
  std::size_t i = 0;
  for (; i + step <= count; i += step) {
    const auto p = load_doubles(in + i), q = load_doubles(in + i + n);
    const auto r = load_doubles(in + i + 2 * n), s = load_doubles(in + i + 3 * n);
    low_a = hn::Min(low_a, hn::Min(p, q));
    low_b = hn::Min(low_b, hn::Min(r, s));
    high_a = hn::Max(high_a, hn::Max(p, q));
    high_b = hn::Max(high_b, hn::Max(r, s));
  }
  out.lowest = hn::GetLane(hn::MinOfLanes(d, hn::Min(low_a, low_b)));
  out.highest = hn::GetLane(hn::MaxOfLanes(d, hn::Max(high_a, high_b)));
  for (; i < count; ++i) {
    out.lowest = ops::lower(out.lowest, static_cast<double>(in[i]));
    out.highest = ops::higher(out.highest, static_cast<double>(in[i]));
  }
  out.lowest = out.lowest + 0.0;  // -0 to +0, whichever came first
  out.highest = out.highest + 0.0;
}

/// Sums of term(pixels) in lanes. Meanwhile the pixels from `next` on are asked for, unless null.
template <class T, class Term>
HWY_INLINE void sum_lanes(const T* in, std::size_t count, const T* next, Lanes& sums,
                          const Term& term) {
  const DoubleTag d;
  const std::size_t n = hn::Lanes(d), whole = count / piece_lanes * piece_lanes;
  for (std::size_t lane = 0; lane < piece_lanes; lane += 4 * n) {
    auto a = hn::Zero(d), b = a, c = a, e = a;
    for (std::size_t i = lane; i < whole; i += piece_lanes) {
      if (lane == 0 && next) ask_for(next + i);
      a = hn::Add(a, term(load_doubles(in + i)));
      b = hn::Add(b, term(load_doubles(in + i + n)));
      c = hn::Add(c, term(load_doubles(in + i + 2 * n)));
      e = hn::Add(e, term(load_doubles(in + i + 3 * n)));
    }
    hn::Store(a, d, sums.values + lane);
    hn::Store(b, d, sums.values + lane + n);
    hn::Store(c, d, sums.values + lane + 2 * n);
    hn::Store(e, d, sums.values + lane + 3 * n);
  }
}

/// First pass. Values that are not finite make the sum so.
template <class T>
HWY_INLINE double sum_of(const T* in, std::size_t count, Lanes& sums) {
  sum_lanes(in, count, static_cast<const T*>(nullptr), sums,
            [](hn::Vec<DoubleTag> v) HWY_ATTR { return v; });
  for (std::size_t whole = count / piece_lanes * piece_lanes, i = whole; i < count; ++i)
    sums.values[i - whole] = sums.values[i - whole] + static_cast<double>(in[i]);
  return total(sums);
}

/// Second pass.
template <class T>
HWY_INLINE double m2_of(const T* in, std::size_t count, const T* next, double mean, Lanes& sums) {
  const auto middle = hn::Set(DoubleTag(), mean);
  sum_lanes(in, count, next, sums, [middle](hn::Vec<DoubleTag> v) HWY_ATTR {
    const auto delta = hn::Sub(v, middle);
    return hn::Mul(delta, delta);
  });
  for (std::size_t whole = count / piece_lanes * piece_lanes, i = whole; i < count; ++i) {
    const double delta = static_cast<double>(in[i]) - mean;
    sums.values[i - whole] = sums.values[i - whole] + delta * delta;
  }
  return total(sums);
}

/// The same for a piece of which some values are not finite: they are left out of their lane.
template <class T>
HWY_NOINLINE ops::Moments moments_of_finite(const T* in, std::size_t count) {
  Lanes sums{};
  ops::Moments out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto v = static_cast<double>(in[i]);
    if (!ops::is_finite(v)) continue;
    double& sum = sums.values[i % piece_lanes];
    sum = sum + v;
    out.count += 1;
    out.lowest = ops::lower(out.lowest, v);
    out.highest = ops::higher(out.highest, v);
  }
  if (out.count == 0) return out;
  out.lowest = out.lowest + 0.0;
  out.highest = out.highest + 0.0;
  out.mean = ops::sum_of_lanes(sums.values) / out.count;
  std::fill_n(sums.values, piece_lanes, 0.0);
  for (std::size_t i = 0; i < count; ++i) {
    const double v = static_cast<double>(in[i]), delta = v - out.mean;
    if (ops::is_finite(v))
      sums.values[i % piece_lanes] = sums.values[i % piece_lanes] + delta * delta;
  }
  out.m2 = ops::sum_of_lanes(sums.values);
  return out;
}

/// Doubles, and integers of 32 and 64 bits as such.
template <class T>
ops::Moments moments_of_doubles(const T* in, std::size_t count, const T* next) {
  if (count == 0) return {};
  Lanes lanes;
  const double sum = sum_of(in, count, lanes);
  // Doubles may overflow without one that is not finite: the longer way finds the same.
  if (std::is_floating_point_v<T> && !ops::is_finite(sum)) return moments_of_finite(in, count);
  ops::Moments out{.count = static_cast<double>(count)};
  out.mean = sum / out.count;
  find_range(in, count, out);
  out.m2 = m2_of(in, count, next, out.mean, lanes);
  return out;
}

/// Integers of 8 and 16 bits. 32 bits hold the sum of a piece, and as unsigned the squares of 8
/// bits or one of 16 bits. Loops that the compiler makes vectors of.
template <class T>
ops::Moments moments_of_integers(const T* in, std::size_t count, const T* next) {
  using Squares = std::conditional_t<sizeof(T) == 1, std::uint32_t, std::uint64_t>;
  for (std::size_t i = 0; i < count; i += piece_lanes) ask_for(next + i);
  T low = std::numeric_limits<T>::max(), high = std::numeric_limits<T>::min();
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += in[i];
    low = in[i] < low ? in[i] : low;
    high = in[i] > high ? in[i] : high;
  }
  Squares squares = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto v = static_cast<std::uint32_t>(std::int32_t{in[i]});
    squares += v * v;
  }
  return ops::moments_of(ops::Sums{static_cast<std::int64_t>(count), sum, squares, low, high});
}

template <class T>
void moments_of_pieces(const T* in, std::size_t stride, std::size_t images, std::size_t count,
                       ops::Moments* out) {
  if constexpr (std::is_same_v<T, float>) {
    moments_of_floats(in, stride, images, count, out);
  } else {
    for (std::size_t k = 0; k < images; ++k, in += stride)
      if constexpr (std::is_integral_v<T> && sizeof(T) <= 2)
        out[k] = moments_of_integers(in, count, in + stride);
      else
        out[k] = moments_of_doubles(in, count, in + stride);
  }
}

}  // namespace

QUICKBEAM_KERNEL_TABLE(piece_table, AllKernels, PieceKernel, moments_of_pieces)

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quickbeam::kernels {
QUICKBEAM_KERNEL_DISPATCH(piece_table, AllKernels, PieceKernel, piece_kernels)
}  // namespace quickbeam::kernels
#endif  // HWY_ONCE
