// SPDX-License-Identifier: BSD-3-Clause
// The levels: which values of a frame become the lightest and the darkest grey.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <quickbeam/core/image.hpp>
#include <quickbeam/tone_curve.hpp>

namespace quickbeam {

/// Where the two levels come from.
enum class LevelsMode : std::uint8_t {
  automatic,        ///< chosen to show spots above the background, see compute_levels
  percentiles,      ///< `low` and `high` are percentages of the reduced pixels
  range,            ///< `low` and `high` are the levels themselves
  sigma,            ///< mean -+ `amount` standard deviations of the reduced pixels
  raw_percentiles,  ///< `low` and `high` are percentages of all pixels of the frame, as EDNA
  dials,            ///< `amount` is the brightness of dials.export_bitmaps
};

/// What the user asks for; members not named by the mode are ignored.
struct Levels {
  LevelsMode mode = LevelsMode::automatic;
  double low = 0;
  double high = 100;
  double amount = 0;
  friend bool operator==(const Levels&, const Levels&) = default;
};

/// Reads "auto", "pct:LO,HI", "range:A,B", "sigma:K", "raw-pct:LO,HI" or "dials:BRIGHTNESS".
/// Throws Error USAGE.
Levels parse_levels(std::string_view text);

/// The text that parse_levels reads.
std::string to_string(const Levels& levels);

/// True when the levels come from levels_from_histogram, not from compute_levels.
constexpr bool needs_raw_histogram(const Levels& levels) {
  return levels.mode == LevelsMode::raw_percentiles || levels.mode == LevelsMode::dials;
}

/// The values of the lowest and of the highest grey.
struct LevelRange {
  double low = 0;
  double high = 1;
  friend bool operator==(const LevelRange&, const LevelRange&) = default;
};

/// Default for `floor_counts` where pixels are counts (maximum, dilation, sum): noise of a frame
/// without spots stays pale. A mean over n pixels needs about 25 / n.
inline constexpr double default_floor_counts = 25;

/// Levels from the valid, unsaturated pixels of a reduced frame; without one, {0, 1}.
///
/// Percentiles are exact and interpolated linearly (NumPy's default). `automatic` takes, for the
/// curves that lift weak values, low = 25 % (the background at the rim turns white) and high =
/// the larger of 99.9 % and low + 3 (99 % - low): the 99th percentile of a frame without spots is
/// its noise, which so stays below a third of the range. For linear and equalize, 1 % to 99.5 %.
/// In every mode but `range`, high is at least `floor_counts`; high > low always.
/// Throws Error USAGE for a request parse_levels would refuse, and for the modes that need the raw
/// histogram.
LevelRange compute_levels(const ReducedImage& image, const Levels& levels, const Tone& tone,
                          double floor_counts = default_floor_counts);

/// Levels of raw_percentiles and dials. `counts_by_value[v]` is the number of pixels of the frame
/// with v counts, the last entry of all with that many or more; `masked_pixels` rank below every
/// count and act as 0, as the negative values do in those programs.
///
/// raw_percentiles: of all pixels, high at least `floor_counts`. dials: low = 0, high =
/// 250 p90 / brightness, or 500 / brightness when p90 is 0. Without pixels {0, 1}.
/// Throws Error USAGE as compute_levels, for the other modes.
LevelRange levels_from_histogram(std::span<const std::uint64_t> counts_by_value,
                                 std::uint64_t masked_pixels, const Levels& levels,
                                 double floor_counts = default_floor_counts);

}  // namespace quickbeam
