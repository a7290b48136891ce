// SPDX-License-Identifier: BSD-3-Clause
// The engine of resize, thumbnails and blur: weighted sums along the rows, then along the columns.
#pragma once

#include <memory>

#include <quickbeam/core/buffer.hpp>

#include "kernels/ops/resample.hpp"

namespace quickbeam::kernels {

/// Gives filtered rows one by one, in ascending order, from a ring that holds just what the next
/// one needs. Not thread-safe.
class RowFilter {
 public:
  /// What goes through the filter: the pixels as they are, the pixels with NaN as 0, or 1 where
  /// there is a pixel and 0 where there is NaN.
  enum class Take : std::uint8_t { pixels, valid_pixels, coverage };

  /// The weights must outlive the filter.
  RowFilter(std::int64_t in_width, const AxisWeights& x, const AxisWeights& y);

  /// Begins an image of the width the filter was made for.
  void start(ImageView<const float> in, Take take);
  /// Row `y` of the output, valid until the next call. Rows are asked for in ascending order.
  const float* row(std::int64_t y);
  /// Whether there is NaN in that row.
  bool any_nan() const { return any_nan_; }

 private:
  float* ring_row(std::int64_t y);
  void filter_tile();

  const AxisWeights& x_;
  const AxisWeights& y_;
  std::size_t width_, ring_rows_;
  ImageView<const float> in_;
  Take take_ = Take::pixels;
  std::int64_t ready_ = 0;
  bool any_nan_ = false;
  Buffer<double> tile_;
  Buffer<float> turned_, ring_, out_;
  Buffer<const float*> rows_;
};

/// A separable filter for images of one size: out = weights of `y` applied to weights of `x`
/// applied to `in`; float32 between, double sums in the order of the windows. Where there are NaN
/// in `in`, both passes also run over the mask, and the quotient is taken where the part of the
/// weight that is left exceeds `least_coverage`, the nearest pixel elsewhere; NaN stays where the
/// nearest pixel is NaN. The same bits on every target. Not thread-safe.
class SeparableFilter {
 public:
  /// `x` and `y` must outlive the filter.
  SeparableFilter(std::int64_t in_width, const AxisWeights& x, const AxisWeights& y,
                  double least_coverage);

  /// Filters the rows of `in`, of the width the filter was made for and the height of `y`.
  /// Returns whether there were NaN.
  bool run(ImageView<const float> in, ImageView<float> out);

 private:
  bool run_plain(ImageView<const float> in, ImageView<float> out);
  void run_masked(ImageView<const float> in, ImageView<float> out);

  const AxisWeights& x_;
  const AxisWeights& y_;
  double least_coverage_;
  std::int64_t in_width_;
  RowFilter sums_;
  std::unique_ptr<RowFilter> coverages_;  ///< made for the first image with NaN
};

}  // namespace quickbeam::kernels
