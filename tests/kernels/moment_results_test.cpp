// SPDX-License-Identifier: BSD-3-Clause
// Statistics joined, and what is made of them.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "kernels/moments.hpp"
#include "tests/kernels/each_target.hpp"
#include "tests/kernels/pixel_moments.hpp"
#include "tests/kernels/stacks.hpp"

namespace quickbeam::kernels {
namespace {

using tests::defined_pixels;
using tests::expect_same;
using tests::moments_of;
using tests::random_stack;
using tests::sprinkle;

/// Sums of `images` images, made from nothing but their totals.
PixelMoments sums_of(std::int64_t images, std::int64_t sum, std::uint64_t squares) {
  PixelMoments out;
  out.reset(MomentKind::sums, 1);
  out.images = images;
  out.sum[0] = sum;
  out.squares[0] = squares;
  return out;
}

TEST(PixelMoments, VarianceOfSumsIsRoundedOnce) {
  double variance = 0;
  const auto variance_of = [&](std::int64_t images, std::int64_t sum, std::uint64_t squares,
                               int ddof) {
    write_variance(sums_of(images, sum, squares), ddof, {&variance, 1});
    return variance;
  };
  EXPECT_EQ(variance_of(3, 6, 14, 0), 2.0 / 3);
  EXPECT_EQ(variance_of(3, 6, 14, 1), 1.0);
  EXPECT_TRUE(std::isnan(variance_of(1, 6, 36, 1)));
  // 2^32 images, one half of them 65535: far beyond 64 bits on the way.
  const std::int64_t half = std::int64_t{1} << 31;
  const double expected = 65535.0 * 65535.0 / 4;
  EXPECT_EQ(variance_of(2 * half, half * 65535, std::uint64_t{1} * half * 65535 * 65535, 0),
            expected);
  // All but one 65535: variance = 65535^2 (n - 1) / n^2, of which no digit may be lost.
  const std::int64_t n = 2 * half - 1;
  const long double fraction =
      65535.0L * 65535.0L * static_cast<long double>(n - 1) / static_cast<long double>(n);
  EXPECT_EQ(variance_of(n, (n - 1) * 65535, static_cast<std::uint64_t>(n - 1) * 65535 * 65535, 0),
            static_cast<double>(fraction / static_cast<long double>(n)));
}

TEST(PixelMoments, JoinedAreThoseOfOneGo) {
  auto stack = random_stack<float>(300, 100);
  sprinkle(stack);
  const PixelMoments whole = moments_of(stack);
  PixelMoments joined;
  joined.reset(MomentKind::moments, stack.pixels);
  merge(joined, joined);  // nothing to nothing
  EXPECT_EQ(joined.images, 0);
  for (std::size_t first = 0; first < 100; first += 23) {
    PixelMoments part;
    part.reset(MomentKind::moments, stack.pixels);
    add_images(stack.image(first), stack.stride,
               static_cast<int>(std::min<std::size_t>(23, 100 - first)), part);
    merge(part, joined);
    part.reset(MomentKind::moments, stack.pixels);
    merge(part, joined);  // an empty one
  }
  EXPECT_EQ(joined.images, 100);
  EXPECT_EQ(joined.any_missing, whole.any_missing);
  for (std::size_t p = 0; p < stack.pixels; ++p) {
    ASSERT_NEAR(joined.mean[p], whole.mean[p], 1e-12 * std::abs(whole.mean[p])) << p;
    ASSERT_NEAR(joined.m2[p], whole.m2[p], 1e-12 * whole.m2[p]) << p;
    ASSERT_EQ(joined.lowest[p], whole.lowest[p]) << p;
    ASSERT_EQ(joined.highest[p], whole.highest[p]) << p;
    ASSERT_EQ(joined.missing[p], whole.missing[p]) << p;
  }
}

TEST(PixelMoments, JoinedToNothingAreThemselves) {
  auto stack = random_stack<double>(50, 20);
  sprinkle(stack);
  const PixelMoments part = moments_of(stack);
  PixelMoments joined;
  joined.reset(MomentKind::moments, 50);
  merge(part, joined);
  expect_same(joined, defined_pixels(stack));
}

TEST(PixelMoments, JoiningIsTheFormulaToTheLastBit) {
  const auto stack = random_stack<float>(50, 48);
  PixelMoments first, later;
  first.reset(MomentKind::moments, 50);
  later.reset(MomentKind::moments, 50);
  add_images(stack.image(0), stack.stride, 32, first);
  add_images(stack.image(32), stack.stride, 16, later);
  merge(later, first);
  expect_same(first, defined_pixels(stack));  // a last chunk is joined as a last leaf is
}

TEST(PixelMoments, SumsAreTheSameInAnyOrder) {
  const auto stack = random_stack<std::int16_t>(200, 90);
  const PixelMoments whole = moments_of(stack);
  for (const bool backwards : {false, true}) {
    PixelMoments joined;
    joined.reset(MomentKind::sums, 200);
    for (std::size_t i = 0; i < 9; ++i) {
      PixelMoments part;
      part.reset(MomentKind::sums, 200);
      add_images(stack.image(10 * (backwards ? 8 - i : i)), stack.stride, 10, part);
      merge(part, joined);
    }
    EXPECT_EQ(joined.images, 90);
    for (std::size_t p = 0; p < 200; ++p) {
      ASSERT_EQ(joined.sum[p], whole.sum[p]);
      ASSERT_EQ(joined.squares[p], whole.squares[p]);
      ASSERT_EQ(joined.lowest[p], whole.lowest[p]);
      ASSERT_EQ(joined.highest[p], whole.highest[p]);
    }
  }
}

TEST(PixelMoments, NothingCountedHasNoMean) {
  PixelMoments empty;
  for (const MomentKind kind : {MomentKind::moments, MomentKind::sums}) {
    empty.reset(kind, 2);
    std::vector<double> mean(2), variance(2);
    write_mean(empty, mean);
    write_variance(empty, 0, variance);
    EXPECT_TRUE(std::isnan(mean[0]) && std::isnan(mean[1]));
    EXPECT_TRUE(std::isnan(variance[0]) && std::isnan(variance[1]));
    EXPECT_EQ(empty.lowest[1], HUGE_VAL);
    EXPECT_EQ(empty.highest[1], -HUGE_VAL);
  }
}

TEST(ImageMoments, EmptyOnesJoin) {
  const auto stack = random_stack<float>(100, 1);
  const ImageMoments some = image_moments(std::span(stack.image(0), 100));
  const float nan = NAN;
  const ImageMoments bad = image_moments(std::span(&nan, 1));
  EXPECT_EQ(bad, (ImageMoments{.counted = 0, .missing = 1}));
  ImageMoments joined;
  merge(ImageMoments(), joined);
  EXPECT_EQ(joined, ImageMoments());
  merge(bad, joined);
  EXPECT_EQ(joined, bad);
  merge(some, joined);
  merge(bad, joined);
  ImageMoments expected = some;
  expected.missing = 2;
  EXPECT_EQ(joined, expected);
}

}  // namespace
}  // namespace quickbeam::kernels
