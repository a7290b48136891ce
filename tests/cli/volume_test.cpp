// SPDX-License-Identifier: BSD-3-Clause
// Stack or volume: what info says and convert writes, by the file, by its name and by the options.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"
#include "tests/oracle/stack_builder.hpp"

namespace quickbeam {
namespace {

using oracle::mrc_file;
using oracle::spider_file;
using test::read_text;

/// ISPG and MZ of an MRC file, read here.
struct MrcKind {
  int ispg = -1, nz = -1, mz = -1;
  friend bool operator==(const MrcKind&, const MrcKind&) = default;
};
void PrintTo(const MrcKind& kind, std::ostream* out) {
  *out << "ispg " << kind.ispg << ", nz " << kind.nz << ", mz " << kind.mz;
}

class Volumes : public ::testing::Test {
 protected:
  /// vol.mrc (ISPG 1) and stack.mrc (ISPG 0), both 4 x 3 x 6 and of the same pixels; vol.spi, a
  /// Spider volume; vols.stk, two of 3 sections; stack.stk, six images.
  Volumes() {
    auto file = mrc_file({4, 3, 6});
    test::write_text(folder_ / "stack.mrc", file.text);
    file.word(23, 1);
    file.word(10, 6);
    test::write_text(folder_ / "vol.mrc", file.text);
    test::write_text(folder_ / "vol.spi", spider_file({4, 3, 6, 0}).text);
    test::write_text(folder_ / "vols.stk", spider_file({4, 3, 3, 2}).text);
    test::write_text(folder_ / "stack.stk", spider_file({4, 3, 1, 6}).text);
  }
  test::CommandResult run(const std::string& arguments) const {
    return test::quickbeam(arguments, "cd '" + folder_.path() + "' &&");
  }
  std::string contents(const std::string& arguments) const {
    const auto said = run("info --json " + arguments);
    EXPECT_EQ(said.exit_code, 0) << said.err;
    const auto json = nlohmann::json::parse(said.out);
    EXPECT_EQ(json.at("frames"), 6) << arguments;
    const std::int64_t depth = json.value("volume_depth", 1);
    return json.at("attributes").at("contents").get<std::string>() + ", depth " +
           std::to_string(depth);
  }
  MrcKind converted(const std::string& arguments) const {
    const auto done = run("convert -q " + arguments);
    EXPECT_EQ(done.exit_code, 0) << arguments << done.err;
    const std::string file = read_text(folder_ / arguments.substr(arguments.rfind(' ') + 1));
    EXPECT_EQ(file.size(), 1024U + 6 * 12 * 4) << arguments;
    EXPECT_EQ(file.substr(1024), pixels_) << arguments;
    return {word(file, 23), word(file, 3), word(file, 10)};
  }
  static int word(const std::string& file, std::size_t number) {
    std::int32_t value = 0;
    std::memcpy(&value, file.data() + 4 * (number - 1), 4);
    return value;
  }
  static float spider_word(const std::string& file, std::size_t number) {
    float value = 0;
    std::memcpy(&value, file.data() + 4 * (number - 1), 4);
    return value;
  }

