// SPDX-License-Identifier: BSD-3-Clause
// quickbeam info and convert on particle sets and single images of stacks, as a user runs them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"

namespace quickbeam {
namespace {

using test::quickbeam;
using test::read_text;
using test::TemporaryFolder;

class SetCommands : public ::testing::Test {
 protected:
  SetCommands() {
    const auto made = run("simulate particles -q -o virus -n 6 --box 16 --pixel-size 2.5 --xmd");
    EXPECT_EQ(made.exit_code, 0) << made.err;
  }
  /// In the folder, as a user works.
  test::CommandResult run(const std::string& arguments) const {
    return quickbeam(arguments, "cd '" + folder_.path() + "' &&");
  }
  TemporaryFolder folder_;
};

TEST_F(SetCommands, InfoPrintsKeysAndValues) {
  const auto text = run("info virus/particles.star").out;
  for (const char* line :
       {"format                 RELION 3.1 STAR\n", "particles              6\n",
        "group simulated        6 particles, 16 x 16 pixels, 2.5 angstrom, 300 kV, Cs 2.7 mm, "
        "amplitude contrast 0.1\n",
        "file virus/particles.mrcs 6 particles\n"})
    EXPECT_NE(text.find(line), std::string::npos) << text;
  const auto stack = run("info virus/particles.mrcs").out;
  for (const char* line : {"frames                 6\n", "pixel size             2.5 angstrom\n"})
    EXPECT_NE(stack.find(line), std::string::npos) << stack;
}

TEST_F(SetCommands, InfoAsJson) {
  std::filesystem::remove(folder_ / "virus/particles.mrcs");
  const auto json = nlohmann::json::parse(run("info --json virus/particles.xmd").out);
  EXPECT_EQ(json.at("format"), "Xmipp metadata");
  EXPECT_EQ(json.at("frames"), 6);
  EXPECT_EQ(json.at("pixel_size_angstrom"), 2.5);
  EXPECT_EQ(json.at("groups").at(0).at("particles"), 6);
  EXPECT_EQ(json.at("files").at(0).at("name"), "virus/particles.mrcs");
  EXPECT_EQ(json.at("files").at(0).at("missing"), true);
}

TEST_F(SetCommands, InfoMeasuresWhenAsked) {
  const auto json = [&](const std::string& arguments) {
    return nlohmann::json::parse(run("info --json " + arguments).out);
  };
  const auto stack = json("--statistics virus/particles.mrcs");
  const auto& measured = stack.at("statistics");
  EXPECT_EQ(measured.at("images"), 6);
  EXPECT_EQ(measured.at("pixels"), 6 * 256);
  for (const char* key : {"min", "max", "mean", "sd"})
    EXPECT_NEAR(measured.at(key).get<double>(),
                stack.at("claimed_statistics").at(key).get<double>(), 1e-6)
        << key;
  EXPECT_EQ(json("--statistics virus/particles.star").at("statistics"), measured);
  EXPECT_EQ(json("--statistics 2@virus/particles.mrcs").at("statistics").at("images"), 1);
  EXPECT_FALSE(json("virus/particles.mrcs").contains("statistics"));
  EXPECT_EQ(run("info 7@virus/particles.mrcs").exit_code, 1);
  EXPECT_EQ(run("info nowhere.star").exit_code, 1);
}

TEST_F(SetCommands, ConvertAddsAndReplacesImages) {
  ASSERT_EQ(run("convert virus/particles.mrcs a.stk").exit_code, 0);
  ASSERT_EQ(run("convert 2@a.stk two.npy").exit_code, 0);
  ASSERT_EQ(run("convert two.npy 7@a.stk").exit_code, 0);
  ASSERT_EQ(run("convert two.npy 1@a.stk").exit_code, 0);
  for (const char* number : {"1", "7"}) {
    ASSERT_EQ(run("convert " + std::string(number) + "@a.stk out.npy").exit_code, 0);
    EXPECT_EQ(read_text(folder_ / "out.npy"), read_text(folder_ / "two.npy"));
  }
  const auto beyond = run("convert two.npy 9@a.stk");
  EXPECT_EQ(beyond.exit_code, 1);
  EXPECT_NE(beyond.err.find("expected 1 to 8 (which appends), found 9 [INCONSISTENT]"),
            std::string::npos)
      << beyond.err;
}

TEST_F(SetCommands, ConvertGathersTheImagesOfASet) {
  const auto made = run("convert virus/particles.star all.mrcs");
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_NE(made.err.find("the set is all.star"), std::string::npos) << made.err;
  EXPECT_EQ(read_text(folder_ / "all.mrcs"), read_text(folder_ / "virus/particles.mrcs"));
  ASSERT_EQ(run("convert -q all.star all.xmd").exit_code, 0);
  EXPECT_EQ(nlohmann::json::parse(run("info --json all.xmd").out).at("frames"), 6);
}

TEST_F(SetCommands, NamesBeginWhereTheNewSetCanBeReadFrom) {
  std::string text = read_text(folder_ / "virus/particles.star");
  for (std::size_t at = 0; (at = text.find("@virus/", at)) != text.npos; ++at)
    text.erase(at + 1, 6);
  test::write_text(folder_ / "virus/beside.star", text);
  ASSERT_EQ(run("convert -q virus/beside.star away.star").exit_code, 0);
  EXPECT_NE(read_text(folder_ / "away.star").find("000006@virus/particles.mrcs"),
            std::string::npos);
  EXPECT_EQ(run("convert 6@away.star six.png").exit_code, 0);
  ASSERT_EQ(run("convert -q virus/beside.star virus/copy.star").exit_code, 0);
  EXPECT_EQ(read_text(folder_ / "virus/copy.star"), text) << "there they can be read as they are";
}

TEST_F(SetCommands, NamesThatLeadOutAreRefusedUnlessAllowed) {
  test::write_text(folder_ / "out.star", "data_\nloop_\n_rlnImageName\n1@../particles.mrcs\n");
  std::filesystem::create_directory(folder_ / "deep");
  std::filesystem::rename(folder_ / "out.star", folder_ / "deep/out.star");
  std::filesystem::copy(folder_ / "virus/particles.mrcs", folder_ / "particles.mrcs");
  const auto refused = run("info deep/out.star");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("PATH_ESCAPE"), std::string::npos) << refused.err;
  EXPECT_EQ(run("info --allow-outside --root deep deep/out.star").exit_code, 0);
  EXPECT_EQ(run("convert --allow-outside --root deep 1@deep/out.star a.png").exit_code, 0);
}

}  // namespace
}  // namespace quickbeam
