// SPDX-License-Identifier: BSD-3-Clause
// Statistics of a piece of one image, which stays in the L1 cache between its two passes; compiled
// once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/piece_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <algorithm>

#include "kernels/cpu/load_doubles-inl.hpp"
#include "kernels/cpu/moment_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// No MulAdd here: a fused sum would differ between targets.

constexpr std::size_t piece_lanes = ops::piece_lanes;

/// A partial result for every lane of a piece.
struct Lanes {
  HWY_ALIGN double values[piece_lanes];
};

/// First pass. Values that are not finite make the sum so.
template <class T>
HWY_INLINE ops::Moments sum_of(const T* in, std::size_t count, Lanes& sums) {
  const DoubleTag d;
  const std::size_t n = hn::Lanes(d), whole = count / piece_lanes * piece_lanes;
  auto low = hn::Set(d, ops::plus_infinity), high = hn::Neg(low);
  for (std::size_t lane = 0; lane < piece_lanes; lane += 4 * n) {
    auto a = hn::Zero(d), b = a, c = a, e = a;
    for (std::size_t i = lane; i < whole; i += piece_lanes) {
      const auto p = load_doubles(in + i), q = load_doubles(in + i + n);
      const auto r = load_doubles(in + i + 2 * n), s = load_doubles(in + i + 3 * n);
      a = hn::Add(a, p);
      b = hn::Add(b, q);
      c = hn::Add(c, r);
      e = hn::Add(e, s);
      low = hn::Min(low, hn::Min(hn::Min(p, q), hn::Min(r, s)));
      high = hn::Max(high, hn::Max(hn::Max(p, q), hn::Max(r, s)));
    }
    hn::Store(a, d, sums.values + lane);
    hn::Store(b, d, sums.values + lane + n);
    hn::Store(c, d, sums.values + lane + 2 * n);
    hn::Store(e, d, sums.values + lane + 3 * n);
  }
  ops::Moments out{static_cast<double>(count), 0, 0, hn::GetLane(hn::MinOfLanes(d, low)),
                   hn::GetLane(hn::MaxOfLanes(d, high))};
  for (std::size_t i = whole; i < count; ++i) {
    const auto v = static_cast<double>(in[i]);
    sums.values[i - whole] = sums.values[i - whole] + v;
    out.lowest = ops::lower(out.lowest, v);
    out.highest = ops::higher(out.highest, v);
  }
  out.lowest = out.lowest + 0.0;
  out.highest = out.highest + 0.0;
  return out;
}

/// Second pass.
template <class T>
HWY_INLINE void squares_of(const T* in, std::size_t count, double mean, Lanes& sums) {
  const DoubleTag d;
  const std::size_t n = hn::Lanes(d), whole = count / piece_lanes * piece_lanes;
  const auto middle = hn::Set(d, mean);
  for (std::size_t lane = 0; lane < piece_lanes; lane += 4 * n) {
    auto a = hn::Zero(d), b = a, c = a, e = a;
    for (std::size_t i = lane; i < whole; i += piece_lanes) {
      const auto p = hn::Sub(load_doubles(in + i), middle);
      const auto q = hn::Sub(load_doubles(in + i + n), middle);
      const auto r = hn::Sub(load_doubles(in + i + 2 * n), middle);
      const auto s = hn::Sub(load_doubles(in + i + 3 * n), middle);
      a = hn::Add(a, hn::Mul(p, p));
      b = hn::Add(b, hn::Mul(q, q));
      c = hn::Add(c, hn::Mul(r, r));
      e = hn::Add(e, hn::Mul(s, s));
    }
    hn::Store(a, d, sums.values + lane);
    hn::Store(b, d, sums.values + lane + n);
    hn::Store(c, d, sums.values + lane + 2 * n);
    hn::Store(e, d, sums.values + lane + 3 * n);
  }
  for (std::size_t i = whole; i < count; ++i) {
    const double delta = static_cast<double>(in[i]) - mean;
    sums.values[i - whole] = sums.values[i - whole] + delta * delta;
  }
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

/// Floats, and integers of 32 and 64 bits as doubles.
template <class T>
ops::Moments moments_of_doubles(const T* in, std::size_t count) {
  if (count == 0) return {};
  Lanes sums;
  ops::Moments out = sum_of(in, count, sums);
  const double sum = ops::sum_of_lanes(sums.values);
  // Doubles may overflow without one that is not finite: the longer way finds the same.
  if (std::is_floating_point_v<T> && !ops::is_finite(sum)) return moments_of_finite(in, count);
  out.mean = sum / out.count;
  squares_of(in, count, out.mean, sums);
  out.m2 = ops::sum_of_lanes(sums.values);
  return out;
}

/// Integers of 8 and 16 bits. 32 bits hold the sum of a piece, and as unsigned a square.
template <class T>
ops::Moments moments_of_integers(const T* in, std::size_t count) {
  ops::Sums all{static_cast<std::int64_t>(count), 0, 0, std::numeric_limits<T>::max(),
                std::numeric_limits<T>::min()};
  std::int32_t sum = 0, low = all.lowest, high = all.highest;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t v = in[i];
    sum += v;
    low = v < low ? v : low;
    high = v > high ? v : high;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t v = in[i];
    all.squares += static_cast<std::uint32_t>(v) * static_cast<std::uint32_t>(v);
  }
  all.sum = sum;
  all.lowest = low;
  all.highest = high;
  return ops::moments_of(all);
}

template <class T>
ops::Moments moments_of_piece(const T* in, std::size_t count) {
  if constexpr (std::is_integral_v<T> && sizeof(T) <= 2)
    return moments_of_integers(in, count);
  else
    return moments_of_doubles(in, count);
}

template <class... T>
constexpr std::tuple<PieceKernel<T>...> table_of(const std::tuple<PieceKernel<T>...>*) {
  return {PieceKernel<T>{moments_of_piece<T>}...};
}

}  // namespace

const AllKernels<PieceKernel>* piece_table() {
  using Table = AllKernels<PieceKernel>;
  static constexpr Table table = table_of(static_cast<const Table*>(nullptr));
  return &table;
}

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quickbeam::kernels {

HWY_EXPORT(piece_table);

const AllKernels<PieceKernel>& piece_kernels() { return *HWY_DYNAMIC_DISPATCH(piece_table)(); }

}  // namespace quickbeam::kernels
#endif  // HWY_ONCE
