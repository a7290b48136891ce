// SPDX-License-Identifier: BSD-3-Clause
// The merge tree against its definition, written down recursively.
#include "host/src/moment_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace quickbeam {
namespace {

using kernels::MomentKind;
using kernels::PixelMoments;

constexpr std::size_t pixels = 7;

/// A few images of values whose sums depend on their order; leaf 3 has none, some values are NaN.
Planes leaf(std::int64_t index) {
  std::mt19937 random(static_cast<unsigned>(index) + 1);
  std::uniform_real_distribution<double> value(-1e3, 1e6);
  Planes planes(2);
  for (PixelMoments& block : planes) {
    block.reset(MomentKind::moments, pixels);
    const int images = index == 3 ? 0 : 1 + static_cast<int>(index % 5);
    std::vector<double> in(pixels * static_cast<std::size_t>(images));
    for (double& v : in)
      v = random() % 9 == 0 ? std::numeric_limits<double>::quiet_NaN() : value(random);
    if (images > 0) kernels::add_images(in.data(), pixels, images, block);
  }
  return planes;
}

std::string bits_of(const Planes& planes) {
  std::string bits;
  const auto append = [&](const auto& buffer) {
    const auto bytes = std::as_bytes(buffer.span());
    bits.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  for (const PixelMoments& block : planes) {
    bits += std::to_string(block.images) + ";";
    append(block.mean), append(block.m2), append(block.sum), append(block.squares);
    append(block.lowest), append(block.highest), append(block.missing);
  }
  return bits;
}

/// The definition: the node of 2^level leaves from `first` on; only leaves with present[i].
Planes node(const std::vector<bool>& present, std::size_t first, std::size_t width) {
  if (first >= present.size()) return {};
  if (width == 1) return present[first] ? leaf(static_cast<std::int64_t>(first)) : Planes{};
  Planes left = node(present, first, width / 2),
         right = node(present, first + width / 2, width / 2);
  if (left.empty()) return right;
  if (right.empty()) return left;
  for (std::size_t b = 0; b < left.size(); ++b) kernels::merge(right[b], left[b]);
  return left;
}

std::string expected(const std::vector<bool>& present) {
  std::size_t width = 1;
  while (width < present.size()) width *= 2;
  return bits_of(node(present, 0, width));
}

std::vector<std::int64_t> shuffled(std::int64_t count, unsigned seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(seed));
  return order;
}

TEST(MomentTree, AnyOrderGivesTheBitsOfTheDefinition) {
  for (std::int64_t leaves = 1; leaves <= 21; ++leaves)
    for (unsigned seed = 0; seed < 4; ++seed) {
      MomentTree tree(leaves);
      for (const std::int64_t i : shuffled(leaves, seed)) tree.insert({{i, 1}, leaf(i)});
      auto nodes = tree.take();
      ASSERT_EQ(nodes.size(), 1U) << leaves << " leaves";
      EXPECT_EQ(nodes[0].leaves, (LeafRange{0, leaves}));
      EXPECT_EQ(bits_of(nodes[0].planes), expected(std::vector<bool>(std::size_t(leaves), true)));
    }
}

TEST(MomentTree, AnyThreadsGiveTheSameBits) {
  constexpr std::int64_t leaves = 37;
  const std::string one = expected(std::vector<bool>(leaves, true));
  for (unsigned threads : {1U, 2U, 3U, 7U}) {
    MomentTree tree(leaves);
    std::atomic<std::int64_t> next = 0;
    std::vector<std::thread> pool;
    for (unsigned t = 0; t < threads; ++t)
      pool.emplace_back([&] {
        for (std::int64_t i = next++; i < leaves; i = next++) tree.insert({{i, 1}, leaf(i)});
      });
    for (auto& thread : pool) thread.join();
    auto nodes = tree.take();
    ASSERT_EQ(nodes.size(), 1U);
    EXPECT_EQ(bits_of(nodes[0].planes), one) << threads << " threads";
  }
}

TEST(MomentTree, LeavesThatAreMissingAreLeftOut) {
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    const std::int64_t leaves = 1 + static_cast<std::int64_t>(random() % 19);
    std::vector<bool> present(static_cast<std::size_t>(leaves));
    for (std::size_t i = 0; i < present.size(); ++i) present[i] = random() % 3 != 0;
    present[random() % present.size()] = true;
    MomentTree tree(leaves);
    for (const std::int64_t i : shuffled(leaves, random()))
      if (present[static_cast<std::size_t>(i)]) tree.insert({{i, 1}, leaf(i)});
    auto nodes = tree.take();
    for (const MomentNode& n : nodes) EXPECT_TRUE(is_node(n.leaves, leaves));
    EXPECT_EQ(bits_of(fold(std::move(nodes), leaves)), expected(present));
  }
}

