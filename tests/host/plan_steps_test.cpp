// SPDX-License-Identifier: BSD-3-Clause
// What a plan does around the reduction: clip, blur, levels, picture sizes, faults and reuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "tests/host/plan_frames.hpp"

namespace quickbeam {
namespace {

using namespace test;
using Pixel = std::int32_t;

Recipe with_factor(ReduceOp op, std::int32_t factor) {
  Recipe recipe;
  recipe.reduce = {.op = op, .factor = factor};
  return recipe;
}

/// Valid, unsaturated pixels in ascending order.
std::vector<Pixel> measured(const std::vector<Pixel>& pixels) {
  std::vector<Pixel> valid;
  for (const Pixel v : pixels)
    if (v >= 0 && v <= cutoff) valid.push_back(v);
  std::sort(valid.begin(), valid.end());
  return valid;
}

ErrorInfo error_of(const auto& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.info();
  }
  ADD_FAILURE() << "no Error";
  return {};
}

TEST(PlanSteps, ClipCutsRawPixelsToTheirPercentile) {
  Recipe recipe = with_factor(ReduceOp::max, 1);
  recipe.clip = parse_levels("raw-pct:0,50");
  std::vector<Pixel> pixels(static_cast<std::size_t>(extent.pixels()), -1);
  for (int i = 0; i <= 100; ++i) pixels[static_cast<std::size_t>(i) * 3] = i * 2;
  Plan plan = make_plan<Pixel>(recipe);
  reduce(plan, pixels);
  const auto* found = plan.reduced().values.as<Pixel>().data;
  for (std::size_t i = 0; i < pixels.size(); ++i) ASSERT_EQ(found[i], std::min(pixels[i], 100));
}

TEST(PlanSteps, BlurKeepsMaskedPixelsMaskedAndTheRestValid) {
  const Recipe recipe = preset("edna-pilatus");
  const auto pixels = some_frame<Pixel>(6);
  Plan plan = make_plan<Pixel>(recipe);
  for (int again = 0; again < 2; ++again) {
    reduce(plan, pixels);
    const auto answer = oracle::blocks(seen(pixels), "mean", 2, false);
    const auto values = values_of(plan);
    ASSERT_EQ(values.size(), answer.reals.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(std::isnan(values[i]), std::isnan(answer.reals[i])) << i;
      ASSERT_FALSE(values[i] < 0 || values[i] > cutoff) << "beyond the pixels it is made of";
    }
    EXPECT_GT(plan.numbers().masked, 0);
  }
}

TEST(PlanSteps, RawPercentilesAreThoseOfAllPixelsNotOfTheReducedOnes) {
  Recipe recipe = with_factor(ReduceOp::max, 9);
  recipe.floor = 0;
  auto pixels = some_frame<Pixel>(7);
  auto all = measured(pixels);
  while (all.size() % 4 != 1) {  // so that percentiles in quarters fall on pixels
    *std::find(pixels.begin(), pixels.end(), all.back()) = -2;
    all = measured(pixels);
  }
  for (const int quarter : {1, 2, 3, 4}) {
    recipe.levels = parse_levels("raw-pct:0," + std::to_string(25 * quarter));
    Plan plan = make_plan<Pixel>(recipe);
    for (int again = 0; again < 2; ++again) {  // counts of the frame before are gone
      reduce(plan, pixels, Encoding::byte_offset);
      const Pixel expected = all[(all.size() - 1) / 4 * static_cast<std::size_t>(quarter)];
      EXPECT_EQ(plan.levels().low, 0);
      EXPECT_EQ(plan.levels().high, expected) << quarter;
    }
  }
}

TEST(PlanSteps, TheFloorOfAMeanIsThatOfOnePixelOverThePixelsInIt) {
  const std::vector<Pixel> dark(static_cast<std::size_t>(extent.pixels()), 0);
  for (const auto& [op, floor] : {std::pair(ReduceOp::max, 32.0), {ReduceOp::mean, 2.0}}) {
    Recipe recipe = with_factor(op, 4);
    recipe.levels = parse_levels("pct:0,100");
    recipe.floor = 32;
    Plan plan = make_plan<Pixel>(recipe);
    EXPECT_EQ(plan.factor(), 4);
    reduce(plan, dark);
    EXPECT_EQ(plan.levels(), (LevelRange{0, floor}));
  }
}

TEST(PlanSteps, PicturesShrinkToTheirSizeAndAreNeverEnlarged) {
  Recipe recipe = with_factor(ReduceOp::max, 1);  // 53 x 41
  recipe.pictures.clear();
  for (const int size : {0, 1000, 53, 52, 26, 1}) recipe.pictures.push_back({.size = size});
  Plan plan = make_plan<Pixel>(recipe);
  reduce(plan, some_frame<Pixel>(8));
  plan.render(plan.levels());
  const Extent expected[] = {{53, 41}, {53, 41}, {53, 41}, {52, 40}, {26, 20}, {1, 1}};
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(plan.picture(i).extent(), expected[i]) << i;
    EXPECT_EQ(plan.picture(i).type(), PixelType::u8);
  }
  const auto* values = plan.reduced().values.as<Pixel>().data;
  const auto* greys = plan.picture(0).as<std::uint8_t>().data;
  const auto* saturated = plan.reduced().saturated.as<std::uint8_t>().data;
  for (std::int64_t i = 0; i < extent.pixels(); ++i) {
    EXPECT_EQ(greys[i] == masked_index, values[i] < 0);
    EXPECT_EQ(greys[i] == saturated_index, values[i] >= 0 && saturated[i] != 0);
  }
}

