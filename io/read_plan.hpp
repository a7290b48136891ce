// SPDX-License-Identifier: BSD-3-Clause
// In which order the images of a set are read: file by file, front to back, in long runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/particle_set.hpp"

namespace quickbeam::io {

/// Consecutive images of one file, to be read with one request.
struct ImageRun {
  std::uint32_t file = 0;   ///< in ParticleSet::files
  std::uint32_t first = 0;  ///< image in the file, from 1; 0 = the file's only image
  std::uint32_t count = 0;  ///< images first, first + 1, ...
  /// Where these images stand in the set, by ascending image number: at least `count`, more where
  /// the set names an image twice. `set.images[p].number - first` is the image of position p in
  /// this run.
  std::span<const std::uint32_t> positions;
};

/// The whole order, 4 bytes an image. Runs are found on the way, not stored.
class ReadPlan {
 public:
  /// Keeps a reference to `set`, which must outlive the plan and not change. Runs are at most
  /// `max_images` long (at least 1).
  ReadPlan(const ParticleSet& set, std::uint32_t max_images);

  /// The next run, or none. Not thread-safe: readers share one plan under their own lock.
  std::optional<ImageRun> next();
  void rewind() { at_ = 0; }
  std::size_t images() const { return order_.size(); }

 private:
  const ParticleSet& set_;
  std::uint32_t max_images_;
  std::vector<std::uint32_t> order_;
  std::size_t at_ = 0;
};

}  // namespace quickbeam::io
