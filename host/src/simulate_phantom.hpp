// SPDX-License-Identifier: BSD-3-Clause
// The virus-like phantom: Gaussians on the axes of icosahedral symmetry, and its projections.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <quickbeam/core/image_view.hpp>
#include <quickbeam/simulate_particles.hpp>

#include "host/src/simulate_math.hpp"

namespace quickbeam::simulation {

/// Unit vectors along the axes of one icosahedron, both ends of each.
std::vector<Vector3> fivefold_axes();   ///< 12
std::vector<Vector3> threefold_axes();  ///< 20
std::vector<Vector3> twofold_axes();    ///< 30

/// A three-dimensional Gaussian, in units of the phantom's radius; `mass` is its integral.
struct Blob {
  Vector3 centre;
  double sigma, mass;
};

/// The phantom, of radius 1.
std::vector<Blob> icosahedral_phantom();

/// The first two rows of A = Z(psi) Y(tilt) Z(rot): where x and y of a turned point come from.
std::array<Vector3, 2> projection_rows(const ParticlePose& pose);

/// Adds the projection of the blobs along z, `scale` times, to `out`. `radius_px` is the phantom's,
/// (x, y) the pixel its centre falls on.
void add_projection(const std::vector<Blob>& blobs, const ParticlePose& pose, double radius_px,
                    double x, double y, double scale, ImageView<double> out);

}  // namespace quickbeam::simulation
