// SPDX-License-Identifier: BSD-3-Clause
// The headers of the Spider files written here, in the layout that SPIDER, EMAN2, Xmipp, RELION and
// Pillow all read: ISTACK 2 in the main header only, IMGNUM k in image k's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <quickbeam/core/extent.hpp>

#include "io/pixel_statistics.hpp"

namespace quickbeam::io::spider {

enum class Kind : std::uint8_t {
  image,         ///< a plain image
  volume,        ///< a plain volume of `sections`
  stack,         ///< the main header of a stack of `sections` images
  stacked_image  ///< the header of image `number` in a stack
};

struct HeaderFacts {
  Extent extent{};
  Kind kind = Kind::image;
  std::int64_t sections = 1;
  std::int64_t number = 0;         ///< from 1
  double pixel_size_angstrom = 0;  ///< <= 0 or not finite: not known, 0 (1 in a stacked image)
  PixelStatistics statistics{};    ///< written where they are determined; SIG has divisor N - 1
};

/// header_records(width) records of 4 * width bytes, little-endian.
std::vector<std::byte> make_header(const HeaderFacts& facts);

}  // namespace quickbeam::io::spider
