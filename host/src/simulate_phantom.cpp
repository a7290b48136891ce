// SPDX-License-Identifier: BSD-3-Clause
// The virus-like phantom and its projections.
#include "host/src/simulate_phantom.hpp"

#include <algorithm>
#include <cmath>

namespace quickbeam::simulation {
namespace {

const double golden = (1 + std::sqrt(5.0)) / 2;

/// (x, y, z) with every sign of what is not 0, in all three cyclic orders, made unit vectors.
void add_cyclic(double x, double y, double z, std::vector<Vector3>& out) {
  const double length = std::sqrt(x * x + y * y + z * z);
  const auto signs = [](double v) { return v == 0 ? 1 : 2; };
  for (int i = 0; i < signs(x); ++i)
    for (int j = 0; j < signs(y); ++j)
      for (int k = 0; k < signs(z); ++k) {
        const double a = (i ? -x : x) / length, b = (j ? -y : y) / length,
                     c = (k ? -z : z) / length;
        out.insert(out.end(), {{a, b, c}, {c, a, b}, {b, c, a}});
      }
}

void add_shell(const std::vector<Vector3>& axes, double radius, double sigma, double mass,
               std::vector<Blob>& out) {
  for (const Vector3& axis : axes) out.push_back({scaled(axis, radius), sigma, mass});
}

/// One axis of a projected Gaussian: exp(-d^2 / 2 sigma^2) from pixel `first` on.
struct Profile {
  std::int64_t first = 0;
  std::vector<double> values;

  /// Pixels of 0 .. size - 1 within `reach` sigmas. Each value comes from its neighbour by two
  /// products: exp(-(d + 1)^2 / 2 s^2) = exp(-d^2 / 2 s^2) exp(-(2 d + 1) / 2 s^2).
  void set(double centre, double sigma, std::int64_t size) {
    constexpr double reach = 4.5;  // 4e-5 of the peak
    first = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(centre - reach * sigma)));
    const std::int64_t last = std::min<std::int64_t>(
        size - 1, static_cast<std::int64_t>(std::floor(centre + reach * sigma)));
    values.clear();
    const double d = static_cast<double>(first) - centre, w = 0.5 / (sigma * sigma);
    double value = portable_exp(-d * d * w), step = portable_exp(-(2 * d + 1) * w);
    const double change = portable_exp(-2 * w);
    for (std::int64_t i = first; i <= last; ++i, value *= step, step *= change)
      values.push_back(value);
  }
};

}  // namespace

std::vector<Vector3> fivefold_axes() {
  std::vector<Vector3> axes;
  add_cyclic(0, 1, golden, axes);
  return axes;
}

std::vector<Vector3> threefold_axes() {
  std::vector<Vector3> axes;
  for (const double x : {-1.0, 1.0})
    for (const double y : {-1.0, 1.0})
      for (const double z : {-1.0, 1.0}) axes.push_back(scaled({x, y, z}, 1 / std::sqrt(3.0)));
  add_cyclic(0, golden, 1 / golden, axes);
  return axes;
}

std::vector<Vector3> twofold_axes() {
  std::vector<Vector3> axes;
  add_cyclic(0, 0, 1, axes);
  add_cyclic(golden, 1, golden * golden, axes);
  return axes;
}

std::vector<Blob> icosahedral_phantom() {
  std::vector<Blob> blobs;
  add_shell(fivefold_axes(), 0.80, 0.085, 1.0, blobs);    // pentamers
  add_shell(fivefold_axes(), 0.95, 0.045, 0.22, blobs);   // and their spikes
  add_shell(threefold_axes(), 0.74, 0.075, 0.75, blobs);  // hexamers
  add_shell(twofold_axes(), 0.77, 0.055, 0.40, blobs);    // between them
  blobs.push_back({{0, 0, 0}, 0.26, 14.0});               // genome
  return blobs;
}

std::array<Vector3, 2> projection_rows(const ParticlePose& pose) {
  const SinCos a = portable_sincos(pose.rot_deg), b = portable_sincos(pose.tilt_deg),
               g = portable_sincos(pose.psi_deg);
  return {{{g.cos * b.cos * a.cos - g.sin * a.sin, g.cos * b.cos * a.sin + g.sin * a.cos,
            -g.cos * b.sin},
           {-g.sin * b.cos * a.cos - g.cos * a.sin, -g.sin * b.cos * a.sin + g.cos * a.cos,
            g.sin * b.sin}}};
}

void add_projection(const std::vector<Blob>& blobs, const ParticlePose& pose, double radius_px,
                    double x, double y, double scale, ImageView<double> out) {
  constexpr double two_pi = 6.283185307179586;
  const auto rows = projection_rows(pose);
  Profile across, down;
  for (const Blob& blob : blobs) {
    across.set(x + radius_px * dot(rows[0], blob.centre), radius_px * blob.sigma, out.extent.width);
    down.set(y + radius_px * dot(rows[1], blob.centre), radius_px * blob.sigma, out.extent.height);
    const double peak = scale * blob.mass / (two_pi * blob.sigma * blob.sigma);
    for (std::size_t j = 0; j < down.values.size(); ++j) {
      double* const row = out.row(down.first + static_cast<std::int64_t>(j)) + across.first;
      const double factor = peak * down.values[j];
      for (std::size_t i = 0; i < across.values.size(); ++i) row[i] += factor * across.values[i];
    }
  }
}

}  // namespace quickbeam::simulation
