// SPDX-License-Identifier: BSD-3-Clause
// The Gaussian blur: the separable engine with SciPy's kernel.
#include <limits>
#include <string>

#include <quickbeam/core/error.hpp>

#include "kernels/cpu/separable.hpp"
#include "kernels/resample.hpp"

namespace quickbeam::kernels {

void gaussian_blur(ImageView<const float> in, ImageView<float> out, double sigma) {
  if (!(sigma >= 0 && sigma <= 1000))
    fail({.code = ErrorCode::usage,
          .field = "blur",
          .expected = "sigma from 0 to 1000",
          .found = std::to_string(sigma)});
  constexpr std::int64_t limit = std::numeric_limits<std::int32_t>::max();
  if (in.extent != out.extent || in.extent.width > limit || in.extent.height > limit)
    fail({.code = ErrorCode::usage,
          .field = "blur",
          .expected = "two images of one extent, sides up to 2147483647",
          .found = std::to_string(in.extent.width) + " x " + std::to_string(in.extent.height) +
                   " and " + std::to_string(out.extent.width) + " x " +
                   std::to_string(out.extent.height)});
  if (in.extent.empty()) return;
  const AxisWeights x = gaussian_weights(static_cast<std::int32_t>(in.extent.width), sigma);
  const AxisWeights y = gaussian_weights(static_cast<std::int32_t>(in.extent.height), sigma);
  SeparableFilter(in.extent.width, x, y, 0).run(in, out);
}

}  // namespace quickbeam::kernels