TEST(PlanSteps, ABlockLargerThanTheFrameIsRefusedUnlessPartial) {
  Recipe recipe = with_factor(ReduceOp::max, 42);  // wider than high
  const ErrorInfo error = error_of([&] { make_plan<Pixel>(recipe); });
  EXPECT_EQ(error.code, ErrorCode::limit);
  EXPECT_EQ(error.field, "--factor");
  EXPECT_EQ(error.found, "42");
  recipe.reduce.edge = Edge::partial;
  Plan plan = make_plan<Pixel>(recipe);
  reduce(plan, some_frame<Pixel>(9));
  EXPECT_EQ(plan.reduced().values.extent(), (Extent{2, 1}));
}

TEST(PlanSteps, AMaskIsAppliedAndOneOfAnotherSizeRefused) {
  Image mask(PixelType::u8, extent);
  const auto flags = mask.as<std::uint8_t>();
  for (std::int64_t i = 0; i < extent.pixels(); ++i) flags.data[i] = i % 7 == 0 ? 200 : 0;
  const Recipe recipe = with_factor(ReduceOp::max, 1);
  Plan plan = make_plan<Pixel>(recipe, &mask);
  const std::vector<Pixel> pixels(static_cast<std::size_t>(extent.pixels()), 3);
  reduce(plan, pixels);
  for (std::int64_t i = 0; i < extent.pixels(); ++i)
    ASSERT_EQ(plan.reduced().values.as<Pixel>().data[i], i % 7 == 0 ? -1 : 3);
  const Image small(PixelType::u8, {extent.height, extent.width});
  const ErrorInfo error = error_of([&] { make_plan<Pixel>(recipe, &small); });
  EXPECT_EQ(error.code, ErrorCode::inconsistent);
  EXPECT_EQ(error.field, "--mask");
}

std::vector<std::uint8_t> picture_bytes(Plan& plan, std::size_t i) {
  const auto view = plan.picture(i).as<std::uint8_t>();
  return {view.data, view.data + view.extent.pixels()};
}

TEST(PlanSteps, APlanUsedBeforeEqualsAFreshOne) {
  const auto first = some_frame<Pixel>(10), second = some_frame<Pixel>(11);
  for (const auto name : preset_names())
    for (const Encoding encoding : {Encoding::raw, Encoding::byte_offset}) {
      SCOPED_TRACE(name);
      Plan used = make_plan<Pixel>(preset(name)), fresh = make_plan<Pixel>(preset(name));
      reduce(used, first, encoding);
      used.render(used.levels());
      Payload cut = Encoded<Pixel>(first, encoding).payload();
      cut.bytes = cut.bytes.first(0);
      const auto code = error_of([&] { used.reduce(std::vector{cut}); }).code;
      EXPECT_EQ(code, encoding == Encoding::raw ? ErrorCode::truncated : ErrorCode::inconsistent);
      for (Plan* plan : {&used, &fresh}) {
        reduce(*plan, second, encoding);
        plan->render(plan->levels());
      }
      EXPECT_EQ(used.levels(), fresh.levels());
      EXPECT_EQ(used.numbers().saturated, fresh.numbers().saturated);
      for (std::size_t i = 0; i < preset(name).pictures.size(); ++i)
        EXPECT_EQ(picture_bytes(used, i), picture_bytes(fresh, i)) << "picture " << i;
    }
}

}  // namespace
}  // namespace quickbeam
