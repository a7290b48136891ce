// SPDX-License-Identifier: BSD-3-Clause
// Grey dilation by a square at full resolution: the separable maximum filter.
#pragma once

#include <cstdint>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/image_view.hpp>
#include <quickbeam/core/mask.hpp>

namespace quickbeam::kernels {

/// Memory `dilate` keeps between frames.
template <class W>
struct DilateScratch {
  Buffer<W> rows;
};

/// Maximum over the window [-(w-1)/2, +w/2] on each axis (SciPy's grey_dilation origin) of the
/// valid pixels of `in`; borders and masked pixels never win, a window without a valid pixel gives
/// masked_value<W>(). `out` has the extent of `in`, any pitch, and does not overlap it. Exact. W:
/// i32, i64, f32, f64.
template <class W>
void dilate(ImageView<const W> in, ImageView<W> out, std::int32_t window, ValidRange<W> valid,
            DilateScratch<W>& scratch);

/// out(x, y) = masked_value where in(x, y) is not valid.
template <class W>
void restore_mask(ImageView<const W> in, ImageView<W> out, ValidRange<W> valid);

}  // namespace quickbeam::kernels
