// SPDX-License-Identifier: BSD-3-Clause
// Simulated particles: the phantom's symmetry, projections, poses, noise, and the files.
#include <quickbeam/simulate_particles.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <sstream>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/image.hpp>
#include <quickbeam/crc32.hpp>
#include <quickbeam/files.hpp>

#include "host/src/simulate_normal.hpp"
#include "host/src/simulate_phantom.hpp"
#include "io/particle_set.hpp"
#include "tests/host/temporary_folder.hpp"

namespace quickbeam {
namespace {

using simulation::Vector3;
using test::TemporaryFolder;
using Matrix = std::array<std::array<double, 3>, 3>;

const std::atomic<bool> go_on{false};

Vector3 product(const Matrix& m, const Vector3& v) {
  Vector3 out{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < 3; ++k) out[i] += m[i][k] * v[k];
  return out;
}

/// Rodrigues' rotation about a unit vector.
Matrix rotation(const Vector3& u, double angle) {
  const double c = std::cos(angle), s = std::sin(angle);
  Matrix m{};
  const double cross[3][3] = {{0, -u[2], u[1]}, {u[2], 0, -u[0]}, {-u[1], u[0], 0}};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < 3; ++k)
      m[i][k] = (i == k ? c : 0) + s * cross[i][k] + (1 - c) * u[i] * u[k];
  return m;
}

bool holds(const std::vector<Vector3>& axes, const Vector3& v) {
  return std::any_of(axes.begin(), axes.end(), [&](const Vector3& axis) {
    return std::hypot(axis[0] - v[0], axis[1] - v[1], axis[2] - v[2]) < 1e-12;
  });
}

TEST(Phantom, HasTheSymmetryOfAnIcosahedron) {
  const std::vector<Vector3> shells[] = {simulation::fivefold_axes(), simulation::threefold_axes(),
                                         simulation::twofold_axes()};
  const std::size_t sizes[] = {12, 20, 30};
  const double orders[] = {5, 3, 2};
  for (std::size_t s = 0; s < 3; ++s) {
    ASSERT_EQ(shells[s].size(), sizes[s]);
    for (const Vector3& axis : shells[s]) {
      EXPECT_NEAR(std::hypot(axis[0], axis[1], axis[2]), 1, 1e-14);
      const Matrix turn = rotation(axis, 2 * M_PI / orders[s]);
      for (const auto& shell : shells)
        for (const Vector3& point : shell) EXPECT_TRUE(holds(shell, product(turn, point)));
    }
  }
}

TEST(NormalTable, IsNormal) {
  const simulation::NormalTable normal;
  constexpr int draws = 4'000'000, bins = 60;
  std::array<double, bins> found{};
  double moments[5] = {};
  double beyond = 0;
  for (std::uint64_t i = 0; i < draws; ++i) {
    const double x = normal(simulation::random_at(77, i));
    double power = 1;
    for (double& moment : moments) {
      moment += power;
      power *= x;
    }
    beyond += std::fabs(x) > 4 ? 1 : 0;
    const int bin = static_cast<int>(std::floor((x + 3) * 10));
    if (bin >= 0 && bin < bins) ++found[static_cast<std::size_t>(bin)];
  }
  const double error = 1 / std::sqrt(static_cast<double>(draws));
  EXPECT_NEAR(moments[1] / draws, 0, 5 * error);
  EXPECT_NEAR(moments[2] / draws, 1, 5 * error * std::sqrt(2.0));
  EXPECT_NEAR(moments[3] / draws, 0, 5 * error * std::sqrt(15.0));
  EXPECT_NEAR(moments[4] / draws, 3, 5 * error * std::sqrt(96.0));
  const auto below = [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); };
  EXPECT_NEAR(beyond, 2 * draws * below(-4), 5 * std::sqrt(2 * draws * below(-4)));
  double chi2 = 0;
  for (int b = 0; b < bins; ++b) {
    const double expected = draws * (below(-3 + (b + 1) / 10.0) - below(-3 + b / 10.0));
    const double deviation = found[static_cast<std::size_t>(b)] - expected;
    chi2 += deviation * deviation / expected;
  }
  EXPECT_LT(chi2, bins + 5 * std::sqrt(2.0 * bins));
}

