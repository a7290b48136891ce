// SPDX-License-Identifier: BSD-3-Clause
// Batches of frames on a GPU: compressed bytes go in, reduced frames or pictures come out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <quickbeam/backend.hpp>

#include "host/src/cuda/piece_runner.hpp"
#include "host/src/fallback_reducer.hpp"

namespace quickbeam::cuda {

/// One lane of work with its memory. Waits once a batch, and once more where the host chooses a cut
/// or a tone in between. Memory is taken at the first batch. Not thread-safe.
class CudaReducer final : public DeviceReducer {
 public:
  explicit CudaReducer(const ReducePlan& plan);
  ~CudaReducer() override;

  void run(std::span<ReduceTask> tasks, std::span<std::uint8_t> redo) override;
  void tone(std::span<const ToneTask> tasks) override;

 private:
  void run_batch(std::span<ReduceTask> tasks, std::span<std::uint8_t> redo, bool may_stay);
  void reserve_for(std::span<const ReduceTask> tasks);
  void upload_tables();
  Piece next_piece(std::span<ReduceTask> tasks, std::span<std::uint8_t> redo, std::size_t at) const;
  bool is_streams(const ReduceTask& task) const;
  void fetch(std::span<ReduceTask> tasks, bool may_stay);
  void fetch_image(std::size_t i, ReduceTask& task);
  void settle(std::size_t i, ReduceTask& task, std::uint8_t& redo) const;
  template <class K>
  void tone_as(std::span<const ToneTask> tasks);

  ReducePlan plan_;
  bool can_fuse_;
  std::unique_ptr<PieceRunner> runner_;
  std::optional<Lane> lane_;  ///< made at the first batch, on the plan's device
  BatchMemory memory_;
  std::size_t in_batch_ = 0;  ///< frames of the last batch that are still there
};

}  // namespace quickbeam::cuda
