// SPDX-License-Identifier: BSD-3-Clause
// Which values are measurements: the rule that says which pixels are masked by their value.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include <quickbeam/core/macros.hpp>
#include <quickbeam/core/pixel_type.hpp>

namespace quickbeam {

/// A pixel is valid when lowest <= value <= highest; NaN and infinities never are.
template <class T>
struct ValidRange {
  T lowest;
  T highest;
  QUICKBEAM_HD constexpr bool operator()(T value) const {
    return lowest <= value && value <= highest;
  }
};

/// Which values of a detector frame mean "no measurement".
struct MaskRule {
  bool negatives =
      true;  ///< signed and floating types: values below 0 (PILATUS -1 gap, -2 bad pixel)
  bool top_values = true;  ///< unsigned types: 2^n-1 (gap) and 2^n-2 (bad pixel), as EIGER writes
};

/// The types pixels are worked on in: every narrower integer widens exactly.
/// u32 and u64 widen to i64; a u64 of 2^63 or more reads as negative there, hence masked.
template <class T>
using WorkType =
    std::conditional_t<std::is_floating_point_v<T>, T,
                       std::conditional_t<(sizeof(T) < 4 || std::is_same_v<T, std::int32_t>),
                                          std::int32_t, std::int64_t>>;

/// NaN as a constant: device code may not call numeric_limits.
template <class W>
inline constexpr W quiet_nan = std::numeric_limits<W>::quiet_NaN();

/// The value that stands for "masked" in a working image: -1 for integers (valid ones are never
/// negative there), NaN for floats.
template <class W>
QUICKBEAM_HD constexpr W masked_value() {
  if constexpr (std::is_floating_point_v<W>)
    return quiet_nan<W>;
  else
    return W{-1};
}

/// The range of valid values of pixels of type T under `rule`, in the working type of T.
/// Integer frames hold counts: the working range never reaches below 0.
template <class T>
constexpr ValidRange<WorkType<T>> valid_range(MaskRule rule) {
  using W = WorkType<T>;
  if constexpr (std::is_floating_point_v<T>) {
    return {rule.negatives ? W{0} : std::numeric_limits<W>::lowest(),
            std::numeric_limits<W>::max()};
  } else if constexpr (std::is_signed_v<T>) {
    return {W{0}, static_cast<W>(std::numeric_limits<T>::max())};
  } else if constexpr (sizeof(T) == 8) {
    return {W{0}, std::numeric_limits<W>::max()};
  } else {
    return {W{0}, static_cast<W>(std::numeric_limits<T>::max() - (rule.top_values ? 2 : 0))};
  }
}

}  // namespace quickbeam
