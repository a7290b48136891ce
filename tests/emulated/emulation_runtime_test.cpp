// SPDX-License-Identifier: BSD-3-Clause
// The emulated runtime: queued work bites, memory is guarded and ends, faults come when asked for.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "host/src/cuda/runtime.hpp"
#include "kernels/cuda/launch.cuh"
#include "tests/cuda/device_array.hpp"
#include "tests/cuda_on_host/emulation.hpp"

namespace quickbeam::cuda_on_host {
namespace {

using kernels::cuda::launch;
using tests::DeviceArray;

class EmulatedRuntime : public ::testing::Test {};
using EmulatedRuntimeDeathTest = EmulatedRuntime;

__global__ void add(int* data, int value) { data[threadIdx.x] += value; }
__global__ void store(int* data, unsigned at, int value) { data[at] = value; }

struct Pinned {
  explicit Pinned(std::size_t size) : memory(cuda::pinned_memory(size * sizeof(int))) {}
  int* get() const { return static_cast<int*>(memory.get()); }
  cuda::PinnedMemory memory;
};

TEST_F(EmulatedRuntime, WorkRunsAtTheSynchronisationInItsOrder) {
  set_progress(Progress::late);
  const cuda::Stream stream = cuda::make_stream();
  const Pinned host(4);
  const DeviceArray<int> data(4);
  for (int i = 0; i < 4; ++i) host.get()[i] = i;
  QUICKBEAM_CUDA_TRY(
      cudaMemcpyAsync(data.get(), host.get(), 16, cudaMemcpyHostToDevice, stream.get()));
  launch("add", add, 1, 4, stream.get(), data.get(), 10);
  QUICKBEAM_CUDA_TRY(
      cudaMemcpyAsync(host.get(), data.get(), 16, cudaMemcpyDeviceToHost, stream.get()));
  EXPECT_EQ(host.get()[3], 3);  // nothing has run
  EXPECT_EQ(cudaStreamSynchronize(stream.get()), cudaSuccess);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(host.get()[i], i + 10);
}

TEST_F(EmulatedRuntime, APinnedBufferUsedAgainTooEarlyIsSeen) {
  set_progress(Progress::late);
  const cuda::Stream stream = cuda::make_stream();
  const Pinned host(1);
  const DeviceArray<int> data(1);
  host.get()[0] = 1;
  QUICKBEAM_CUDA_TRY(
      cudaMemcpyAsync(data.get(), host.get(), 4, cudaMemcpyHostToDevice, stream.get()));
  host.get()[0] = 2;  // before the copy ran: the mistake
  EXPECT_EQ(data.read(stream.get())[0], 2);
}

TEST_F(EmulatedRuntime, PageableMemoryIsReadAtTheCallAndFilledByIt) {
  set_progress(Progress::late);
  const cuda::Stream stream = cuda::make_stream();
  const DeviceArray<int> data(1);
  int value = 1;
  QUICKBEAM_CUDA_TRY(cudaMemcpyAsync(data.get(), &value, 4, cudaMemcpyHostToDevice, stream.get()));
  value = 2;
  launch("add", add, 1, 1, stream.get(), data.get(), 10);
  QUICKBEAM_CUDA_TRY(cudaMemcpyAsync(&value, data.get(), 4, cudaMemcpyDeviceToHost, stream.get()));
  EXPECT_EQ(value, 11);
}

TEST_F(EmulatedRuntime, ArgumentsAreCopiedAtTheLaunch) {
  set_progress(Progress::late);
  const cuda::Stream stream = cuda::make_stream();
  const DeviceArray<int> data(std::vector<int>{0});
  int value = 1;
  launch("add", add, 1, 1, stream.get(), data.get(), value);
  value = 100;
  EXPECT_EQ(data.read(stream.get())[0], 1);
}

TEST_F(EmulatedRuntime, AStreamWaitsForAnEventOfAnother) {
  set_progress(Progress::late);
  const cuda::Stream first = cuda::make_stream(), second = cuda::make_stream();
  const DeviceArray<int> data(1);
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  EXPECT_EQ(cudaEventQuery(event), cudaSuccess);  // never recorded
  QUICKBEAM_CUDA_TRY(cudaMemsetAsync(data.get(), 0, 4, first.get()));
  launch("add", add, 1, 1, first.get(), data.get(), 5);
  ASSERT_EQ(cudaEventRecord(event, first.get()), cudaSuccess);
  launch("add", add, 1, 1, first.get(), data.get(), 1000);  // after the event
  ASSERT_EQ(cudaStreamWaitEvent(second.get(), event, 0), cudaSuccess);
  launch("add", add, 1, 1, second.get(), data.get(), 7);
  EXPECT_EQ(data.read(second.get())[0], 12);
  EXPECT_EQ(cudaEventQuery(event), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(first.get()), cudaSuccess);
  EXPECT_EQ(data.read(second.get())[0], 1012);
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
}

TEST_F(EmulatedRuntime, WithoutTheWaitTheOtherStreamMayBeFirst) {
  set_progress(Progress::late);
  const cuda::Stream first = cuda::make_stream(), second = cuda::make_stream();
  const DeviceArray<int> data(std::vector<int>{0});
  QUICKBEAM_CUDA_TRY(cudaStreamSynchronize(first.get()));
  launch("store", store, 1, 1, first.get(), data.get(), 0u, 5);
  EXPECT_EQ(data.read(second.get())[0], 0);
  EXPECT_EQ(data.read(first.get())[0], 5);
}

TEST_F(EmulatedRuntime, QueriesComeToAnEnd) {
  const cuda::Stream stream = cuda::make_stream();
  const DeviceArray<int> data(std::vector<int>(32, 0));
  for (int i = 0; i < 10; ++i) launch("add", add, 1, 32, stream.get(), data.get(), 1);
  set_progress(Progress::late);
  launch("add", add, 1, 32, stream.get(), data.get(), 1);
  int not_ready = 0;
  while (cudaStreamQuery(stream.get()) == cudaErrorNotReady) ++not_ready;
  EXPECT_GT(not_ready, 0);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);  // "not ready" is no error
  EXPECT_EQ(data.read(stream.get())[31], 11);
}

TEST_F(EmulatedRuntime, DrawnProgressRunsSomeOfTheWorkEarly) {
  int early = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    set_seed(seed);
    const cuda::Stream stream = cuda::make_stream();
    const Pinned host(1);
    const DeviceArray<int> data(std::vector<int>{3});
    host.get()[0] = 0;
    QUICKBEAM_CUDA_TRY(
        cudaMemcpyAsync(host.get(), data.get(), 4, cudaMemcpyDeviceToHost, stream.get()));
    early += host.get()[0] == 3;
    QUICKBEAM_CUDA_TRY(cudaStreamSynchronize(stream.get()));
    EXPECT_EQ(host.get()[0], 3);
  }
  EXPECT_GT(early, 0);
  EXPECT_LT(early, 50);
}

