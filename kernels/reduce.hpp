// SPDX-License-Identifier: BSD-3-Clause
// Frames made small: block maximum, minimum, sum, mean, and grey dilation sampled every few pixels,
// fed row by row so that the full frame is never in memory.
#pragma once

#include <cstdint>
#include <memory>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/image.hpp>
#include <quickbeam/core/mask.hpp>
#include <quickbeam/core/reduce_spec.hpp>

namespace quickbeam::kernels {

/// Size of the output.
Extent reduced_extent(Extent in, const ReduceSpec& spec);

/// Type of the output values for input rows of working type W (i32, i64, f32, f64):
/// max, min, dilate: W; sum: i64 for integers, f64 for floats or when scaled; mean: f64.
template <class W>
PixelType reduced_type(const ReduceSpec& spec);

/// Elements behind the end of a row that must be readable (contents ignored).
inline constexpr std::size_t row_padding = 64;

/// Takes the rows of one frame after the other. One object serves many frames: no allocation after
/// the first `begin`. Not thread-safe. Exact, see kernels/ops.
template <class W>
class RowReducer {
 public:
  virtual ~RowReducer() = default;
  /// Starts a frame; `out` is reshaped and filled by the pushes and by finish.
  virtual void begin(ReducedImage& out) = 0;
  /// The next row: `width` pixels, then row_padding readable elements. A pixel outside the valid
  /// range is masked. `saturated`, when not null, has 1 for each saturated pixel, else 0 (and
  /// row_padding bytes more); when null, a valid pixel above `saturation` is saturated. It is null
  /// for all rows of a frame or for none.
  virtual void push(const W* row, const std::uint8_t* saturated) = 0;
  /// The next two rows, saturation by value: the same as two pushes, and faster where it can be.
  virtual void push_two(const W* first, const W* second) {
    push(first, nullptr);
    push(second, nullptr);
  }
  /// After the last row.
  virtual void finish() = 0;
};

/// `saturation`: the highest unsaturated value (numeric_limits max = nothing saturates).
/// Preconditions: factor >= 1, window >= 1, a finite valid range, for integers not below 0. dilate
/// with factor 1 is better served by `dilate` (kernels/dilate.hpp) but must work.
template <class W>
std::unique_ptr<RowReducer<W>> make_row_reducer(Extent in, const ReduceSpec& spec,
                                                ValidRange<W> valid, W saturation);

}  // namespace quickbeam::kernels
