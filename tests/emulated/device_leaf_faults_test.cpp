// SPDX-License-Identifier: BSD-3-Clause
// Every CUDA call of a leaf on a device fails in turn: an Error says so, and nothing is left
// behind.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "host/src/cuda/device_leaf.hpp"
#include "tests/cuda_on_host/emulation.hpp"
#include "tests/kernels/stacks.hpp"

namespace quickbeam::tests {
namespace {

/// Two leaves of 40 images in two blocks.
void run_leaves(const Stack<float>& stack) {
  cuda::DeviceLeaf leaf(0, {PixelType::f32, stack.pixels, 2, 16});
  const std::size_t blocks[] = {30, stack.pixels - 30};
  for (int turn = 0; turn < 2; ++turn) {
    leaf.begin(blocks);
    for (std::size_t k = 0; k < stack.images; k += 16) {
      const std::size_t count = std::min<std::size_t>(16, stack.images - k);
      auto* to = reinterpret_cast<float*>(leaf.next().data());
      for (std::size_t i = k; i < k + count; ++i, to += stack.pixels)
        std::copy_n(stack.image(i), stack.pixels, to);
      leaf.add(static_cast<std::int64_t>(count));
    }
    std::vector<kernels::PixelMoments> found(2);
    std::vector<kernels::ImageMoments> rows(stack.images);
    leaf.finish(found, rows);
    EXPECT_EQ(found[1].images, 40);
    EXPECT_EQ(rows[39].counted, 70);
  }
}

TEST(DeviceLeafFaults, AnyCallThatFailsIsAnErrorAndLeavesNothingBehind) {
  const Stack<float> stack = random_stack<float>(70, 40);
  for (const auto later : {cuda_on_host::Surfacing::at_the_call, cuda_on_host::Surfacing::later})
    for (const char* const call :
         {"cudaMalloc", "cudaHostAlloc", "cudaMemcpyAsync", "cudaEventRecord",
          "cudaEventSynchronize", "cudaStreamCreateWithFlags", "cudaLaunchKernelEx",
          "cudaEventCreateWithFlags"}) {
      const bool runs_later =
          std::string(call) == "cudaMemcpyAsync" || std::string(call) == "cudaLaunchKernelEx";
      if (later == cuda_on_host::Surfacing::later && !runs_later) continue;
      ASSERT_EQ(cuda_on_host::reset(), "");
      run_leaves(stack);
      const int made = cuda_on_host::calls(call);
      EXPECT_GT(made, 0) << call;
      for (int nth = 1; nth <= made; ++nth) {
        SCOPED_TRACE(testing::Message() << call << " number " << nth << " of " << made);
        EXPECT_EQ(cuda_on_host::reset(), "");
        cuda_on_host::fail_call(call, nth, cudaErrorLaunchFailure, cuda_on_host::Lasting::once,
                                later);
        EXPECT_THROW(run_leaves(stack), Error);
      }
    }
  EXPECT_EQ(cuda_on_host::reset(), "");
}

TEST(DeviceLeafFaults, ADeviceWithTooLittleMemoryIsALimit) {
  cuda_on_host::reset();
  cuda_on_host::set_devices(1, 1 << 16);
  try {
    run_leaves(random_stack<float>(5000, 40));
    ADD_FAILURE() << "an Error was expected";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, ErrorCode::limit);
  }
  EXPECT_EQ(cuda_on_host::reset(), "");
}

}  // namespace
}  // namespace quickbeam::tests
