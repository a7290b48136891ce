// SPDX-License-Identifier: BSD-3-Clause
// A device that may fail, with the CPU behind it: every frame gets the CPU's result or the CPU's
// error, whatever becomes of the device.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <quickbeam/backend.hpp>

namespace quickbeam {

/// What a device does with a batch, as long as it works. Not thread-safe.
class DeviceReducer {
 public:
  virtual ~DeviceReducer() = default;
  /// As Reducer::run, with redo[i] = 1 for frames that the CPU has to do: their outcome is not
  /// looked at. Throws Error when the device fails: LIMIT = too little memory even for one frame
  /// at a time, anything else = it cannot be used any more. Nothing is in flight when it returns or
  /// throws.
  virtual void run(std::span<ReduceTask> tasks, std::span<std::uint8_t> redo) = 0;
  /// As Reducer::tone. Throws Error likewise.
  virtual void tone(std::span<const ToneTask> tasks) = 0;
};

/// Runs on `device` until it fails, then on `cpu`, and says so once in a process.
class FallbackReducer final : public Reducer {
 public:
  /// `name`: of the device, for messages ("cuda:0"); `number`: of the device.
  FallbackReducer(std::string name, int number, std::unique_ptr<DeviceReducer> device,
                  std::unique_ptr<Reducer> cpu);

  void run(std::span<ReduceTask> tasks) override;
  void tone(std::span<const ToneTask> tasks) override;

 private:
  bool usable() const;
  std::string take_over(const ErrorInfo& why);

  std::string name_;
  int number_;
  std::unique_ptr<DeviceReducer> device_;
  std::unique_ptr<Reducer> cpu_;
  std::span<ReduceTask> last_;  ///< the batch last run, which the caller keeps until the next
  std::vector<std::uint8_t> redo_;
};

}  // namespace quickbeam
