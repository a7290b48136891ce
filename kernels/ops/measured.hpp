// SPDX-License-Identifier: BSD-3-Clause
// Which values of a reduced image count as measured, for levels, histograms and reports.
#pragma once

#include <cstdint>
#include <type_traits>

#include <quickbeam/core/macros.hpp>

namespace quickbeam::kernels {

/// Working images hold -1 (integers, where no valid value is negative) or NaN where masked.
template <class V>
QUICKBEAM_HD constexpr bool shows_masked(V value) {
  if constexpr (std::is_floating_point_v<V>)
    return value != value;
  else
    return value < 0;
}

/// Neither masked, nor saturated, nor infinite.
template <class V>
QUICKBEAM_HD constexpr bool is_measured(V value, std::uint8_t saturated) {
  if constexpr (std::is_floating_point_v<V>)
    return saturated == 0 && value - value == 0;  // false for NaN and infinities
  else
    return saturated == 0 && value >= 0;
}

}  // namespace quickbeam::kernels