TEST(MomentTree, NodesOfPartsJoinToTheNodesOfTheWhole) {
  for (std::int64_t leaves = 1; leaves <= 23; ++leaves)
    for (std::int64_t parts = 1; parts <= 6; ++parts) {
      MomentTree whole(leaves);
      std::int64_t covered = 0;
      for (const std::int64_t k : shuffled(parts, static_cast<unsigned>(leaves))) {
        const LeafRange range = part_of(leaves, k + 1, parts);
        covered += range.count;
        MomentTree part(leaves);
        for (std::int64_t i = range.first; i < range.end(); ++i) part.insert({{i, 1}, leaf(i)});
        auto nodes = part.take();
        const auto planned = nodes_of(range, leaves);
        ASSERT_EQ(nodes.size(), planned.size());
        for (std::size_t n = 0; n < nodes.size(); ++n) {
          EXPECT_EQ(nodes[n].leaves, planned[n]);
          whole.insert(std::move(nodes[n]));
        }
      }
      EXPECT_EQ(covered, leaves);
      auto nodes = whole.take();
      ASSERT_EQ(nodes.size(), 1U);
      EXPECT_EQ(bits_of(nodes[0].planes), expected(std::vector<bool>(std::size_t(leaves), true)));
    }
}

TEST(MomentTree, WhatIsANode) {
  EXPECT_TRUE(is_node({0, 1}, 1));
  EXPECT_TRUE(is_node({0, 5}, 5)) << "the root";
  EXPECT_TRUE(is_node({4, 1}, 5)) << "cut by the end";
  EXPECT_TRUE(is_node({4, 3}, 7));
  EXPECT_TRUE(is_node({4, 2}, 7));
  EXPECT_FALSE(is_node({4, 3}, 8)) << "not cut by the end";
  EXPECT_FALSE(is_node({2, 4}, 8)) << "not aligned";
  EXPECT_FALSE(is_node({1, 2}, 8));
  EXPECT_FALSE(is_node({0, 0}, 8));
  EXPECT_FALSE(is_node({-1, 1}, 8));
  EXPECT_FALSE(is_node({8, 1}, 8));
  EXPECT_FALSE(is_node({0, std::numeric_limits<std::int64_t>::max()}, 8));
  EXPECT_FALSE(is_node({std::numeric_limits<std::int64_t>::max(), 2}, 8));
}

TEST(MomentTree, PartsOfManyLeavesDoNotOverflow) {
  constexpr std::int64_t leaves = std::int64_t{1} << 24, parts = 999'999'937;
  std::int64_t next = 0;
  for (const std::int64_t k : {std::int64_t{1}, std::int64_t{2}}) {
    EXPECT_EQ(part_of(leaves, k, parts).first, next);
    next = part_of(leaves, k, parts).end();
  }
  EXPECT_EQ(part_of(leaves, parts, parts).end(), leaves);
  EXPECT_EQ(part_of(1, 2, 3).count + part_of(1, 1, 3).count + part_of(1, 3, 3).count, 1);
}

}  // namespace
}  // namespace quickbeam
