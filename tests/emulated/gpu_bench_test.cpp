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
  for (const char* const stage :
       {"device copy (read + write)",
        "host to device, pinned",
        "device to host, pinned",
        "host memcpy (read + write)",
        "decode to int32, one core of the host",
        "index of streams",
        "index + decode to int32",
        "decode to int32 in one pass, chained scan (experiment)",
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
        "files to PNG files, cpu and cuda at once, a quarter of the threads with cuda",
        "files to PNG files, cpu and cuda at once, three quarters of the threads with cuda",
        "decode to int32, cores of the host at once",
        "PNG encoding, per core",
        "statistics of pixels of float32 stacks",
        "statistics of pixels of float16 stacks",
        "statistics of pixels of int16 stacks",
        "statistics of pixels of uint8 stacks",
        "statistics of pixels of uint8 stacks, joined to one map",
        "statistics of images of float32 stacks",
        "statistics of pixels of float32 stacks, pinned host memory",
        "statistics of pixels of int16 stacks, pinned host memory"})
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

TEST(CudaBench, MeasuresAPart) {
  const TemporaryFolder folder;
  const CommandResult part = test::run_program(
      test::emulated_bench_path(),
      "--tiny --parts streams,planes --stages '^index of' --json '" + folder / "b.json'", "");
  EXPECT_EQ(part.exit_code, 0) << part.out << part.err;
  std::multiset<std::string> stages;
  const json found = read_json(folder / "b.json");
  for (const json& row : found.at("rows"))
    if (row.at("input") == "simulated") stages.insert(row.at("stage"));
  EXPECT_EQ(stages, (std::multiset<std::string>{"index of streams", "index of streams"}));
  const CommandResult nothing =
      test::run_program(test::emulated_bench_path(), "--tiny --parts host --stages nonsense", "");
  EXPECT_EQ(nothing.exit_code, 1);
  EXPECT_NE(nothing.out.find("no row has such a stage"), std::string::npos) << nothing.out;
  for (const char* const wrong : {"--parts nonsense", "--stages", "--nonsense 1"})
    EXPECT_EQ(test::run_program(test::emulated_bench_path(), wrong, "").exit_code, 2) << wrong;
}

TEST(CudaBench, WhatWasMeasuredOutlivesTheProgram) {
  const TemporaryFolder folder;
  const std::string file = folder / "b.json";
  const CommandResult killed =
      test::run_program("bash",
                        "-c '\"" + test::emulated_bench_path() + "\" --tiny --json \"" + file +
                            "\" & until grep -qs \"statistics of images\" \"" + file +
                            "\"; do sleep 0.01; done; kill -9 $!; wait $!'",
                        "timeout 60");
  EXPECT_EQ(killed.exit_code, 128 + 9);
  const json found = read_json(file);
  EXPECT_GE(found.at("rows").size(), 9u);
  for (const json& row : found.at("rows")) expect_row(row);
}

TEST(CudaBench, SaysThatThereIsNoDevice) {
  const CommandResult result =
      test::run_program(test::emulated_bench_path(), "--tiny", "QUICKBEAM_EMULATED_DEVICES=0");
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_NE(result.err.find("no GPU can be used"), std::string::npos) << result.err;
  EXPECT_EQ(result.out, "");
}

/// bench/gpu.sh, with `smi` in place of nvidia-smi.
CommandResult gpu_sh(const std::string& arguments, const std::string& smi,
                     const std::string& settings = "") {
  return test::run_program(test::source_folder() + "/bench/gpu.sh", arguments,
                           settings + " NVIDIA_SMI='" + smi + "'");
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
  for (const char* const wrong :
       {"--nonsense", "--only bench,nonsense", "--stacks /no/such/folder", "--frames"})
    EXPECT_EQ(gpu_sh(wrong, "false").exit_code, 2) << wrong;
}

