// SPDX-License-Identifier: BSD-3-Clause
// What one thread of a thumbnail job owns: its files, its plan, its buffers.
#pragma once

#include <memory>
#include <memory_resource>
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
    unsigned slots;                           ///< that run at once
  };
  /// `number`: of this slot among them, from 0; the devices are dealt by it.
  ThumbnailSlot(const Shared& shared, std::size_t number);

  /// Every frame of the files, added in groups of recipe.sum_frames files each; never throws for a
  /// fault of a file.
  std::vector<ThumbnailResult> run(std::span<const std::string> files, Stage stage);

 private:
  /// A frame of one of the open files.
  struct FrameRef {
    std::size_t file;
    std::int64_t index;
  };
  /// Frames to be added, and what becomes of them.
  struct Work {
    std::vector<FrameRef> frames;
    std::vector<Payload> payloads;
    FrameLayout layout{};
    std::size_t result;  ///< its place among the results
  };

  std::vector<Work> open_group(std::span<const std::string> files, std::size_t first_file,
                               Stage stage, std::vector<ThumbnailResult>& results);
  std::vector<Work> works_of(std::span<const FrameRef> frames, std::size_t files,
                             std::vector<ThumbnailResult>& results);
  void find_payloads(Work& work, ThumbnailResult& result);
  std::span<Work> read_images(std::span<Work> batch, std::vector<ThumbnailResult>& results);
  void run_batch(std::span<Work> batch, Stage stage, std::vector<ThumbnailResult>& results);
  void finish_frame(const Plan& plan, std::size_t frame, const Work& work, Stage stage,
                    ThumbnailResult& result);
  void check_outcome(const ReduceOutcome& outcome, const Work& work, ThumbnailResult& result);
  Plan& plan_for(const FrameLayout& layout);
  void write_outputs(const Plan& plan, std::size_t frame, const FrameRef& first,
                     ThumbnailResult& result);
  void write_numeric(const Plan& plan, std::size_t frame, const FrameRef& first,
                     ThumbnailResult& result);
  std::string name_of(const FrameRef& frame, const std::string& target, std::string_view suffix);

  Shared shared_;
  const ThumbnailJob& job_;
  DeviceChoice device_;
  std::unique_ptr<std::pmr::memory_resource> host_memory_;  ///< before all that lives in it
  std::vector<FrameFile> files_;
  std::unique_ptr<Plan> plan_;
  io::Palette palette_;
  Buffer<std::byte> encoded_, pixels_;
};

}  // namespace quickbeam
