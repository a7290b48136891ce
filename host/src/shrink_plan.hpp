// SPDX-License-Identifier: BSD-3-Clause
// What a shrink will write, and which image of which stack every image of the set becomes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <quickbeam/shrink.hpp>

namespace quickbeam {

struct ShrinkPlan {
  std::vector<ShrunkStack> stacks;  ///< one a group, in their order
  std::string set;
  std::vector<std::string> notices;

  /// Checks the options and every output name. Throws Error USAGE, INCONSISTENT.
  ShrinkPlan(const ShrinkJob& job, const ImageSet& images);

  /// Of the outputs. Throws Error IO.
  void make_folders() const;
};

/// New image numbers by position in the set: in its order, from 1 in each stack.
class ShrinkNumbers {
 public:
  explicit ShrinkNumbers(const ImageSet& images);

  /// 0: left out.
  std::uint32_t operator[](std::uint32_t position) const { return numbers_[position]; }
  std::span<const std::uint32_t> all() const { return numbers_; }
  std::int64_t count(std::size_t group) const { return counts_[group]; }

  /// Leaves images of a group out and numbers the others anew.
  void leave_out(std::size_t group, std::span<const std::uint32_t> positions);

 private:
  void number(std::size_t group);

  const ImageSet& images_;
  std::vector<std::uint32_t> numbers_;
  std::vector<std::int64_t> counts_;  ///< by group
};

/// Writes the set of the thumbnails; returns notices. Throws Error as io::write_particle_set.
std::vector<std::string> write_shrunk_set(const ShrinkJob& job, const ImageSet& images,
                                          const ShrinkPlan& plan, const ShrinkNumbers& numbers);

}  // namespace quickbeam
