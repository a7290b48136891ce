// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include <quickbeam/stack_statistics.hpp>

#include "tests/host/statistics_stacks.hpp"
#include "tests/io/files.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;
using test::contents_of;
using test::expect_error;
using test::floats;
using test::Stack;
using test::statistics_job;
using test::whole_numbers;
using test::write_stack;

class StatisticsMerge : public ::testing::Test {
 protected:
  /// The partial file of a part of `inputs`.
  std::string part(const std::vector<std::string>& inputs, std::int64_t k = 1, std::int64_t n = 1,
                   const std::function<void(StatisticsJob&)>& change = {}) {
    auto job = statistics_job(inputs, "");
    job.set.root = folder_.path();
    job.part = k;
    job.parts = n;
    job.outputs.partial = folder_ / ("part" + std::to_string(made_++) + ".qbstat");
    if (change) change(job);
    compute_statistics(job);
    return job.outputs.partial;
  }
  /// All that one run over everything writes.
  std::string one_run(const std::vector<std::string>& inputs) {
    auto job = statistics_job(inputs, folder_ / "one");
    fs::remove_all(job.outputs.folder);
    job.set.root = folder_.path();
    compute_statistics(job);
    return contents_of(job.outputs.folder);
  }
  std::string merged(const std::vector<std::string>& files) {
    auto outputs = statistics_job({}, folder_ / "merged").outputs;
    fs::remove_all(outputs.folder);
    report_ = merge_statistics(files, outputs);
    return contents_of(outputs.folder);
  }
  std::string joined(const std::vector<std::string>& files) {
    StatisticsOutputs outputs;
    outputs.partial = folder_ / ("joined" + std::to_string(made_++) + ".qbstat");
    merge_statistics(files, outputs);
    return outputs.partial;
  }
  StatisticsReport report_;
  int made_ = 0;
  test::TemporaryFolder folder_;
};

TEST_F(StatisticsMerge, PartsInAnyOrderGiveTheBitsOfTheOneRun) {
  write_stack(folder_ / "a.mrcs", floats({13, 11}, 1500, 1e4, 3));
  write_stack(folder_ / "b.mrcs", whole_numbers({7, 5}, 700, -9000, 9000), io::StoredAs::int16);
  const std::vector<std::string> inputs = {folder_ / "a.mrcs", folder_ / "b.mrcs"};
  const std::string expected = one_run(inputs);
  const std::string whole = test::read_text(part(inputs));
  ASSERT_GT(whole.size(), 1500U * 56);
  for (std::int64_t parts = 1; parts <= 5; ++parts) {
    std::vector<std::string> files;
    for (std::int64_t k = 1; k <= parts; ++k) files.push_back(part(inputs, k, parts));
    std::sort(files.begin(), files.end());
    do {
      ASSERT_TRUE(merged(files) == expected) << parts << " parts";
      EXPECT_TRUE(report_.notices.empty());
    } while (std::next_permutation(files.begin(), files.end()));
    EXPECT_TRUE(test::read_text(joined(files)) == whole) << parts << " parts, joined";
    std::reverse(files.begin(), files.end());
    EXPECT_TRUE(test::read_text(joined(files)) == whole) << parts << " parts, joined backwards";
  }
}

TEST_F(StatisticsMerge, AnyGroupingOfPartsGivesTheSameBits) {
  write_stack(folder_ / "a.mrcs", floats({9, 8}, 3000, 1e4, 3));
  const std::vector<std::string> inputs = {folder_ / "a.mrcs"};
  const std::string expected = one_run(inputs);
  std::vector<std::string> p;
  for (int k = 1; k <= 5; ++k) p.push_back(part(inputs, k, 5));
  EXPECT_TRUE(merged({joined({p[4], p[0]}), joined({p[2], p[1]}), p[3]}) == expected);
  EXPECT_TRUE(merged({joined({joined({p[3], p[1]}), p[0]}), joined({p[2], p[4]})}) == expected);
  // Parts of another division, where the leaves fit: 12 leaves in 2 and in 4.
  EXPECT_TRUE(merged({part(inputs, 2, 2), part(inputs, 1, 4), part(inputs, 2, 4)}) == expected);
}

