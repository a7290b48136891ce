// SPDX-License-Identifier: BSD-3-Clause
// A whole plan, from encoded pixels to pictures, against reductions done the slow way.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/host/plan_frames.hpp"

namespace quickbeam {
namespace {

using namespace test;
using oracle::Answer;

void expect_equal(const Plan& plan, const Answer& answer) {
  const auto values = values_of(plan);
  ASSERT_EQ(plan.reduced().values.extent(), (Extent{answer.width, answer.height}));
  ASSERT_EQ(values.size(), answer.reals.size());
  const auto* flags = plan.reduced().saturated.as<std::uint8_t>().data;
  ReducedNumbers expected;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double real = answer.reals[i];
    ASSERT_TRUE(values[i] == real || (std::isnan(values[i]) && std::isnan(real)))
        << i << ": " << values[i] << " is not " << real;
    ASSERT_EQ(flags[i], answer.saturated[i]) << i;
    ++(std::isnan(real) ? expected.masked : expected.valid);
    expected.saturated += answer.saturated[i];
    if (real > expected.highest && answer.saturated[i] == 0) expected.highest = real;
  }
  const ReducedNumbers numbers = plan.numbers();
  EXPECT_EQ(numbers.valid, expected.valid);
  EXPECT_EQ(numbers.masked, expected.masked);
  EXPECT_EQ(numbers.saturated, expected.saturated);
  EXPECT_EQ(numbers.highest, expected.highest);
}

template <class W>
Answer answer_of(const oracle::Frame<W>& frame, const ReduceSpec& spec) {
  if (spec.op == ReduceOp::dilate)
    return oracle::dilated(frame, spec.window, spec.factor, spec.restore == MaskRestore::yes);
  const char* const names[] = {"max", "min", "sum", "mean"};
  const std::string op =
      spec.sum_scale == SumScale::none ? names[static_cast<int>(spec.op)] : "scaled";
  return oracle::blocks(frame, op, spec.factor, spec.edge == Edge::partial);
}

std::vector<ReduceSpec> every_spec() {
  std::vector<ReduceSpec> specs;
  for (const int factor : {1, 2, 5, 9}) {
    for (const ReduceOp op : {ReduceOp::max, ReduceOp::min, ReduceOp::sum, ReduceOp::mean})
      for (const Edge edge : {Edge::crop, Edge::partial})
        specs.push_back({.op = op, .factor = factor, .edge = edge});
    specs.push_back({.op = ReduceOp::sum, .factor = factor, .sum_scale = SumScale::valid_fraction});
    for (const MaskRestore restore : {MaskRestore::no, MaskRestore::yes})
      specs.push_back({.op = ReduceOp::dilate, .factor = factor, .window = 4, .restore = restore});
  }
  return specs;
}

template <class T>
class PlanOf : public ::testing::Test {};
using PixelTypes =
    ::testing::Types<std::int32_t, std::uint16_t, std::uint32_t, std::int64_t, float>;
TYPED_TEST_SUITE(PlanOf, PixelTypes);

TYPED_TEST(PlanOf, EveryReductionEqualsTheOracle) {
  for (const ReduceSpec& spec : every_spec()) {
    SCOPED_TRACE(::testing::Message()
                 << "op " << static_cast<int>(spec.op) << " factor " << spec.factor);
    Recipe recipe;
    recipe.reduce = spec;
    Plan plan = make_plan<TypeParam>(recipe);
    for (const Encoding encoding : {Encoding::raw, Encoding::byte_offset}) {
      if (is_floating(pixel_type_of<TypeParam>()) && encoding != Encoding::raw) continue;
      const auto pixels = some_frame<TypeParam>(encoding == Encoding::raw ? 1 : 2);
      EXPECT_FALSE(reduce(plan, pixels, encoding).wrapped_pixel);
      expect_equal(plan, answer_of(seen(pixels), spec));
    }
  }
}

TYPED_TEST(PlanOf, GroupsAreAddedFirst) {
  using T = TypeParam;
  using Sum = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;
  const std::vector<T> frames[] = {some_frame<T>(3), some_frame<T>(4), some_frame<T>(5)};
  for (const std::size_t count : {1, 2, 3})  // the last group of a run may be short
    for (const ReduceOp op : {ReduceOp::max, ReduceOp::sum}) {
      oracle::Frame<Sum> total;
      total.width = extent.width;
      total.height = extent.height;
      total.highest = std::numeric_limits<Sum>::max();
      for (std::size_t i = 0; i < frames[0].size(); ++i) {
        Sum sum = 0;
        bool masked = false, saturated = false;
        for (std::size_t k = 0; k < count; ++k) {
          const auto frame = seen(frames[k]);
          masked = masked || !frame.valid(i);
          saturated = saturated || (frame.valid(i) && frame.saturated(i));
          sum += static_cast<Sum>(frame.pixels[i]);
        }
        total.pixels.push_back(masked ? Sum{-1} : sum);
        total.flags.push_back(saturated);
      }
      Recipe recipe;
      recipe.reduce = {.op = op, .factor = 3};
      recipe.sum_frames = 3;
      Plan plan = make_plan<T>(recipe);
      std::vector<Encoded<T>> owned;
      for (std::size_t k = 0; k < count; ++k) owned.emplace_back(frames[k], Encoding::raw);
      std::vector<Payload> group;
      for (const auto& frame : owned) group.push_back(frame.payload());
      plan.reduce(group);
      expect_equal(plan, answer_of(total, recipe.reduce));
    }
}

}  // namespace
}  // namespace quickbeam
