// SPDX-License-Identifier: BSD-3-Clause
// quickbeam thumb as a user runs it, on simulated frames of a small detector.
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/command.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

using test::quickbeam;

class ThumbCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto run =
        quickbeam("simulate frames -n 4 --modules-x 1 --modules-y 2 --seed 3 -o '" + frames_ + "'");
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }
  auto thumb(const std::string& rest, const std::string& prefix = "") {
    return quickbeam("thumb '" + frames_ + "' -o '" + out_ + "' " + rest, prefix);
  }
  std::size_t pictures() const {
    std::size_t count = 0;
    if (std::filesystem::exists(out_))
      for (const auto& entry : std::filesystem::directory_iterator(out_))
        count += entry.path().extension() == ".png";
    return count;
  }

  test::TemporaryFolder folder_;
  std::string frames_ = folder_ / "frames", out_ = folder_ / "out";
};

TEST_F(ThumbCommand, OneCommandMakesAPictureOfEveryFrame) {
  const auto run = thumb("");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(pictures(), 4u);
  EXPECT_TRUE(run.out.empty()) << "stdout belongs to machines";
  EXPECT_NE(run.err.find("4 done"), std::string::npos) << run.err;
  EXPECT_EQ(run.err.find('\r'), std::string::npos) << "no progress line in a log";
}

TEST_F(ThumbCommand, JsonSaysWhatWasDone) {
  const auto run = thumb("--json -q --device cpu");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(run.err.empty()) << run.err;
  const auto json = nlohmann::json::parse(run.out);
  ASSERT_EQ(json.at("results").size(), 4u);
  EXPECT_EQ(json.at("results")[0].at("status"), "done");
  EXPECT_EQ(json.at("results")[0].at("backend"), "cpu");
  EXPECT_EQ(json.at("summary").at("done"), 4);
}

TEST_F(ThumbCommand, JsonLinesComeOneAFrameInOrder) {
  const auto run = thumb("--jsonl - --threads 3");
  std::istringstream lines(run.out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto json = nlohmann::json::parse(line);
    const std::string expected = "frame_0000" + std::to_string(count + 1);
    EXPECT_NE(json.at("input").get<std::string>().find(expected), std::string::npos);
  }
  EXPECT_EQ(count, 4);
}

TEST_F(ThumbCommand, ResumeLeavesOutWhatIsCurrent) {
  ASSERT_EQ(thumb("").exit_code, 0);
  EXPECT_NE(thumb("--resume").err.find("0 done, 4 up to date"), std::string::npos);
  std::filesystem::remove(out_ + "/frame_00002.png");
  test::write_text(out_ + "/frame_00003.png", "half a pict");
  EXPECT_NE(thumb("--resume").err.find("2 done, 2 up to date"), std::string::npos);
  EXPECT_NE(thumb("--resume --palette viridis").err.find("4 done"), std::string::npos)
      << "another recipe makes other pictures";
}

TEST_F(ThumbCommand, ResumeMakesAGrownSumAgain) {
  const std::string first = " '" + frames_ + "/frame_00001.cbf' '" + frames_ + "/frame_00002.cbf'";
  const std::string options = " -o '" + out_ + "' --sum 10 --resume";
  ASSERT_EQ(quickbeam("thumb" + first + options).exit_code, 0);
  EXPECT_NE(quickbeam("thumb" + first + options).err.find("1 up to date"), std::string::npos);
  EXPECT_NE(quickbeam("thumb '" + frames_ + "'" + options).err.find("1 done"), std::string::npos);
}

TEST_F(ThumbCommand, ResumeKeepsOneScaleForACollection) {
  const std::string shared = "--levels-from collection --levels pct:0,100 --resume";
  ASSERT_EQ(thumb(shared + " --select first").exit_code, 0);
  EXPECT_NE(thumb(shared).err.find("4 done"), std::string::npos) << "the scale has changed";
  EXPECT_NE(thumb(shared).err.find("4 up to date"), std::string::npos);
}

TEST_F(ThumbCommand, ATornJournalLineIsIgnored) {
  ASSERT_EQ(thumb("").exit_code, 0);
  const std::string journal = test::read_text(out_ + "/.quickbeam-journal");
  ASSERT_FALSE(journal.empty());
  test::write_text(out_ + "/.quickbeam-journal", journal.substr(0, journal.size() - 7));
  EXPECT_NE(thumb("--resume").err.find("1 done, 3 up to date"), std::string::npos);
}

TEST_F(ThumbCommand, DryRunOnlySays) {
  const auto run = thumb("--dry-run");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.out.find("frame_00001.cbf -> "), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(out_));
}

TEST_F(ThumbCommand, SelectionTakesSomeFrames) {
  ASSERT_EQ(thumb("--select first,last").exit_code, 0);
  EXPECT_EQ(pictures(), 2u);
}

TEST_F(ThumbCommand, ABadFileFailsAloneAndTheSummaryCountsIt) {
  test::write_text(frames_ + "/frame_00002.cbf", "<!DOCTYPE html><html></html>");
  const auto run = thumb("");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(pictures(), 3u);
  EXPECT_NE(run.err.find("1 failed (1 NOT_THIS_FORMAT)"), std::string::npos) << run.err;
  EXPECT_EQ(thumb("--fail-fast --threads 1").exit_code, 1);
}

