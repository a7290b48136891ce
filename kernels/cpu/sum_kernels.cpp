// SPDX-License-Identifier: BSD-3-Clause
// Column sums of rows whose masked pixels are left out, and what else is decided pixel by pixel
// from the mask; compiled once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/sum_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/cpu/row_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

template <class W>
struct Summer {
  using Sum = SumType<W>;
  using Count = CountType<W>;
  using SumTag = hn::ScalableTag<Sum>;
  using RowTag = hn::Rebind<W, SumTag>;  // as many pixels as sums fill a vector
  using CountTag = hn::RebindToSigned<RowTag>;
  using RowVector = hn::Vec<RowTag>;

  static HWY_INLINE hn::Vec<SumTag> widened(RowVector v) {
    if constexpr (std::is_same_v<W, Sum>)
      return v;
    else
      return hn::PromoteTo(SumTag(), v);
  }

  template <bool first>
  static HWY_INLINE void add_rows(const W* row, std::size_t count, ValidRange<W> valid, Sum* sums,
                                  Count* counts) {
    const RowVector lowest = hn::Set(RowTag(), valid.lowest);
    const RowVector highest = hn::Set(RowTag(), valid.highest);
    for (std::size_t i = 0; i < count; i += hn::Lanes(SumTag())) {
      const RowVector v = hn::LoadU(RowTag(), row + i);
      // Equal to itself after clamping: in the range, and not NaN.
      const auto is_valid = hn::Eq(v, hn::Min(hn::Max(v, lowest), highest));
      const auto old_sum = first ? hn::Zero(SumTag()) : hn::LoadU(SumTag(), sums + i);
      const auto old_count = first ? hn::Zero(CountTag()) : hn::LoadU(CountTag(), counts + i);
      const auto term = widened(hn::IfThenElseZero(is_valid, v));
      const auto minus_one = hn::VecFromMask(CountTag(), hn::RebindMask(CountTag(), is_valid));
      hn::StoreU(hn::Add(old_sum, term), SumTag(), sums + i);
      hn::StoreU(hn::Sub(old_count, minus_one), CountTag(), counts + i);
    }
  }
  static void add(const W* HWY_RESTRICT row, std::size_t count, ValidRange<W> valid, bool first,
                  Sum* HWY_RESTRICT sums, Count* HWY_RESTRICT counts) {
    if (first)
      add_rows<true>(row, count, valid, sums, counts);
    else
      add_rows<false>(row, count, valid, sums, counts);
  }

  /// `check`: some values that are not negative are masked, too.
  template <bool check, bool first>
  static HWY_INLINE void add_packed_rows(const W* row, std::size_t count, ValidRange<W> valid,
                                         std::int64_t* packed) {
    const RowVector lowest = hn::Set(RowTag(), valid.lowest);
    const RowVector highest = hn::Set(RowTag(), valid.highest);
    const auto one_pixel = hn::Set(SumTag(), PackedSum::one_pixel);
    const auto zero = hn::Zero(SumTag());
    for (std::size_t i = 0; i < count; i += hn::Lanes(SumTag())) {
      RowVector v = hn::LoadU(RowTag(), row + i);
      if constexpr (check) {
        const auto is_valid = hn::Eq(v, hn::Min(hn::Max(v, lowest), highest));
        v = hn::IfThenElse(is_valid, v, hn::Set(RowTag(), masked_value<W>()));
      }
      const auto wide = widened(v);
      // Not IfNegativeThenElse, which is wrong for SSSE3 in Highway 1.0.3.
      const auto term = hn::IfThenZeroElse(hn::Lt(wide, zero), hn::Add(wide, one_pixel));
      const auto old = first ? zero : hn::LoadU(SumTag(), packed + i);
      hn::StoreU(hn::Add(old, term), SumTag(), packed + i);
    }
  }
  static void add_packed(const W* HWY_RESTRICT row, std::size_t count, ValidRange<W> valid,
                         bool first, std::int64_t* HWY_RESTRICT packed) {
    const bool check = valid.lowest > 0 || valid.highest < std::numeric_limits<W>::max();
    if (check && first)
      add_packed_rows<true, true>(row, count, valid, packed);
    else if (check)
      add_packed_rows<true, false>(row, count, valid, packed);
    else if (first)
      add_packed_rows<false, true>(row, count, valid, packed);
    else
      add_packed_rows<false, false>(row, count, valid, packed);
  }

  static constexpr auto add_packed_or_null() {
    using Pointer = decltype(SumKernels<W>::add_packed);
    if constexpr (std::is_same_v<W, std::int32_t>)
      return Pointer{add_packed};
    else
      return Pointer{nullptr};
  }

  static void flag(const W* HWY_RESTRICT row, const std::uint8_t* HWY_RESTRICT flags,
                   std::size_t count, ValidRange<W> valid, W* HWY_RESTRICT out) {
    for (std::size_t i = 0; i < count; ++i)
      out[i] =
          static_cast<W>((flags[i] != 0) & (row[i] >= valid.lowest) & (row[i] <= valid.highest));
  }

  static void restore(const W* HWY_RESTRICT row, std::size_t count, ValidRange<W> valid,
                      W* HWY_RESTRICT out) {
    for (std::size_t i = 0; i < count; ++i) {
      const bool keep = (row[i] >= valid.lowest) & (row[i] <= valid.highest);
      out[i] = keep ? out[i] : masked_value<W>();
    }
  }

  static constexpr SumKernels<W> table = {add_packed_or_null(), add, flag, restore};
};
}  // namespace

const SumKernels<std::int32_t>* sums_i32() { return &Summer<std::int32_t>::table; }
const SumKernels<std::int64_t>* sums_i64() { return &Summer<std::int64_t>::table; }
const SumKernels<float>* sums_f32() { return &Summer<float>::table; }
const SumKernels<double>* sums_f64() { return &Summer<double>::table; }

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quickbeam::kernels {
HWY_EXPORT(sums_i32);
HWY_EXPORT(sums_i64);
HWY_EXPORT(sums_f32);
HWY_EXPORT(sums_f64);

template <>
const SumKernels<std::int32_t>& sum_kernels() {
  return *HWY_DYNAMIC_DISPATCH(sums_i32)();
}
template <>
const SumKernels<std::int64_t>& sum_kernels() {
  return *HWY_DYNAMIC_DISPATCH(sums_i64)();
}
template <>
const SumKernels<float>& sum_kernels() {
  return *HWY_DYNAMIC_DISPATCH(sums_f32)();
}
template <>
const SumKernels<double>& sum_kernels() {
  return *HWY_DYNAMIC_DISPATCH(sums_f64)();
}
}  // namespace quickbeam::kernels
#endif
