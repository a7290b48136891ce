// SPDX-License-Identifier: BSD-3-Clause
// What one thread of a thumbnail job owns: its files, its plan, its buffers.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <quickbeam/output_name.hpp>
#include <quickbeam/thumbnails.hpp>

#include "host/src/frame_file.hpp"
#include "host/src/output_check.hpp"
#include "io/picture.hpp"

namespace quickbeam {

/// How far a frame is taken.
enum class Stage : std::uint8_t { levels, pictures };

/// Reads a mask image (any readable file; the first frame; non-zero = masked) as u8.
Image read_mask(const std::string& path, const ReadPolicy& policy);

/// Not thread-safe; one per thread.
class ThumbnailSlot {
 public:
  /// What all slots of a job look at; outlives them and does not change while they run.
  struct Shared {
    const ThumbnailJob& job;
    const PlannedNames& names;
    const std::optional<Image>& mask;
    const std::optional<LevelRange>& levels;  ///< of the collection, when it has one scale
  };
  explicit ThumbnailSlot(const Shared& shared);

  /// Every frame of the files (groups of recipe.sum_frames); never throws for a fault of a file.
  std::vector<ThumbnailResult> run(std::span<const std::string> files, Stage stage);

 private:
  /// A frame of one of the open files.
  struct FrameRef {
    std::size_t file;
    std::int64_t index;
  };

  void run_group(std::span<const FrameRef> group, Stage stage, ThumbnailResult& result);
  Plan& plan_for(const FrameLayout& layout);
  ReduceReport reduce(Plan& plan, std::span<const FrameRef> group);
  void write_outputs(const Plan& plan, const FrameRef& first, ThumbnailResult& result);
  void write_numeric(const Plan& plan, const FrameRef& first, ThumbnailResult& result);
  std::string name_of(const FrameRef& frame, const std::string& target, std::string_view suffix);

  Shared shared_;
  const ThumbnailJob& job_;
  std::vector<FrameFile> files_;
  std::unique_ptr<Plan> plan_;
  io::Palette palette_;
  Buffer<std::byte> encoded_, pixels_;
};

}  // namespace quickbeam