TEST_F(StatisticsMerge, ASetWithTwoGroupsComesBackInItsOrder) {
  write_stack(folder_ / "s.mrcs", floats({8, 8}, 600));
  write_stack(folder_ / "l.mrcs", floats({9, 9}, 600));
  std::string set =
      "data_optics\n\nloop_\n_rlnOpticsGroupName\n_rlnOpticsGroup\n_rlnImagePixelSize\n"
      "one 1 1.5\ntwo 2 2.5\n\ndata_particles\n\nloop_\n_rlnImageName\n_rlnOpticsGroup\n";
  for (int i = 600; i > 0; --i)
    set += std::to_string(i) + (i % 3 == 0 ? "@l.mrcs 2\n" : "@s.mrcs 1\n");
  test::write_text(folder_ / "set.star", set);
  const std::vector<std::string> inputs = {folder_ / "set.star"};
  const std::string expected = one_run(inputs);
  EXPECT_NE(expected.find("average_two.npy"), std::string::npos);
  EXPECT_TRUE(merged({part(inputs, 3, 3), part(inputs, 1, 3), part(inputs, 2, 3)}) == expected);
}

TEST_F(StatisticsMerge, DifferentSetsOfOneShapeAreJoinedWhateverTheOrder) {
  std::vector<std::string> files;
  Stack all{{10, 7}, {}};
  for (int i = 0; i < 4; ++i) {
    const std::string name = folder_ / ("set" + std::to_string(i) + ".mrcs");
    const Stack stack = floats({10, 7}, 200 + 100 * i, 1e4 * i, 2, static_cast<unsigned>(i) + 5);
    write_stack(name, stack);
    all.images.insert(all.images.end(), stack.images.begin(), stack.images.end());
    files.push_back(part({name}));
  }
  const std::string expected = merged(files);
  test::expect_statistics(all, folder_ / "merged");
  ASSERT_EQ(report_.groups.size(), 1U);
  EXPECT_EQ(report_.groups[0].images, 1400);
  EXPECT_EQ(test::read_table(folder_ / "merged/particles.star").size(), 1400U);
  std::sort(files.begin(), files.end());
  do {
    ASSERT_TRUE(merged(files) == expected);
  } while (std::next_permutation(files.begin(), files.end()));
  EXPECT_TRUE(merged({joined({files[2], files[0]}), joined({files[3], files[1]})}) == expected);
  EXPECT_TRUE(merged({joined({joined({files[3], files[0]}), files[1]}), files[2]}) == expected);
}

TEST_F(StatisticsMerge, OtherSizesAndKindsStayApart) {
  write_stack(folder_ / "a.mrcs", floats({6, 6}, 3));
  write_stack(folder_ / "b.mrcs", floats({6, 5}, 4));
  write_stack(folder_ / "c.mrcs", whole_numbers({6, 6}, 5, 0, 9), io::StoredAs::int16);
  write_stack(folder_ / "d.mrcs", floats({6, 6}, 6), io::StoredAs::float32, 1.5);
  std::vector<std::string> files;
  for (const char* name : {"a.mrcs", "b.mrcs", "c.mrcs", "d.mrcs"})
    files.push_back(part({folder_ / name}));
  const std::string expected = merged(files);
  ASSERT_EQ(report_.groups.size(), 4U);
  std::reverse(files.begin(), files.end());
  EXPECT_TRUE(merged(files) == expected);
  EXPECT_EQ(report_.outputs.size(), 4U * 6 + 1);
}

