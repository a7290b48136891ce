// SPDX-License-Identifier: BSD-3-Clause
// Resizing, box reduction and thumbnails with Pillow's arithmetic.
#include "kernels/resample.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/error.hpp>

#include "kernels/cpu/box_row.hpp"
#include "kernels/cpu/separable.hpp"

namespace quickbeam::kernels {
namespace {

std::string text_of(Extent extent) {
  return std::to_string(extent.width) + " x " + std::to_string(extent.height) + " pixels";
}

void check_sides(Extent in, Extent out) {
  if (in.empty())
    fail({.code = ErrorCode::usage,
          .field = "resize",
          .expected = "an input image with pixels",
          .found = text_of(in)});
  constexpr std::int64_t limit = std::numeric_limits<std::int32_t>::max();
  for (const Extent extent : {in, out})
    if (extent.width > limit || extent.height > limit)
      fail({.code = ErrorCode::limit,
            .field = "resize",
            .expected = "sides up to 2147483647",
            .found = text_of(extent)});
}

}  // namespace

void resize(ImageView<const float> in, ImageView<float> out, ResampleFilter filter) {
  if (out.extent.empty()) return;
  check_sides(in.extent, out.extent);
  const auto weights = [&](std::int64_t from, std::int64_t to) {
    return resample_weights(static_cast<std::int32_t>(from), static_cast<double>(from),
                            static_cast<std::int32_t>(to), filter);
  };
  const AxisWeights x = weights(in.extent.width, out.extent.width);
  const AxisWeights y = weights(in.extent.height, out.extent.height);
  SeparableFilter(in.extent.width, x, y, least_coverage(filter)).run(in, out);
}

void box_reduce(ImageView<const float> in, ImageView<float> out, std::int32_t factor_x,
                std::int32_t factor_y) {
  const auto reduced = [](std::int64_t n, std::int32_t factor) {
    return n / factor + (n % factor != 0);
  };
  if (factor_x < 1 || factor_y < 1 ||
      out.extent != Extent{reduced(in.extent.width, factor_x), reduced(in.extent.height, factor_y)})
    fail({.code = ErrorCode::usage,
          .field = "box reduction",
          .expected = "factors of 1 or more and an output of ceil(input / factor)",
          .found = "factors " + std::to_string(factor_x) + ", " + std::to_string(factor_y) +
                   " from " + text_of(in.extent) + " to " + text_of(out.extent)});
  if (out.extent.empty()) return;
  BoxSums sums;
  reduce_boxes(in, factor_x, factor_y, sums, out);
}

Extent thumbnail_extent(Extent in, Extent box) {
  if (box.width >= in.width && box.height >= in.height) return in;
  const double aspect = static_cast<double>(in.width) / static_cast<double>(in.height);
  // Of the two neighbours the one whose aspect is closer, the smaller when both are.
  const auto rounded = [](double number, auto&& aspect_error) {
    const double below = std::floor(number), above = std::ceil(number);
    const double best = aspect_error(above) < aspect_error(below) ? above : below;
    return std::max(static_cast<std::int64_t>(best), std::int64_t{1});
  };
  const auto width = static_cast<double>(box.width), height = static_cast<double>(box.height);
  if (width / height >= aspect)
    return {rounded(height * aspect, [&](double n) { return std::abs(aspect - n / height); }),
            box.height};
  return {box.width, rounded(width / aspect,
                             [&](double n) { return n == 0 ? 0 : std::abs(aspect - width / n); })};
}

struct Thumbnailer::State {
  ThumbnailSteps steps;
  SeparableFilter filter;
  BoxSums sums;
  Buffer<float> reduced;

  explicit State(ThumbnailSteps made)
      : steps(std::move(made)),
        filter(steps.reduced.width, steps.x, steps.y, least_coverage(ResampleFilter::bicubic)) {
    if (steps.reduces()) reduced.resize(static_cast<std::size_t>(steps.reduced.pixels()));
  }
  // The filter points to the steps.
  State(const State&) = delete;
};

Thumbnailer::Thumbnailer(Extent in, Extent out, ThumbnailFilter filter) {
  if (!out.empty()) check_sides(in, out);
  state_ =
      std::make_unique<State>(out.empty() ? ThumbnailSteps{} : thumbnail_steps(in, out, filter));
}

Thumbnailer::Thumbnailer(Thumbnailer&&) noexcept = default;
Thumbnailer& Thumbnailer::operator=(Thumbnailer&&) noexcept = default;
Thumbnailer::~Thumbnailer() = default;

bool Thumbnailer::run(ImageView<const float> in, ImageView<float> out) {
  const ThumbnailSteps& steps = state_->steps;
  if (in.extent != steps.in || out.extent != steps.out)
    fail({.code = ErrorCode::usage,
          .field = "thumbnail",
          .expected = "images of " + text_of(steps.in) + " and " + text_of(steps.out),
          .found = text_of(in.extent) + " and " + text_of(out.extent)});
  if (out.extent.empty()) return false;
  if (!steps.reduces()) return state_->filter.run(in, out);
  const ImageView<float> reduced(state_->reduced.data(), steps.reduced);
  const bool had_nan = reduce_boxes(in, steps.factor_x, steps.factor_y, state_->sums, reduced);
  return state_->filter.run(reduced, out) || had_nan;
}

void pil_thumbnail(ImageView<const float> in, ImageView<float> out) {
  if (out.extent.empty()) return;
  Thumbnailer(in.extent, out.extent, ThumbnailFilter::pil).run(in, out);
}

}  // namespace quickbeam::kernels
