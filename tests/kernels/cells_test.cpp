// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/ops/cells.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace quickbeam::kernels {
namespace {

/// All that a window asks of the cells: each pixel is in one cell, cells follow one another, none
/// is too long, and the cells of a window hold its pixels and no others.
void check(std::int64_t size, std::int64_t step, std::int64_t before, std::int64_t after,
           std::int64_t outputs, std::int64_t longest) {
  SCOPED_TRACE(::testing::Message() << "size " << size << " step " << step << " before " << before
                                    << " after " << after << " longest " << longest);
  const WindowAxis windows = window_axis(size, outputs, step, before, after);
  const ops::CellAxis axis = ops::make_cell_axis(windows, longest);
  ASSERT_EQ(axis.begin_of(0), 0u);
  ASSERT_EQ(axis.begin_of(axis.count), size);
  for (std::uint32_t cell = 0; cell < axis.count; ++cell) {
    ASSERT_LT(axis.begin_of(cell), axis.begin_of(cell + 1)) << cell;
    ASSERT_LE(axis.begin_of(cell + 1) - axis.begin_of(cell), longest) << cell;
    for (std::uint32_t pixel = axis.begin_of(cell); pixel < axis.begin_of(cell + 1); ++pixel)
      ASSERT_EQ(axis.cell_of(pixel), cell) << pixel;
  }
  for (std::uint32_t output = 0; output < outputs; ++output) {
    const ops::CellRun cells = axis.cells_of_window(output);
    const std::int64_t first = output * step - before, last = output * step + after;
    ASSERT_EQ(axis.begin_of(cells.begin), std::max<std::int64_t>(first, 0)) << output;
    ASSERT_EQ(axis.begin_of(cells.end), std::min(last + 1, size)) << output;
  }
}

TEST(Cells, HoldThePixelsOfEveryBlock) {
  for (const std::int64_t size : {1, 2, 31, 33, 101})
    for (const std::int64_t factor : {1, 2, 3, 7, 10, 33, 40, 101, 1000, 2147483647})
      for (const std::int64_t longest : {1, 3, 10, 26, 1000}) {
        check(size, factor, 0, factor - 1, size / factor, longest);
        check(size, factor, 0, factor - 1, (size - 1) / factor + 1, longest);
      }
}

TEST(Cells, HoldThePixelsOfEverySampledWindow) {
  for (const std::int64_t size : {1, 5, 31, 101})
    for (const std::int64_t step : {1, 2, 3, 10, 13, 40, 2147483647})
      for (const std::int64_t window : {1, 2, 3, 9, 10, 11, 20, 23, 50, 250, 2147483647})
        for (const std::int64_t longest : {1, 4, 1000})
          check(size, step, window_before(window), window_after(window), (size - 1) / step + 1,
                longest);
}

TEST(Cells, AreAtMostTwoAStep) {
  const auto count = [](std::int64_t step, std::int64_t window) {
    return ops::make_cell_axis(
               window_axis(1000, 1000 / step, step, window_before(window), window_after(window)),
               1000)
        .count;
  };
  EXPECT_EQ(count(10, 10), 101u);  // the first window begins in front of the axis
  EXPECT_EQ(count(10, 13), 201u);
  EXPECT_EQ(count(10, 3), 201u);
}

TEST(Cells, CoverTheLargestAxis) {
  constexpr std::int64_t size = ops::longest_cell_axis;
  const ops::CellAxis axis =
      ops::make_cell_axis(window_axis(size, size / 40, 40, size, size), 1000);
  EXPECT_EQ(axis.begin_of(axis.count), size);
  EXPECT_EQ(axis.cell_of(size - 1), axis.count - 1);
  EXPECT_EQ(axis.cells_of_window(5).begin, 0u);
  EXPECT_EQ(axis.cells_of_window(5).end, axis.count);
}

}  // namespace
}  // namespace quickbeam::kernels