/// Projections by the definition: every point turned by three rotations, every pixel every blob.
std::vector<double> naive_projection(const ParticleExperiment& e, const ParticlePose& pose) {
  const double degree = M_PI / 180;
  // RELION's A is the transpose of turning a body by psi, tilt, rot: the axes turn the other way.
  const Matrix rot = rotation({0, 0, 1}, -pose.rot_deg * degree),
               tilt = rotation({0, 1, 0}, -pose.tilt_deg * degree),
               psi = rotation({0, 0, 1}, -pose.psi_deg * degree);
  const double radius = 0.4 * static_cast<double>(e.box_px);
  const double middle = static_cast<double>(e.box_px / 2);
  std::vector<double> pixels(static_cast<std::size_t>(e.box_px * e.box_px));
  for (const auto& blob : simulation::icosahedral_phantom()) {
    const Vector3 at = product(psi, product(tilt, product(rot, blob.centre)));
    const double x = middle + radius * at[0] + pose.shift_x_angstrom / e.pixel_size_angstrom;
    const double y = middle + radius * at[1] + pose.shift_y_angstrom / e.pixel_size_angstrom;
    const double s = radius * blob.sigma;
    for (std::int64_t j = 0; j < e.box_px; ++j)
      for (std::int64_t i = 0; i < e.box_px; ++i)
        pixels[static_cast<std::size_t>(j * e.box_px + i)] +=
            blob.mass / (blob.sigma * blob.sigma) *
            std::exp(-(std::pow(static_cast<double>(i) - x, 2) +
                       std::pow(static_cast<double>(j) - y, 2)) /
                     (2 * s * s));
  }
  return pixels;
}

double sd_of(const double* values, std::int64_t count) {
  double sum = 0, squares = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += values[i];
  for (std::int64_t i = 0; i < count; ++i)
    squares += std::pow(values[i] - sum / static_cast<double>(count), 2);
  return std::sqrt(squares / static_cast<double>(count));
}

TEST(ParticleSimulator, ProjectionsAreSumsOfGaussians) {
  for (const std::int64_t box : {31, 64}) {
    const ParticleExperiment e{.count = 6, .box_px = box, .signal_sd = 5};
    const ParticleSimulator simulator(e);
    Image image(PixelType::f64, simulator.extent());
    double ratio = 0;  // of the scales, which are one for all images
    for (std::int64_t k = 0; k < e.count; ++k) {
      simulator.project(simulator.pose(k), image.as<double>());
      const auto expected = naive_projection(e, simulator.pose(k));
      const double* const found = image.as<double>().data;
      const std::size_t top = static_cast<std::size_t>(
          std::max_element(expected.begin(), expected.end()) - expected.begin());
      if (k == 0) ratio = found[top] / expected[top];
      double worst = 0;
      for (std::size_t i = 0; i < expected.size(); ++i)
        worst = std::max(worst, std::fabs(found[i] - ratio * expected[i]));
      EXPECT_LT(worst, 1e-3 * ratio * expected[top]) << box << " image " << k;
    }
  }
}

