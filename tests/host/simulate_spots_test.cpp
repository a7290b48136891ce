// SPDX-License-Identifier: BSD-3-Clause
// Where and how strongly the simulated crystal diffracts, against the metric of its own cell.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <vector>

#include <quickbeam/simulate.hpp>

#include "tests/host/simulate_scans.hpp"

namespace quickbeam {
namespace {

/// The scattering vector of a spot, in 1/angstrom, at spindle angle 0: from its place on the
/// detector and its angle alone, without the crystal.
std::array<double, 3> lattice_vector(const CrystalScan& scan, const FrameInfo& info,
                                     const Spot& spot) {
  const double pixel = scan.pixel_size_um / 1000, k = 1 / scan.wavelength_angstrom;
  const double x = (spot.x_px - *info.beam_x_px) * pixel, y = (spot.y_px - *info.beam_y_px) * pixel;
  const double length = std::hypot(x, y, scan.distance_mm);
  const double qx = k * x / length, qy = k * y / length, qz = k * scan.distance_mm / length - k;
  const double turn = -spot.angle_deg * std::acos(-1.0) / 180;
  return {qx, qy * std::cos(turn) - qz * std::sin(turn), qy * std::sin(turn) + qz * std::cos(turn)};
}

/// Scalar product of two reciprocal lattice points by the metric of a cell: G* = (G)^-1.
double metric_product(const UnitCell& cell, const Spot& left, const Spot& right) {
  const double rad = std::acos(-1.0) / 180;
  const double ca = std::cos(cell.alpha * rad), cb = std::cos(cell.beta * rad),
               cg = std::cos(cell.gamma * rad);
  const double a = cell.a, b = cell.b, c = cell.c;
  const double g[3][3] = {{a * a, a * b * cg, a * c * cb},
                          {a * b * cg, b * b, b * c * ca},
                          {a * c * cb, b * c * ca, c * c}};
  const auto minor = [&](int i, int j) {
    const int i1 = (i + 1) % 3, i2 = (i + 2) % 3, j1 = (j + 1) % 3, j2 = (j + 2) % 3;
    return g[i1][j1] * g[i2][j2] - g[i1][j2] * g[i2][j1];
  };
  const double det = g[0][0] * minor(0, 0) + g[0][1] * minor(0, 1) + g[0][2] * minor(0, 2);
  double total = 0;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) total += left.hkl[i] * right.hkl[j] * minor(i, j) / det;
  return total;
}

void expect_spots_on_lattice(const CrystalScan& scan) {
  const FrameSimulator simulator(scan);
  const FrameInfo info = scan_info(scan, 0);
  // Spots of different frames: the products also test the angles at which they cross.
  std::vector<Spot> spots = simulator.spots(0);
  const std::vector<Spot> later = simulator.spots(9);
  spots.insert(spots.end(), later.begin(), later.end());
  ASSERT_GT(spots.size(), 100u);
  for (std::size_t i = 0; i < spots.size(); ++i) {
    const Spot& other = spots[(i * 7 + spots.size() / 2) % spots.size()];
    const auto u = lattice_vector(scan, info, spots[i]), v = lattice_vector(scan, info, other);
    EXPECT_NEAR(std::inner_product(u.begin(), u.end(), u.begin(), 0.0),
                metric_product(scan.cell, spots[i], spots[i]), 1e-7);
    EXPECT_NEAR(std::inner_product(u.begin(), u.end(), v.begin(), 0.0),
                metric_product(scan.cell, spots[i], other), 1e-7);
  }
}

TEST(SimulateSpots, SpotsObeyTheEwaldConditionOfATetragonalCell) {
  expect_spots_on_lattice(small_scan());
}

TEST(SimulateSpots, SpotsObeyTheEwaldConditionOfATriclinicCell) {
  CrystalScan scan = small_scan();
  scan.cell = {48, 61, 75, 81, 104, 97};
  scan.seed = 7;
  expect_spots_on_lattice(scan);
}

using Matrix = std::array<std::array<double, 3>, 3>;

double determinant(const Matrix& m) {
  return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
         m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
         m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

/// The reciprocal basis (columns a*, b*, c*) that puts three spots where they were seen: Cramer's
/// rule for each Cartesian component.
Matrix basis_from(const CrystalScan& scan, const std::vector<Spot>& spots) {
  const FrameInfo info = scan_info(scan, 0);
  std::array<const Spot*, 3> best{};
  double largest = 0;
  Matrix indices{};
  for (std::size_t i = 0; i + 200 < spots.size(); i += 37) {
    const std::array<const Spot*, 3> three = {&spots[i], &spots[i + 100], &spots[i + 200]};
    Matrix m;
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t c = 0; c < 3; ++c) m[r][c] = three[r]->hkl[c];
    if (std::fabs(determinant(m)) <= largest) continue;
    largest = std::fabs(determinant(m));
    best = three, indices = m;
  }
  Matrix basis{};
  for (std::size_t axis = 0; axis < 3; ++axis)
    for (std::size_t column = 0; column < 3; ++column) {
      Matrix m = indices;
      for (std::size_t r = 0; r < 3; ++r) m[r][column] = lattice_vector(scan, info, *best[r])[axis];
      basis[axis][column] = determinant(m) / determinant(indices);
    }
  return basis;
}

/// All spindle angles at which q crosses the Ewald sphere onto the detector, in [first, last].
std::vector<double> crossings(const CrystalScan& scan, const std::array<double, 3>& q, double first,
                              double last) {
  const FrameInfo info = scan_info(scan, 0);
  const Extent extent = scan.detector.extent();
  const double k = 1 / scan.wavelength_angstrom, axial = std::hypot(q[1], q[2]);
  const double z = -(q[0] * q[0] + axial * axial) / (2 * k);
  std::vector<double> found;
  for (const int sign : {-1, 1}) {
    if (std::fabs(z) >= axial) continue;
    const double y = sign * std::sqrt(axial * axial - z * z);
    double angle = (std::atan2(z, y) - std::atan2(q[2], q[1])) * 180 / std::acos(-1.0);
    angle -= 360 * std::floor((angle - first) / 360);
    const double scale = scan.distance_mm * 1000 / scan.pixel_size_um / (k + z);
    const double x_px = *info.beam_x_px + q[0] * scale, y_px = *info.beam_y_px + y * scale;
    const bool hits = x_px > 0 && y_px > 0 && x_px < static_cast<double>(extent.width) &&
                      y_px < static_cast<double>(extent.height);
    // Near the spindle reflections smear over many frames and are left out.
    if (hits && angle < last && std::fabs(y) > 0.06 * std::hypot(q[0], y)) found.push_back(angle);
  }
  return found;
}

void expect_all_spots(std::uint64_t seed) {
  CrystalScan scan = small_scan();
  scan.seed = seed;
  scan.cell = {31, 35, 42, 90, 103, 90};
  scan.d_min_angstrom = 2.5;
  const FrameSimulator simulator(scan);
  std::vector<Spot> spots;
  std::map<std::array<std::int32_t, 3>, std::vector<double>> angles;
  for (std::int64_t frame = 0; frame < scan.frames; ++frame)
    for (const Spot& spot : simulator.spots(frame)) {
      spots.push_back(spot);
      angles[spot.hkl].push_back(spot.angle_deg);
    }
  ASSERT_GT(spots.size(), 300u);
  const Matrix basis = basis_from(scan, spots);
  const double first = scan.start_angle_deg, last = first + 10 * scan.angle_increment_deg;
  int expected = 0;
  for (std::int32_t h = -14; h <= 14; ++h)
    for (std::int32_t k = -14; k <= 14; ++k)
      for (std::int32_t l = -17; l <= 17; ++l) {
        std::array<double, 3> q;
        for (std::size_t i = 0; i < 3; ++i)
          q[i] = basis[i][0] * h + basis[i][1] * k + basis[i][2] * l;
        if (const double length = std::hypot(q[0], q[1], q[2]); length == 0 || length > 1 / 2.5)
          continue;
        for (const double angle : crossings(scan, q, first, last)) {
          ++expected;
          const auto& seen = angles[{h, k, l}];
          EXPECT_TRUE(std::any_of(seen.begin(), seen.end(),
                                  [&](double a) { return std::fabs(a - angle) < 1e-4; }))
              << h << ' ' << k << ' ' << l << " at " << angle;
        }
      }
  EXPECT_GT(expected, 200);
  int inside = 0;  // the other way round: reflections recorded that cross during the scan
  for (const auto& [hkl, seen] : angles)
    inside +=
        std::any_of(seen.begin(), seen.end(), [&](double a) { return a > first && a < last; });
  EXPECT_LT(inside, expected + 0.1 * expected);  // spots a little outside are recorded too
}

TEST(SimulateSpots, NoSpotIsMissedAndNoneInvented) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {  // rows of the lattice in many directions
    SCOPED_TRACE(seed);
    expect_all_spots(seed);
  }
}

