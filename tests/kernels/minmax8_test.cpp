// SPDX-License-Identifier: BSD-3-Clause
// scale_minmax8 against the plain formula, on random images of many sizes and on odd values.
#include "kernels/minmax8.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace quickbeam::kernels {
namespace {

using Floats = std::vector<float>;
constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float highest = std::numeric_limits<float>::max();

/// One value by the definition: what counts as low and high is found anew each time.
float expected(const Floats& image, float v) {
  bool found = false;
  double low = 0, high = 0;
  for (const float pixel : image) {
    if (!std::isfinite(pixel)) continue;
    if (!found || pixel < low) low = pixel;
    if (!found || pixel > high) high = pixel;
    found = true;
  }
  if (!(high > low) || std::isnan(v)) return 0;
  const double grey = (double{v} - low) * 255 / (high - low);
  if (grey <= 0) return 0;
  return grey >= 255 ? 255.0F : static_cast<float>(std::floor(grey));
}

void expect_same(const Floats& image, const Floats& thumbnail) {
  Floats scaled = thumbnail;
  scale_minmax8(image, scaled);
  for (std::size_t i = 0; i < scaled.size(); ++i)
    ASSERT_EQ(std::bit_cast<std::uint32_t>(scaled[i]),
              std::bit_cast<std::uint32_t>(expected(image, thumbnail[i])))
        << "value " << i << " of " << scaled.size() << ": " << thumbnail[i];
}

TEST(MinMax8, EqualsTheDefinitionOnImagesOfAnySize) {
  std::mt19937 random(20261121);
  std::normal_distribution<float> noise(3, 50);
  for (const std::size_t size : {0u, 1u, 2u, 15u, 16u, 17u, 31u, 32u, 33u, 127u, 1021u}) {
    SCOPED_TRACE(size);
    Floats image(size), thumbnail(size / 3 + 1);
    for (float& v : image) v = noise(random);
    for (float& v : thumbnail) v = 1.5F * noise(random);  // filters reach beyond the ends
    expect_same(image, thumbnail);
    expect_same(image, image);
  }
}

TEST(MinMax8, TheEndsMayStandAnywhere) {
  for (std::size_t at = 0; at < 50; ++at) {
    Floats image(50, 1);
    image[at] = 9;
    expect_same(image, {0, 1, 5, 8.999F, 9, 10});
    image[at] = -9;
    expect_same(image, {-10, -9, 0, 1});
  }
}

TEST(MinMax8, NaNAndInfinitiesAreNoEndsOfAnImage) {
  for (const float odd : {nan, -nan, inf, -inf})
    for (const std::size_t at : {0u, 15u, 16u, 32u, 36u}) {
      Floats image(37);
      for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i % 7) - 2;
      image[at] = odd;
      expect_same(image, {-2, -1, 0, 1.9F, 4, nan, inf, -inf, 100, -0.0F});
    }
}

TEST(MinMax8, WithoutARangeAllIsZero) {
  const Floats thumbnail = {-1, 0, 3, 3.5F, nan, inf, -inf};
  const Floats zeros(thumbnail.size(), 0.0F);
  for (const Floats& image : {Floats{}, Floats(20, 3), Floats(20, nan), Floats{inf, 3, -inf},
                              Floats{inf, inf}, Floats{0.0F, -0.0F}}) {
    Floats scaled = thumbnail;
    scale_minmax8(image, scaled);
    EXPECT_EQ(scaled, zeros);
    expect_same(image, thumbnail);
  }
}

TEST(MinMax8, TheWidestRangeDoesNotOverflow) {
  const Floats image = {-highest, highest};
  Floats scaled = {-highest, 0, highest, highest / 2};
  scale_minmax8(image, scaled);
  EXPECT_EQ(scaled, (Floats{0, 127, 255, 191}));
  expect_same({1e-42F, 3e-42F}, {0, 1e-42F, 2e-42F, 3e-42F});
}

}  // namespace
}  // namespace quickbeam::kernels
