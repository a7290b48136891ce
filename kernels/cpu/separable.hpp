// SPDX-License-Identifier: BSD-3-Clause
// The engine of resize and blur: weighted sums along the rows, then along the columns.
#pragma once

#include "kernels/ops/resample.hpp"

namespace quickbeam::kernels {

/// out = weights of `y` applied to weights of `x` applied to `in`; float32 between, double sums in
/// the order of the windows. Where there are NaN in `in`, both passes also run over the mask, and
/// the quotient is taken where the part of the weight that is left exceeds `least_coverage`, the
/// nearest pixel elsewhere; NaN stays where the nearest pixel is NaN. The same bits on every
/// target.
void apply_separable(ImageView<const float> in, const AxisWeights& x, const AxisWeights& y,
                     double least_coverage, ImageView<float> out);

}  // namespace quickbeam::kernels
