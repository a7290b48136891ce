// SPDX-License-Identifier: BSD-3-Clause
// Reads images, widens them to float32, makes their thumbnails and scales those.
#include "host/src/image_shrinker.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace quickbeam {
namespace {

std::uint64_t count_non_finite(std::span<const float> values) {
  return static_cast<std::uint64_t>(
      std::count_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); }));
}

struct Ends {
  float low = std::numeric_limits<float>::infinity(), high = -low;
  void take(float v) {
    low = v < low ? v : low;
    high = v > high ? v : high;
  }
};

/// Of all values but NaN, which is neither below nor above anything. Side by side, for the compiler
/// to keep in vectors.
Ends ends_of(std::span<const float> values) {
  constexpr std::size_t lanes = 16;
  std::array<float, lanes> low, high;
  Ends ends;
  low.fill(ends.low);
  high.fill(ends.high);
  const std::size_t whole = values.size() / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes)
    for (std::size_t k = 0; k < lanes; ++k) {
      const float v = values[i + k];
      low[k] = v < low[k] ? v : low[k];
      high[k] = v > high[k] ? v : high[k];
    }
  for (const float v : values.subspan(whole)) ends.take(v);
  for (std::size_t k = 0; k < lanes; ++k) {
    ends.low = std::min(ends.low, low[k]);
    ends.high = std::max(ends.high, high[k]);
  }
  return ends;
}

Ends finite_ends(std::span<const float> values) {
  Ends ends = ends_of(values);
  if (std::isfinite(ends.low) && std::isfinite(ends.high)) return ends;
  ends = {};
  for (const float v : values)
    if (std::isfinite(v)) ends.take(v);
  return ends;
}

/// Whole numbers from 0 to 255: where a value lies between the lowest and the highest finite pixel
/// of its image. All 0 where there is no such range; NaN is 0.
void stretch(std::span<const float> image, std::span<float> thumbnail) {
  const Ends ends = finite_ends(image);
  const auto low = static_cast<double>(ends.low), high = static_cast<double>(ends.high);
  for (float& v : thumbnail) {
    const double grey = (static_cast<double>(v) - low) * 255 / (high - low);
    // A comparison with NaN is false.
    v = high > low && grey > 0 ? static_cast<float>(std::floor(std::min(grey, 255.0))) : 0.0F;
  }
}

}  // namespace

ImageShrinker::ImageShrinker(const ShrinkJob& job, const ImageSet& images, std::size_t group,
                             Extent to, std::size_t turn, unsigned sharers)
    : of_(images.groups()[group]),
      group_(group),
      scale_(job.scale),
      reader_(images),
      memory_(job.device.backend->make_host_memory()),
      maker_(job.device.backend->make_thumbnail_maker({.from = of_.extent,
                                                       .to = to,
                                                       .filter = job.filter,
                                                       .device = job.device.device(turn),
                                                       .sharers = sharers})),
      in_pixels_(static_cast<std::size_t>(of_.extent.pixels())),
      out_pixels_(static_cast<std::size_t>(to.pixels())),
      stored_(of_.type == PixelType::f32 ? memory_.get() : nullptr),
      floats_(of_.type == PixelType::f32 ? nullptr : memory_.get()) {}

/// All at once, or one by one when that fails.
void ImageShrinker::read(std::int64_t first, std::int64_t count, ShrunkBatch& batch) {
  const std::size_t bytes = in_pixels_ * size_of(of_.type);
  const auto out = stored_.resize(bytes * static_cast<std::size_t>(count));
  const Rows all{0, of_.extent.height};
  try {
    return reader_.read(group_, first, count, all, out);
  } catch (const Error&) {
    // Said below, of the image that it is about.
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    try {
      reader_.read(group_, first + static_cast<std::int64_t>(i), 1, all,
                   out.subspan(i * bytes, bytes));
    } catch (const Error& error) {
      batch.errors[i] = error;
      std::fill_n(out.data() + i * bytes, bytes, std::byte{0});
    }
  }
}

void ImageShrinker::widen(std::size_t image) {
  visit_type(of_.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = reinterpret_cast<const T*>(stored_.data()) + image * in_pixels_;
    std::transform(from, from + in_pixels_, floats_.data() + image * in_pixels_,
                   [](T v) { return static_cast<float>(v); });
  });
}

/// Infinities show in the thumbnail; NaN are known to the maker. A NaN is the same NaN wherever it
/// was made, but for one that was copied.
void ImageShrinker::finish(const float* in, float* out, bool had_nan,
                           std::uint64_t& non_finite) const {
  const std::span<const float> image(in, in_pixels_);
  const std::span<float> thumbnail(out, out_pixels_);
  if (had_nan || count_non_finite(thumbnail) != 0) {
    non_finite = count_non_finite(image);
    if (in_pixels_ != out_pixels_)
      for (float& v : thumbnail)
        if (std::isnan(v)) v = std::numeric_limits<float>::quiet_NaN();
  }
  if (scale_ == ShrinkScale::minmax8) stretch(image, thumbnail);
}

ShrunkBatch ImageShrinker::run(std::int64_t first, std::int64_t count) {
  const auto images = static_cast<std::size_t>(count);
  ShrunkBatch batch;
  batch.errors.resize(images);
  batch.non_finite.resize(images);
  batch.pixels.resize(images * out_pixels_);
  had_nan_.resize(images);
  read(first, count, batch);
  const bool is_float = of_.type == PixelType::f32;
  if (!is_float) floats_.resize(images * in_pixels_);
  const float* const in =
      is_float ? reinterpret_cast<const float*>(stored_.data()) : floats_.data();
  const std::size_t step = std::min(maker_->images_at_once(), images);
  for (std::size_t at = 0; at < images; at += step) {
    const std::size_t n = std::min(step, images - at);
    for (std::size_t i = at; i < at + n && !is_float; ++i) widen(i);
    batch.notice += maker_->run({{in + at * in_pixels_, n * in_pixels_},
                                 {batch.pixels.data() + at * out_pixels_, n * out_pixels_},
                                 {had_nan_.data() + at, n}});
    for (std::size_t i = at; i < at + n; ++i)
      finish(in + i * in_pixels_, batch.pixels.data() + i * out_pixels_, had_nan_[i] != 0,
             batch.non_finite[i]);
  }
  return batch;
}

}  // namespace quickbeam
