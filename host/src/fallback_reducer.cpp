// SPDX-License-Identifier: BSD-3-Clause
// A device that may fail, with the CPU behind it.
#include "host/src/fallback_reducer.hpp"

#include <algorithm>
#include <utility>

#include "host/src/device_health.hpp"
#include "kernels/tone.hpp"

namespace quickbeam {

FallbackReducer::FallbackReducer(std::string name, int number,
                                 std::unique_ptr<DeviceReducer> device,
                                 std::unique_ptr<Reducer> cpu)
    : name_(std::move(name)), number_(number), device_(std::move(device)), cpu_(std::move(cpu)) {}

bool FallbackReducer::usable() const { return dead_because(number_).empty(); }

std::string FallbackReducer::take_over(const ErrorInfo& why) {
  return take_over_from(number_, name_, "a frame", why);
}

void FallbackReducer::run(std::span<ReduceTask> tasks) {
  last_ = tasks;
  if (tasks.empty()) return;
  redo_.assign(tasks.size(), 1);
  std::string notice;
  if (usable()) {
    try {
      std::fill(redo_.begin(), redo_.end(), std::uint8_t{0});
      device_->run(tasks, redo_);
    } catch (const Error& error) {
      std::fill(redo_.begin(), redo_.end(), std::uint8_t{1});
      notice = take_over(error.info());
    }
  }
  for (std::size_t i = 0; i < tasks.size(); ++i)
    if (redo_[i]) cpu_->run(tasks.subspan(i, 1));
  tasks.front().outcome.notice += notice;
}

void FallbackReducer::tone(std::span<const ToneTask> tasks) {
  std::string notice;
  if (usable()) {
    try {
      return device_->tone(tasks);
    } catch (const Error& error) {
      notice = take_over(error.info());
    }
  }
  for (const ToneTask& tone : tasks) {
    ReduceTask& task = last_[tone.task];
    cpu_->run({&task, 1});
    if (!task.outcome.error) kernels::apply_tone(*task.image, *tone.table, tone.picture);
    task.outcome.notice += std::exchange(notice, {});
  }
}

}  // namespace quickbeam
