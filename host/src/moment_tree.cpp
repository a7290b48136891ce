// SPDX-License-Identifier: BSD-3-Clause
// The merge tree of the statistics: which leaves are joined to which, whoever brings them and when.
#include "host/src/moment_tree.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <span>
#include <utility>

namespace quickbeam {
namespace {

/// Leaves that a node of the smallest fitting level would stand for, were there no end.
std::int64_t width_of(LeafRange node) {
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(node.count)));
}

bool begins_node(std::int64_t first, std::int64_t width) { return (first & (width - 1)) == 0; }

/// The widest node that begins at `first` and ends by `end`.
LeafRange widest_node(std::int64_t first, std::int64_t end, std::int64_t leaves) {
  std::int64_t width = 1;
  while (begins_node(first, 2 * width) && width < leaves &&
         std::min(first + 2 * width, leaves) <= end)
    width *= 2;
  return {first, std::min(width, leaves - first)};
}

Planes fold(std::span<MomentNode> nodes, LeafRange within) {
  if (nodes.size() == 1) return std::move(nodes.front().planes);
  const std::int64_t middle = within.first + within.count / 2;
  const auto split = std::partition_point(nodes.begin(), nodes.end(), [&](const MomentNode& node) {
    return node.leaves.first < middle;
  });
  const auto left = static_cast<std::size_t>(split - nodes.begin());
  const LeafRange halves[] = {{within.first, within.count / 2}, {middle, within.count / 2}};
  if (left == 0) return fold(nodes, halves[1]);
  if (left == nodes.size()) return fold(nodes, halves[0]);
  Planes joined = fold(nodes.first(left), halves[0]);
  join(fold(nodes.subspan(left), halves[1]), joined);
  return joined;
}

}  // namespace

std::int64_t leaves_of(std::int64_t images) {
  return images / kernels::leaf_images + (images % kernels::leaf_images != 0 ? 1 : 0);
}

LeafRange part_of(std::int64_t leaves, std::int64_t part, std::int64_t parts) {
  // In two steps: leaves * part may not fit.
  const auto bound = [&](std::int64_t k) {
    return leaves / parts * k + leaves % parts * k / parts;
  };
  return {bound(part - 1), bound(part) - bound(part - 1)};
}

bool is_node(LeafRange range, std::int64_t leaves) {
  if (range.first < 0 || range.count <= 0 || range.first >= leaves ||
      range.count > leaves - range.first)
    return false;
  const std::int64_t width = width_of(range);
  return begins_node(range.first, width) && (range.count == width || range.end() == leaves);
}

std::vector<LeafRange> nodes_of(LeafRange range, std::int64_t leaves) {
  std::vector<LeafRange> nodes;
  for (std::int64_t first = range.first; first < range.end(); first = nodes.back().end())
    nodes.push_back(widest_node(first, range.end(), leaves));
  return nodes;
}

void join(const Planes& later, Planes& to) {
  for (std::size_t i = 0; i < to.size(); ++i)
    if (later[i].images != 0) kernels::merge(later[i], to[i]);
}

/// A node that waits for the other half of its parent.
struct MomentTree::Sibling {
  MomentNode node;
  bool later = false;  ///< it is the later half
};

void MomentTree::insert(MomentNode node) {
  std::unique_lock lock(mutex_);
  for (std::int64_t width = width_of(node.leaves);; width *= 2) {
    if (node.leaves.count >= leaves_) break;
    const bool is_later = !begins_node(node.leaves.first, 2 * width);
    const std::int64_t parent = node.leaves.first - (is_later ? width : 0);
    const LeafRange whole{parent, std::min(2 * width, leaves_ - parent)};
    if (whole == node.leaves) continue;  // the other half lies beyond the end
    const LeafRange other =
        is_later ? LeafRange{parent, width} : LeafRange{parent + width, whole.count - width};
    const auto found = nodes_.find(other.first);
    if (found == nodes_.end() || found->second.leaves != other) break;
    MomentNode earlier = std::move(found->second), later = std::move(node);
    nodes_.erase(found);
    if (!is_later) std::swap(earlier, later);
    lock.unlock();
    join(later.planes, earlier.planes);
    lock.lock();
    spare_.push_back(std::move(later.planes));
    node = {whole, std::move(earlier.planes)};
  }
  nodes_.emplace(node.leaves.first, std::move(node));
}

Planes MomentTree::spare() {
  const std::lock_guard lock(mutex_);
  if (spare_.empty()) return {};
  Planes planes = std::move(spare_.back());
  spare_.pop_back();
  return planes;
}

std::vector<MomentNode> MomentTree::take() {
  const std::lock_guard lock(mutex_);
  std::vector<MomentNode> nodes;
  for (auto& [first, node] : nodes_) nodes.push_back(std::move(node));
  nodes_.clear();
  return nodes;
}

Planes fold(std::vector<MomentNode> nodes, std::int64_t leaves) {
  const auto width = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(leaves)));
  return fold(std::span(nodes), LeafRange{0, width});
}

}  // namespace quickbeam
