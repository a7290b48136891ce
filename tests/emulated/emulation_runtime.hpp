// SPDX-License-Identifier: BSD-3-Clause
// What the tests of the emulated runtime share.
#pragma once

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include "host/src/cuda/runtime.hpp"
#include "kernels/cuda/launch.cuh"
#include "tests/cuda/device_array.hpp"
#include "tests/cuda_on_host/emulation.hpp"

namespace quickbeam::cuda_on_host {

using kernels::cuda::launch;
using tests::DeviceArray;

class EmulatedRuntime : public ::testing::Test {};
using EmulatedRuntimeDeathTest = EmulatedRuntime;

inline __global__ void add(int* data, int value) { data[threadIdx.x] += value; }
inline __global__ void store(int* data, unsigned at, int value) { data[at] = value; }

struct Pinned {
  explicit Pinned(std::size_t size) : memory(cuda::pinned_memory(size * sizeof(int))) {}
  int* get() const { return static_cast<int*>(memory.get()); }
  cuda::PinnedMemory memory;
};

}  // namespace quickbeam::cuda_on_host