TEST_F(ThumbCommand, OptionsComeFromFileAndEnvironmentToo) {
  test::write_text(folder_ / "c.toml", "palette = \"viridis\"\nfactor = \"7\"\n");
  const auto config = thumb("--print-config --config '" + folder_ / "c.toml" + "'");
  EXPECT_NE(config.out.find("palette = \"viridis\""), std::string::npos) << config.out;
  EXPECT_NE(config.out.find("factor = \"7\""), std::string::npos);
  const auto environment = thumb("--print-config", "QUICKBEAM_TONE=sqrt");
  EXPECT_NE(environment.out.find("tone = \"sqrt\""), std::string::npos) << environment.out;
  const auto both = thumb("--print-config --tone linear", "QUICKBEAM_TONE=sqrt");
  EXPECT_NE(both.out.find("tone = \"linear\""), std::string::npos);
}

TEST_F(ThumbCommand, UsageErrorsExitWithTwoAndSuggest) {
  const auto option = thumb("--palete jet");
  EXPECT_EQ(option.exit_code, 2);
  EXPECT_NE(option.err.find("'--palette'"), std::string::npos) << option.err;
  const auto command = quickbeam("thumbs x -o y");
  EXPECT_EQ(command.exit_code, 2);
  EXPECT_NE(command.err.find("'thumb'"), std::string::npos) << command.err;
  EXPECT_EQ(thumb("--tone loud").exit_code, 2);
  EXPECT_EQ(quickbeam("thumb '" + frames_ + "'").exit_code, 2) << "no -o";
  EXPECT_NE(command.err.find("found thumbs"), std::string::npos) << command.err;
  EXPECT_EQ(quickbeam("").exit_code, 2);
  EXPECT_NE(quickbeam("").err.find("Examples:"), std::string::npos);
}

TEST_F(ThumbCommand, AForcedDeviceThatCannotRunExitsWithFour) {
  const auto devices = nlohmann::json::parse(quickbeam("devices --json").out);
  for (const auto& device : devices)
    if (device.at("backend") == "cuda" && device.at("available") == true)
      GTEST_SKIP() << "this machine has a usable GPU";
  const auto run = thumb("--device cuda");
  EXPECT_EQ(run.exit_code, 4);
  EXPECT_NE(run.err.find("[DEVICE]"), std::string::npos) << run.err;
  EXPECT_EQ(thumb("--device abacus").exit_code, 2);
}

TEST_F(ThumbCommand, AnUnusableOutputFolderExitsWithThreeBeforeAnyWork) {
  test::write_text(out_, "a file where the folder should be");
  const auto run = thumb("");
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_NE(run.err.find("output folder"), std::string::npos) << run.err;
}

TEST_F(ThumbCommand, MessagesThatCannotBeWrittenLoseNoPicture) {
  const std::string line = "'" + test::command_path() + "' thumb '" + frames_ + "' '" +
                           folder_ / "none.cbf" + "' -o '" + out_ + "' -v 2> /dev/full";
  const int status = std::system(line.c_str());
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_EQ(pictures(), 4u);
}

TEST_F(ThumbCommand, AFullDiskLeavesNoHalfPicture) {
  // Blocks of 512 or 1024 bytes: also the messages do not fit.
  const auto run = thumb("--threads 1 -v", "ulimit -f 1;");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(pictures(), 0u);
  for (const auto& entry : std::filesystem::directory_iterator(out_))
    EXPECT_EQ(entry.path().filename(), ".quickbeam-journal") << "was left behind";
}

TEST_F(ThumbCommand, ALockOfALivingRunIsRespectedAndADeadOneIsNot) {
  std::filesystem::create_directories(out_);
  char host[256] = {};
  ASSERT_EQ(::gethostname(host, sizeof host - 1), 0);
  std::string boot = test::read_text("/proc/sys/kernel/random/boot_id");
  boot = boot.substr(0, boot.find('\n'));
  const auto lock = [&](const std::string& pid) {
    test::write_text(out_ + "/.quickbeam.lock", pid + " " + host + " " + boot + "\n");
  };
  lock(std::to_string(::getpid()));
  EXPECT_EQ(thumb("").exit_code, 3);
  lock("999999999");
  EXPECT_EQ(thumb("").exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(out_ + "/.quickbeam.lock"));
}

TEST_F(ThumbCommand, InputsComeAsPatternsListsAndStandardInput) {
  EXPECT_EQ(quickbeam("thumb '" + frames_ + "/*_0000[12].cbf' -o '" + out_ + "'").exit_code, 0);
  EXPECT_EQ(pictures(), 2u);
  test::write_text(folder_ / "list", frames_ + "/frame_00003.cbf\r\n\n");
  EXPECT_EQ(quickbeam("thumb '@" + folder_ / "list" + "' -o '" + out_ + "'").exit_code, 0);
  EXPECT_EQ(pictures(), 3u);
  EXPECT_EQ(quickbeam("thumb '" + frames_ + "/*.nothing' -o '" + out_ + "'").exit_code, 1);
  EXPECT_EQ(quickbeam("thumb --files-from - -o '" + out_ + "'").exit_code, 2) << "an empty list";
}

TEST_F(ThumbCommand, AReaderThatLeavesLosesNoPicture) {
  const std::string line = "'" + test::command_path() + "' thumb '" + frames_ + "' -o '" + out_ +
                           "' -q --jsonl - | true";
  EXPECT_EQ(std::system(line.c_str()), 0);
  EXPECT_EQ(pictures(), 4u);
}

}  // namespace
}  // namespace quickbeam
