// SPDX-License-Identifier: BSD-3-Clause
// Full-resolution dilation against the oracle, and against the sampled one.
#include "kernels/dilate.hpp"

#include "kernels/ops/dilate.hpp"
#include "kernels/reduce.hpp"
#include "tests/kernels/reduce_cases.hpp"

namespace quickbeam {
namespace {

using namespace quickbeam::testing;

template <class W>
class Dilate : public ::testing::Test {};
TYPED_TEST_SUITE(Dilate, WorkTypes);

/// An image with `gap` elements between its rows and nothing at all behind its last pixel.
template <class W>
struct Padded {
  Padded(std::int64_t width, std::int64_t height, std::int64_t gap)
      : memory(static_cast<std::size_t>(height == 0 ? 0 : (width + gap) * (height - 1) + width),
               W{77}),
        view(memory.data(), {width, height}, width + gap) {}
  std::vector<W> memory;
  ImageView<W> view;
};

/// The oracle's answer, which the definition in kernels/ops must give as well.
template <class W>
std::vector<W> expected(const oracle::Frame<W>& frame, std::int32_t window) {
  const oracle::Answer want = oracle::dilated(frame, window, 1, false);
  const kernels::DilatedPixel<W> truth{as_counts(frame), 1, window, false};
  std::vector<W> values;
  for (std::size_t i = 0; i < want.reals.size(); ++i) {
    values.push_back(std::is_floating_point_v<W> ? static_cast<W>(want.reals[i] + 0.0)
                                                 : static_cast<W>(want.integers[i]));
    const auto at = static_cast<std::int64_t>(i);
    EXPECT_TRUE(same_bits(truth(at % frame.width, at / frame.width).value, values.back())) << i;
  }
  return values;
}

template <class W>
void check(const oracle::Frame<W>& frame, std::int32_t window, std::int64_t gap) {
  SCOPED_TRACE(::testing::Message() << name_of(pixel_type_of<W>()) << " " << frame.width << " x "
                                    << frame.height << " window " << window << " gap " << gap);
  const std::vector<W> want = expected(frame, window);
  Padded<W> in(frame.width, frame.height, gap), out(frame.width, frame.height, gap);
  for (std::int64_t y = 0; y < frame.height; ++y)
    std::copy_n(frame.pixels.begin() + y * frame.width, frame.width, in.view.row(y));
  kernels::DilateScratch<W> scratch;
  for_each_target([&] {
    std::fill(out.memory.begin(), out.memory.end(), W{88});
    kernels::dilate<W>(in.view, out.view, window, {frame.lowest, frame.highest}, scratch);
    for (std::int64_t y = 0; y < frame.height; ++y) {
      const W* values = want.data() + y * frame.width;
      for (std::int64_t x = 0; x < frame.width; ++x)
        ASSERT_TRUE(same_bits(out.view(x, y), values[x])) << x << ", " << y;
      for (std::int64_t x = frame.width; y + 1 < frame.height && x < frame.width + gap; ++x)
        ASSERT_EQ(out.view.row(y)[x], W{88}) << "written behind row " << y;
    }
  });
}

TYPED_TEST(Dilate, EqualsTheOracle) {
  std::uint32_t seed = 4711;
  for (const Extent shape : {Extent{0, 3}, Extent{3, 0}, Extent{1, 1}, Extent{1, 33}, Extent{31, 1},
                             Extent{32, 31}, Extent{33, 32}, Extent{113, 29}, Extent{17, 127}})
    for (const std::int32_t window : {1, 2, 3, 4, 9, 10, 11, 17, 64, 500, 2147483647})
      for (const std::int64_t gap : {0, 5}) {
        auto frame =
            make_frame<TypeParam>(shape.width, shape.height, looks()[seed % looks().size()], seed);
        if (seed % 2 == 0) mask_a_gap(frame);
        ++seed;
        check(frame, window, gap);
        if (this->HasFailure()) return;
      }
}

TEST(Dilate, ImagesTooLargeForTheCachesEqualTheOracle) {
  check(make_frame<std::int32_t>(1531, 1381, {.narrow = true}, 10), 4, 3);
  check(make_frame<double>(1031, 1021, {}, 11), 3, 0);
}

TYPED_TEST(Dilate, SampledDilationIsTheFullOneSampled) {
  const auto frame = make_frame<TypeParam>(97, 83, {.narrow = true}, 12);
  const ValidRange<TypeParam> valid{frame.lowest, frame.highest};
  Image full(pixel_type_of<TypeParam>(), {97, 83});
  kernels::DilateScratch<TypeParam> scratch;
  for (const std::int32_t window : {1, 2, 10, 25}) {
    kernels::dilate<TypeParam>(as_counts(frame).pixels, full.as<TypeParam>(), window, valid,
                               scratch);
    const auto reducer = kernels::make_row_reducer<TypeParam>(
        {97, 83},
        {.op = ReduceOp::dilate, .factor = 6, .window = window, .restore = MaskRestore::no}, valid,
        frame.saturation);
    ReducedImage sampled;
    reducer->begin(sampled);
    std::vector<TypeParam> row(97 + kernels::row_padding);
    for (std::int64_t y = 0; y < 83; ++y) {
      std::copy_n(frame.pixels.begin() + y * 97, 97, row.begin());
      reducer->push(row.data(), nullptr);
    }
    reducer->finish();
    const auto values = sampled.values.as<TypeParam>();
    for (std::int64_t y = 0; y < values.extent.height; ++y)
      for (std::int64_t x = 0; x < values.extent.width; ++x)
        ASSERT_TRUE(same_bits(values(x, y), full.as<TypeParam>()(6 * x, 6 * y)));
  }
}

TYPED_TEST(Dilate, ScratchIsKeptBetweenFrames) {
  const auto frame = make_frame<TypeParam>(50, 40, {}, 13);
  Image out(pixel_type_of<TypeParam>(), {50, 40});
  kernels::DilateScratch<TypeParam> scratch;
  const auto run = [&] {
    kernels::dilate<TypeParam>(as_counts(frame).pixels, out.as<TypeParam>(), 10,
                               {frame.lowest, frame.highest}, scratch);
    return scratch.rows.data();
  };
  const auto* first = run();
  EXPECT_EQ(run(), first);
}

TYPED_TEST(Dilate, RestoreMasksWhatIsMaskedInTheInput) {
  const auto frame = make_frame<TypeParam>(67, 3, {.narrow = true}, 14);
  for_each_target([&] {
    Padded<TypeParam> out(67, 3, 2);
    kernels::restore_mask<TypeParam>(as_counts(frame).pixels, out.view,
                                     {frame.lowest, frame.highest});
    for (std::int64_t y = 0; y < 3; ++y) {
      for (std::int64_t x = 0; x < 67; ++x) {
        const bool valid = frame.valid(static_cast<std::size_t>(y * 67 + x));
        ASSERT_TRUE(same_bits(out.view(x, y), valid ? TypeParam{77} : masked_value<TypeParam>()));
      }
    }
    EXPECT_EQ(out.view.row(0)[67], TypeParam{77});
  });
}

}  // namespace
}  // namespace quickbeam
