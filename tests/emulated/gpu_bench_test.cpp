// SPDX-License-Identifier: BSD-3-Clause
// The programs that measure a card, tried without one: cuda_bench on the emulation, and
// bench/gpu.sh with it. That they work and say what they should; no time here means anything.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::CommandResult;
using test::TemporaryFolder;

json read_json(const std::string& path) { return json::parse(test::read_text(path)); }

/// Of one row: all fields, numbers that can be, and the mark of the emulation.
void expect_row(const json& row) {
  SCOPED_TRACE(row.dump());
  EXPECT_FALSE(row.at("stage").get<std::string>().empty());
  EXPECT_GE(row.at("batch").get<int>(), 1);
  EXPECT_GE(row.at("repeats").get<int>(), 1);
  EXPECT_GT(row.at("us").get<double>(), 0);
  EXPECT_LE(row.at("us_min").get<double>(), row.at("us").get<double>());
  EXPECT_LE(row.at("us_p10").get<double>(), row.at("us_p90").get<double>());
  EXPECT_GT(row.at("bytes").get<double>(), 0);
  EXPECT_NEAR(row.at("gb_s").get<double>(),
              row.at("bytes").get<double>() / row.at("us").get<double>() / 1e3,
              1e-6 * row.at("gb_s").get<double>());
  EXPECT_EQ(row.contains("bound"), row.contains("of_bound"));
  EXPECT_EQ(row.contains("must"), row.contains("reached"));
  EXPECT_NE(row.at("mark").get<std::string>().find("emulated"), std::string::npos);
}

TEST(CudaBench, WritesEveryStageWithItsBytesAndItsBound) {
  const TemporaryFolder folder;
  const CommandResult result = test::run_program(
      test::emulated_bench_path(), "--tiny --threads 2 --json '" + folder / "b.json'", "");
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  const json found = read_json(folder / "b.json");
  EXPECT_TRUE(found.at("facts").at("emulated").get<bool>());
  EXPECT_EQ(found.at("failures"), json::array());
  std::set<std::string> stages, bounds;
  for (const json& row : found.at("rows")) {
    expect_row(row);
    stages.insert(row.at("stage").get<std::string>());
    if (row.contains("bound")) bounds.insert(row.at("bound").get<std::string>());
  }
  for (const char* const stage : {"device copy (read + write)",
                                  "host to device, pinned",
                                  "device to host, pinned",
                                  "host memcpy (read + write)",
                                  "decode to int32, one core of the host",
                                  "index of streams",
                                  "index + decode to int32",
                                  "index + decode fused with mean 10 x 10",
                                  "compressed to 8-bit thumbnail, sampled dilation 10",
                                  "levels of reduced frames",
                                  "tone of reduced frames",
                                  "dilation 10 x 10 of int32, full size",
                                  "max 10 x 10 of int32 frames",
                                  "latency of one frame in memory, cuda",
                                  "thumbnails 20 to 5 of float32, resident",
                                  "thumbnails 20 to 5 of float32, pinned host memory and back",
                                  "thumbnails 20 to 5 of float32, CPU",
                                  "pinned host memory to thumbnails on the host",
                                  "files to PNG files, cpu",
                                  "files to PNG files, cuda",
                                  "files to PNG files, cpu and cuda at once",
                                  "PNG encoding, per core",
                                  "statistics of pixels of float32 stacks",
                                  "statistics of pixels of float16 stacks",
                                  "statistics of pixels of int16 stacks",
                                  "statistics of pixels of uint8 stacks",
                                  "statistics of images of float32 stacks"})
    EXPECT_TRUE(stages.contains(stage)) << stage;
  for (const std::string& bound : bounds)
    EXPECT_GT(found.at("bounds_bytes_s").at(bound).get<double>(), 0) << bound;
}

TEST(CudaBench, MeasuresFramesOfAFolderAndSaysWhatItCannotMeasure) {
  const TemporaryFolder folder;
  const CommandResult none = test::run_program(
      test::emulated_bench_path(),
      "--tiny --profile --json '" + folder / "b.json' --frames '" + folder / "'", "");
  EXPECT_EQ(none.exit_code, 1) << none.out;
  const json failures = read_json(folder / "b.json").at("failures");
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].at("what"), "real frames");
  ASSERT_EQ(test::quickbeam("simulate frames -q -n 2 --modules-x 1 --modules-y 1 -o '" +
                            folder / "frames'")
                .exit_code,
            0);
  const CommandResult some = test::run_program(
      test::emulated_bench_path(),
      "--tiny --profile --json '" + folder / "b.json' --frames '" + folder / "frames'", "");
  EXPECT_EQ(some.exit_code, 0) << some.out << some.err;
  const json rows = read_json(folder / "b.json").at("rows");
  EXPECT_TRUE(std::any_of(rows.begin(), rows.end(),
                          [](const json& row) { return row.at("input") == "real"; }));
}

