// SPDX-License-Identifier: BSD-3-Clause
// Puts a simulated frame together: background, spots, masked pixels, hot pixel.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <quickbeam/core/error.hpp>
#include <quickbeam/simulate.hpp>

#include "host/src/simulate_background.hpp"
#include "host/src/simulate_check.hpp"
#include "host/src/simulate_crystal.hpp"
#include "host/src/simulate_geometry.hpp"
#include "host/src/simulate_random.hpp"

namespace quickbeam {
namespace {

using simulation::BackgroundMap, simulation::Crystal, simulation::Geometry;
using simulation::PoissonTables, simulation::RandomSequence, simulation::Stream;

/// A spot's shape on the detector: a Gaussian, longer away from the beam, cut where it fades.
struct Profile {
  double radial_x, radial_y;  ///< unit vector from the beam centre to the spot
  double radial_sigma, sigma;
  double peak;  ///< expected counts in a pixel at the very centre
  double reach;

  Profile(const CrystalScan& scan, const Geometry& g, const Spot& spot)
      : sigma(scan.spot_sigma_px) {
    const double dx = spot.x_px - g.beam_x, dy = spot.y_px - g.beam_y;
    const double r = std::sqrt(dx * dx + dy * dy);
    radial_x = r > 0 ? dx / r : 1, radial_y = r > 0 ? dy / r : 0;
    // Photons are absorbed anywhere along their oblique way through the sensor: a uniform smear,
    // whose standard deviation is its length / sqrt(12).
    const double smear =
        std::min(scan.sensor_thickness_um / scan.pixel_size_um * r / g.distance / 3.4641016, 2.5);
    radial_sigma = std::sqrt(sigma * sigma + smear * smear);
    peak = spot.counts / (6.283185307179586 * sigma * radial_sigma);
    reach = 4 * radial_sigma;
  }
  double operator()(double dx, double dy) const {
    const double u = (dx * radial_x + dy * radial_y) / radial_sigma;
    const double v = (dy * radial_x - dx * radial_y) / sigma;
    return peak * simulation::portable_exp(-0.5 * (u * u + v * v));
  }
};

std::string timestamp_of(double seconds) {
  // The clock starts again after four weeks: a fixed month needs no calendar.
  const auto ms = static_cast<std::int64_t>(std::fmod(seconds, 86400.0 * 28) * 1000 + 0.5);
  const auto digits = [](std::int64_t value, std::size_t width) {
    const std::string text = std::to_string(value);
    return std::string(width - std::min(width, text.size()), '0') + text;
  };
  return "2026-02-" + digits(1 + ms / 86'400'000 % 28, 2) + "T" + digits(ms / 3'600'000 % 24, 2) +
         ":" + digits(ms / 60'000 % 60, 2) + ":" + digits(ms / 1000 % 60, 2) + "." +
         digits(ms % 1000, 3);
}

[[noreturn]] void refuse_extent(Extent expected, Extent found) {
  const auto text = [](Extent e) {
    return std::to_string(e.width) + " x " + std::to_string(e.height) + " pixels";
  };
  ErrorInfo info;
  info.code = ErrorCode::usage;
  info.field = "out";
  info.expected = text(expected);
  info.found = text(found);
  fail(std::move(info));
}

}  // namespace

CrystalScan make_scan(Strength strength) {
  CrystalScan scan;
  if (strength == Strength::weak) {
    scan.angle_increment_deg = 0.1;
    scan.flux = 0.135;
  } else if (strength == Strength::strong) {
    scan.flux = 30.0;
  }
  return scan;
}

FrameInfo scan_info(const CrystalScan& scan, std::int64_t frame) {
  simulation::check(scan);
  simulation::check_frame(scan, frame);
  const Geometry geometry(scan);
  const auto number = static_cast<double>(frame);
  FrameInfo info;
  info.count_cutoff = scan.count_cutoff;
  info.wavelength_angstrom = scan.wavelength_angstrom;
  info.distance_mm = scan.distance_mm;
  info.beam_x_px = geometry.beam_x;
  info.beam_y_px = geometry.beam_y;
  info.pixel_width_um = info.pixel_height_um = scan.pixel_size_um;
  info.exposure_s = scan.exposure_s;
  info.period_s = scan.period_s;
  info.start_angle_deg = scan.start_angle_deg + number * scan.angle_increment_deg;
  info.angle_increment_deg = scan.angle_increment_deg;
  info.two_theta_deg = 0;
  info.threshold_ev = std::floor(12398.42 / scan.wavelength_angstrom / 2 + 0.5);
  info.sensor_thickness_um = scan.sensor_thickness_um;
  info.tau_s = 0;
  info.transmission = 100;
  info.excluded_pixels = simulation::bad_pixels_of(scan);
  info.detector = scan.detector.extent() == ModuleGrid{}.extent() ? "PILATUS3 6M" : "PILATUS3";
  info.serial_number = "00-0000";
  info.sensor_material = "Silicon";
  info.timestamp = timestamp_of(number * scan.period_s);
  info.oscillation_axis = "X.CW";
  return info;
}

struct FrameSimulator::Parts {
  CrystalScan scan;
  Geometry geometry;
  Crystal crystal;
  BackgroundMap background;
  PoissonTables tables;

