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

/// N@SET where a stack could stand, by every command that takes many images.
TEST_F(SetCommands, AnImageOfASetByItsNumber) {
  for (const char* format : {"star", "xmd"}) {
    const std::string set = std::string("virus/particles.") + format;
    ASSERT_EQ(run("convert -q 4@virus/particles.mrcs four.npy").exit_code, 0);
    ASSERT_EQ(run("convert -q 4@" + set + " same.npy").exit_code, 0);
    EXPECT_EQ(read_text(folder_ / "same.npy"), read_text(folder_ / "four.npy"));

    const auto stats = run("stats -q 4@" + set + " -o out --format npy");
    ASSERT_EQ(stats.exit_code, 0) << stats.err;
    ASSERT_EQ(run("stats -q four.npy -o alone --format npy").exit_code, 0);
    EXPECT_EQ(read_text(folder_ / "out/average.npy"), read_text(folder_ / "alone/average.npy"));
    const std::string table = read_text(folder_ / "out/particles.star");
    EXPECT_NE(table.find("000004@virus/particles.mrcs"), std::string::npos) << table;

    const auto shrunk = run("shrink -q 6@" + set + " 2@" + set + " --size 16 -o two.mrcs");
    ASSERT_EQ(shrunk.exit_code, 0) << shrunk.err;
    ASSERT_EQ(run("convert -q 1@two.mrcs first.npy").exit_code, 0);
    ASSERT_EQ(run("convert -q 6@virus/particles.mrcs six.npy").exit_code, 0);
    EXPECT_EQ(read_text(folder_ / "first.npy"), read_text(folder_ / "six.npy"));
    ASSERT_EQ(run("convert -q 2@two.star second.npy").exit_code, 0);

    const auto sheet = nlohmann::json::parse(
        run("montage -q --json 3@" + set + " 1@" + set + " -o sheet.png").out);
    ASSERT_EQ(sheet.at("tiles").size(), 2U);
    EXPECT_EQ(sheet.at("tiles").at(0).at("name"), "000003@virus/particles.mrcs");
    EXPECT_EQ(sheet.at("tiles").at(1).at("name"), "000001@virus/particles.mrcs");

    const auto info = nlohmann::json::parse(run("info --json --statistics 4@" + set).out);
    EXPECT_EQ(info.at("statistics").at("images"), 1);
    for (const std::string& command :
         {"info 7@" + set, "stats -o none 7@" + set, "shrink --size 8 -o none.mrcs 7@" + set,
          "montage -o none.png 7@" + set, "convert 7@" + set + " none.npy"}) {
      const auto beyond = run(command);
      EXPECT_EQ(beyond.exit_code, 1) << command;
      EXPECT_NE(beyond.err.find(set + ": images: expected a number from 1 to 6, found 7"),
                std::string::npos)
          << beyond.err;
    }
  }
}

/// The rows of a set that pass are those that were chosen, with all their columns.
TEST_F(SetCommands, ShrinkKeepsTheColumnsOfChosenImages) {
  ASSERT_EQ(run("shrink -q 6@virus/particles.star 2@virus/particles.star --size 16 -o two.mrcs")
                .exit_code,
            0);
  const std::string before = read_text(folder_ / "virus/particles.star"),
                    after = read_text(folder_ / "two.star");
  const auto row_of = [](const std::string& text, const std::string& name) {
    const std::size_t at = text.find(name);
    EXPECT_NE(at, std::string::npos) << name;
    const std::size_t begin = text.find(' ', at + name.size());
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  EXPECT_EQ(row_of(after, "000001@two.mrcs"), row_of(before, "000006@virus/particles.mrcs"));
  EXPECT_EQ(row_of(after, "000002@two.mrcs"), row_of(before, "000002@virus/particles.mrcs"));
  EXPECT_EQ(after.find("000003@"), std::string::npos);
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
