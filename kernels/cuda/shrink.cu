// SPDX-License-Identifier: BSD-3-Clause
// Thumbnails: boxes are averaged, then come weighted sums along the rows and along the columns. A
// thread makes a pixel; what lies between the steps stays in the second cache.
#include "kernels/shrink_cuda.hpp"

#include <algorithm>

#include "kernels/cuda/launch.cuh"
#include "kernels/ops/shrink.hpp"

namespace quickbeam::kernels::cuda {
namespace {

constexpr unsigned tile_width = 32, tile_height = 8;
constexpr double most_masked_weight = 0.125;  ///< least_coverage of the bicubic filter

struct PixelPlace {
  std::int32_t x, y;
  std::uint32_t image;
};

/// Calls use(place) for the pixels of this thread: one of the tile in every image and band.
template <class Use>
__device__ void each_pixel(std::int32_t width, std::int32_t height, std::uint32_t images,
                           const Use& use) {
  const auto x = static_cast<std::int32_t>(blockIdx.x * tile_width + threadIdx.x);
  if (x >= width) return;
  for (std::uint32_t image = blockIdx.z; image < images; image += gridDim.z)
    for (auto y = static_cast<std::int64_t>(blockIdx.y) * tile_height + threadIdx.y; y < height;
         y += static_cast<std::int64_t>(gridDim.y) * tile_height)
      use(PixelPlace{x, static_cast<std::int32_t>(y), image});
}

/// The sides of an image as a kernel counts them; its pixels may be more than 32 bits count.
struct Sides {
  std::int32_t width, height;
  explicit Sides(Extent extent)
      : width(static_cast<std::int32_t>(extent.width)),
        height(static_cast<std::int32_t>(extent.height)) {}
  __device__ std::int64_t pixels() const { return static_cast<std::int64_t>(width) * height; }
  __device__ std::int64_t at(const PixelPlace& place) const {
    return place.image * pixels() + static_cast<std::int64_t>(place.y) * width + place.x;
  }
};

__global__ void __launch_bounds__(tile_width* tile_height)
    average_boxes(const float* in, Sides from, std::int32_t factor_x, std::int32_t factor_y,
                  std::uint32_t images, float* out, Sides to, std::uint8_t* had_nan) {
  each_pixel(to.width, to.height, images, [&](const PixelPlace& place) {
    const std::int32_t left = place.x * factor_x, top = place.y * factor_y;
    const BoxPixels box{in + from.at({left, top, place.image}), from.width,
                        factor_y < from.height - top ? factor_y : from.height - top,
                        factor_x < from.width - left ? factor_x : from.width - left};
    float mean = box_mean_plain(box);
    if (mean != mean) {
      mean = box_mean_of_valid(box, mean);
      had_nan[place.image] = 1;
    }
    out[to.at(place)] = mean;
  });
}

__global__ void __launch_bounds__(tile_width* tile_height)
    filter_rows(const float* in, Sides from, DeviceAxis axis, std::uint32_t images, float* out,
                Sides to) {
  each_pixel(to.width, to.height, images, [&](const PixelPlace& place) {
    const AxisWeights::Window window = axis.windows[place.x];
    const double* weights = axis.weights + static_cast<std::int64_t>(place.x) * axis.widest;
    out[to.at(place)] =
        weighted_sum(weights, window.count, in + from.at({window.first, place.y, place.image}), 1);
  });
}

/// The image before both filters, for pixels with NaN in their window.
struct MaskedPixel {
  const float* in;
  Sides from;
  DeviceAxis x_axis, y_axis;

  /// Along the rows and then along the columns, as everywhere, with NaN left out.
  __device__ float operator()(const PixelPlace& place) const {
    const AxisWeights::Window x = x_axis.windows[place.x], y = y_axis.windows[place.y];
    const float nearest = in[from.at({x.nearest, y.nearest, place.image})];
    if (nearest != nearest) return nearest;
    const double* x_weights = x_axis.weights + static_cast<std::int64_t>(place.x) * x_axis.widest;
    const double* y_weights = y_axis.weights + static_cast<std::int64_t>(place.y) * y_axis.widest;
    double sum = 0, coverage = 0;
    for (std::int32_t k = 0; k < y.count; ++k) {
      const MaskedSum row =
          masked_sum(x_weights, x.count, in + from.at({x.first, y.first + k, place.image}));
      sum += y_weights[k] * static_cast<double>(row.sum);
      coverage += y_weights[k] * static_cast<double>(row.coverage);
    }
    const auto left = static_cast<float>(coverage);
    return static_cast<double>(left) > most_masked_weight ? static_cast<float>(sum) / left
                                                          : nearest;
  }
};

__global__ void __launch_bounds__(tile_width* tile_height)
    filter_columns(const float* between, Sides middle, MaskedPixel masked, std::uint32_t images,
                   float* out, Sides to, std::uint8_t* had_nan) {
  each_pixel(to.width, to.height, images, [&](const PixelPlace& place) {
    const DeviceAxis& axis = masked.y_axis;
    const AxisWeights::Window window = axis.windows[place.y];
    const double* weights = axis.weights + static_cast<std::int64_t>(place.y) * axis.widest;
    float value =
        weighted_sum(weights, window.count,
                     between + middle.at({place.x, window.first, place.image}), middle.width);
    if (value != value) {
      value = masked(place);
      had_nan[place.image] = 1;
    }
    out[to.at(place)] = value;
  });
}

dim3 grid_for(const Sides& sides, std::uint32_t images) {
  constexpr unsigned largest = 65535;  // of y and z, on every card
  return dim3(blocks_for(static_cast<std::uint64_t>(sides.width), tile_width),
              std::min(blocks_for(static_cast<std::uint64_t>(sides.height), tile_height), largest),
              std::min(images, largest));
}

}  // namespace

void shrink_planes(const ThumbnailSteps& steps, const DeviceAxis& x, const DeviceAxis& y,
                   const ShrinkBatch& batch, void* stream) {
  if (batch.images == 0 || steps.out.empty()) return;
  const Sides in(steps.in), reduced(steps.reduced), between(between_extent(steps)), out(steps.out);
  const dim3 block(tile_width, tile_height);
  const float* source = batch.in;
  if (steps.reduces()) {
    launch("averaging of boxes", average_boxes, grid_for(reduced, batch.images), block, stream,
           batch.in, in, steps.factor_x, steps.factor_y, batch.images, batch.reduced, reduced,
           batch.had_nan);
    source = batch.reduced;
  }
  launch("filtering of rows", filter_rows, grid_for(between, batch.images), block, stream, source,
         reduced, x, batch.images, batch.between, between);
  launch("filtering of columns", filter_columns, grid_for(out, batch.images), block, stream,
         batch.between, between, MaskedPixel{source, reduced, x, y}, batch.images, batch.out, out,
         batch.had_nan);
}

}  // namespace quickbeam::kernels::cuda