TEST_F(StatisticsMerge, TheSameImagesTwiceAreRefused) {
  write_stack(folder_ / "a.mrcs", floats({4, 4}, 1000));
  const std::vector<std::string> inputs = {folder_ / "a.mrcs"};
  const std::string first = part(inputs, 1, 2), whole = part(inputs);
  for (const auto& files :
       {std::vector{first, whole}, std::vector{whole, first}, std::vector{first, first}}) {
    const auto info = expect_error(ErrorCode::inconsistent, [&] { merged(files); });
    const std::string text = to_string(info);
    EXPECT_NE(text.find(files[0]), std::string::npos) << text;
    EXPECT_NE(text.find(files[1]), std::string::npos) << text;
  }
}

TEST_F(StatisticsMerge, WhatWasReadOtherwiseIsRefused) {
  write_stack(folder_ / "a.mrcs", whole_numbers({4, 4}, 1000, 0, 100), io::StoredAs::int8);
  const std::vector<std::string> inputs = {folder_ / "a.mrcs"};
  const std::string first =
      part(inputs, 1, 2, [](StatisticsJob& job) { job.set.read.mode0 = Mode0::unsigned_bytes; });
  const auto with_offset =
      part(inputs, 2, 2, [](StatisticsJob& job) { job.set.read.mode0 = Mode0::imod; });
  const auto plain = part(inputs, 1, 2);
  const auto masked = part(inputs, 2, 2, [](StatisticsJob& job) { job.region.radius = 2; });
  expect_error(ErrorCode::inconsistent, [&] { merged({first, with_offset}); });
  expect_error(ErrorCode::inconsistent, [&] { merged({masked, plain}); });
  write_stack(folder_ / "b.mrcs", whole_numbers({4, 4}, 10, 0, 100), io::StoredAs::int8);
  expect_error(ErrorCode::inconsistent, [&] { merged({masked, part({folder_ / "b.mrcs"})}); });
}

TEST_F(StatisticsMerge, MasksComeThroughTheFile) {
  write_stack(folder_ / "a.mrcs", floats({150, 131}, 600));
  auto job = statistics_job({folder_ / "a.mrcs"}, folder_ / "one");
  job.region.radius = 30;
  compute_statistics(job);
  const auto with_mask = [](StatisticsJob& part_job) { part_job.region.radius = 30; };
  const auto first = part({folder_ / "a.mrcs"}, 1, 2, with_mask),
             second = part({folder_ / "a.mrcs"}, 2, 2, with_mask);
  EXPECT_TRUE(merged({second, first}) == contents_of(folder_ / "one"));
}

TEST_F(StatisticsMerge, MissingPartsAreSaid) {
  const Stack stack = floats({5, 5}, 1000);
  write_stack(folder_ / "a.mrcs", stack);
  const std::vector<std::string> inputs = {folder_ / "a.mrcs"};
  merged({part(inputs, 1, 4), part(inputs, 3, 4)});
  ASSERT_EQ(report_.notices.size(), 1U);
  EXPECT_NE(report_.notices[0].find("512 of 1000 images"), std::string::npos) << report_.notices[0];
  Stack there{stack.extent, {}};
  for (std::size_t k = 0; k < 256; ++k) there.images.push_back(stack.images[k]);
  for (std::size_t k = 512; k < 768; ++k) there.images.push_back(stack.images[k]);
  test::expect_statistics(there, folder_ / "merged");
  test::expect_table(there, folder_ / "merged/particles.star");
  // A part without any leaf.
  merged({part(inputs, 1, 9)});
  EXPECT_EQ(report_.groups.at(0).images, 0);
  EXPECT_EQ(contents_of(folder_ / "merged").find("average"), std::string::npos);
}

TEST_F(StatisticsMerge, OutputsNeverReplaceInputs) {
  write_stack(folder_ / "a.mrcs", floats({5, 5}, 10));
  const std::string file = part({folder_ / "a.mrcs"});
  StatisticsOutputs outputs;
  outputs.partial = file;
  const std::string files[] = {file};
  expect_error(ErrorCode::inconsistent, [&] { (void)merge_statistics(files, outputs); });
  outputs.partial = folder_ / "b.qbstat";
  expect_error(ErrorCode::usage, [&] { (void)merge_statistics({}, outputs); });
}

}  // namespace
}  // namespace quickbeam
