// SPDX-License-Identifier: BSD-3-Clause
// Images to float32, cut to levels or larger, and saturation flags brought to another grid.
#include "kernels/planes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace quickbeam::kernels {
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

template <class V>
std::vector<float> as_floats(const std::vector<V>& values) {
  ReducedImage image;
  image.values.reshape(pixel_type_of<V>(), {static_cast<std::int64_t>(values.size()), 1});
  std::copy(values.begin(), values.end(), image.values.as<V>().data);
  std::vector<float> out(values.size());
  to_float(image, {out.data(), image.values.extent()});
  return out;
}

TEST(ToFloat, IntegersBelowZeroAreMaskedAndTheRestIsRounded) {
  const auto narrow = as_floats<std::int32_t>({0, 7, -1, -2, 16777217, 2147483647});
  EXPECT_EQ(narrow[0], 0.0F);
  EXPECT_EQ(narrow[1], 7.0F);
  EXPECT_TRUE(std::isnan(narrow[2]) && std::isnan(narrow[3]));
  EXPECT_EQ(narrow[4], 16777216.0F);
  EXPECT_EQ(narrow[5], 2147483648.0F);
  const auto wide = as_floats<std::int64_t>({-1, std::int64_t{1} << 40});
  EXPECT_TRUE(std::isnan(wide[0]));
  EXPECT_EQ(wide[1], 1099511627776.0F);
}

TEST(ToFloat, RealsKeepTheirSignAndNaN) {
  const auto narrow = as_floats<float>({-2.5F, nan, 3.0F});
  EXPECT_EQ(narrow[0], -2.5F);
  EXPECT_TRUE(std::isnan(narrow[1]));
  const auto wide = as_floats<double>({0.1, std::numeric_limits<double>::quiet_NaN(), -1.0});
  EXPECT_EQ(wide[0], 0.1F);
  EXPECT_TRUE(std::isnan(wide[1]));
  EXPECT_EQ(wide[2], -1.0F);
}

TEST(Widen, EveryTypeIsRoundedToTheNearestAndNothingIsMasked) {
  const auto check = []<class T>(const std::vector<T>& values) {
    const auto width = static_cast<std::int64_t>(values.size()) - 1;
    std::vector<T> two_rows = values;  // pitch width + 1: the last value stands beside the view
    two_rows.insert(two_rows.end(), values.rbegin(), values.rend());
    std::vector<float> out(2 * values.size() + 2, 77);
    widen(ConstAnyView(ImageView<const T>(two_rows.data(), {width, 2}, width + 1)),
          {out.data(), {width, 2}, width + 2});
    for (std::int64_t y = 0; y < 2; ++y)
      for (std::int64_t x = 0; x < width + 2; ++x) {
        const float v = out[static_cast<std::size_t>(y * (width + 2) + x)];
        const float wanted =
            x < width ? static_cast<float>(two_rows[static_cast<std::size_t>(y * (width + 1) + x)])
                      : 77.0F;
        EXPECT_EQ(std::bit_cast<std::uint32_t>(v), std::bit_cast<std::uint32_t>(wanted)) << x;
      }
  };
  check(std::vector<std::int8_t>{-128, -1, 0, 127, 5});
  check(std::vector<std::uint8_t>{0, 255, 7});
  check(std::vector<std::int16_t>{-32768, -1, 32767, 0});
  check(std::vector<std::uint16_t>{0, 65535, 1});
  check(std::vector<std::int32_t>{-2147483647 - 1, -1, 16777217, 16777219, 0});
  check(std::vector<std::uint32_t>{0, 4294967295u, 16777217, 1});
  check(std::vector<std::int64_t>{-1, std::int64_t{1} << 40, 0});
  check(std::vector<std::uint64_t>{~std::uint64_t{0}, 3, 0});
  check(std::vector<float>{nan, -inf, -0.0F, 1e-42F, 2.5F});
  check(std::vector<double>{0.1, 1e300, -1e300, 1 + 0x1p-25, 0});
}

TEST(NonFinite, IsCountedAndMasked) {
  std::vector<float> values = {nan, -nan, inf, -inf, -0.0F, 1e-42F, 3e38F, -7};
  EXPECT_EQ(count_non_finite(values), 4u);
  EXPECT_EQ(count_non_finite({}), 0u);
  const auto bits = [](const std::vector<float>& of) {
    std::vector<std::uint32_t> all;
    for (const float v : of) all.push_back(std::bit_cast<std::uint32_t>(v));
    return all;
  };
  std::vector<float> united = values, masked = values;
  unify_nan(united);
  EXPECT_EQ(bits(united), bits({nan, nan, inf, -inf, -0.0F, 1e-42F, 3e38F, -7}));
  mask_non_finite(masked);
  EXPECT_EQ(bits(masked), bits({nan, nan, nan, nan, -0.0F, 1e-42F, 3e38F, -7}));
}