TEST_F(EmulatedRuntime, NewMemoryHoldsJunk) {
  const cuda::Stream stream = cuda::make_stream();
  for (int i = 0; i < 3; ++i) {
    const DeviceArray<int> data(100);
    EXPECT_NE(data.read(stream.get()), std::vector<int>(100, 0));
  }
}

TEST_F(EmulatedRuntime, CopiesAreChecked) {
  const cuda::Stream stream = cuda::make_stream();
  const DeviceArray<int> data(4);
  int host[8] = {};
  const auto copy = [&](void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    return cudaMemcpyAsync(to, from, bytes, kind, stream.get());
  };
  EXPECT_EQ(copy(data.get(), host, 16, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(copy(data.get(), host, 17, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(copy(data.get() + 1, host, 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(copy(data.get(), host, 16, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_EQ(copy(host, host + 4, 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(copy(host, data.get(), 16, cudaMemcpyDefault), cudaSuccess);
  EXPECT_EQ(cudaMemsetAsync(data.get(), 0, 17, stream.get()), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  QUICKBEAM_CUDA_TRY(cudaStreamSynchronize(stream.get()));
}

TEST_F(EmulatedRuntime, FreedMemoryAndStreamsAreUnknown) {
  const cuda::Stream stream = cuda::make_stream();
  void* gone = nullptr;
  int host = 0;
  ASSERT_EQ(cudaMalloc(&gone, 4), cudaSuccess);
  ASSERT_EQ(cudaFree(gone), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(gone, &host, 4, cudaMemcpyHostToDevice, stream.get()),
            cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(gone), cudaErrorInvalidValue);
  cudaStream_t other = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaStreamDestroy(other), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(other), cudaErrorInvalidResourceHandle);
}

TEST_F(EmulatedRuntimeDeathTest, WritingBesideAnAllocationEndsTheProgram) {
  const cuda::Stream stream = cuda::make_stream();
  const DeviceArray<int> data(100);
  const auto write_at = [&](unsigned at) {
    launch("store", store, 1, 1, stream.get(), data.get(), at, 1);
    (void)cudaStreamSynchronize(stream.get());
  };
  write_at(99);
  EXPECT_DEATH(write_at(100), "");         // a byte pattern, or the sanitizer, sees it
  EXPECT_DEATH(write_at(128), "");         // the forbidden page behind
  EXPECT_DEATH(write_at(~0u - 1500), "");  // far away
}

TEST_F(EmulatedRuntimeDeathTest, FreedMemoryCannotBeUsed) {
  const cuda::Stream stream = cuda::make_stream();
  // The stacks of the threads are mapped at the first launch: not where the freed memory was.
  const tests::DeviceArray<int> kept(1);
  launch("store", store, 1, 1, stream.get(), kept.get(), 0u, 1);
  QUICKBEAM_CUDA_TRY(cudaStreamSynchronize(stream.get()));
  int* const gone = tests::DeviceArray<int>(1).get();
  const auto write = [&] {
    launch("store", store, 1, 1, stream.get(), gone, 0u, 1);
    (void)cudaStreamSynchronize(stream.get());
  };
  EXPECT_DEATH(write(), "");
}

TEST_F(EmulatedRuntimeDeathTest, AHostPointerAmongTheArgumentsEndsTheProgram) {
  const cuda::Stream stream = cuda::make_stream();
  int on_stack = 0;
  const auto on_heap = std::make_unique<int>(0);
  EXPECT_DEATH(launch("add", add, 1, 1, stream.get(), &on_stack, 1), "pointer to host memory");
  EXPECT_DEATH(launch("add", add, 1, 1, stream.get(), on_heap.get(), 1), "pointer to host memory");
  const Pinned pinned(1);  // that a kernel can read
  pinned.get()[0] = 4;
  launch("add", add, 1, 1, stream.get(), pinned.get(), 1);
  QUICKBEAM_CUDA_TRY(cudaStreamSynchronize(stream.get()));
  EXPECT_EQ(pinned.get()[0], 5);
}

TEST_F(EmulatedRuntime, MemoryEnds) {
  set_devices(1, 1 << 20);
  std::size_t free = 0, total = 0;
  ASSERT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(free, total);
  void *most = nullptr, *more = nullptr;
  ASSERT_EQ(cudaMalloc(&most, (1 << 20) - 1024), cudaSuccess);
  ASSERT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(free, 1024u);
  EXPECT_EQ(cudaMalloc(&more, 1025), cudaErrorMemoryAllocation);
  EXPECT_EQ(more, nullptr);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  ASSERT_EQ(cudaMalloc(&more, 1024), cudaSuccess);
  EXPECT_EQ(cudaFree(most), cudaSuccess);
  EXPECT_EQ(cudaFree(more), cudaSuccess);
  ASSERT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(free, total);
}

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

TEST_F(EmulatedRuntime, EachThreadHasItsOwnDeviceAndLastError) {
  set_devices(2);
  std::thread([] {
    EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
    void* memory = nullptr;
    EXPECT_EQ(cudaMalloc(&memory, std::size_t{1} << 40), cudaErrorMemoryAllocation);
    EXPECT_EQ(cudaPeekAtLastError(), cudaErrorMemoryAllocation);
  }).join();
  int device = -1;
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(device, 0);
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
}

TEST_F(EmulatedRuntime, ThreadsWithStreamsOfTheirOwn) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      const cuda::Stream stream = cuda::make_stream();
      const DeviceArray<int> data(std::vector<int>(64, t));
      for (int i = 0; i < 50; ++i) launch("add", add, 1, 64, stream.get(), data.get(), 1);
      EXPECT_EQ(data.read(stream.get()), std::vector<int>(64, t + 50));
    });
  for (auto& thread : threads) thread.join();
}

TEST_F(EmulatedRuntime, WhatIsLeftIsListed) {
  void *device = nullptr, *host = nullptr;
  cudaStream_t stream = nullptr;
  cudaEvent_t event = nullptr;
  EXPECT_EQ(alive(), "");
  ASSERT_EQ(cudaMalloc(&device, 12), cudaSuccess);
  ASSERT_EQ(cudaHostAlloc(&host, 34, cudaHostAllocPortable), cudaSuccess);
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventBlockingSync), cudaSuccess);
  set_progress(Progress::late);
  ASSERT_EQ(cudaMemsetAsync(device, 0, 12, stream), cudaSuccess);
  EXPECT_EQ(alive(),
            "device memory of 12 bytes\npinned memory of 34 bytes\na stream\n"
            "work that never ran: memset\nan event\n");
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);  // its work is still to be done
  EXPECT_EQ(cudaFreeHost(host), cudaSuccess);
  EXPECT_EQ(alive(), "device memory of 12 bytes\n");  // cudaFreeHost waited for it
  EXPECT_EQ(cudaFree(device), cudaSuccess);
  EXPECT_EQ(alive(), "");
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
