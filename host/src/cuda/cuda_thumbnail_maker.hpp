// SPDX-License-Identifier: BSD-3-Clause
// Thumbnails of batches of images on a GPU: images go in, thumbnails come out.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include <quickbeam/thumbnail_maker.hpp>

#include "host/src/cuda/arena.hpp"
#include "host/src/cuda/lane.hpp"
#include "kernels/shrink_cuda.hpp"

namespace quickbeam::cuda {

/// One lane of work with its memory, taken at the first batch. Throws as FallbackThumbnailMaker
/// wants it. Not thread-safe.
class CudaThumbnailMaker final : public ThumbnailMaker {
 public:
  /// spec.from and spec.to differ.
  explicit CudaThumbnailMaker(const ThumbnailSpec& spec);
  ~CudaThumbnailMaker() override;

  std::size_t images_at_once() const override { return any_number; }
  std::string run(const ThumbnailBatch& batch) override;

 private:
  /// Pieces of the device's memory.
  struct Pieces {
    kernels::cuda::DeviceAxis x, y;
    float *in, *reduced, *between, *out;
    std::uint8_t* had_nan;
  };
  Pieces carve(Carver& carver, std::size_t images) const;
  std::size_t bytes_for(std::size_t images) const;
  void reserve(std::size_t images);
  void upload_tables();
  void run_images(const ThumbnailBatch& batch, std::size_t first, std::size_t images);

  ThumbnailSpec spec_;
  kernels::ThumbnailSteps steps_;
  std::size_t in_pixels_, out_pixels_;
  std::size_t room_ = 0;                           ///< images
  std::size_t most_ = ThumbnailMaker::any_number;  ///< images, found by failing
  std::optional<Lane> lane_;
  DeviceMemory memory_;
  Pieces pieces_{};
};

}  // namespace quickbeam::cuda