/// Programs in place of those of a real build, and of nvidia-smi.
class GpuScriptTrial : public ::testing::Test {
 protected:
  GpuScriptTrial() {
    fs::create_symlink(test::emulated_command_path(), folder_ / "quickbeam");
    fs::create_symlink(test::emulated_bench_path(), folder_ / "cuda_bench");
    fs::create_symlink(test::emulated_tests_path(), folder_ / "cuda_test");
    replace("smi", "echo 'name, GPU of a trial'; echo 'none, none'");
  }
  CommandResult run(const std::string& options = "", const std::string& settings = "") {
    return gpu_sh("--tiny --build '" + folder_ / "' --out '" + folder_ / "out' " + options,
                  folder_ / "smi", settings);
  }
  /// A script in place of a program of the build.
  void replace(const std::string& program, const std::string& script) {
    fs::remove(folder_ / program);
    std::ofstream(folder_ / program) << "#!/bin/bash\n" << script << "\n";
    fs::permissions(folder_ / program, fs::perms::owner_all);
  }
  /// What a step said.
  std::string log(const std::string& step) {
    EXPECT_EQ(
        std::system(("tar -xzf '" + folder_ / "out/logs.tar.gz' -C '" + folder_ / "'").c_str()), 0);
    return test::read_text(folder_ / ("logs/" + step + ".log"));
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
  replace("cuda_test", "echo 'a test that fails'; exit 3");
  const CommandResult result = run("--only tests,bench --parts streams --stages '^index of'");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find("== FAILED: tests"), std::string::npos) << result.out;
  const json found = results();
  EXPECT_EQ(status_of(found, "tests"), "failed");
  EXPECT_EQ(status_of(found, "bench"), "ok");
  EXPECT_EQ(status_of(found, "equality"), "absent");
  EXPECT_TRUE(found.at("tests").is_null());
  EXPECT_EQ(found.at("bench").at("rows").size(), 8u);  // six bandwidths, two batches
}

TEST_F(GpuScriptTrial, ATestThatHangsIsNamedAndItsResultsAreKept) {
  replace("cuda_test",
          "echo '[ RUN      ] A.Passes'; echo '[       OK ] A.Passes (1 ms)'\n"
          "echo '[ RUN      ] A.Hangs'; sleep 60");
  const CommandResult result = run("--only tests --seconds 5");
  EXPECT_EQ(result.exit_code, 1);
  const json found = results();
  EXPECT_EQ(found.at("tests").at("passed"), 1);
  EXPECT_EQ(found.at("tests").at("not_ended"), json::array({"A.Hangs"}));
  EXPECT_NE(result.out.find("not ended: A.Hangs"), std::string::npos) << result.out;
}

TEST_F(GpuScriptTrial, APeerThatFailedIsInTheTable) {
  replace("python",
          "while (($# > 0)); do [[ $1 == --json ]] && to=$2; shift; done\n"
          "echo '{\"rows\": [], \"failed\": [{\"name\": \"a peer\", \"why\": \"a reason\"}], "
          "\"not_run\": [\"another\"]}' >\"$to\"; exit 1");
  EXPECT_EQ(run("--only peers", "PYTHON='" + folder_ / "python'").exit_code, 1);
  EXPECT_EQ(status_of(results(), "peers"), "failed");
  const std::string table = test::read_text(folder_ / "out/table.md");
  EXPECT_NE(table.find("- failed: a peer: a reason\n- not run: another"), std::string::npos)
      << table;
}

