// SPDX-License-Identifier: BSD-3-Clause
// Simulated frames: geometry against the cell's own metric, statistics, masks, reproducibility.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <thread>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/simulate.hpp>

namespace quickbeam {
namespace {

using Pixels = std::vector<std::int32_t>;

/// 2 x 2 modules of 150 x 120 close to the crystal: the angles of a large detector, few pixels.
CrystalScan small_scan() {
  CrystalScan scan;
  scan.detector = {2, 2, {150, 120}, 7, 17};
  scan.distance_mm = 60;
  scan.beam_stop_radius_px = 6;
  scan.beam_stop_arm_px = 4;
  scan.bad_pixel_fraction = 1e-3;
  scan.frames = 10;
  return scan;
}

Pixels rendered(const FrameSimulator& simulator, std::int64_t frame) {
  Pixels out(static_cast<std::size_t>(simulator.extent().pixels()));
  simulator.render(frame, {out.data(), simulator.extent()});
  return out;
}
Pixels rendered(const CrystalScan& scan, std::int64_t frame) {
  return rendered(FrameSimulator(scan), frame);
}

double counts_in(const Pixels& pixels) {
  double total = 0;
  for (const std::int32_t p : pixels)
    if (p >= 0 && p != hot_pixel_counts) total += p;
  return total;
}

ErrorCode code_of(const CrystalScan& scan) {
  try {
    FrameSimulator simulator(scan);
  } catch (const Error& error) {
    EXPECT_FALSE(error.info().field.empty());
    EXPECT_EQ(error.what(), std::string(error.what()));
    return error.code();
  }
  ADD_FAILURE() << "the scan was accepted";
  return ErrorCode::io;
}

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

TEST(Simulate, SpotsObeyTheEwaldConditionOfATetragonalCell) {
  expect_spots_on_lattice(small_scan());
}

TEST(Simulate, SpotsObeyTheEwaldConditionOfATriclinicCell) {
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

TEST(Simulate, NoSpotIsMissedAndNoneInvented) {
  CrystalScan scan = small_scan();
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

TEST(Simulate, FractionsOfAReflectionAddUpToOneOverConsecutiveFrames) {
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

TEST(Simulate, IntensityDependsOnIndicesAndNotOnTheFrame) {
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

TEST(Simulate, SameScanSameFrame) {
  const CrystalScan scan = small_scan();
  EXPECT_EQ(rendered(scan, 4), rendered(scan, 4));
}

TEST(Simulate, OrderAndThreadsDoNotMatter) {
  const FrameSimulator simulator(small_scan());
  std::array<Pixels, 4> together;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < together.size(); ++i)
    threads.emplace_back([&, i] { together[i] = rendered(simulator, static_cast<long>(i)); });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = together.size(); i-- > 0;)
    EXPECT_EQ(together[i], rendered(simulator, static_cast<long>(i)));
}

/// FNV-1a of the pixels. The value is the same for every compiler, library and build type; it
/// changes only when the simulation does.
TEST(Simulate, BytesAreThoseOfEveryOtherMachine) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::int32_t pixel : rendered(small_scan(), 0))
    hash = (hash ^ static_cast<std::uint32_t>(pixel)) * 0x100000001b3u;
  EXPECT_EQ(hash, 216434416057001911u);
}

TEST(Simulate, SeedsAndFramesDiffer) {
  CrystalScan scan = small_scan(), other = scan;
  other.seed = scan.seed + 1;
  const Pixels frame = rendered(scan, 0);
  EXPECT_NE(frame, rendered(other, 0));
  EXPECT_NE(frame, rendered(scan, 1));
}

TEST(Simulate, PitchIsRespected) {
  const FrameSimulator simulator(small_scan());
  const Extent extent = simulator.extent();
  const std::int64_t pitch = extent.width + 5;
  Pixels padded(static_cast<std::size_t>(pitch * extent.height), -77);
  simulator.render(2, {padded.data(), extent, pitch});
  const Pixels plain = rendered(simulator, 2);
  for (std::int64_t y = 0; y < extent.height; ++y) {
    const auto row = padded.begin() + y * pitch;
    EXPECT_TRUE(std::equal(row, row + extent.width, plain.begin() + y * extent.width));
    EXPECT_EQ(std::count(row + extent.width, row + pitch, -77), 5);
  }
}

TEST(Simulate, GapsBadPixelsAndHotPixel) {
  const CrystalScan scan = small_scan();
  const FrameSimulator simulator(scan);
  const Extent extent = simulator.extent();
  ASSERT_EQ(extent, (Extent{307, 257}));
  const Pixels first = rendered(simulator, 0), second = rendered(simulator, 1);
  std::int64_t bad = 0, hot = 0;
  for (std::int64_t y = 0; y < extent.height; ++y)
    for (std::int64_t x = 0; x < extent.width; ++x) {
      const auto i = static_cast<std::size_t>(y * extent.width + x);
      const bool gap = (x >= 150 && x < 157) || (y >= 120 && y < 137);
      ASSERT_EQ(first[i] == -1, gap) << x << ' ' << y;
      ASSERT_EQ(first[i] == -2, second[i] == -2) << x << ' ' << y;
      ASSERT_GE(first[i], -2);
      bad += first[i] == -2;
      hot += first[i] == hot_pixel_counts && second[i] == hot_pixel_counts;
    }
  EXPECT_EQ(bad, 72);  // 10^-3 of 4 x 150 x 120
  EXPECT_EQ(hot, 1);
  EXPECT_EQ(scan_info(scan, 0).excluded_pixels, 72);
  EXPECT_GT(hot_pixel_counts, scan.count_cutoff);
}

TEST(Simulate, CountsScaleWithFlux) {
  CrystalScan scan = small_scan();
  scan.bad_pixel_fraction = 0;
  const double one = counts_in(rendered(scan, 0));
  scan.flux = 4;
  const double four = counts_in(rendered(scan, 0));
  // Poisson: the standard deviation of a total is its square root.
  EXPECT_NEAR(four, 4 * one, 5 * std::sqrt(four + 16 * one));
}

TEST(Simulate, ExpectedCountsAreDrawn) {
  CrystalScan scan = small_scan();
  scan.air_per_degree = scan.water_per_degree = 0;
  scan.hot_pixel = false;
  scan.bad_pixel_fraction = 0;
  scan.detector = {1, 1, {307, 257}, 0, 0};  // no gaps to lose photons in
  const FrameSimulator simulator(scan);
  double expected = 0, outside = 0, drawn = 0;
  for (std::int64_t frame = 0; frame < scan.frames; ++frame) {
    for (const Spot& spot : simulator.spots(frame)) {
      const bool inside = spot.x_px > 4 && spot.y_px > 4 && spot.x_px < 303 && spot.y_px < 253;
      (inside ? expected : outside) += spot.counts;
    }
    drawn += counts_in(rendered(simulator, frame));
  }
  // Profiles are cut at 4 standard deviations (3e-4 of a spot) and sampled at pixel centres.
  const double noise = 5 * std::sqrt(expected) + 1e-3 * expected;
  EXPECT_GT(drawn, expected - noise);
  EXPECT_LT(drawn, expected + outside + noise);
  EXPECT_LT(outside, 0.1 * expected);
}

TEST(Simulate, BeamStopAndArmCastAShadow) {
  CrystalScan scan = small_scan();
  scan.detector = {1, 1, {200, 200}, 0, 0};
  scan.beam_x_px = 100, scan.beam_y_px = 100;
  scan.beam_stop_radius_px = 20, scan.beam_stop_arm_px = 10;
  scan.spot_counts = 0, scan.flux = 10;
  const Pixels frame = rendered(scan, 0);
  const auto mean = [&](int x0, int y0, int x1, int y1) {
    double total = 0;
    for (int y = y0; y < y1; ++y)
      for (int x = x0; x < x1; ++x)
        total += std::max(0, frame[static_cast<std::size_t>(y * 200 + x)]);
    return total / ((x1 - x0) * (y1 - y0));
  };
  const double open = mean(140, 90, 170, 110);
  EXPECT_GT(open, 40);
  EXPECT_LT(mean(90, 90, 110, 110), 0.03 * open);
  EXPECT_LT(mean(30, 97, 60, 103), 0.3 * open);
  EXPECT_GT(mean(30, 97, 60, 103), 0.1 * open);
}

/// Mean counts at a lattice spacing, on a square detector centred on the beam, without spots.
class Powder {
 public:
  explicit Powder(CrystalScan scan) : scan_(scan), total_(300), pixels_(300) {
    scan_.detector = {1, 1, {600, 600}, 0, 0};
    scan_.distance_mm = 120;
    scan_.beam_x_px = 300, scan_.beam_y_px = 300;
    scan_.spot_counts = 0, scan_.beam_stop_arm_px = 0, scan_.hot_pixel = false;
    const Pixels frame = rendered(scan_, 0);
    for (int y = 0; y < 600; ++y)
      for (int x = 0; x < 600; ++x) {
        const auto r = static_cast<std::size_t>(std::hypot(x - 299.5, y - 299.5));
        const std::int32_t counts = frame[static_cast<std::size_t>(y * 600 + x)];
        if (r < 300 && counts >= 0) total_[r] += counts, ++pixels_[r];
      }
  }
  double mean_at(double d_angstrom) const {
    const double theta = std::asin(scan_.wavelength_angstrom / 2 / d_angstrom);  // Bragg's law
    const auto r = static_cast<std::size_t>(120 * std::tan(2 * theta) / 0.172);
    return total_[r] / pixels_[r];
  }

