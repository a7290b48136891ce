// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/moments.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "tests/kernels/each_target.hpp"
#include "tests/kernels/stacks.hpp"
#include "tests/oracle/moments_oracle.hpp"

namespace quickbeam::kernels {
namespace {

using tests::for_each_target;
using tests::random_stack;
using tests::sprinkle;
using tests::Stack;

template <class T>
class Moments : public testing::Test {};
using AllTypes =
    testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                   std::uint32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(Moments, AllTypes);

/// As double bits, so that -0 and 0 differ.
std::uint64_t bits(double v) { return std::bit_cast<std::uint64_t>(v); }

template <class T>
PixelMoments moments_of(const Stack<T>& stack, MomentKind kind = moment_kind(pixel_type_of<T>()),
                        std::size_t at_once = chunk_images) {
  PixelMoments out;
  out.reset(kind, stack.pixels);
  for (std::size_t k = 0; k < stack.images; k += at_once)
    add_images(stack.image(k), stack.stride, static_cast<int>(std::min(at_once, stack.images - k)),
               out);
  return out;
}

template <class T>
constexpr oracle::Passes passes = std::is_same_v<T, float> || sizeof(T) <= 2 ? oracle::Passes::one
                                                                             : oracle::Passes::two;

/// What the definition says of every pixel.
template <class T>
std::vector<oracle::Statistics<double>> defined_pixels(const Stack<T>& stack) {
  std::vector<oracle::Statistics<double>> out;
  for (std::size_t p = 0; p < stack.pixels; ++p)
    out.push_back(oracle::in_groups(stack.column(p), chunk_images, 1, passes<T>));
  return out;
}

void expect_same(const PixelMoments& found,
                 const std::vector<oracle::Statistics<double>>& expected) {
  bool any_missing = false;
  ASSERT_EQ(found.pixels, expected.size());
  for (std::size_t p = 0; p < expected.size(); ++p) {
    const auto& e = expected[p];
    const bool none = e.counted == 0;
    ASSERT_EQ(bits(found.mean[p]), bits(e.mean)) << p;
    ASSERT_EQ(bits(found.m2[p]), bits(e.m2)) << p;
    ASSERT_EQ(found.lowest[p], none ? HUGE_VAL : e.lowest) << p;
    ASSERT_EQ(found.highest[p], none ? -HUGE_VAL : e.highest) << p;
    ASSERT_FALSE(found.lowest[p] == 0 && std::signbit(found.lowest[p])) << p;
    ASSERT_FALSE(found.highest[p] == 0 && std::signbit(found.highest[p])) << p;
    ASSERT_EQ(found.missing[p], e.missing) << p;
    any_missing |= e.missing != 0;
  }
  EXPECT_EQ(found.any_missing, any_missing);
}

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
