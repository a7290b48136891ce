// SPDX-License-Identifier: BSD-3-Clause
// Air scatter, water and ice rings, and the shadow of the beam stop, as expected counts a pixel.
#include "host/src/simulate_background.hpp"

#include <algorithm>
#include <cmath>

#include "host/src/simulate_geometry.hpp"
#include "host/src/simulate_math.hpp"
#include "host/src/simulate_random.hpp"

namespace quickbeam::simulation {
namespace {

struct Ring {
  double d_angstrom, height;
};
/// Powder lines of hexagonal ice; heights relative to the strongest.
constexpr Ring ice_rings[] = {{3.897, 1.0}, {3.669, 0.55}, {3.441, 0.9},
                              {2.671, 0.4}, {2.249, 0.6},  {2.072, 0.35},
                              {1.948, 0.1}, {1.918, 0.25}, {1.883, 0.15}};
/// Liquid water: the main ring and its shoulder.
constexpr Ring water_rings[] = {{3.2, 1.0}, {2.15, 0.3}};
constexpr double ice_width = 0.0015, water_width = 0.06, air_fall_off = 0.55;  // 1/angstrom

double bell(double distance, double sigma) {
  const double t = distance / sigma;
  return portable_exp(-0.5 * t * t);
}

/// Counts per pixel and degree of rotation at q = 1/d, before everything that depends on direction.
double radial_counts(const CrystalScan& scan, double q) {
  double counts = scan.air_per_degree * portable_exp(-q / air_fall_off);
  for (const Ring& ring : water_rings)
    counts += scan.water_per_degree * ring.height * bell(q - 1 / ring.d_angstrom, water_width);
  if (scan.ice_per_degree > 0)
    for (const Ring& ring : ice_rings)
      counts += scan.ice_per_degree * ring.height * bell(q - 1 / ring.d_angstrom, ice_width);
  return counts;
}

/// `radial_counts` of one frame, tabulated: exponentials for every pixel would take seconds.
class RadialTable {
 public:
  RadialTable(const CrystalScan& scan, double q_max) {
    const double scale = scan.flux * scan.angle_increment_deg;
    for (double q = 0; q < q_max + 2 * step; q += step)
      counts_.push_back(scale * radial_counts(scan, q));
  }
  double operator()(double q) const {
    const double position = q / step, low = std::floor(position);
    const auto i = std::min(static_cast<std::size_t>(low), counts_.size() - 2);
    return counts_[i] + (counts_[i + 1] - counts_[i]) * (position - low);
  }

 private:
  static constexpr double step = 2e-4;
  std::vector<double> counts_;
};

/// Expected background counts of the pixel whose centre is (x, y).
double rate_at(const Geometry& g, const RadialTable& radial, double x, double y) {
  const double dx = x - g.beam_x, dy = y - g.beam_y;
  const double r = std::sqrt(dx * dx + dy * dy), cosine = g.cos_two_theta(r);
  const double solid_angle = cosine * cosine * cosine;  // of a pixel of a flat detector
  return radial(g.q_at(r)) * solid_angle * polarisation(dx, dy, g.distance) * transmission(g, x, y);
}

bool in_gap(const ModuleGrid& grid, std::int64_t x, std::int64_t y) {
  return x % (grid.module.width + grid.gap_x) >= grid.module.width ||
         y % (grid.module.height + grid.gap_y) >= grid.module.height;
}

/// Rounded up or down at random in proportion, so that the rounding leaves no contour lines.
std::uint16_t level_of(double rate, double dither) {
  const double level = std::sqrt(rate) / PoissonTables::step + dither;
  return static_cast<std::uint16_t>(
      std::min(level, static_cast<double>(PoissonTables::highest_level)));
}

/// Marks `count` active pixels as bad, at places that depend on the seed only.
void mark_bad(std::vector<std::uint16_t>& levels, std::int64_t count, RandomSequence& random) {
  while (count > 0) {
    std::uint16_t& level = levels[random.next() % levels.size()];
    if (level >= bad_mark) continue;
    level = bad_mark;
    --count;
  }
}

}  // namespace

std::int64_t bad_pixels_of(const CrystalScan& scan) {
  const ModuleGrid& grid = scan.detector;
  const std::int64_t active = grid.modules_x * grid.modules_y * grid.module.pixels();
  return static_cast<std::int64_t>(static_cast<double>(active) * scan.bad_pixel_fraction);
}

BackgroundMap background_map(const CrystalScan& scan) {
  const Geometry g(scan);
  const RadialTable radial(scan, g.q_at(g.corner()));
  const std::uint64_t dither = key_of(scan.seed, Stream::dither);
  BackgroundMap map;
  map.levels.resize(static_cast<std::size_t>(g.extent.pixels()), gap_mark);
  std::size_t i = 0;
  for (std::int64_t y = 0; y < g.extent.height; ++y)
    for (std::int64_t x = 0; x < g.extent.width; ++x, ++i) {
      if (in_gap(scan.detector, x, y)) continue;
      const double rate =
          rate_at(g, radial, static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5);
      map.levels[i] = level_of(rate, unit(random_at(dither, i)));
      map.highest = std::max(map.highest, map.levels[i]);
    }
  RandomSequence places(key_of(scan.seed, Stream::bad_pixel));
  mark_bad(map.levels, bad_pixels_of(scan), places);
  while (scan.hot_pixel && map.hot_pixel < 0) {
    const std::uint64_t place = places.next() % map.levels.size();
    if (map.levels[place] < bad_mark) map.hot_pixel = static_cast<std::int64_t>(place);
  }
  return map;
}

}  // namespace quickbeam::simulation
