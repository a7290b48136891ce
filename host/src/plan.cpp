// SPDX-License-Identifier: BSD-3-Clause
// A recipe made ready for frames of one kind.
#include <quickbeam/plan.hpp>

#include <algorithm>
#include <limits>

#include <quickbeam/core/error.hpp>

#include "host/src/percentile_levels.hpp"
#include "kernels/dilate.hpp"
#include "kernels/planes.hpp"
#include "kernels/reduce.hpp"
#include "kernels/resample.hpp"
#include "kernels/row_ops.hpp"
#include "kernels/tone.hpp"

namespace quickbeam {
namespace {

std::optional<double> saturation_of(const Recipe& recipe, const FrameLayout& layout) {
  switch (recipe.saturation_from) {
    case SaturationFrom::header:
      return layout.count_cutoff;
    case SaturationFrom::value:
      return recipe.saturation;
    case SaturationFrom::nothing:
      break;
  }
  return std::nullopt;
}

void check_mask(const Image* mask, Extent frame) {
  if (!mask || mask->extent() == frame) return;
  const auto text = [](Extent e) {
    return std::to_string(e.width) + " x " + std::to_string(e.height);
  };
  fail({.code = ErrorCode::inconsistent,
        .field = "--mask",
        .expected = "the size of the frame, " + text(frame),
        .found = text(mask->extent())});
}

/// The longest side becomes `size`, the aspect is kept, nothing is enlarged.
Extent fitted(Extent in, std::int64_t size) {
  const std::int64_t longest = std::max(in.width, in.height);
  if (size <= 0 || longest <= size) return in;
  const auto side = [&](std::int64_t n) {
    return std::max<std::int64_t>(1, (2 * n * size + longest) / (2 * longest));
  };
  return {side(in.width), side(in.height)};
}

ImageView<std::uint8_t> flags(const ReducedImage& image) {
  return image.saturated.as<std::uint8_t>();
}

}  // namespace

/// Memory of the blur, which few recipes use.
struct Plan::Blur {
  Image blurred;
  kernels::DilateScratch<float> scratch;
};

Plan::Plan(const Recipe& recipe, const FrameLayout& layout, const DeviceChoice& device,
           const Image* user_mask, const PlanOptions& options)
    : recipe_(recipe), layout_(layout), host_memory_(options.host_memory) {
  check_mask(user_mask, layout.extent);
  ReducePlan plan{.type = layout.type,
                  .extent = layout.extent,
                  .group = static_cast<std::size_t>(recipe.sum_frames),
                  .spec = resolved_spec(recipe, layout.extent),
                  .mask_rule = layout.mask,
                  .saturation = saturation_of(recipe, layout),
                  .user_mask = user_mask,
                  .counts = wants_counts(),
                  .device = device.device(),
                  .sharers = options.sharers};
  reduced_extent_ = kernels::reduced_extent(plan.extent, plan.spec);
  if (reduced_extent_.empty())
    fail({.code = ErrorCode::limit,
          .field = "--factor",
          .expected = "a block no larger than the frame (or --edge partial)",
          .found = std::to_string(plan.spec.factor)});
  factor_ = plan.spec.factor;
  if (recipe.clip)
    plan.clip = [clip = *recipe.clip](std::span<const std::uint64_t> counts) {
      return levels_from_histogram(counts, 0, clip, 0).high;
    };
  fetch_ = !can_stay_on_device(options);
  if (!fetch_) plan.percents = percents_needed(recipe.levels, recipe.tone);
  reducer_ = device.backend->make_reducer(plan);
  if (recipe.blur_sigma > 0) blur_ = std::make_unique<Blur>();
}

Plan::~Plan() = default;

bool Plan::wants_counts() const {
  return needs_raw_histogram(recipe_.levels) || recipe_.clip.has_value();
}

/// Whether nothing but the pictures is needed on the host: the rest runs there.
bool Plan::can_stay_on_device(const PlanOptions& options) const {
  return !options.keep_reduced && !recipe_.pictures.empty() && recipe_.blur_sigma <= 0 &&
         recipe_.tone.curve != ToneCurve::equalize && recipe_.levels.mode != LevelsMode::sigma &&
         std::all_of(recipe_.pictures.begin(), recipe_.pictures.end(), [&](const Picture& picture) {
           return fitted(reduced_extent_, picture.size) == reduced_extent_;
         });
}

void Plan::make_room(std::size_t frames) {
  while (frames_.size() < frames) {
    Frame& frame = frames_.emplace_back();
    frame.reduced = {Image(host_memory_), Image(host_memory_)};
    if (wants_counts()) frame.counts.resize(kernels::raw_histogram_bins);
    for (std::size_t i = 0; i < recipe_.pictures.size(); ++i)
      frame.pictures.emplace_back(host_memory_);
  }
}

const ReduceOutcome& Plan::reduce(FrameGroup group) {
  reduce_batch({&group, 1});
  if (outcome().error) throw Error(*outcome().error);
  return outcome();
}

void Plan::reduce_batch(std::span<const FrameGroup> groups) {
  make_room(groups.size());
  tasks_.assign(groups.size(), {});
  for (std::size_t i = 0; i < groups.size(); ++i) {
    tasks_[i].group = groups[i];
    tasks_[i].counts = frames_[i].counts;
    tasks_[i].image = &frames_[i].reduced;
    tasks_[i].fetch = fetch_;
  }
  reducer_->run(tasks_);
  if (!blur_) return;
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (!outcome(i).error) blur(frames_[i].reduced);
}

void Plan::blur(ReducedImage& reduced) {
  const Extent extent = reduced.values.extent();
  float_image_.reshape(PixelType::f32, extent);
  blur_->blurred.reshape(PixelType::f32, extent);
  kernels::to_float(reduced, float_image_.as<float>());
  kernels::gaussian_blur(float_image_.as<float>(), blur_->blurred.as<float>(), recipe_.blur_sigma);
  reduced.values.reshape(PixelType::f32, extent);
  const ValidRange<float> finite{std::numeric_limits<float>::lowest(),
                                 std::numeric_limits<float>::max()};
  const auto values = reduced.values.as<float>();
  kernels::dilate<float>(blur_->blurred.as<float>(), values, recipe_.blur_window, finite,
                         blur_->scratch);
  kernels::restore_mask<float>(float_image_.as<float>(), values, finite);
}

/// The noise of a mean is smaller by the number of pixels in it, and so is the floor.
double Plan::floor() const {
  const double pixels = static_cast<double>(factor_) * factor_;
  return recipe_.reduce.op == ReduceOp::mean ? recipe_.floor / pixels : recipe_.floor;
}

LevelRange Plan::levels(std::size_t frame) {
  if (needs_raw_histogram(recipe_.levels))
    return levels_from_histogram(frames_[frame].counts, 0, recipe_.levels, recipe_.floor);
  const ReduceTask& task = tasks_[frame];
  if (task.fetched)
    return compute_levels(frames_[frame].reduced, recipe_.levels, recipe_.tone, floor());
  const std::span<const double> all(task.facts->percentiles);
  return levels_from_percentiles(recipe_.levels, recipe_.tone, all.first(task.facts->known),
                                 floor());
}

ToneTable Plan::table_for(std::size_t frame, LevelRange levels) const {
  return recipe_.tone.curve == ToneCurve::equalize
             ? make_equalize_table(frames_[frame].reduced, levels.low, levels.high)
             : make_tone_table(recipe_.tone, levels.low, levels.high);
}

void Plan::render_batch(std::span<const LevelRange> levels) {
  std::vector<std::size_t> on_device;
  std::vector<ToneTable> tables;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (outcome(i).error) continue;
    const ToneTable table = table_for(i, levels[i]);
    if (tasks_[i].fetched) {
      render_on_host(frames_[i], table, levels[i]);
    } else {
      on_device.push_back(i);
      tables.push_back(table);
    }
  }
  if (!on_device.empty()) render_on_device(on_device, tables);
}

