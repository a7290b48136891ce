// SPDX-License-Identifier: BSD-3-Clause
// The maximum or minimum over windows of rows that arrive one after the other, each row being
// looked at a fixed number of times whatever the window.
#pragma once

#include <cstddef>
#include <cstdint>

#include <quickbeam/core/buffer.hpp>

#include "kernels/cpu/row_kernels.hpp"
#include "kernels/ops/window_axis.hpp"

namespace quickbeam::kernels {

/// Rows are folded into *cells* of `step` rows, the first beginning where the window of output 0
/// does. A window is `cells_` whole cells and the first `tail_` rows of the next one. Whole cells
/// are kept as van Herk's prefix and suffix folds: the cells of the group being filled as they are
/// and as one prefix, those of the group before as suffixes, in one ring of rows.
/// All memory is taken by the constructor.
template <class W>
class WindowFold {
 public:
  WindowFold(WindowAxis across, WindowAxis down, Fold fold);

  /// Starts a frame whose pixels are masked outside of `valid`.
  void begin(ValidRange<W> valid);
  /// The next row (row_slack elements behind it are readable). Returns the output row that is
  /// ready for `take`, or -1.
  std::int64_t push(const W* row);
  /// True when nothing can become ready between the next two rows, so that push_two may take them.
  bool takes_two() const { return offset_ + 1 != tail_ && offset_ + 1 != down_.step; }
  std::int64_t push_two(const W* first, const W* second);
  /// As push, for a row behind the last one.
  std::int64_t push_nothing() { return advance(); }
  /// Writes the output row announced by the last push, once.
  void take(W* out);

 private:
  W* cell(std::int64_t index) const { return ring_.data() + index * pitch_; }
  W* line() const { return line_.data() + margin_; }
  bool wanted() const;
  std::int64_t advance();
  void close_cell();
  void gather_window();
  void clear(W* row) const;

  WindowAxis across_, down_;
  Fold fold_;
  ValidRange<W> valid_{};
  const FoldKernels<W>& kernels_;
  std::size_t width_;
  std::int64_t cells_;   ///< whole cells in a window
  std::int64_t tail_;    ///< rows of the window in the cell after them, 1 .. step
  std::int64_t margin_;  ///< elements before the first pixel of a line, for windows that stick out
  std::int64_t pitch_;   ///< between the rows of the ring

  std::int64_t output_ = 0;  ///< whose window ends in the current cell (negative: none)
  std::int64_t offset_ = 0;  ///< rows of the current cell so far
  std::int64_t in_group_ = 0;
  bool empty_ = true;      ///< no row of the current cell was in the image so far
  Buffer<W> line_;         ///< the window's rows folded, with margins; see open_
  Buffer<W> open_buffer_;  ///< the cell being filled, when it outlives the window ending in it
  W* open_ = nullptr;      ///< the cell being filled
  Buffer<W> prefix_, ring_;
};

}  // namespace quickbeam::kernels
