// SPDX-License-Identifier: BSD-3-Clause
// What the header of a detector frame says about the measurement. Units are in the names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <quickbeam/core/mask.hpp>

namespace quickbeam {

/// Facts of one frame; absent in the header = absent here.
struct FrameInfo {
  MaskRule mask{};
  std::optional<double> count_cutoff{};  ///< counts above it are saturated
  std::optional<double> wavelength_angstrom{};
  std::optional<double> distance_mm{};
  std::optional<double> beam_x_px{}, beam_y_px{};  ///< fast, slow
  std::optional<double> pixel_width_um{}, pixel_height_um{};
  std::optional<double> exposure_s{}, period_s{};
  std::optional<double> start_angle_deg{}, angle_increment_deg{}, two_theta_deg{};
  std::optional<double> threshold_ev{}, sensor_thickness_um{}, tau_s{}, transmission{}, flux{};
  std::optional<std::int64_t> excluded_pixels{};
  std::string detector{}, serial_number{}, sensor_material{}, timestamp{}, oscillation_axis{},
      image_path{};
  std::vector<std::string> notices{};  ///< oddities accepted while reading, one line each
};

}  // namespace quickbeam
