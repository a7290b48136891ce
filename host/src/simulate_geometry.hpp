// SPDX-License-Identifier: BSD-3-Clause
// Where beam, beam stop and detector are, in the units the simulation works in.
#pragma once

#include <cmath>
#include <cstdint>

#include <quickbeam/simulate.hpp>

#include "host/src/simulate_math.hpp"

namespace quickbeam::simulation {

/// A scan's geometry: lengths in pixels, reciprocal lengths in 1/angstrom.
struct Geometry {
  Extent extent;
  double beam_x, beam_y, distance;
  double wave_number;  ///< 1 / wavelength
  double stop_radius, arm_width;

  explicit Geometry(const CrystalScan& scan)
      : extent(scan.detector.extent()),
        beam_x(scan.beam_x_px.value_or(static_cast<double>(extent.width) / 2)),
        beam_y(scan.beam_y_px.value_or(static_cast<double>(extent.height) / 2 +
                                       static_cast<double>(scan.detector.module.height) / 4)),
        distance(scan.distance_mm * 1000 / scan.pixel_size_um),
        wave_number(1 / scan.wavelength_angstrom),
        stop_radius(scan.beam_stop_radius_px),
        arm_width(scan.beam_stop_arm_px) {}

  /// Distance from the beam centre to the farthest corner of the detector.
  double corner() const {
    const double x = std::fmax(std::fabs(beam_x), std::fabs(extent_x() - beam_x));
    const double y = std::fmax(std::fabs(beam_y), std::fabs(extent_y() - beam_y));
    return std::sqrt(x * x + y * y);
  }
  double extent_x() const { return static_cast<double>(extent.width); }
  double extent_y() const { return static_cast<double>(extent.height); }

  /// Cosine of the scattering angle at a distance from the beam centre.
  double cos_two_theta(double radius) const {
    return distance / std::sqrt(distance * distance + radius * radius);
  }
  /// |q| = 1/d of what scatters to a distance from the beam centre.
  double q_at(double radius) const {
    return wave_number * std::sqrt(2 * (1 - cos_two_theta(radius)));
  }
};

/// Share of a horizontally polarised (0.99) beam's scattering that goes along (x, y, z).
inline double polarisation(double x, double y, double z) {
  return 1 - (0.995 * x * x + 0.005 * y * y) / (x * x + y * y + z * z);
}

/// Share of the light that passes the beam stop and its holder; edges are blurred over two pixels,
/// as a stop far in front of the detector has a penumbra.
inline double transmission(const Geometry& g, double x, double y) {
  const double dx = x - g.beam_x, dy = y - g.beam_y;
  const auto open = [](double outside) { return std::fmin(1, std::fmax(0, outside / 2 + 0.5)); };
  double passed = 0.01 + 0.99 * open(std::sqrt(dx * dx + dy * dy) - g.stop_radius);
  if (g.arm_width > 0 && dx < 0) passed *= 0.2 + 0.8 * open(std::fabs(dy) - g.arm_width / 2);
  return passed;
}

}  // namespace quickbeam::simulation
