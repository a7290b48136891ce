// SPDX-License-Identifier: BSD-3-Clause
// Makes thumbnails of float32 images of one size that lie in memory, on the CPU or on a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include <quickbeam/core/extent.hpp>

namespace quickbeam {

enum class ShrinkFilter : std::uint8_t {
  pil,   ///< as Pillow's Image.thumbnail: where a side shrinks by 4 or more, boxes of half the
         ///< shrink are averaged first, then bicubic
  exact  ///< bicubic alone
};

/// What a maker is built for.
struct ThumbnailSpec {
  Extent from{}, to{};  ///< equal: images are copied bit by bit
  ShrinkFilter filter = ShrinkFilter::pil;
  int device = 0;        ///< which of the backend's devices
  unsigned sharers = 1;  ///< makers that will share that device's memory
};

/// Images to be made smaller, one behind the other without gaps, and room for their thumbnails.
struct ThumbnailBatch {
  std::span<const float> in;
  std::span<float> out;
  /// One an image; becomes 0 where there is surely no NaN in the image.
  std::span<std::uint8_t> had_nan;
};

/// The same bits wherever it runs, but for the sign and payload of NaN. NaN is left out as
/// docs/shrink.md says it. Not thread-safe.
class ThumbnailMaker {
 public:
  /// Of images_at_once(): there is no better number.
  static constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();

  virtual ~ThumbnailMaker() = default;
  /// How many images are best handed over at once: one, which then is still in the cache for other
  /// work on it, or all there are, to fill a device.
  virtual std::size_t images_at_once() const { return 1; }
  /// Any number of images. Synchronous. Returns what to tell the user: something once, mostly
  /// nothing. Throws std::bad_alloc.
  virtual std::string run(const ThumbnailBatch& batch) = 0;
};

}  // namespace quickbeam
