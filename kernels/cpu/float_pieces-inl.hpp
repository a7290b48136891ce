// SPDX-License-Identifier: BSD-3-Clause
// Statistics of pieces of images of floats, whose squares are exact in double: one pass of sums.
// Compiled once for each SIMD target.

// Highway's include guard of a file that is compiled once per target.
#if defined(QUICKBEAM_FLOAT_PIECES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef QUICKBEAM_FLOAT_PIECES_INL
#undef QUICKBEAM_FLOAT_PIECES_INL
#else
#define QUICKBEAM_FLOAT_PIECES_INL
#endif

#include <hwy/highway.h>

#include "kernels/cpu/exact_squares-inl.hpp"
#include "kernels/cpu/load_doubles-inl.hpp"
#include "kernels/cpu/piece_lanes-inl.hpp"
#include "kernels/moments.hpp"
#include "kernels/ops/moments.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {

static_assert(ops::piece_pixels == 16 * ops::piece_lanes);  // m2_times_16

/// Images whose piece is asked for ahead, round to the next piece of the first ones: memory takes
/// longer to answer than a piece to be summed.
inline constexpr std::size_t images_ahead = 3;

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
inline HWY_NOINLINE ops::Moments moments_of_finite(const float* in, std::size_t count) {
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
inline void moments_of_floats(const float* in, std::size_t stride, std::size_t images,
                              std::size_t count, ops::Moments* out) {
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
inline void moments_of_floats(const float* in, std::size_t stride, std::size_t images,
                              std::size_t count, ops::Moments* out) {
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

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
