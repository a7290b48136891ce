// SPDX-License-Identifier: BSD-3-Clause
// Thumbnails made on the GPU against those of the CPU, bit by bit.
#include "kernels/shrink_cuda.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "tests/cuda/device_array.hpp"
#include "tests/cuda/seed.hpp"

namespace quickbeam::tests {
namespace {

using kernels::Thumbnailer;
using kernels::ThumbnailFilter;
using kernels::ThumbnailSteps;
using kernels::cuda::DeviceAxis;

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

/// The tables of an axis on the device.
struct AxisTables {
  DeviceArray<kernels::AxisWeights::Window> windows;
  DeviceArray<double> weights;
  std::int32_t widest;
  explicit AxisTables(const kernels::AxisWeights& axis)
      : windows(axis.windows), weights(axis.weights), widest(axis.widest) {}
  DeviceAxis get() const { return {windows.get(), weights.get(), widest}; }
};

struct Shrunk {
  std::vector<float> pixels;
  std::vector<std::uint8_t> had_nan;
};

Shrunk on_device(const ThumbnailSteps& steps, const std::vector<float>& in, std::uint32_t images) {
  const auto room = [&](Extent extent) {
    return DeviceArray<float>(static_cast<std::size_t>(extent.pixels()) * images);
  };
  const AxisTables x(steps.x), y(steps.y);
  const DeviceArray<float> pixels(in), reduced = room(steps.reduced),
                                       between = room(kernels::cuda::between_extent(steps)),
                                       out = room(steps.out);
  const DeviceArray<std::uint8_t> had_nan(images, std::uint8_t{0});
  kernels::cuda::shrink_planes(
      steps, x.get(), y.get(),
      {pixels.get(), images, reduced.get(), between.get(), out.get(), had_nan.get()}, nullptr);
  return {out.read(), had_nan.read()};
}

Shrunk on_host(Extent from, Extent to, ThumbnailFilter filter, const std::vector<float>& in,
               std::uint32_t images) {
  Thumbnailer thumbnailer(from, to, filter);
  Shrunk shrunk;
  shrunk.pixels.resize(static_cast<std::size_t>(to.pixels()) * images);
  for (std::uint32_t k = 0; k < images; ++k)
    shrunk.had_nan.push_back(thumbnailer.run({in.data() + k * from.pixels(), from},
                                             {shrunk.pixels.data() + k * to.pixels(), to}));
  return shrunk;
}

void expect_same(const Shrunk& found, const Shrunk& expected) {
  ASSERT_EQ(found.pixels.size(), expected.pixels.size());
  for (std::size_t i = 0; i < expected.pixels.size(); ++i) {
    const float a = found.pixels[i], b = expected.pixels[i];
    const bool both_nan = std::isnan(a) && std::isnan(b);
    ASSERT_TRUE(both_nan || (a == b && std::signbit(a) == std::signbit(b)))
        << i << ": " << a << ", expected " << b;
  }
}

/// Image 0 is whole, the others have more and more that is no number; infinities from image 3 on.
std::vector<float> noise(Extent extent, std::uint32_t images, std::mt19937& random) {
  std::normal_distribution<float> values(10, 30);
  std::vector<float> pixels;
  for (std::uint32_t k = 0; k < images; ++k)
    for (std::int64_t i = 0; i < extent.pixels(); ++i) {
      const auto kind = random() % 64;
      float v = values(random);
      if (kind < 3 * k) v = nan_value;
      if (kind == 60 && k > 2) v = random() % 2 == 0 ? infinity : -infinity;
      if (kind == 61) v = -0.0f;
      pixels.push_back(v);
    }
  return pixels;
}

struct Sizes {
  Extent from, to;
};

class ShrinkOnDevice : public ::testing::TestWithParam<Sizes> {};

TEST_P(ShrinkOnDevice, GivesTheBitsOfTheCpu) {
  const auto& [from, to] = GetParam();
  std::mt19937 random(static_cast<unsigned>(test_seed(41)));
  constexpr std::uint32_t images = 5;
  const std::vector<float> in = noise(from, images, random);
  for (const ThumbnailFilter filter : {ThumbnailFilter::pil, ThumbnailFilter::exact}) {
    const auto found = on_device(kernels::thumbnail_steps(from, to, filter), in, images);
    const auto expected = on_host(from, to, filter, in, images);
    expect_same(found, expected);
    EXPECT_EQ(found.had_nan[0], 0);
    // Every image with NaN is known; infinities of both signs may look like one.
    for (std::uint32_t k = 0; k < images; ++k)
      EXPECT_GE(found.had_nan[k], expected.had_nan[k]) << k;
  }
}

INSTANTIATE_TEST_SUITE_P(, ShrinkOnDevice,
                         ::testing::Values(Sizes{{256, 256}, {64, 64}}, Sizes{{120, 97}, {64, 52}},
                                           Sizes{{101, 103}, {7, 7}}, Sizes{{3, 3}, {2, 2}},
                                           Sizes{{33, 32}, {31, 30}}, Sizes{{1, 40}, {1, 3}},
                                           Sizes{{70, 5}, {9, 1}}, Sizes{{503, 61}, {64, 8}}));

TEST(ShrinkBatches, OfImagesWithoutAnyNumberAreNaN) {
  const Extent from{64, 64}, to{8, 8};
  const std::vector<float> in(static_cast<std::size_t>(2 * from.pixels()), nan_value);
  const auto found = on_device(kernels::thumbnail_steps(from, to, ThumbnailFilter::pil), in, 2);
  for (const float v : found.pixels) EXPECT_TRUE(std::isnan(v));
  EXPECT_EQ(found.had_nan, (std::vector<std::uint8_t>{1, 1}));
}

TEST(ShrinkBatches, OfNothingDoNothing) {
  const auto steps = kernels::thumbnail_steps({8, 8}, {2, 2}, ThumbnailFilter::pil);
  EXPECT_NO_THROW(kernels::cuda::shrink_planes(steps, {}, {}, {}, nullptr));
}

}  // namespace
}  // namespace quickbeam::tests