/// All pictures are of the reduced size there: made once.
void Plan::render_on_device(std::span<const std::size_t> frames,
                            std::span<const ToneTable> tables) {
  std::vector<ToneTask> tasks;
  for (std::size_t k = 0; k < frames.size(); ++k) {
    Image& picture = frames_[frames[k]].pictures.front();
    picture.reshape(PixelType::u8, reduced_extent_);
    tasks.push_back(
        {.task = frames[k], .table = &tables[k], .picture = picture.as<std::uint8_t>()});
  }
  reducer_->tone(tasks);
  for (const std::size_t frame : frames) {
    auto& pictures = frames_[frame].pictures;
    for (std::size_t i = 1; i < pictures.size(); ++i) {
      pictures[i].reshape(PixelType::u8, reduced_extent_);
      std::copy_n(pictures[0].as<std::uint8_t>().data, reduced_extent_.pixels(),
                  pictures[i].as<std::uint8_t>().data);
    }
  }
}

void Plan::render_on_host(Frame& frame, const ToneTable& table, LevelRange levels) {
  const Extent extent = frame.reduced.values.extent();
  bool float_ready = false;
  for (std::size_t i = 0; i < frame.pictures.size(); ++i) {
    Image& picture = frame.pictures[i];
    const Extent size = fitted(extent, recipe_.pictures[i].size);
    picture.reshape(PixelType::u8, size);
    if (size == extent) {
      kernels::apply_tone(frame.reduced, table, picture.as<std::uint8_t>());
      continue;
    }
    if (!float_ready) {
      float_image_.reshape(PixelType::f32, extent);
      kernels::to_float(frame.reduced, float_image_.as<float>());
      // One hot pixel would ring through the lobes of the filter.
      kernels::clamp(float_image_.as<float>(), levels.low, levels.high);
      float_ready = true;
    }
    resized_.values.reshape(PixelType::f32, size);
    resized_.saturated.reshape(PixelType::u8, size);
    kernels::resize(float_image_.as<float>(), resized_.values.as<float>(),
                    kernels::ResampleFilter::lanczos);
    kernels::resize_flags(flags(frame.reduced), flags(resized_));
    kernels::apply_tone(resized_, table, picture.as<std::uint8_t>());
  }
}

ReducedNumbers Plan::numbers(std::size_t frame) const {
  const ReduceTask& task = tasks_[frame];
  return task.fetched ? kernels::numbers_of(frames_[frame].reduced) : task.facts->numbers;
}

}  // namespace quickbeam
