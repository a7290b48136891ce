// SPDX-License-Identifier: BSD-3-Clause
// Row by row reductions against the oracle, on every instruction set of this machine, and the
// definitions in kernels/ops that the GPU runs.
#include "kernels/ops/bin.hpp"

#include "kernels/ops/dilate.hpp"
#include "kernels/reduce.hpp"
#include "tests/kernels/reduce_cases.hpp"

namespace quickbeam {
namespace {

using namespace quickbeam::testing;

/// Feeds the frame row by row, each row followed by rubbish, as a decoder leaves it.
template <class W>
void run_rows(kernels::RowReducer<W>& reducer, const oracle::Frame<W>& frame, ReducedImage& out) {
  const auto width = static_cast<std::size_t>(frame.width);
  std::vector<W> row(width + kernels::row_padding);
  std::vector<std::uint8_t> flags(width + kernels::row_padding);
  reducer.begin(out);
  for (std::size_t y = 0; y < static_cast<std::size_t>(frame.height); ++y) {
    std::fill(row.begin(), row.end(), static_cast<W>(12345 + y));
    std::fill(flags.begin(), flags.end(), std::uint8_t{1});
    std::copy_n(frame.pixels.begin() + static_cast<std::ptrdiff_t>(y * width), width, row.begin());
    if (!frame.flags.empty())
      std::copy_n(frame.flags.begin() + static_cast<std::ptrdiff_t>(y * width), width,
                  flags.begin());
    reducer.push(row.data(), frame.flags.empty() ? nullptr : flags.data());
  }
  reducer.finish();
}

template <class W>
ReducedImage reduce(const oracle::Frame<W>& frame, const ReduceSpec& spec) {
  ReducedImage out;
  const auto reducer = kernels::make_row_reducer<W>(
      {frame.width, frame.height}, spec, {frame.lowest, frame.highest}, frame.saturation);
  run_rows(*reducer, frame, out);
  return out;
}

std::string name_of_op(const ReduceSpec& spec) {
  constexpr const char* names[] = {"max", "min", "sum", "mean", "max"};
  if (spec.op == ReduceOp::sum && spec.sum_scale == SumScale::valid_fraction) return "scaled";
  return names[static_cast<std::size_t>(spec.op)];
}

template <class W>
oracle::Answer expected(const oracle::Frame<W>& frame, const ReduceSpec& spec) {
  if (spec.op == ReduceOp::dilate)
    return oracle::dilated(frame, spec.window, spec.factor, spec.restore == MaskRestore::yes);
  return oracle::blocks(frame, name_of_op(spec), spec.factor, spec.edge == Edge::partial);
}

/// Values and flags equal to the oracle's, to the last bit (zeros without their sign).
void expect_equal(const ReducedImage& got, const oracle::Answer& want) {
  ASSERT_EQ(got.values.extent(), (Extent{want.width, want.height}));
  ASSERT_EQ(got.saturated.extent(), (Extent{want.width, want.height}));
  const std::uint8_t* flags = got.saturated.as<std::uint8_t>().data;
  visit(got.values.const_view(), [&](auto view) {
    using T = std::remove_cvref_t<decltype(view(0, 0))>;
    for (std::size_t i = 0; i < want.reals.size(); ++i) {
      if constexpr (std::is_floating_point_v<T>)
        ASSERT_TRUE(same_bits(view.data[i], static_cast<T>(want.reals[i] + 0.0)))
            << i << ": " << view.data[i] << " for " << want.reals[i];
      else
        ASSERT_EQ(static_cast<std::int64_t>(view.data[i]), want.integers[i]) << i;
      ASSERT_EQ(flags[i], want.saturated[i]) << i;
    }
  });
}

/// What kernels/ops says, pixel by pixel.
template <class Op>
void expect_functor(const Op& op, const ReducedImage& got) {
  using T = typename Op::value_type;
  const auto values = got.values.as<T>();
  const auto flags = got.saturated.as<std::uint8_t>();
  ASSERT_EQ(got.values.type(), pixel_type_of<T>());
  for (std::int64_t y = 0; y < values.extent.height; ++y) {
    for (std::int64_t x = 0; x < values.extent.width; ++x) {
      const kernels::Reduced<T> want = op(x, y);
      ASSERT_TRUE(same_bits(values(x, y), want.value)) << x << ", " << y;
      ASSERT_EQ(flags(x, y), want.saturated ? 1 : 0) << x << ", " << y;
    }
  }
}

template <class W>
void expect_functor_of(const oracle::Frame<W>& frame, const ReduceSpec& spec,
                       const ReducedImage& got) {
  const kernels::Counts<W> in = as_counts(frame);
  const std::int64_t factor = spec.factor;
  switch (spec.op) {
    case ReduceOp::max:
      return expect_functor(kernels::BlockFold<W>{in, factor, kernels::Fold::max}, got);
    case ReduceOp::min:
      return expect_functor(kernels::BlockFold<W>{in, factor, kernels::Fold::min}, got);
    case ReduceOp::mean:
      return expect_functor(kernels::BlockMean<W>{in, factor}, got);
    case ReduceOp::dilate:
      return expect_functor(
          kernels::DilatedPixel<W>{in, factor, spec.window, spec.restore == MaskRestore::yes}, got);
    case ReduceOp::sum:
      if (spec.sum_scale == SumScale::valid_fraction)
        return expect_functor(kernels::BlockScaledSum<W>{in, factor}, got);
      return expect_functor(kernels::BlockSum<W>{in, factor}, got);
  }
}

template <class W>
void check(const oracle::Frame<W>& frame, const ReduceSpec& spec) {
  SCOPED_TRACE(::testing::Message()
               << name_of(pixel_type_of<W>()) << " " << frame.width << " x " << frame.height << " "
               << name_of_op(spec) << " factor " << spec.factor << " window " << spec.window);
  const oracle::Answer want = expected(frame, spec);
  ReducedImage got;
  for_each_target([&] {
    got = reduce(frame, spec);
    EXPECT_EQ(got.values.type(), kernels::reduced_type<W>(spec));
    EXPECT_EQ(got.values.extent(), kernels::reduced_extent({frame.width, frame.height}, spec));
    expect_equal(got, want);
  });
  if (!::testing::Test::HasFailure()) expect_functor_of(frame, spec, got);
}

std::vector<ReduceSpec> block_specs(std::int32_t factor) {
  std::vector<ReduceSpec> specs;
  for (const Edge edge : {Edge::crop, Edge::partial}) {
    for (const ReduceOp op : {ReduceOp::max, ReduceOp::min, ReduceOp::sum, ReduceOp::mean})
      specs.push_back({.op = op, .factor = factor, .edge = edge});
    specs.push_back({.op = ReduceOp::sum,
                     .factor = factor,
                     .edge = edge,
                     .sum_scale = SumScale::valid_fraction});
  }
  return specs;
}

std::vector<Extent> shapes() {
  return {{0, 0},   {0, 5},   {5, 0},   {1, 1},   {1, 31},  {31, 1},
          {31, 33}, {32, 32}, {33, 31}, {64, 40}, {101, 67}};
}

template <class W>
class Reduce : public ::testing::Test {};
TYPED_TEST_SUITE(Reduce, WorkTypes);

TEST(ReduceTargets, AreNamedInTheLog) {
  const auto targets = hwy::SupportedAndGeneratedTargets();
  for (const std::int64_t target : targets) std::cout << hwy::TargetName(target) << " ";
  std::cout << "\n";
  EXPECT_FALSE(targets.empty());
}

TYPED_TEST(Reduce, BlocksOfEveryShapeEqualTheOracle) {
  std::uint32_t seed = 20240;
  for (const Extent shape : shapes())
    for (const std::int32_t factor : {1, 2, 3, 7, 10, 32, 1000, 2147483647})
      for (const ReduceSpec& spec : block_specs(factor)) {
        auto frame =
            make_frame<TypeParam>(shape.width, shape.height, looks()[seed % looks().size()], seed);
        ++seed;
        check(frame, spec);
        if (this->HasFailure()) return;
      }
}

TYPED_TEST(Reduce, BlocksOfEveryLookEqualTheOracle) {
  for (const Look& look : looks()) {
    auto frame = make_frame<TypeParam>(53, 47, look, 7);
    mask_a_gap(frame);
    for (const std::int32_t factor : {1, 4, 10})
      for (const ReduceSpec& spec : block_specs(factor)) check(frame, spec);
    if (this->HasFailure()) return;
  }
}

TYPED_TEST(Reduce, SampledDilationEqualsTheOracle) {
  std::uint32_t seed = 991;
  for (const Extent shape : shapes())
    for (const std::int32_t window : {1, 2, 3, 4, 9, 10, 11, 17, 64, 300, 2147483647})
      for (const std::int32_t step : {1, 2, 3, 10, 64}) {
        for (const MaskRestore restore : {MaskRestore::no, MaskRestore::yes})
          check(make_frame<TypeParam>(shape.width, shape.height, looks()[seed % looks().size()],
                                      seed),
                {.op = ReduceOp::dilate, .factor = step, .window = window, .restore = restore});
        ++seed;
        if (this->HasFailure()) return;
      }
}

TYPED_TEST(Reduce, SampledDilationOfEveryLookEqualsTheOracle) {
  for (const Look& look : looks()) {
    auto frame = make_frame<TypeParam>(41, 59, look, 8);
    mask_a_gap(frame);
    for (const std::int32_t window : {1, 4, 10, 23})
      for (const std::int32_t step : {1, 4, 10})
        for (const MaskRestore restore : {MaskRestore::no, MaskRestore::yes})
          check(frame,
                {.op = ReduceOp::dilate, .factor = step, .window = window, .restore = restore});
    if (this->HasFailure()) return;
  }
}

TYPED_TEST(Reduce, OneReducerServesManyFrames) {
  for (const ReduceOp op : {ReduceOp::max, ReduceOp::min, ReduceOp::mean, ReduceOp::dilate}) {
    const ReduceSpec spec{.op = op, .factor = 4, .window = 11, .edge = Edge::partial};
    const Look look{.saturating = Saturating::above_level};
    const auto first = make_frame<TypeParam>(45, 38, look, 1);
    auto flagged = make_frame<TypeParam>(45, 38, {.saturating = Saturating::flagged}, 2);
    flagged.saturation = first.saturation;
    const auto reducer = kernels::make_row_reducer<TypeParam>(
        {45, 38}, spec, {first.lowest, first.highest}, first.saturation);
    ReducedImage out;
    for (const auto& frame : {first, flagged, first}) {
      run_rows(*reducer, frame, out);
      expect_equal(out, expected(frame, spec));
    }
    const void* memory = out.values.view().data;
    run_rows(*reducer, first, out);
    EXPECT_EQ(out.values.view().data, memory);
  }
}

TYPED_TEST(Reduce, FactorOneKeepsEveryValidPixel) {
  const auto frame = make_frame<TypeParam>(37, 5, {.narrow = true}, 3);
  for (const ReduceOp op : {ReduceOp::max, ReduceOp::min}) {
    const ReducedImage out = reduce(frame, {.op = op});
    for (std::size_t i = 0; i < frame.pixels.size(); ++i) {
      const TypeParam want =
          frame.valid(i) ? frame.pixels[i] + TypeParam{0} : masked_value<TypeParam>();
      ASSERT_TRUE(same_bits(out.values.as<TypeParam>().data[i], want)) << i;
    }
  }
}

TEST(Reduce, SumsConserveTheCounts) {
  const auto frame = make_frame<std::int32_t>(53, 71, {.narrow = true}, 4);
  std::int64_t total = 0;
  for (std::size_t i = 0; i < frame.pixels.size(); ++i)
    if (frame.valid(i)) total += frame.pixels[i];
  for (const std::int32_t factor : {1, 2, 5, 53, 100}) {
    const ReducedImage out =
        reduce(frame, {.op = ReduceOp::sum, .factor = factor, .edge = Edge::partial});
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < out.values.extent().pixels(); ++i)
      sum += std::max<std::int64_t>(out.values.as<std::int64_t>().data[i], 0);
    EXPECT_EQ(sum, total) << factor;
  }
}

TEST(Reduce, SumsOfLargeIntegersAreExact) {
  oracle::Frame<std::int32_t> frame;
  frame.width = frame.height = 100;
  frame.highest = frame.saturation = std::numeric_limits<std::int32_t>::max();
  frame.pixels.assign(10000, frame.highest);
  const ReducedImage out = reduce(frame, {.op = ReduceOp::sum, .factor = 100});
  EXPECT_EQ(*out.values.as<std::int64_t>().data, std::int64_t{2147483647} * 10000);
}

TYPED_TEST(Reduce, BlocksOfVeryManyRowsEqualTheOracle) {
  const auto frame = make_frame<TypeParam>(3, 66000, {.saturating = Saturating::above_level}, 6);
  for (const std::int32_t factor : {10922, 10923, 32768, 100000})
    for (const ReduceOp op : {ReduceOp::sum, ReduceOp::mean})
      check(frame, {.op = op, .factor = factor, .edge = Edge::partial});
}

TYPED_TEST(Reduce, BlockMaximumIsTheDilationSampledInTheMiddle) {
  // A window of 10 reaches from 4 before to 5 after its centre: shifted by 4, it is the block.
  auto frame = make_frame<TypeParam>(60, 50, {}, 5);
  const ReducedImage blocks = reduce(frame, {.op = ReduceOp::max, .factor = 10});
  const ReducedImage full =
      reduce(frame, {.op = ReduceOp::dilate, .window = 10, .restore = MaskRestore::no});
  for (std::int64_t y = 0; y < 5; ++y)
    for (std::int64_t x = 0; x < 6; ++x)
      EXPECT_TRUE(same_bits(blocks.values.as<TypeParam>()(x, y),
                            full.values.as<TypeParam>()(10 * x + 4, 10 * y + 4)));
}

TEST(Reduce, NegativeFloatsCountWhenTheRuleAllowsThem) {
  oracle::Frame<float> frame;
  frame.width = 4;
  frame.height = 2;
  frame.lowest = std::numeric_limits<float>::lowest();
  frame.highest = std::numeric_limits<float>::max();
  frame.saturation = -2.5f;
  frame.pixels = {-1, -2, -3, -4, -5, -6, std::numeric_limits<float>::quiet_NaN(), -8};
  for (const ReduceSpec& spec : block_specs(2)) check(frame, spec);
}

}  // namespace
}  // namespace quickbeam
