// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <quickbeam/stack_statistics.hpp>

#include "host/src/device_health.hpp"
#include "io/stack_writer.hpp"
#include "tests/cuda_on_host/emulation.hpp"
#include "tests/host/temporary_folder.hpp"

namespace quickbeam::tests {
namespace {

class StatisticsFaults : public ::testing::Test {
 protected:
  StatisticsFaults() {
    cuda_on_host::reset();
    forget_device_health();
    write_stack("a.mrcs", {12, 9}, 300, io::StoredAs::float32);
    write_stack("b.mrcs", {7, 5}, 40, io::StoredAs::int16);
    job_.inputs = {folder_ / "a.mrcs", folder_ / "b.mrcs"};
    job_.set.root = folder_.path();
    job_.threads = 2;
    job_.outputs.sd = job_.outputs.min = job_.outputs.max = job_.outputs.count = true;
    expected_ = run(choose_device("cpu"), "cpu");
  }
  ~StatisticsFaults() override { forget_device_health(); }

  void write_stack(const std::string& name, Extent extent, int count, io::StoredAs stored) {
    std::mt19937 random(7);
    io::StackWriter writer(folder_ / name, {.extent = extent, .stored = stored});
    for (int k = 0; k < count; ++k) {
      std::vector<float> pixels(static_cast<std::size_t>(extent.pixels()));
      for (float& v : pixels) v = static_cast<float>(random() % 1000) - 300;
      if (k % 37 == 5 && stored == io::StoredAs::float32)
        pixels[17] = std::numeric_limits<float>::quiet_NaN();
      writer.append(ConstAnyView(ImageView<const float>(pixels.data(), extent)));
    }
    writer.finish();
  }

  /// The bytes of all files written.
  std::string run(const DeviceChoice& device, const char* backend = "cuda") {
    const std::string out = folder_ / "out";
    std::filesystem::remove_all(out);
    job_.device = device;
    job_.outputs.folder = out;
    report_ = compute_statistics(job_);
    EXPECT_EQ(report_.backend, backend);
    std::string all;
    for (const std::string& path : report_.outputs) all += path + "\n" + test::read_text(path);
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
  StatisticsJob job_;
  StatisticsReport report_;
  std::string expected_;
};

TEST_F(StatisticsFaults, WithoutAnyTheFilesAreThoseOfTheCpu) {
  EXPECT_GT(expected_.size(), 10'000u);
  EXPECT_EQ(run(choose_device("cuda")), expected_);
  EXPECT_EQ(notices(), "");
  EXPECT_GE(cuda_on_host::calls("cudaLaunchKernelEx"), 5);
  EXPECT_EQ(cuda_on_host::reset(), "");
}

TEST_F(StatisticsFaults, MasksAndFilesThatFailAreTheCpus) {
  job_.region.radius = 3;
  std::filesystem::resize_file(folder_ / "a.mrcs", 1024 + 12 * 9 * 4 * 290);
  expected_ = run(choose_device("cpu"), "cpu");
  EXPECT_EQ(run(choose_device("cuda")), expected_);
  EXPECT_EQ(report_.failures.size(), 1u);
  job_.region.radius.reset();
  expected_ = run(choose_device("cpu"), "cpu");
  EXPECT_EQ(run(choose_device("cuda")), expected_);
  EXPECT_EQ(cuda_on_host::reset(), "");
}

TEST_F(StatisticsFaults, AnyCallThatFailsLeavesTheWorkToTheCpu) {
  for (const char* const call :
       {"cudaMalloc", "cudaMemcpyAsync", "cudaEventRecord", "cudaEventSynchronize",
        "cudaStreamCreateWithFlags", "cudaLaunchKernelEx", "cudaEventCreateWithFlags",
        "cudaSetDevice"}) {
    for (int nth = 1; nth <= 6; ++nth) {
      SCOPED_TRACE(::testing::Message() << call << " number " << nth);
      EXPECT_EQ(cuda_on_host::reset(), "");
      forget_device_health();
      const DeviceChoice device = choose_device("cuda");
      cuda_on_host::fail_call(call, nth, cudaErrorLaunchFailure, cuda_on_host::Lasting::sticky);
      EXPECT_EQ(run(device), expected_);
      EXPECT_TRUE(nth > 1 || notices().find("stopped working") != std::string::npos) << notices();
      if (HasFailure()) return;
    }
  }
}

TEST_F(StatisticsFaults, LittleMemoryTakesFewerImagesAtATime) {
  bool gave_up = false, worked = false;
  for (std::size_t bytes = std::size_t{1} << 20; bytes >= 4096; bytes /= 2) {
    SCOPED_TRACE(bytes);
    EXPECT_EQ(cuda_on_host::reset(), "");
    forget_device_health();
    cuda_on_host::set_devices(1, bytes);
    EXPECT_EQ(run(choose_device("cuda")), expected_);
    EXPECT_EQ(dead_because(0), "");
    const bool is_short = notices().find("too little memory") != std::string::npos;
    EXPECT_TRUE(is_short || notices().empty()) << notices();
    gave_up |= is_short;
    worked |= !is_short;
  }
  EXPECT_TRUE(gave_up && worked);
}

TEST_F(StatisticsFaults, SeveralDevicesShareTheWork) {
  EXPECT_EQ(cuda_on_host::reset(), "");
  cuda_on_host::set_devices(2);
  job_.threads = 4;
  EXPECT_EQ(run(choose_device("cuda:0,1")), expected_);
  EXPECT_EQ(cuda_on_host::reset(), "");
}

}  // namespace
}  // namespace quickbeam::tests
