// SPDX-License-Identifier: BSD-3-Clause
// Thumbnails of a stack's images as the reference makes them, and as a device does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <quickbeam/backend.hpp>
#include <quickbeam/core/image.hpp>
#include <quickbeam/thumbnail_maker.hpp>

namespace quickbeam {

/// What is compared for images of an extent: a quarter of each side as Pillow does it (boxes, then
/// bicubic), and a half by bicubic alone.
std::vector<ThumbnailSpec> verified_thumbnails(Extent extent);

/// One pixel after the other, in double: boxes where the filter asks for them, columns first, then
/// the weights of kernels/ops/resample.hpp.
Image reference_thumbnail(ConstAnyView image, const ThumbnailSpec& spec);

/// Makes thumbnails of one spec on one device.
class ThumbnailSubject {
 public:
  ThumbnailSubject(const DeviceChoice& device, ThumbnailSpec spec);

  /// The thumbnail of `image`, as the middle one of three; sets `where` to the backend that made
  /// it.
  Image make(ConstAnyView image, std::string_view& where, std::string& notice);

 private:
  DeviceChoice device_;
  ThumbnailSpec spec_;
  std::unique_ptr<ThumbnailMaker> maker_;
  bool left_ = false;  ///< the device has failed
};

}  // namespace quickbeam
