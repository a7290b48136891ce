// SPDX-License-Identifier: BSD-3-Clause
// Thumbnails of a stack's images as the reference makes them, and as a device does.
#include "host/src/verify_thumbnail.hpp"

#include <algorithm>
#include <cmath>

#include "host/src/backends.hpp"
#include "host/src/verify_separable.hpp"

namespace quickbeam {
namespace {

std::vector<float> floats_of(ConstAnyView image) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(image.extent.pixels()));
  visit(image, [&](auto view) {
    for (std::int64_t y = 0; y < view.extent.height; ++y)
      for (std::int64_t x = 0; x < view.extent.width; ++x)
        values.push_back(static_cast<float>(view(x, y)));
  });
  return values;
}

/// Pillow's reducing gap of 2.
std::int64_t box_side(std::int64_t from, std::int64_t to, ShrinkFilter filter) {
  return filter == ShrinkFilter::exact ? 1 : std::max<std::int64_t>(1, from / (2 * to));
}

/// The mean of the pixels of a box that are not NaN: columns are summed first.
float box_mean(ImageView<const float> in, std::int64_t left, std::int64_t top, std::int64_t width,
               std::int64_t height) {
  double sum = 0;
  std::int64_t count = 0;
  for (std::int64_t x = left; x < std::min(left + width, in.extent.width); ++x) {
    double column = 0;
    for (std::int64_t y = top; y < std::min(top + height, in.extent.height); ++y) {
      if (std::isnan(in(x, y))) continue;
      column += static_cast<double>(in(x, y));
      ++count;
    }
    sum += column;
  }
  return count == 0 ? quiet_nan<float>
                    : static_cast<float>(sum * (1.0 / static_cast<double>(count)));
}

Image boxes(ImageView<const float> in, std::int64_t width, std::int64_t height) {
  Image out(PixelType::f32,
            {(in.extent.width + width - 1) / width, (in.extent.height + height - 1) / height});
  const auto to = out.as<float>();
  for (std::int64_t y = 0; y < to.extent.height; ++y)
    for (std::int64_t x = 0; x < to.extent.width; ++x)
      to(x, y) =
          width == 1 && height == 1 ? in(x, y) : box_mean(in, x * width, y * height, width, height);
  return out;
}

}  // namespace

std::vector<ThumbnailSpec> verified_thumbnails(Extent extent) {
  const auto part = [&](std::int64_t n) {
    return Extent{std::max<std::int64_t>(1, extent.width / n),
                  std::max<std::int64_t>(1, extent.height / n)};
  };
  std::vector<ThumbnailSpec> specs;
  specs.push_back({.from = extent, .to = part(4), .filter = ShrinkFilter::pil});
  specs.push_back({.from = extent, .to = part(2), .filter = ShrinkFilter::exact});
  return specs;
}

Image reference_thumbnail(ConstAnyView image, const ThumbnailSpec& spec) {
  std::vector<float> values = floats_of(image);
  const std::int64_t width = box_side(spec.from.width, spec.to.width, spec.filter);
  const std::int64_t height = box_side(spec.from.height, spec.to.height, spec.filter);
  const Image reduced = boxes({values.data(), spec.from}, width, height);
  const auto axis = [](std::int64_t in, std::int64_t from, std::int64_t box, std::int64_t to) {
    return kernels::resample_weights(
        static_cast<std::int32_t>(in), static_cast<double>(from) / static_cast<double>(box),
        static_cast<std::int32_t>(to), kernels::ResampleFilter::bicubic);
  };
  return separable(reduced.as<float>(),
                   axis(reduced.extent().width, spec.from.width, width, spec.to.width),
                   axis(reduced.extent().height, spec.from.height, height, spec.to.height), 0.125);
}

ThumbnailSubject::ThumbnailSubject(const DeviceChoice& device, ThumbnailSpec spec)
    : device_(device), spec_(spec) {
  spec_.device = device.device();
  maker_ = device_.backend->make_thumbnail_maker(spec_);
}

Image ThumbnailSubject::make(ConstAnyView image, std::string_view& where, std::string& notice) {
  const std::vector<float> middle = floats_of(image);
  const std::size_t pixels = middle.size();
  const auto out_pixels = static_cast<std::size_t>(spec_.to.pixels());
  std::vector<float> in(3 * pixels), out(3 * out_pixels);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i % 101) - 50;
  std::ranges::copy(middle, in.begin() + static_cast<std::ptrdiff_t>(pixels));
  std::vector<std::uint8_t> had_nan(3, 1);
  notice = maker_->run({in, out, had_nan});
  left_ |= !notice.empty();
  where = left_ ? cpu_backend().name() : device_.backend->name();
  Image found(PixelType::f32, spec_.to);
  std::copy_n(out.begin() + static_cast<std::ptrdiff_t>(out_pixels), out_pixels,
              found.as<float>().data);
  return found;
}

}  // namespace quickbeam
