// SPDX-License-Identifier: BSD-3-Clause
// Which scans can be simulated: every number is checked before memory is taken.
#pragma once

#include <cstdint>

#include <quickbeam/simulate.hpp>

namespace quickbeam::simulation {

/// Throws Error (USAGE) unless low <= value <= high; NaN is outside every range.
void require(const char* name, double value, double low, double high);

/// Throws Error: USAGE for a value out of range, LIMIT for scans too large to simulate.
void check(const CrystalScan& scan);

/// Throws Error (USAGE) unless 0 <= frame < scan.frames.
void check_frame(const CrystalScan& scan, std::int64_t frame);

}  // namespace quickbeam::simulation
