// SPDX-License-Identifier: BSD-3-Clause
// Reads the images of a leaf and adds them up: the work of one thread, on one device.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <quickbeam/image_set.hpp>
#include <quickbeam/thumbnails.hpp>

#include "host/src/image_blocks.hpp"
#include "host/src/image_region.hpp"
#include "host/src/moment_tree.hpp"
#include "kernels/moments.hpp"

namespace quickbeam {

/// Images that could not be read. Thread-safe.
class FailedImages {
 public:
  FailedImages(const ImageSet& set, OnFailure on_failure) : set_(set), on_failure_(on_failure) {}

  /// Throws `error` again when failures end the run.
  void add(std::size_t group, std::int64_t place, const Error& error);
  std::vector<std::int64_t> within(std::size_t group, std::int64_t first, std::int64_t end) const;
  std::size_t count() const;
  /// By file, in the order of the groups and places.
  std::vector<ImageSetFailure> by_file() const;

 private:
  struct Failure {
    std::string path;
    Error error;
  };
  const ImageSet& set_;
  OnFailure on_failure_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::size_t, std::int64_t>, Failure> failures_;
};

/// Whether blocks can be read by themselves: all images lie open as they are. Frames are decoded
/// whole, and files that are not kept open are opened again, for each read.
bool reads_by_blocks(const ImageSet& set);

/// Some blocks of the images of one leaf.
struct LeafTask {
  std::size_t group = 0;
  std::int64_t leaf = 0;
  std::int64_t first_block = 0, blocks = 1;
};

enum class LeafOutcome : std::uint8_t {
  added,
  /// An image failed of which earlier blocks have been added: the group begins again without it.
  begin_again
};

/// One a thread. A device other than the CPU is another class of this kind.
class LeafAdder {
 public:
  virtual ~LeafAdder() = default;
  /// Fills `planes` (one a block) and, with block 0, begins, then goes on with the statistics of
  /// the images: rows[i] is of the i-th image of the leaf, and stays as it is without
  /// LeafSource::of_images.
  virtual LeafOutcome add(const LeafTask& task, Planes& planes,
                          std::span<kernels::ImageMoments> rows) = 0;
  /// What to tell the user: something once, mostly nothing.
  virtual std::string take_notice() { return {}; }
};

/// What is added, and where. All of it outlives the adder.
struct LeafSource {
  const ImageSet& set;
  std::span<const ImageRegion> regions;  ///< one a group
  FailedImages& failed;
  int device = 0;         ///< which of the backend's devices
  bool of_images = true;  ///< whether statistics of the images are wanted too
};

/// On the CPU.
std::unique_ptr<LeafAdder> make_cpu_leaf_adder(const LeafSource& source);

}  // namespace quickbeam
