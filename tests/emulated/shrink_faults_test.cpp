// SPDX-License-Identifier: BSD-3-Clause
// Thumbnails of sets on an emulated device: the files of the CPU, whatever fails.
#include <gtest/gtest.h>

#include <string>

#include <quickbeam/shrink.hpp>

#include "tests/emulated/set_faults.hpp"

namespace quickbeam::tests {
namespace {

class ShrinkFaults : public SetFaults<ShrinkJob, ShrinkReport> {
 protected:
  ShrinkFaults() {
    const auto has_nan = [](int k) { return k == 3; };
    job_.inputs = {write_stack("a.mrcs", {.extent = {40, 40}}, 5, 0, has_nan),
                   write_stack("b.mrcs", {.extent = {21, 33}}, 5, 0, has_nan)};
    job_.size = 8;
    expected_ = run(choose_device("cpu"));
    EXPECT_EQ(report_.backend, "cpu");
  }

  std::string files() override {
    job_.output = folder_ / "out.mrcs";
    report_ = shrink_images(job_);
    EXPECT_EQ(report_.done, 10);
    EXPECT_EQ(report_.non_finite, 2u);
    std::string all;
    for (const std::string& name : folder_.names())
      if (name.starts_with("out")) all += name + "\n" + test::read_text(folder_ / name);
    return all;
  }
};

TEST_F(ShrinkFaults, WithoutAnyTheFilesAreThoseOfTheCpu) {
  expect_no_fault();
  EXPECT_EQ(report_.backend, "cuda");
}

TEST_F(ShrinkFaults, AnyCallThatFailsLeavesTheWorkToTheCpu) {
  fail_each_of(
      {"cudaMalloc", "cudaMemcpyAsync", "cudaMemsetAsync", "cudaEventRecord",
       "cudaEventSynchronize", "cudaStreamCreateWithFlags", "cudaMemGetInfo", "cudaLaunchKernelEx",
       "cudaEventCreateWithFlags", "cudaSetDevice"},
      [&](int nth) { EXPECT_TRUE(nth > 1 || report_.backend == "cpu") << report_.backend; });
}

TEST_F(ShrinkFaults, LittleMemoryHalvesTheBatchDownToOneImage) {
  shrink_memory(
      std::size_t{1} << 19, [](std::size_t bytes) { return bytes * 2 / 3; },
      [&] {
        EXPECT_EQ(report_.backend == "cuda", notices().empty()) << report_.backend << notices();
      });
}

TEST_F(ShrinkFaults, SeveralDevicesShareTheWork) {
  share_between_two_devices();
  EXPECT_EQ(report_.backend, "cuda");
}

}  // namespace
}  // namespace quickbeam::tests
