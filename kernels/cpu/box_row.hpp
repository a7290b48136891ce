// SPDX-License-Identifier: BSD-3-Clause
// Inside of box reduction: the rows of one row of boxes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/image_view.hpp>

namespace quickbeam::kernels {

/// The input of one output row.
struct BoxRow {
  const float* first = nullptr;
  std::int64_t pitch = 0;
  std::int64_t rows = 0;   ///< fewer than the factor at the lower edge
  std::size_t width = 0;   ///< of the input
  std::size_t factor = 1;  ///< along the row
};

/// What the sum of `count` pixels is multiplied with: as in Pillow, not divided by `count`.
inline double share_of(double count) { return 1.0 / count; }

/// Room for the column sums of a row.
struct BoxSums {
  Buffer<double> values, counts;
};

/// box_reduce behind its checks. Returns whether a sum was NaN: there is NaN, or infinities of both
/// signs.
bool reduce_boxes(ImageView<const float> in, std::int32_t factor_x, std::int32_t factor_y,
                  BoxSums& sums, ImageView<float> out);

}  // namespace quickbeam::kernels
