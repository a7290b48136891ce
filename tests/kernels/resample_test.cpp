// SPDX-License-Identifier: BSD-3-Clause
// Resizing against numbers that Pillow 9.4 gave for the same pixels, and what masked pixels change.
#include "kernels/resample.hpp"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "tests/kernels/each_target.hpp"
#include "tests/oracle/thumbnail_oracle.hpp"

namespace quickbeam::kernels {
namespace {

constexpr float masked = std::numeric_limits<float>::quiet_NaN();

struct Picture {
  Extent extent;
  std::vector<float> pixels;

  explicit Picture(Extent size, float value = 0)
      : extent(size), pixels(static_cast<std::size_t>(size.pixels()), value) {}
  ImageView<float> view() { return {pixels.data(), extent}; }
  ImageView<const float> const_view() const { return {pixels.data(), extent}; }
  float& at(std::int64_t x, std::int64_t y) {
    return pixels[static_cast<std::size_t>(y * extent.width + x)];
  }
};

Picture pattern(Extent extent) {
  Picture picture(extent);
  for (std::int64_t y = 0; y < extent.height; ++y)
    for (std::int64_t x = 0; x < extent.width; ++x)
      picture.at(x, y) = static_cast<float>((x * x * 7 + y * 13 + x * y) % 23);
  return picture;
}

Picture noise(Extent extent) {
  Picture picture(extent);
  std::mt19937 random(20240611);
  std::normal_distribution<float> values(100, 30);
  for (float& v : picture.pixels) v = values(random);
  return picture;
}

Picture resized(const Picture& in, Extent extent, ResampleFilter filter) {
  Picture out(extent, -999);
  resize(in.const_view(), out.view(), filter);
  return out;
}

/// Equal, or both NaN.
bool same(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

void expect_near(const Picture& actual, const std::vector<float>& expected) {
  ASSERT_EQ(actual.pixels.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(actual.pixels[i], expected[i], 1e-5 * 23) << "pixel " << i;
}

constexpr ResampleFilter filters[] = {ResampleFilter::box, ResampleFilter::bilinear,
                                      ResampleFilter::hamming, ResampleFilter::bicubic,
                                      ResampleFilter::lanczos};

TEST(Resize, ShrinksAsPillow) {
  const std::vector<float> golden[] = {
      {9.33333302f, 12.1111107f, 13.5f, 10.5f, 12.5f, 13.75f},
      {10.9837666f, 12.2219248f, 13.7337656f, 10.3214283f, 11.6283417f, 12.3084421f},
      {11.4230032f, 12.6609964f, 13.9179859f, 9.94178772f, 11.9022284f, 13.1142225f},
      {10.5871429f, 12.2110796f, 13.9291315f, 10.454114f, 11.5561705f, 12.1021881f},
      {10.3940573f, 11.9711237f, 13.9032717f, 10.7268591f, 11.5894194f, 11.774889f}};
  for (const ResampleFilter filter : filters)
    expect_near(resized(pattern({7, 5}), {3, 2}, filter), golden[static_cast<std::size_t>(filter)]);
}

TEST(Resize, EnlargesAsPillow) {
  expect_near(
      resized(pattern({4, 3}), {5, 4}, ResampleFilter::bicubic),
      {-0.979728758f, 4.46493673f, 4.85494423f, 7.76064444f, 17.9346294f, 8.52242374f, 14.3880091f,
       16.2727432f,   14.3380575f, 13.0234079f, 9.81426716f, 16.2929535f, 19.5705681f, 14.8917227f,
       6.41283607f,   2.08592844f, 8.98553371f, 12.6809702f, 9.07454014f, 2.24716568f});
}

TEST(Resize, ToTheSameExtentCopies) {
  const Picture in = noise({33, 31});
  for (const ResampleFilter filter : filters)
    EXPECT_EQ(resized(in, in.extent, filter).pixels, in.pixels);
}

TEST(Resize, KeepsFlatImagesFlatAtEverySize) {
  for (const Extent from : {Extent{1, 1}, {31, 2}, {32, 33}, {97, 64}})
    for (const Extent to : {Extent{1, 1}, {2, 31}, {33, 32}, {65, 97}})
      for (const ResampleFilter filter : filters)
        for (const float v : resized(Picture(from, 7), to, filter).pixels) ASSERT_EQ(v, 7);
}

TEST(Resize, IgnoresPitchAndWritesNoPadding) {
  const Picture in = noise({50, 40});
  std::vector<float> wide_in(60 * 40, masked), wide_out(30 * 17, -5);
  for (std::int64_t y = 0; y < 40; ++y)
    std::copy_n(in.pixels.data() + y * 50, 50, wide_in.data() + y * 60);
  resize({wide_in.data(), {50, 40}, 60}, {wide_out.data(), {21, 17}, 30}, ResampleFilter::lanczos);
  const Picture expected = resized(in, {21, 17}, ResampleFilter::lanczos);
  for (std::int64_t y = 0; y < 17; ++y)
    for (std::int64_t x = 0; x < 30; ++x)
      EXPECT_EQ(wide_out[static_cast<std::size_t>(y * 30 + x)],
                x < 21 ? expected.pixels[static_cast<std::size_t>(y * 21 + x)] : -5);
}

/// Naive: all input pixels, weights of both axes multiplied, in double. Box weights only.
TEST(Resize, OfABoxIsTheMeanOfTheValidPixels) {
  Picture in = noise({60, 36});
  std::mt19937 random(7);
  for (float& v : in.pixels)
    if (random() % 3 == 0) v = masked;
  const Picture out = resized(in, {10, 12}, ResampleFilter::box);
  for (std::int64_t y = 0; y < 12; ++y)
    for (std::int64_t x = 0; x < 10; ++x) {
      double sum = 0, count = 0;
      for (std::int64_t j = 0; j < 3; ++j)
        for (std::int64_t i = 0; i < 6; ++i)
          if (const float v = in.at(6 * x + i, 3 * y + j); !std::isnan(v)) sum += v, ++count;
      const float actual = out.pixels[static_cast<std::size_t>(y * 10 + x)];
      if (std::isnan(in.at(6 * x + 3, 3 * y + 1)))
        EXPECT_TRUE(std::isnan(actual));
      else
        EXPECT_NEAR(actual, sum / count, 1e-4);
    }
}

TEST(Resize, MaskedPixelsTouchOnlyTheirSurroundings) {
  Picture in = noise({120, 90});
  const Picture clean = in;
  for (std::int64_t y = 0; y < 90; ++y) in.at(40, y) = in.at(41, y) = in.at(42, y) = masked;
  for (const ResampleFilter filter : filters) {
    const Picture with_gap = resized(in, {48, 36}, filter),
                  without = resized(clean, {48, 36}, filter);
    for (std::int64_t y = 0; y < 36; ++y)
      for (std::int64_t x = 0; x < 48; ++x) {
        const auto i = static_cast<std::size_t>(y * 48 + x);
        const double center = (static_cast<double>(x) + 0.5) * 2.5;
        if (std::abs(center - 41.5) > 3 * 2.5 + 2) {
          ASSERT_EQ(with_gap.pixels[i], without.pixels[i]) << x;
        } else if (center >= 40 && center < 43) {
          ASSERT_TRUE(std::isnan(with_gap.pixels[i])) << x;
        } else {
          ASSERT_GT(with_gap.pixels[i], -100) << x;
          ASSERT_LT(with_gap.pixels[i], 300) << x;
        }
      }
  }
}

TEST(Resize, NeverDividesByNearlyNothing) {
  Picture in = noise({96, 96});
  std::mt19937 random(11);
  for (float& v : in.pixels)
    if (random() % 10 != 0) v = masked;
  for (const ResampleFilter filter : filters)
    for (const float v : resized(in, {61, 29}, filter).pixels)
      EXPECT_FALSE(std::abs(v) > 1500) << v;  // NaN passes
  for (float& v : in.pixels) v = masked;
  for (const float v : resized(in, {61, 29}, ResampleFilter::lanczos).pixels)
    EXPECT_TRUE(std::isnan(v));
}

TEST(Resize, IsTheSameOnEveryTarget) {
  Picture in = noise({157, 101});
  in.at(30, 40) = masked;
  const Picture best = resized(in, {67, 43}, ResampleFilter::lanczos);
  const std::int64_t supported = hwy::SupportedTargets();
  for (std::int64_t left = supported; left != 0; left &= left - 1) {
    hwy::SetSupportedTargetsForTest(left & -left);
    hwy::GetChosenTarget().DeInit();
    const Picture out = resized(in, {67, 43}, ResampleFilter::lanczos);
    EXPECT_EQ(std::memcmp(out.pixels.data(), best.pixels.data(), best.pixels.size() * 4), 0)
        << hwy::TargetName(left & -left);
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

TEST(BoxReduce, AsPillowWithPartialEdges) {
  Picture out({3, 3});
  box_reduce(pattern({7, 5}).const_view(), out.view(), 3, 2);
  expect_near(out, {11.0f, 14.0f, 20.0f, 8.33333302f, 9.66666698f, 12.0f, 14.0f, 16.0f, 6.0f});
}

TEST(BoxReduce, LeavesMaskedPixelsOut) {
  Picture in(Extent{4, 2}), out(Extent{2, 1});
  in.pixels = {1, masked, masked, masked, 3, 5, masked, masked};
  box_reduce(in.const_view(), out.view(), 2, 2);
  EXPECT_EQ(out.pixels[0], 3);
  EXPECT_TRUE(std::isnan(out.pixels[1]));
}

/// Naive: every block by itself, columns first, in double.
float mean_of_box(Picture& in, std::int64_t left, std::int64_t top, std::int64_t factor_x,
                  std::int64_t factor_y) {
  double sum = 0, count = 0;
  for (std::int64_t x = left; x < std::min(left + factor_x, in.extent.width); ++x) {
    double column = 0;
    for (std::int64_t y = top; y < std::min(top + factor_y, in.extent.height); ++y)
      if (const float v = in.at(x, y); !std::isnan(v)) column += v, ++count;
    sum += column;
  }
  return count == 0 ? masked : static_cast<float>(sum * (1 / count));
}

TEST(BoxReduce, IsTheNaiveOneOnEveryTarget) {
  std::mt19937 random(5);
  for (const bool gaps : {false, true})
    for (const Extent size : {Extent{1, 1}, {31, 5}, {64, 64}, {97, 33}, {200, 17}})
      for (const auto& [fx, fy] : {std::pair{2, 2}, {3, 1}, {4, 4}, {1, 3}, {7, 5}, {250, 20}}) {
        Picture in = noise(size);
        if (gaps)
          for (float& v : in.pixels)
            if (random() % 4 == 0) v = masked;
        const Extent extent{(size.width + fx - 1) / fx, (size.height + fy - 1) / fy};
        tests::for_each_target([&] {
          Picture out(extent);
          box_reduce(in.const_view(), out.view(), fx, fy);
          for (std::int64_t y = 0; y < extent.height; ++y)
            for (std::int64_t x = 0; x < extent.width; ++x)
              EXPECT_TRUE(same(out.at(x, y), mean_of_box(in, x * fx, y * fy, fx, fy)))
                  << x << ' ' << y << " by " << fx << ' ' << fy;
        });
      }
}

TEST(BoxReduce, InfinitiesAreNotMasked) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  Picture in(Extent{4, 2}), out(Extent{2, 1});
  in.pixels = {inf, -inf, masked, inf, 3, 5, 1, 1};
  box_reduce(in.const_view(), out.view(), 2, 2);
  EXPECT_TRUE(std::isnan(out.pixels[0]));
  EXPECT_EQ(out.pixels[1], inf);
}

TEST(ThumbnailExtent, AsPillow) {
  EXPECT_EQ(thumbnail_extent({181, 97}, {64, 64}), (Extent{64, 34}));
  EXPECT_EQ(thumbnail_extent({3838, 3710}, {512, 512}), (Extent{512, 495}));
  EXPECT_EQ(thumbnail_extent({2463, 2527}, {300, 300}), (Extent{292, 300}));
  EXPECT_EQ(thumbnail_extent({120, 120}, {64, 64}), (Extent{64, 64}));
  EXPECT_EQ(thumbnail_extent({50, 20}, {64, 64}), (Extent{50, 20}));
  EXPECT_EQ(thumbnail_extent({1000, 1}, {10, 10}), (Extent{10, 1}));
  EXPECT_EQ(thumbnail_extent({1, 1000}, {10, 10}), (Extent{1, 10}));
}

TEST(PilThumbnail, ReducesFirstAndCutsThePartialBlock) {
  Picture out({6, 4});
  pil_thumbnail(pattern({37, 22}).const_view(), out.view());
  expect_near(out, {11.3253841f, 11.5161095f, 11.6707487f, 11.4320145f, 11.7152958f, 11.3815889f,
                    10.907095f,  9.57804012f, 9.99462891f, 9.70852757f, 10.5658731f, 9.77314091f,
                    10.3610363f, 9.19456005f, 10.8489075f, 11.0884495f, 9.69237328f, 9.39397812f,
                    11.7599964f, 12.8081779f, 11.18297f,   11.5496893f, 12.2023935f, 12.3750486f});
}

TEST(PilThumbnail, OfLessThanFourTimesIsPlainBicubic) {
  const Picture in = noise({120, 120});
  Picture out({64, 64});
  pil_thumbnail(in.const_view(), out.view());
  EXPECT_EQ(out.pixels, resized(in, {64, 64}, ResampleFilter::bicubic).pixels);
}

TEST(Thumbnailer, GivesTheSameForEveryImageWhateverCameBefore) {
  for (const auto& [from, to] : {std::pair{Extent{256, 256}, Extent{64, 64}},
                                 {{97, 61}, {13, 8}},
                                 {{120, 120}, {64, 64}},
                                 {{3, 3}, {2, 2}},
                                 {{1, 1}, {1, 1}},
                                 {{503, 499}, {64, 63}}}) {
    Picture clean = noise(from), gaps = clean, infinite = clean;
    for (std::int64_t x = 0; x < from.width; ++x) gaps.at(x, from.height / 2) = masked;
    infinite.at(0, 0) = std::numeric_limits<float>::infinity();
    const auto once = [&](const Picture& in) {
      Picture out(to);
      pil_thumbnail(in.const_view(), out.view());
      return out;
    };
    Thumbnailer thumbnailer(from, to, ThumbnailFilter::pil);
    for (const Picture* in : {&clean, &gaps, &clean, &infinite, &gaps, &infinite, &clean}) {
      Picture out(to, -1);
      thumbnailer.run(in->const_view(), out.view());
      const Picture expected = once(*in);
      for (std::size_t i = 0; i < out.pixels.size(); ++i)
        ASSERT_TRUE(same(out.pixels[i], expected.pixels[i])) << i;
    }
  }
}

TEST(Thumbnailer, AgreesWithTheNaiveOneAtEverySize) {
  for (const auto& [from, to] : {std::pair{Extent{256, 256}, Extent{64, 64}},
                                 {{120, 97}, {64, 52}},
                                 {{101, 103}, {7, 7}},
                                 {{3, 3}, {2, 2}},
                                 {{3, 3}, {1, 1}},
                                 {{1, 40}, {1, 3}},
                                 {{512, 64}, {64, 8}},
                                 {{37, 22}, {6, 4}}})
    for (const bool boxes : {true, false}) {
      const Picture in = noise(from);
      Picture out(to);
      Thumbnailer(from, to, boxes ? ThumbnailFilter::pil : ThumbnailFilter::exact)
          .run(in.const_view(), out.view());
      const oracle::Pixels expected =
          oracle::thumbnail({from.width, from.height, {in.pixels.begin(), in.pixels.end()}},
                            to.width, to.height, boxes);
      for (std::size_t i = 0; i < out.pixels.size(); ++i)
        ASSERT_NEAR(out.pixels[i], expected.values[i], 1e-6 * 250)
            << from.width << " to " << to.width << ", pixel " << i << ", boxes " << boxes;
    }
}

TEST(Thumbnailer, IsTheSameOnEveryTarget) {
  for (const bool gaps : {false, true}) {
    Picture in = noise({257, 203});
    for (std::int64_t y = 0; y < 203 && gaps; ++y) in.at(100, y) = in.at(101, y) = masked;
    for (const ThumbnailFilter filter : {ThumbnailFilter::pil, ThumbnailFilter::exact}) {
      Picture best({51, 40});
      Thumbnailer({257, 203}, {51, 40}, filter).run(in.const_view(), best.view());
      tests::for_each_target([&] {
        Picture out({51, 40});
        Thumbnailer({257, 203}, {51, 40}, filter).run(in.const_view(), out.view());
        EXPECT_EQ(std::memcmp(out.pixels.data(), best.pixels.data(), best.pixels.size() * 4), 0);
      });
    }
  }
}

TEST(Thumbnailer, WithTheExactFilterDoesNotReduceFirst) {
  const Picture in = noise({256, 200});
  Picture out({32, 25}), reduced({32, 25});
  Thumbnailer(in.extent, out.extent, ThumbnailFilter::exact).run(in.const_view(), out.view());
  EXPECT_EQ(out.pixels, resized(in, out.extent, ResampleFilter::bicubic).pixels);
  pil_thumbnail(in.const_view(), reduced.view());
  EXPECT_NE(out.pixels, reduced.pixels);
}

TEST(Thumbnailer, RefusesOtherExtents) {
  const Picture in = noise({20, 20});
  Picture out({5, 5}), other({5, 6});
  Thumbnailer thumbnailer(in.extent, out.extent, ThumbnailFilter::pil);
  EXPECT_NO_THROW(thumbnailer.run(in.const_view(), out.view()));
  EXPECT_THROW(thumbnailer.run(in.const_view(), other.view()), Error);
  EXPECT_THROW(thumbnailer.run(out.const_view(), out.view()), Error);
  EXPECT_THROW(Thumbnailer({0, 4}, {1, 1}, ThumbnailFilter::pil), Error);
}

TEST(Resample, RefusesWhatMakesNoSense) {
  Picture in({4, 4}), out({2, 2});
  EXPECT_THROW(resize({nullptr, {0, 4}}, out.view(), ResampleFilter::box), Error);
  EXPECT_NO_THROW(resize(in.const_view(), {nullptr, {0, 0}}, ResampleFilter::box));
  EXPECT_THROW(box_reduce(in.const_view(), out.view(), 4, 2), Error);
  EXPECT_THROW(box_reduce(in.const_view(), out.view(), 0, 2), Error);
  EXPECT_THROW(pil_thumbnail({nullptr, {4, 0}}, out.view()), Error);
}

}  // namespace
}  // namespace quickbeam::kernels
