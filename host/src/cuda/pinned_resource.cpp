// SPDX-License-Identifier: BSD-3-Clause
// Page-locked host memory for the buffers of one thread.
#include "host/src/cuda/pinned_resource.hpp"

#include <algorithm>
#include <new>

#include <quickbeam/core/error.hpp>

namespace quickbeam::cuda {

void* PinnedResource::do_allocate(std::size_t bytes, std::size_t) {
  const std::size_t wanted = piece_bytes(bytes);
  const auto fits = [&](const Piece& piece) { return piece.bytes >= wanted; };
  const auto found = std::find_if(free_.begin(), free_.end(), fits);
  if (found != free_.end()) {
    void* const piece = found->begin;
    free_.erase(found);
    return piece;
  }
  if (!fits(rest_)) add_slab(wanted);
  void* const piece = rest_.begin;
  rest_ = {rest_.begin + wanted, rest_.bytes - wanted};
  return piece;
}

void PinnedResource::do_deallocate(void* piece, std::size_t bytes, std::size_t) {
  free_.push_back({static_cast<std::byte*>(piece), piece_bytes(bytes)});
}

void PinnedResource::add_slab(std::size_t at_least) {
  const std::size_t bytes = std::max(at_least, next_slab_);
  try {
    slabs_.push_back(pinned_memory(bytes));
  } catch (const Error&) {
    throw std::bad_alloc();
  }
  next_slab_ = std::min(2 * next_slab_, largest_slab);
  rest_ = {static_cast<std::byte*>(slabs_.back().get()), bytes};
}

}  // namespace quickbeam::cuda
