// SPDX-License-Identifier: BSD-3-Clause
// The statistics of one leaf of a stack after the other, on a device: images are copied in and
// added there while the caller reads the next ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <quickbeam/core/pixel_type.hpp>

#include "host/src/cuda/lane.hpp"
#include "kernels/moments_cuda.hpp"

namespace quickbeam::cuda {

/// Not thread-safe; one a thread, whose copies and kernels then overlap those of the others. All
/// throw Error: LIMIT when memory is short, DEVICE when a call fails; the leaf is then lost, and
/// the object good for nothing but its destruction.
class DeviceLeaf {
 public:
  /// The most of what begin is given.
  struct Shape {
    PixelType type = PixelType::f32;
    std::size_t pixels = 0;  ///< of an image, all blocks together
    std::size_t blocks = 1;
    std::int64_t images_at_once = 0;  ///< a multiple of chunk_images, at most leaf_images
    bool of_images = true;            ///< whether statistics of the images are wanted too
  };

  DeviceLeaf(int device, const Shape& most);
  DeviceLeaf(const DeviceLeaf&) = delete;
  DeviceLeaf& operator=(const DeviceLeaf&) = delete;
  ~DeviceLeaf();

  /// Device memory of one such object, and its page-locked memory beside the two of next().
  static std::size_t device_bytes(const Shape& most);

  /// A new leaf of images that consist of blocks of so many pixels, one after the other.
  void begin(std::span<const std::size_t> block_pixels);

  /// Page-locked memory for the next images_at_once images, without gaps; waits until it is free.
  std::span<std::byte> next();

  /// Queues the first `images` of next(); the images of the leaf come in order. A multiple of
  /// chunk_images in every call but the leaf's last, at most images_at_once. A leaf with a chunk
  /// that is short in its middle, because an image is left out, is for the CPU.
  void add(std::int64_t images);

  /// Waits for the leaf. Fills `blocks`, one for each of begin, as kernels::add_images does, and
  /// joins the statistics of image k, block by block, to rows[k] as kernels::image_moments and
  /// merge do: the same bits. rows.size() == images added. Without Shape::of_images: no row.
  void finish(std::span<kernels::PixelMoments> blocks, std::span<kernels::ImageMoments> rows);

 private:
  /// Where the pieces of the memory are.
  struct Layout;
  struct Batch {
    PinnedMemory memory;
    Event copied;
    bool in_use = false;
  };

  std::size_t image_bytes() const { return pixels_ * size_of(shape_.type); }
  void copy_results();

  int device_;
  Shape shape_;
  Lane lane_;
  DeviceMemory memory_;
  PinnedMemory results_;
  std::array<Batch, 2> batches_;
  unsigned turn_ = 0;
  std::vector<std::size_t> block_pixels_;
  std::size_t pixels_ = 0;
  std::int64_t images_ = 0;
};

}  // namespace quickbeam::cuda
