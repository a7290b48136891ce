// SPDX-License-Identifier: BSD-3-Clause
// Every CUDA call fails in turn: the pictures are the CPU's all the same, and nothing is left
// behind.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "host/src/device_health.hpp"
#include "tests/cuda/engine_frames.hpp"
#include "tests/cuda_on_host/emulation.hpp"

namespace quickbeam::tests {
namespace {

constexpr Extent small{53, 41};

class EngineFaults : public ::testing::Test {
 protected:
  EngineFaults() {
    forget_device_health();
    for (std::uint32_t i = 0; i < 5; ++i) frames_.emplace_back(small, i + 1, Stored::stream);
    recipe_.reduce = {.op = ReduceOp::max, .factor = 4};
  }
  ~EngineFaults() override { forget_device_health(); }

  /// All results equal the CPU's, wherever they were made. Returns the notices.
  std::string run(const char* backend = "", bool keep_reduced = false) {
    return expect_cpu_results(recipe_, batch_of(frames_), choose_device("cuda"), keep_reduced,
                              backend);
  }

  std::vector<TestFrame<std::int32_t>> frames_;
  Recipe recipe_;
};

TEST_F(EngineFaults, AnyCallThatFailsLeavesTheWorkToTheCpu) {
  const char* const calls[] = {
      "cudaMalloc",      "cudaHostAlloc",        "cudaMemcpyAsync",
      "cudaEventRecord", "cudaEventSynchronize", "cudaStreamCreateWithFlags",
      "cudaMemGetInfo",  "cudaLaunchKernelEx",   "cudaEventCreateWithFlags"};
  for (const char* const call : calls) {
    // How often a run that works makes the call.
    cuda_on_host::reset();
    forget_device_health();
    ASSERT_EQ(run("cuda"), "");
    const int made = cuda_on_host::calls(call);
    EXPECT_GT(made, 0) << call;
    for (int nth = 1; nth <= made; ++nth) {
      SCOPED_TRACE(::testing::Message() << call << " number " << nth << " of " << made);
      EXPECT_EQ(cuda_on_host::reset(), "");
      forget_device_health();
      const DeviceChoice device = choose_device("cuda");
      // Those that the choice of the device made come first.
      const int before = cuda_on_host::calls(call);
      if (nth <= before) continue;
      cuda_on_host::fail_call(call, nth - before, cudaErrorLaunchFailure,
                              cuda_on_host::Lasting::sticky);
      const std::string notices = expect_cpu_results(recipe_, batch_of(frames_), device, false, "");
      EXPECT_NE(notices.find("cuda:0 stopped working"), std::string::npos) << notices;
      EXPECT_NE(notices.find("cudaErrorLaunchFailure"), std::string::npos) << notices;
      EXPECT_NE(dead_because(0), "");
      if (HasFailure()) return;
    }
  }
}

TEST_F(EngineFaults, ADeviceThatCannotBeMadeCurrentIsSurvived) {
  // Going back to the caller's device is not checked: the work is done by then.
  for (const char* const call : {"cudaSetDevice", "cudaGetDevice"})
    for (int nth = 1; nth <= 4; ++nth) {
      SCOPED_TRACE(::testing::Message() << call << " " << nth);
      EXPECT_EQ(cuda_on_host::reset(), "");
      forget_device_health();
      const DeviceChoice device = choose_device("cuda");
      cuda_on_host::fail_call(call, nth, cudaErrorDevicesUnavailable,
                              cuda_on_host::Lasting::sticky);
      const std::string notices = expect_cpu_results(recipe_, batch_of(frames_), device, false, "");
      EXPECT_TRUE(nth != 1 || notices != "");
    }
}

TEST_F(EngineFaults, AFaultOfAKernelShowsAtTheNextWaitAndIsSurvived) {
  for (int nth = 1; nth <= 8; ++nth) {
    SCOPED_TRACE(nth);
    EXPECT_EQ(cuda_on_host::reset(), "");
    forget_device_health();
    const DeviceChoice device = choose_device("cuda");
    cuda_on_host::fail_call("cudaLaunchKernelEx", nth, cudaErrorIllegalAddress,
                            cuda_on_host::Lasting::sticky, cuda_on_host::Surfacing::later);
    const std::string notices = expect_cpu_results(recipe_, batch_of(frames_), device, false, "");
    EXPECT_NE(notices.find("cudaErrorIllegalAddress"), std::string::npos) << notices;
  }
}

TEST_F(EngineFaults, ADeadDeviceIsSaidOnceAndRefusedWhenItIsForced) {
  const DeviceChoice device = choose_device("cuda");
  cuda_on_host::fail_call("cudaEventSynchronize", 1, cudaErrorECCUncorrectable,
                          cuda_on_host::Lasting::sticky);
  EXPECT_NE(expect_cpu_results(recipe_, batch_of(frames_), device, true, "cpu"), "");
  EXPECT_EQ(expect_cpu_results(recipe_, batch_of(frames_), device, true, "cpu"), "");
  EXPECT_EQ(choose_device("auto").backend->name(), "cpu");
  try {
    choose_device("cuda");
    ADD_FAILURE() << "a dead device was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, ErrorCode::device);
    EXPECT_NE(error.info().found.find("cudaErrorECCUncorrectable"), std::string::npos)
        << error.info().found;
  }
}

TEST_F(EngineFaults, MemoryThatIsShortHalvesTheBatchDownToOneFrame) {
  for (const bool planes : {false, true}) {
    recipe_.reduce = {.op = ReduceOp::max, .factor = planes ? 1 : 4};
    bool gave_up = false, worked = false, halved = false;
    for (std::size_t bytes = std::size_t{1} << 20; bytes >= 1024; bytes = bytes * 2 / 3) {
      SCOPED_TRACE(bytes);
      EXPECT_EQ(cuda_on_host::reset(), "");
      forget_device_health();
      cuda_on_host::set_devices(1, bytes);
      const std::string notices = run("");
      if (HasFailure()) return;
      EXPECT_EQ(dead_because(0), "") << "short of memory is not dead";
      const bool short_of_memory = notices.find("too little memory") != std::string::npos;
      EXPECT_TRUE(notices.empty() || short_of_memory) << notices;
      gave_up |= short_of_memory;
      worked |= !short_of_memory;
      halved |= cuda_on_host::calls("cudaLaunchKernelEx") > 12 && !short_of_memory;
      EXPECT_TRUE(!gave_up || short_of_memory) << "less memory worked better";
    }
    EXPECT_TRUE(gave_up && worked && halved) << gave_up << worked << halved;
  }
}

TEST_F(EngineFaults, AnAllocationThatFailsOnceIsTriedWithHalfTheBatch) {
  for (const char* const call : {"cudaMalloc", "cudaHostAlloc"}) {
    EXPECT_EQ(cuda_on_host::reset(), "");
    forget_device_health();
    const DeviceChoice device = choose_device("cuda");
    cuda_on_host::fail_call(call, 1, cudaErrorMemoryAllocation);
    EXPECT_EQ(expect_cpu_results(recipe_, batch_of(frames_), device, false, "cuda"), "") << call;
    EXPECT_EQ(dead_because(0), "");
  }
}

TEST_F(EngineFaults, ResultsDoNotDependOnWhenQueuedWorkRuns) {
  for (const auto progress : {cuda_on_host::Progress::drawn, cuda_on_host::Progress::late})
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      EXPECT_EQ(cuda_on_host::reset(), "");
      cuda_on_host::set_progress(progress);
      cuda_on_host::set_seed(seed);
      for (const bool keep : {true, false}) EXPECT_EQ(run("cuda", keep), "") << seed;
    }
}

std::string refusal(const char* request) {
  try {
    choose_device(request);
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, ErrorCode::device);
    return error.info().found;
  }
  return "accepted";
}

