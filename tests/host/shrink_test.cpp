// SPDX-License-Identifier: BSD-3-Clause
// Images made smaller: which values, of which types, with which scale.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <quickbeam/files.hpp>
#include <quickbeam/shrink.hpp>

#include "kernels/resample.hpp"
#include "tests/host/shrink_fixture.hpp"

namespace quickbeam {
namespace {

using test::expect_near;
using test::expected;
using test::Floats;
using test::image;
using test::nan_value;
using test::ShrinkTest;

TEST_F(ShrinkTest, EveryImageOfAStackIsMadeSmaller) {
  for (const Extent extent : {Extent{20, 20}, {120, 97}, {9, 101}, {64, 64}, {31, 37}, {3, 300}})
    for (const ShrinkFilter filter : {ShrinkFilter::pil, ShrinkFilter::exact})
      for (const char* output : {"out.mrcs", "out.stk"}) {
        job_.output = folder_ / output;
        job_.filter = filter;
        const auto report = run({noise_stack("in.mrcs", 1, extent, 5)});
        EXPECT_EQ(report.done, 5);
        EXPECT_EQ(report.failed, 0);
        ASSERT_EQ(report.stacks.size(), 1u);
        const Extent to = report.stacks[0].to;
        EXPECT_EQ(to, kernels::thumbnail_extent(extent, {8, 8}));
        const io::StackInfo info = open(output).info();
        EXPECT_EQ(info.extent, to);
        EXPECT_EQ(info.count, 5);
        for (std::int64_t k = 0; k < 5; ++k)
          expect_near(read(output, k + 1),
                      expected(image(1, k, extent), extent, to, filter == ShrinkFilter::pil));
      }
}

TEST_F(ShrinkTest, WhatIsSmallAlreadyIsCopiedBitByBit) {
  const Floats values = {1.5f, -0.0f, nan_value, 1e-42f, -3, 7, 8, 9, 1e38f};
  for (const Extent extent : {Extent{1, 1}, {3, 3}}) {
    const Floats odd(values.begin(), values.begin() + extent.pixels());
    const auto report = run({stack("in.mrcs", {odd, odd}, extent)});
    EXPECT_EQ(report.stacks[0].to, extent);
    ASSERT_EQ(report.notices.size(), 1u);
    EXPECT_NE(report.notices[0].find("copied"), std::string::npos);
    const Floats out = read("out.mrcs", 2);
    EXPECT_EQ(std::memcmp(out.data(), odd.data(), odd.size() * 4), 0);
    EXPECT_EQ(report.non_finite, extent.width == 3 ? 2u : 0u);
  }
}

TEST_F(ShrinkTest, ThreadsChangeNoByte) {
  const std::string a = noise_stack("a.mrcs", 1, {33, 29}, 23);
  noise_stack("b.stk", 2, {33, 29}, 11);
  std::string first, first_set;
  for (const unsigned threads : {1u, 2u, 3u, 8u})
    for (const char* output : {"out.mrcs", "out.stk"}) {
      job_.threads = threads;
      job_.output = folder_ / output;
      run({folder_ / "b.stk", a});
      const std::string bytes = test::read_text(folder_ / output);
      const std::string reference = folder_ / (std::string("one.") + output);
      if (threads == 1) test::write_text(reference, bytes);
      EXPECT_EQ(bytes, test::read_text(reference)) << threads;
      const std::string set = test::read_text(folder_ / "out.star");
      if (threads == 1) test::write_text(reference + ".star", set);
      EXPECT_EQ(set, test::read_text(reference + ".star")) << threads;
    }
}

TEST_F(ShrinkTest, EveryPixelTypeIsReadAsItsNumbers) {
  const Floats pixels = image(3, 0, {24, 24});  // whole numbers that every type holds
  const Floats wanted = expected(pixels, {24, 24}, {8, 8});
  for (const auto stored :
       {io::StoredAs::int16, io::StoredAs::uint16, io::StoredAs::half, io::StoredAs::float32}) {
    run({stack("in.mrcs", {pixels}, {24, 24}, 0, stored)});
    expect_near(read("out.mrcs", 1), wanted);
  }
  Image doubles(PixelType::f64, {24, 24}), counts(PixelType::i32, {24, 24});
  std::copy(pixels.begin(), pixels.end(), doubles.as<double>().data);
  std::transform(pixels.begin(), pixels.end(), counts.as<std::int32_t>().data,
                 [](float v) { return static_cast<std::int32_t>(v); });
  save_cbf(folder_ / "in.cbf", counts.const_view(), {});
  run({folder_ / "in.cbf"});
  expect_near(read("out.mrcs", 1), wanted);
}

TEST_F(ShrinkTest, NonFinitePixelsAreCountedAndNaNLeftOut) {
  Floats pixels = image(1, 0, {32, 32}), infinite = pixels, nothing(pixels.size(), nan_value);
  for (std::size_t x = 0; x < 5; ++x) pixels[x * 7] = nan_value;
  infinite[100] = std::numeric_limits<float>::infinity();
  const auto report =
      run({stack("in.mrcs", {pixels, infinite, nothing, image(1, 3, {32, 32})}, {32, 32})});
  EXPECT_EQ(report.done, 4);
  EXPECT_EQ(report.non_finite, 5u + 1u + 1024u);
  EXPECT_EQ(report.images_with_non_finite, 3);
  for (const float v : read("out.mrcs", 1)) EXPECT_TRUE(v >= -60 && v <= 260) << v;
  for (const float v : read("out.mrcs", 3)) EXPECT_EQ(std::memcmp(&v, &nan_value, 4), 0);
  const Floats with_infinity = read("out.mrcs", 2);
  EXPECT_TRUE(std::any_of(with_infinity.begin(), with_infinity.end(),
                          [](float v) { return !std::isfinite(v); }));
  expect_near(read("out.mrcs", 4), expected(image(1, 3, {32, 32}), {32, 32}, {8, 8}));
}

TEST_F(ShrinkTest, MinMax8IsBetweenTheEndsOfTheImage) {
  const Extent extent{32, 32};
  const Floats in = image(1, 0, extent), flat(in.size(), 3), nothing(in.size(), nan_value);
  Floats infinite = in;
  infinite[7] = std::numeric_limits<float>::infinity();
  infinite[600] = -infinite[7];
  job_.scale = ShrinkScale::minmax8;
  const std::string path = stack("in.mrcs", {in, flat, nothing, infinite}, extent);
  for (const char* output : {"out.mrcs", "out.stk"}) {
    job_.output = folder_ / output;
    run({path});
    const Floats out = read(output, 1), plain = expected(in, extent, {8, 8});
    const auto [low, high] = std::minmax_element(in.begin(), in.end());
    for (std::size_t i = 0; i < out.size(); ++i) {
      EXPECT_EQ(out[i], std::floor(out[i]));
      const double grey = (plain[i] - *low) * 255.0 / (*high - *low);
      EXPECT_LE(out[i], grey + 1e-3) << i;
      EXPECT_GT(out[i], grey - 1 - 1e-3) << i;
    }
    for (const std::int64_t number : {2, 3})
      EXPECT_EQ(read(output, number), Floats(64, 0.0f)) << number;
    for (const float v : read(output, 4)) EXPECT_TRUE(v >= 0 && v <= 255) << v;
  }
}

TEST_F(ShrinkTest, APreviewNamesTheOutputsAndWritesNone) {
  const std::string a = noise_stack("a.mrcs", 1, {20, 10}, 3, 2);
  job_.inputs = {a};
  job_.output = folder_ / "made/out.stk";
  const auto report = preview_shrink(job_);
  ASSERT_EQ(report.stacks.size(), 1u);
  EXPECT_EQ(report.stacks[0].path, folder_ / "made/out.stk");
  EXPECT_EQ(report.stacks[0].to, (Extent{8, 4}));
  EXPECT_EQ(report.stacks[0].images, 3);
  EXPECT_NEAR(*report.stacks[0].pixel_size_angstrom, 5, 1e-6);
  EXPECT_EQ(report.set, folder_ / "made/out.star");
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.mrcs"});
}

}  // namespace
}  // namespace quickbeam
