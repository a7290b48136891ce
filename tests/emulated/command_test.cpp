// SPDX-License-Identifier: BSD-3-Clause
// The command with the emulated GPU, as a user runs it, with the GPU's faults.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/command.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;
using test::CommandResult;
using test::read_text;
using test::TemporaryFolder;

CommandResult emulated(const std::string& arguments, const std::string& settings = "") {
  return test::run_program(test::emulated_command_path(), arguments, settings);
}

class EmulatedCommand : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = new TemporaryFolder;
    ASSERT_EQ(
        emulated("simulate frames -q -n 4 --modules-x 1 --modules-y 1 -o '" + *folder / "frames'")
            .exit_code,
        0);
    ASSERT_EQ(thumbnails("cpu", "--device cpu").exit_code, 0);
  }
  static void TearDownTestSuite() { delete folder; }

  static CommandResult thumbnails(const std::string& to, const std::string& options,
                                  const std::string& settings = "") {
    return emulated("thumb '" + *folder / "frames' -v --json -o '" + *folder / to + "' " + options,
                    settings);
  }

  /// The pictures in `to` are the CPU's, byte for byte.
  static void expect_the_pictures_of_the_cpu(const std::string& to) {
    int pictures = 0;
    for (const auto& entry : fs::directory_iterator(*folder / "cpu")) {
      if (entry.path().extension() != ".png") continue;
      ++pictures;
      const std::string name = entry.path().filename();
      EXPECT_EQ(read_text(*folder / (to + "/" + name)), read_text(entry.path())) << name;
    }
    EXPECT_EQ(pictures, 4);
  }

  static TemporaryFolder* folder;
};
TemporaryFolder* EmulatedCommand::folder = nullptr;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(EmulatedCommand, TheGpusPicturesAreTheCpus) {
  const CommandResult result = thumbnails("gpu", "--device cuda");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, R"("backend": "cuda")")) << result.out;
  EXPECT_FALSE(contains(result.out, R"("backend": "cpu")")) << result.out;
  expect_the_pictures_of_the_cpu("gpu");
}

TEST_F(EmulatedCommand, WhatTheGpuCannotDoTheCpuDoes) {
  const char* settings[] = {"QUICKBEAM_EMULATED_MEMORY=65536",
                            "QUICKBEAM_EMULATED_FAIL=cudaMemcpyAsync:1:999",
                            "QUICKBEAM_EMULATED_FAIL=cudaMemcpyAsync:2:700:sticky:later",
                            "QUICKBEAM_EMULATED_FAIL=cudaLaunchKernelEx:1:719:sticky",
                            "QUICKBEAM_EMULATED_FAIL=cudaLaunchKernelEx:2:719:sticky:later",
                            "QUICKBEAM_EMULATED_FAIL=cudaStreamCreateWithFlags:1:999",
                            "QUICKBEAM_EMULATED_FAIL=cudaEventSynchronize:1:214:sticky"};
  int number = 0;
  for (const char* setting : settings) {
    SCOPED_TRACE(setting);
    const std::string to = "fault" + std::to_string(number++);
    const CommandResult result = thumbnails(to, "--device cuda", setting);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_FALSE(contains(result.err, "not called often enough")) << result.err;
    EXPECT_TRUE(contains(result.err, "the CPU")) << result.err;
    EXPECT_TRUE(contains(result.out, R"("backend": "cpu")"));
    expect_the_pictures_of_the_cpu(to);
  }
}

// The engine may then do with less, or leave a frame to the CPU.
TEST_F(EmulatedCommand, MemoryThatIsRefusedOnceChangesNoPicture) {
  int number = 0;
  for (const char* fault : {"cudaMalloc:1:2", "cudaMalloc:2:2", "cudaHostAlloc:1:2",
                            "cudaHostAlloc:2:2", "cudaEventCreateWithFlags:1:2"}) {
    SCOPED_TRACE(fault);
    const std::string to = "memory" + std::to_string(number++);
    const CommandResult result =
        thumbnails(to, "--device cuda", std::string("QUICKBEAM_EMULATED_FAIL=") + fault);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_FALSE(contains(result.err, "not called often enough")) << result.err;
    expect_the_pictures_of_the_cpu(to);
  }
}

TEST_F(EmulatedCommand, AGpuThatCannotBeUsedIsAnErrorOnlyWhenForced) {
  const char* settings[] = {"QUICKBEAM_EMULATED_DEVICES=0", "QUICKBEAM_EMULATED_DRIVER=35",
                            "QUICKBEAM_EMULATED_KERNEL_IMAGE=209"};
  int number = 0;
  for (const char* setting : settings) {
    SCOPED_TRACE(setting);
    const std::string to = "auto" + std::to_string(number++);
    EXPECT_EQ(thumbnails("forced", "--device cuda", setting).exit_code, 4);
    EXPECT_EQ(thumbnails(to, "--device auto", setting).exit_code, 0);
    expect_the_pictures_of_the_cpu(to);
  }
  EXPECT_EQ(thumbnails("forced", "--device cuda:1").exit_code, 4);
  EXPECT_EQ(thumbnails("second", "--device cuda:1", "QUICKBEAM_EMULATED_DEVICES=2").exit_code, 0);
  expect_the_pictures_of_the_cpu("second");
}

TEST_F(EmulatedCommand, ListsItsDevices) {
  const CommandResult two = emulated("devices", "QUICKBEAM_EMULATED_DEVICES=2");
  EXPECT_TRUE(contains(two.out, "cuda:0: host emulation (no GPU)")) << two.out;
  EXPECT_TRUE(contains(two.out, "cuda:1: host emulation (no GPU)")) << two.out;
  const CommandResult none = emulated("devices", "QUICKBEAM_EMULATED_DRIVER=35");
  EXPECT_TRUE(contains(none.out, "cudaErrorInsufficientDriver")) << none.out;
}

TEST_F(EmulatedCommand, AFaultThatNeverCameIsNamed) {
  const CommandResult result = emulated("devices", "QUICKBEAM_EMULATED_FAIL=cudaMalloc:1:2");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.err, "cudaMalloc was not called often enough")) << result.err;
}

TEST_F(EmulatedCommand, ASettingThatIsNotUnderstoodEndsIt) {
  const CommandResult result = emulated("devices", "QUICKBEAM_EMULATED_FAIL=cudaMalloc");
  EXPECT_EQ(result.exit_code, 128 + 6);
  EXPECT_TRUE(contains(result.err, "QUICKBEAM_EMULATED_FAIL")) << result.err;
}

}  // namespace
}  // namespace quickbeam
