// SPDX-License-Identifier: BSD-3-Clause
// The merge tree of the statistics: which leaves are joined to which, whoever brings them and when.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "kernels/moments.hpp"

namespace quickbeam {

/// Consecutive leaves of a group, of leaf_images consecutive images each.
struct LeafRange {
  std::int64_t first = 0, count = 0;

  std::int64_t end() const { return first + count; }
  friend bool operator==(const LeafRange&, const LeafRange&) = default;
};

/// Leaves of a group of `images` images; the last one may be short.
std::int64_t leaves_of(std::int64_t images);

/// Part `part` (from 1) of `parts` of the leaves.
LeafRange part_of(std::int64_t leaves, std::int64_t part, std::int64_t parts);

/// A node of level L stands for leaves [k 2^L, (k + 1) 2^L) of a group, those beyond the group's
/// end left out. Whether `range` is a node of the tree over `leaves` leaves.
bool is_node(LeafRange range, std::int64_t leaves);

/// The fewest nodes that stand for exactly the leaves of `range`, front to back.
std::vector<LeafRange> nodes_of(LeafRange range, std::int64_t leaves);

/// What is known of the same leaves: one PixelMoments a block of pixels.
using Planes = std::vector<kernels::PixelMoments>;

struct MomentNode {
  LeafRange leaves{};
  Planes planes{};
};

/// Joins `later` behind `to`, block by block. Images of neither kind change nothing, not one bit.
void join(const Planes& later, Planes& to);

/// Takes nodes in any order, from any number of threads, and joins a node to its sibling when both
/// are there: always the same pairs, so always the same bits. At most two nodes a level and one a
/// thread are held when leaves come roughly in order.
class MomentTree {
 public:
  explicit MomentTree(std::int64_t leaves) : leaves_(leaves) {}

  /// Thread-safe; joins outside the lock. Precondition: is_node, and no leaf of it is there.
  void insert(MomentNode node);

  /// Planes that a join has used up, to be filled again; empty when there are none. Thread-safe.
  Planes spare();

  /// The nodes that are there, front to back: the fewest for their leaves. The tree is then empty.
  std::vector<MomentNode> take();

 private:
  struct Sibling;

  std::int64_t leaves_;
  std::mutex mutex_;
  std::map<std::int64_t, MomentNode> nodes_;  ///< by first leaf
  std::vector<Planes> spare_;
};

/// Joins nodes of one tree to one, where leaves are missing too: halves without leaves are left
/// out. `nodes`: by ascending leaf, at least one, none overlapping.
Planes fold(std::vector<MomentNode> nodes, std::int64_t leaves);

}  // namespace quickbeam
