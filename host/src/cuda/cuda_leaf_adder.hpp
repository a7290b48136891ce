// SPDX-License-Identifier: BSD-3-Clause
// Leaves of statistics on a GPU, with the CPU behind it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "host/src/cuda/device_leaf.hpp"
#include "host/src/leaf_adder.hpp"

namespace quickbeam::cuda {

/// Leaves whose images can all be read and are not masked are added on the device, all others, and
/// all once the device has failed, on the CPU: the bits are the same.
class CudaLeafAdder final : public LeafAdder {
 public:
  explicit CudaLeafAdder(const LeafSource& source);

  LeafOutcome add(const LeafTask& task, Planes& planes,
                  std::span<kernels::ImageMoments> rows) override;
  std::string take_notice() override { return std::exchange(notice_, {}); }

 private:
  bool is_for_device(const LeafTask& task, std::size_t images) const;
  void prepare(const LeafTask& task);
  void take_memory();
  /// False when an image could not be read.
  bool load_and_queue(const LeafTask& task, std::int64_t images);

  LeafSource source_;
  ImageReader reader_;
  std::unique_ptr<LeafAdder> cpu_;
  std::optional<DeviceLeaf> leaf_;
  DeviceLeaf::Shape shape_{};
  std::string notice_;
};

}  // namespace quickbeam::cuda
