// SPDX-License-Identifier: BSD-3-Clause
// What all frames of a scan share: gaps, bad pixels and the smooth background under the spots.
#pragma once

#include <cstdint>
#include <vector>

#include <quickbeam/simulate.hpp>

namespace quickbeam::simulation {

/// Marks of pixels without counts in a background map; everything below is a level of
/// PoissonTables.
inline constexpr std::uint16_t bad_mark = 0xfffe, gap_mark = 0xffff;

/// How many pixels of the scan are bad.
std::int64_t bad_pixels_of(const CrystalScan& scan);

/// The background of every pixel, row by row, with gaps and bad pixels marked.
struct BackgroundMap {
  std::vector<std::uint16_t> levels;
  std::uint16_t highest = 0;    ///< highest level in use
  std::int64_t hot_pixel = -1;  ///< an active pixel, or -1 when the scan has none
};

BackgroundMap background_map(const CrystalScan& scan);

}  // namespace quickbeam::simulation
