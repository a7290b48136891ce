// SPDX-License-Identifier: BSD-3-Clause
// The palette position of one value: a branch-free search in the thresholds, exact for every type.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <quickbeam/core/macros.hpp>
#include <quickbeam/core/palette.hpp>

#include "kernels/ops/measured.hpp"

namespace quickbeam::kernels {

/// The thresholds as values of the pixel type K (i32, i64, f32, f64): entry k is the smallest K
/// that is >= the double threshold, so that comparing in K equals comparing exactly. Entries no K
/// reaches are left out by `reachable`; they and the padding to 255 hold the largest K.
template <class K>
struct ToneSteps {
  K at[255];
  std::int32_t reachable;
};

/// Number of thresholds <= v. NaN counts none. Each comparison decides one bit of the answer, as a
/// shift instead of a choice: thresholds hit at random would be mispredicted branches.
template <class K>
QUICKBEAM_HD inline std::int32_t grey_of(K v, const ToneSteps<K>& steps) {
  std::int32_t position = 0;
  for (std::int32_t bit = 7; bit >= 0; --bit) {
    const K threshold = steps.at[position + (1 << bit) - 1];
    position += static_cast<std::int32_t>(threshold <= v) << bit;
  }
  return position < steps.reachable ? position : steps.reachable;
}

/// The palette position of a reduced pixel.
template <class K>
QUICKBEAM_HD inline std::uint8_t palette_index(K v, std::uint8_t saturated,
                                               const ToneSteps<K>& steps) {
  if (shows_masked(v)) return masked_index;
  if (saturated != 0) return saturated_index;
  return static_cast<std::uint8_t>(grey_of(v, steps));
}

/// The smallest K >= t in `value`; false when every K is below t.
template <class K>
bool smallest_at_least(double t, K& value) {
  using Limits = std::numeric_limits<K>;
  if constexpr (std::is_floating_point_v<K>) {
    value = t > static_cast<double>(Limits::max())      ? Limits::infinity()
            : t < static_cast<double>(Limits::lowest()) ? -Limits::infinity()
                                                        : static_cast<K>(t);
    if (static_cast<double>(value) < t) value = std::nextafter(value, Limits::infinity());
    return !std::isnan(t);
  } else {
    const double beyond = std::ldexp(1.0, Limits::digits);  // max + 1, exact where max is not
    const double whole = std::ceil(t);
    if (!(whole < beyond)) return false;
    value = whole < -beyond ? Limits::lowest() : static_cast<K>(whole);
    return true;
  }
}

/// Host only, once a picture.
template <class K>
ToneSteps<K> make_tone_steps(const ToneTable& table) {
  ToneSteps<K> steps{};
  using Limits = std::numeric_limits<K>;
  for (K& entry : steps.at) entry = Limits::has_infinity ? Limits::infinity() : Limits::max();
  while (steps.reachable < grey_levels - 1 &&
         smallest_at_least(table[static_cast<std::size_t>(steps.reachable)],
                           steps.at[steps.reachable]))
    ++steps.reachable;
  return steps;
}

}  // namespace quickbeam::kernels
