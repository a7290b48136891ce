// SPDX-License-Identifier: BSD-3-Clause
// Particle images: a pose and noise for each, both hashes of the seed and the image's number.
#include <cmath>
#include <string>
#include <utility>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/image.hpp>
#include <quickbeam/simulate_particles.hpp>

#include "host/src/simulate_check.hpp"
#include "host/src/simulate_normal.hpp"
#include "host/src/simulate_phantom.hpp"
#include "host/src/simulate_random.hpp"

namespace quickbeam {
namespace {

using simulation::RandomSequence, simulation::Stream;

constexpr std::int64_t steps_per_degree = 10000;

double angle(std::int64_t steps) {
  return static_cast<double>(steps) / static_cast<double>(steps_per_degree);
}

/// -180 to 180 degrees, evenly.
double whole_turn(double u) {
  constexpr std::int64_t steps = 360 * steps_per_degree;
  return angle(static_cast<std::int64_t>(u * static_cast<double>(steps)) - steps / 2);
}

/// The largest angle of 0 to 180 degrees whose cosine is at least `cosine`.
double arc_cosine(double cosine) {
  std::int64_t low = 0, high = 180 * steps_per_degree + 1;
  while (high - low > 1) {
    const std::int64_t middle = (low + high) / 2;
    (simulation::portable_sincos(angle(middle)).cos >= cosine ? low : high) = middle;
  }
  return angle(low);
}

void check(const ParticleExperiment& e) {
  using simulation::require;
  require("count", static_cast<double>(e.count), 1, 2147483647);
  require("box_px", static_cast<double>(e.box_px), 8, 8192);
  require("pixel_size_angstrom", e.pixel_size_angstrom, 0.01, 1000);
  const double box = static_cast<double>(e.box_px) * e.pixel_size_angstrom;
  require("diameter_angstrom", e.diameter_angstrom, 0, box);
  require("shift_px", e.shift_px, 0, static_cast<double>(e.box_px) / 2);
  require("signal_sd", e.signal_sd, 0, 1e9);
  require("noise_sd", e.noise_sd, 0, 1e9);
  require("offset", e.offset, -1e9, 1e9);
}

double radius_of(const ParticleExperiment& e) {
  const double box = static_cast<double>(e.box_px) * e.pixel_size_angstrom;
  return (e.diameter_angstrom > 0 ? e.diameter_angstrom : 0.8 * box) / 2 / e.pixel_size_angstrom;
}

double variance(ImageView<const double> image) {
  const auto pixels = static_cast<double>(image.extent.pixels());
  double sum = 0, squares = 0;
  for (std::int64_t i = 0; i < image.extent.pixels(); ++i) sum += image.data[i];
  for (std::int64_t i = 0; i < image.extent.pixels(); ++i)
    squares += (image.data[i] - sum / pixels) * (image.data[i] - sum / pixels);
  return squares / pixels;
}

}  // namespace

struct ParticleSimulator::Parts {
  ParticleExperiment experiment;
  std::vector<simulation::Blob> blobs = simulation::icosahedral_phantom();
  simulation::NormalTable normal;
  double radius_px, scale;

  explicit Parts(const ParticleExperiment& e)
      : experiment((check(e), e)), radius_px(radius_of(e)), scale(e.signal_sd / sd_of_views()) {}

