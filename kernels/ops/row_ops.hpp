// SPDX-License-Identifier: BSD-3-Clause
// How one pixel is added to a sum of frames, and in which bin of a raw histogram it is counted.
// Exact.
#pragma once

#include <cstddef>
#include <type_traits>

#include <quickbeam/core/macros.hpp>
#include <quickbeam/core/mask.hpp>

namespace quickbeam::kernels::ops {

/// Whether a pixel of a sum is masked already. Sums of integers are counts, never below 0.
template <class Sum>
QUICKBEAM_HD constexpr bool is_masked_sum(Sum sum) {
  if constexpr (std::is_floating_point_v<Sum>)
    return sum != sum;
  else
    return sum < 0;
}

/// The sum with one more pixel: masked as soon as one of them is not valid.
template <class Sum, class W>
QUICKBEAM_HD constexpr Sum add_pixel(Sum sum, W value, bool is_valid) {
  return is_valid && !is_masked_sum(sum) ? sum + static_cast<Sum>(value) : masked_value<Sum>();
}

/// Whether a pixel goes into the histogram. `flagged`: saturated for a reason of its own.
template <class W>
QUICKBEAM_HD constexpr bool is_counted(W value, ValidRange<W> valid, W saturation, bool flagged) {
  return valid(value) && value <= saturation && !flagged;
}

/// The bin of a counted pixel: its floor, the last bin for all above, the first for all below.
template <class W>
QUICKBEAM_HD constexpr std::size_t bin_of(W value, std::size_t bins) {
  if (!(value > 0)) return 0;
  const W last = static_cast<W>(bins - 1);
  return static_cast<std::size_t>(last < value ? last : value);
}

}  // namespace quickbeam::kernels::ops
