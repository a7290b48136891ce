// SPDX-License-Identifier: BSD-3-Clause
// Images that own their memory and can be reused for the next frame.
#pragma once

#include <cstddef>
#include <cstdint>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/image_view.hpp>

namespace quickbeam {

/// An owned, contiguous image whose pixel type is known at run time. Reshaping reuses the memory.
class Image {
 public:
  Image() = default;
  Image(PixelType type, Extent extent) { reshape(type, extent); }
  /// Pixels in memory of `resource`, see Buffer.
  explicit Image(std::pmr::memory_resource* resource) : memory_(resource) {}

  /// Contents are unspecified afterwards. Throws std::bad_alloc.
  void reshape(PixelType type, Extent extent) {
    type_ = type;
    extent_ = extent;
    memory_.resize(static_cast<std::size_t>(extent.pixels()) * size_of(type));
  }
  PixelType type() const { return type_; }
  Extent extent() const { return extent_; }
  AnyView view() const { return {type_, memory_.data(), extent_}; }
  ConstAnyView const_view() const { return {type_, memory_.data(), extent_}; }
  template <class T>
  ImageView<T> as() const {
    return {reinterpret_cast<T*>(memory_.data()), extent_};
  }

 private:
  PixelType type_ = PixelType::u8;
  Extent extent_{};
  Buffer<std::byte> memory_;
};

/// A frame after the reduction: values in i32, i64, f32 or f64, masked ones equal to
/// `masked_value` (-1, NaN for floats), and beside each value whether a saturated pixel went into
/// it.
struct ReducedImage {
  Image values;
  Image saturated;  ///< u8, same extent: 1 = at least one saturated pixel, 0 = none
};

/// Numbers of a reduced image, for reports: in reduced pixels.
struct ReducedNumbers {
  std::int64_t valid = 0, masked = 0;
  std::int64_t saturated = 0;  ///< flags set, on masked pixels too
  double highest = 0;          ///< among valid, unsaturated ones; 0 when there are none above it
  friend bool operator==(const ReducedNumbers&, const ReducedNumbers&) = default;
};

}  // namespace quickbeam
