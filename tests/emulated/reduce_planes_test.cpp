// SPDX-License-Identifier: BSD-3-Clause
// Planes reduced and dilated by the kernels of the GPU must give what the oracle gives.
#include "kernels/bin_cuda.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/emulated/reduced.hpp"

namespace quickbeam::tests {
namespace {

using namespace quickbeam::testing;
using kernels::cuda::SaturatedBy;

template <class W>
class ReducePlanes : public ::testing::Test {};
TYPED_TEST_SUITE(ReducePlanes, WorkTypes);

/// Frames of one look and size, each different.
template <class W>
std::vector<oracle::Frame<W>> make_frames(std::size_t count, Extent extent, Look look,
                                          std::uint32_t seed) {
  std::vector<oracle::Frame<W>> frames;
  for (std::size_t i = 0; i < count; ++i) {
    const auto frame_seed = seed + 1000 * static_cast<std::uint32_t>(i);
    frames.push_back(make_frame<W>(extent.width, extent.height, look, frame_seed));
  }
  return frames;
}

/// The same with the look that the seed says.
template <class W>
std::vector<oracle::Frame<W>> make_frames(std::size_t count, Extent extent, std::uint32_t seed) {
  return make_frames<W>(count, extent, looks()[seed % looks().size()], seed);
}

/// The pixels, or the flags, of all frames.
template <class T, class W>
std::vector<T> joined(const std::vector<oracle::Frame<W>>& frames,
                      std::vector<T> oracle::Frame<W>::*which) {
  std::vector<T> all;
  for (const auto& frame : frames)
    all.insert(all.end(), (frame.*which).begin(), (frame.*which).end());
  return all;
}

template <class W>
void check(const std::vector<oracle::Frame<W>>& frames, const ReduceSpec& spec) {
  const oracle::Frame<W>& first = frames.front();
  const Extent extent{first.width, first.height};
  const auto count = static_cast<std::uint32_t>(frames.size());
  SCOPED_TRACE(::testing::Message()
               << name_of(pixel_type_of<W>()) << " " << count << " of " << first.width << " x "
               << first.height << " " << to_string(spec));
  const DeviceArray<W> pixels(joined(frames, &oracle::Frame<W>::pixels));
  const DeviceArray<std::uint8_t> flags(joined(frames, &oracle::Frame<W>::flags));
  const auto by = first.flags.empty() ? SaturatedBy::value : SaturatedBy::flags;
  const DeviceArray<std::uint8_t> scratch(
      kernels::cuda::plane_reduce_bytes(count, extent, sizeof(W), spec, by), 0xa5);
  const DeviceReduced<W> out(count, extent, spec);
  kernels::cuda::reduce_planes<W>(
      {pixels.get(), flags.get(), count, extent, {first.lowest, first.highest}, first.saturation},
      spec, out.planes(), scratch.get(), nullptr);
  std::vector<oracle::Answer> answers;
  for (const auto& frame : frames) answers.push_back(reduced_by_oracle(frame, spec));
  out.expect(answers);
}

std::vector<Extent> shapes() {
  return {{0, 0},   {0, 5},   {5, 0},   {1, 1},   {1, 31},  {31, 1},  {1, 700},
          {700, 1}, {31, 33}, {32, 32}, {33, 31}, {64, 40}, {101, 67}};
}

TYPED_TEST(ReducePlanes, BlocksOfEveryShapeEqualTheOracle) {
  std::uint32_t seed = 20240;
  for (const Extent shape : shapes())
    for (const std::int32_t factor : {1, 2, 3, 7, 10, 40, 1000, 2147483647})
      for (const ReduceSpec& spec : block_specs(factor)) {
        check(make_frames<TypeParam>(1, shape, seed), spec);
        ++seed;
        if (this->HasFailure()) return;
      }
}

TYPED_TEST(ReducePlanes, SampledDilationEqualsTheOracle) {
  std::uint32_t seed = 991;
  for (const Extent shape : shapes())
    for (const std::int32_t window : {1, 2, 9, 10, 17, 300, 2147483647})
      for (const std::int32_t step : {2, 3, 10, 64})
        for (const ReduceSpec& spec : dilate_specs(step, window)) {
          check(make_frames<TypeParam>(1, shape, seed), spec);
          ++seed;
          if (this->HasFailure()) return;
        }
}

TYPED_TEST(ReducePlanes, EveryLookEqualsTheOracle) {
  for (const Look& look : looks()) {
    auto frames = make_frames<TypeParam>(2, {53, 47}, look, 7);
    for (auto& frame : frames) mask_a_gap(frame);
    for (const std::int32_t factor : {1, 4, 10})
      for (const ReduceSpec& spec : block_specs(factor)) check(frames, spec);
    for (const std::int32_t window : {1, 4, 10, 23})
      for (const std::int32_t step : {1, 4, 10})
        for (const ReduceSpec& spec : dilate_specs(step, window)) check(frames, spec);
    if (this->HasFailure()) return;
  }
}

TYPED_TEST(ReducePlanes, BlocksWiderThanABlockOfThreadsEqualTheOracle) {
  for (const std::int32_t factor : {128, 129, 255, 256, 257, 600})
    for (const ReduceSpec& spec : block_specs(factor))
      check(make_frames<TypeParam>(1, {1201, 5}, {.saturating = Saturating::above_level}, 5), spec);
  for (const ReduceSpec& spec : dilate_specs(3, 400))
    check(make_frames<TypeParam>(1, {1201, 5}, {.saturating = Saturating::flagged}, 6), spec);
}

TYPED_TEST(ReducePlanes, FullDilationEqualsTheOracle) {
  std::uint32_t seed = 77;
  for (const Extent shape : shapes())
    for (const std::int32_t window :
         {1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 33, 64, 65, 66, 2147483647})
      for (const ReduceSpec& spec : dilate_specs(1, window)) {
        check(make_frames<TypeParam>(1, shape, seed), spec);
        ++seed;
        if (this->HasFailure()) return;
      }
}

TYPED_TEST(ReducePlanes, FullDilationOfSeveralTilesEqualsTheOracle) {
  std::uint32_t seed = 78;
  for (const Extent shape : {Extent{257, 33}, Extent{530, 65}})
    for (const std::int32_t window : {1, 3, 6, 10, 31})
      for (const ReduceSpec& spec : dilate_specs(1, window))
        check(make_frames<TypeParam>(1, shape, ++seed), spec);
}

TYPED_TEST(ReducePlanes, LargeWindowsInSeveralPassesEqualTheOracle) {
  std::uint32_t seed = 79;
  for (const std::int32_t window : {66, 129, 130, 200})
    for (const ReduceSpec& spec : dilate_specs(1, window))
      check(make_frames<TypeParam>(2, {150, 70}, ++seed), spec);
  for (const Extent shape : {Extent{3, 400}, Extent{400, 3}})  // passes on one axis only
    for (const ReduceSpec& spec : dilate_specs(1, 300))
      check(make_frames<TypeParam>(1, shape, {.saturating = Saturating::flagged}, seed++), spec);
}

TYPED_TEST(ReducePlanes, AnyNumberOfFramesEqualsTheOracle) {
  const Look look{.saturating = Saturating::flagged};
  for (const std::size_t count : {7, 64}) {
    const auto frames = make_frames<TypeParam>(count, {23, 19}, look, 9);
    for (const ReduceSpec& spec : block_specs(4)) check(frames, spec);
    for (const ReduceSpec& spec : dilate_specs(1, 10)) check(frames, spec);
    for (const ReduceSpec& spec : dilate_specs(5, 10)) check(frames, spec);
  }
}

TEST(ReducePlanes, NegativeFloatsCountWhenTheRuleAllowsThem) {
  oracle::Frame<float> frame;
  frame.width = 4;
  frame.height = 2;
  frame.lowest = std::numeric_limits<float>::lowest();
  frame.highest = std::numeric_limits<float>::max();
  frame.saturation = -2.5f;
  frame.pixels = {-1, -2, -3, -4, -5, -6, std::numeric_limits<float>::quiet_NaN(), -8};
  for (const ReduceSpec& spec : block_specs(2)) check<float>({frame}, spec);
  for (const ReduceSpec& spec : dilate_specs(1, 3)) check<float>({frame}, spec);
}

TEST(ReducePlanes, ScratchMemoryIsAskedForOnlyWhereItIsUsed) {
  const auto bytes = [](std::int32_t factor, std::int32_t window, SaturatedBy by) {
    return kernels::cuda::plane_reduce_bytes(
        3, {100, 200}, 8, {.op = ReduceOp::dilate, .factor = factor, .window = window}, by);
  };
  EXPECT_EQ(bytes(1, 10, SaturatedBy::value), 0u);
  EXPECT_EQ(bytes(10, 100, SaturatedBy::flags), 0u);
  EXPECT_EQ(bytes(1, 10, SaturatedBy::flags), 3u * 100 * 200 * 4);
  EXPECT_EQ(bytes(1, 100, SaturatedBy::value), 3u * 100 * 200 * 8);
}

}  // namespace
}  // namespace quickbeam::tests
