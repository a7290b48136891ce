// SPDX-License-Identifier: BSD-3-Clause
// Small steps beside a reduced image.
#include "kernels/planes.hpp"

#include <algorithm>
#include <cmath>

#include <quickbeam/core/mask.hpp>

#include "kernels/ops/measured.hpp"

namespace quickbeam::kernels {
namespace {

/// Output coordinate that holds the centre of input coordinate `i`.
std::int64_t cell_of(std::int64_t i, std::int64_t in, std::int64_t out) {
  return std::min(out - 1, (2 * i + 1) * out / (2 * in));
}

void mark_cells(ImageView<const std::uint8_t> in, ImageView<std::uint8_t> out) {
  for (std::int64_t y = 0; y < in.extent.height; ++y)
    for (std::int64_t x = 0; x < in.extent.width; ++x)
      if (in(x, y))
        out(cell_of(x, in.extent.width, out.extent.width),
            cell_of(y, in.extent.height, out.extent.height)) = 1;
}

void take_nearest(ImageView<const std::uint8_t> in, ImageView<std::uint8_t> out) {
  for (std::int64_t y = 0; y < out.extent.height; ++y)
    for (std::int64_t x = 0; x < out.extent.width; ++x)
      if (in(cell_of(x, out.extent.width, in.extent.width),
             cell_of(y, out.extent.height, in.extent.height)))
        out(x, y) = 1;
}

}  // namespace

void to_float(const ReducedImage& in, ImageView<float> out) {
  visit(in.values.const_view(), [&](auto values) {
    using V = std::remove_cvref_t<decltype(values(0, 0))>;
    for (std::int64_t y = 0; y < out.extent.height; ++y)
      for (std::int64_t x = 0; x < out.extent.width; ++x) {
        const V v = values(x, y);
        if constexpr (std::is_floating_point_v<V>)
          out(x, y) = static_cast<float>(v);
        else
          out(x, y) = v < 0 ? masked_value<float>() : static_cast<float>(v);
      }
  });
}

void widen(ConstAnyView in, ImageView<float> out) {
  visit(in, [&](auto from) {
    using T = std::remove_cvref_t<decltype(from(0, 0))>;
    for (std::int64_t y = 0; y < out.extent.height; ++y)
      std::transform(from.row(y), from.row(y) + out.extent.width, out.row(y),
                     [](T v) { return static_cast<float>(v); });
  });
}

std::uint64_t count_non_finite(std::span<const float> values) {
  return static_cast<std::uint64_t>(
      std::count_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); }));
}

void mask_non_finite(std::span<float> values) {
  for (float& v : values) v = std::isfinite(v) ? v : masked_value<float>();
}

void unify_nan(std::span<float> values) {
  for (float& v : values)
    if (std::isnan(v)) v = masked_value<float>();
}

void repeat_pixels(ImageView<const float> in, ImageView<float> out, std::int64_t times) {
  for (std::int64_t y = 0; y < out.extent.height; ++y)
    for (std::int64_t x = 0; x < in.extent.width; ++x)
      std::fill_n(out.row(y) + x * times, times, in(x, y / times));
}

void clamp(ImageView<float> image, double low, double high) {
  const auto bottom = static_cast<float>(low), top = static_cast<float>(high);
  for (std::int64_t y = 0; y < image.extent.height; ++y)
    for (std::int64_t x = 0; x < image.extent.width; ++x) {
      const float v = image(x, y);
      image(x, y) = v < bottom ? bottom : v > top ? top : v;
    }
}

void resize_flags(ImageView<const std::uint8_t> in, ImageView<std::uint8_t> out) {
  for (std::int64_t y = 0; y < out.extent.height; ++y)
    std::fill_n(out.row(y), out.extent.width, std::uint8_t{0});
  if (in.extent.empty() || out.extent.empty()) return;
  mark_cells(in, out);
  if (out.extent.width > in.extent.width || out.extent.height > in.extent.height)
    take_nearest(in, out);
}

ReducedNumbers numbers_of(const ReducedImage& image) {
  ReducedNumbers n;
  const auto saturated = image.saturated.as<const std::uint8_t>();
  visit(image.values.const_view(), [&](auto values) {
    const std::int64_t count = values.extent.pixels();
    for (std::int64_t i = 0; i < count; ++i) {
      const auto v = values.data[i];
      const bool masked = shows_masked(v), flagged = saturated.data[i] != 0;
      n.masked += masked;
      n.saturated += flagged;
      if (!masked && !flagged) n.highest = std::max(n.highest, static_cast<double>(v));
    }
    n.valid = count - n.masked;
  });
  return n;
}

void flag_nonzero(ConstAnyView in, ImageView<std::uint8_t> out) {
  visit(in, [&](auto values) {
    for (std::int64_t y = 0; y < out.extent.height; ++y)
      for (std::int64_t x = 0; x < out.extent.width; ++x) out(x, y) = values(x, y) != 0;
  });
}

void masked_as_minus_one(ConstAnyView in, AnyView out) {
  visit(in, [&](auto from) {
    using T = std::remove_cvref_t<decltype(from(0, 0))>;
    const auto to = out.as<T>();
    for (std::int64_t y = 0; y < from.extent.height; ++y)
      for (std::int64_t x = 0; x < from.extent.width; ++x) {
        const T v = from(x, y);
        if constexpr (std::is_floating_point_v<T>)
          to(x, y) = shows_masked(v) ? T{-1} : v;
        else
          to(x, y) = v;
      }
  });
}

}  // namespace quickbeam::kernels