TEST(ParticleSimulator, PosesAreUniform) {
  const ParticleExperiment e{.seed = 3, .count = 40000, .pixel_size_angstrom = 1.7, .shift_px = 2};
  const ParticleSimulator simulator(e);
  constexpr std::size_t bins = 20;
  std::array<std::array<double, bins>, 5> found{};
  for (std::int64_t k = 0; k < e.count; ++k) {
    const ParticlePose pose = simulator.pose(k);
    const double shares[] = {(pose.rot_deg + 180) / 360,
                             (1 + std::cos(pose.tilt_deg * M_PI / 180)) / 2,
                             (pose.psi_deg + 180) / 360, pose.shift_x_angstrom / 6.8 + 0.5,
                             pose.shift_y_angstrom / 6.8 + 0.5};
    for (std::size_t i = 0; i < 5; ++i) {
      ASSERT_GE(shares[i], -1e-4);
      ASSERT_LE(shares[i], 1);
      ++found[i][std::min(bins - 1, static_cast<std::size_t>(std::max(0.0, shares[i] * bins)))];
    }
    ASSERT_NEAR(pose.rot_deg * 1e4, std::round(pose.rot_deg * 1e4), 1e-6);
  }
  for (const auto& counts : found) {
    double chi2 = 0;
    for (const double count : counts) chi2 += std::pow(count - 2000, 2) / 2000;
    EXPECT_LT(chi2, bins + 5 * std::sqrt(2.0 * bins));
  }
}

TEST(ParticleSimulator, SignalNoiseAndOffsetAreWhatWasAskedFor) {
  ParticleExperiment e{.count = 60, .box_px = 72, .signal_sd = 30, .noise_sd = 50, .offset = 4000};
  const ParticleSimulator simulator(e);
  Image signal(PixelType::f64, simulator.extent()), image(PixelType::f32, simulator.extent());
  const std::int64_t pixels = simulator.extent().pixels();
  double variance = 0, mean_noise = 0;
  std::vector<double> noise;
  for (std::int64_t k = 0; k < e.count; ++k) {
    simulator.project(simulator.pose(k), signal.as<double>());
    simulator.render(k, image.as<float>());
    variance += std::pow(sd_of(signal.as<double>().data, pixels), 2);
    for (std::int64_t i = 0; i < pixels; ++i) {
      noise.push_back(image.as<float>().data[i] - signal.as<double>().data[i] - e.offset);
      mean_noise += noise.back();
    }
  }
  EXPECT_NEAR(std::sqrt(variance / 60), 30, 0.5) << "other views than those it was scaled by";
  const double error = 50 / std::sqrt(static_cast<double>(noise.size()));
  EXPECT_NEAR(mean_noise / static_cast<double>(noise.size()), 0, 5 * error);
  EXPECT_NEAR(sd_of(noise.data(), std::ssize(noise)), 50, 5 * error);
}

TEST(ParticleSimulator, BytesAreTheSameEverywhere) {
  const ParticleSimulator simulator({.seed = 7, .count = 1000, .box_px = 40});
  Image image(PixelType::f32, simulator.extent());
  simulator.render(123, image.as<float>());
  const ConstAnyView view = image.const_view();
  // From another compiler, or with other switches, too.
  EXPECT_EQ(crc32({view.data, 40 * 40 * 4}), 1626645864u);
  Image again(PixelType::f32, simulator.extent());
  ParticleSimulator({.seed = 7, .count = 124, .box_px = 40}).render(123, again.as<float>());
  EXPECT_EQ(std::memcmp(again.view().data, view.data, 40 * 40 * 4), 0) << "with fewer images";
  ParticleSimulator({.seed = 8, .count = 124, .box_px = 40}).render(123, again.as<float>());
  EXPECT_NE(std::memcmp(again.view().data, view.data, 40 * 40 * 4), 0) << "another seed";
}

TEST(ParticleSimulator, RefusesWhatMakesNoSense) {
  const auto refused = [](const ParticleExperiment& e) {
    EXPECT_THROW(ParticleSimulator{e}, Error);
  };
  refused({.count = 0});
  refused({.box_px = 7});
  refused({.pixel_size_angstrom = 0});
  refused({.diameter_angstrom = 1000});
  refused({.shift_px = 61});
  refused({.signal_sd = -1});
  refused({.noise_sd = NAN});
  refused({.offset = INFINITY});
  const ParticleSimulator good({});
  Image small(PixelType::f32, {119, 120});
  EXPECT_THROW(good.render(0, small.as<float>()), Error);
  Image fits(PixelType::f32, {120, 120});
  EXPECT_THROW(good.render(10, fits.as<float>()), Error);
}

