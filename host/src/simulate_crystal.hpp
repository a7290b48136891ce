// SPDX-License-Identifier: BSD-3-Clause
// The crystal of a simulated scan: its reciprocal lattice, and what of it diffracts on a frame.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include <quickbeam/simulate.hpp>

#include "host/src/simulate_geometry.hpp"
#include "host/src/simulate_math.hpp"

namespace quickbeam::simulation {

/// Reciprocal basis a*, b*, c* as the lines of a matrix, in 1/angstrom, at spindle angle 0.
using Basis = std::array<Vector3, 3>;

/// The reciprocal basis of a cell, turned at random by the seed (uniform over all orientations).
Basis oriented_basis(const UnitCell& cell, std::uint64_t seed);

/// Volume of the cell in cubic angstrom; not positive when no cell has these angles.
double volume_of(const UnitCell& cell);

/// Radius in 1/angstrom inside which reflections are looked for.
double q_limit(const CrystalScan& scan);

/// Expected intensity of a reflection relative to the mean of its resolution: Wilson's
/// distribution of acentric reflections (exponential), the same for Friedel mates.
double wilson_intensity(std::uint64_t seed, const std::array<std::int32_t, 3>& hkl);

/// Predicts the spots of the frames of one scan.
class Crystal {
 public:
  explicit Crystal(const CrystalScan& scan);
  std::vector<Spot> spots(std::int64_t frame) const;

 private:
  struct Row;
  void add_row(const Row& row, std::vector<Spot>& out) const;
  std::optional<Spot> spot_of(const Vector3& q, double mid_angle_deg) const;

  CrystalScan scan_;
  Geometry geometry_;
  Basis basis_;
  double q_limit_;
};

}  // namespace quickbeam::simulation
