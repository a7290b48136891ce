// SPDX-License-Identifier: BSD-3-Clause
// One axis of a frame cut into cells in such a way that every window is a run of whole cells, so
// that pixels can be gathered by cell, each pixel once, however the windows overlap.
#pragma once

#include <algorithm>
#include <cstdint>

#include <quickbeam/core/macros.hpp>

#include "kernels/ops/divisor.hpp"
#include "kernels/ops/window_axis.hpp"

namespace quickbeam::kernels::ops {

/// A run of cells, from `begin` to before `end`.
struct CellRun {
  std::uint32_t begin;
  std::uint32_t end;
};

/// A place on an axis and what lies before it can then be divided (Divisor).
inline constexpr std::int64_t longest_cell_axis = std::int64_t{1} << 30;

/// Windows begin every `step` pixels, and end `tail` pixels behind a place where one begins. The
/// axis is cut at both, and where a cell would be longer than `longest`. The pattern repeats every
/// step; it begins `before` pixels in front of the axis, with the window of output 0.
struct CellAxis {
  std::uint32_t size = 0;    ///< pixels, at most longest_cell_axis
  std::uint32_t before = 0;  ///< less than `size`
  Divisor step;
  std::uint32_t tail = 0;
  Divisor longest;
  std::uint32_t tail_cells = 0;  ///< cells of the first `tail` pixels of a step
  Divisor step_cells;            ///< cells of a step
  std::uint32_t whole = 1;       ///< whole steps in a window, the tail comes on top
  std::uint32_t skipped = 0;     ///< cells in front of the one that holds pixel 0
  std::uint32_t count = 0;       ///< cells that hold pixels, numbered from 0

  /// The cell of a pixel of the axis.
  QUICKBEAM_HD constexpr std::uint32_t cell_of(std::uint32_t pixel) const {
    const std::uint32_t at = pixel + before, period = step.quotient(at);
    const std::uint32_t offset = at - period * step.value();
    const std::uint32_t cell = period * step_cells.value() - skipped;
    return offset < tail ? cell + longest.quotient(offset)
                         : cell + tail_cells + longest.quotient(offset - tail);
  }

  /// The first pixel of cell `cell` <= count; that of cell `count` is the end of the axis.
  QUICKBEAM_HD constexpr std::uint32_t begin_of(std::uint32_t cell) const {
    const std::uint32_t number = cell + skipped, period = step_cells.quotient(number);
    const std::uint32_t within = number - period * step_cells.value();
    const std::int64_t offset = within < tail_cells
                                    ? std::int64_t{within} * longest.value()
                                    : tail + std::int64_t{within - tail_cells} * longest.value();
    const std::int64_t pixel = std::int64_t{period} * step.value() + offset - before;
    return pixel < 0 ? 0 : pixel < size ? static_cast<std::uint32_t>(pixel) : size;
  }

  /// The cells of window `output`; together they hold its pixels and no others.
  QUICKBEAM_HD constexpr CellRun cells_of_window(std::uint32_t output) const {
    const std::uint64_t begin = std::uint64_t{output} * step_cells.value();
    const std::uint64_t end = begin + std::uint64_t{whole} * step_cells.value() + tail_cells;
    return {inside(begin), inside(end)};
  }

 private:
  QUICKBEAM_HD constexpr std::uint32_t inside(std::uint64_t number) const {
    if (number <= skipped) return 0;
    return number - skipped < count ? static_cast<std::uint32_t>(number - skipped) : count;
  }
};

/// The cells of an axis of 1 to longest_cell_axis pixels.
inline CellAxis make_cell_axis(const WindowAxis& windows, std::int64_t longest) {
  const auto narrow = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
  const auto cells = [&](std::int64_t length) { return (length + longest - 1) / longest; };
  const std::int64_t tail = windows.window % windows.step;
  CellAxis axis{.size = narrow(windows.size),
                .before = narrow(windows.before),
                .step = Divisor(narrow(windows.step)),
                .tail = narrow(tail),
                .longest = Divisor(narrow(longest)),
                .tail_cells = narrow(cells(tail)),
                .step_cells = Divisor(narrow(cells(tail) + cells(windows.step - tail))),
                .whole = narrow(windows.window / windows.step)};
  axis.skipped = axis.cell_of(0);
  axis.count = axis.cell_of(axis.size - 1) + 1;
  return axis;
}

}  // namespace quickbeam::kernels::ops
