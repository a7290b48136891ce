// SPDX-License-Identifier: BSD-3-Clause
// Statistics of a piece of one image: floats in one pass of sums, as their squares are exact in
// double; others in two passes, between which the piece stays in the L1 cache; small integers by
// exact sums. Compiled once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/piece_kernels.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <algorithm>

#include "kernels/cpu/exact_squares-inl.hpp"
#include "kernels/cpu/load_doubles-inl.hpp"
#include "kernels/cpu/moment_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// No MulAdd here: a fused sum would differ between targets.

constexpr std::size_t piece_lanes = ops::piece_lanes;
constexpr std::size_t most_doubles = 8;
static_assert(ops::piece_pixels == 16 * ops::piece_lanes);  // m2_times_16

/// A partial result for every lane of a piece.
struct Lanes {
  HWY_ALIGN double values[piece_lanes];
};

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

/// ops::sum_of_lanes, vectors at a time while there are some.
HWY_INLINE double total(Lanes& lanes) {
  const DoubleTag d;
  const std::size_t n = hn::Lanes(d);
  std::size_t left = piece_lanes;
  for (; left > n; left /= 2)
    for (std::size_t i = 0; i < left / 2; i += n)
      hn::Store(hn::Add(hn::Load(d, lanes.values + i), hn::Load(d, lanes.values + i + left / 2)), d,
                lanes.values + i);
  for (; left > 1; left /= 2)
    for (std::size_t i = 0; i < left / 2; ++i)
      lanes.values[i] = lanes.values[i] + lanes.values[i + left / 2];
  return lanes.values[0];
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

/// Images whose piece is asked for ahead, round to the next piece of the first ones: memory takes
/// longer to answer than a piece to be summed.
constexpr std::size_t images_ahead = 3;

/// What is kept of a piece of floats until those of all images are read: nothing waits then.
struct FloatSums {
  Lanes sums, squares;
  HWY_ALIGN float lowest[2 * most_doubles], highest[2 * most_doubles];
};

#if HWY_TARGET != HWY_SCALAR
/// Of the first `whole` pixels, as many as piece_lanes at a time.
HWY_INLINE void sum_squares(const float* in, std::size_t whole, const float* next, FloatSums& out) {
  const DoubleTag d;
  const hn::Repartition<float, DoubleTag> df;
  const std::size_t n = hn::Lanes(d);
  auto low_a = hn::Set(df, static_cast<float>(ops::plus_infinity)), low_b = low_a;
  auto high_a = hn::Neg(low_a), high_b = high_a;
  for (std::size_t lane = 0; lane < piece_lanes; lane += 4 * n) {
    auto sum_a = hn::Zero(d), sum_b = sum_a, sum_c = sum_a, sum_e = sum_a;
    auto squares_a = sum_a, squares_b = sum_a, squares_c = sum_a, squares_e = sum_a;
    for (std::size_t i = lane; i < whole; i += piece_lanes) {
      if (lane == 0) ask_for(next + i);
      const auto a = load_doubles(in + i), b = load_doubles(in + i + n);
      const auto c = load_doubles(in + i + 2 * n), e = load_doubles(in + i + 3 * n);
      const auto ab = hn::LoadU(df, in + i), ce = hn::LoadU(df, in + i + 2 * n);
      sum_a = hn::Add(sum_a, a);
      sum_b = hn::Add(sum_b, b);
      sum_c = hn::Add(sum_c, c);
      sum_e = hn::Add(sum_e, e);
      squares_a = add_square(a, squares_a);
      squares_b = add_square(b, squares_b);
      squares_c = add_square(c, squares_c);
      squares_e = add_square(e, squares_e);
      low_a = hn::Min(low_a, ab);
      low_b = hn::Min(low_b, ce);
      high_a = hn::Max(high_a, ab);
      high_b = hn::Max(high_b, ce);
    }
    hn::Store(sum_a, d, out.sums.values + lane);
    hn::Store(sum_b, d, out.sums.values + lane + n);
    hn::Store(sum_c, d, out.sums.values + lane + 2 * n);
    hn::Store(sum_e, d, out.sums.values + lane + 3 * n);
    hn::Store(squares_a, d, out.squares.values + lane);
    hn::Store(squares_b, d, out.squares.values + lane + n);
    hn::Store(squares_c, d, out.squares.values + lane + 2 * n);
    hn::Store(squares_e, d, out.squares.values + lane + 3 * n);
  }
  hn::Store(hn::Min(low_a, low_b), df, out.lowest);
  hn::Store(hn::Max(high_a, high_b), df, out.highest);
}
#endif

/// ops::m2_around of every lane; of full lanes, or of any.
template <bool full>
HWY_INLINE double m2_of_lanes(const Lanes& counts, const Lanes& sums, const Lanes& squares,
                              double mean) {
  const DoubleTag d;
  const auto zero = hn::Zero(d), one = hn::Set(d, 1.0);
  Lanes terms;
  for (std::size_t i = 0; i < piece_lanes; i += hn::Lanes(d)) {
    const auto sum = hn::Load(d, sums.values + i), square = hn::Load(d, squares.values + i);
    const auto count = full ? hn::Set(d, 16.0) : hn::Load(d, counts.values + i);
    const auto divisor = hn::Max(count, one);  // a lane without a value adds nothing
    const auto m2 = full ? hn::Mul(m2_times_16(sum, square), hn::Set(d, 1.0 / 16))
                         : hn::Div(m2_times_count(divisor, sum, square), divisor);
    const auto lane_mean = full ? hn::Mul(sum, hn::Set(d, 1.0 / 16)) : hn::Div(sum, divisor);
    const auto delta = hn::Sub(lane_mean, hn::Set(d, mean));
    hn::Store(hn::Add(hn::Max(m2, zero), hn::Mul(hn::Mul(delta, delta), count)), d,
              terms.values + i);
  }
  return total(terms);
}

/// A piece of floats of which some are not finite: they are left out of their lane.
HWY_NOINLINE ops::Moments moments_of_finite(const float* in, std::size_t count) {
  Lanes counts{}, sums{}, squares{};
  ops::Moments out;
  for (std::size_t i = 0; i < count; ++i) {
    const double v = in[i];
    if (!ops::is_finite(v)) continue;
    const std::size_t lane = i % piece_lanes;
    counts.values[lane] += 1;
    sums.values[lane] = sums.values[lane] + v;
    squares.values[lane] = squares.values[lane] + v * v;
    out.count += 1;
    out.lowest = ops::lower(out.lowest, v);
    out.highest = ops::higher(out.highest, v);
  }
  if (out.count == 0) return out;
  out.lowest = out.lowest + 0.0;
  out.highest = out.highest + 0.0;
  Lanes all = sums;
  out.mean = total(all) / out.count;
  out.m2 = m2_of_lanes<false>(counts, sums, squares, out.mean);
  return out;
}

#if HWY_TARGET == HWY_SCALAR
void moments_of_floats(const float* in, std::size_t stride, std::size_t images, std::size_t count,
                       ops::Moments* out) {
  for (std::size_t k = 0; k < images; ++k) out[k] = moments_of_finite(in + k * stride, count);
}
#else
/// What is beyond the whole of a piece goes to its first lanes.
HWY_INLINE void add_rest(const float* rest, std::size_t count, FloatSums& to) {
  for (std::size_t lane = 0; lane < count; ++lane) {
    const double v = rest[lane];
    to.sums.values[lane] = to.sums.values[lane] + v;
    to.squares.values[lane] = to.squares.values[lane] + v * v;
    to.lowest[0] = rest[lane] < to.lowest[0] ? rest[lane] : to.lowest[0];
    to.highest[0] = rest[lane] > to.highest[0] ? rest[lane] : to.highest[0];
  }
}

/// Statistics from sums; false when some value was not finite.
template <bool full>
HWY_INLINE bool finish(const FloatSums& of, const Lanes& counts, std::size_t count,
                       ops::Moments& out) {
  const hn::Repartition<float, DoubleTag> d;
  Lanes all = of.sums;
  const double sum = total(all);
  if (!ops::is_finite(sum)) return false;
  out.count = static_cast<double>(count);
  out.mean = sum / out.count;
  out.m2 = m2_of_lanes<full>(counts, of.sums, of.squares, out.mean);
  // -0 to +0, whichever came first
  out.lowest = static_cast<double>(hn::GetLane(hn::MinOfLanes(d, hn::Load(d, of.lowest)))) + 0.0;
  out.highest = static_cast<double>(hn::GetLane(hn::MaxOfLanes(d, hn::Load(d, of.highest)))) + 0.0;
  return true;
}

/// Floats, whose squares are exact.
void moments_of_floats(const float* in, std::size_t stride, std::size_t images, std::size_t count,
                       ops::Moments* out) {
  const std::size_t whole = count / piece_lanes * piece_lanes;
  FloatSums sums[chunk_images];
  for (std::size_t k = 0; k < images; ++k) {
    const float* piece = in + k * stride;
    const std::size_t later = k + images_ahead;
    const float* next =
        later < images ? in + later * stride : in + (later - images) * stride + count;
    sum_squares(piece, whole, next, sums[k]);
    add_rest(piece + whole, count - whole, sums[k]);
  }
  Lanes counts;
  for (std::size_t lane = 0; lane < piece_lanes; ++lane)
    counts.values[lane] = static_cast<double>((count + piece_lanes - 1 - lane) / piece_lanes);
  for (std::size_t k = 0; k < images; ++k) {
    const bool is_finite = count == ops::piece_pixels
                               ? finish<true>(sums[k], counts, count, out[k])
                               : finish<false>(sums[k], counts, count, out[k]);
    if (!is_finite) out[k] = moments_of_finite(in + k * stride, count);
  }
}
#endif

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
