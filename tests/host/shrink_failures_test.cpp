// SPDX-License-Identifier: BSD-3-Clause
// Sets made smaller: what happens to images that fail, and what is refused.
#include <gtest/gtest.h>

#include <atomic>
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

TEST_F(ShrinkTest, FilesThatAreMissingAreLeftOut) {
  noise_stack("a.mrcs", 1, {20, 20}, 4);
  const std::string star = text("in.star", star31_head +
                                               "2@a.mrcs 1 1\n1@gone.mrcs 2 1\n4@a.mrcs 3 1\n"
                                               "5@gone.mrcs 4 1\n1@a.mrcs 5 1\n");
  const auto report = run({star});
  EXPECT_EQ(report.done, 3);
  EXPECT_EQ(report.failed, 2);
  ASSERT_EQ(report.failures.size(), 1u);
  EXPECT_EQ(report.failures[0].images, 2);
  EXPECT_EQ(names_of(read_set("out.star")), "1@out.mrcs 2@out.mrcs 3@out.mrcs ");
  expect_near(read("out.mrcs", 2), expected(image(1, 3, {20, 20}), {20, 20}, {8, 8}));
  EXPECT_EQ(report.stacks[0].images, 3);
}

class ShrinkFailures : public ShrinkTest {
 protected:
  /// A Spider stack whose images 3 and 4 are found bad when they are read: their headers are of
  /// the other byte order (S31).
  std::string damaged() {
    const std::string path = noise_stack("a.stk", 1, {20, 20}, 6);
    std::string bytes = test::read_text(path);
    const io::StackLayout layout = open("a.stk").info().layout;
    const std::string twenty("\x41\xa0\0\0", 4);  // 20.0f, big-endian
    for (const std::int64_t k : {2, 3})
      for (const std::uint64_t word : {2, 12})
        bytes.replace(layout.offset_of(k) - layout.header_bytes + 4 * (word - 1), 4, twenty);
    test::write_text(path, bytes);
    return path;
  }
};

TEST_F(ShrinkFailures, ImagesThatCannotBeReadAreLeftOut) {
  const std::string good = noise_stack("b.stk", 2, {20, 20}, 2);
  for (const unsigned threads : {1u, 3u}) {
    job_.threads = threads;
    const auto report = run({damaged(), good});
    EXPECT_EQ(report.done, 6);
    EXPECT_EQ(report.failed, 2);
    ASSERT_EQ(report.failures.size(), 1u);
    EXPECT_EQ(report.failures[0].path, folder_ / "a.stk");
    EXPECT_EQ(report.failures[0].images, 2);
    EXPECT_EQ(report.failures[0].error.info().code, ErrorCode::inconsistent);
    EXPECT_EQ(open("out.mrcs").info().count, 6);
    const std::pair<int, std::int64_t> kept[] = {{1, 0}, {1, 1}, {1, 4}, {1, 5}, {2, 0}, {2, 1}};
    for (std::int64_t k = 0; k < 6; ++k)
      expect_near(read("out.mrcs", k + 1),
                  expected(image(kept[k].first, kept[k].second, {20, 20}), {20, 20}, {8, 8}));
    EXPECT_EQ(read_set("out.star").images.size(), 6u);
  }
}

TEST_F(ShrinkFailures, TheFirstOneCanEndTheRun) {
  job_.on_failure = OnFailure::stop;
  const std::string path = damaged();
  test::expect_error(ErrorCode::inconsistent, [&] { run({path}); });
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.stk"});
  const std::string good = noise_stack("b.stk", 2, {20, 20}, 2);
  test::expect_error(ErrorCode::not_found, [&] { run({good, folder_ / "gone.mrcs"}); });
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{"a.stk", "b.stk"}));
}

TEST_F(ShrinkFailures, NothingIsWrittenWhenNoImageIsLeft) {
  damaged();
  const auto error =
      test::expect_error(ErrorCode::inconsistent, [&] { run({"3@" + (folder_ / "a.stk")}); });
  EXPECT_EQ(error.path, folder_ / "a.stk");
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.stk"});
}

TEST_F(ShrinkTest, StoppingWritesNothing) {
  const std::string path = noise_stack("a.mrcs", 1, {20, 20}, 6);
  std::atomic<bool> stop = true;
  job_.stop = &stop;
  EXPECT_TRUE(run({path}).stopped);
  stop = false;
  job_.inputs = {path};
  const auto report = shrink_images(job_, [&](std::int64_t, std::int64_t) { stop = true; });
  EXPECT_TRUE(report.stopped);
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.mrcs"});
}

TEST_F(ShrinkTest, OutputsAreNeitherInputsNorEachOther) {
  const std::string a = noise_stack("a.mrcs", 1, {20, 20}, 2);
  const std::string before = test::read_text(a);
  job_.output = folder_.path() + "/./a.mrcs";
  test::expect_error(ErrorCode::inconsistent, [&] { run({a}); });
  std::filesystem::create_hard_link(a, folder_ / "link.mrcs");
  job_.output = folder_ / "link.mrcs";
  test::expect_error(ErrorCode::inconsistent, [&] { run({"1@" + a}); });
  const std::string star = text("in.star", "data_\nloop_\n_rlnImageName\n2@a.mrcs\n");
  job_.output = folder_ / "a.mrcs";
  test::expect_error(ErrorCode::inconsistent, [&] { run({star}); });
  job_.output = folder_ / "in.mrcs";  // whose set would be in.star
  test::expect_error(ErrorCode::inconsistent, [&] { run({star}); });
  // Names that a file system without capital letters takes for one.
  noise_stack("b.mrcs", 2, {30, 20}, 2);
  job_.output = folder_ / "out.mrcs";
  std::string rows = star31_head + "1@a.mrcs 1 1\n1@b.mrcs 2 2\n";
  rows.replace(rows.find("second"), 6, "FIRST ");
  test::expect_error(ErrorCode::inconsistent, [&] { run({text("two.star", rows)}); });
  EXPECT_EQ(test::read_text(a), before);
}

TEST_F(ShrinkTest, RefusesWhatMakesNoSense) {
  const std::string a = noise_stack("a.mrcs", 1, {20, 20}, 2);
  const auto with = [&](auto&& change) {
    ShrinkJob job = job_;
    job.inputs = {a};
    change(job);
    return [job] { (void)shrink_images(job); };
  };
  test::expect_error(ErrorCode::usage, with([](auto& j) { j.size = 0; }));
  test::expect_error(ErrorCode::usage, with([](auto& j) { j.size = std::int64_t{1} << 40; }));
  test::expect_error(ErrorCode::usage, with([&](auto& j) { j.output = folder_ / "out.png"; }));
  test::expect_error(ErrorCode::usage, with([](auto& j) { j.output.clear(); }));
  test::expect_error(ErrorCode::usage, with([&](auto& j) { j.set_output = folder_ / "a.txt"; }));
  test::expect_error(ErrorCode::not_found, with([&](auto& j) { j.inputs = {folder_ / "gone"}; }));
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.mrcs"});
}

}  // namespace
}  // namespace quickbeam
