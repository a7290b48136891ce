// SPDX-License-Identifier: BSD-3-Clause
// Statistics of sets on an emulated device: the files of the CPU, whatever fails.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include <quickbeam/stack_statistics.hpp>

#include "tests/emulated/set_faults.hpp"

namespace quickbeam::tests {
namespace {

class StatisticsFaults : public SetFaults<StatisticsJob, StatisticsReport> {
 protected:
  StatisticsFaults() {
    job_.inputs = {
        write_stack("a.mrcs", {.extent = {12, 9}}, 300, -300, [](int k) { return k % 37 == 5; }),
        write_stack("b.mrcs", {.extent = {7, 5}, .stored = io::StoredAs::int16}, 40, -300,
                    [](int) { return false; })};
    job_.outputs.sd = job_.outputs.min = job_.outputs.max = job_.outputs.count = true;
    expected_ = run(choose_device("cpu"));
  }

  std::string files() override {
    const std::string out = folder_ / "out";
    std::filesystem::remove_all(out);
    job_.outputs.folder = out;
    report_ = compute_statistics(job_);
    EXPECT_EQ(report_.backend, job_.device.backend->name());
    std::string all;
    for (const std::string& path : report_.outputs) all += path + "\n" + test::read_text(path);
    return all;
  }
};

TEST_F(StatisticsFaults, WithoutAnyTheFilesAreThoseOfTheCpu) {
  EXPECT_GT(expected_.size(), 10'000u);
  expect_no_fault();
}

TEST_F(StatisticsFaults, MasksAndFilesThatFailAreTheCpus) {
  job_.region.radius = 3;
  std::filesystem::resize_file(folder_ / "a.mrcs", 1024 + 12 * 9 * 4 * 290);
  expected_ = run(choose_device("cpu"));
  EXPECT_EQ(run(choose_device("cuda")), expected_);
  EXPECT_EQ(report_.failures.size(), 1u);
  job_.region.radius.reset();
  expected_ = run(choose_device("cpu"));
  EXPECT_EQ(run(choose_device("cuda")), expected_);
  EXPECT_EQ(cuda_on_host::reset(), "");
}

TEST_F(StatisticsFaults, AnyCallThatFailsLeavesTheWorkToTheCpu) {
  fail_each_of({"cudaMalloc", "cudaMemcpyAsync", "cudaEventRecord", "cudaEventSynchronize",
                "cudaStreamCreateWithFlags", "cudaLaunchKernelEx", "cudaEventCreateWithFlags",
                "cudaSetDevice"});
}

TEST_F(StatisticsFaults, LittleMemoryTakesFewerImagesAtATime) {
  shrink_memory(std::size_t{1} << 20, [](std::size_t bytes) { return bytes / 2; });
}

TEST_F(StatisticsFaults, SeveralDevicesShareTheWork) { share_between_two_devices(); }

}  // namespace
}  // namespace quickbeam::tests
