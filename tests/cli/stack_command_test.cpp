// SPDX-License-Identifier: BSD-3-Clause
// quickbeam info, convert and thumb on particle stacks, as a user runs them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"
#include "tests/oracle/stack_builder.hpp"

namespace quickbeam {
namespace {

using oracle::mrc_file;
using oracle::spider_file;
using test::quickbeam;
using test::read_text;
using test::TemporaryFolder;

int convert(const std::string& source, const std::string& target, const std::string& more = "") {
  const auto run = quickbeam("convert " + more + " '" + source + "' '" + target + "'");
  return run.exit_code;
}

TEST(StackCommands, InfoSaysWhatAStackIs) {
  TemporaryFolder folder;
  auto file = mrc_file({4, 3, 5});
  file.text.replace(224, 5, "hello");
  file.word(56, 1);
  test::write_text(folder / "a.mrcs", file.text);
  const auto json = nlohmann::json::parse(quickbeam("info --json '" + folder / "a.mrcs" + "'").out);
  EXPECT_EQ(json.at("format"), "MRC");
  EXPECT_EQ(json.at("frames"), 5);
  const auto& stream = json.at("streams").at(0);
  EXPECT_EQ(stream.at("type"), "float32");
  EXPECT_EQ(stream.at("width"), 4);
  EXPECT_EQ(stream.at("images"), 5);
  EXPECT_EQ(stream.at("bytes"), 240);
  EXPECT_EQ(stream.at("offset"), 1024);
  EXPECT_EQ(json.at("attributes").at("label 1"), "hello");
  EXPECT_EQ(json.at("attributes").at("contents"), "a stack of 5 images");
  EXPECT_EQ(json.at("attributes").at("pixel size"), "1.5 angstrom");
  EXPECT_EQ(json.at("attributes").at("statistics"),
            "min -50, max 50, mean 0, sd 30 (as the header claims)");
  EXPECT_NEAR(json.at("header").at("pixel_width_um").get<double>(), 1.5e-4, 1e-12);
  const auto text = quickbeam("info '" + folder / "a.mrcs" + "'");
  EXPECT_NE(text.out.find("label 1"), std::string::npos);
}

TEST(StackCommands, ConvertBetweenAllFormatsAndBack) {
  TemporaryFolder folder;
  test::write_text(folder / "a.stk", spider_file({5, 4, 1, 6, true}).text);
  ASSERT_EQ(convert(folder / "a.stk", folder / "a.npy"), 0);
  ASSERT_EQ(convert(folder / "a.stk", folder / "a.mrcs"), 0);
  ASSERT_EQ(convert(folder / "a.mrcs", folder / "b.stk"), 0);
  ASSERT_EQ(convert(folder / "b.stk", folder / "b.npy"), 0);
  ASSERT_EQ(convert(folder / "a.npy", folder / "c.mrcs"), 0);
  EXPECT_EQ(read_text(folder / "a.npy"), read_text(folder / "b.npy"));
  EXPECT_EQ(read_text(folder / "c.mrcs"), read_text(folder / "a.mrcs"));
  EXPECT_EQ(read_text(folder / "a.npy").size(), 128U + 6 * 5 * 4 * 4);
}

TEST(StackCommands, OneImageOfAStack) {
  TemporaryFolder folder;
  test::write_text(folder / "a.stk", spider_file({5, 4, 1, 6}).text);
  test::write_text(folder / "m.mrcs", mrc_file({5, 4, 6, 1, true}).text);
  for (const char* name : {"a.stk", "m.mrcs"})
    for (const char* target : {"one.mrc", "one.spi", "one.npy", "one.png"})
      EXPECT_EQ(convert("3@" + folder / name, folder / target), 0) << name << ' ' << target;
  const std::string pixels = read_text(folder / "one.mrc").substr(1024);
  ASSERT_EQ(pixels.size(), 40U) << "mode 1 stays int16";
  std::int16_t first;
  std::memcpy(&first, pixels.data(), 2);
  EXPECT_EQ(first, oracle::pixel_at(40));
  EXPECT_NE(convert("7@" + folder / "a.stk", folder / "none.npy"), 0);
  EXPECT_NE(convert(folder / "a.stk", folder / "none.png"), 0) << "which one?";
}

TEST(StackCommands, Mode0CanBeReadEitherWay) {
  TemporaryFolder folder;
  auto file = mrc_file({2, 1, 1, 0});
  file.text[1024] = '\x80';
  test::write_text(folder / "a.mrc", file.text);
  const auto first = [&](const std::string& mode0) {
    EXPECT_EQ(convert(folder / "a.mrc", folder / "a.npy", mode0), 0);
    const std::string npy = read_text(folder / "a.npy");
    return npy.substr(npy.find("descr") + 9, 3) + ' ' +
           std::to_string(static_cast<unsigned char>(npy[npy.size() - 2]));
  };
  EXPECT_EQ(first("--mode0 unsigned"), "|u1 128");
  EXPECT_EQ(first("--mode0 signed"), "|i1 128");
  EXPECT_EQ(first("--mode0 imod"), "|u1 0");
}

TEST(StackCommands, ThumbnailsOfEveryImage) {
  TemporaryFolder folder;
  test::write_text(folder / "a.stk", spider_file({40, 30, 1, 4}).text);
  const auto run = quickbeam("thumb -q '" + folder / "a.stk" + "' -o '" + folder / "out" +
                             "' --reduce mean --factor 2 --tone linear");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(read_text(folder / "out/a_0004.png").starts_with("\x89PNG")) << run.err;
}

}  // namespace
}  // namespace quickbeam
