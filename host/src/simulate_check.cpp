// SPDX-License-Identifier: BSD-3-Clause
// Ranges of everything a simulated scan is described by.
#include "host/src/simulate_check.hpp"

#include <cstdio>
#include <string>
#include <utility>

#include <quickbeam/core/error.hpp>

#include "host/src/simulate_crystal.hpp"
#include "host/src/simulate_math.hpp"

namespace quickbeam::simulation {
namespace {

constexpr double most_pixels = 0x1p28, most_reflections = 2e7;

std::string text_of(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

[[noreturn]] void refuse(ErrorCode code, const char* name, std::string expected, double found) {
  ErrorInfo info;
  info.code = code;
  info.field = name;
  info.expected = std::move(expected);
  info.found = text_of(found);
  fail(std::move(info));
}

void require_at_most(const char* name, double value, double most) {
  if (!(value <= most)) refuse(ErrorCode::limit, name, "at most " + text_of(most), value);
}

void check_detector(const CrystalScan& scan) {
  const ModuleGrid& grid = scan.detector;
  require("modules_x", static_cast<double>(grid.modules_x), 1, 1000);
  require("modules_y", static_cast<double>(grid.modules_y), 1, 1000);
  require("module.width", static_cast<double>(grid.module.width), 1, 100000);
  require("module.height", static_cast<double>(grid.module.height), 1, 100000);
  require("gap_x", static_cast<double>(grid.gap_x), 0, 10000);
  require("gap_y", static_cast<double>(grid.gap_y), 0, 10000);
  // At most 1.1e8 pixels a side: the product fits 64 bits.
  require_at_most("pixels", static_cast<double>(grid.extent().pixels()), most_pixels);
  require("pixel_size_um", scan.pixel_size_um, 1, 1000);
  require("sensor_thickness_um", scan.sensor_thickness_um, 0, 10000);
  require("distance_mm", scan.distance_mm, 1, 1e5);
  require("beam_x_px", scan.beam_x_px.value_or(0), -1e6, 1e6);
  require("beam_y_px", scan.beam_y_px.value_or(0), -1e6, 1e6);
  require("beam_stop_radius_px", scan.beam_stop_radius_px, 0, 1e6);
  require("beam_stop_arm_px", scan.beam_stop_arm_px, 0, 1e6);
  require("bad_pixel_fraction", scan.bad_pixel_fraction, 0, 0.1);
  require("count_cutoff", scan.count_cutoff, 1, counter_limit);
}

void check_measurement(const CrystalScan& scan) {
  require("frames", static_cast<double>(scan.frames), 1, 1e7);
  require("wavelength_angstrom", scan.wavelength_angstrom, 0.1, 5);
  require("start_angle_deg", scan.start_angle_deg, -1e6, 1e6);
  require("angle_increment_deg", scan.angle_increment_deg, 0.001, 5);
  require("exposure_s", scan.exposure_s, 0, 1e6);
  require("period_s", scan.period_s, 0, 1e6);
  require("flux", scan.flux, 0, 1e6);
  require("spot_counts", scan.spot_counts, 0, 1e6);
  require("air_per_degree", scan.air_per_degree, 0, 1e6);
  require("water_per_degree", scan.water_per_degree, 0, 1e6);
  require("ice_per_degree", scan.ice_per_degree, 0, 1e6);
}

void check_crystal(const CrystalScan& scan) {
  const UnitCell& cell = scan.cell;
  require("cell.a", cell.a, 2, 2000);
  require("cell.b", cell.b, 2, 2000);
  require("cell.c", cell.c, 2, 2000);
  require("cell.alpha", cell.alpha, 10, 170);
  require("cell.beta", cell.beta, 10, 170);
  require("cell.gamma", cell.gamma, 10, 170);
  // Three angles that do not close round a corner give no volume.
  require("cell volume", volume_of(cell), 0.01 * cell.a * cell.b * cell.c, 8e9);
  require("mosaicity_deg", scan.mosaicity_deg, 0.001, 1);
  require("wilson_b_angstrom2", scan.wilson_b_angstrom2, 0, 1000);
  require("d_min_angstrom", scan.d_min_angstrom, 0, 1000);
  require("spot_sigma_px", scan.spot_sigma_px, 0.4, 3);
  const double q = q_limit(scan);
  require_at_most("reflections", 4.18879 * q * q * q * volume_of(cell), most_reflections);
}

}  // namespace

void require(const char* name, double value, double low, double high) {
  if (value >= low && value <= high) return;
  refuse(ErrorCode::usage, name, text_of(low) + " to " + text_of(high), value);
}

void check(const CrystalScan& scan) {
  check_detector(scan);
  check_measurement(scan);
  check_crystal(scan);
}

void check_frame(const CrystalScan& scan, std::int64_t frame) {
  require("frame", static_cast<double>(frame), 0, static_cast<double>(scan.frames - 1));
}

}  // namespace quickbeam::simulation
