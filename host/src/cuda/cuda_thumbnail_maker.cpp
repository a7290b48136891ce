// SPDX-License-Identifier: BSD-3-Clause
// Copies, kernels and memory of thumbnails on a GPU.
#include "host/src/cuda/cuda_thumbnail_maker.hpp"

#include <algorithm>
#include <bit>

#include <quickbeam/core/error.hpp>

#include "host/src/cpu_thumbnail_maker.hpp"

namespace quickbeam::cuda {
namespace {

/// Images that a launch takes.
constexpr std::size_t most_images = std::size_t{1} << 16;

/// Copies of one axis: windows, then weights.
kernels::cuda::DeviceAxis carve_axis(Carver& carver, const kernels::AxisWeights& axis) {
  const auto* windows = carver.take<kernels::AxisWeights::Window>(axis.windows.size());
  return {windows, carver.take<double>(axis.weights.size()), axis.widest};
}

void upload(Lane& lane, const kernels::AxisWeights& from, const kernels::cuda::DeviceAxis& to) {
  lane.copy_in(const_cast<kernels::AxisWeights::Window*>(to.windows), from.windows.data(),
               from.windows.size() * sizeof(from.windows[0]));
  lane.copy_in(const_cast<double*>(to.weights), from.weights.data(),
               from.weights.size() * sizeof(double));
}

}  // namespace

CudaThumbnailMaker::CudaThumbnailMaker(const ThumbnailSpec& spec)
    : spec_(spec),
      steps_(kernels::thumbnail_steps(spec.from, spec.to, kernel_filter(spec.filter))),
      in_pixels_(static_cast<std::size_t>(spec.from.pixels())),
      out_pixels_(static_cast<std::size_t>(spec.to.pixels())) {}

CudaThumbnailMaker::~CudaThumbnailMaker() {
  if (lane_) lane_->quiesce();
}

CudaThumbnailMaker::Pieces CudaThumbnailMaker::carve(Carver& carver, std::size_t images) const {
  const auto pixels = [&](Extent extent) {
    return static_cast<std::size_t>(extent.pixels()) * images;
  };
  Pieces pieces{};
  pieces.x = carve_axis(carver, steps_.x);
  pieces.y = carve_axis(carver, steps_.y);
  pieces.in = carver.take<float>(pixels(steps_.in));
  pieces.reduced = carver.take<float>(steps_.reduces() ? pixels(steps_.reduced) : 0);
  pieces.between = carver.take<float>(pixels(kernels::cuda::between_extent(steps_)));
  pieces.out = carver.take<float>(pixels(steps_.out));
  pieces.had_nan = carver.take<std::uint8_t>(images);
  return pieces;
}

std::size_t CudaThumbnailMaker::bytes_for(std::size_t images) const {
  Carver measure;
  (void)carve(measure, images);
  return measure.bytes();
}

/// Room for `images`, or for as many as the memory allows. Throws Error LIMIT when it is too little
/// for one.
void CudaThumbnailMaker::reserve(std::size_t images) {
  const std::size_t wanted = std::min({std::bit_ceil(images), most_images, most_});
  if (wanted <= room_) return;
  memory_.reset();
  room_ = 0;
  const std::size_t budget = free_device_memory() / 10 * 8 / spec_.sharers;
  std::size_t room = wanted;
  while (room > 1 && bytes_for(room) > budget) room /= 2;
  for (;; room /= 2) {
    try {
      memory_ = device_memory(bytes_for(room));
      break;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::limit || room == 1) throw;
    }
  }
  if (room < wanted) most_ = room;
  room_ = room;
  Carver carver(memory_.get());
  pieces_ = carve(carver, room);
  upload_tables();
}

void CudaThumbnailMaker::upload_tables() {
  upload(*lane_, steps_.x, pieces_.x);
  upload(*lane_, steps_.y, pieces_.y);
}

std::string CudaThumbnailMaker::run(const ThumbnailBatch& batch) {
  const CurrentDevice here(spec_.device);
  if (!lane_) lane_.emplace();
  try {
    for (std::size_t at = 0; at < batch.had_nan.size();) {
      reserve(batch.had_nan.size() - at);
      const std::size_t n = std::min(batch.had_nan.size() - at, room_);
      run_images(batch, at, n);
      at += n;
    }
  } catch (...) {
    lane_->quiesce();
    throw;
  }
  return {};
}

void CudaThumbnailMaker::run_images(const ThumbnailBatch& batch, std::size_t first,
                                    std::size_t images) {
  lane_->copy_in(pieces_.in, batch.in.data() + first * in_pixels_,
                 images * in_pixels_ * sizeof(float));
  lane_->clear(pieces_.had_nan, images);
  kernels::cuda::shrink_planes(steps_, pieces_.x, pieces_.y,
                               {.in = pieces_.in,
                                .images = static_cast<std::uint32_t>(images),
                                .reduced = pieces_.reduced,
                                .between = pieces_.between,
                                .out = pieces_.out,
                                .had_nan = pieces_.had_nan},
                               lane_->stream());
  lane_->copy_out(batch.out.data() + first * out_pixels_, pieces_.out,
                  images * out_pixels_ * sizeof(float));
  lane_->copy_out(batch.had_nan.data() + first, pieces_.had_nan, images);
  lane_->wait();
}

}  // namespace quickbeam::cuda
