// SPDX-License-Identifier: BSD-3-Clause
// All memory of one reducer on a device and on the host.
#include "host/src/cuda/batch_memory.hpp"

#include <quickbeam/core/error.hpp>

#include "kernels/row_ops.hpp"

namespace quickbeam::cuda {
namespace {

/// Streams of a collection differ by some per cent: room for those to come.
constexpr std::size_t with_room(std::size_t bytes) {
  constexpr std::size_t alignment = kernels::cuda::stream_alignment;
  return (bytes + bytes / 8 + alignment - 1) / alignment * alignment;
}

/// The part of the free memory that is left to others, and to what the driver takes by itself.
constexpr std::size_t margin_divisor = 8;

std::size_t scratch_bytes(const BatchShape& shape, const BatchSize& size) {
  const auto at_once = static_cast<std::uint32_t>(size.at_once);
  std::size_t bytes = kernels::cuda::measure_bytes(static_cast<std::uint32_t>(size.kept));
  if (kernels::cuda::can_reduce_streams(shape.type, shape.extent, shape.spec))
    bytes = std::max(
        bytes, kernels::cuda::stream_reduce_bytes(at_once, shape.type, shape.extent, shape.spec));
  const auto by =
      shape.flags ? kernels::cuda::SaturatedBy::flags : kernels::cuda::SaturatedBy::value;
  if (size.planes)
    bytes = std::max(bytes, kernels::cuda::plane_reduce_bytes(at_once, shape.extent,
                                                              shape.plane_bytes, shape.spec, by));
  return bytes;
}

/// Half as much at once, then half as much in all.
BatchSize halved(BatchSize size) {
  if (size.at_once > 1) {
    size.at_once /= 2;
    if (!size.planes) size.kept = size.at_once;
  } else {
    size.kept /= 2;
  }
  return size;
}

}  // namespace

DevicePieces BatchMemory::carve_device(Carver& carver, const BatchShape& shape,
                                       const BatchSize& size) {
  DevicePieces p;
  const std::size_t planes = size.planes ? size.at_once * shape.pixels : 0;
  const std::size_t reduced = size.kept * shape.reduced_pixels;
  p.input = carver.take<std::uint8_t>(size.at_once * size.slot);
  p.slots = carver.take<const std::uint8_t*>(size.at_once);
  p.sizes = carver.take<std::uint64_t>(shape.group * size.kept);
  p.clip = carver.take<std::uint64_t>(size.kept);
  p.index = carver.take<std::byte>(
      kernels::cuda::stream_index_bytes(static_cast<std::uint32_t>(size.at_once), size.slot));
  p.planes = carver.take<std::byte>(planes * shape.plane_bytes);
  if (shape.flags) p.flags = carver.take<std::uint8_t>(planes);
  if (shape.mask) p.mask = carver.take<std::uint8_t>(shape.pixels);
  if (shape.counts)
    p.counts = carver.take<std::uint32_t>(size.at_once * kernels::raw_histogram_bins);
  p.values = carver.take<std::byte>(reduced * shape.value_bytes);
  p.saturated = carver.take<std::uint8_t>(reduced);
  p.facts = carver.take<kernels::cuda::ReducedFacts>(size.kept);
  p.steps = carver.take<std::byte>(size.kept * shape.steps_bytes);
  p.pictures = carver.take<std::uint8_t>(reduced);
  p.scratch = carver.take<std::byte>(scratch_bytes(shape, size));
  return p;
}

PinnedPieces BatchMemory::carve_pinned(Carver& carver, const BatchShape& shape,
                                       const BatchSize& size) {
  PinnedPieces p;
  p.slots = carver.take<const std::uint8_t*>(size.at_once);
  p.sizes = carver.take<std::uint64_t>(shape.group * size.kept);
  p.clip = carver.take<std::uint64_t>(size.kept);
  if (shape.counts)
    p.counts = carver.take<std::uint32_t>(size.at_once * kernels::raw_histogram_bins);
  p.verdicts = carver.take<kernels::cuda::StreamVerdict>(shape.group * size.kept);
  p.facts = carver.take<kernels::cuda::ReducedFacts>(size.kept);
  p.steps = carver.take<std::byte>(size.kept * shape.steps_bytes);
  return p;
}

/// This reducer's share of what is free now.
std::size_t BatchMemory::budget() const {
  const std::size_t free = free_device_memory();
  return (free - free / margin_divisor) / std::max(1u, sharers_);
}

bool BatchMemory::reserve(const BatchSize& wanted) {
  BatchSize size = wanted;
  size.kept = std::min(size.kept, most_.kept);
  size.at_once = std::min(size.at_once, most_.at_once);
  if (size_.covers(size)) return false;
  size.kept = std::max(size.kept, size_.kept);
  size.at_once = std::max(size.at_once, size_.at_once);
  size.slot = std::max(with_room(size.slot), size_.slot);
  size.planes |= size_.planes;
  release();
  const std::size_t most = budget();
  for (bool less = false;; less = true, size = halved(size)) {
    if (size.kept == 0)
      fail({.code = ErrorCode::limit,
            .format = "CUDA",
            .field = "device memory",
            .expected = "enough for one frame",
            .found = std::to_string(most >> 20) + " MiB"});
    if (!fits(size, most) || !try_allocate(size)) continue;
    if (less) most_ = size;
    return true;
  }
}

/// One frame is tried even where it is more than this reducer's share.
bool BatchMemory::fits(const BatchSize& size, std::size_t most) const {
  Carver counter;
  carve_device(counter, shape_, size);
  return counter.bytes() <= most || size.kept == 1;
}

/// False when the memory is too short.
bool BatchMemory::try_allocate(const BatchSize& size) {
  try {
    allocate(size);
    return true;
  } catch (const Error& error) {
    release();
    if (error.info().code != ErrorCode::limit) throw;
    return false;
  }
}

void BatchMemory::allocate(const BatchSize& size) {
  Carver device_counter, pinned_counter;
  carve_device(device_counter, shape_, size);
  carve_pinned(pinned_counter, shape_, size);
  device_block_ = device_memory(device_counter.bytes());
  pinned_block_ = pinned_memory(pinned_counter.bytes());
  Carver device(device_block_.get()), pinned(pinned_block_.get());
  device_ = carve_device(device, shape_, size);
  pinned_ = carve_pinned(pinned, shape_, size);
  for (std::size_t i = 0; i < size.at_once; ++i) pinned_.slots[i] = device_.input + i * size.slot;
  size_ = size;
}

void BatchMemory::release() {
  device_block_.reset();
  pinned_block_.reset();
  device_ = {};
  pinned_ = {};
  size_ = {};
}

}  // namespace quickbeam::cuda
