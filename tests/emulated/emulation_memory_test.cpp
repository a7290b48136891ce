// SPDX-License-Identifier: BSD-3-Clause
// The emulated runtime: memory is guarded, ends, and is missed when it is left.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/emulated/emulation_runtime.hpp"

namespace quickbeam::cuda_on_host {
namespace {

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

}  // namespace
}  // namespace quickbeam::cuda_on_host
