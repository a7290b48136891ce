// SPDX-License-Identifier: BSD-3-Clause
// Levels from percentiles: which ones, and what is made of them.
#include "host/src/percentile_levels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quickbeam {
namespace {

bool lifts_weak_values(const Tone& tone) {
  return tone.curve != ToneCurve::linear && tone.curve != ToneCurve::equalize;
}

}  // namespace

std::vector<double> percents_needed(const Levels& levels, const Tone& tone) {
  switch (levels.mode) {
    case LevelsMode::automatic:
      if (lifts_weak_values(tone)) return {25, 99, 99.9};
      return {1, 99.5};
    case LevelsMode::percentiles:
      return {levels.low, levels.high};
    case LevelsMode::range:
    case LevelsMode::sigma:
    case LevelsMode::raw_percentiles:
    case LevelsMode::dials:
      break;
  }
  return {};
}

LevelRange levels_from_percentiles(const Levels& levels, const Tone& tone,
                                   std::span<const double> percentiles, double floor_counts) {
  if (levels.mode == LevelsMode::range) return {levels.low, levels.high};
  if (percentiles.empty()) return {};
  if (levels.mode == LevelsMode::automatic && lifts_weak_values(tone)) {
    const double low = percentiles[0], noise = percentiles[1], top = percentiles[2];
    return with_floor(low, std::max(top, low + 3 * (noise - low)), floor_counts);
  }
  return with_floor(percentiles[0], percentiles[1], floor_counts);
}

LevelRange with_floor(double low, double high, double floor_counts) {
  if (std::isnan(low) || std::isnan(high)) return {};
  constexpr double largest = std::numeric_limits<double>::max();
  low = std::clamp(low, -largest, largest);
  high = std::min(high, largest);
  if (floor_counts > high) high = floor_counts;
  if (!(high > low)) high = std::max(low + 1, std::nextafter(low, HUGE_VAL));
  return {low, high};
}

}  // namespace quickbeam
