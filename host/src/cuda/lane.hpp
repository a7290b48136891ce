// SPDX-License-Identifier: BSD-3-Clause
// One line of work on a device: a stream, what is copied on it, and the waiting for its end.
#pragma once

#include <cstddef>

#include "host/src/cuda/runtime.hpp"

namespace quickbeam::cuda {

/// Belongs to the device that is current when it is made. Not thread-safe.
class Lane {
 public:
  Lane() : stream_(make_stream()) {}

  void* stream() const { return stream_.get(); }

  void copy_in(void* to, const void* from, std::size_t bytes) {
    if (bytes > 0) copy_async(to, from, bytes, cudaMemcpyHostToDevice, stream_.get());
  }
  void copy_out(void* to, const void* from, std::size_t bytes) {
    if (bytes > 0) copy_async(to, from, bytes, cudaMemcpyDeviceToHost, stream_.get());
  }
  void clear(void* memory, std::size_t bytes) { clear_async(memory, bytes, stream_.get()); }

  /// Sleeps until all that was queued is done. Throws Error, also for faults of earlier kernels.
  void wait() {
    done_.record(stream_.get());
    done_.wait();
  }
  /// The same when something has failed already: no copy is in flight afterwards.
  void quiesce() noexcept { (void)synchronize_unchecked(stream_.get()); }

 private:
  Stream stream_;
  Event done_;
};

}  // namespace quickbeam::cuda
