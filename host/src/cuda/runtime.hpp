// SPDX-License-Identifier: BSD-3-Clause
// The CUDA runtime as quickbeam uses it: checked calls, and owners of streams and memory.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <string>

#include "kernels/cuda/check.hpp"

namespace quickbeam::cuda {

using kernels::cuda::check;

#define QUICKBEAM_CUDA_TRY(call) ::quickbeam::cuda::check((call), #call)

/// Makes a device current for a scope; the caller's comes back at its end.
class CurrentDevice {
 public:
  explicit CurrentDevice(int device) {
    QUICKBEAM_CUDA_TRY(cudaGetDevice(&previous_));
    QUICKBEAM_CUDA_TRY(cudaSetDevice(device));
  }
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;
  ~CurrentDevice() { (void)cudaSetDevice(previous_); }

 private:
  int previous_ = 0;
};

struct StreamDeleter {
  using pointer = cudaStream_t;
  void operator()(cudaStream_t stream) const noexcept { (void)cudaStreamDestroy(stream); }
};
using Stream = std::unique_ptr<cudaStream_t, StreamDeleter>;

inline Stream make_stream() {
  cudaStream_t stream = nullptr;
  QUICKBEAM_CUDA_TRY(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return Stream(stream);
}

struct DeviceDeleter {
  void operator()(void* p) const noexcept { (void)cudaFree(p); }
};
struct PinnedDeleter {
  void operator()(void* p) const noexcept { (void)cudaFreeHost(p); }
};
using DeviceMemory = std::unique_ptr<void, DeviceDeleter>;
using PinnedMemory = std::unique_ptr<void, PinnedDeleter>;

/// Queues a copy; from or to memory that is not pinned it returns once that was read or written.
inline void copy_async(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                       cudaStream_t stream) {
  QUICKBEAM_CUDA_TRY(cudaMemcpyAsync(to, from, bytes, kind, stream));
}

/// Queues the filling with zeros.
inline void clear_async(void* memory, std::size_t bytes, cudaStream_t stream) {
  QUICKBEAM_CUDA_TRY(cudaMemsetAsync(memory, 0, bytes, stream));
}

/// Waits without throwing, for ways out of a failure.
inline cudaError_t synchronize_unchecked(cudaStream_t stream) noexcept {
  return cudaStreamSynchronize(stream);
}

/// The end of what was queued; waiting for it sleeps instead of spinning.
class Event {
 public:
  Event() {
    QUICKBEAM_CUDA_TRY(
        cudaEventCreateWithFlags(&event_, cudaEventBlockingSync | cudaEventDisableTiming));
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { (void)cudaEventDestroy(event_); }
  void record(cudaStream_t stream) { QUICKBEAM_CUDA_TRY(cudaEventRecord(event_, stream)); }
  void wait() { QUICKBEAM_CUDA_TRY(cudaEventSynchronize(event_)); }

 private:
  cudaEvent_t event_ = nullptr;
};

/// Bytes free on the current device.
inline std::size_t free_device_memory() {
  std::size_t free = 0, total = 0;
  QUICKBEAM_CUDA_TRY(cudaMemGetInfo(&free, &total));
  return free;
}

inline DeviceMemory device_memory(std::size_t bytes) {
  void* p = nullptr;
  QUICKBEAM_CUDA_TRY(cudaMalloc(&p, bytes));
  return DeviceMemory(p);
}

/// Pinned for every device, not only the current one.
inline PinnedMemory pinned_memory(std::size_t bytes) {
  void* p = nullptr;
  QUICKBEAM_CUDA_TRY(cudaHostAlloc(&p, bytes, cudaHostAllocPortable));
  return PinnedMemory(p);
}

inline int device_count() {
  int count = 0;
  QUICKBEAM_CUDA_TRY(cudaGetDeviceCount(&count));
  return count;
}

inline cudaDeviceProp properties_of(int device) {
  cudaDeviceProp properties{};
  QUICKBEAM_CUDA_TRY(cudaGetDeviceProperties(&properties, device));
  return properties;
}

/// Empty when device `device` can run this build's kernels; else the reason: no driver, a driver
/// too old, no device, no such device, or no kernels for it in this build.
std::string unusable_because(int device);

}  // namespace quickbeam::cuda
