// SPDX-License-Identifier: BSD-3-Clause
// A recipe made ready for frames of one kind: buffers sized, tables built, run allocates nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

#include <quickbeam/backend.hpp>
#include <quickbeam/core/frame_info.hpp>
#include <quickbeam/core/image.hpp>
#include <quickbeam/core/payload.hpp>
#include <quickbeam/levels.hpp>
#include <quickbeam/recipe.hpp>

namespace quickbeam {

/// What must be equal for two frames to share a plan.
struct FrameLayout {
  PixelType type = PixelType::i32;
  Extent extent{};
  MaskRule mask{};
  std::optional<double> count_cutoff{};

  static FrameLayout of(const Payload& payload, const FrameInfo& info) {
    return {payload.type, payload.extent, info.mask, info.count_cutoff};
  }
  friend bool operator==(const FrameLayout& a, const FrameLayout& b) {
    return a.type == b.type && a.extent == b.extent && a.mask.negatives == b.mask.negatives &&
           a.mask.top_values == b.mask.top_values && a.count_cutoff == b.count_cutoff;
  }
};

/// Frames to be added before the reduction; one frame alone is a group of one.
using FrameGroup = std::span<const Payload>;

/// What a plan may leave out, and what it shares.
struct PlanOptions {
  /// False: reduced() may be empty, because the reduced frames stayed on the device.
  bool keep_reduced = true;
  unsigned sharers = 1;  ///< plans that run at once on the same device
  /// For images that the device copies to, see Backend::make_host_memory; outlives the plan.
  std::pmr::memory_resource* host_memory = nullptr;
};

/// Recipe x layout x backend. Order of calls for each frame, or for each batch of frames: reduce,
/// then levels (or levels of the caller's choice), then render. Not thread-safe: one a thread. All
/// calls are synchronous. Frames of a batch are numbered from 0; the number of a single frame is 0.
class Plan {
 public:
  /// Runs on device.device(). `user_mask`: u8, extent of the frames, non-zero = masked, or null; it
  /// outlives the plan. Throws Error USAGE when the recipe does not fit the frames.
  Plan(const Recipe& recipe, const FrameLayout& layout, const DeviceChoice& device,
       const Image* user_mask, const PlanOptions& options = {});
  ~Plan();

  /// Decodes and reduces one frame, or a group to be added (at most recipe.sum_frames). Throws
  /// Error.
  const ReduceOutcome& reduce(FrameGroup group);
  /// Decodes and reduces a batch: any number of groups, Backend::frames_at_once is best. The bytes
  /// of the payloads stay as they are until render has returned. A fault of a frame is the error in
  /// its outcome; its other results are unspecified.
  void reduce_batch(std::span<const FrameGroup> groups);
  const ReduceOutcome& outcome(std::size_t frame = 0) const { return tasks_[frame].outcome; }

  /// The levels of a frame last reduced, as the recipe wants them.
  LevelRange levels(std::size_t frame = 0);
  /// Makes every picture of the recipe, as palette positions.
  void render(LevelRange levels) { render_batch({&levels, 1}); }
  /// The same for a batch: one range for each frame. Frames with an error are left out.
  void render_batch(std::span<const LevelRange> levels);

  const FrameLayout& layout() const { return layout_; }
  const ReducedImage& reduced(std::size_t frame = 0) const { return frames_[frame].reduced; }
  Extent reduced_extent() const { return reduced_extent_; }
  std::int32_t factor() const { return factor_; }  ///< frame pixels per reduced pixel, each axis
  ReducedNumbers numbers(std::size_t frame = 0) const;
  /// One image (u8 palette positions) for each of recipe.pictures, in order.
  const Image& picture(std::size_t i, std::size_t frame = 0) const {
    return frames_[frame].pictures[i];
  }

 private:
  struct Blur;
  /// Results of one frame of the batch.
  struct Frame {
    ReducedImage reduced;
    std::vector<std::uint64_t> counts;  ///< raw histogram, when levels need it
    std::vector<Image> pictures;
  };

  bool wants_counts() const;
  bool can_stay_on_device(const PlanOptions& options) const;
  void make_room(std::size_t frames);
  double floor() const;
  ToneTable table_for(std::size_t frame, LevelRange levels) const;
  void blur(ReducedImage& reduced);
  void render_on_host(Frame& frame, const ToneTable& table, LevelRange levels);
  void render_on_device(std::span<const std::size_t> frames, std::span<const ToneTable> tables);

  Recipe recipe_;
  FrameLayout layout_;
  std::pmr::memory_resource* host_memory_ = nullptr;
  std::int32_t factor_ = 1;
  Extent reduced_extent_{};
  bool fetch_ = true;  ///< reduced frames are wanted on the host
  std::unique_ptr<Reducer> reducer_;
  std::vector<Frame> frames_;      ///< as many as the largest batch so far
  std::vector<ReduceTask> tasks_;  ///< of the last batch
  std::unique_ptr<Blur> blur_;
  ReducedImage resized_;
  Image float_image_;
};

}  // namespace quickbeam
