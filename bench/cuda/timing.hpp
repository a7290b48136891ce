// SPDX-License-Identifier: BSD-3-Clause
// Time of work on the device, by events, and of work that the host waits for, by its clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

#include "bench/cuda/report.hpp"
#include "host/src/cuda/runtime.hpp"

namespace quickbeam::bench {

/// How long to measure.
struct Effort {
  int warm_up = 3;
  int repeats = 15;             ///< 0: one turn, which is the time as well
  double least_seconds = 2e-3;  ///< of one measurement on the device, made of so many turns
  std::size_t most_turns = 200;
};

/// An event that keeps the time.
class TimeMark {
 public:
  TimeMark() { QUICKBEAM_CUDA_TRY(cudaEventCreateWithFlags(&event_, cudaEventDefault)); }
  TimeMark(const TimeMark&) = delete;
  TimeMark& operator=(const TimeMark&) = delete;
  ~TimeMark() { (void)cudaEventDestroy(event_); }
  void record(cudaStream_t stream) { QUICKBEAM_CUDA_TRY(cudaEventRecord(event_, stream)); }
  /// Waits for `end`.
  static double seconds_between(const TimeMark& begin, const TimeMark& end) {
    float milliseconds = 0;
    QUICKBEAM_CUDA_TRY(cudaEventSynchronize(end.event_));
    QUICKBEAM_CUDA_TRY(cudaEventElapsedTime(&milliseconds, begin.event_, end.event_));
    return milliseconds * 1e-3;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

/// Does one turn of the work; turns are numbered from 0, so that each can take other inputs.
using Turn = std::function<void(std::size_t turn)>;

/// `queue` queues one turn on `stream`. Times of one turn.
inline Times time_on_device(cudaStream_t stream, const Effort& effort, const Turn& queue) {
  TimeMark begin, end;
  std::size_t turn = 0;
  const auto measure = [&](std::size_t turns) {
    begin.record(stream);
    for (std::size_t i = 0; i < turns; ++i) queue(turn++);
    end.record(stream);
    return TimeMark::seconds_between(begin, end) / static_cast<double>(turns);
  };
  for (int i = 0; i < effort.warm_up; ++i) measure(1);
  const double once = std::max(measure(1), 1e-7);
  if (effort.repeats == 0) return summarise({once});
  const auto turns = static_cast<std::size_t>(
      std::clamp(effort.least_seconds / once, 1.0, static_cast<double>(effort.most_turns)));
  std::vector<double> seconds;
  for (int i = 0; i < effort.repeats; ++i) seconds.push_back(measure(turns));
  return summarise(std::move(seconds));
}

/// `run` returns when the turn is done. Wall-clock times of one turn.
inline Times time_on_host(const Effort& effort, const Turn& run) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> seconds;
  std::size_t turn = 0;
  for (int i = 0; i < effort.warm_up; ++i) run(turn++);
  for (int i = 0; i < std::max(1, effort.repeats); ++i) {
    const auto start = Clock::now();
    run(turn++);
    seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  return summarise(std::move(seconds));
}

}  // namespace quickbeam::bench
