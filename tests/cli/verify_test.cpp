// SPDX-License-Identifier: BSD-3-Clause
// quickbeam verify as a user runs it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"
#include "tests/oracle/cbf_builder.hpp"

namespace quickbeam {
namespace {

using nlohmann::json;
using test::quickbeam;
using test::TemporaryFolder;

std::string simulated(const TemporaryFolder& folder, int frames) {
  const auto run = quickbeam("simulate frames -q --modules-x 1 --modules-y 1 -n " +
                             std::to_string(frames) + " -o '" + folder / "run" + "'");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return "'" + folder / "run" + "'";
}

TEST(VerifyCommand, SaysAtOnceThatNothingDiffers) {
  const TemporaryFolder folder;
  const auto run = quickbeam("verify --device cpu " + simulated(folder, 2));
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_NE(run.out.find("\ncpu: 0 differences in "), std::string::npos) << run.out;
  EXPECT_NE(run.out.find(" values of 2 frames\n"), std::string::npos) << run.out;
  EXPECT_EQ(run.out.find("not run"), std::string::npos) << run.out;
}

TEST(VerifyCommand, ATargetThatCannotRunIsNamedWithTheReasonAndIsNoPass) {
  const TemporaryFolder folder;
  const auto run = quickbeam("verify --json --preset ispyb " + simulated(folder, 1));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const json report = json::parse(run.out);
  EXPECT_EQ(report["equal"], true);
  EXPECT_EQ(report["frames"], 1);
  ASSERT_GE(report["targets"].size(), 2u);
  EXPECT_GT(report["targets"][0]["values"], 100000);
  const json& cuda = report["targets"][1];
  EXPECT_EQ(cuda["name"], "cuda");
  EXPECT_EQ(cuda["not_run"] == "", cuda["values"] > 0) << "either it ran, or it says why not";
  const auto forced = quickbeam("verify --device cuda " + simulated(folder, 1));
  EXPECT_EQ(forced.exit_code, cuda["not_run"] == "" ? 0 : 4);
  for (const auto& stage : report["stages"]) EXPECT_TRUE(stage.contains("cpu")) << stage;
}

TEST(VerifyCommand, BadFilesAreComparedToo) {
  const TemporaryFolder folder;
  auto parts = oracle::good_cbf();
  parts.section().data.back() = '\x80';
  test::write_text(folder / "bad.cbf", parts.bytes());
  const auto run = quickbeam("verify --device cpu --json --factor 2 '" + folder / "bad.cbf" + "' " +
                             simulated(folder, 1));
  EXPECT_EQ(run.exit_code, 1) << "a file failed";
  EXPECT_NE(run.err.find("bad.cbf"), std::string::npos);
  EXPECT_NE(run.err.find("[BAD_STREAM]"), std::string::npos);
  const json report = json::parse(run.out);
  EXPECT_EQ(report["equal"], true);
  EXPECT_EQ(report["failures"][0]["code"], "BAD_STREAM");
  EXPECT_EQ(report["stages"].back()["cpu"]["values"], 1);
  EXPECT_EQ(report["stages"].back()["cpu"]["differences"], 0);
  const auto only_bad = quickbeam("verify --device cpu --factor 2 '" + folder / "bad.cbf" + "'");
  EXPECT_EQ(only_bad.exit_code, 1);
  EXPECT_NE(only_bad.out.find("1 frame cannot be decoded"), std::string::npos) << only_bad.out;
}

TEST(VerifyCommand, UsageAndMissingFiles) {
  const TemporaryFolder folder;
  const std::string input = simulated(folder, 1);
  EXPECT_EQ(quickbeam("verify --sum 2 " + input).exit_code, 2);
  EXPECT_EQ(quickbeam("verify --preset none " + input).exit_code, 2);
  EXPECT_EQ(quickbeam("verify --device gpu " + input).exit_code, 2);
  EXPECT_EQ(quickbeam("verify").exit_code, 2);
  EXPECT_EQ(quickbeam("verify '" + folder / "none.cbf" + "'").exit_code, 1);
  EXPECT_EQ(quickbeam("verify --factor 100000 " + input).exit_code, 1);
}

}  // namespace
}  // namespace quickbeam
