// SPDX-License-Identifier: BSD-3-Clause
// Many items, a few threads, results in the order of the items: the ring between reading and
// writing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace quickbeam {

/// Runs items 0 .. count-1 on `threads` threads. Each thread makes one worker (its slot: buffers,
/// plans) and calls `worker(index)`; `deliver(index, result)` is called once an item, in order, one
/// call at a time, on any of the threads. At most 4 x threads results wait, so memory is bounded.
/// `stop` set = no further item is begun; what was begun is delivered. An exception of a worker or
/// of deliver stops the run and is thrown here; a failed item should be a value in the result.
template <class Result>
class Pipeline {
 public:
  Pipeline(std::size_t count, unsigned threads, const std::atomic<bool>& stop)
      : count_(count), threads_(threads == 0 ? 1 : threads), stop_(stop), ring_(4 * threads_) {}

  template <class MakeWorker, class Deliver>
  void run(MakeWorker&& make_worker, Deliver&& deliver) {
    std::vector<std::thread> pool;
    for (unsigned i = 1; i < threads_; ++i) pool.emplace_back([&] { work(make_worker, deliver); });
    work(make_worker, deliver);
    for (auto& thread : pool) thread.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  template <class MakeWorker, class Deliver>
  void work(MakeWorker& make_worker, Deliver& deliver) {
    try {
      auto worker = make_worker();
      while (const auto index = claim()) finish(*index, worker(*index), deliver);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      space_.notify_all();
    }
  }

  /// The next item, once there is room in the ring for its result.
  std::optional<std::size_t> claim() {
    std::unique_lock lock(mutex_);
    space_.wait(lock, [&] { return failure_ || claimed_ < delivered_ + ring_.size(); });
    if (failure_ || stop_ || claimed_ == count_) return std::nullopt;
    return claimed_++;
  }

  template <class Deliver>
  void finish(std::size_t index, Result result, Deliver& deliver) {
    const std::lock_guard lock(mutex_);
    ring_[index % ring_.size()] = std::move(result);
    while (delivered_ < count_ && ring_[delivered_ % ring_.size()]) {
      auto& slot = ring_[delivered_ % ring_.size()];
      Result ready = std::move(*slot);
      slot.reset();
      deliver(delivered_++, std::move(ready));
    }
    space_.notify_all();
  }

  std::size_t count_;
  unsigned threads_;
  const std::atomic<bool>& stop_;
  std::vector<std::optional<Result>> ring_;
  std::mutex mutex_;
  std::condition_variable space_;
  std::size_t claimed_ = 0, delivered_ = 0;
  std::exception_ptr failure_;
};

}  // namespace quickbeam
