// SPDX-License-Identifier: BSD-3-Clause
// Planes reduced by the kernels of the GPU must give what the oracle gives.
#include "kernels/bin_cuda.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/cuda/reduced.hpp"

namespace quickbeam::tests {
namespace {

using namespace quickbeam::testing;

template <class W>
class ReducePlanes : public ::testing::Test {};
TYPED_TEST_SUITE(ReducePlanes, WorkTypes);

TYPED_TEST(ReducePlanes, BlocksOfEveryShapeEqualTheOracle) {
  std::uint32_t seed = 20240;
  for (const Extent shape : awkward_shapes())
    for (const std::int32_t factor : {1, 2, 3, 7, 10, 40, 2147483647}) {
      const std::vector<ReduceSpec> specs = block_specs(factor);
      for (const std::uint32_t turn : {0, 3, 7}) {  // every operation, as the seed goes on
        check_planes(make_frames<TypeParam>(1, shape, seed), specs[(seed + turn) % specs.size()]);
        if (this->HasFailure()) return;
      }
      ++seed;
    }
}

TYPED_TEST(ReducePlanes, SampledDilationEqualsTheOracle) {
  std::uint32_t seed = 991;
  for (const Extent shape : awkward_shapes())
    for (const std::int32_t window : {1, 2, 9, 10, 17, 2147483647})
      for (const std::int32_t step : {2, 3, 10, 64}) {
        check_planes(make_frames<TypeParam>(1, shape, seed),
                     dilate_specs(step, window)[seed / 2 % 2]);
        ++seed;
        if (this->HasFailure()) return;
      }
}

TYPED_TEST(ReducePlanes, EveryLookEqualsTheOracle) {
  for (const Look& look : looks()) {
    auto frames = make_frames<TypeParam>(2, {31, 27}, look, 7);
    for (auto& frame : frames) mask_a_gap(frame);
    for (const ReduceSpec& spec : block_specs(4)) check_planes(frames, spec);
    for (const ReduceSpec& spec : dilate_specs(4, 7)) check_planes(frames, spec);
    if (this->HasFailure()) return;
  }
}

TYPED_TEST(ReducePlanes, BlocksWiderThanABlockOfThreadsEqualTheOracle) {
  const auto frames =
      make_frames<TypeParam>(1, {1201, 3}, {.saturating = Saturating::above_level}, 5);
  for (const std::int32_t factor : {128, 129, 255, 256, 257, 600})
    for (const ReduceSpec& spec : block_specs(factor)) check_planes(frames, spec);
  for (const ReduceSpec& spec : dilate_specs(3, 400)) check_planes(frames, spec);
}

TYPED_TEST(ReducePlanes, AnyNumberOfFramesEqualsTheOracle) {
  for (const std::size_t count : {7, 64}) {
    const auto frames =
        make_frames<TypeParam>(count, {13, 9}, {.saturating = Saturating::flagged}, 9);
    for (const ReduceSpec& spec : block_specs(4)) check_planes(frames, spec);
    for (const ReduceSpec& spec : dilate_specs(5, 10)) check_planes(frames, spec);
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
  for (const ReduceSpec& spec : block_specs(2)) check_planes<float>({frame}, spec);
  for (const std::int32_t step : {1, 2})
    for (const ReduceSpec& spec : dilate_specs(step, 3)) check_planes<float>({frame}, spec);
}

}  // namespace
}  // namespace quickbeam::tests