TEST_F(EngineFaults, TheReasonsWhyADeviceCannotBeUsedAreToldApart) {
  EXPECT_EQ(refusal("cuda:3"), "there is no device 3, only 1");
  cuda_on_host::set_driver(cudaErrorNoDevice);
  EXPECT_NE(refusal("cuda").find("no CUDA device"), std::string::npos) << refusal("cuda");
  cuda_on_host::reset();
  cuda_on_host::set_driver(cudaErrorInsufficientDriver);
  const std::string driver = refusal("cuda");
  EXPECT_NE(driver.find("driver"), std::string::npos) << driver;
  cuda_on_host::reset();
  cuda_on_host::set_kernel_image(cudaErrorNoKernelImageForDevice);
  const std::string image = refusal("cuda");
  EXPECT_NE(image.find("cudaErrorNoKernelImageForDevice"), std::string::npos) << image;
  EXPECT_NE(driver.substr(0, 12), image.substr(0, 12));
}

TEST_F(EngineFaults, SeveralDevicesShareTheWork) {
  cuda_on_host::set_devices(3);
  const DeviceChoice choice = choose_device("cuda:2,0");
  EXPECT_EQ(choice.device(0), 2);
  EXPECT_EQ(choice.device(1), 0);
  EXPECT_EQ(choice.device(2), 2);
  DeviceChoice last = choice;
  last.devices = {choice.device(0)};
  EXPECT_EQ(expect_cpu_results(recipe_, batch_of(frames_), last, false), "");
}

}  // namespace
}  // namespace quickbeam::tests
