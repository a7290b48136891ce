// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/moments.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "tests/kernels/each_target.hpp"
#include "tests/kernels/pixel_moments.hpp"
#include "tests/kernels/stacks.hpp"
#include "tests/oracle/moments_oracle.hpp"

namespace quickbeam::kernels {
namespace {

using tests::bits;
using tests::defined_pixels;
using tests::expect_same;
using tests::for_each_target;
using tests::moments_of;
using tests::passes;
using tests::random_stack;
using tests::sprinkle;
using tests::Stack;

template <class T>
class Moments : public testing::Test {};
using AllTypes =
    testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                   std::uint32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(Moments, AllTypes);

/// Of whole numbers, in 128 bits: exact.
template <class T>
void expect_sums(const PixelMoments& found, const Stack<T>& stack) {
  for (std::size_t p = 0; p < stack.pixels; ++p) {
    const std::vector<double> column = stack.column(p);
    const auto statistics = oracle::statistics(column);
    std::int64_t sum = 0;
    std::uint64_t squares = 0;
    for (const double v : column) {
      sum += static_cast<std::int64_t>(v);
      squares += static_cast<std::uint64_t>(v * v);
    }
    ASSERT_EQ(found.sum[p], sum) << p;
    ASSERT_EQ(found.squares[p], squares) << p;
    ASSERT_EQ(found.lowest[p], statistics.lowest) << p;
    ASSERT_EQ(found.highest[p], statistics.highest) << p;
  }
  EXPECT_FALSE(found.any_missing);
}

/// Mean and variance against long double: relative to the mean's size and to the variance.
template <class T>
void expect_near_truth(const PixelMoments& found, const Stack<T>& stack, double mean_error,
                       double variance_error) {
  std::vector<double> mean(stack.pixels), variance(stack.pixels), sample(stack.pixels);
  write_mean(found, mean);
  write_variance(found, 0, variance);
  write_variance(found, 1, sample);
  for (std::size_t p = 0; p < stack.pixels; ++p) {
    const auto truth = oracle::statistics(stack.column(p));
    const auto n = static_cast<long double>(truth.counted);
    if (truth.counted == 0) {
      ASSERT_TRUE(std::isnan(mean[p]) && std::isnan(variance[p]));
      continue;
    }
    const auto size = std::max(std::abs(truth.lowest), std::abs(truth.highest));
    ASSERT_NEAR(mean[p], static_cast<double>(truth.mean), mean_error * size) << p;
    const auto expected = static_cast<double>(truth.m2 / n);
    ASSERT_NEAR(variance[p], expected, variance_error * expected) << p;
    if (truth.counted == 1)
      ASSERT_TRUE(std::isnan(sample[p])) << p;
    else
      ASSERT_NEAR(sample[p], static_cast<double>(truth.m2 / (n - 1)), variance_error * expected * 2)
          << p;
  }
}

TYPED_TEST(Moments, OfPixelsAreThoseOfTheDefinitionOnEveryTarget) {
  for (const std::size_t pixels : {0, 1, 31, 33, 1021, 4099})
    for (const std::size_t images : {1, 2, 15, 16, 17, 256, 257}) {
      if (pixels > 1021 && images > 17) continue;
      SCOPED_TRACE(testing::Message() << pixels << " pixels, " << images << " images");
      const auto stack = random_stack<TypeParam>(pixels, images);
      const bool sums = moment_kind(pixel_type_of<TypeParam>()) == MomentKind::sums;
      const auto defined = defined_pixels(stack);
      for_each_target([&] {
        if (sums) expect_sums(moments_of(stack), stack);
        expect_same(moments_of(stack, MomentKind::moments), defined);
      });
      expect_near_truth(moments_of(stack), stack, 1e-14, 1e-13);
      expect_near_truth(moments_of(stack, MomentKind::moments), stack, 1e-14, 1e-13);
    }
}

TYPED_TEST(Moments, OfImagesAreThoseOfTheDefinitionOnEveryTarget) {
  for (const std::size_t pixels : {0, 1, 31, 33, 511, 512, 513, 1021, 1024, 1025, 10007}) {
    SCOPED_TRACE(pixels);
    const auto stack = random_stack<TypeParam>(pixels, 2);
    const auto truth = oracle::statistics(stack.row(1));
    const auto expected = oracle::in_groups(stack.row(1), 512, 32, passes<TypeParam>);
    for_each_target([&] {
      const ImageMoments found = image_moments(std::span(stack.image(1), pixels));
      EXPECT_EQ(found.counted, static_cast<std::int64_t>(pixels));
      EXPECT_EQ(found.missing, 0);
      EXPECT_EQ(found.lowest, expected.lowest);
      EXPECT_EQ(found.highest, expected.highest);
      // Small integers: the exact sums of a piece are better than the definition in doubles.
      if (moment_kind(pixel_type_of<TypeParam>()) == MomentKind::moments) {
        EXPECT_EQ(bits(found.mean), bits(expected.mean));
        EXPECT_EQ(bits(found.m2), bits(expected.m2));
      }
      const double size = std::max(std::abs(truth.lowest), std::abs(truth.highest));
      EXPECT_NEAR(found.mean, static_cast<double>(truth.mean), 1e-15 * size);
      EXPECT_NEAR(found.m2, static_cast<double>(truth.m2), 1e-14 * static_cast<double>(truth.m2));
    });
  }
}

TYPED_TEST(Moments, OfOneReadAreThoseOfMany) {
  const auto stack = random_stack<TypeParam>(5003, 37);
  const PixelMoments alone = moments_of(stack);
  PixelMoments together;
  together.reset(alone.kind, stack.pixels);
  std::vector<ImageMoments> each(37);
  add_images(stack.image(0), stack.stride, 37, together, each);
  std::vector<ImageMoments> expected;
  for (std::size_t k = 0; k < each.size(); ++k) {
    expected.push_back(image_moments(std::span(stack.image(k), stack.pixels)));
    EXPECT_EQ(each[k], expected[k]) << k;
  }
  // A second block of the same images is joined as a whole.
  PixelMoments block;
  block.reset(alone.kind, 3001);
  add_images(stack.image(0), stack.stride, 37, block, each);
  for (std::size_t k = 0; k < each.size(); ++k) {
    merge(image_moments(std::span(stack.image(k), 3001)), expected[k]);
    EXPECT_EQ(each[k], expected[k]) << k;
  }
  EXPECT_EQ(together.images, 37);
  for (std::size_t p = 0; p < stack.pixels; ++p) {
    ASSERT_EQ(together.lowest[p], alone.lowest[p]) << p;
    ASSERT_EQ(together.highest[p], alone.highest[p]) << p;
    if (alone.kind == MomentKind::sums) {
      ASSERT_EQ(together.sum[p], alone.sum[p]) << p;
      ASSERT_EQ(together.squares[p], alone.squares[p]) << p;
    } else {
      ASSERT_EQ(bits(together.mean[p]), bits(alone.mean[p])) << p;
      ASSERT_EQ(bits(together.m2[p]), bits(alone.m2[p])) << p;
    }
  }
}

template <class T>
class FloatMoments : public testing::Test {};
using FloatTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(FloatMoments, FloatTypes);

TYPED_TEST(FloatMoments, LeaveOutWhatIsNotFinite) {
  for (const std::size_t pixels : {1, 33, 700, 2500})
    for (const std::size_t images : {1, 16, 17, 40}) {
      SCOPED_TRACE(testing::Message() << pixels << " pixels, " << images << " images");
      auto stack = random_stack<TypeParam>(pixels, images);
      sprinkle(stack);
      const auto defined = defined_pixels(stack);
      for_each_target([&] {
        expect_same(moments_of(stack), defined);
        expect_same(moments_of(stack, MomentKind::moments, 48), defined);
        for (std::size_t k = 0; k < images; ++k) {
          const auto expected = oracle::in_groups(stack.row(k), 512, 32, passes<TypeParam>);
          const ImageMoments found = image_moments(std::span(stack.image(k), pixels));
          ASSERT_EQ(found.missing, static_cast<std::int64_t>(expected.missing)) << k;
          ASSERT_EQ(found.counted, static_cast<std::int64_t>(expected.counted)) << k;
          ASSERT_EQ(bits(found.mean), bits(expected.mean)) << k;
          ASSERT_EQ(bits(found.m2), bits(expected.m2)) << k;
          ASSERT_EQ(found.lowest, expected.lowest) << k;
          ASSERT_EQ(found.highest, expected.highest) << k;
        }
      });
      expect_near_truth(moments_of(stack), stack, 1e-14, 1e-13);
    }
}

TEST(PixelMoments, ValuesAfterOnesThatAreNotFiniteFindTheirPlace) {
  auto stack = random_stack<float>(100, 64);
  stack.at(3, 40) = NAN;  // only in the first chunk
  expect_same(moments_of(stack), defined_pixels(stack));
  EXPECT_EQ(moments_of(stack).missing[40], 1U);
}

TEST(PixelMoments, TheRangeOfFloatsDoesNotOverflow) {
  const float most = std::numeric_limits<float>::max();
  Stack<float> stack{40, 32, 40, std::vector<float>(32 * 40, most)};
  for (std::size_t k = 0; k < 32; k += 2)
    for (std::size_t p = 0; p < 20; ++p) stack.at(k, p) = -most;
  const PixelMoments found = moments_of(stack);
  std::vector<double> mean(40), variance(40);
  write_mean(found, mean);
  write_variance(found, 0, variance);
  EXPECT_EQ(mean[0], 0);
  EXPECT_EQ(variance[0], double{most} * double{most});
  EXPECT_EQ(mean[39], double{most});
  EXPECT_EQ(variance[39], 0);
  EXPECT_FALSE(found.any_missing);
}

TEST(PixelMoments, DoublesBeyondTheRangeAreStillCounted) {
  const double most = std::numeric_limits<double>::max();
  const Stack<double> stack{40, 16, 40, std::vector<double>(16 * 40, most)};
  for_each_target([&] {
    const PixelMoments found = moments_of(stack);
    EXPECT_FALSE(found.any_missing);
    EXPECT_EQ(found.missing[0], 0U);
    EXPECT_EQ(found.lowest[0], most);
    EXPECT_FALSE(std::isfinite(found.mean[0]));
    const ImageMoments image = image_moments(std::span(stack.image(0), 40));
    EXPECT_EQ(image.counted, 40);
    EXPECT_EQ(image.missing, 0);
  });
}

/// Chunks of 16 in leaves of 256, leaves joined two by two.
PixelMoments tree_of(const Stack<float>& stack, std::size_t first, std::size_t last) {
  const std::size_t leaf = leaf_images, leaves = (last - first + leaf - 1) / leaf;
  PixelMoments out;
  out.reset(MomentKind::moments, stack.pixels);
  if (leaves == 1) {
    add_images(stack.image(first), stack.stride, static_cast<int>(last - first), out);
  } else {
    const std::size_t middle = first + (leaves + 1) / 2 * leaf;
    merge(tree_of(stack, first, middle), out);
    merge(tree_of(stack, middle, last), out);
  }
  return out;
}

TEST(PixelMoments, AMeanFarFromZeroCostsNoDigits) {
  constexpr std::size_t pixels = 48, images = 20000;
  Stack<float> stack{pixels, images, pixels, std::vector<float>(pixels * images)};
  std::mt19937 random(1);
  std::normal_distribution<float> noise(1000, 1);
  for (float& v : stack.values) v = noise(random);
  std::vector<double> variance(pixels), in_order(pixels);
  write_variance(tree_of(stack, 0, images), 0, variance);
  write_variance(moments_of(stack), 0, in_order);
  double worst_naive = 0;
  for (std::size_t p = 0; p < pixels; ++p) {
    const auto truth = static_cast<double>(oracle::statistics(stack.column(p)).m2 / images);
    EXPECT_NEAR(variance[p], truth, 1e-12 * truth) << p;
    EXPECT_NEAR(in_order[p], truth, 1e-12 * truth) << p;
    float sum = 0, squares = 0;  // the formula that is not used
    for (std::size_t k = 0; k < images; ++k) {
      sum += stack.at(k, p);
      squares += stack.at(k, p) * stack.at(k, p);
    }
    const float mean = sum / images, naive = squares / images - mean * mean;
    worst_naive = std::max(worst_naive, std::abs(static_cast<double>(naive) - truth) / truth);
  }
  EXPECT_GT(worst_naive, 1.0);  // not one digit is right
}

/// Floats that differ in their last bits, at the ends of a binade and across one, of every size
/// that a float has: where sums of squares lose all digits unless nothing is rounded.
TEST(PixelMoments, SumsOfSquaresCostNoDigits) {
  std::mt19937 random(2);
  for (const float centre : {1.0F, 1.999F, 2.0F, -1000.5F, 1e6F, 3e38F, 1e-30F, 1e-40F})
    for (const int spread : {1, 3, 1000}) {
      SCOPED_TRACE(testing::Message() << centre << " +- " << spread);
      auto stack = random_stack<float>(700, 40);
      const auto middle = std::bit_cast<std::int32_t>(centre);
      std::uniform_int_distribution<std::int32_t> noise(-spread, spread);
      for (float& v : stack.values) v = std::bit_cast<float>(middle + noise(random));
      for_each_target([&] {
        const PixelMoments found = moments_of(stack);
        for (std::size_t p = 0; p < stack.pixels; ++p) {
          const auto truth = oracle::statistics(stack.column(p));
          ASSERT_NEAR(found.m2[p], static_cast<double>(truth.m2),
                      1e-9 * static_cast<double>(truth.m2))
              << p;
        }
        const auto truth = oracle::statistics(stack.row(1));
        EXPECT_NEAR(image_moments(std::span(stack.image(1), 700)).m2, static_cast<double>(truth.m2),
                    1e-9 * static_cast<double>(truth.m2));
      });
    }
}

TEST(PixelMoments, SixteenBitsAtTheirEndsDoNotOverflow) {
  for (const std::uint16_t value : {std::uint16_t{0}, std::uint16_t{65535}}) {
    const Stack<std::uint16_t> stack{77, 4096, 77, std::vector<std::uint16_t>(77 * 4096, value)};
    for_each_target([&] {
      const PixelMoments found = moments_of(stack, MomentKind::sums, leaf_images);
      for (std::size_t p = 0; p < 77; ++p) {
        ASSERT_EQ(found.sum[p], 4096LL * value);
        ASSERT_EQ(found.squares[p], 4096ULL * value * value);
      }
    });
  }
  const Stack<std::int16_t> lowest{40, 300, 40, std::vector<std::int16_t>(40 * 300, -32768)};
  for_each_target([&] {
    const PixelMoments found = moments_of(lowest);
    EXPECT_EQ(found.sum[39], -32768LL * 300);
    EXPECT_EQ(found.squares[39], (1ULL << 30) * 300);
    EXPECT_EQ(found.squares[0], (1ULL << 30) * 300);
  });
}

}  // namespace
}  // namespace quickbeam::kernels