  ParticlePose pose(std::uint64_t seed, std::int64_t index) const;
  void project(const ParticlePose& pose, double factor, ImageView<double> out) const;
  double sd_of_views() const;
};

ParticlePose ParticleSimulator::Parts::pose(std::uint64_t seed, std::int64_t index) const {
  RandomSequence random(simulation::key_of(seed, Stream::particle_pose, index));
  ParticlePose pose;
  pose.rot_deg = whole_turn(random.next_unit());
  pose.tilt_deg = arc_cosine(2 * random.next_unit() - 1);
  pose.psi_deg = whole_turn(random.next_unit());
  const double most = experiment.shift_px * experiment.pixel_size_angstrom;
  const auto shift = [&](double u) { return std::floor((2 * u - 1) * most * 1e4) / 1e4; };
  pose.shift_x_angstrom = shift(random.next_unit());
  pose.shift_y_angstrom = shift(random.next_unit());
  return pose;
}

void ParticleSimulator::Parts::project(const ParticlePose& pose, double factor,
                                       ImageView<double> out) const {
  for (std::int64_t y = 0; y < out.extent.height; ++y)
    std::fill_n(out.row(y), out.extent.width, 0.0);
  const double centre = static_cast<double>(out.extent.width / 2);
  simulation::add_projection(
      blobs, pose, radius_px, centre + pose.shift_x_angstrom / experiment.pixel_size_angstrom,
      centre + pose.shift_y_angstrom / experiment.pixel_size_angstrom, factor, out);
}

/// Of unscaled, centred projections, the root of the mean variance. Views are those of one seed:
/// the scale of an image does not hang on its experiment's.
double ParticleSimulator::Parts::sd_of_views() const {
  constexpr std::int64_t views = 32, box = 64;
  Image plane(PixelType::f64, {box, box});
  const double radius =
      radius_px * static_cast<double>(box) / static_cast<double>(experiment.box_px);
  double sum = 0;
  for (std::int64_t k = 0; k < views; ++k) {
    ParticlePose view = pose(0, k);
    std::fill_n(plane.as<double>().data, box * box, 0.0);
    simulation::add_projection(blobs, view, radius, box / 2, box / 2, 1, plane.as<double>());
    sum += variance(plane.as<double>());
  }
  return std::sqrt(sum / static_cast<double>(views));
}

ParticleSimulator::ParticleSimulator(const ParticleExperiment& experiment)
    : parts_(std::make_unique<const Parts>(experiment)) {}
ParticleSimulator::~ParticleSimulator() = default;
ParticleSimulator::ParticleSimulator(ParticleSimulator&&) noexcept = default;
ParticleSimulator& ParticleSimulator::operator=(ParticleSimulator&&) noexcept = default;

const ParticleExperiment& ParticleSimulator::experiment() const { return parts_->experiment; }

Extent ParticleSimulator::extent() const {
  return {parts_->experiment.box_px, parts_->experiment.box_px};
}

ParticlePose ParticleSimulator::pose(std::int64_t index) const {
  simulation::require("index", static_cast<double>(index), 0,
                      static_cast<double>(parts_->experiment.count - 1));
  return parts_->pose(parts_->experiment.seed, index);
}

void ParticleSimulator::project(const ParticlePose& pose, ImageView<double> out) const {
  if (out.extent != extent())
    fail({.code = ErrorCode::usage,
          .field = "out",
          .expected = std::to_string(extent().width) + " x " + std::to_string(extent().height),
          .found = std::to_string(out.extent.width) + " x " + std::to_string(out.extent.height)});
  parts_->project(pose, parts_->scale, out);
}

void ParticleSimulator::render(std::int64_t index, ImageView<float> out) const {
  const ParticleExperiment& e = parts_->experiment;
  const ParticlePose where = pose(index);
  Image plane(PixelType::f64, extent());
  project(where, ImageView<double>(plane.as<double>().data, out.extent));
  const std::uint64_t key = simulation::key_of(e.seed, Stream::particle_noise, index);
  const double* signal = plane.as<double>().data;
  std::uint64_t pixel = 0;
  for (std::int64_t y = 0; y < out.extent.height; ++y)
    for (float* at = out.row(y); at != out.row(y) + out.extent.width; ++at, ++pixel) {
      const double noise = parts_->normal(simulation::random_at(key, pixel));
      *at = static_cast<float>(e.offset + signal[pixel] + e.noise_sd * noise);
    }
}

}  // namespace quickbeam