// In place of NVIDIA's tools: one that writes a table as ncu does, and none for planes; one that
// runs the tests it is given.
TEST_F(GpuScriptTrial, ProfilesPartByPartAndRunsTheSanitizers) {
  replace("ncu", R"sh(for ((i = 1; i <= $#; ++i)); do
  [[ ${!i} == --log-file ]] && at=$((i + 1)) && log=${!at}
done
part=${!#}
[[ $part == planes ]] && exit 9
printf '==PROF== Connected\n"ID","Kernel Name","gpu__time_duration.sum","launch__registers_per_thread"\n' >"$log"
printf '"","","ns","register/thread"\n"0","void quickbeam::kernels::cuda::of_%s<int>(int)","1,500","40"\n' "$part" >>"$log"
printf '"1","void quickbeam::kernels::cuda::of_%s<int>(int)","2,500","40"\n"2","cut' "$part" >>"$log")sh");
  replace("compute-sanitizer", "shift 4; exec \"$@\"");
  const CommandResult result =
      run("--only ncu,memcheck,initcheck", "PATH='" + folder_ / "':\"$PATH\"");
  EXPECT_EQ(result.exit_code, 1);
  const json found = results();
  EXPECT_EQ(status_of(found, "ncu"), "failed");
  EXPECT_NE(log("ncu").find("planes: not profiled"), std::string::npos);
  EXPECT_EQ(status_of(found, "memcheck"), "ok");
  EXPECT_EQ(status_of(found, "initcheck"), "ok");
  EXPECT_NE(log("memcheck").find("Engine.BatchesOfAnySizeAreEqual"), std::string::npos);
  EXPECT_EQ(log("initcheck").find("Engine.BatchesOfAnySizeAreEqual"), std::string::npos);
  std::set<std::string> kernels;
  for (const json& kernel : found.at("profile")) {
    kernels.insert(kernel.at("kernel"));
    EXPECT_EQ(kernel.at("launches"), 2);
    EXPECT_EQ(kernel.at("gpu__time_duration.sum [ns]"), 2000);
  }
  EXPECT_EQ(kernels, (std::set<std::string>{"of_chained<int>", "of_particles<int>",
                                            "of_stacks<int>", "of_streams<int>"}));
}

TEST_F(GpuScriptTrial, ComparesRealStacks) {
  ASSERT_EQ(test::quickbeam("simulate particles -q -n 5 --box 48 --type int16 -o '" +
                            folder_ / "stacks/in/a/folder'")
                .exit_code,
            0);
  const CommandResult result = run("--only equality --stacks '" + folder_ / "stacks'");
  EXPECT_EQ(result.exit_code, 0) << result.out << log("equality");
  const std::string said = log("equality");
  for (const char* const line :
       {"statistics of float16-57: 8 files, 0 bytes differ",
        "thumbnails of uint8-48: 2 files, 0 bytes differ",
        "statistics of real-1: 8 files, 0 bytes differ", "cuda:0: 0 differences"})
    EXPECT_NE(said.find(line), std::string::npos) << line << "\n" << said;
  fs::remove_all(folder_ / "stacks/in");
  EXPECT_EQ(run("--only equality --stacks '" + folder_ / "stacks'").exit_code, 1);
  EXPECT_NE(log("equality").find("no stacks in"), std::string::npos);
}

TEST_F(GpuScriptTrial, ComparesRealFramesThatTravelledCompressed) {
  const std::string in = folder_ / "frames";
  ASSERT_EQ(test::quickbeam("simulate frames -q -n 2 --modules-x 1 --modules-y 1 -o '" + in + "'")
                .exit_code,
            0);
  const std::string first = "\"$(ls '" + in + "'/*.cbf | head -n 1)\"";
  ASSERT_EQ(std::system(("gzip " + first + " && bzip2 " + first).c_str()), 0);
  const CommandResult result = run("--only equality --frames '" + in + "'");
  EXPECT_EQ(result.exit_code, 0) << result.out << log("equality");
  EXPECT_NE(log("equality").find("real, preset seed: 2 files, 0 bytes differ"), std::string::npos)
      << log("equality");
}

// The CPU behind a device that fails gives the same bytes: it must not pass for the device.
TEST_F(GpuScriptTrial, StatisticsThatTheCpuMadeAreNoEquality) {
  replace("quickbeam",
          "[[ \"$*\" == stats*cuda* ]] && export "
          "QUICKBEAM_EMULATED_FAIL=cudaMemcpyAsync:1:999\nexec '" +
              test::emulated_command_path() + "' \"$@\"");
  EXPECT_EQ(run("--only equality").exit_code, 1);
  EXPECT_NE(log("equality").find("not all of it was made on the card: statistics of float32-48"),
            std::string::npos);
}

TEST_F(GpuScriptTrial, OneByteOfStatisticsThatDiffersIsNoEquality) {
  replace("quickbeam",
          "'" + test::emulated_command_path() +
              "' \"$@\" || exit\n"
              "[[ \"$*\" == stats*cuda* ]] || exit 0\n"
              "printf x | dd of=\"${!#}/variance.npy\" bs=1 seek=200 conv=notrunc status=none");
  EXPECT_EQ(run("--only equality").exit_code, 1);
  EXPECT_NE(log("equality").find("variance.npy differ"), std::string::npos) << log("equality");
}

}  // namespace
}  // namespace quickbeam
