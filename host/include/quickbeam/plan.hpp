// SPDX-License-Identifier: BSD-3-Clause
// A recipe made ready for frames of one kind: buffers sized, tables built, run allocates nothing.
#pragma once

#include <cstdint>
#include <memory>
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

/// Recipe x layout x backend. Order of calls for each frame: reduce, then levels (or levels of the
/// caller's choice), then render. Not thread-safe: one a thread. All calls are synchronous.
class Plan {
 public:
  /// `user_mask`: u8, extent of the frames, non-zero = masked, or null; it outlives the plan.
  /// Throws Error USAGE when the recipe does not fit the frames.
  Plan(const Recipe& recipe, const FrameLayout& layout, const DeviceChoice& device,
       const Image* user_mask);
  ~Plan();

  /// Decodes and reduces one frame, or a group to be added (at most recipe.sum_frames). Throws
  /// Error.
  ReduceReport reduce(std::span<const Payload> group);
  /// The levels of the frame last reduced, as the recipe wants them.
  LevelRange levels();
  /// Makes every picture of the recipe, as palette positions.
  void render(LevelRange levels);

  const FrameLayout& layout() const { return layout_; }
  const ReducedImage& reduced() const { return reduced_; }
  std::string_view backend() const { return backend_name_; }  ///< where reduce runs
  std::int32_t factor() const { return factor_; }  ///< frame pixels per reduced pixel, each axis
  ReducedNumbers numbers() const;
  /// One image (u8 palette positions) for each of recipe.pictures, in order.
  const Image& picture(std::size_t i) const { return pictures_[i]; }

 private:
  struct Blur;

  bool wants_counts() const;
  double clip_level(std::span<const Payload> group);
  void blur();

  Recipe recipe_;
  FrameLayout layout_;
  std::string_view backend_name_;
  std::int32_t factor_ = 1;
  std::unique_ptr<Reducer> reducer_;
  std::vector<std::uint64_t> counts_;  ///< raw histogram, when levels need it
  ReducedImage reduced_;
  std::unique_ptr<Blur> blur_;
  ReducedImage resized_;
  Image float_image_;
  std::vector<Image> pictures_;
};

}  // namespace quickbeam
