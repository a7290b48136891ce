// SPDX-License-Identifier: BSD-3-Clause
// The emulated runtime: queued work bites, in its order, on streams and threads.
#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

#include "tests/emulated/emulation_runtime.hpp"

namespace quickbeam::cuda_on_host {
namespace {

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

}  // namespace
}  // namespace quickbeam::cuda_on_host
