// SPDX-License-Identifier: BSD-3-Clause
// Reads images, widens them to float32, makes their thumbnails and scales those.
#include "host/src/image_shrinker.hpp"

#include <algorithm>

#include "kernels/minmax8.hpp"
#include "kernels/planes.hpp"

namespace quickbeam {
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
  kernels::widen({of_.type, stored_.data() + image * in_pixels_ * size_of(of_.type), of_.extent},
                 {floats_.data() + image * in_pixels_, of_.extent});
}

/// Infinities show in the thumbnail; NaN are known to the maker. A NaN is the same NaN wherever it
/// was made, but for one that was copied.
void ImageShrinker::finish(const float* in, float* out, bool had_nan,
                           std::uint64_t& non_finite) const {
  const std::span<const float> image(in, in_pixels_);
  const std::span<float> thumbnail(out, out_pixels_);
  if (had_nan || kernels::count_non_finite(thumbnail) != 0) {
    non_finite = kernels::count_non_finite(image);
    if (in_pixels_ != out_pixels_) kernels::unify_nan(thumbnail);
  }
  if (scale_ == ShrinkScale::minmax8) kernels::scale_minmax8(image, thumbnail);
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
    batch.backends.insert(maker_->backend());
    for (std::size_t i = at; i < at + n; ++i)
      finish(in + i * in_pixels_, batch.pixels.data() + i * out_pixels_, had_nan_[i] != 0,
             batch.non_finite[i]);
  }
  return batch;
}

}  // namespace quickbeam
