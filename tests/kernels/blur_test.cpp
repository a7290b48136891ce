// SPDX-License-Identifier: BSD-3-Clause
// The Gaussian blur against SciPy's numbers and a naive sum over reflected pixels.
#include "kernels/resample.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <quickbeam/core/error.hpp>

namespace quickbeam::kernels {
namespace {

constexpr float masked = std::numeric_limits<float>::quiet_NaN();

std::vector<float> blurred(const std::vector<float>& pixels, Extent extent, double sigma) {
  std::vector<float> out(pixels.size(), -999);
  gaussian_blur({pixels.data(), extent}, {out.data(), extent}, sigma);
  return out;
}

std::vector<float> noise(Extent extent) {
  std::mt19937 random(20240611);
  std::normal_distribution<float> values(100, 30);
  std::vector<float> pixels(static_cast<std::size_t>(extent.pixels()));
  for (float& v : pixels) v = values(random);
  return pixels;
}

std::int64_t mirrored(std::int64_t i, std::int64_t n) {
  while (i < 0 || i >= n) i = i < 0 ? -1 - i : 2 * n - 1 - i;
  return i;
}

/// Weighted mean of the valid pixels in the square of 4 sigma, mirrors included.
double naive(const std::vector<float>& pixels, Extent extent, double sigma, std::int64_t x,
             std::int64_t y) {
  const auto radius = static_cast<std::int64_t>(4 * sigma + 0.5);
  double sum = 0, weights = 0;
  for (std::int64_t j = -radius; j <= radius; ++j)
    for (std::int64_t i = -radius; i <= radius; ++i) {
      const float v = pixels[static_cast<std::size_t>(
          mirrored(y + j, extent.height) * extent.width + mirrored(x + i, extent.width))];
      if (std::isnan(v)) continue;
      const double weight = std::exp(-0.5 * static_cast<double>(i * i + j * j) / (sigma * sigma));
      sum += weight * static_cast<double>(v);
      weights += weight;
    }
  return sum / weights;
}

void expect_naive(const std::vector<float>& pixels, Extent extent, double sigma) {
  const std::vector<float> out = blurred(pixels, extent, sigma);
  for (std::int64_t y = 0; y < extent.height; ++y)
    for (std::int64_t x = 0; x < extent.width; ++x) {
      const auto i = static_cast<std::size_t>(y * extent.width + x);
      if (std::isnan(pixels[i]))
        ASSERT_TRUE(std::isnan(out[i])) << x << ", " << y;
      else
        ASSERT_NEAR(out[i], naive(pixels, extent, sigma, x, y), 1e-3)
            << x << ", " << y << " sigma " << sigma;
    }
}

TEST(GaussianBlur, AsSciPy) {
  std::vector<float> pixels;
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 5; ++x)
      pixels.push_back(static_cast<float>((x * x * 7 + y * 13 + x * y) % 23));
  const std::vector<float> expected = {
      8.77711678f, 9.87833118f, 11.4047604f, 12.7822657f, 13.6349964f, 9.3847456f,  10.1274872f,
      11.0669117f, 11.7895422f, 12.1758795f, 9.77544785f, 10.0298004f, 10.2923708f, 10.3381481f,
      10.2360954f, 9.77559757f, 9.68974304f, 9.57048607f, 9.30230522f, 8.96796799f};
  const std::vector<float> out = blurred(pixels, {5, 4}, 1.5);
  for (std::size_t i = 0; i < out.size(); ++i) EXPECT_NEAR(out[i], expected[i], 1e-5) << i;
}

TEST(GaussianBlur, IsTheWeightedMeanOfReflectedPixels) {
  for (const Extent extent : {Extent{1, 1}, {2, 3}, {31, 33}, {40, 5}})
    for (const double sigma : {0.3, 1.0, 5.0}) expect_naive(noise(extent), extent, sigma);
}

TEST(GaussianBlur, LeavesMaskedPixelsOutAndMasked) {
  const Extent extent{41, 37};
  std::vector<float> pixels = noise(extent);
  std::mt19937 random(3);
  for (float& v : pixels)
    if (random() % 2) v = masked;
  for (const double sigma : {0.5, 2.0}) expect_naive(pixels, extent, sigma);
  pixels.assign(pixels.size(), masked);
  for (const float v : blurred(pixels, extent, 2)) EXPECT_TRUE(std::isnan(v));
}

TEST(GaussianBlur, OfNothingCopies) {
  const auto pixels = noise({9, 8});
  EXPECT_EQ(blurred(pixels, {9, 8}, 0), pixels);
  EXPECT_EQ(blurred(pixels, {9, 8}, 0.1), pixels);  // 4 sigma end inside the pixel
  EXPECT_NO_THROW(blurred({}, {0, 5}, 1));
}

TEST(GaussianBlur, RefusesWhatMakesNoSense) {
  std::vector<float> pixels(4), out(6);
  for (const double sigma : {-1.0, 1001.0, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THROW(blurred(pixels, {2, 2}, sigma), Error);
  EXPECT_THROW(gaussian_blur({pixels.data(), {2, 2}}, {out.data(), {2, 3}}, 1), Error);
}

}  // namespace
}  // namespace quickbeam::kernels
