// SPDX-License-Identifier: BSD-3-Clause
#include "io/read_plan.hpp"

#include <algorithm>
#include <map>
#include <random>

#include "tests/io/files.hpp"

namespace quickbeam::io {
namespace {

ParticleSet set_of(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& images) {
  ParticleSet set;
  for (const auto& [file, number] : images) set.images.push_back({file, number, 0, 0});
  return set;
}

using Positions = std::vector<std::uint32_t>;

struct Stretch {
  std::uint32_t file, first, count;
  Positions positions;
  bool operator==(const Stretch&) const = default;
};

std::vector<Stretch> runs(const ParticleSet& set, std::uint32_t most = 1000) {
  ReadPlan plan(set, most);
  std::vector<Stretch> all;
  while (const auto run = plan.next())
    all.push_back({run->file, run->first, run->count,
                   Positions(run->positions.begin(), run->positions.end())});
  EXPECT_FALSE(plan.next());
  plan.rewind();
  EXPECT_EQ(plan.next().has_value(), !all.empty());
  return all;
}

TEST(ReadPlan, JoinsNeighboursAndKeepsDuplicates) {
  EXPECT_TRUE(runs(set_of({})).empty());
  EXPECT_EQ(runs(set_of({{1, 5}, {0, 3}, {0, 1}, {0, 2}, {0, 2}, {0, 5}, {1, 6}})),
            (std::vector<Stretch>{{0, 1, 3, {2, 3, 4, 1}}, {0, 5, 1, {5}}, {1, 5, 2, {0, 6}}}));
}

TEST(ReadPlan, CutsRunsAtTheLimit) {
  const ParticleSet set = set_of({{0, 1}, {0, 2}, {0, 2}, {0, 3}, {0, 4}, {0, 5}});
  EXPECT_EQ(runs(set, 2),
            (std::vector<Stretch>{{0, 1, 2, {0, 1, 2}}, {0, 3, 2, {3, 4}}, {0, 5, 1, {5}}}));
  EXPECT_EQ(runs(set, 0).size(), 5u);
}

TEST(ReadPlan, AFilesOnlyImageStandsAlone) {
  EXPECT_EQ(runs(set_of({{0, 1}, {0, 0}, {1, 0}, {0, 0}})),
            (std::vector<Stretch>{{0, 0, 1, {1, 3}}, {0, 1, 1, {0}}, {1, 0, 1, {2}}}));
}

TEST(ReadPlan, TheLastPossibleImagesDoNotWrap) {
  EXPECT_EQ(runs(set_of({{0, 0xffffffffu}, {0, 1}, {0, 0xfffffffeu}})),
            (std::vector<Stretch>{{0, 1, 1, {1}}, {0, 0xfffffffeu, 2, {2, 0}}}));
}

TEST(ReadPlan, EveryImageOnceInOrderOnRandomSets) {
  std::mt19937 random(11);
  for (int round = 0; round < 100; ++round) {
    SCOPED_TRACE(round);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> images(random() % 500);
    for (auto& image : images) image = {random() % 4, random() % 60};
    const ParticleSet set = set_of(images);
    const auto most = static_cast<std::uint32_t>(1 + random() % 20);
    std::map<std::uint32_t, int> seen;
    std::pair<std::uint32_t, std::uint32_t> last = {0, 0};
    for (const auto& run : runs(set, most)) {
      EXPECT_LE(run.count, most);
      std::vector<bool> read(run.count);
      for (const std::uint32_t p : run.positions) {
        ++seen[p];
        ASSERT_EQ(images[p].first, run.file);
        ASSERT_GE(images[p].second, run.first);
        ASSERT_LT(images[p].second - run.first, run.count);
        EXPECT_GE(images[p], last);
        last = images[p];
        read[images[p].second - run.first] = true;
      }
      EXPECT_EQ(std::count(read.begin(), read.end(), false), 0) << "an image read for nothing";
    }
    EXPECT_EQ(seen.size(), images.size());
    for (const auto& [p, times] : seen) EXPECT_EQ(times, 1) << p;
  }
}

}  // namespace
}  // namespace quickbeam::io
