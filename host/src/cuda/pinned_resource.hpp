// SPDX-License-Identifier: BSD-3-Clause
// Page-locked host memory for the buffers of one thread, taken in slabs and kept: locking pages is
// slow, and the copy engines run at full speed only from such memory.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <vector>

#include "host/src/cuda/runtime.hpp"

namespace quickbeam::cuda {

/// Cuts slabs into pieces. A piece that comes back is given to the next buffer that fits in.
/// Throws std::bad_alloc when no more pages can be locked: buffers then do without. Not
/// thread-safe.
class PinnedResource final : public std::pmr::memory_resource {
 private:
  struct Piece {
    std::byte* begin;
    std::size_t bytes;
  };
  static constexpr std::size_t first_slab = std::size_t{16} << 20;
  static constexpr std::size_t largest_slab = std::size_t{128} << 20;
  static constexpr std::size_t alignment_of_pieces = 256;

  static std::size_t piece_bytes(std::size_t bytes) {
    return (bytes + alignment_of_pieces - 1) / alignment_of_pieces * alignment_of_pieces;
  }

  void* do_allocate(std::size_t bytes, std::size_t) override;
  void do_deallocate(void* piece, std::size_t bytes, std::size_t) override;
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
  void add_slab(std::size_t at_least);

  std::vector<PinnedMemory> slabs_;
  std::size_t next_slab_ = first_slab;
  Piece rest_{};             ///< of the last slab
  std::vector<Piece> free_;  ///< pieces that came back
};

}  // namespace quickbeam::cuda