  explicit Parts(const CrystalScan& s)
      : scan((simulation::check(s), s)),
        geometry(s),
        crystal(s),
        background(simulation::background_map(s)),
        tables(background.highest) {}

  void draw_background(std::int64_t frame, ImageView<std::int32_t> out) const;
  void add_spot(std::int64_t frame, const Spot& spot, ImageView<std::int32_t> out) const;
};

void FrameSimulator::Parts::draw_background(std::int64_t frame, ImageView<std::int32_t> out) const {
  const std::uint64_t key = simulation::key_of(scan.seed, Stream::background, frame);
  const std::uint16_t* levels = background.levels.data();
  std::uint64_t pixel = 0;
  for (std::int64_t y = 0; y < out.extent.height; ++y) {
    std::int32_t* row = out.row(y);
    for (std::int64_t x = 0; x < out.extent.width; ++x, ++pixel) {
      const std::uint16_t level = levels[pixel];
      if (level >= simulation::bad_mark)
        row[x] = level == simulation::gap_mark ? -1 : -2;
      else
        row[x] =
            tables.draw(level, static_cast<std::uint32_t>(simulation::random_at(key, pixel) >> 32));
    }
  }
}

void FrameSimulator::Parts::add_spot(std::int64_t frame, const Spot& spot,
                                     ImageView<std::int32_t> out) const {
  const Profile profile(scan, geometry, spot);
  const auto within = [](double value, std::int64_t end) {
    return std::clamp(static_cast<std::int64_t>(std::floor(value)), std::int64_t{0}, end);
  };
  const std::int64_t x0 = within(spot.x_px - profile.reach, out.extent.width);
  const std::int64_t x1 = within(spot.x_px + profile.reach + 1, out.extent.width);
  const std::int64_t y0 = within(spot.y_px - profile.reach, out.extent.height);
  const std::int64_t y1 = within(spot.y_px + profile.reach + 1, out.extent.height);
  RandomSequence random(
      simulation::key_of(scan.seed, Stream::spot, frame, spot.hkl[0], spot.hkl[1], spot.hkl[2]));
  for (std::int64_t y = y0; y < y1; ++y)
    for (std::int64_t x = x0; x < x1; ++x) {
      // Counts of independent sources add up; a pixel's counter stops at its last bit.
      const double rate = profile(static_cast<double>(x) + 0.5 - spot.x_px,
                                  static_cast<double>(y) + 0.5 - spot.y_px);
      const double photons = simulation::poisson(std::min(rate, 2.0 * counter_limit), random);
      std::int32_t& pixel = out(x, y);
      if (pixel >= 0)
        pixel = static_cast<std::int32_t>(std::min<double>(pixel + photons, counter_limit));
    }
}

FrameSimulator::FrameSimulator(const CrystalScan& scan)
    : parts_(std::make_unique<const Parts>(scan)) {}
FrameSimulator::~FrameSimulator() = default;
FrameSimulator::FrameSimulator(FrameSimulator&&) noexcept = default;
FrameSimulator& FrameSimulator::operator=(FrameSimulator&&) noexcept = default;

const CrystalScan& FrameSimulator::scan() const { return parts_->scan; }
Extent FrameSimulator::extent() const { return parts_->geometry.extent; }

std::vector<Spot> FrameSimulator::spots(std::int64_t frame) const {
  simulation::check_frame(parts_->scan, frame);
  return parts_->crystal.spots(frame);
}

void FrameSimulator::render(std::int64_t frame, ImageView<std::int32_t> out) const {
  simulation::check_frame(parts_->scan, frame);
  if (out.extent != extent()) refuse_extent(extent(), out.extent);
  parts_->draw_background(frame, out);
  for (const Spot& spot : parts_->crystal.spots(frame)) parts_->add_spot(frame, spot, out);
  if (const std::int64_t hot = parts_->background.hot_pixel; hot >= 0)
    out(hot % out.extent.width, hot / out.extent.width) = hot_pixel_counts;
}

}  // namespace quickbeam
