// SPDX-License-Identifier: BSD-3-Clause
// Resizing, box reduction and thumbnails with Pillow's arithmetic.
#include "kernels/resample.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/error.hpp>

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

/// `source_width` x `source_height` pixels of `in`, from its corner, onto all of `out`.
void resize_source(ImageView<const float> in, double source_width, double source_height,
                   ResampleFilter filter, ImageView<float> out) {
  const auto side = [](std::int64_t n) { return static_cast<std::int32_t>(n); };
  const AxisWeights x =
      resample_weights(side(in.extent.width), source_width, side(out.extent.width), filter);
  const AxisWeights y =
      resample_weights(side(in.extent.height), source_height, side(out.extent.height), filter);
  apply_separable(in, x, y, has_negative_lobes(filter) ? 0.125 : 0, out);
}

struct ColumnSums {
  Buffer<double> sum;
  Buffer<std::int32_t> count;

  void add(ImageView<const float> in, std::int64_t first_row, std::int64_t end_row) {
    for (std::int64_t y = first_row; y < end_row; ++y) {
      const float* row = in.row(y);
      double* sums = sum.data();
      std::int32_t* counts = count.data();
      for (std::int64_t x = 0; x < in.extent.width; ++x) {
        const float v = row[x];
        sums[x] += v == v ? static_cast<double>(v) : 0.0;
        counts[x] += v == v;
      }
    }
  }
};

}  // namespace

void resize(ImageView<const float> in, ImageView<float> out, ResampleFilter filter) {
  if (out.extent.empty()) return;
  check_sides(in.extent, out.extent);
  resize_source(in, static_cast<double>(in.extent.width), static_cast<double>(in.extent.height),
                filter, out);
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
  const auto width = static_cast<std::size_t>(in.extent.width);
  ColumnSums columns{Buffer<double>(width), Buffer<std::int32_t>(width)};
  for (std::int64_t y = 0; y < out.extent.height; ++y) {
    std::fill_n(columns.sum.data(), width, 0.0);
    std::fill_n(columns.count.data(), width, 0);
    columns.add(in, y * factor_y, std::min((y + 1) * factor_y, in.extent.height));
    for (std::int64_t x = 0; x < out.extent.width; ++x) {
      double sum = 0;
      std::int64_t count = 0;
      for (std::int64_t i = x * factor_x; i < std::min((x + 1) * factor_x, in.extent.width); ++i) {
        sum += columns.sum.data()[i];
        count += columns.count.data()[i];
      }
      out(x, y) = count == 0 ? std::numeric_limits<float>::quiet_NaN()
                             : static_cast<float>(sum / static_cast<double>(count));
    }
  }
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

void pil_thumbnail(ImageView<const float> in, ImageView<float> out) {
  if (out.extent.empty()) return;
  check_sides(in.extent, out.extent);
  // Pillow's rule for reducing_gap 2.
  const auto factor = [](std::int64_t from, std::int64_t to) {
    return std::max(
        static_cast<std::int32_t>(static_cast<double>(from) / static_cast<double>(to) / 2), 1);
  };
  const std::int32_t factor_x = factor(in.extent.width, out.extent.width);
  const std::int32_t factor_y = factor(in.extent.height, out.extent.height);
  if (factor_x == 1 && factor_y == 1) return resize(in, out, ResampleFilter::bicubic);
  const Extent extent{(in.extent.width + factor_x - 1) / factor_x,
                      (in.extent.height + factor_y - 1) / factor_y};
  Buffer<float> pixels(static_cast<std::size_t>(extent.pixels()));
  const ImageView<float> reduced(pixels.data(), extent);
  box_reduce(in, reduced, factor_x, factor_y);
  resize_source(reduced, static_cast<double>(in.extent.width) / factor_x,
                static_cast<double>(in.extent.height) / factor_y, ResampleFilter::bicubic, out);
}

}  // namespace quickbeam::kernels
