// SPDX-License-Identifier: BSD-3-Clause
// Separable filters of the reference: one pixel after the other, in double.
#pragma once

#include <quickbeam/core/image.hpp>

#include "kernels/ops/resample.hpp"

namespace quickbeam {

/// float32. Masked pixels (NaN) are left out and the rest divided by their share of the weights,
/// unless that is `least` or less; where the nearest pixel is masked, so is the output.
Image separable(ImageView<float> in, const kernels::AxisWeights& x, const kernels::AxisWeights& y,
                double least);

}  // namespace quickbeam
