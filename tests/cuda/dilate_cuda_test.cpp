// SPDX-License-Identifier: BSD-3-Clause
// Planes dilated at full resolution by the kernels of the GPU must give what the oracle gives.
#include "kernels/bin_cuda.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include <quickbeam/core/error.hpp>

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
    for (const std::int32_t window :
         {1, 2, 3, 4, 7, 8, 10, 15, 16, 17, 31, 32, 33, 64, 2147483647}) {
      check_planes(make_frames<TypeParam>(1, shape, seed), dilate_specs(1, window)[seed / 2 % 2]);
      ++seed;
      if (this->HasFailure()) return;
    }
}

TYPED_TEST(DilatePlanes, EveryLookEqualsTheOracle) {
  for (const Look& look : looks()) {
    auto frames = make_frames<TypeParam>(2, {31, 27}, look, 7);
    for (auto& frame : frames) mask_a_gap(frame);
    for (const std::int32_t window : {1, 4, 10, 40})
      for (const ReduceSpec& spec : dilate_specs(1, window)) check_planes(frames, spec);
    if (this->HasFailure()) return;
  }
}

TYPED_TEST(DilatePlanes, SeveralTilesEqualTheOracle) {
  std::uint32_t seed = 78;
  for (const Extent shape : {Extent{257, 33}, Extent{530, 65}, Extent{130, 180}})
    for (const std::int32_t window : {1, 3, 6, 10, 17}) {
      check_planes(make_frames<TypeParam>(1, shape, seed), dilate_specs(1, window)[seed % 2]);
      ++seed;
    }
}

/// Kernels make tiles of 128 columns and 256 bytes of rows, halo included: planes of one tile or of
/// two in each direction, of a pixel less and of a pixel more, and with rows that no border is
/// near.
template <class W>
std::vector<Extent> shapes_round_tiles(std::int64_t window) {
  std::int64_t span = 16;
  while (span > window) span /= 2;
  const std::int64_t columns = 129 - window;
  const std::int64_t rows = 256 / static_cast<std::int64_t>(sizeof(W)) + span - window;
  return {{columns - 1, rows + 1}, {columns, rows},     {columns + 1, rows - 1},
          {2 * columns, 2 * rows}, {1, 2 * rows + 1},   {2 * columns + 1, 1},
          {31, 2 * rows - 1},      {columns + 33, 160}, {33, 31}};
}

TYPED_TEST(DilatePlanes, PlanesRoundTheSizeOfTilesEqualTheOracle) {
  std::uint32_t seed = 80;
  for (const std::int64_t window : {2, 3, 7, 10, 16, 31})
    for (const Extent shape : shapes_round_tiles<TypeParam>(window)) {
      ++seed;
      check_planes(make_frames<TypeParam>(1 + seed % 2, shape, seed),
                   dilate_specs(1, static_cast<std::int32_t>(window))[seed / 2 % 2]);
      if (this->HasFailure()) return;
    }
}

/// With the highest valid value that the type can hold integers are not compared with it, where all
/// rows of a tile are inside the plane.
TYPED_TEST(DilatePlanes, RowsFarFromBordersEqualTheOracle) {
  std::uint32_t seed = 400;
  for (const bool narrow : {false, true})
    for (const Saturating saturating : {Saturating::never, Saturating::above_level})
      for (const std::int32_t window : {3, 6, 10, 17})
        for (const ReduceSpec& spec : dilate_specs(1, window)) {
          auto frames =
              make_frames<TypeParam>(1, {135, 190}, {Masking::some, saturating, narrow}, ++seed);
          mask_a_gap(frames[0]);
          check_planes(frames, spec);
          if (this->HasFailure()) return;
        }
}

/// A window of more than 32 is made in several passes.
TYPED_TEST(DilatePlanes, LargeWindowsEqualTheOracle) {
  std::uint32_t seed = 79;
  for (const std::int32_t window : {33, 63, 64, 65, 130, 200})
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
  for (const std::int32_t window : {5, 16, 32, 33, 34, 65, 130})
    check_planes(slopes<TypeParam>({90, 12}), dilate_specs(1, window)[0]);
  for (const std::int32_t window : {33, 64, 129, 260}) {
    check_planes(slopes<TypeParam>({500, 3}), dilate_specs(1, window)[0]);
    check_planes(slopes<TypeParam>({3, 500}), dilate_specs(1, window)[0]);
  }
}

TYPED_TEST(DilatePlanes, AnyNumberOfFramesEqualsTheOracle) {
  for (const std::size_t count : {7, 64})
    for (const ReduceSpec& spec : dilate_specs(1, 10))
      check_planes(make_frames<TypeParam>(count, {13, 9}, {}, 9), spec);
}

/// Frames of one pixel are what they were.
TEST(DilatePlanes, MoreFramesThanOneLaunchTakesAreAllDilated) {
  std::vector<std::int32_t> pixels(4096 + 3);
  std::iota(pixels.begin(), pixels.end(), 0);
  const ReduceSpec spec{.op = ReduceOp::dilate, .factor = 1, .window = 3};
  const DeviceArray<std::int32_t> in(pixels);
  const DeviceArray<std::int32_t> values(pixels.size(), 0xa5);
  const DeviceArray<std::uint8_t> saturated(pixels.size(), 0xa5);
  const auto frames = static_cast<std::uint32_t>(pixels.size());
  kernels::cuda::reduce_planes<std::int32_t>(
      {in.get(), nullptr, frames, {1, 1}, {0, 1000000}, 4000}, spec,
      {PixelType::i32, {1, 1}, frames, values.get(), saturated.get()}, nullptr, nullptr);
  EXPECT_EQ(values.read(), pixels);
  const std::vector<std::uint8_t> flags = saturated.read();
  for (std::size_t i = 0; i < flags.size(); ++i) ASSERT_EQ(flags[i], i > 4000 ? 1 : 0) << i;
}

TEST(DilatePlanes, TooLongSidesAreRefused) {
  const ReduceSpec spec{.op = ReduceOp::dilate, .factor = 1, .window = 3};
  for (const Extent extent : {Extent{(1 << 26) + 1, 1}, Extent{1, (1 << 26) + 1}})
    EXPECT_THROW(kernels::cuda::plane_reduce_bytes(1, extent, 4, spec, SaturatedBy::value), Error);
  EXPECT_EQ(kernels::cuda::plane_reduce_bytes(1, {1 << 26, 1}, 4, spec, SaturatedBy::value), 0u);
}

TEST(DilatePlanes, ScratchMemoryIsAskedForOnlyWhereItIsUsed) {
  const auto bytes = [](std::int32_t factor, std::int32_t window, SaturatedBy by) {
    return kernels::cuda::plane_reduce_bytes(
        3, {100, 200}, 8, {.op = ReduceOp::dilate, .factor = factor, .window = window}, by);
  };
  EXPECT_EQ(bytes(1, 10, SaturatedBy::value), 0u);
  EXPECT_EQ(bytes(10, 100, SaturatedBy::flags), 0u);
  EXPECT_EQ(bytes(1, 10, SaturatedBy::flags), 3u * 100 * 200 * 4);
  EXPECT_EQ(bytes(1, 32, SaturatedBy::value), 0u);
  EXPECT_EQ(bytes(1, 33, SaturatedBy::value), 3u * 100 * 200 * 8);
}

}  // namespace
}  // namespace quickbeam::tests