class ParticleWriting : public ::testing::Test {
 protected:
  ParticleFiles files(const std::string& stem, ParticleType type = ParticleType::float32) const {
    return {folder_ / (stem + ".mrcs"), folder_ / (stem + ".star"), folder_ / (stem + ".xmd"),
            type};
  }
  TemporaryFolder folder_;
};

TEST_F(ParticleWriting, AnyNumberOfThreadsGivesTheSameFiles) {
  const ParticleExperiment e{.count = 700, .box_px = 24};
  EXPECT_EQ(write_particles(e, files("particles"), 1, go_on).written, 700);
  const std::string stack = test::read_text(folder_ / "particles.mrcs"),
                    star = test::read_text(folder_ / "particles.star"),
                    xmd = test::read_text(folder_ / "particles.xmd");
  int calls = 0;
  write_particles(e, files("particles"), 5, go_on, [&] { ++calls; });
  EXPECT_EQ(calls, 700);
  EXPECT_TRUE(test::read_text(folder_ / "particles.mrcs") == stack);
  EXPECT_TRUE(test::read_text(folder_ / "particles.star") == star);
  EXPECT_TRUE(test::read_text(folder_ / "particles.xmd") == xmd);
  EXPECT_EQ(stack.size(), 1024U + 700 * 24 * 24 * 4);
}

TEST_F(ParticleWriting, SetsNameTheImagesAndTheirPoses) {
  const ParticleExperiment e{.count = 5, .box_px = 24, .pixel_size_angstrom = 1.5};
  write_particles(e, files("p"), 2, go_on);
  const ParticlePose pose = ParticleSimulator(e).pose(3);
  for (const char* name : {"p.star", "p.xmd"}) {
    SCOPED_TRACE(name);
    const std::string text = test::read_text(folder_ / name);
    const auto set = io::parse_particle_set(std::as_bytes(std::span(text)), folder_ / name);
    ASSERT_EQ(set.images.size(), 5U);
    EXPECT_EQ(set.images[3].number, 4U);
    EXPECT_EQ(set.files[0], "p.mrcs");
    EXPECT_EQ(set.groups[0].pixel_size_angstrom, 1.5);
    std::istringstream row(text.substr(text.find("000004@p.mrcs")));
    std::string image, group;
    row >> image >> group;
    const bool relion = std::string_view(name) == "p.star";
    double size = 1.5, rot, tilt, psi, x, y;
    if (!relion) row >> size;
    row >> rot >> tilt >> psi >> x >> y;
    EXPECT_EQ(size, 1.5);
    EXPECT_EQ(rot, pose.rot_deg);
    EXPECT_EQ(tilt, pose.tilt_deg);
    EXPECT_EQ(psi, pose.psi_deg);
    EXPECT_NEAR(x, -pose.shift_x_angstrom / (relion ? 1 : 1.5), 1e-12);
    EXPECT_NEAR(y, -pose.shift_y_angstrom / (relion ? 1 : 1.5), 1e-12);
  }
}