TEST(SimulateSpots, FractionsOfAReflectionAddUpToOneOverConsecutiveFrames) {
  CrystalScan scan = small_scan();
  scan.frames = 40;
  scan.angle_increment_deg = 0.1;
  const FrameSimulator simulator(scan);
  std::map<std::array<std::int32_t, 3>, double> fraction;
  std::map<std::array<std::int32_t, 3>, double> angle;
  std::map<std::array<std::int32_t, 3>, int> frames;
  for (std::int64_t frame = 0; frame < scan.frames; ++frame)
    for (const Spot& spot : simulator.spots(frame)) {
      fraction[spot.hkl] += spot.fraction;
      ++frames[spot.hkl];
      const auto [place, is_new] = angle.try_emplace(spot.hkl, spot.angle_deg);
      EXPECT_NEAR(place->second, spot.angle_deg, 1e-5);  // the same crossing, seen from each frame
    }
  int whole = 0;
  for (const auto& [hkl, total] : fraction) {
    EXPECT_LT(total, 1.001);
    if (std::fabs(angle[hkl] - 2.0) > 1.0) continue;  // well inside the scan
    if (total > 0.999) ++whole;
    EXPECT_GT(frames[hkl], 3);
  }
  EXPECT_GT(whole, 200);
}

TEST(SimulateSpots, IntensityDependsOnIndicesAndNotOnTheFrame) {
  CrystalScan scan = small_scan();
  scan.angle_increment_deg = 0.1;
  const FrameSimulator simulator(scan);
  std::map<std::array<std::int32_t, 3>, Spot> before;
  for (const Spot& spot : simulator.spots(3)) before[spot.hkl] = spot;
  int shared = 0;
  for (const Spot& spot : simulator.spots(4)) {
    if (!before.count(spot.hkl)) continue;
    const Spot& old = before[spot.hkl];
    EXPECT_NEAR(spot.counts / spot.fraction / (old.counts / old.fraction), 1.0, 1e-6);
    ++shared;
  }
  EXPECT_GT(shared, 300);
}

}  // namespace
}  // namespace quickbeam