  test::TemporaryFolder folder_;
  std::string pixels_ = mrc_file({4, 3, 6}).text.substr(1024);
};

TEST_F(Volumes, InfoSaysWhichAndHowLarge) {
  const std::string stack = "a stack of 6 images, depth 1",
                    volume = "a volume of 4 x 3 x 6, depth 6";
  EXPECT_EQ(contents("stack.mrc"), stack);
  EXPECT_EQ(contents("vol.mrc"), volume);
  EXPECT_EQ(contents("vol.spi"), volume);
  EXPECT_EQ(contents("vols.stk"), "a stack of 2 volumes of 4 x 3 x 3, depth 3");
  EXPECT_EQ(contents("--volume stack.mrc"), volume);
  EXPECT_EQ(contents("stack.stk"), stack);
  EXPECT_EQ(contents("--volume stack.stk"), volume);
  for (const char* name : {"vol.mrc", "vol.spi", "vols.stk"})
    EXPECT_EQ(contents(std::string("--stack ") + name), stack) << name;
  EXPECT_EQ(contents("vol.mrc:mrcs"), stack);
  EXPECT_EQ(contents("stack.mrc:mrc"), volume);
  EXPECT_EQ(contents("--stack stack.mrc:mrc"), volume) << "the name is the nearer word";
  EXPECT_NE(run("info vol.mrc").out.find("contents               a volume of 4 x 3 x 6\n"),
            std::string::npos);
}

TEST_F(Volumes, ConvertKeepsWhatItIs) {
  const MrcKind stack{0, 6, 1}, volume{1, 6, 6};
  EXPECT_EQ(converted("vol.mrc out.mrc"), volume);
  EXPECT_EQ(converted("vol.spi out.mrc"), volume);
  EXPECT_EQ(converted("stack.mrc out.mrc"), stack);
  EXPECT_EQ(converted("vol.mrc out.mrcs"), stack) << "the target asks for a stack";
  EXPECT_EQ(converted("--stack vol.mrc out.mrc"), stack);
  EXPECT_EQ(converted("--stack vol.spi out.mrc"), stack);
  EXPECT_EQ(converted("vol.mrc:mrcs out.mrc"), stack);
  EXPECT_EQ(converted("--volume stack.mrc out.mrc"), volume);
  EXPECT_EQ(converted("--volume stack.stk out.mrc"), volume);
  EXPECT_EQ(converted("stack.mrc:mrc out.mrc"), volume);
  EXPECT_EQ(converted("--volume stack.mrc out.map"), volume);
  ASSERT_EQ(run("convert -q stack.mrc array.npy").exit_code, 0);
  EXPECT_EQ(converted("array.npy out.mrc"), stack);
  EXPECT_EQ(converted("--volume array.npy out.mrc"), volume) << "an array says nothing itself";
}

TEST_F(Volumes, ConvertToSpider) {
  ASSERT_EQ(run("convert -q --volume stack.mrc out.spi").exit_code, 0);
  const std::string volume = read_text(folder_ / "out.spi");
  EXPECT_EQ(spider_word(volume, 1), 6) << "NSLICE";
  EXPECT_EQ(spider_word(volume, 5), 3) << "IFORM";
  EXPECT_EQ(spider_word(volume, 24), 0) << "ISTACK";
  EXPECT_EQ(volume.substr(1024), pixels_);
  ASSERT_EQ(run("convert -q --stack vol.mrc out.spi").exit_code, 0);
  const std::string stack = read_text(folder_ / "out.spi");
  EXPECT_EQ(spider_word(stack, 1), 1);
  EXPECT_EQ(spider_word(stack, 5), 1);
  EXPECT_EQ(spider_word(stack, 24), 2);
  EXPECT_EQ(spider_word(stack, 26), 6) << "MAXIM";
}

TEST_F(Volumes, SeveralVolumesBecomeImagesAndThisIsSaid) {
  const auto done = run("convert vols.stk out.mrc");
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_NE(done.err.find("2 volumes of 3 sections are written as a stack of 6 images"),
            std::string::npos)
      << done.err;
  EXPECT_EQ(converted("vols.stk out.mrc"), (MrcKind{0, 6, 1}));
  EXPECT_EQ(run("convert --stack vols.stk out.mrc").err, "");
}

TEST_F(Volumes, WhatMakesNoSenseIsUsage) {
  test::write_text(folder_ / "set.star", "data_\nloop_\n_rlnImageName\n1@stack.mrc\n");
  for (const char* arguments :
       {"--stack --volume vol.mrc out.mrc", "--volume vol.mrc out.mrcs", "--volume vol.mrc out.stk",
        "--volume vol.mrc out.png", "--volume 2@vol.mrc out.mrc", "--volume vol.mrc 1@out.mrc",
        "--volume set.star out.mrc", "--volume vol.mrc out.star"}) {
    const auto refused = run(std::string("convert ") + arguments);
    EXPECT_EQ(refused.exit_code, 2) << arguments << refused.err;
    EXPECT_NE(refused.err.find("--volume"), std::string::npos) << refused.err;
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.mrc"));
}

/// vol.mrc twice: statistics of two equal volumes.
TEST_F(Volumes, StatsTakesVolumesAsImages) {
  const auto done = run("stats --volume vol.mrc vol.spi -o out --json");
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_NE(done.err.find(": 1 volumes of 4 x 3 x 6"), std::string::npos) << done.err;
  const auto groups = nlohmann::json::parse(done.out).at("groups");
  ASSERT_EQ(groups.size(), 2U) << "one of them has a pixel size";
  EXPECT_EQ(groups.at(0).at("sections"), 6);
  ASSERT_EQ(run("stats -q --volume vol.mrc stack.mrc -o same").exit_code, 0);
  const std::string average = read_text(folder_ / "same/average.mrc");
  EXPECT_EQ(average.substr(1024), pixels_);
  EXPECT_EQ(word(average, 23), 1);
  EXPECT_EQ(word(average, 10), 6);
  EXPECT_EQ(read_text(folder_ / "same/variance.mrc").substr(1024), std::string(72 * 4, '\0'));
  EXPECT_EQ(contents("same/average.mrc"), "a volume of 4 x 3 x 6, depth 6");

  EXPECT_EQ(run("stats -q vol.mrc -o sections").exit_code, 0);
  EXPECT_EQ(read_text(folder_ / "sections/average.mrc").size(), 1024U + 12 * 4);
  EXPECT_EQ(run("stats --volume vol.mrc -o out --mask stack.mrc").exit_code, 2);
  test::write_text(folder_ / "set.star", "data_\nloop_\n_rlnImageName\n1@stack.mrc\n");
  EXPECT_EQ(run("stats --volume set.star -o out").exit_code, 2);
  EXPECT_EQ(run("stats --volume stack.stk -o out").exit_code, 1);
}

/// What mrcfile takes our files for.
TEST_F(Volumes, MrcfileAgrees) {
  if (test::run_program("/usr/bin/python3", "-c 'import mrcfile'", "").exit_code != 0)
    GTEST_SKIP() << "mrcfile is not installed";
  EXPECT_EQ(converted("vol.spi vol_out.mrc").ispg, 1);
  EXPECT_EQ(converted("--volume stack.mrc volume.mrc").ispg, 1);
  EXPECT_EQ(converted("--stack vol.mrc stack_out.mrc").ispg, 0);
  ASSERT_EQ(run("stats -q --volume vol.mrc -o .").exit_code, 0);
  test::write_text(folder_ / "check.py", R"(
import io, mrcfile, numpy
pixels = mrcfile.read('stack.mrc')
for name, is_volume in (('vol_out.mrc', True), ('volume.mrc', True), ('average.mrc', True),
                        ('stack_out.mrc', False)):
    with mrcfile.open(name) as m:
        if m.is_volume() != is_volume or m.is_image_stack() == is_volume: print(name, 'is_volume')
        if m.header.ispg != is_volume or m.header.mz != (6 if is_volume else 1): print(name, 'mz')
        if not numpy.array_equal(m.data, pixels): print(name, 'pixels')
    said = io.StringIO()
    if not mrcfile.validate(name, print_file=said): print(said.getvalue())
)");
  const auto said =
      test::run_program("/usr/bin/python3", "check.py", "cd '" + folder_.path() + "' &&");
  EXPECT_EQ(said.exit_code, 0) << said.err;
  EXPECT_EQ(said.out, "");
}

}  // namespace
}  // namespace quickbeam
