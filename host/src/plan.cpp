// SPDX-License-Identifier: BSD-3-Clause
// A recipe made ready for frames of one kind.
#include <quickbeam/plan.hpp>

#include <algorithm>
#include <limits>

#include <quickbeam/core/error.hpp>

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
           const Image* user_mask)
    : recipe_(recipe), layout_(layout) {
  check_mask(user_mask, layout.extent);
  const ReducePlan plan{.type = layout.type,
                        .extent = layout.extent,
                        .group = static_cast<std::size_t>(recipe.sum_frames),
                        .spec = resolved_spec(recipe, layout.extent),
                        .mask_rule = layout.mask,
                        .saturation = saturation_of(recipe, layout),
                        .device = device.device,
                        .user_mask = user_mask};
  if (kernels::reduced_extent(plan.extent, plan.spec).empty())
    fail({.code = ErrorCode::limit,
          .field = "--factor",
          .expected = "a block no larger than the frame (or --edge partial)",
          .found = std::to_string(plan.spec.factor)});
  backend_name_ = device.backend->name();
  factor_ = plan.spec.factor;
  reducer_ = device.backend->make_reducer(plan);
  if (wants_counts()) counts_.resize(kernels::raw_histogram_bins);
  if (recipe.blur_sigma > 0) blur_ = std::make_unique<Blur>();
  pictures_.resize(recipe.pictures.size());
}

Plan::~Plan() = default;

bool Plan::wants_counts() const {
  return needs_raw_histogram(recipe_.levels) || recipe_.clip.has_value();
}

double Plan::clip_level(std::span<const Payload> group) {
  std::fill(counts_.begin(), counts_.end(), 0);
  reducer_->count(group, counts_);
  return levels_from_histogram(counts_, 0, *recipe_.clip, 0).high;
}

ReduceReport Plan::reduce(std::span<const Payload> group) {
  ReduceExtras extras;
  if (recipe_.clip) extras.clip = clip_level(group);
  std::fill(counts_.begin(), counts_.end(), 0);
  if (needs_raw_histogram(recipe_.levels)) extras.counts = counts_;
  const ReduceReport report = reducer_->run(group, extras, reduced_);
  if (blur_) blur();
  return report;
}

void Plan::blur() {
  const Extent extent = reduced_.values.extent();
  float_image_.reshape(PixelType::f32, extent);
  blur_->blurred.reshape(PixelType::f32, extent);
  kernels::to_float(reduced_, float_image_.as<float>());
  kernels::gaussian_blur(float_image_.as<float>(), blur_->blurred.as<float>(), recipe_.blur_sigma);
  reduced_.values.reshape(PixelType::f32, extent);
  const ValidRange<float> finite{std::numeric_limits<float>::lowest(),
                                 std::numeric_limits<float>::max()};
  const auto values = reduced_.values.as<float>();
  kernels::dilate<float>(blur_->blurred.as<float>(), values, recipe_.blur_window, finite,
                         blur_->scratch);
  kernels::restore_mask<float>(float_image_.as<float>(), values, finite);
}

LevelRange Plan::levels() {
  if (needs_raw_histogram(recipe_.levels))
    return levels_from_histogram(counts_, 0, recipe_.levels, recipe_.floor);
  // The noise of a mean is smaller by the number of pixels in it, and so is the floor.
  const double pixels = static_cast<double>(factor_) * factor_;
  const double floor = recipe_.reduce.op == ReduceOp::mean ? recipe_.floor / pixels : recipe_.floor;
  return compute_levels(reduced_, recipe_.levels, recipe_.tone, floor);
}

void Plan::render(LevelRange levels) {
  const kernels::ToneTable table = recipe_.tone.curve == ToneCurve::equalize
                                       ? make_equalize_table(reduced_, levels.low, levels.high)
                                       : make_tone_table(recipe_.tone, levels.low, levels.high);
  const Extent extent = reduced_.values.extent();
  bool float_ready = false;
  for (std::size_t i = 0; i < pictures_.size(); ++i) {
    const Extent size = fitted(extent, recipe_.pictures[i].size);
    pictures_[i].reshape(PixelType::u8, size);
    if (size == extent) {
      kernels::apply_tone(reduced_, table, pictures_[i].as<std::uint8_t>());
      continue;
    }
    if (!float_ready) {
      float_image_.reshape(PixelType::f32, extent);
      kernels::to_float(reduced_, float_image_.as<float>());
      // One hot pixel would ring through the lobes of the filter.
      kernels::clamp(float_image_.as<float>(), levels.low, levels.high);
      float_ready = true;
    }
    resized_.values.reshape(PixelType::f32, size);
    resized_.saturated.reshape(PixelType::u8, size);
    kernels::resize(float_image_.as<float>(), resized_.values.as<float>(),
                    kernels::ResampleFilter::lanczos);
    kernels::resize_flags(flags(reduced_), flags(resized_));
    kernels::apply_tone(resized_, table, pictures_[i].as<std::uint8_t>());
  }
}

ReducedNumbers Plan::numbers() const { return kernels::numbers_of(reduced_); }

}  // namespace quickbeam
