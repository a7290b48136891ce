// SPDX-License-Identifier: BSD-3-Clause
// The emulated runtime: faults come when asked for, and what no GPU would take is refused.
#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "tests/emulated/emulation_runtime.hpp"

namespace quickbeam::cuda_on_host {
namespace {

TEST_F(EmulatedRuntime, TheNthCallFailsOnce) {
  fail_call("cudaMalloc", 2, cudaErrorUnknown);
  void* memory = nullptr;
  ASSERT_EQ(cudaMalloc(&memory, 4), cudaSuccess);
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaErrorUnknown);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorUnknown);
  ASSERT_EQ(cudaMalloc(&memory, 4), cudaSuccess);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorUnknown);  // a success does not clear it
  EXPECT_EQ(cudaGetLastError(), cudaErrorUnknown);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(cudaFree(memory), cudaSuccess);
  EXPECT_EQ(calls("cudaMalloc"), 3);
}

TEST_F(EmulatedRuntime, AStickyFaultBreaksEveryLaterCall) {
  const cuda::Stream stream = cuda::make_stream();
  const DeviceArray<int> data(1);
  fail_call("cudaLaunchKernelEx", 1, cudaErrorLaunchFailure, Lasting::sticky, Surfacing::later);
  set_progress(Progress::late);
  launch("add", add, 1, 1, stream.get(), data.get(), 1);  // the launch itself is accepted
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream.get()), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);  // it cannot be cleared
  void* memory = nullptr;
  int count = 0;
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorLaunchFailure);
  EXPECT_STREQ(cudaGetErrorName(cudaErrorLaunchFailure), "cudaErrorLaunchFailure");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorLaunchFailure), "unspecified launch failure");
}

TEST_F(EmulatedRuntime, AFaultOfQueuedWorkSurfacesOnce) {
  const cuda::Stream stream = cuda::make_stream(), other = cuda::make_stream();
  const DeviceArray<int> data(std::vector<int>{7});
  QUICKBEAM_CUDA_TRY(cudaStreamSynchronize(stream.get()));
  set_progress(Progress::late);
  fail_call("cudaMemsetAsync", 1, cudaErrorUnknown, Lasting::once, Surfacing::later);
  EXPECT_EQ(cudaMemsetAsync(data.get(), 0, 4, stream.get()), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(other.get()), cudaSuccess);  // it has not run yet
  EXPECT_EQ(cudaStreamSynchronize(stream.get()), cudaErrorUnknown);
  EXPECT_EQ(cudaStreamSynchronize(stream.get()), cudaSuccess);
  EXPECT_EQ(data.read(stream.get())[0], 7);  // what failed was not done
}

TEST_F(EmulatedRuntime, DevicesAndDriversCanBeMissing) {
  int count = -1;
  set_devices(2);
  ASSERT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(count, 2);
  cudaDeviceProp properties{};
  ASSERT_EQ(cudaGetDeviceProperties(&properties, 1), cudaSuccess);
  EXPECT_STREQ(properties.name, "host emulation (no GPU)");
  EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
  set_devices(0);
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorNoDevice);
  set_driver(cudaErrorInsufficientDriver);
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorInsufficientDriver);
  int version = -1;
  EXPECT_EQ(cudaDriverGetVersion(&version), cudaSuccess);
  EXPECT_EQ(version, 0);
}

TEST_F(EmulatedRuntime, KernelsForAnotherCardAreRefused) {
  const cuda::Stream stream = cuda::make_stream();
  const DeviceArray<int> data(1);
  set_kernel_image(cudaErrorNoKernelImageForDevice);
  EXPECT_THROW(launch("add", add, 1, 1, stream.get(), data.get(), 1), Error);
  cudaFuncAttributes attributes{};
  EXPECT_EQ(cudaFuncGetAttributes(&attributes, add), cudaErrorNoKernelImageForDevice);
  set_kernel_image(cudaSuccess);
  EXPECT_EQ(cudaFuncGetAttributes(&attributes, add), cudaSuccess);
}

TEST_F(EmulatedRuntime, LaunchesNoGpuWouldTakeAreRefused) {
  const cuda::Stream stream = cuda::make_stream();
  const DeviceArray<int> data(1);
  const auto status = [&](dim3 grid, dim3 block, cudaStream_t on) {
    cudaLaunchConfig_t config{};
    config.gridDim = grid, config.blockDim = block, config.stream = on;
    return cudaLaunchKernelEx(&config, store, data.get(), 0u, 1);
  };
  EXPECT_EQ(status(1, 1, stream.get()), cudaSuccess);
  EXPECT_EQ(status(1, 1025, stream.get()), cudaErrorInvalidConfiguration);
  EXPECT_EQ(status(dim3(1, 65536), 1, stream.get()), cudaErrorInvalidConfiguration);
  EXPECT_EQ(status(0, 1, stream.get()), cudaErrorInvalidConfiguration);
  set_devices(2);
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);  // the stream is of device 0
  EXPECT_EQ(status(1, 1, stream.get()), cudaErrorInvalidResourceHandle);
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  QUICKBEAM_CUDA_TRY(cudaStreamSynchronize(stream.get()));
}

TEST_F(EmulatedRuntime, SettingsOfTheEnvironment) {
  setenv("QUICKBEAM_EMULATED_DEVICES", "3", 1);
  setenv("QUICKBEAM_EMULATED_MEMORY", "4096", 1);
  setenv("QUICKBEAM_EMULATED_FAIL", "cudaMalloc:2:700:sticky,cudaSetDevice:1:999", 1);
  reset();
  unsetenv("QUICKBEAM_EMULATED_DEVICES");
  unsetenv("QUICKBEAM_EMULATED_MEMORY");
  unsetenv("QUICKBEAM_EMULATED_FAIL");
  int count = 0;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(count, 3);
  EXPECT_EQ(cudaSetDevice(0), cudaErrorUnknown);
  void* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, 4097), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaSetDevice(0), cudaErrorIllegalAddress);
}

}  // namespace
}  // namespace quickbeam::cuda_on_host
