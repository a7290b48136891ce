// SPDX-License-Identifier: BSD-3-Clause
// The emulation's threads, barriers and warp operations, with kernels whose results are known.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <string>

#include "host/src/cuda/runtime.hpp"
#include "kernels/cuda/launch.cuh"
#include "tests/cuda/device_array.hpp"
#include "tests/cuda_on_host/emulation.hpp"
#include "tests/cuda_on_host/sanitizers.hpp"
#include "tests/cuda_on_host/shared.hpp"

namespace quickbeam::cuda_on_host {
namespace {

using kernels::cuda::launch;
using tests::DeviceArray;

class EmulatedKernel : public ::testing::Test {
 protected:
  /// Runs `kernel` with `arguments` and then a device array of `size`, and gives what it holds.
  template <class T, class... Parameters, class... Arguments>
  std::vector<T> run(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t size,
                     const Arguments&... arguments) {
    const cuda::Stream stream = cuda::make_stream();
    const DeviceArray<T> out(size);
    QUICKBEAM_CUDA_TRY(cudaMemsetAsync(out.get(), 0, size * sizeof(T), stream.get()));
    launch("test", kernel, grid, block, stream.get(), arguments..., out.get());
    return out.read(stream.get());
  }
};

constexpr Order every_order[] = {Order::drawn, Order::forward, Order::backward, Order::shuffled};

enum class Barrier { none, between };

__global__ void rotate(Barrier barrier, unsigned by, unsigned* out) {
  __shared__ unsigned shared[256];
  shared[threadIdx.x] = threadIdx.x;
  if (barrier == Barrier::between) __syncthreads();
  out[threadIdx.x] = shared[(threadIdx.x + by) % 256];
}

std::vector<unsigned> rotated(unsigned by) {
  std::vector<unsigned> want(256);
  for (unsigned i = 0; i < 256; ++i) want[i] = (i + by) % 256;
  return want;
}

TEST_F(EmulatedKernel, ABarrierHoldsInEveryOrder) {
  for (const Order order : every_order) {
    set_order(order);
    for (const unsigned by : {1u, 31u, 255u})
      EXPECT_EQ(run<unsigned>(rotate, 1, 256, 256, Barrier::between, by), rotated(by));
  }
}

TEST_F(EmulatedKernel, AMissingBarrierChangesTheResult) {
  // One direction of turns hides it: that is why the order changes.
  set_order(Order::backward);
  EXPECT_EQ(run<unsigned>(rotate, 1, 256, 256, Barrier::between, 1u), rotated(1));
  set_order(Order::forward);
  EXPECT_NE(run<unsigned>(rotate, 1, 256, 256, Barrier::none, 1u), rotated(1));
  set_order(Order::shuffled);
  EXPECT_NE(run<unsigned>(rotate, 1, 256, 256, Barrier::none, 1u), rotated(1));
  set_order(Order::drawn);
  int wrong = 0;
  for (int i = 0; i < 20; ++i)
    wrong += run<unsigned>(rotate, 1, 256, 256, Barrier::none, 1u) != rotated(1);
  EXPECT_GT(wrong, 0);
  EXPECT_LT(wrong, 21);
}

__global__ void count_block(int* out) {
  const int even = threadIdx.x % 2 == 0;
  const int count = __syncthreads_count(even);
  const int any = __syncthreads_or(threadIdx.x == 70), none = __syncthreads_or(0);
  const int all = __syncthreads_and(1), not_all = __syncthreads_and(threadIdx.x != 3);
  out[threadIdx.x] = count * 10000 + any * 1000 + none * 100 + all * 10 + not_all;
}

TEST_F(EmulatedKernel, VotesOfABlock) {
  EXPECT_EQ(run<int>(count_block, 1, 96, 96), std::vector<int>(96, 48 * 10000 + 1010));
}

__global__ void find_itself(dim3* out) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  out[block * 30 + thread] = dim3(threadIdx.x + 100 * blockIdx.x, threadIdx.y + 100 * blockIdx.y,
                                  threadIdx.z + 100 * blockIdx.z);
}

TEST_F(EmulatedKernel, EveryThreadOfEveryBlockRunsOnce) {
  const auto out = run<dim3>(find_itself, dim3(3, 2, 4), dim3(5, 3, 2), 24 * 30);
  for (unsigned i = 0; i < out.size(); ++i) {
    const unsigned block = i / 30, thread = i % 30;
    EXPECT_EQ(out[i].x, thread % 5 + 100 * (block % 3)) << i;
    EXPECT_EQ(out[i].y, thread / 5 % 3 + 100 * (block / 3 % 2)) << i;
    EXPECT_EQ(out[i].z, thread / 15 + 100 * (block / 6)) << i;
  }
}

__global__ void shuffle_all(int* out) {
  const int v = static_cast<int>(threadIdx.x) * 10;
  int* mine = out + threadIdx.x * 6;
  mine[0] = __shfl_sync(~0u, v, 5);
  mine[1] = __shfl_up_sync(~0u, v, 3);
  mine[2] = __shfl_down_sync(~0u, v, 3);
  mine[3] = __shfl_xor_sync(~0u, v, 9);
  mine[4] = __shfl_sync(~0u, v, 9, 8);
  mine[5] = __shfl_up_sync(~0u, v, 1, 16);
}

TEST_F(EmulatedKernel, Shuffles) {
  for (const Order order : every_order) {
    set_order(order);
    const auto out = run<int>(shuffle_all, 1, 64, 64 * 6);
    for (int i = 0; i < 64; ++i) {
      const int lane = i % 32, warp = i - lane;
      const int want[] = {warp + 5,          lane < 3 ? i : i - 3,    lane > 28 ? i : i + 3,
                          warp + (lane ^ 9), warp + lane / 8 * 8 + 1, lane % 16 == 0 ? i : i - 1};
      for (int k = 0; k < 6; ++k) EXPECT_EQ(out[i * 6 + k], want[k] * 10) << i << ", " << k;
    }
  }
}

__global__ void vote_all(unsigned* out) {
  const unsigned lane = threadIdx.x % 32;
  unsigned* mine = out + threadIdx.x * 8;
  mine[0] = __ballot_sync(~0u, lane % 3 == 0);
  mine[1] = static_cast<unsigned>(__any_sync(~0u, lane == 7) * 2 + __all_sync(~0u, lane < 32));
  mine[2] = __match_any_sync(~0u, lane / 8);
  mine[3] = __reduce_add_sync(~0u, lane);
  mine[4] = static_cast<unsigned>(__reduce_min_sync(~0u, -static_cast<int>(lane)));
  mine[5] = __reduce_max_sync(~0u, lane * 2);
  mine[6] = __reduce_or_sync(~0u, 1u << lane & 0xff00u);
  // Each half of the warp by itself, in different branches.
  if (lane < 16)
    mine[7] = __reduce_add_sync(0xffffu, 1u);
  else
    mine[7] = __ballot_sync(0xffff0000u, 1);
}

TEST_F(EmulatedKernel, VotesAndReductionsOfAWarp) {
  const auto out = run<unsigned>(vote_all, 1, 64, 64 * 8);
  for (unsigned i = 0; i < 64; ++i) {
    const unsigned lane = i % 32;
    const unsigned want[] = {
        0x49249249u, 3,       0xffu << lane / 8 * 8,        496, static_cast<unsigned>(-31),
        62,          0xff00u, lane < 16 ? 16u : 0xffff0000u};
    for (unsigned k = 0; k < 8; ++k) EXPECT_EQ(out[i * 8 + k], want[k]) << i << ", " << k;
  }
}

enum class Fault {
  one_thread_leaves,
  two_barriers,
  lane_leaves,
  lane_not_named,
  masks_differ,
  operations_differ,
  lane_missing,
  throws
};

__global__ void break_rule(Fault fault, int* out) {
  const unsigned i = threadIdx.x;
  switch (fault) {
    case Fault::one_thread_leaves:
      if (i == 77) return;
      __syncthreads();
      break;
    case Fault::two_barriers:
      if (i < 32)
        __syncthreads();
      else
        __syncthreads();
      break;
    case Fault::lane_leaves:
      if (i == 5) return;
      __syncwarp();
      break;
    case Fault::lane_not_named:
      __shfl_sync(0xfu, 1, 0);
      break;
    case Fault::masks_differ:
      __syncwarp(i % 32 < 16 ? 0xffffffffu : 0xffff0000u);
      break;
    case Fault::operations_differ:
      if (i % 2)
        __shfl_sync(~0u, 1, 0);
      else
        __ballot_sync(~0u, 1);
      break;
    case Fault::lane_missing:
      if (i < 16) __syncwarp();
      if (i >= 16) __syncthreads();
      break;
    case Fault::throws:
      if (i == 3) throw 1;
      break;
  }
  out[i] = 1;
}

using EmulatedKernelDeathTest = EmulatedKernel;

TEST_F(EmulatedKernelDeathTest, ABrokenRuleEndsTheProgram) {
  struct Case {
    Fault fault;
    const char* message;
  };
  const Case cases[] = {
      {Fault::one_thread_leaves, "no thread of the block can go on"},
      {Fault::two_barriers, "wait at different barriers"},
      {Fault::lane_leaves, "names a lane that has ended"},
      {Fault::lane_not_named, "does not name the calling lane"},
      {Fault::masks_differ, "meet with different masks|no thread of the block can go on"},
      {Fault::operations_differ, "meet in different operations"},
      {Fault::lane_missing, "no thread of the block can go on"},
      {Fault::throws, "terminate"},
  };
  for (const auto& c : cases)
    EXPECT_DEATH(run<int>(break_rule, 1, 96, 96, c.fault), c.message) << c.message;
}

__global__ void leave_early(int* out) {
  if (threadIdx.x >= 40) return;
  out[threadIdx.x] = 1;
}

TEST_F(EmulatedKernel, ThreadsMayEndWithoutABarrier) {
  const auto out = run<int>(leave_early, 1, 64, 64);
  EXPECT_EQ(std::accumulate(out.begin(), out.end(), 0), 40);
}

__global__ void look_at_shared(unsigned* out) {
  __shared__ unsigned never_written[32];
  out[blockIdx.x * 32 + threadIdx.x] = never_written[threadIdx.x];
  never_written[threadIdx.x] = 0;
}

TEST_F(EmulatedKernel, SharedMemoryHoldsJunkInEveryBlock) {
  EXPECT_GT(shared_variables(), 0u);
  const auto out = run<unsigned>(look_at_shared, 8, 32, 8 * 32);
  for (int block = 0; block < 8; ++block) {
    unsigned seen = 0;
    for (int i = 0; i < 32; ++i) seen |= out[block * 32 + i];
    EXPECT_NE(seen, 0u) << block;
  }
}

#if QUICKBEAM_ASAN
__global__ void write_beside_shared(unsigned at, unsigned* out) {
  __shared__ unsigned shared[32];
  unsigned* const first = shared;
  first[at + threadIdx.x] = 1;
  out[threadIdx.x] = shared[threadIdx.x];
}

TEST_F(EmulatedKernelDeathTest, TheSanitizerSeesWritesBesideSharedMemory) {
  EXPECT_EQ(run<unsigned>(write_beside_shared, 1, 32, 32, 0u), std::vector<unsigned>(32, 1));
  EXPECT_DEATH(run<unsigned>(write_beside_shared, 1, 32, 32, 1u),
               "global-buffer-overflow|insufficient space");  // ASan's words, and UBSan's
}
#endif

__global__ void add_up(int* sum, unsigned long long* words, float* real) {
  atomicAdd(&sum[0], static_cast<int>(threadIdx.x));
  atomicMax(&sum[1], static_cast<int>(threadIdx.x));
  atomicMin(&sum[2], -static_cast<int>(threadIdx.x));
  atomicOr(&sum[3], 1 << threadIdx.x % 8);
  atomicAdd(&words[0], 1ull << 40);
  atomicMax(&words[1], static_cast<unsigned long long>(threadIdx.x) << 33);
  int old = sum[4], seen;
  do {
    seen = old;
    old = atomicCAS(&sum[4], seen, seen + 2);
  } while (old != seen);
  atomicAdd(real, 0.5f);
}

TEST_F(EmulatedKernel, Atomics) {
  const cuda::Stream stream = cuda::make_stream();
  const DeviceArray<int> sums(std::vector<int>(5, 0));
  const DeviceArray<unsigned long long> words(std::vector<unsigned long long>{0, 0});
  const DeviceArray<float> real(std::vector<float>{0.f});
  launch("test", add_up, 3, 128, stream.get(), sums.get(), words.get(), real.get());
  EXPECT_EQ(sums.read(stream.get()), (std::vector<int>{3 * 8128, 127, -127, 255, 768}));
  EXPECT_EQ(words.read(stream.get()),
            (std::vector<unsigned long long>{384ull << 40, 127ull << 33}));
  EXPECT_EQ(real.read(stream.get())[0], 192.f);
}

TEST_F(EmulatedKernel, NamedArithmetic) {
  EXPECT_EQ(__dp4a(0x01ff7f80, 0x02030405, 10), 10 + 2 - 3 + 4 * 127 - 5 * 128);
  EXPECT_EQ(__dp4a(0x01ff7f80u, 0x02030405u, 10u), 10u + 2 + 3 * 255 + 4 * 127 + 5 * 128);
  EXPECT_EQ(__byte_perm(0x33221100u, 0x77665544u, 0x7530), 0x77553300u);
  EXPECT_EQ(__byte_perm(0x80u, 0, 0x9998), 0x000000ffu);
  EXPECT_EQ(__funnelshift_l(0x80000001u, 0x7u, 4), 0x78u);
  EXPECT_EQ(__funnelshift_r(0x80000001u, 0x7u, 4), 0x78000000u);
  EXPECT_EQ(__funnelshift_r(1, 2, 32), 1u);
  EXPECT_EQ(__funnelshift_rc(1, 2, 32), 2u);
  EXPECT_EQ(__clz(0), 32);
  EXPECT_EQ(__clz(1), 31);
  EXPECT_EQ(__ffs(0), 0);
  EXPECT_EQ(__ffs(8), 4);
  EXPECT_EQ(__popc(0xf0f0u), 8);
  EXPECT_EQ(__brev(1u), 0x80000000u);
  EXPECT_EQ(__vcmpeq4(0x80417f80u, 0x80808080u), 0xff0000ffu);
  EXPECT_EQ(__vadd4(0xff01ff01u, 0x01010101u), 0x00020002u);
  EXPECT_EQ(__vmaxs4(0x80017f00u, 0x00ff0001u), 0x00017f01u);
  EXPECT_EQ(__vimax3_s32(-1, -5, -3), -1);
  EXPECT_EQ(min(-1, 2u), 2u);  // mixed signs compare as unsigned, as in CUDA
  EXPECT_EQ(max(1.0f, NAN), 1.0f);
  static_assert(alignof(uint4) == 16 && sizeof(uint3) == 12 && alignof(float2) == 8);
}

__global__ void no_op_barriers(int* out) {
  for (int i = 0; i < 6; ++i) __syncthreads();
  if (threadIdx.x == 0) out[blockIdx.x] = 1;
}

TEST_F(EmulatedKernel, ALargeGridEnds) {
  const auto out = run<int>(no_op_barriers, 400, 256, 400);
  EXPECT_EQ(std::accumulate(out.begin(), out.end(), 0), 400);
}

}  // namespace
}  // namespace quickbeam::cuda_on_host
