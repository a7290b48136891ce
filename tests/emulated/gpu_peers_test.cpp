// SPDX-License-Identifier: BSD-3-Clause
// bench/peers/gpu_compare.py with stand-ins for CuPy and PyTorch (fake_peers): its names, its
// comparisons and its ways out. No time here means anything.
#include <gtest/gtest.h>

#include <set>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

using nlohmann::json;
using test::CommandResult;
using test::TemporaryFolder;

/// A Python with NumPy and SciPy; "" where there is none.
std::string python() {
  for (const char* const name : {"python3", "/usr/bin/python3"})
    if (test::run_program(name, "-c 'import numpy, scipy'", "").exit_code == 0) return name;
  return "";
}

class GpuPeers : public ::testing::Test {
 protected:
  void SetUp() override {
    python_ = python();
    if (python_.empty()) GTEST_SKIP() << "no Python with NumPy and SciPy";
  }
  CommandResult compare(const std::string& setting, const std::string& options = "") {
    return test::run_program(
        python_,
        "'" + test::source_folder() + "/bench/peers/gpu_compare.py' --tiny --quickbeam '" +
            test::command_path() + "' --json '" + folder_ / "p.json' " + options,
        setting + " PYTHONDONTWRITEBYTECODE=1 PYTHONPATH='" + test::source_folder() +
            "/tests/emulated/fake_peers'");
  }
  json found() const { return json::parse(test::read_text(folder_ / "p.json")); }
  static std::set<std::string> names(const json& list) {
    std::set<std::string> all;
    for (const json& one : list) all.insert(one.at("name"));
    return all;
  }

  std::string python_;
  TemporaryFolder folder_;
};

TEST_F(GpuPeers, AreHeldAgainstTheRowsOfTheSameRun) {
  ASSERT_EQ(test::run_program(test::emulated_bench_path(),
                              "--tiny --parts stacks,planes --json '" + folder_ / "b.json'", "")
                .exit_code,
            0);
  const CommandResult result = compare("", "--bench '" + folder_ / "b.json'");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  const json peers = found();
  EXPECT_EQ(peers.at("failed"), json::array());
  EXPECT_EQ(peers.at("rows").size(), 20u);  // 4 of frames by 3 batches, 8 of stacks
  std::set<std::string> held;
  for (const json& row : peers.at("rows")) {
    EXPECT_GT(row.at("us").get<double>(), 0);
    const bool of_stacks = row.at("stage").get<std::string>().starts_with("statistics");
    EXPECT_EQ(row.contains("must"), !of_stacks) << row;
    if (row.contains("times_faster")) held.insert(row.at("name"));
    // The rows of tiny stacks are there for every peer, of tiny frames for one batch.
    EXPECT_EQ(row.contains("times_faster"), of_stacks || row.at("batch") == 1) << row;
  }
  for (const char* const name :
       {"CuPy mean and var of pixels, float32, box 24",
        "CuPy mean and var of images, int16, box 24", "CuPy mean and var of pixels, uint8, box 24",
        "PyTorch var_mean of images, float32, box 24",
        "PyTorch max_pool2d 10, stride 10, float32, batch 1"})
    EXPECT_TRUE(held.contains(name)) << name;
}

TEST_F(GpuPeers, AWrongResultIsNotTimedAndTheOthersGoOn) {
  EXPECT_EQ(compare("FAKE_CUPY=wrong").exit_code, 1);
  const json peers = found();
  EXPECT_EQ(names(peers.at("failed")),
            (std::set<std::string>{"CuPy mean and var of pixels, float32, box 24",
                                   "CuPy mean and var of images, float32, box 24",
                                   "CuPy mean and var of pixels, int16, box 24",
                                   "CuPy mean and var of images, int16, box 24",
                                   "CuPy mean and var of pixels, uint8, box 24",
                                   "CuPy mean and var of images, uint8, box 24"}));
  EXPECT_NE(peers.at("failed")[0].at("why").get<std::string>().find("variance"), std::string::npos);
  EXPECT_EQ(peers.at("rows").size(), 14u);
  EXPECT_EQ(compare("FAKE_TORCH=wrong").exit_code, 1);
  EXPECT_EQ(names(found().at("failed")),
            (std::set<std::string>{"PyTorch max_pool2d 10, stride 1, float32",
                                   "PyTorch max_pool2d 10, stride 10, float32"}));
}

TEST_F(GpuPeers, APeerThatFailsIsNamedAndTheOthersGoOn) {
  EXPECT_EQ(compare("FAKE_CUPY=broken").exit_code, 1);
  const json peers = found();
  EXPECT_EQ(peers.at("failed").size(), 6u);
  EXPECT_EQ(peers.at("failed")[0].at("why"), "RuntimeError: out of memory in this trial");
  EXPECT_EQ(peers.at("rows").size(), 14u);
}

TEST_F(GpuPeers, APackageThatIsNotThereIsSaid) {
  EXPECT_EQ(compare("FAKE_TORCH=absent").exit_code, 0);
  EXPECT_EQ(found().at("not_run"), json::array({"torch: no such package in this trial"}));
  const CommandResult neither = compare("FAKE_TORCH=absent FAKE_CUPY=absent");
  EXPECT_EQ(neither.exit_code, 77);
  EXPECT_NE(neither.out.find("skipped"), std::string::npos);
}

}  // namespace
}  // namespace quickbeam
