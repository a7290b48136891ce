// SPDX-License-Identifier: BSD-3-Clause
// Thumbnails of sets on an emulated device: the files of the CPU, whatever fails.
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include <quickbeam/shrink.hpp>

#include "host/src/device_health.hpp"
#include "io/stack_writer.hpp"
#include "tests/cuda_on_host/emulation.hpp"
#include "tests/host/temporary_folder.hpp"

namespace quickbeam::tests {
namespace {

class ShrinkFaults : public ::testing::Test {
 protected:
  ShrinkFaults() {
    cuda_on_host::reset();
    forget_device_health();
    for (const char* name : {"a.mrcs", "b.mrcs"}) write_stack(name);
    job_.inputs = {folder_ / "a.mrcs", folder_ / "b.mrcs"};
    job_.set.root = folder_.path();
    job_.size = 8;
    job_.threads = 2;
    expected_ = run(choose_device("cpu"), "cpu");
  }
  ~ShrinkFaults() override { forget_device_health(); }

  void write_stack(const std::string& name) {
    const Extent extent = name == "a.mrcs" ? Extent{40, 40} : Extent{21, 33};
    std::mt19937 random(7);
    io::StackWriter writer(folder_ / name, {.extent = extent});
    for (int k = 0; k < 5; ++k) {
      std::vector<float> pixels(static_cast<std::size_t>(extent.pixels()));
      for (float& v : pixels) v = static_cast<float>(random() % 1000);
      if (k == 3) pixels[17] = std::numeric_limits<float>::quiet_NaN();
      writer.append(ConstAnyView(ImageView<const float>(pixels.data(), extent)));
    }
    writer.finish();
  }

  /// The bytes of all files written, and the report.
  std::string run(const DeviceChoice& device, const char* backend) {
    job_.device = device;
    job_.output = folder_ / "out.mrcs";
    report_ = shrink_images(job_);
    EXPECT_EQ(report_.backend, backend);
    EXPECT_EQ(report_.done, 10);
    EXPECT_EQ(report_.non_finite, 2u);
    std::string all;
    for (const std::string& name : folder_.names())
      if (name.starts_with("out")) all += name + "\n" + test::read_text(folder_ / name);
    return all;
  }
  /// What is said of devices.
  std::string notices() const {
    std::string all;
    for (const std::string& notice : report_.notices)
      if (notice.starts_with("cuda")) all += notice + "\n";
    return all;
  }

  test::TemporaryFolder folder_;
  ShrinkJob job_;
  ShrinkReport report_;
  std::string expected_;
};

TEST_F(ShrinkFaults, WithoutAnyTheFilesAreThoseOfTheCpu) {
  EXPECT_EQ(run(choose_device("cuda"), "cuda"), expected_);
  EXPECT_EQ(notices(), "");
  EXPECT_GE(cuda_on_host::calls("cudaLaunchKernelEx"), 5);
  EXPECT_EQ(cuda_on_host::reset(), "");
}

TEST_F(ShrinkFaults, AnyCallThatFailsLeavesTheWorkToTheCpu) {
  for (const char* const call :
       {"cudaMalloc", "cudaMemcpyAsync", "cudaMemsetAsync", "cudaEventRecord",
        "cudaEventSynchronize", "cudaStreamCreateWithFlags", "cudaMemGetInfo", "cudaLaunchKernelEx",
        "cudaEventCreateWithFlags", "cudaSetDevice"}) {
    for (int nth = 1; nth <= 6; ++nth) {
      SCOPED_TRACE(::testing::Message() << call << " number " << nth);
      EXPECT_EQ(cuda_on_host::reset(), "");
      forget_device_health();
      const DeviceChoice device = choose_device("cuda");
      cuda_on_host::fail_call(call, nth, cudaErrorLaunchFailure, cuda_on_host::Lasting::sticky);
      EXPECT_EQ(run(device, "cuda"), expected_);
      EXPECT_TRUE(nth > 1 || notices().find("stopped working") != std::string::npos) << notices();
      if (HasFailure()) return;
    }
  }
}

TEST_F(ShrinkFaults, LittleMemoryHalvesTheBatchDownToOneImage) {
  bool gave_up = false, worked = false;
  for (std::size_t bytes = std::size_t{1} << 19; bytes >= 4096; bytes = bytes * 2 / 3) {
    SCOPED_TRACE(bytes);
    EXPECT_EQ(cuda_on_host::reset(), "");
    forget_device_health();
    cuda_on_host::set_devices(1, bytes);
    EXPECT_EQ(run(choose_device("cuda"), "cuda"), expected_);
    EXPECT_EQ(dead_because(0), "");
    const bool is_short = notices().find("too little memory") != std::string::npos;
    EXPECT_TRUE(is_short || notices().empty()) << notices();
    gave_up |= is_short;
    worked |= !is_short;
  }
  EXPECT_TRUE(gave_up && worked);
}

TEST_F(ShrinkFaults, SeveralDevicesShareTheWork) {
  EXPECT_EQ(cuda_on_host::reset(), "");
  cuda_on_host::set_devices(2);
  job_.threads = 4;
  EXPECT_EQ(run(choose_device("cuda:0,1"), "cuda"), expected_);
  EXPECT_EQ(cuda_on_host::reset(), "");
}

}  // namespace
}  // namespace quickbeam::tests
