// SPDX-License-Identifier: BSD-3-Clause
// Mean and M2 of every pixel over a chunk of images whose squares are exact in double: one pass of
// sums, then Chan's formula; compiled once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pixel_square_kernels.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <type_traits>

#include "kernels/cpu/exact_squares-inl.hpp"
#include "kernels/cpu/join_planes-inl.hpp"
#include "kernels/cpu/load_doubles-inl.hpp"
#include "kernels/cpu/moment_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

static_assert(chunk_images == 16);  // m2_times_16

/// Extremes of two vectors of pixels as vectors of doubles.
template <class T>
class Range {
 public:
  HWY_INLINE Range() : low_a_(hn::Set(DoubleTag(), ops::plus_infinity)), low_b_(low_a_) {
    high_a_ = high_b_ = hn::Neg(low_a_);
  }
  HWY_INLINE void add(const T*, Doubles a, Doubles b) {
    low_a_ = hn::Min(low_a_, a);
    low_b_ = hn::Min(low_b_, b);
    high_a_ = hn::Max(high_a_, a);
    high_b_ = hn::Max(high_b_, b);
  }
  HWY_INLINE void get(VectorMoments& a, VectorMoments& b) const {
    a.lowest = low_a_;
    b.lowest = low_b_;
    a.highest = high_a_;
    b.highest = high_b_;
  }

 private:
  Doubles low_a_, low_b_, high_a_, high_b_;
};

#if HWY_TARGET != HWY_SCALAR
/// Of floats as floats, which is half the work.
template <>
class Range<float> {
 public:
  HWY_INLINE Range()
      : low_(hn::Set(Tag(), static_cast<float>(ops::plus_infinity))), high_(hn::Neg(low_)) {}
  HWY_INLINE void add(const float* from, Doubles, Doubles) {
    const auto both = hn::LoadU(Tag(), from);
    low_ = hn::Min(low_, both);
    high_ = hn::Max(high_, both);
  }
  HWY_INLINE void get(VectorMoments& a, VectorMoments& b) const {
    a.lowest = lower_half(low_);
    b.lowest = upper_half(low_);
    a.highest = lower_half(high_);
    b.highest = upper_half(high_);
  }

 private:
  using Tag = hn::Repartition<float, DoubleTag>;
  using Floats = hn::Vec<Tag>;
  static HWY_INLINE Doubles lower_half(Floats v) {
    return hn::PromoteTo(DoubleTag(), hn::LowerHalf(hn::Half<Tag>(), v));
  }
  static HWY_INLINE Doubles upper_half(Floats v) {
    return hn::PromoteTo(DoubleTag(), hn::UpperHalf(hn::Half<Tag>(), v));
  }

  Floats low_, high_;
};
#endif

/// Adds one vector of pixels, some of whose values, now or before, are not finite.
template <class T>
HWY_NOINLINE bool add_with_missing(const ImageChunk<T>& chunk, std::size_t p,
                                   const MomentPlanes& to) {
  const DoubleTag d;
  const auto zero = hn::Zero(d), one = hn::Set(d, 1.0);
  auto sum = zero, squares = zero, count = zero;
  auto lowest = hn::Set(d, ops::plus_infinity), highest = hn::Neg(lowest);
  for (int k = 0; k < chunk.images; ++k) {
    const auto v = load_doubles(chunk.in + static_cast<std::size_t>(k) * chunk.stride + p);
    const auto is_finite = hn::IsFinite(v);
    const auto finite = hn::IfThenElseZero(is_finite, v);
    sum = hn::Add(sum, finite);
    squares = add_square(finite, squares);
    count = hn::Add(count, hn::IfThenElseZero(is_finite, one));
    lowest = hn::Min(lowest, hn::IfThenElse(is_finite, v, lowest));
    highest = hn::Max(highest, hn::IfThenElse(is_finite, v, highest));
  }
  const auto divisor = hn::Max(count, one);
  const auto m2 = hn::Div(m2_times_count(divisor, sum, squares), divisor);
  return join_counted({hn::Div(sum, divisor), hn::Max(m2, zero), lowest, highest}, count,
                      chunk.images, p, to);
}

