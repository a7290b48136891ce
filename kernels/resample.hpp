// SPDX-License-Identifier: BSD-3-Clause
// Separable weighted filters on float32 images: resizing as Pillow does it, and the Gaussian blur.
#pragma once

#include <cstdint>

#include <quickbeam/core/image_view.hpp>

namespace quickbeam::kernels {

enum class ResampleFilter : std::uint8_t { box, bilinear, hamming, bicubic, lanczos };

/// Resizes `in` to the extent of `out` as Pillow's Image.resize does for mode "F" (support scaled
/// by the shrink, normalised double-precision weights, horizontal pass then vertical pass, a
/// float32 image between). NaN pixels are masked: left out and the weights renormalised; an output
/// pixel whose nearest input pixel is masked, or with no valid weight, is NaN. Exact: fixed order.
void resize(ImageView<const float> in, ImageView<float> out, ResampleFilter filter);

/// Box reduction by integer factors as Pillow's Image.reduce (edge blocks are partial), NaN left
/// out. `out` has the extent ceil(in / factor).
void box_reduce(ImageView<const float> in, ImageView<float> out, std::int32_t factor_x,
                std::int32_t factor_y);

/// Gaussian blur with SciPy's gaussian_filter kernel (truncate 4 sigma, reflect borders);
/// NaN left out with renormalised weights and kept NaN in the output. `out` may not overlap `in`.
void gaussian_blur(ImageView<const float> in, ImageView<float> out, double sigma);

}  // namespace quickbeam::kernels
