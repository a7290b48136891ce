// SPDX-License-Identifier: BSD-3-Clause
// Scans small enough for tests.
#pragma once

#include <quickbeam/simulate.hpp>

namespace quickbeam {

/// 2 x 2 modules of 150 x 120 close to the crystal: the angles of a large detector, few pixels.
inline CrystalScan small_scan() {
  CrystalScan scan;
  scan.detector = {2, 2, {150, 120}, 7, 17};
  scan.distance_mm = 60;
  scan.beam_stop_radius_px = 6;
  scan.beam_stop_arm_px = 4;
  scan.bad_pixel_fraction = 1e-3;
  scan.frames = 10;
  return scan;
}

}  // namespace quickbeam
