// SPDX-License-Identifier: BSD-3-Clause
// quickbeam convert, info, simulate and devices as a user runs them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"
#include "tests/oracle/cbf_builder.hpp"

namespace quickbeam {
namespace {

using test::quickbeam;
using test::TemporaryFolder;

std::string simulate(const TemporaryFolder& folder, const std::string& name, int seed) {
  const auto run = quickbeam("simulate frames -q -n 1 --modules-x 1 --modules-y 1 --seed " +
                             std::to_string(seed) + " -o '" + folder / name + "'");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return folder / name + "/frame_00001.cbf";
}

/// `convert SOURCE TARGET`, both in the folder; returns the exit code.
int convert(const std::string& source, const std::string& target) {
  return quickbeam("convert '" + source + "' '" + target + "'").exit_code;
}

TEST(SimulateCommand, TheSameSeedGivesTheSameBytes) {
  TemporaryFolder folder;
  const std::string a = test::read_text(simulate(folder, "a", 5));
  EXPECT_FALSE(a.empty());
  EXPECT_EQ(a, test::read_text(simulate(folder, "b", 5)));
  EXPECT_NE(a, test::read_text(simulate(folder, "c", 6)));
}

TEST(ConvertCommand, GoesToNpyAndBackWithoutAChange) {
  TemporaryFolder folder;
  ASSERT_EQ(convert(simulate(folder, "a", 5), folder / "a.npy"), 0);
  ASSERT_EQ(convert(folder / "a.npy", folder / "b.cbf"), 0);
  ASSERT_EQ(convert(folder / "b.cbf", folder / "b.npy"), 0);
  EXPECT_EQ(test::read_text(folder / "a.npy"), test::read_text(folder / "b.npy"));
}

TEST(ConvertCommand, MakesPicturesAndMrc) {
  TemporaryFolder folder;
  const std::string frame = simulate(folder, "a", 5);
  for (const char* name : {"a.png", "a.jpeg", "a.mrc"})
    EXPECT_EQ(convert(frame, folder / name), 0) << name;
  EXPECT_EQ(test::read_text(folder / "a.png").substr(1, 3), "PNG");
  EXPECT_EQ(test::read_text(folder / "a.mrc").substr(208, 4), "MAP ");
  EXPECT_EQ(convert(frame, folder / "a.gif"), 2);
  EXPECT_EQ(convert(folder / "none.cbf", folder / "a.npy"), 1);
}

TEST(ConvertCommand, AddressesOneImageOfSeveral) {
  TemporaryFolder folder;
  auto parts = oracle::good_cbf();
  parts.sections.push_back(oracle::good_section(std::vector<std::int64_t>(32, 9), 8, 4));
  test::write_text(folder / "two.cbf", parts.bytes());
  EXPECT_EQ(convert("2@" + folder / "two.cbf", folder / "b.npy"), 0);
  EXPECT_NE(test::read_text(folder / "b.npy").find("(4, 8)"), std::string::npos);
  EXPECT_EQ(convert(folder / "two.cbf", folder / "all.npy"), 0);
  EXPECT_NE(test::read_text(folder / "all.npy").find("(2, 4, 8)"), std::string::npos);
  EXPECT_EQ(convert("3@" + folder / "two.cbf", folder / "c.npy"), 1);
  EXPECT_EQ(convert(folder / "two.cbf", folder / "c.cbf"), 2);
}

TEST(InfoCommand, ShowsTheHeaderAsTextAndAsJson) {
  TemporaryFolder folder;
  const std::string frame = simulate(folder, "a", 5);
  const auto text = quickbeam("info '" + frame + "'");
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_NE(text.out.find("487 x 195 int32, byte-offset"), std::string::npos) << text.out;
  const auto json = nlohmann::json::parse(quickbeam("info --json '" + frame + "'").out);
  EXPECT_EQ(json.at("format"), "CBF");
  EXPECT_DOUBLE_EQ(json.at("header").at("wavelength_angstrom").get<double>(), 0.96859);
  EXPECT_NEAR(json.at("header").at("distance_mm").get<double>(), 351.0, 1e-9);
  EXPECT_EQ(quickbeam("info '" + folder / "none" + "'").exit_code, 1);
}

TEST(DevicesCommand, AlwaysListsTheCpu) {
  const auto run = quickbeam("devices");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.out.find("cpu: "), std::string::npos);
}

TEST(HelpText, EveryCommandHasExamples) {
  EXPECT_EQ(quickbeam("--help").exit_code, 0);
  EXPECT_NE(quickbeam("--version").out.find("quickbeam "), std::string::npos);
  for (const char* command : {"thumb", "convert", "info", "simulate", "devices"}) {
    const auto run = quickbeam(std::string(command) + " --help");
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_NE(run.out.find("Examples:"), std::string::npos) << command;
  }
}

}  // namespace
}  // namespace quickbeam
