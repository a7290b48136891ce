// SPDX-License-Identifier: BSD-3-Clause
// The kernels that take a few frames from their bytes on the device to reduced frames there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <quickbeam/backend.hpp>

#include "host/src/cuda/batch_memory.hpp"
#include "host/src/cuda/lane.hpp"

namespace quickbeam::cuda {

/// Frames of a launch: enough to fill a large card (docs/decisions/0018).
inline constexpr std::size_t frames_of_a_batch = 16;
/// With frames of full size in between: few, so that they stay in the cache between two kernels.
inline constexpr std::size_t planes_of_a_batch = 4;

/// Tasks that go through the same kernels together, all with groups of one size.
struct Piece {
  std::span<ReduceTask> tasks{};
  std::span<std::uint8_t> redo{};       ///< 1 = the CPU has to do it
  std::size_t first = 0;                ///< the place of tasks[0] in the batch kept
  bool streams = false;                 ///< byte-offset streams, decoded on the device
  bool fused = false;                   ///< reduced while they are decoded
  ByteOrder order = ByteOrder::little;  ///< of raw values

  std::uint32_t frames() const { return static_cast<std::uint32_t>(tasks.size()); }
  std::size_t group() const { return tasks.front().group.size(); }
};

/// For frames of one stored type. Everything is queued on the lane; only where the host chooses a
/// cut from histograms is there a wait. Not thread-safe.
class PieceRunner {
 public:
  virtual ~PieceRunner() = default;
  /// Whether frames in this encoding are decoded on the device.
  virtual bool decodes(Encoding encoding) const = 0;
  /// From the tasks' payloads to reduced frames `piece.first` and on in `memory`.
  virtual void run(const Piece& piece, BatchMemory& memory, Lane& lane) = 0;
};

/// What the memory of a reducer depends on.
BatchShape shape_of(const ReducePlan& plan);

/// The type of reduced values.
PixelType value_type_of(const ReducePlan& plan);

/// The reduced frames [first, first + frames) of a batch.
kernels::cuda::ReducedPlanes reduced_planes(const ReducePlan& plan, const BatchMemory& memory,
                                            std::size_t first, std::size_t frames);

std::unique_ptr<PieceRunner> make_piece_runner(const ReducePlan& plan);

}  // namespace quickbeam::cuda
