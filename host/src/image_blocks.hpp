// SPDX-License-Identifier: BSD-3-Clause
// Images cut into blocks of rows: what stays in cache while images are added.
#pragma once

#include <algorithm>
#include <cstdint>

#include <quickbeam/image_set.hpp>

namespace quickbeam {

/// Blocks of whole rows of at most block_pixels pixels (or one row). Part of the definition of the
/// results: the statistics of an image are those of its blocks, joined front to back.
class ImageBlocks {
 public:
  static constexpr std::int64_t block_pixels = std::int64_t{1} << 14;

  /// Precondition: not empty.
  explicit ImageBlocks(Extent extent)
      : extent_(extent),
        rows_(std::clamp<std::int64_t>(block_pixels / extent.width, 1, extent.height)) {}

  Extent extent() const { return extent_; }
  std::int64_t count() const { return (extent_.height + rows_ - 1) / rows_; }
  Rows rows(std::int64_t block) const {
    const std::int64_t first = block * rows_;
    return {first, std::min(rows_, extent_.height - first)};
  }
  std::size_t first_pixel(std::int64_t block) const {
    return static_cast<std::size_t>(block * rows_ * extent_.width);
  }
  std::size_t pixels(std::int64_t block) const {
    return static_cast<std::size_t>(rows(block).count * extent_.width);
  }

 private:
  Extent extent_;
  std::int64_t rows_;
};

}  // namespace quickbeam
