// SPDX-License-Identifier: BSD-3-Clause
// ops::SquareSums as vectors, compiled once for each SIMD target: sums of squares that are exact,
// so that fused operations, where a target has them, give the same bits.

// Highway's include guard of a file that is compiled once per target.
#if defined(QUICKBEAM_EXACT_SQUARES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef QUICKBEAM_EXACT_SQUARES_INL
#undef QUICKBEAM_EXACT_SQUARES_INL
#else
#define QUICKBEAM_EXACT_SQUARES_INL
#endif

#include <hwy/highway.h>

#include "kernels/cpu/load_doubles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {

/// squares + value^2, of values with exact squares: one rounding, fused or not.
HWY_INLINE hwy::HWY_NAMESPACE::Vec<DoubleTag> add_square(
    hwy::HWY_NAMESPACE::Vec<DoubleTag> value, hwy::HWY_NAMESPACE::Vec<DoubleTag> squares) {
  return hwy::HWY_NAMESPACE::MulAdd(value, value, squares);
}

/// ops::error_of_product.
HWY_INLINE hwy::HWY_NAMESPACE::Vec<DoubleTag> error_of_product(
    hwy::HWY_NAMESPACE::Vec<DoubleTag> a, hwy::HWY_NAMESPACE::Vec<DoubleTag> b,
    hwy::HWY_NAMESPACE::Vec<DoubleTag> product) {
  namespace hn = hwy::HWY_NAMESPACE;
#if HWY_NATIVE_FMA
  return hn::MulSub(a, b, product);
#else
  const auto splitter = hn::Set(DoubleTag(), 134217729.0);  // 2^27 + 1
  const auto high_of = [splitter](hn::Vec<DoubleTag> v) HWY_ATTR {
    const auto parts = hn::Mul(splitter, v);
    return hn::Sub(parts, hn::Sub(parts, v));
  };
  const auto a_high = high_of(a), a_low = hn::Sub(a, a_high);
  const auto b_high = high_of(b), b_low = hn::Sub(b, b_high);
  const auto high = hn::Sub(hn::Mul(a_high, b_high), product);
  const auto middle = hn::Add(hn::Add(high, hn::Mul(a_high, b_low)), hn::Mul(a_low, b_high));
  return hn::Add(middle, hn::Mul(a_low, b_low));
#endif
}

/// ops::SquareSums::m2 times the count, which is above 0; it may be below 0.
HWY_INLINE hwy::HWY_NAMESPACE::Vec<DoubleTag> m2_times_count(
    hwy::HWY_NAMESPACE::Vec<DoubleTag> count, hwy::HWY_NAMESPACE::Vec<DoubleTag> sum,
    hwy::HWY_NAMESPACE::Vec<DoubleTag> squares) {
  namespace hn = hwy::HWY_NAMESPACE;
  const auto a = hn::Mul(count, squares), b = hn::Mul(sum, sum);
  const auto rest = hn::Sub(error_of_product(count, squares, a), error_of_product(sum, sum, b));
  return hn::Add(hn::Sub(a, b), rest);
}

/// The same for 16 values, of which the first product has no error.
HWY_INLINE hwy::HWY_NAMESPACE::Vec<DoubleTag> m2_times_16(
    hwy::HWY_NAMESPACE::Vec<DoubleTag> sum, hwy::HWY_NAMESPACE::Vec<DoubleTag> squares) {
  namespace hn = hwy::HWY_NAMESPACE;
  const auto a = hn::Mul(hn::Set(DoubleTag(), 16.0), squares), b = hn::Mul(sum, sum);
  return hn::Sub(hn::Sub(a, b), error_of_product(sum, sum, b));
}

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
