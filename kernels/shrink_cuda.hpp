// SPDX-License-Identifier: BSD-3-Clause
// Thumbnails of float32 images that lie on the GPU. No CUDA type appears here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/ops/resample.hpp"

namespace quickbeam::kernels::cuda {

/// The tables of one axis (ThumbnailSteps::x or y) in device memory.
struct DeviceAxis {
  const AxisWeights::Window* windows = nullptr;
  const double* weights = nullptr;  ///< `widest` an output pixel
  std::int32_t widest = 0;
};

/// Images of steps.in, one behind the other, and room for what is made of them: device memory.
struct ShrinkBatch {
  const float* in = nullptr;
  std::uint32_t images = 0;
  float* reduced = nullptr;  ///< images of steps.reduced; not used where steps reduce nothing
  float* between = nullptr;  ///< images of between_extent(steps)
  float* out = nullptr;      ///< images of steps.out
  std::uint8_t* had_nan = nullptr;  ///< one an image: set to 1 where there may be NaN, else kept
};

/// Of the image between the passes along the rows and along the columns.
inline Extent between_extent(const ThumbnailSteps& steps) {
  return {steps.out.width, steps.reduced.height};
}

/// Queues the thumbnails of a batch on `stream` (a cudaStream_t) and returns at once. The bits of
/// Thumbnailer, but for the sign and payload of NaN. Throws Error when a launch is refused.
void shrink_planes(const ThumbnailSteps& steps, const DeviceAxis& x, const DeviceAxis& y,
                   const ShrinkBatch& batch, void* stream);

}  // namespace quickbeam::kernels::cuda
