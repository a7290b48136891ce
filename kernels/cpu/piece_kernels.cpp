// SPDX-License-Identifier: BSD-3-Clause
// Statistics of a piece of one image, which stays in the L1 cache between its two passes; compiled
// once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/piece_kernels.cpp"
#include <hwy/cache_control.h>
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

/// Lowest and highest; whatever when one is not finite. Of floats as floats: half the work.
template <class T>
HWY_INLINE void find_range(const T* in, std::size_t count, ops::Moments& out) {
  using Tag = std::conditional_t<std::is_same_v<T, float> && HWY_TARGET != HWY_SCALAR,
                                 hn::Repartition<float, DoubleTag>, DoubleTag>;
  const Tag d;
  const std::size_t n = hn::Lanes(d), step = 4 * n;
  const auto load = [](const T* at) HWY_ATTR {
    if constexpr (std::is_same_v<hn::TFromD<Tag>, T>)
      return hn::LoadU(Tag(), at);
    else
      return load_doubles(at);
  };
  auto low_a = hn::Set(d, static_cast<hn::TFromD<Tag>>(ops::plus_infinity)), low_b = low_a;
  auto high_a = hn::Neg(low_a), high_b = high_a;
  std::size_t i = 0;
  for (; i + step <= count; i += step) {
    const auto p = load(in + i), q = load(in + i + n);
    const auto r = load(in + i + 2 * n), s = load(in + i + 3 * n);
    low_a = hn::Min(low_a, hn::Min(p, q));
    low_b = hn::Min(low_b, hn::Min(r, s));
    high_a = hn::Max(high_a, hn::Max(p, q));
    high_b = hn::Max(high_b, hn::Max(r, s));
  }
  out.lowest = static_cast<double>(hn::GetLane(hn::MinOfLanes(d, hn::Min(low_a, low_b))));
  out.highest = static_cast<double>(hn::GetLane(hn::MaxOfLanes(d, hn::Max(high_a, high_b))));
  for (; i < count; ++i) {
    out.lowest = ops::lower(out.lowest, static_cast<double>(in[i]));
    out.highest = ops::higher(out.highest, static_cast<double>(in[i]));
  }
  out.lowest = out.lowest + 0.0;  // -0 to +0, whichever came first
  out.highest = out.highest + 0.0;
}

/// Asks for piece_lanes pixels, while as many others are summed. They may lie behind the image, a
/// prefetch cannot fault.
template <class T>
HWY_INLINE void ask_for(const T* next) {
  const auto* at = reinterpret_cast<const std::byte*>(next);
  for (std::size_t line = 0; line < piece_lanes * sizeof(T); line += 64) hwy::Prefetch(at + line);
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
  return ops::sum_of_lanes(sums.values);
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
  return ops::sum_of_lanes(sums.values);
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
ops::Moments moments_of_piece(const T* in, std::size_t count, const T* next) {
  if constexpr (std::is_integral_v<T> && sizeof(T) <= 2)
    return moments_of_integers(in, count, next);
  else
    return moments_of_doubles(in, count, next);
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
