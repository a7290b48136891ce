// SPDX-License-Identifier: BSD-3-Clause
// Pictures of 8 bits: values between the lowest and the highest pixel of their image.
#pragma once

#include <span>

namespace quickbeam::kernels {

/// Each value v of `thumbnail` becomes floor((v - low) * 255 / (high - low)), at least 0 and at
/// most 255, where low and high are the lowest and the highest finite pixel of `image`; NaN becomes
/// 0, and everything where high is not above low. Exact: in double, from left to right.
void scale_minmax8(std::span<const float> image, std::span<float> thumbnail);

}  // namespace quickbeam::kernels
