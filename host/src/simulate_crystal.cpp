// SPDX-License-Identifier: BSD-3-Clause
// Rotation method: which lattice points cross the Ewald sphere during a frame, where, how strong.
//
// Notation as in Kabsch, Acta Cryst. D66 (2010) 133-144: s0 incident and s1 diffracted wave vector
// (length 1/lambda), q = s1 - s0, zeta = the share of a turn about the spindle that leads through
// the sphere.
#include "host/src/simulate_crystal.hpp"

#include <algorithm>

#include "host/src/simulate_random.hpp"

namespace quickbeam::simulation {
namespace {

constexpr double widest_sigma = 4;      // rocking curves are followed to 4 standard deviations
constexpr double smallest_zeta = 0.05;  // closer to the spindle a reflection never quite crosses
constexpr double margin_px = 8;         // spots this far outside still reach into the detector
constexpr double fewest_counts = 1e-4;  // below, not one spot in ten thousand shows a photon

/// Edge vectors of a cell in angstrom, a along x and b in the plane of x and y.
Basis edges_of(const UnitCell& cell) {
  const SinCos al = portable_sincos(cell.alpha), be = portable_sincos(cell.beta),
               ga = portable_sincos(cell.gamma);
  const double y = (al.cos - be.cos * ga.cos) / ga.sin;
  const double z2 = 1 - be.cos * be.cos - y * y;
  return {Vector3{cell.a, 0, 0}, Vector3{cell.b * ga.cos, cell.b * ga.sin, 0},
          Vector3{cell.c * be.cos, cell.c * y, z2 > 0 ? cell.c * std::sqrt(z2) : 0}};
}

/// A rotation matrix from a random point of the unit 3-sphere taken as a quaternion.
Basis random_rotation(std::uint64_t seed) {
  RandomSequence random(key_of(seed, Stream::orientation));
  double w, x, y, z, norm;
  do {
    w = 2 * random.next_unit() - 1, x = 2 * random.next_unit() - 1;
    y = 2 * random.next_unit() - 1, z = 2 * random.next_unit() - 1;
    norm = w * w + x * x + y * y + z * z;
  } while (norm > 1 || norm < 0.01);
  const double s = 2 / norm;
  return {Vector3{1 - s * (y * y + z * z), s * (x * y - w * z), s * (x * z + w * y)},
          Vector3{s * (x * y + w * z), 1 - s * (x * x + z * z), s * (y * z - w * x)},
          Vector3{s * (x * z - w * y), s * (y * z + w * x), 1 - s * (x * x + y * y)}};
}

Vector3 rotated_about_x(const Vector3& v, const SinCos& angle) {
  return {v[0], v[1] * angle.cos - v[2] * angle.sin, v[1] * angle.sin + v[2] * angle.cos};
}

struct Interval {
  double low, high;
};

/// For which real l the point p + l c lies inside a sphere about the origin; empty: low > high.
Interval inside_sphere(const Vector3& p, const Vector3& c, double radius) {
  const double cc = dot(c, c), half_b = dot(p, c), rest = dot(p, p) - radius * radius;
  const double discriminant = half_b * half_b - cc * rest;
  if (radius < 0 || discriminant < 0) return {1, 0};
  const double root = std::sqrt(discriminant);
  return {(-half_b - root) / cc, (-half_b + root) / cc};
}

}  // namespace

double volume_of(const UnitCell& cell) {
  const Basis edge = edges_of(cell);
  return dot(edge[0], cross(edge[1], edge[2]));
}

Basis oriented_basis(const UnitCell& cell, std::uint64_t seed) {
  const Basis edge = edges_of(cell), turn = random_rotation(seed);
  Basis result;
  for (std::size_t i = 0; i < 3; ++i) {
    const Vector3 v = scaled(cross(edge[(i + 1) % 3], edge[(i + 2) % 3]), 1 / volume_of(cell));
    result[i] = {dot(turn[0], v), dot(turn[1], v), dot(turn[2], v)};
  }
  return result;
}

double q_limit(const CrystalScan& scan) {
  const Geometry geometry(scan);
  const double corner = geometry.q_at(geometry.corner());
  return scan.d_min_angstrom > 0 ? std::fmin(corner, 1 / scan.d_min_angstrom) : corner;
}

double wilson_intensity(std::uint64_t seed, const std::array<std::int32_t, 3>& hkl) {
  // Of two Friedel mates the one that is not below (0, 0, 0) in the order of indices is hashed.
  const std::int64_t sign = hkl < std::array<std::int32_t, 3>{} ? -1 : 1;
  return -portable_log(
      unit(key_of(seed, Stream::intensity, sign * hkl[0], sign * hkl[1], sign * hkl[2])));
}

/// A line of lattice points (h, k, all l) on one frame, the crystal turned to its middle angle.
struct Crystal::Row {
  std::int32_t h, k;
  Vector3 origin, step;  ///< q = origin + l * step
  double mid_angle_deg;
  double tolerance;  ///< how far from the Ewald sphere points can be and still cross it
};

Crystal::Crystal(const CrystalScan& scan)
    : scan_(scan),
      geometry_(scan),
      basis_(oriented_basis(scan.cell, scan.seed)),
      q_limit_(q_limit(scan)) {}

std::vector<Spot> Crystal::spots(std::int64_t frame) const {
  const double middle =
      scan_.start_angle_deg + (static_cast<double>(frame) + 0.5) * scan_.angle_increment_deg;
  const SinCos turn = portable_sincos(middle);
  Basis b = basis_;
  for (Vector3& v : b) v = rotated_about_x(v, turn);
  // A point moves by its distance from the spindle for each radian; along the normal of the sphere
  // that is at most |q|, and at most 1/lambda.
  const double widest = scan_.angle_increment_deg / 2 + widest_sigma * scan_.mosaicity_deg;
  const double tolerance =
      1.05 * widest * radians_per_degree * std::fmin(q_limit_, geometry_.wave_number);
  // |h| <= |q| a, because h = q . a
  const auto h_max = static_cast<std::int32_t>(q_limit_ * scan_.cell.a);
  const auto k_max = static_cast<std::int32_t>(q_limit_ * scan_.cell.b);
  std::vector<Spot> found;
  for (std::int32_t h = -h_max; h <= h_max; ++h)
    for (std::int32_t k = -k_max; k <= k_max; ++k)
      add_row({h, k, sum(scaled(b[0], h), scaled(b[1], k)), b[2], middle, tolerance}, found);
  return found;
}

void Crystal::add_row(const Row& row, std::vector<Spot>& out) const {
  const Interval limit = inside_sphere(row.origin, row.step, q_limit_);
  const Vector3 s1 = sum(row.origin, Vector3{0, 0, geometry_.wave_number});
  const Interval outer = inside_sphere(s1, row.step, geometry_.wave_number + row.tolerance);
  const Interval inner = inside_sphere(s1, row.step, geometry_.wave_number - row.tolerance);
  const double low = std::fmax(limit.low, outer.low), high = std::fmin(limit.high, outer.high);
  for (double l = std::ceil(low); l <= high; ++l) {
    if (l > inner.low && l < inner.high) l = std::fmax(l, std::floor(inner.high));
    const auto index = static_cast<std::int32_t>(l);
    if (l > high || (row.h == 0 && row.k == 0 && index == 0)) continue;
    std::optional<Spot> spot = spot_of(sum(row.origin, scaled(row.step, l)), row.mid_angle_deg);
    if (!spot) continue;
    spot->hkl = {row.h, row.k, index};
    spot->counts *= wilson_intensity(scan_.seed, spot->hkl);
    if (spot->counts > fewest_counts) out.push_back(*spot);
  }
}

/// Where and how strongly the lattice point q (at the middle of the frame) is recorded, for a
/// reflection of mean intensity; nothing when it is not.
std::optional<Spot> Crystal::spot_of(const Vector3& q, double mid_angle_deg) const {
  const double q2 = dot(q, q), k = geometry_.wave_number;
  // On the sphere |s0 + q| = k, that is q_z = -q^2 / 2k; the turn about x keeps q_x and
  // q_y^2 + q_z^2, which leaves one root near the present q_y.
  const double z = -q2 / (2 * k), axial2 = q[1] * q[1] + q[2] * q[2], y2 = axial2 - z * z;
  if (y2 <= 0) return std::nullopt;
  const double y = q[1] < 0 ? -std::sqrt(y2) : std::sqrt(y2);
  const double sine = (q[1] * z - q[2] * y) / axial2;
  const Vector3 s1 = {q[0], y, k + z};
  const double across = std::sqrt(s1[0] * s1[0] + s1[1] * s1[1]);
  const double zeta = std::fabs(s1[1]) / across;
  if (std::fabs(sine) > 0.25 || zeta < smallest_zeta || s1[2] < 0.05 * k) return std::nullopt;

  Spot spot;
  spot.x_px = geometry_.beam_x + geometry_.distance * s1[0] / s1[2];
  spot.y_px = geometry_.beam_y + geometry_.distance * s1[1] / s1[2];
  if (spot.x_px < -margin_px || spot.x_px > geometry_.extent_x() + margin_px ||
      spot.y_px < -margin_px || spot.y_px > geometry_.extent_y() + margin_px)
    return std::nullopt;

  // The recorded share of a Gaussian rocking curve, which is 1/zeta times as wide in spindle angle.
  const double turn = portable_small_asin(sine), half = scan_.angle_increment_deg / 2;
  const double width = 1.4142135623730951 * scan_.mosaicity_deg / zeta;
  spot.angle_deg = mid_angle_deg + turn;
  spot.fraction = (portable_erf((half - turn) / width) + portable_erf((half + turn) / width)) / 2;
  if (spot.fraction < 1e-4) return std::nullopt;

  const double lorentz = k / std::fabs(s1[1]);  // 1 / (zeta sin(2 theta))
  spot.counts = scan_.flux * scan_.spot_counts * spot.fraction * lorentz *
                polarisation(s1[0], s1[1], s1[2]) *
                portable_exp(-0.5 * scan_.wilson_b_angstrom2 * q2) *
                transmission(geometry_, spot.x_px, spot.y_px);
  return spot;
}

}  // namespace quickbeam::simulation
