// SPDX-License-Identifier: BSD-3-Clause
// What the value of one dilated pixel is: the definition of grey dilation by a square, at full
// resolution or sampled, for every backend.
#pragma once

#include <cstdint>

#include "kernels/ops/bin.hpp"

namespace quickbeam::kernels {

/// Pixels of a window of `window` before and after its centre: SciPy's grey_dilation origin.
QUICKBEAM_HD constexpr std::int64_t window_before(std::int64_t window) { return (window - 1) / 2; }
QUICKBEAM_HD constexpr std::int64_t window_after(std::int64_t window) { return window / 2; }

/// Largest valid pixel of the window around the input pixel (step x, step y), clipped at the
/// borders; a window without a valid pixel is masked. With `restore`, so is the output (and not
/// saturated) where that input pixel itself is masked. Exact.
template <class W>
struct DilatedPixel {
  using value_type = W;
  Counts<W> in;
  std::int64_t step;
  std::int64_t window;
  bool restore;
  QUICKBEAM_HD Reduced<W> operator()(std::int64_t x, std::int64_t y) const {
    const Extent size = in.pixels.extent;
    const std::int64_t cx = x * step, cy = y * step;
    if (restore && !in.valid(in.pixels(cx, cy))) return {masked_value<W>(), false};
    const std::int64_t x0 = cx - window_before(window), x1 = cx + window_after(window) + 1;
    const std::int64_t y0 = cy - window_before(window), y1 = cy + window_after(window) + 1;
    return fold_window(in, Fold::max, x0 < 0 ? 0 : x0, x1 < size.width ? x1 : size.width,
                       y0 < 0 ? 0 : y0, y1 < size.height ? y1 : size.height);
  }
};

}  // namespace quickbeam::kernels
