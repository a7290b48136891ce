// SPDX-License-Identifier: BSD-3-Clause
// Runs of many frames: two into one folder, one that is stopped, memory that does not grow.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <quickbeam/files.hpp>

#include "tests/cli/command.hpp"
#include "tests/cli/process.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// A started `quickbeam thumb` on the CPU.
class Process : public test::Process {
 public:
  explicit Process(std::vector<std::string> words) : test::Process(with_command(words)) {}

 private:
  static std::vector<std::string> with_command(std::vector<std::string> words) {
    words.insert(words.begin(), {"thumb", "-q", "--device", "cpu"});
    return words;
  }
};

class LongRuns : public ::testing::Test {
 protected:
  /// A folder of `count` names of one frame of width x height.
  std::string frames(const std::string& name, int count, Extent extent) const {
    Image image(PixelType::i32, extent);
    for (std::int64_t i = 0; i < extent.pixels(); ++i)
      image.as<std::int32_t>().data[i] = static_cast<std::int32_t>(i * 7919 % 101);
    fs::create_directory(folder_ / name);
    const std::string first = folder_ / name + "/f0.cbf";
    save_cbf(first, image.const_view(), {});
    for (int k = 1; k < count; ++k)
      fs::create_hard_link(first, folder_ / name + "/f" + std::to_string(k) + ".cbf");
    return folder_ / name;
  }
  std::vector<std::string> pictures() const {
    std::vector<std::string> paths;
    if (!fs::exists(out_)) return paths;
    for (const auto& entry : fs::directory_iterator(out_))
      if (entry.path().extension() == ".png") paths.push_back(entry.path());
    return paths;
  }
  /// Waits until the run has written something.
  void await_pictures(std::size_t count) const {
    const auto end = Clock::now() + 20s;
    while (pictures().size() < count && Clock::now() < end) std::this_thread::sleep_for(2ms);
    ASSERT_GE(pictures().size(), count);
  }
  void expect_whole_pictures() const {
    for (const auto& path : pictures()) {
      const std::string bytes = test::read_text(path);
      ASSERT_TRUE(bytes.starts_with("\x89PNG")) << path;
      ASSERT_TRUE(bytes.ends_with("IEND\xae\x42\x60\x82")) << path;
    }
    for (const auto& entry : fs::directory_iterator(out_)) {
      const std::string name = entry.path().filename();
      EXPECT_TRUE(name.ends_with(".png") || name == ".quickbeam-journal") << name << " was left";
    }
  }

  test::TemporaryFolder folder_;
  const std::string out_ = folder_ / "out";
};

constexpr int many = 1500;
constexpr Extent large{1000, 1000};

TEST_F(LongRuns, O10_TheSecondOfTwoRunsIntoOneFolderIsRefused) {
  const std::string in = frames("in", many, large);
  Process first({in, "-o", out_, "--threads", "1"});
  await_pictures(1);
  EXPECT_EQ(Process({in, "-o", out_}).wait(), 3);
  EXPECT_EQ(Process({in, "-o", folder_ / "other", "--select", "first"}).wait(), 0);
  first.signal(SIGKILL);
  EXPECT_EQ(first.wait(), 128 + SIGKILL);
  EXPECT_EQ(Process({in, "-o", out_, "--select", "last"}).wait(), 0) << "the lock of the dead";
}

TEST_F(LongRuns, ATermSignalEndsSoonWithWholePicturesAndResumeGoesOn) {
  const std::string in = frames("in", many, large);
  for (const int number : {SIGTERM, SIGINT}) {
    Process run({in, "-o", out_, "--threads", "2", "--resume"});
    await_pictures(pictures().size() + 3);
    const auto start = Clock::now();
    run.signal(number);
    EXPECT_EQ(run.wait(), 75);
    EXPECT_LT(Clock::now() - start, 2s);
    EXPECT_LT(pictures().size(), std::size_t{many});
    expect_whole_pictures();
  }
  const std::size_t before = pictures().size();
  const auto rest = test::quickbeam("thumb '" + in + "' -o '" + out_ + "' --resume");
  EXPECT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_NE(rest.err.find(std::to_string(before) + " up to date"), std::string::npos) << rest.err;
  EXPECT_EQ(pictures().size(), std::size_t{many});
  expect_whole_pictures();
}

TEST_F(LongRuns, O11_MemoryDoesNotGrowWithTheNumberOfFrames) {
  const Extent small{200, 150};  // 2,000 of them encoded are 70 MB
  // AddressSanitizer keeps freed memory aside, which is not what is measured here.
  ::setenv("ASAN_OPTIONS", "quarantine_size_mb=0:thread_local_quarantine_size_kb=0", 1);
  long peaks[2] = {};
  for (const int count : {200, 2000}) {
    const std::string in = frames(std::to_string(count), count, small);
    Process run({in, "-o", folder_ / ("out" + std::to_string(count)), "--threads", "2"});
    ASSERT_EQ(run.wait(), 0);
    peaks[count == 2000] = run.peak_kib();
  }
  RecordProperty("peak_kib_200", static_cast<int>(peaks[0]));
  RecordProperty("peak_kib_2000", static_cast<int>(peaks[1]));
  EXPECT_LT(peaks[1] - peaks[0], 4096) << peaks[0] << " KiB for 200 frames";
}

}  // namespace
}  // namespace quickbeam
