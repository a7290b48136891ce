// SPDX-License-Identifier: BSD-3-Clause
// The part of the images that statistics are taken over: all of it, a circle, or what a file says.
#include "host/src/image_region.hpp"

namespace quickbeam {

ImageRegion ImageRegion::circle(Extent extent, double radius) { return sphere(extent, 1, radius); }

ImageRegion ImageRegion::sphere(Extent section, std::int64_t sections, double radius) {
  ImageRegion region({section.width, section.height * sections});
  const auto square = [](std::int64_t at, std::int64_t length) {
    const auto distance = static_cast<double>(at - length / 2);
    return distance * distance;
  };
  std::size_t pixel = 0;
  for (std::int64_t z = 0; z < sections; ++z)
    for (std::int64_t y = 0; y < section.height; ++y)
      for (std::int64_t x = 0; x < section.width; ++x, ++pixel)
        if (square(x, section.width) + square(y, section.height) + square(z, sections) <=
            radius * radius)
          region.add(pixel);
  return region;
}

ImageRegion ImageRegion::non_zero(const Image& image) {
  const auto view = image.const_view().as<std::uint8_t>();
  ImageRegion region(view.extent);
  std::size_t pixel = 0;
  for (std::int64_t y = 0; y < view.extent.height; ++y)
    for (std::int64_t x = 0; x < view.extent.width; ++x, ++pixel)
      if (view(x, y) != 0) region.add(pixel);
  return region;
}

ImageRegion ImageRegion::from_bits(Extent extent, std::span<const std::byte> bits) {
  ImageRegion region(extent);
  const auto pixels = static_cast<std::size_t>(extent.pixels());
  std::ranges::copy(bits.first(region.bits_.size()), region.bits_.begin());
  // Bits beyond the end are 0, so that equal regions have equal bits.
  if (pixels % 8 != 0) region.bits_.back() &= std::byte((1U << pixels % 8) - 1);
  return region;
}

std::vector<ImageRegion::Run> ImageRegion::runs(const ImageBlocks& blocks,
                                                std::int64_t block) const {
  const std::size_t count = blocks.pixels(block), offset = blocks.first_pixel(block);
  if (whole()) return {{0, count}};
  std::vector<Run> runs;
  for (std::size_t i = 0; i < count; ++i) {
    if (!contains(offset + i)) continue;
    if (runs.empty() || runs.back().first + runs.back().count != i) runs.push_back({i, 0});
    ++runs.back().count;
  }
  return runs;
}

}  // namespace quickbeam
