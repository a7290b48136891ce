// SPDX-License-Identifier: BSD-3-Clause
// Sets made smaller: what lands in which stack and row.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include <quickbeam/shrink.hpp>

#include "tests/host/shrink_fixture.hpp"

namespace quickbeam {
namespace {

using test::expect_near;
using test::expected;
using test::image;
using test::ShrinkTest;
using test::star31_head;

TEST_F(ShrinkTest, TheOutputKeepsTheOrderOfTheSetAndItsColumns) {
  noise_stack("a.mrcs", 1, {20, 20}, 4);
  noise_stack("b.mrcs", 2, {20, 20}, 3);
  const std::string star =
      text("in.star", star31_head +
                          "3@b.mrcs 10 1\n1@a.mrcs 20 1\n4@a.mrcs 30 1\n1@b.mrcs 40 1\n"
                          "1@a.mrcs 50 1\n");
  const auto report = run({star});
  EXPECT_EQ(report.set, folder_ / "out.star");
  const std::pair<int, std::int64_t> sources[] = {{2, 2}, {1, 0}, {1, 3}, {2, 0}, {1, 0}};
  for (std::int64_t k = 0; k < 5; ++k)
    expect_near(read("out.mrcs", k + 1),
                expected(image(sources[k].first, sources[k].second, {20, 20}), {20, 20}, {8, 8}));
  const auto set = read_set("out.star");
  EXPECT_EQ(names_of(set), "1@out.mrcs 2@out.mrcs 3@out.mrcs 4@out.mrcs 5@out.mrcs ");
  ASSERT_EQ(set.groups.size(), 2u);
  EXPECT_EQ(set.groups[0].pixel_size_angstrom, 1.5 * 20 / 8);
  EXPECT_EQ(set.groups[0].image_size->width, 8);
  EXPECT_EQ(set.groups[0].voltage_kv, 300);
  const std::string written = test::read_text(folder_ / "out.star");
  EXPECT_NE(written.find("000003@out.mrcs 30 1\n"), std::string::npos) << written;
  EXPECT_NEAR(*open("out.mrcs").info().pixel_size_angstrom, 3.75, 1e-6);
}

TEST_F(ShrinkTest, EachSizeOfImageGetsAStackOfItsOwn) {
  noise_stack("a.mrcs", 1, {20, 20}, 3);
  noise_stack("b.mrcs", 2, {40, 40}, 2);
  job_.output = folder_ / "out.stk";
  const auto report = run(
      {text("in.star", star31_head + "2@b.mrcs 1 2\n3@a.mrcs 2 1\n1@b.mrcs 3 2\n1@a.mrcs 4 1\n")});
  ASSERT_EQ(report.stacks.size(), 2u);
  EXPECT_EQ(names_of(read_set("out.star")),
            "1@out_second.stk 1@out_first.stk 2@out_second.stk 2@out_first.stk ");
  expect_near(read("out_second.stk", 1), expected(image(2, 1, {40, 40}), {40, 40}, {8, 8}));
  expect_near(read("out_first.stk", 2), expected(image(1, 0, {20, 20}), {20, 20}, {8, 8}));
  EXPECT_EQ(read_set("out.star").groups[1].pixel_size_angstrom, 2.0 * 40 / 8);
  EXPECT_EQ(open("out_first.stk").info().count, 2);
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{"a.mrcs", "b.mrcs", "in.star", "out.star",
                                                       "out_first.stk", "out_second.stk"}));
}