/// Mean and M2 of finite values.
template <bool full>
HWY_INLINE void finish(Doubles sum, Doubles squares, const Shares& shares, VectorMoments& out) {
  out.mean = by_images<full>(sum, shares);
  Doubles m2;
  if constexpr (full)
    m2 = m2_times_16(sum, squares);
  else
    m2 = m2_times_count(hn::Set(DoubleTag(), shares.images), sum, squares);
  out.m2 = hn::Max(by_images<full>(m2, shares), hn::Zero(DoubleTag()));
}

/// Adds the chunk to two vectors of pixels from p on: of floats, a cache line of every image.
template <bool full, class T>
HWY_INLINE bool add_block(const ImageChunk<T>& chunk, std::size_t p, const Shares& shares,
                          const MomentPlanes& to) {
  const DoubleTag d;
  const std::size_t n = hn::Lanes(d);
  const T* from = chunk.in + p;
  auto sum_a = hn::Zero(d), sum_b = sum_a, squares_a = sum_a, squares_b = sum_a;
  Range<T> range;
  // Unrolled, what only finite values need would be moved behind the branch below, and the chains
  // of sums would not run side by side: a third slower.
#pragma GCC unroll 4
  for (int k = 0; k < chunk.images; ++k, from += chunk.stride) {
    hwy::Prefetch(reinterpret_cast<const std::byte*>(from) + read_ahead);
    const auto a = load_doubles(from), b = load_doubles(from + n);
    sum_a = hn::Add(sum_a, a);
    sum_b = hn::Add(sum_b, b);
    squares_a = add_square(a, squares_a);
    squares_b = add_square(b, squares_b);
    range.add(from, a, b);
  }
  // A sum of floats in doubles is finite when they are.
  const bool is_finite =
      std::is_integral_v<T> || hn::AllTrue(d, hn::IsFinite(hn::Add(sum_a, sum_b)));
  if (!is_finite || (to.any_missing && !none_missing(to.missing + p, 2 * n))) {
    const bool in_a = add_with_missing(chunk, p, to);
    return add_with_missing(chunk, p + n, to) || in_a;
  }
  VectorMoments a, b;
  finish<full>(sum_a, squares_a, shares, a);
  finish<full>(sum_b, squares_b, shares, b);
  range.get(a, b);
  join_finite(a, shares, p, to);
  join_finite(b, shares, p + n, to);
  return false;
}

template <bool full, class T>
HWY_INLINE bool add_blocks(const ImageChunk<T>& chunk, std::size_t first, std::size_t last,
                           const MomentPlanes& to) {
  const Shares shares(to.images, chunk.images);
  const std::size_t step = 2 * hn::Lanes(DoubleTag());
  bool found = false;
  std::size_t p = first;
  for (; p + step <= last; p += step) found |= add_block<full>(chunk, p, shares, to);
  for (; p < last; ++p) {
    const auto value_at = [&](int k) {
      return static_cast<double>(chunk.in[static_cast<std::size_t>(k) * chunk.stride + p]);
    };
    found |= join_pixel(ops::moments_of_squares(chunk.images, value_at), chunk.images, p, to);
  }
  return found;
}

template <class T>
bool add_squares(ImageChunk<T> chunk, std::size_t first, std::size_t last, const MomentPlanes& to) {
  static_assert(ops::has_exact_squares<T>);
  return chunk.images == chunk_images ? add_blocks<true>(chunk, first, last, to)
                                      : add_blocks<false>(chunk, first, last, to);
}

}  // namespace

QUICKBEAM_KERNEL_TABLE(pixel_square_table, SquareKernels, PixelMomentKernel, add_squares)

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quickbeam::kernels {
QUICKBEAM_KERNEL_DISPATCH(pixel_square_table, SquareKernels, PixelMomentKernel,
                          pixel_square_kernels)
}  // namespace quickbeam::kernels
#endif  // HWY_ONCE
