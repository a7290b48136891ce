// SPDX-License-Identifier: BSD-3-Clause
// What tests of the emulated GPU need: arrays in its memory, a stream, and the check that nothing
// is left of either.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "host/src/cuda/runtime.hpp"
#include "tests/cuda_on_host/emulation.hpp"

namespace quickbeam::test {

/// Each test begins with a fresh emulation, and must leave nothing alive.
class Emulated : public ::testing::Test {
 protected:
  Emulated() { cuda_on_host::reset(); }
  ~Emulated() override {
    EXPECT_EQ(cuda_on_host::alive(), "");
    cuda_on_host::reset();
  }
};

/// `size` elements in device memory, exactly: a kernel that reads or writes beside them is seen.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t size)
      : size_(size), memory_(size == 0 ? nullptr : cuda::device_memory(size * sizeof(T))) {}
  DeviceArray(const std::vector<T>& values, cudaStream_t stream) : DeviceArray(values.size()) {
    QUICKBEAM_CUDA_TRY(
        cudaMemcpyAsync(get(), values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice, stream));
  }
  T* get() const { return static_cast<T*>(memory_.get()); }
  std::size_t size() const { return size_; }
  /// What it holds once all that is queued on `stream` has run.
  std::vector<T> values(cudaStream_t stream) const {
    std::vector<T> copy(size_);
    QUICKBEAM_CUDA_TRY(
        cudaMemcpyAsync(copy.data(), get(), size_ * sizeof(T), cudaMemcpyDeviceToHost, stream));
    QUICKBEAM_CUDA_TRY(cudaStreamSynchronize(stream));
    return copy;
  }

 private:
  std::size_t size_;
  cuda::DeviceMemory memory_;
};

}  // namespace quickbeam::test
