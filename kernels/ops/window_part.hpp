// SPDX-License-Identifier: BSD-3-Clause
// What is gathered from a part of a window, and how parts become the reduced pixel: the definitions
// of bin.hpp for backends that divide a window among threads.
#pragma once

#include <cstdint>
#include <type_traits>

#include <quickbeam/core/macros.hpp>
#include <quickbeam/core/mask.hpp>
#include <quickbeam/core/reduce_spec.hpp>

#include "kernels/ops/bin.hpp"

namespace quickbeam::kernels::ops {

template <class W>
QUICKBEAM_HD constexpr bool is_masked(W value) {
  if constexpr (std::is_floating_point_v<W>)
    return value != value;
  else
    return value == masked_value<W>();
}

/// Whether a fold keeps the valid pixel `value` rather than `kept`, which may be masked_value.
/// Valid integers are not negative, so that as unsigned numbers they all are below masked_value.
template <Fold fold, class W>
QUICKBEAM_HD constexpr bool keeps(W value, W kept) {
  if constexpr (std::is_floating_point_v<W>)
    return fold == Fold::max ? !(value <= kept) : !(value >= kept);
  else if constexpr (fold == Fold::max)
    return value > kept;
  else
    return static_cast<std::make_unsigned_t<W>>(value) < static_cast<std::make_unsigned_t<W>>(kept);
}

/// The largest or smallest valid pixel. Exact, whatever the order of pixels and parts.
template <class W, Fold fold>
struct FoldPart {
  using value_type = W;
  W value = masked_value<W>();
  bool saturated = false;

  QUICKBEAM_HD constexpr void add(W pixel, bool pixel_saturated) {
    if (keeps<fold>(pixel, value)) value = pixel + W{0};  // a zero becomes +0
    saturated |= pixel_saturated;
  }
  QUICKBEAM_HD constexpr void merge(const FoldPart& other) {
    if (!is_masked(other.value) && keeps<fold>(other.value, value)) value = other.value;
    saturated |= other.saturated;
  }
  QUICKBEAM_HD constexpr Reduced<W> result(std::int64_t) const { return {value, saturated}; }
};

/// What becomes of a sum in the end.
enum class SumKind : std::uint8_t { plain, scaled, mean };

/// The sum of the valid pixels. Exact for integers in any order (modulo 2^64); for floats when a
/// part is a column added up from top to bottom, and columns are merged from left to right.
template <class W, SumKind kind>
struct SumPart {
  using value_type = std::conditional_t<kind == SumKind::plain, SumType<W>, double>;
  SumType<W> sum = 0;
  std::int64_t valid = 0;
  bool saturated = false;

  QUICKBEAM_HD constexpr void add(W pixel, bool pixel_saturated) {
    sum = add_counts(sum, static_cast<SumType<W>>(pixel));
    ++valid;
    saturated |= pixel_saturated;
  }
  QUICKBEAM_HD constexpr void merge(const SumPart& right) {
    sum = add_counts(sum, right.sum);
    valid += right.valid;
    saturated |= right.saturated;
  }
  /// Of a window of `pixels` pixels.
  QUICKBEAM_HD constexpr Reduced<value_type> result(std::int64_t pixels) const {
    if constexpr (kind == SumKind::plain)
      return {valid == 0 ? masked_value<value_type>() : sum, saturated};
    else if constexpr (kind == SumKind::scaled)
      return {BlockScaledSum<W>::of(sum, valid, pixels), saturated};
    else
      return {BlockMean<W>::of(sum, valid), saturated};
  }
};

/// Calls f(part) with an empty part of the kind that makes `spec` of pixels of working type W.
template <class W, class F>
decltype(auto) visit_window_part(const ReduceSpec& spec, F&& f) {
  if (spec.op == ReduceOp::min) return f(FoldPart<W, Fold::min>{});
  if (spec.op == ReduceOp::mean) return f(SumPart<W, SumKind::mean>{});
  if (spec.op != ReduceOp::sum) return f(FoldPart<W, Fold::max>{});
  if (spec.sum_scale == SumScale::valid_fraction) return f(SumPart<W, SumKind::scaled>{});
  return f(SumPart<W, SumKind::plain>{});
}

}  // namespace quickbeam::kernels::ops
