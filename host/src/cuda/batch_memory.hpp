// SPDX-License-Identifier: BSD-3-Clause
// All memory of one reducer on a device and on the host: allocated once, and again only when larger
// streams or larger batches come.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <quickbeam/backend.hpp>

#include "host/src/cuda/arena.hpp"
#include "host/src/cuda/runtime.hpp"
#include "kernels/levels_cuda.hpp"
#include "kernels/stream_reduce_cuda.hpp"

namespace quickbeam::cuda {

/// How much a reducer wants at once.
struct BatchSize {
  std::size_t kept = 0;     ///< frames whose results are kept
  std::size_t at_once = 0;  ///< frames decoded at once, at most `kept`
  std::size_t slot = 0;     ///< bytes of the longest stream, with padding
  bool planes = false;      ///< frames of full size are needed

  bool covers(const BatchSize& other) const {
    return kept >= other.kept && at_once >= other.at_once && slot >= other.slot &&
           (planes || !other.planes);
  }
};

/// Sizes that do not change with the batch.
struct BatchShape {
  std::size_t group = 1;            ///< frames added before the reduction
  std::size_t pixels = 0;           ///< of a frame
  std::size_t plane_bytes = 0;      ///< of a pixel of a plane
  bool flags = false;               ///< planes have flags beside them
  bool mask = false;                ///< there is a user mask
  bool counts = false;              ///< raw histograms are wanted
  std::size_t reduced_pixels = 0;   ///< of a reduced frame
  std::size_t value_bytes = 0;      ///< of a value of it
  std::size_t steps_bytes = 0;      ///< of the tone steps of a frame
  PixelType type = PixelType::i32;  ///< of stored pixels
  Extent extent{};
  ReduceSpec spec{};
};

/// Pieces of device memory.
struct DevicePieces {
  std::uint8_t* input = nullptr;                 ///< [at_once][slot]
  const std::uint8_t** slots = nullptr;          ///< [at_once]: where each slot begins
  std::uint64_t* sizes = nullptr;                ///< [group][kept]
  void* clip = nullptr;                          ///< [kept] of 8 bytes
  void* index = nullptr;                         ///< of at_once streams
  void* planes = nullptr;                        ///< [at_once][pixels]
  std::uint8_t* flags = nullptr;                 ///< [at_once][pixels]
  std::uint8_t* mask = nullptr;                  ///< [pixels]
  std::uint32_t* counts = nullptr;               ///< [at_once][bins]
  std::byte* values = nullptr;                   ///< [kept][reduced_pixels]
  std::uint8_t* saturated = nullptr;             ///< [kept][reduced_pixels]
  kernels::cuda::ReducedFacts* facts = nullptr;  ///< [kept]
  std::byte* steps = nullptr;                    ///< [kept]
  std::uint8_t* pictures = nullptr;              ///< [kept][reduced_pixels]
  void* scratch = nullptr;
};

/// Pieces of pinned host memory. What is copied from here stays until the batch is done.
struct PinnedPieces {
  const std::uint8_t** slots = nullptr;
  std::uint64_t* sizes = nullptr;
  void* clip = nullptr;
  std::uint32_t* counts = nullptr;
  kernels::cuda::StreamVerdict* verdicts = nullptr;  ///< [group][kept]
  kernels::cuda::ReducedFacts* facts = nullptr;
  std::byte* steps = nullptr;
};

/// The memory of one reducer. Not thread-safe; the device is current during every call.
class BatchMemory {
 public:
  explicit BatchMemory(const BatchShape& shape, unsigned sharers)
      : shape_(shape), sharers_(sharers) {}

  /// Makes room for `wanted`, or for as much of it as the memory allows. Throws Error LIMIT when it
  /// is too little for one frame. What was in the memory is lost when it returns true.
  bool reserve(const BatchSize& wanted);

  const BatchShape& shape() const { return shape_; }
  const BatchSize& size() const { return size_; }
  const DevicePieces& device() const { return device_; }
  const PinnedPieces& pinned() const { return pinned_; }

 private:
  static DevicePieces carve_device(Carver& carver, const BatchShape& shape, const BatchSize& size);
  static PinnedPieces carve_pinned(Carver& carver, const BatchShape& shape, const BatchSize& size);
  bool fits(const BatchSize& size, std::size_t most) const;
  bool try_allocate(const BatchSize& size);
  void allocate(const BatchSize& size);
  void release();
  std::size_t budget() const;

  BatchShape shape_;
  unsigned sharers_;
  BatchSize size_;
  BatchSize most_{.kept = ~std::size_t{0}, .at_once = ~std::size_t{0}};  ///< found by failing
  DeviceMemory device_block_;
  PinnedMemory pinned_block_;
  DevicePieces device_;
  PinnedPieces pinned_;
};

}  // namespace quickbeam::cuda