TEST_F(ParticleWriting, EveryTypeHoldsTheRoundedImages) {
  const ParticleExperiment e{
      .count = 3, .box_px = 24, .signal_sd = 12, .noise_sd = 20, .offset = 100};
  const ParticleSimulator simulator(e);
  Image image(PixelType::f32, simulator.extent());
  simulator.render(2, image.as<float>());
  const struct {
    ParticleType type;
    PixelType read;
    double low, high, tolerance;
  } types[] = {{ParticleType::float32, PixelType::f32, -1e9, 1e9, 0},
               {ParticleType::float16, PixelType::f32, -65504, 65504, 0.0625},
               {ParticleType::int16, PixelType::i16, -32768, 32767, 0.5},
               {ParticleType::uint16, PixelType::u16, 0, 65535, 0.5},
               {ParticleType::int8, PixelType::i8, -128, 127, 0.5},
               {ParticleType::uint8, PixelType::u8, 0, 255, 0.5}};
  for (const auto& [type, read, low, high, tolerance] : types) {
    const ParticleReport report = write_particles(e, files("t", type), 1, go_on);
    const LoadedImage loaded = load_image({folder_ / "t.mrcs", 3});
    ASSERT_EQ(loaded.pixels.type(), read);
    EXPECT_EQ(report.clipped > 0, read == PixelType::i8) << "100 + 20 x noise beyond 127";
    visit(loaded.pixels.const_view(), [&, low = low, high = high, most = tolerance](auto view) {
      for (std::int64_t i = 0; i < image.extent().pixels(); ++i)
        ASSERT_NEAR(static_cast<double>(view.data[i]),
                    std::clamp<double>(image.as<float>().data[i], low, high), most);
    });
  }
}

TEST_F(ParticleWriting, SpiderStacksToo) {
  ParticleFiles where = files("s");
  where.stack = folder_ / "s.stk";
  const ParticleExperiment e{.count = 3, .box_px = 24};
  write_particles(e, where, 1, go_on);
  EXPECT_EQ(describe_file(where.stack).format, "Spider");
  EXPECT_EQ(describe_file(where.stack).frames, 3);
  where.type = ParticleType::int16;
  EXPECT_THROW(write_particles(e, where, 1, go_on), Error);
}

TEST_F(ParticleWriting, AStoppedRunLeavesNothing) {
  std::atomic<bool> stop{false};
  const ParticleExperiment e{.count = 3000, .box_px = 64};
  const ParticleReport report = write_particles(e, files("p"), 2, stop, [&] { stop = true; });
  EXPECT_TRUE(report.stopped);
  EXPECT_TRUE(folder_.names().empty());
}

/// RELION puts the particle back together from our angles and origins: they mean what it means.
TEST_F(ParticleWriting, RelionReconstructsThePhantom) {
  if (std::system("command -v relion_reconstruct >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "relion_reconstruct is not installed";
  constexpr std::int64_t box = 40;
  const ParticleExperiment e{
      .count = 250, .box_px = box, .pixel_size_angstrom = 2.5, .shift_px = 4, .noise_sd = 0};
  write_particles(e, files("p"), 2, go_on);
  ASSERT_EQ(std::system(("cd '" + folder_.path() +
                         "' && relion_reconstruct --i p.star --o map.mrc >said 2>&1")
                            .c_str()),
            0)
      << test::read_text(folder_ / "said");
  double n = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0;
  for (std::int64_t z = 0; z < box; ++z) {
    const LoadedImage section = load_image({folder_ / "map.mrc", z + 1});
    for (std::int64_t y = 0; y < box; ++y)
      for (std::int64_t x = 0; x < box; ++x) {
        const double p[] = {static_cast<double>(x - box / 2) / (0.4 * box),
                            static_cast<double>(y - box / 2) / (0.4 * box),
                            static_cast<double>(z - box / 2) / (0.4 * box)};
        if (std::hypot(p[0], p[1], p[2]) > 1.15) continue;  // RELION's own mask
        double density = 0;
        for (const auto& blob : simulation::icosahedral_phantom()) {
          const double r =
              std::hypot(p[0] - blob.centre[0], p[1] - blob.centre[1], p[2] - blob.centre[2]);
          density += blob.mass / std::pow(blob.sigma, 3) *
                     std::exp(-r * r / (2 * blob.sigma * blob.sigma));
        }
        const double map = static_cast<double>(section.pixels.as<float>()(x, y));
        n += 1, a += map, b += density, aa += map * map, bb += density * density,
            ab += map * density;
      }
  }
  const double correlation = (ab - a * b / n) / std::sqrt((aa - a * a / n) * (bb - b * b / n));
  EXPECT_GT(correlation, 0.99) << "0.36 with the axes exchanged";
}

}  // namespace
}  // namespace quickbeam