TEST_F(ShrinkTest, StacksByNameMakeANewSetWithAllOfThem) {
  const std::string a = noise_stack("a.mrcs", 1, {20, 20}, 3, 1.25);
  const std::string b = noise_stack("b.stk", 2, {10, 30}, 2);
  const auto report = run({"2@" + a, b, a});
  ASSERT_EQ(report.stacks.size(), 2u);
  const auto set = read_set("out.star");
  ASSERT_EQ(set.images.size(), 6u);
  EXPECT_EQ(names_of(set),
            "1@out_20x20.mrcs 1@out_10x30.mrcs 2@out_10x30.mrcs 2@out_20x20.mrcs "
            "3@out_20x20.mrcs 4@out_20x20.mrcs ");
  expect_near(read("out_20x20.mrcs", 1), expected(image(1, 1, {20, 20}), {20, 20}, {8, 8}));
  expect_near(read("out_20x20.mrcs", 4), expected(image(1, 2, {20, 20}), {20, 20}, {8, 8}));
  expect_near(read("out_10x30.mrcs", 2), expected(image(2, 1, {10, 30}), {10, 30}, {3, 8}));
  EXPECT_NEAR(*report.stacks[0].pixel_size_angstrom, 1.25 * 20 / 8, 1e-6);
  EXPECT_FALSE(report.stacks[1].pixel_size_angstrom.has_value());
}

TEST_F(ShrinkTest, SeveralSetsKeepTheirOptics) {
  noise_stack("a.mrcs", 1, {20, 20}, 3);
  const std::string rows = star31_head + "3@a.mrcs 1 1\n1@a.mrcs 2 1\n";
  const auto report = run({text("one.star", rows), text("two.star", rows)});
  const auto set = read_set("out.star");
  EXPECT_EQ(names_of(set), "1@out.mrcs 2@out.mrcs 3@out.mrcs 4@out.mrcs ");
  ASSERT_EQ(set.groups.size(), 2u);
  EXPECT_EQ(set.groups[1].voltage_kv, 300);
  EXPECT_EQ(set.groups[1].pixel_size_angstrom, 3.75);
  EXPECT_NE(std::find_if(report.notices.begin(), report.notices.end(),
                         [](const auto& n) { return n.find("other columns") != n.npos; }),
            report.notices.end());
}

TEST_F(ShrinkTest, DisabledRowsOfXmippAreLeftOutAndTheOtherColumnsKept) {
  noise_stack("a.stk", 1, {16, 16}, 3);
  job_.output = folder_ / "out.stk";
  job_.set_output = folder_ / "thumbs.xmd";
  run({text("in.xmd",
            "# XMIPP_STAR_1 * \ndata_noname\nloop_\n _image\n _enabled\n _anglePsi\n"
            "000003@a.stk 1 11\n000001@a.stk -1 12\n000002@a.stk 1 13\n")});
  const auto set = read_set("thumbs.xmd");
  EXPECT_EQ(names_of(set), "1@out.stk 2@out.stk ");
  const std::string written = test::read_text(folder_ / "thumbs.xmd");
  EXPECT_NE(written.find("_xSize\n _ySize\n"), std::string::npos) << written;
  EXPECT_NE(written.find("000002@out.stk 1 13 8 8"), std::string::npos) << written;
  expect_near(read("out.stk", 2), expected(image(1, 1, {16, 16}), {16, 16}, {8, 8}));
}

TEST_F(ShrinkTest, NamesInTheSetLeadToTheStackFromTheRootOrTheSet) {
  const std::string a = noise_stack("a.mrcs", 1, {20, 20}, 3);
  job_.output = folder_ / "thumbs/out.mrcs";
  run({a});
  EXPECT_EQ(std::string(read_set("thumbs/out.star").files[0]), "thumbs/out.mrcs");
  std::filesystem::create_directory(folder_ / "elsewhere");
  job_.set.root = folder_ / "elsewhere";
  run({a});
  EXPECT_EQ(std::string(read_set("thumbs/out.star").files[0]), "out.mrcs");
  // What was written is a set that can be shrunk again.
  job_.set.root.reset();
  job_.output = folder_ / "again.stk";
  job_.size = 4;
  EXPECT_EQ(run({folder_ / "thumbs/out.star"}).done, 3);
}

}  // namespace
}  // namespace quickbeam