TEST(RepeatPixels, EachPixelBecomesASquare) {
  for (const Extent extent : {Extent{1, 1}, {3, 2}, {5, 7}})
    for (const std::int64_t times : {1, 2, 3, 16}) {
      std::vector<float> in(static_cast<std::size_t>((extent.width + 1) * extent.height));
      for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i);
      const ImageView<const float> from(in.data(), extent, extent.width + 1);
      const Extent large{extent.width * times, extent.height * times};
      std::vector<float> out(static_cast<std::size_t>((large.width + 2) * large.height), -1);
      const ImageView<float> to(out.data(), large, large.width + 2);
      repeat_pixels(from, to, times);
      for (std::int64_t y = 0; y < large.height; ++y)
        for (std::int64_t x = 0; x < large.width + 2; ++x)
          ASSERT_EQ(to(x, y), x < large.width ? from(x / times, y / times) : -1.0F)
              << x << ',' << y << " by " << times;
    }
}

TEST(Clamp, CutsBothEndsInsideTheViewAndKeepsNaN) {
  std::vector<float> pixels = {-inf, 0, 5, 99, nan, 7, 10, 11, inf, 99};
  clamp({pixels.data(), {4, 2}, 5}, 1, 10);
  EXPECT_TRUE(std::isnan(pixels[4])) << "beside the view, whose pitch is 5";
  pixels[4] = 0;
  EXPECT_EQ(pixels, (std::vector<float>{1, 1, 5, 10, 0, 7, 10, 10, 10, 99}));
  std::vector<float> masked = {nan, 3};
  clamp({masked.data(), {2, 1}}, 1, 2);
  EXPECT_TRUE(std::isnan(masked[0]));
  EXPECT_EQ(masked[1], 2.0F);
  clamp({nullptr, {0, 0}}, 1, 2);
}

using Flags = std::vector<std::uint8_t>;

Flags resized(const Flags& in, Extent from, Extent to) {
  Flags out(static_cast<std::size_t>(to.pixels()), 9);  // old contents must not shine through
  resize_flags({in.data(), from}, {out.data(), to});
  return out;
}

/// The cell of a grid of `cells` in which the centre of pixel `i` of `pixels` lies, by trying all.
std::int64_t holder(std::int64_t i, std::int64_t pixels, std::int64_t cells) {
  std::int64_t cell = 0;
  while (2 * (cell + 1) * pixels <= (2 * i + 1) * cells) ++cell;
  return cell;
}

Flags random_flags(Extent extent, unsigned one_in) {
  std::mt19937 random(11);
  Flags flags(static_cast<std::size_t>(extent.pixels()));
  for (auto& flag : flags) flag = random() % one_in == 0 ? 255 : 0;
  return flags;
}

TEST(ResizeFlags, EveryFlagSetsItsCellAndNoOtherWhenShrinking) {
  for (const Extent from : {Extent{1, 1}, {7, 5}, {31, 33}, {64, 48}, {97, 2}})
    for (const Extent to : {Extent{1, 1}, {7, 2}, {16, 12}, {31, 33}, {50, 1}}) {
      if (to.width > from.width || to.height > from.height) continue;
      SCOPED_TRACE(::testing::Message()
                   << from.width << 'x' << from.height << " to " << to.width << 'x' << to.height);
      const Flags in = random_flags(from, 20);
      Flags expected(static_cast<std::size_t>(to.pixels()));
      for (std::int64_t y = 0; y < from.height; ++y)
        for (std::int64_t x = 0; x < from.width; ++x)
          if (in[static_cast<std::size_t>(y * from.width + x)])
            expected[static_cast<std::size_t>(holder(y, from.height, to.height) * to.width +
                                              holder(x, from.width, to.width))] = 1;
      EXPECT_EQ(resized(in, from, to), expected);
    }
}

TEST(ResizeFlags, ALoneFlagIsNeverLost) {
  constexpr Extent from{37, 23};
  for (const Extent to : {Extent{5, 4}, {36, 22}, {37, 23}, {80, 3}, {4, 90}, {74, 46}})
    for (std::size_t i = 0; i < 37 * 23; ++i) {
      Flags in(37 * 23);
      in[i] = 1;
      const Flags out = resized(in, from, to);
      ASSERT_NE(std::count(out.begin(), out.end(), 1), 0) << i << " to " << to.width;
    }
}

