// SPDX-License-Identifier: BSD-3-Clause
// Simulated frames: reproducibility, masks, statistics, shadows and rings, refusals.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/simulate.hpp>

#include "tests/host/simulate_scans.hpp"

namespace quickbeam {
namespace {

using Pixels = std::vector<std::int32_t>;

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
    return error.code();
  }
  ADD_FAILURE() << "the scan was accepted";
  return ErrorCode::io;
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

/// FNV-1a of the pixels of two frames, one with large counts. The value is the same for every
/// compiler, library and build type; it changes only when the simulation does.
TEST(Simulate, BytesAreThoseOfEveryOtherMachine) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  CrystalScan scan = small_scan();
  for (const double flux : {1.0, 100.0}) {
    scan.flux = flux;
    for (const std::int32_t pixel : rendered(scan, 0))
      hash = (hash ^ static_cast<std::uint32_t>(pixel)) * 0x100000001b3u;
  }
  EXPECT_EQ(hash, 11179678934289246789u);
}

TEST(Simulate, SeedsAndFramesDiffer) {
  CrystalScan scan = small_scan(), other = scan;
  other.seed = scan.seed + 1;
  const Pixels frame = rendered(scan, 0);
  EXPECT_NE(frame, rendered(other, 0));
  EXPECT_NE(frame, rendered(scan, 1));
  scan.spot_counts = other.spot_counts = 0;  // the noise of the background differs as well
  scan.bad_pixel_fraction = other.bad_pixel_fraction = 0;
  scan.hot_pixel = other.hot_pixel = false;
  EXPECT_NE(rendered(scan, 0), rendered(scan, 1));
  EXPECT_NE(rendered(scan, 0), rendered(other, 0));
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