 private:
  CrystalScan scan_;
  std::vector<double> total_, pixels_;
};

TEST(Simulate, WaterRingLiesAtItsSpacing) {
  CrystalScan scan = small_scan();
  scan.air_per_degree = 0;
  scan.water_per_degree = 20;
  const Powder powder(scan);
  EXPECT_GT(powder.mean_at(3.2), 2.5 * powder.mean_at(4.6));
  EXPECT_GT(powder.mean_at(3.2), 1.5 * powder.mean_at(2.6));
}

TEST(Simulate, IceRingsLieAtTheirSpacings) {
  CrystalScan scan = small_scan();
  scan.ice_per_degree = 20;
  const Powder powder(scan);
  EXPECT_GT(powder.mean_at(3.897), 1.8 * powder.mean_at(4.1));
  EXPECT_GT(powder.mean_at(3.441), 1.5 * powder.mean_at(3.55));
  EXPECT_GT(powder.mean_at(2.671), 1.3 * powder.mean_at(2.8));
}

TEST(Simulate, DefaultFrameShowsHundredsOfSpots) {
  const FrameSimulator simulator(CrystalScan{});
  const Extent extent = simulator.extent();
  ASSERT_EQ(extent, (Extent{2463, 2527}));
  const Pixels frame = rendered(simulator, 0);
  EXPECT_EQ(std::count(frame.begin(), frame.end(), -1), 526101);  // as on the real detector
  int peaks = 0;
  for (std::int64_t y = 1; y < extent.height - 1; ++y)
    for (std::int64_t x = 1; x < extent.width - 1; ++x) {
      const std::int32_t* p = frame.data() + y * extent.width + x;
      // The background is at most 9 counts: 35 is more than 8 standard deviations above it.
      if (*p < 35 || *p == hot_pixel_counts) continue;
      peaks += *p > p[-1] && *p >= p[1] && *p > p[-extent.width] && *p >= p[extent.width];
    }
  EXPECT_GT(peaks, 600);
  EXPECT_LT(peaks, 3000);
}

TEST(Simulate, WeakFramesAreMostlyZeros) {
  CrystalScan scan = make_scan(Strength::weak);
  Pixels frame = rendered(scan, 0);
  frame.erase(std::remove_if(frame.begin(), frame.end(), [](auto p) { return p < 0; }),
              frame.end());
  const auto share = [&](auto rule) {
    return static_cast<double>(std::count_if(frame.begin(), frame.end(), rule)) /
           static_cast<double>(frame.size());
  };
  EXPECT_NEAR(share([](auto p) { return p == 0; }), 0.91, 0.015);
  EXPECT_GT(share([](auto p) { return p < 4; }), 0.999);
}

TEST(Simulate, StrongFramesAreOverloadedWithinTheCounter) {
  CrystalScan scan = make_scan(Strength::strong);
  scan.flux = 200;
  const Pixels frame = rendered(scan, 0);
  const auto overloads =
      std::count_if(frame.begin(), frame.end(), [&](auto p) { return p > scan.count_cutoff; });
  EXPECT_GT(overloads, 20);
  EXPECT_LE(*std::max_element(frame.begin(), frame.end()), counter_limit);
}

TEST(Simulate, HeaderFacts) {
  CrystalScan scan;
  scan.frames = 5000;
  scan.start_angle_deg = 12;
  const FrameInfo info = scan_info(scan, 4000);
  EXPECT_DOUBLE_EQ(*info.start_angle_deg, 2012);
  EXPECT_EQ(info.timestamp, "2026-02-01T00:01:20.000");
  EXPECT_EQ(info.detector, "PILATUS3 6M");
  EXPECT_EQ(info.count_cutoff, 115897);
  EXPECT_EQ(info.beam_x_px, 1231.5);
  EXPECT_EQ(info.threshold_ev, 6400);  // half the energy of a photon
  EXPECT_EQ(info.excluded_pixels, 569);
}

TEST(Simulate, ScansOutOfRangeAreRefused) {
  const auto usage = [](auto change) {
    CrystalScan scan = small_scan();
    change(scan);
    EXPECT_EQ(code_of(scan), ErrorCode::usage);
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  usage([](CrystalScan& s) { s.frames = 0; });
  usage([](CrystalScan& s) { s.detector.modules_x = 0; });
  usage([](CrystalScan& s) { s.detector.gap_y = -1; });
  usage([](CrystalScan& s) { s.wavelength_angstrom = 0; });
  usage([&](CrystalScan& s) { s.distance_mm = nan; });
  usage([&](CrystalScan& s) { s.beam_x_px = nan; });
  usage([&](CrystalScan& s) { s.flux = 1 / 0.0; });
  usage([](CrystalScan& s) { s.angle_increment_deg = 0; });
  usage([](CrystalScan& s) { s.cell.c = -1; });
  usage([](CrystalScan& s) {
    s.cell.alpha = 160, s.cell.beta = s.cell.gamma = 70;  // 160 > 70 + 70: no such cell
  });
  usage([](CrystalScan& s) { s.bad_pixel_fraction = 0.5; });
}

TEST(Simulate, ScansTooLargeAreRefused) {
  CrystalScan scan = small_scan();
  scan.detector = {1000, 1000, {100000, 100000}, 10000, 10000};
  EXPECT_EQ(code_of(scan), ErrorCode::limit);
  scan = small_scan();
  scan.cell = {2000, 2000, 2000, 90, 90, 90};
  EXPECT_EQ(code_of(scan), ErrorCode::limit);
}

TEST(Simulate, FramesOutsideTheScanAndWrongExtentsAreRefused) {
  const FrameSimulator simulator(small_scan());
  EXPECT_THROW(simulator.spots(-1), Error);
  EXPECT_THROW(simulator.spots(10), Error);
  EXPECT_THROW(scan_info(small_scan(), 10), Error);
  Pixels pixels(100);
  EXPECT_THROW(simulator.render(0, {pixels.data(), Extent{10, 10}}), Error);
  EXPECT_THROW(rendered(simulator, 10), Error);
}

}  // namespace
}  // namespace quickbeam
