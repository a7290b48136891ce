// SPDX-License-Identifier: BSD-3-Clause
// Planes dilated at full resolution by the kernels of the GPU must give what the oracle gives.
#include "kernels/bin_cuda.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/cuda/reduced.hpp"

namespace quickbeam::tests {
namespace {

using namespace quickbeam::testing;
using kernels::cuda::SaturatedBy;

template <class W>
class DilatePlanes : public ::testing::Test {};
TYPED_TEST_SUITE(DilatePlanes, WorkTypes);

TYPED_TEST(DilatePlanes, EveryShapeAndWindowEqualsTheOracle) {
  std::uint32_t seed = 77;
  for (const Extent shape : awkward_shapes())
    for (const std::int32_t window : {1, 2, 3, 4, 7, 8, 10, 15, 16, 17, 65, 66, 2147483647}) {
      check_planes(make_frames<TypeParam>(1, shape, seed), dilate_specs(1, window)[seed / 2 % 2]);
      ++seed;
      if (this->HasFailure()) return;
    }
}

TYPED_TEST(DilatePlanes, EveryLookEqualsTheOracle) {
  for (const Look& look : looks()) {
    auto frames = make_frames<TypeParam>(2, {31, 27}, look, 7);
    for (auto& frame : frames) mask_a_gap(frame);
    for (const std::int32_t window : {1, 4, 10})
      for (const ReduceSpec& spec : dilate_specs(1, window)) check_planes(frames, spec);
    if (this->HasFailure()) return;
  }
}

TYPED_TEST(DilatePlanes, SeveralTilesEqualTheOracle) {
  std::uint32_t seed = 78;
  for (const Extent shape : {Extent{257, 33}, Extent{530, 65}})
    for (const std::int32_t window : {1, 3, 6, 10, 17}) {
      check_planes(make_frames<TypeParam>(1, shape, seed), dilate_specs(1, window)[seed % 2]);
      ++seed;
    }
}

/// A window of more than 65 is made in several passes; on one axis more than on the other where
/// the frame is narrow.
TYPED_TEST(DilatePlanes, LargeWindowsEqualTheOracle) {
  std::uint32_t seed = 79;
  for (const std::int32_t window : {66, 129, 130, 200})
    for (const ReduceSpec& spec : dilate_specs(1, window))
      check_planes(make_frames<TypeParam>(2, {60, 25}, ++seed), spec);
  for (const Extent shape : {Extent{3, 400}, Extent{400, 3}})
    for (const std::int32_t window : {100, 300})
      check_planes(make_frames<TypeParam>(1, shape, {.saturating = Saturating::flagged}, ++seed),
                   dilate_specs(1, window)[1]);
}

/// The value tells where the window ends: at its last pixel on a slope, at its first one on the
/// slope turned round. One pixel is flagged.
template <class W>
std::vector<oracle::Frame<W>> slopes(Extent extent) {
  oracle::Frame<W> up;
  up.width = extent.width;
  up.height = extent.height;
  up.highest = std::numeric_limits<W>::max();
  for (std::int64_t i = 0; i < extent.pixels(); ++i)
    up.pixels.push_back(static_cast<W>(i % extent.width * 7 + i / extent.width * 5));
  up.flags.assign(up.pixels.size(), 0);
  up.flags[up.flags.size() / 2 + static_cast<std::size_t>(extent.width / 3)] = 1;
  oracle::Frame<W> down = up;
  std::reverse(down.pixels.begin(), down.pixels.end());
  return {up, down};
}

TYPED_TEST(DilatePlanes, SlopesShowTheEndsOfWindows) {
  for (const std::int32_t window : {5, 16, 65, 66, 67, 130})
    check_planes(slopes<TypeParam>({90, 12}), dilate_specs(1, window)[0]);
  for (const std::int32_t window : {66, 129, 194, 260}) {
    check_planes(slopes<TypeParam>({500, 3}), dilate_specs(1, window)[0]);
    check_planes(slopes<TypeParam>({3, 500}), dilate_specs(1, window)[0]);
  }
}

TYPED_TEST(DilatePlanes, AnyNumberOfFramesEqualsTheOracle) {
  for (const std::size_t count : {7, 64})
    for (const ReduceSpec& spec : dilate_specs(1, 10))
      check_planes(make_frames<TypeParam>(count, {13, 9}, {}, 9), spec);
}

TEST(DilatePlanes, ScratchMemoryIsAskedForOnlyWhereItIsUsed) {
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
