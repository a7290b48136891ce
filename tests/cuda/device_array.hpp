// SPDX-License-Identifier: BSD-3-Clause
// Device memory of a test: filled from the host, read back, freed. Its end is the end of the
// allocation, so that a sanitizer sees every element too far.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/cuda/check.hpp"

namespace quickbeam::tests {

template <class T>
class DeviceArray {
 public:
  /// Of what happens to be there.
  explicit DeviceArray(std::size_t size) : size_(size) {
    void* memory = nullptr;
    if (size_ == 0) return;
    kernels::cuda::check(cudaMalloc(&memory, bytes()), "cudaMalloc");
    memory_ = static_cast<T*>(memory);
  }
  DeviceArray(std::size_t size, T value) : DeviceArray(std::vector<T>(size, value)) {}
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    if (size_ == 0) return;
    kernels::cuda::check(cudaMemcpy(memory_, values.data(), bytes(), cudaMemcpyHostToDevice),
                         "cudaMemcpy");
    // Such a copy may still be on its way, and other streams do not wait for it.
    kernels::cuda::check(cudaStreamSynchronize(nullptr), "cudaStreamSynchronize");
  }
  ~DeviceArray() { cudaFree(memory_); }
  DeviceArray(DeviceArray&& other) noexcept : memory_(other.memory_), size_(other.size_) {
    other.memory_ = nullptr;
  }
  DeviceArray& operator=(DeviceArray&&) = delete;

  T* get() const { return memory_; }
  std::size_t size() const { return size_; }

  /// After all queued work.
  std::vector<T> read() const {
    std::vector<T> values(size_);
    kernels::cuda::check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
    if (size_ > 0)
      kernels::cuda::check(cudaMemcpy(values.data(), memory_, bytes(), cudaMemcpyDeviceToHost),
                           "cudaMemcpy");
    return values;
  }
  /// After the work queued on `stream`, and none of other streams.
  std::vector<T> read(cudaStream_t stream) const {
    std::vector<T> values(size_);
    if (size_ > 0)
      kernels::cuda::check(
          cudaMemcpyAsync(values.data(), memory_, bytes(), cudaMemcpyDeviceToHost, stream),
          "cudaMemcpyAsync");
    kernels::cuda::check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
    return values;
  }

 private:
  std::size_t bytes() const { return size_ * sizeof(T); }

  T* memory_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace quickbeam::tests
