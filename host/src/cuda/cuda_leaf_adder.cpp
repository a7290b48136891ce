// SPDX-License-Identifier: BSD-3-Clause
// Images are read straight into page-locked memory, while those before them are copied and added.
#include "host/src/cuda/cuda_leaf_adder.hpp"

#include <algorithm>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "host/src/device_health.hpp"

namespace quickbeam::cuda {
namespace {

/// Bytes copied at a time: enough to keep the bus busy, and as little page-locked memory as that
/// takes.
constexpr std::size_t copied_at_once = std::size_t{16} << 20;

std::int64_t images_at_once(std::size_t image_bytes) {
  const auto chunks =
      static_cast<std::int64_t>(copied_at_once / (image_bytes * kernels::chunk_images));
  return kernels::chunk_images *
         std::clamp<std::int64_t>(chunks, 1, kernels::leaf_images / kernels::chunk_images);
}

std::size_t pixels_of(const ImageBlocks& blocks, const LeafTask& task) {
  const Rows last = blocks.rows(task.first_block + task.blocks - 1);
  const std::int64_t rows = last.first + last.count - blocks.rows(task.first_block).first;
  return static_cast<std::size_t>(rows * blocks.extent().width);
}

}  // namespace

CudaLeafAdder::CudaLeafAdder(const LeafSource& source)
    : source_(source), reader_(source.set), cpu_(make_cpu_leaf_adder(source)) {}

bool CudaLeafAdder::is_for_device(const LeafTask& task, std::size_t images) const {
  const std::int64_t first = task.leaf * kernels::leaf_images;
  return dead_because(source_.device).empty() && source_.regions[task.group].whole() &&
         source_.failed.within(task.group, first, first + static_cast<std::int64_t>(images))
             .empty();
}

/// The first band of a group is the largest: what fits it fits the others.
void CudaLeafAdder::prepare(const LeafTask& task) {
  const ImageGroup& group = source_.set.groups()[task.group];
  const ImageBlocks blocks(group.extent);
  const std::size_t pixels = pixels_of(blocks, task);
  if (!leaf_ || shape_.type != group.type || shape_.pixels < pixels ||
      shape_.blocks < static_cast<std::size_t>(task.blocks)) {
    leaf_.reset();
    shape_ = {group.type, pixels, static_cast<std::size_t>(task.blocks),
              images_at_once(pixels * size_of(group.type)), source_.of_images};
    take_memory();
  }
  std::vector<std::size_t> block_pixels;
  for (std::int64_t b = 0; b < task.blocks; ++b)
    block_pixels.push_back(blocks.pixels(task.first_block + b));
  leaf_->begin(block_pixels);
}

/// Where memory is short, for half of the images at a time, down to one chunk.
void CudaLeafAdder::take_memory() {
  while (!leaf_) try {
      leaf_.emplace(source_.device, shape_);
    } catch (const Error& error) {
      const std::int64_t chunks = shape_.images_at_once / kernels::chunk_images;
      if (error.code() != ErrorCode::limit || chunks == 1) throw;
      shape_.images_at_once = chunks / 2 * kernels::chunk_images;
    }
}

bool CudaLeafAdder::load_and_queue(const LeafTask& task, std::int64_t images) {
  const ImageGroup& group = source_.set.groups()[task.group];
  const ImageBlocks blocks(group.extent);
  const std::size_t pixels = pixels_of(blocks, task);
  const Rows rows{blocks.rows(task.first_block).first,
                  static_cast<std::int64_t>(pixels) / group.extent.width};
  const std::int64_t first = task.leaf * kernels::leaf_images;
  for (std::int64_t at = 0; at < images; at += shape_.images_at_once) {
    const std::int64_t count = std::min(shape_.images_at_once, images - at);
    const std::span<std::byte> room = leaf_->next();
    try {
      reader_.read(task.group, first + at, count, rows,
                   room.first(pixels * size_of(group.type) * static_cast<std::size_t>(count)));
    } catch (const Error&) {
      return false;  // the CPU finds out which image it is, and goes on without it
    }
    leaf_->add(count);
  }
  return true;
}

LeafOutcome CudaLeafAdder::add(const LeafTask& task, Planes& planes,
                               std::span<kernels::ImageMoments> rows) {
  if (!is_for_device(task, rows.size())) return cpu_->add(task, planes, rows);
  const std::vector<kernels::ImageMoments> before(rows.begin(), rows.end());
  try {
    prepare(task);
    if (load_and_queue(task, std::ssize(rows))) {
      planes.resize(static_cast<std::size_t>(task.blocks));
      if (task.first_block == 0) std::ranges::fill(rows, kernels::ImageMoments{});
      leaf_->finish(planes, rows);
      return LeafOutcome::added;
    }
  } catch (const Error& error) {
    leaf_.reset();
    notice_ += take_over_from(source_.device, "cuda:" + std::to_string(source_.device), "a leaf",
                              error.info());
    std::ranges::copy(before, rows.begin());
  }
  return cpu_->add(task, planes, rows);
}

}  // namespace quickbeam::cuda
