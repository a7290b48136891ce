// SPDX-License-Identifier: BSD-3-Clause
// The emulated part of CUB against serial loops, with an operator that does not commute.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cub/cub.cuh>

#include "host/src/cuda/runtime.hpp"
#include "kernels/cuda/launch.cuh"
#include "tests/cuda/device_array.hpp"
#include "tests/cuda_on_host/emulation.hpp"

namespace quickbeam::cuda_on_host {
namespace {

using kernels::cuda::launch;
using tests::DeviceArray;
class EmulatedCub : public ::testing::Test {};
using EmulatedCubDeathTest = EmulatedCub;

constexpr int threads = 96;

/// x -> a x + b modulo 2^32. Applying one after the other is associative and does not commute.
struct Affine {
  unsigned a, b;
  friend bool operator==(const Affine&, const Affine&) = default;
};
struct Then {
  __device__ Affine operator()(const Affine& first, const Affine& second) const {
    return {first.a * second.a, first.b * second.a + second.b};
  }
};

std::vector<Affine> steps(std::size_t count) {
  std::vector<Affine> all;
  for (unsigned i = 0; i < count; ++i) all.push_back({2 * i + 3, i * 7 + 1});
  return all;
}
constexpr Affine start{5, 11};

struct Scanned {
  Affine exclusive, inclusive, from_nothing, total, total_again, reduced;
};

__global__ void scan(const Affine* in, Scanned* out) {
  using Scan = cub::BlockScan<Affine, threads>;
  using Reduce = cub::BlockReduce<Affine, threads>;
  __shared__ union {
    typename Scan::TempStorage scan;
    typename Reduce::TempStorage reduce;
  } storage;
  const Affine mine = in[threadIdx.x];
  Scanned& to = out[threadIdx.x];
  Scan(storage.scan).ExclusiveScan(mine, to.exclusive, start, Then{}, to.total);
  __syncthreads();
  Scan(storage.scan).InclusiveScan(mine, to.inclusive, Then{}, to.total_again);
  __syncthreads();
  Scan(storage.scan).ExclusiveScan(mine, to.from_nothing, Then{});
  __syncthreads();
  to.reduced = Reduce(storage.reduce).Reduce(mine, Then{});
}

TEST_F(EmulatedCub, ScansAndReducesInOrder) {
  const cuda::Stream stream = cuda::make_stream();
  const auto in = steps(threads);
  const DeviceArray<Affine> device_in(in);
  const DeviceArray<Scanned> device_out(threads);
  launch("scan", scan, 1, threads, stream.get(), device_in.get(), device_out.get());
  const auto out = device_out.read(stream.get());
  Affine total = in[0];
  for (int i = 1; i < threads; ++i) total = Then{}(total, in[i]);
  Affine before = start, inclusive = in[0];
  for (int i = 0; i < threads; ++i) {
    EXPECT_EQ(out[i].exclusive, before) << i;
    before = Then{}(before, in[i]);
    if (i > 0) {
      EXPECT_EQ(out[i].from_nothing, inclusive) << i;
      inclusive = Then{}(inclusive, in[i]);
    }
    EXPECT_EQ(out[i].inclusive, inclusive) << i;
    EXPECT_EQ(out[i].total, total) << i;
    EXPECT_EQ(out[i].total_again, total) << i;
    EXPECT_EQ(out[i].reduced == total, i == 0) << i;  // other threads have junk
  }
}

__global__ void sum_items(const int* in, int* out, int* totals) {
  using Scan = cub::BlockScan<int, threads>;
  using Reduce = cub::BlockReduce<int, threads>;
  __shared__ typename Scan::TempStorage scan_storage;
  __shared__ typename Reduce::TempStorage reduce_storage;
  int items[3], sums[3], all;
  for (int k = 0; k < 3; ++k) items[k] = in[threadIdx.x * 3 + k];
  Scan(scan_storage).ExclusiveSum(items, sums, all);
  for (int k = 0; k < 3; ++k) out[threadIdx.x * 3 + k] = sums[k];
  const int reduced = Reduce(reduce_storage).Sum(items);
  if (threadIdx.x == 0) totals[0] = all, totals[1] = reduced;
  __syncthreads();
  const int ten = Reduce(reduce_storage).Sum(items[0], 10);
  if (threadIdx.x == 0) totals[2] = ten;
}

TEST_F(EmulatedCub, SumsOfSeveralItemsAThread) {
  const cuda::Stream stream = cuda::make_stream();
  std::vector<int> in;
  for (int i = 0; i < 3 * threads; ++i) in.push_back(i * i % 101 - 50);
  const DeviceArray<int> device_in(in), out(in.size()), totals(3);
  launch("sum", sum_items, 1, threads, stream.get(), device_in.get(), out.get(), totals.get());
  int sum = 0, ten = 0;
  const auto got = out.read(stream.get());
  for (std::size_t i = 0; i < in.size(); ++i) {
    EXPECT_EQ(got[i], sum) << i;
    sum += in[i];
    if (i % 3 == 0 && i < 30) ten += in[i];
  }
  EXPECT_EQ(totals.read(stream.get()), (std::vector<int>{sum, sum, ten}));
}

__global__ void reuse(int barrier, int* out) {
  using Scan = cub::BlockScan<int, threads>;
  __shared__ typename Scan::TempStorage storage;
  int first, second;
  Scan(storage).InclusiveSum(1, first);
  if (barrier) __syncthreads();
  Scan(storage).InclusiveSum(first, second);
  out[threadIdx.x] = second;
}

TEST_F(EmulatedCubDeathTest, StorageUsedAgainWithoutABarrierIsSeen) {
  const cuda::Stream stream = cuda::make_stream();
  const DeviceArray<int> out(threads);
  launch("reuse", reuse, 1, threads, stream.get(), 1, out.get());
  EXPECT_EQ(out.read(stream.get())[2], 6);
  EXPECT_DEATH(
      {
        launch("reuse", reuse, 1, threads, stream.get(), 0, out.get());
        out.read(stream.get());
      },
      "used again without a __syncthreads");
  EXPECT_DEATH(
      {
        launch("reuse", reuse, 1, threads + 32, stream.get(), 1, out.get());
        out.read(stream.get());
      },
      "not of the size of its block");
}

__global__ void warp_scan(const Affine* in, Scanned* out) {
  using Scan = cub::WarpScan<Affine>;
  __shared__ typename Scan::TempStorage storage[2];
  __shared__ typename cub::WarpReduce<Affine>::TempStorage reduce[2];
  const unsigned warp = threadIdx.x / 32;
  Scanned& to = out[threadIdx.x];
  Scan(storage[warp]).ExclusiveScan(in[threadIdx.x], to.exclusive, start, Then{});
  Scan(storage[warp]).InclusiveScan(in[threadIdx.x], to.inclusive, Then{}, to.total);
  to.reduced = cub::WarpReduce<Affine>(reduce[warp]).Reduce(in[threadIdx.x], Then{});
}

TEST_F(EmulatedCub, WarpsScanAndReduceInOrder) {
  const cuda::Stream stream = cuda::make_stream();
  const auto in = steps(64);
  const DeviceArray<Affine> device_in(in);
  const DeviceArray<Scanned> device_out(64);
  launch("warp scan", warp_scan, 1, 64, stream.get(), device_in.get(), device_out.get());
  const auto out = device_out.read(stream.get());
  for (int warp = 0; warp < 64; warp += 32) {
    Affine before = start, inclusive{1, 0};
    for (int i = warp; i < warp + 32; ++i) {
      EXPECT_EQ(out[i].exclusive, before) << i;
      before = Then{}(before, in[i]);
      inclusive = i == warp ? in[i] : Then{}(inclusive, in[i]);
      EXPECT_EQ(out[i].inclusive, inclusive) << i;
    }
    EXPECT_EQ(out[warp + 7].total, inclusive);
    EXPECT_EQ(out[warp].reduced, inclusive);
    EXPECT_NE(out[warp + 1].reduced, inclusive);
  }
}

}  // namespace
}  // namespace quickbeam::cuda_on_host
