// SPDX-License-Identifier: BSD-3-Clause
// The statistics of one leaf of a stack after the other, on a device.
#include "host/src/cuda/device_leaf.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "host/src/cuda/arena.hpp"

namespace quickbeam::cuda {

using kernels::ImageMoments;
using kernels::MomentKind;
using kernels::PixelMoments;

/// The same pieces on the device and, for what is copied out, in page-locked memory: `planes` and
/// `rows` come first. Planes of the leaf are [1][pixels].
struct DeviceLeaf::Layout {
  kernels::cuda::LeafPlanes planes;
  ImageMoments* rows = nullptr;  ///< [blocks][leaf_images]
  std::size_t results = 0;       ///< bytes so far
  std::array<std::byte*, 2> batches{};
  std::byte* scratch = nullptr;
  std::size_t bytes = 0;

  Layout(const Shape& most, Carver pieces) {
    const std::size_t n = most.pixels;
    const auto at_once = static_cast<std::size_t>(most.images_at_once);
    planes.kind = kernels::moment_kind(most.type);
    planes.leaves = 1;
    planes.lowest = pieces.take<double>(n);
    planes.highest = pieces.take<double>(n);
    if (planes.kind == MomentKind::moments) {
      planes.mean = pieces.take<double>(n);
      planes.m2 = pieces.take<double>(n);
      planes.missing = pieces.take<std::uint32_t>(n);
    } else {
      planes.sum = pieces.take<std::int64_t>(n);
      planes.squares = pieces.take<std::uint64_t>(n);
    }
    if (most.of_images) rows = pieces.take<ImageMoments>(most.blocks * kernels::leaf_images);
    results = pieces.bytes();
    for (std::byte*& batch : batches)
      batch = pieces.take<std::byte>(n * at_once * size_of(most.type));
    if (most.of_images)
      scratch = pieces.take<std::byte>(
          kernels::cuda::image_moments_bytes(n, static_cast<std::uint32_t>(at_once)));
    bytes = pieces.bytes();
  }
};

DeviceLeaf::DeviceLeaf(int device, const Shape& most) : device_(device), shape_(most) {
  const CurrentDevice here(device_);
  const Layout sizes(shape_, Carver());
  memory_ = device_memory(sizes.bytes);
  results_ = pinned_memory(sizes.results);
  for (Batch& batch : batches_)
    batch.memory = pinned_memory(shape_.pixels * size_of(shape_.type) *
                                 static_cast<std::size_t>(shape_.images_at_once));
}

DeviceLeaf::~DeviceLeaf() { lane_.quiesce(); }

std::size_t DeviceLeaf::device_bytes(const Shape& most) { return Layout(most, Carver()).bytes; }

void DeviceLeaf::begin(std::span<const std::size_t> block_pixels) {
  const CurrentDevice here(device_);
  block_pixels_.assign(block_pixels.begin(), block_pixels.end());
  pixels_ = std::reduce(block_pixels.begin(), block_pixels.end());
  images_ = 0;
  Layout at(shape_, Carver(memory_.get()));
  at.planes.pixels = pixels_;
  kernels::cuda::reset_leaves(at.planes, lane_.stream());
}

std::span<std::byte> DeviceLeaf::next() {
  Batch& batch = batches_[turn_];
  if (batch.in_use) {
    const CurrentDevice here(device_);
    batch.copied.wait();
    batch.in_use = false;
  }
  return {static_cast<std::byte*>(batch.memory.get()),
          image_bytes() * static_cast<std::size_t>(shape_.images_at_once)};
}

void DeviceLeaf::add(std::int64_t images) {
  if (images == 0 || pixels_ == 0) return;
  const CurrentDevice here(device_);
  Layout at(shape_, Carver(memory_.get()));
  at.planes.pixels = pixels_;
  Batch& batch = batches_[turn_];
  const auto count = static_cast<std::uint32_t>(images);
  lane_.copy_in(at.batches[turn_], batch.memory.get(), image_bytes() * count);
  batch.in_use = true;
  batch.copied.record(static_cast<cudaStream_t>(lane_.stream()));
  visit_type(shape_.type, [&]<class T>(TypeTag<T>) {
    const T* in = reinterpret_cast<const T*>(at.batches[turn_]);
    kernels::cuda::add_images(in, pixels_, count, images_, at.planes, lane_.stream());
    if (!shape_.of_images) return;
    ImageMoments* rows = at.rows + images_;
    for (const std::size_t pixels : block_pixels_) {
      kernels::cuda::image_moments(in, pixels_, pixels, count, rows, at.scratch, lane_.stream());
      in += pixels;
      rows += kernels::leaf_images;
    }
  });
  images_ += images;
  turn_ = 1 - turn_;
}

/// The same pieces as on the device, at the same places.
void DeviceLeaf::copy_results() {
  const CurrentDevice here(device_);
  const Layout from(shape_, Carver(memory_.get())), to(shape_, Carver(results_.get()));
  const auto copy = [&](auto* out, const auto* in, std::size_t count) {
    if (in) lane_.copy_out(out, in, count * sizeof(*in));
  };
  copy(to.planes.lowest, from.planes.lowest, pixels_);
  copy(to.planes.highest, from.planes.highest, pixels_);
  copy(to.planes.mean, from.planes.mean, pixels_);
  copy(to.planes.m2, from.planes.m2, pixels_);
  copy(to.planes.missing, from.planes.missing, pixels_);
  copy(to.planes.sum, from.planes.sum, pixels_);
  copy(to.planes.squares, from.planes.squares, pixels_);
  copy(to.rows, from.rows, block_pixels_.size() * kernels::leaf_images);
  lane_.wait();
}

namespace {

/// Pixels first .. first + to.pixels - 1 of planes in host memory.
void take_block(const kernels::cuda::LeafPlanes& from, std::size_t first, PixelMoments& to) {
  const auto copy = [&](auto* out, const auto* in) {
    if (to.pixels > 0) std::memcpy(out, in + first, to.pixels * sizeof(*in));
  };
  copy(to.lowest.data(), from.lowest);
  copy(to.highest.data(), from.highest);
  if (to.kind == MomentKind::sums) {
    copy(to.sum.data(), from.sum);
    copy(to.squares.data(), from.squares);
    return;
  }
  copy(to.mean.data(), from.mean);
  copy(to.m2.data(), from.m2);
  copy(to.missing.data(), from.missing);
  to.any_missing = std::ranges::any_of(std::span(to.missing.data(), to.pixels),
                                       [](std::uint32_t missing) { return missing != 0; });
}

}  // namespace

void DeviceLeaf::finish(std::span<PixelMoments> blocks, std::span<ImageMoments> rows) {
  copy_results();
  const Layout found(shape_, Carver(results_.get()));
  std::size_t first = 0;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    blocks[b].reset(found.planes.kind, block_pixels_[b]);
    blocks[b].images = images_;
    take_block(found.planes, first, blocks[b]);
    for (std::size_t k = 0; found.rows && k < rows.size(); ++k)
      kernels::merge(found.rows[b * kernels::leaf_images + k], rows[k]);
    first += block_pixels_[b];
  }
}

}  // namespace quickbeam::cuda