TEST(ResizeFlags, TheNearestFlagIsTakenWhenEnlarging) {
  for (const Extent from : {Extent{1, 1}, {3, 5}, {16, 12}})
    for (const Extent to : {Extent{16, 12}, {31, 33}, {100, 90}}) {
      const Flags in = random_flags(from, 3);
      const Flags out = resized(in, from, to);
      for (std::int64_t y = 0; y < to.height; ++y)
        for (std::int64_t x = 0; x < to.width; ++x) {
          const std::int64_t near =
              holder(y, to.height, from.height) * from.width + holder(x, to.width, from.width);
          ASSERT_EQ(out[static_cast<std::size_t>(y * to.width + x)],
                    in[static_cast<std::size_t>(near)] ? 1 : 0)
              << x << ',' << y << " of " << to.width << 'x' << to.height;
        }
    }
}

TEST(ResizeFlags, EmptyImages) {
  EXPECT_TRUE(resized(Flags(4, 1), {2, 2}, {0, 0}).empty());
  EXPECT_TRUE(resized(Flags(4, 1), {2, 2}, {3, 0}).empty());
  EXPECT_EQ(resized({}, {0, 0}, {2, 2}), Flags(4, 0));
}

template <class V>
ReducedImage reduced(const std::vector<V>& values, const Flags& saturated) {
  const Extent extent{static_cast<std::int64_t>(values.size()), 1};
  ReducedImage image{Image(pixel_type_of<V>(), extent), Image(PixelType::u8, extent)};
  std::copy(values.begin(), values.end(), image.values.as<V>().data);
  std::copy(saturated.begin(), saturated.end(), image.saturated.as<std::uint8_t>().data);
  return image;
}

TEST(NumbersOf, MaskedSaturatedAndTheHighestOfTheRest) {
  EXPECT_EQ(numbers_of(reduced<std::int32_t>({5, -1, 900, 7, -1}, {0, 0, 1, 0, 1})),
            (ReducedNumbers{3, 2, 2, 7}));
  EXPECT_EQ(numbers_of(reduced<std::int64_t>({-1, std::int64_t{1} << 40}, {0, 0})),
            (ReducedNumbers{1, 1, 0, 0x1p40}));
  EXPECT_EQ(numbers_of(reduced<float>({nan, -3, inf, 2}, {1, 0, 1, 0})),
            (ReducedNumbers{3, 1, 2, 2}));
  EXPECT_EQ(numbers_of(reduced<double>({1, HUGE_VAL}, {0, 0})), (ReducedNumbers{2, 0, 0, HUGE_VAL}))
      << "an infinity is no measurement, but it is what stands there";
  EXPECT_EQ(numbers_of(reduced<double>({-7}, {0})), (ReducedNumbers{1, 0, 0, 0}));
  EXPECT_EQ(numbers_of(reduced<float>({}, {})), ReducedNumbers{});
}

TEST(FlagNonzero, EveryTypeAndPitch) {
  const std::vector<std::uint16_t> numbers = {0, 1, 9, 256, 0, 9};
  Flags out(6, 9);
  flag_nonzero(ConstAnyView(ImageView<const std::uint16_t>(numbers.data(), {2, 2}, 3)),
               {out.data(), {2, 2}, 3});
  EXPECT_EQ(out, (Flags{0, 1, 9, 1, 0, 9})) << "what is beside the view stays";
  const std::vector<double> reals = {0, -0.0, 1e-300, -2, std::numeric_limits<double>::quiet_NaN()};
  Flags flags(5, 9);
  flag_nonzero(ConstAnyView(ImageView<const double>(reals.data(), {5, 1})), {flags.data(), {5, 1}});
  EXPECT_EQ(flags, (Flags{0, 0, 1, 1, 1}));
}

TEST(MaskedAsMinusOne, ChangesNaNOnly) {
  const std::vector<float> reals = {nan, 2.5F, -inf, nan};
  std::vector<float> out(4);
  masked_as_minus_one(ConstAnyView(ImageView<const float>(reals.data(), {2, 2})),
                      AnyView(ImageView<float>(out.data(), {2, 2})));
  EXPECT_EQ(out, (std::vector<float>{-1, 2.5F, -inf, -1}));
  const std::vector<std::int64_t> counts = {-1, 7};
  std::vector<std::int64_t> same(2);
  masked_as_minus_one(ConstAnyView(ImageView<const std::int64_t>(counts.data(), {2, 1})),
                      AnyView(ImageView<std::int64_t>(same.data(), {2, 1})));
  EXPECT_EQ(same, counts);
}

}  // namespace
}  // namespace quickbeam::kernels
