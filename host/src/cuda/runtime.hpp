// SPDX-License-Identifier: BSD-3-Clause
// The CUDA runtime as quickbeam uses it: checked calls, and owners of streams and memory.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>

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

inline DeviceMemory device_memory(std::size_t bytes) {
  void* p = nullptr;
  QUICKBEAM_CUDA_TRY(cudaMalloc(&p, bytes));
  return DeviceMemory(p);
}

inline PinnedMemory pinned_memory(std::size_t bytes) {
  void* p = nullptr;
  QUICKBEAM_CUDA_TRY(cudaMallocHost(&p, bytes));
  return PinnedMemory(p);
}

}  // namespace quickbeam::cuda
