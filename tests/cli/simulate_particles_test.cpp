// SPDX-License-Identifier: BSD-3-Clause
// quickbeam simulate particles, as a user runs it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"

namespace quickbeam {
namespace {

using test::quickbeam;
using test::read_text;
using test::TemporaryFolder;

TEST(SimulateParticles, WritesAStackAndItsSet) {
  TemporaryFolder folder;
  const auto run = quickbeam("simulate particles -o '" + folder / "out" + "' -n 7 --box 32 --xmd");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.err.find("7 images of 32 x 32 float32 -> "), std::string::npos) << run.err;
  EXPECT_EQ(read_text(folder / "out/particles.mrcs").size(), 1024U + 7 * 32 * 32 * 4);
  EXPECT_NE(read_text(folder / "out/particles.star").find("000007@particles.mrcs"),
            std::string::npos);
  EXPECT_NE(read_text(folder / "out/particles.xmd").find("000007@particles.mrcs"),
            std::string::npos);
}

TEST(SimulateParticles, OptionsChangeWhatTheySay) {
  TemporaryFolder folder;
  const auto make = [&](const std::string& options) {
    const auto run =
        quickbeam("simulate particles -q -o '" + folder / "out" + "' -n 3 --box 16 " + options);
    EXPECT_EQ(run.exit_code, 0) << options << run.err;
    return read_text(folder / "out/particles.mrcs");
  };
  const std::string plain = make("");
  EXPECT_EQ(make("--snr 0.5 --threads 3 --signal 1 --seed 1"), plain);
  for (const char* option : {"--seed 2", "--snr 5", "--noise 3", "--shift 0", "--signal 2",
                             "--offset 9", "--diameter 20", "--pixel-size 2"})
    EXPECT_NE(make(option), plain) << option;
  EXPECT_EQ(make("--type int16").size(), 1024U + 3 * 16 * 16 * 2);
  EXPECT_EQ(make("--type uint8").size(), 1024U + 3 * 16 * 16);
}

TEST(SimulateParticles, SaysWhatIsWrong) {
  TemporaryFolder folder;
  const auto exit_code = [&](const std::string& options) {
    return quickbeam("simulate particles -o '" + folder / "out" + "' " + options).exit_code;
  };
  EXPECT_EQ(exit_code("--type complex"), 2);
  EXPECT_EQ(exit_code("--snr 1 --noise 1"), 2);
  EXPECT_EQ(exit_code("--snr 0"), 2);
  EXPECT_EQ(exit_code("--shift 1000"), 2);
  EXPECT_EQ(exit_code("-n 0"), 2);
  EXPECT_EQ(exit_code("--format stk --type int16"), 1);
  EXPECT_EQ(quickbeam("simulate particles").exit_code, 2) << "no folder";
  EXPECT_EQ(quickbeam("simulate").exit_code, 2);
}

}  // namespace
}  // namespace quickbeam
