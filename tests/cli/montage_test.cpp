// SPDX-License-Identifier: BSD-3-Clause
// quickbeam montage, as a user runs it.
#include <gtest/gtest.h>
#include <png.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"

namespace quickbeam {
namespace {

using test::quickbeam;
using test::read_text;
using test::TemporaryFolder;

class MontageCommand : public ::testing::Test {
 protected:
  test::CommandResult run(const std::string& arguments) const {
    return quickbeam(arguments, "cd '" + folder_.path() + "' &&");
  }
  void simulate(const std::string& options) const {
    const auto made = run("simulate particles -q -o virus " + options);
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  nlohmann::json sheet(const std::string& arguments) const {
    const auto made = run("montage --json -q -o sheet.png " + arguments);
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return nlohmann::json::parse(made.out);
  }
  std::vector<int> images(const std::string& arguments) const {
    std::vector<int> numbers;
    const auto json = sheet(arguments);
    for (const auto& tile : json.at("tiles")) numbers.push_back(tile.at("image").get<int>());
    return numbers;
  }
  TemporaryFolder folder_;
};

TEST_F(MontageCommand, WritesAPictureOfAStackAndOfItsSet) {
  simulate("-n 10 --box 64");
  const auto made = run("montage virus/particles.mrcs -o sheet.png");
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(made.err.find("10 images, levels "), 0U) << made.err;
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  ASSERT_NE(png_image_begin_read_from_file(&png, (folder_ / "sheet.png").c_str()), 0);
  const auto json = sheet("virus/particles.mrcs");
  EXPECT_EQ(json.at("width"), png.width);
  EXPECT_EQ(json.at("height"), png.height);
  EXPECT_EQ(json.at("columns"), 5);
  EXPECT_EQ(json.at("tiles").at(9).at("name"), "000010@virus/particles.mrcs");
  png_image_free(&png);
  const std::string of_stack = read_text(folder_ / "sheet.png");
  sheet("virus/particles.star");
  EXPECT_EQ(read_text(folder_ / "sheet.png"), of_stack);
  ASSERT_EQ(run("montage virus/particles.star -q -o sheet.jpeg").exit_code, 0);
  EXPECT_TRUE(read_text(folder_ / "sheet.jpeg").starts_with("\xff\xd8"));
}

TEST_F(MontageCommand, ShowsAHundredOfManyAndSaysSo) {
  simulate("-n 250 --box 16");
  const auto made = run("montage virus/particles.mrcs -o sheet.png");
  EXPECT_NE(made.err.find("100 of 250 images, evenly spread (--select chooses others)"),
            std::string::npos)
      << made.err;
  const std::vector<int> numbers = images("virus/particles.mrcs");
  ASSERT_EQ(numbers.size(), 100U);
  EXPECT_EQ(numbers.front(), 1);
  EXPECT_EQ(numbers.back(), 250);
  for (std::size_t k = 1; k < numbers.size(); ++k) {
    EXPECT_GE(numbers[k] - numbers[k - 1], 2);
    EXPECT_LE(numbers[k] - numbers[k - 1], 3);
  }
}

TEST_F(MontageCommand, SelectsImages) {
  simulate("-n 20 --box 16");
  using Numbers = std::vector<int>;
  const std::string stack = "virus/particles.mrcs --select ";
  EXPECT_EQ(images(stack + "first,last"), (Numbers{1, 20}));
  EXPECT_EQ(images(stack + "every:6"), (Numbers{1, 7, 13, 19}));
  EXPECT_EQ(images(stack + "spread:3"), (Numbers{1, 11, 20}));
  EXPECT_EQ(images(stack + "5,7-9,8,18-99"), (Numbers{5, 7, 8, 9, 18, 19, 20}));
  EXPECT_EQ(images("7@virus/particles.mrcs 2@virus/particles.mrcs"), (Numbers{1, 2}));
  for (const char* bad : {"0", "9-", "-9", "a", "3-b", "spread:0", "99"})
    EXPECT_EQ(run("montage -o sheet.png " + stack + bad).exit_code, 2) << bad;
}

TEST_F(MontageCommand, OptionsChangeWhatTheySay) {
  simulate("-n 6 --box 64");
  const auto make = [&](const std::string& options) {
    sheet("virus/particles.mrcs " + options);
    return read_text(folder_ / "sheet.png");
  };
  const std::string plain = make("");
  EXPECT_EQ(make("--scale common --labels numbers --cols 3 --levels pct:0.5,99.7"), plain);
  for (const char* option :
       {"--scale each", "--labels none", "--cols 2", "--size 32", "--levels range:-2,5",
        "--levels auto", "--palette viridis", "--tone gamma:0.5", "--tone equalize"})
    EXPECT_NE(make(option), plain) << option;
  EXPECT_EQ(sheet("virus/particles.mrcs --levels range:-2,5").at("tiles").at(3).at("low"), -2);
}

TEST_F(MontageCommand, TheEnvironmentSpeaksToTheCommandThatIsRun) {
  simulate("-n 2 --box 16");
  const auto with = [&](const std::string& environment, const std::string& arguments) {
    return quickbeam(arguments, "cd '" + folder_.path() + "' && " + environment);
  };
  const std::string montage = "montage -q virus/particles.mrcs -o sheet.png";
  EXPECT_EQ(with("QUICKBEAM_SCALE=each QUICKBEAM_FORMAT=npy", montage).exit_code, 0);
  EXPECT_EQ(with("QUICKBEAM_SCALE=minmax8", montage).exit_code, 2) << "shrink's, not montage's";
  EXPECT_EQ(with("QUICKBEAM_SCALE=minmax8", "info virus/particles.mrcs").exit_code, 0);
  EXPECT_EQ(with("QUICKBEAM_FORMAT=stk QUICKBEAM_STRENGTH=x", "simulate particles -q -o other -n 1")
                .exit_code,
            0);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "other/particles.stk"));
  EXPECT_EQ(
      with("QUICKBEAM_FORMAT=npy", "simulate frames -q -o frames -n 1 --modules-x 1 --modules-y 1")
          .exit_code,
      0);
}

TEST_F(MontageCommand, SaysWhatIsWrongAndShowsTheRest) {
  simulate("-n 6 --box 64");
  EXPECT_EQ(run("montage virus/particles.mrcs -o sheet.tif").exit_code, 2);
  EXPECT_EQ(run("montage virus/particles.mrcs").exit_code, 2);
  EXPECT_EQ(run("montage -o sheet.png").exit_code, 2);
  EXPECT_EQ(run("montage nowhere.stk -o sheet.png").exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "sheet.png"));
  test::write_text(folder_ / "cut.mrcs",
                   read_text(folder_ / "virus/particles.mrcs").substr(0, 3000));
  const auto some = run("montage virus/particles.mrcs cut.mrcs -o sheet.png");
  EXPECT_EQ(some.exit_code, 1);
  EXPECT_NE(some.err.find("cut.mrcs"), std::string::npos) << some.err;
  EXPECT_NE(some.err.find("[TRUNCATED]"), std::string::npos) << some.err;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "sheet.png"));
}

}  // namespace
}  // namespace quickbeam
