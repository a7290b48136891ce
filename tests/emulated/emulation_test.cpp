// SPDX-License-Identifier: BSD-3-Clause
#include "tests/cuda_on_host/emulation.hpp"

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cub/cub.cuh>
#include <vector>

#include "kernels/cuda/launch.cuh"

namespace quickbeam::cuda_on_host {
namespace {

__global__ void turn(const int* in, int* out, bool with_barrier) {
  __shared__ int shared[256];
  shared[threadIdx.x] = in[threadIdx.x];
  if (with_barrier) __syncthreads();
  out[threadIdx.x] = shared[(threadIdx.x + 1) % 256];
}

TEST(Emulation, Barrier) {
  int *in = nullptr, *out = nullptr;
  ASSERT_EQ(cudaMalloc(&in, 1024), cudaSuccess);
  ASSERT_EQ(cudaMalloc(&out, 1024), cudaSuccess);
  std::vector<int> numbers(256), turned(256);
  for (int i = 0; i < 256; ++i) numbers[i] = i;
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaMemcpyAsync(in, numbers.data(), 1024, cudaMemcpyHostToDevice, stream), cudaSuccess);
  kernels::cuda::launch("turn", turn, 1, 256, stream, in, out, true);
  ASSERT_EQ(cudaMemcpyAsync(turned.data(), out, 1024, cudaMemcpyDeviceToHost, stream), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  for (int i = 0; i < 256; ++i) EXPECT_EQ(turned[i], (i + 1) % 256);
  EXPECT_EQ(cudaFree(in), cudaSuccess);
  EXPECT_EQ(cudaFree(out), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  EXPECT_EQ(alive(), "");
}

}  // namespace
}  // namespace quickbeam::cuda_on_host
