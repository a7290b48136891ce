// SPDX-License-Identifier: BSD-3-Clause
// The part of the images that statistics are taken over: all of it, a circle, or what a file says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/image.hpp>

#include "host/src/image_blocks.hpp"

namespace quickbeam {

/// Pixels inside and outside, one bit each. Without bits everything is inside.
class ImageRegion {
 public:
  /// Everything.
  ImageRegion() = default;
  /// Pixels no further than `radius` from pixel (width / 2, height / 2), where RELION has the
  /// middle of an image.
  static ImageRegion circle(Extent extent, double radius);
  /// Of a volume, its sections one below the other: voxels no further than `radius` from voxel
  /// (width / 2, height / 2, sections / 2).
  static ImageRegion sphere(Extent section, std::int64_t sections, double radius);
  /// Pixels of a u8 image that are not 0.
  static ImageRegion non_zero(const Image& image);
  /// As bits() gave them; bits beyond the last pixel are ignored.
  static ImageRegion from_bits(Extent extent, std::span<const std::byte> bits);

  bool whole() const { return bits_.empty(); }
  bool contains(std::size_t pixel) const {
    return whole() || (std::to_integer<unsigned>(bits_[pixel / 8]) >> pixel % 8 & 1U) != 0;
  }
  /// Pixel p is bit p % 8 of byte p / 8.
  std::span<const std::byte> bits() const { return bits_; }
  static std::size_t bytes_of(Extent extent) {
    return (static_cast<std::size_t>(extent.pixels()) + 7) / 8;
  }

  /// Pixels of a block that lie one behind the other; `first` counts in the block.
  struct Run {
    std::size_t first = 0, count = 0;
  };
  std::vector<Run> runs(const ImageBlocks& blocks, std::int64_t block) const;

  friend bool operator==(const ImageRegion&, const ImageRegion&) = default;

 private:
  explicit ImageRegion(Extent extent) : bits_(bytes_of(extent)) {}
  void add(std::size_t pixel) { bits_[pixel / 8] |= std::byte{1} << pixel % 8; }

  std::vector<std::byte> bits_;
};

}  // namespace quickbeam