TEST(CudaBench, SaysThatThereIsNoDevice) {
  const CommandResult result =
      test::run_program(test::emulated_bench_path(), "--tiny", "QUICKBEAM_EMULATED_DEVICES=0");
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_NE(result.err.find("no GPU can be used"), std::string::npos) << result.err;
  EXPECT_EQ(result.out, "");
}

/// bench/gpu.sh, with `smi` in place of nvidia-smi.
CommandResult gpu_sh(const std::string& arguments, const std::string& smi) {
  return test::run_program(test::source_folder() + "/bench/gpu.sh", arguments,
                           "NVIDIA_SMI='" + smi + "'");
}

TEST(GpuScript, SaysThatThereIsNoCardAndFails) {
  const TemporaryFolder folder;
  for (const std::string& smi : {std::string("false"), std::string("/no/such/program")}) {
    const CommandResult result = gpu_sh("--out '" + folder / "out'", smi);
    EXPECT_EQ(result.exit_code, 4);
    EXPECT_NE(result.err.find("there is no NVIDIA card here"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("Nothing was tested or measured"), std::string::npos);
    EXPECT_FALSE(fs::exists(folder / "out"));
  }
  EXPECT_EQ(gpu_sh("--nonsense", "false").exit_code, 2);
}

/// Programs in place of those of a real build, and of nvidia-smi.
class GpuScriptTrial : public ::testing::Test {
 protected:
  GpuScriptTrial() {
    fs::create_symlink(test::emulated_command_path(), folder_ / "quickbeam");
    fs::create_symlink(test::emulated_bench_path(), folder_ / "cuda_bench");
    fs::create_symlink(test::emulated_tests_path(), folder_ / "cuda_test");
    std::ofstream(folder_ / "smi") << "#!/bin/sh\necho 'name, GPU of a trial'\necho 'none, none'\n";
    fs::permissions(folder_ / "smi", fs::perms::owner_all);
  }
  CommandResult run() {
    return gpu_sh("--tiny --build '" + folder_ / "' --out '" + folder_ / "out'", folder_ / "smi");
  }
  json results() const { return read_json(folder_ / "out/results.json"); }
  static std::string status_of(const json& results, const std::string& step) {
    for (const json& one : results.at("steps"))
      if (one.at("name") == step) return one.at("status");
    return "absent";
  }

  TemporaryFolder folder_;
};

TEST_F(GpuScriptTrial, TakesAllStepsAndMarksTheEmulation) {
  const CommandResult result = run();
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  const json found = results();
  EXPECT_TRUE(found.at("emulated").get<bool>());
  EXPECT_NE(result.out.find("EMULATED: no GPU ran"), std::string::npos) << result.out;
  EXPECT_NE(test::read_text(folder_ / "out/table.md").find("EMULATED: no GPU ran"),
            std::string::npos);
  for (const char* const step : {"card", "tests", "equality", "bench"})
    EXPECT_EQ(status_of(found, step), "ok") << step;
  for (const char* const step : {"peers", "ncu", "memcheck", "racecheck", "initcheck", "synccheck"})
    EXPECT_NE(status_of(found, step), "absent") << step;
  EXPECT_GT(found.at("tests").at("passed").get<int>(), 5);
  EXPECT_EQ(found.at("tests").at("failed"), json::array());
  EXPECT_TRUE(fs::exists(folder_ / "out/logs.tar.gz"));
}

TEST_F(GpuScriptTrial, AFailedStepIsToldAndTheRestGoesOn) {
  fs::remove(folder_ / "cuda_test");
  std::ofstream(folder_ / "cuda_test") << "#!/bin/sh\necho 'a test that fails'\nexit 3\n";
  fs::permissions(folder_ / "cuda_test", fs::perms::owner_all);
  const CommandResult result = run();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find("== FAILED: tests"), std::string::npos) << result.out;
  const json found = results();
  EXPECT_EQ(status_of(found, "tests"), "failed");
  EXPECT_EQ(status_of(found, "bench"), "ok");
  EXPECT_TRUE(found.at("tests").is_null());
}

}  // namespace
}  // namespace quickbeam
