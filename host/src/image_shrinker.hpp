// SPDX-License-Identifier: BSD-3-Clause
// From images of a set to their thumbnails: the work of one thread of a shrink.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/shrink.hpp>

namespace quickbeam {

/// Some images of a group, in the order of their places.
struct ShrunkBatch {
  std::vector<float> pixels;                 ///< thumbnails, one behind the other
  std::vector<std::optional<Error>> errors;  ///< one an image; its thumbnail is not to be used
  std::vector<std::uint64_t> non_finite;     ///< pixels of each image
  std::string notice;
};

/// Not thread-safe: one a thread.
class ImageShrinker {
 public:
  /// `turn`: 0, 1, ... of the threads, which share the devices; `sharers`: threads.
  ImageShrinker(const ShrinkJob& job, const ImageSet& images, std::size_t group, Extent to,
                std::size_t turn, unsigned sharers);

  /// Images at places first .. first + count - 1. Faults of images are errors in the batch.
  ShrunkBatch run(std::int64_t first, std::int64_t count);

 private:
  void read(std::int64_t first, std::int64_t count, ShrunkBatch& batch);
  void widen(std::size_t image);
  void finish(const float* in, float* out, bool had_nan, std::uint64_t& non_finite) const;

  const ImageGroup& of_;
  std::size_t group_;
  ShrinkScale scale_;
  ImageReader reader_;
  std::unique_ptr<std::pmr::memory_resource> memory_;
  std::unique_ptr<ThumbnailMaker> maker_;
  std::size_t in_pixels_, out_pixels_;
  Buffer<std::byte> stored_;
  Buffer<float> floats_;  ///< of images that are not float32
  std::vector<std::uint8_t> had_nan_;
};

}  // namespace quickbeam
