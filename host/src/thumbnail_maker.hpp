// SPDX-License-Identifier: BSD-3-Clause
// Makes thumbnails of float32 images of one size, on the CPU or on a device.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <quickbeam/shrink.hpp>

namespace quickbeam {

/// What a maker is built for.
struct ThumbnailSpec {
  Extent from{}, to{};
  ShrinkFilter filter = ShrinkFilter::pil;
};

/// Images to be made smaller, one behind the other without gaps, and room for their thumbnails.
struct ThumbnailBatch {
  std::span<const float> in;
  std::span<float> out;
  /// Not 0 = there may have been NaN in the image. One an image.
  std::span<std::uint8_t> had_nan;
};

/// The same bits wherever it runs, but for the sign and payload of NaN. Not thread-safe.
class ThumbnailMaker {
 public:
  virtual ~ThumbnailMaker() = default;
  virtual std::string_view backend() const = 0;
  /// How many images should be handed over at once: one that a cache holds, or as many as fill a
  /// device.
  virtual std::size_t images_at_once() const { return 1; }
  /// Any number of images. Synchronous. Returns what to tell the user, once, or nothing.
  virtual std::string run(const ThumbnailBatch& batch) = 0;
};

std::unique_ptr<ThumbnailMaker> make_cpu_thumbnail_maker(const ThumbnailSpec& spec);

/// On the backend and device that were chosen.
std::unique_ptr<ThumbnailMaker> make_thumbnail_maker(const ThumbnailSpec& spec,
                                                     const DeviceChoice& device, std::size_t turn);

}  // namespace quickbeam
