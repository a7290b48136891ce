// SPDX-License-Identifier: BSD-3-Clause
// What is known of a group of images beside the values of its pixels.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <quickbeam/core/extent.hpp>

#include "host/src/image_blocks.hpp"
#include "host/src/image_region.hpp"
#include "host/src/moment_tree.hpp"
#include "kernels/moments.hpp"

namespace quickbeam {

/// How the images of a group were made, NaN where it is not known. Only passed on.
struct Optics {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  double voltage_kv = unknown, spherical_aberration_mm = unknown, amplitude_contrast = unknown;
};

/// The same for all parts of a group.
struct GroupFacts {
  std::string set;          ///< names the set it belongs to: 32 hexadecimal digits
  std::uint32_t index = 0;  ///< in that set
  std::string identity;     ///< ImageSet::identity: 32 hexadecimal digits
  std::string name;
  std::string reading;  ///< how the files were read, where that can change values: "mode0=signed"
  Extent extent{};
  std::int64_t sections = 1;       ///< of each image, one below the other; more than 1 of volumes
  double pixel_size_angstrom = 0;  ///< 0 = not known
  kernels::MomentKind kind = kernels::MomentKind::moments;
  std::int64_t images = 0;  ///< in the whole group
  ImageRegion region{};
  Optics optics{};

  Extent section() const { return {extent.width, extent.height / sections}; }
  ImageBlocks blocks() const { return ImageBlocks(extent); }
  std::int64_t leaves() const { return leaves_of(images); }
};

/// A node that is there, and how many of its images were counted.
struct NodeFacts {
  LeafRange leaves{};
  std::int64_t images = 0;
};

/// One image.
struct ImageRow {
  std::uint32_t position = 0;  ///< in its set
  kernels::ImageMoments moments{};
};

}  // namespace quickbeam
