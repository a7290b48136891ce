// SPDX-License-Identifier: BSD-3-Clause
// The reference's way from a frame to a picture file.
#include "host/src/verify_picture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <quickbeam/palette.hpp>

#include "host/src/percentile_levels.hpp"
#include "host/src/reduced_values.hpp"
#include "host/src/verify_separable.hpp"
#include "io/picture.hpp"
#include "kernels/ops/dilate.hpp"
#include "kernels/ops/percentile.hpp"
#include "kernels/ops/resample.hpp"
#include "kernels/ops/tone.hpp"

namespace quickbeam {
namespace {

Image to_floats(const ReducedImage& reduced) {
  Image out(PixelType::f32, reduced.values.extent());
  visit_values(reduced, [&](auto values) {
    for (std::int64_t i = 0; i < values.extent.pixels(); ++i)
      out.as<float>().data[i] = kernels::shows_masked(values.data[i])
                                    ? masked_value<float>()
                                    : static_cast<float>(values.data[i]);
  });
  return out;
}

/// Blurs, dilates what is there, and masks again what was masked. The flags stay.
void blur(ReducedImage& reduced, double sigma, std::int32_t window) {
  const Extent extent = reduced.values.extent();
  const Image before = to_floats(reduced);
  const auto side = [](std::int64_t n) { return static_cast<std::int32_t>(n); };
  const Image blurred =
      separable(before.as<float>(), kernels::gaussian_weights(side(extent.width), sigma),
                kernels::gaussian_weights(side(extent.height), sigma), 0);
  const ValidRange<float> finite{std::numeric_limits<float>::lowest(),
                                 std::numeric_limits<float>::max()};
  const kernels::DilatedPixel<float> dilated{
      {ImageView<const float>(blurred.as<float>()), nullptr, finite}, 1, window, false};
  reduced.values.reshape(PixelType::f32, extent);
  for (std::int64_t y = 0; y < extent.height; ++y)
    for (std::int64_t x = 0; x < extent.width; ++x)
      reduced.values.as<float>()(x, y) =
          finite(before.as<float>()(x, y)) ? dilated(x, y).value : masked_value<float>();
}

/// Sorts everything.
template <class V>
std::vector<double> sorted_percentiles(std::vector<V> values, const std::vector<double>& percents) {
  std::sort(values.begin(), values.end());
  std::vector<double> percentiles;
  for (const double percent : percents) {
    if (values.empty()) break;
    const auto [index, part] = kernels::percentile_position(percent, values.size());
    const auto next = kernels::next_rank(index, values.size());
    percentiles.push_back(kernels::percentile_between(
        static_cast<double>(values[static_cast<std::size_t>(index)]),
        static_cast<double>(values[static_cast<std::size_t>(next)]), part));
  }
  return percentiles;
}

template <class V>
LevelRange sigma_levels(const std::vector<V>& values, double sigmas, double floor_counts) {
  if (values.empty()) return {};
  const auto count = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const V v : values) sum += static_cast<double>(v);
  const double mean = sum / count;
  for (const V v : values)
    squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  const double reach = sigmas * std::sqrt(squares / count);
  return with_floor(mean - reach, mean + reach, floor_counts);
}

LevelRange levels_of(const Recipe& recipe, const ReducedImage& reduced, std::int32_t factor,
                     const std::vector<std::uint64_t>& counts) {
  if (needs_raw_histogram(recipe.levels))
    return levels_from_histogram(counts, 0, recipe.levels, recipe.floor);
  const double block = static_cast<double>(factor) * factor;
  const double floor = recipe.reduce.op == ReduceOp::mean ? recipe.floor / block : recipe.floor;
  return visit_values(reduced, [&](auto view) {
    using V = std::remove_cvref_t<decltype(view(0, 0))>;
    std::vector<V> values;
    const auto* flags = reduced.saturated.as<const std::uint8_t>().data;
    for (std::int64_t i = 0; i < view.extent.pixels(); ++i)
      if (kernels::is_measured(view.data[i], flags[i])) values.push_back(view.data[i]);
    if (recipe.levels.mode == LevelsMode::sigma)
      return sigma_levels(values, recipe.levels.amount, floor);
    return levels_from_percentiles(
        recipe.levels, recipe.tone,
        sorted_percentiles(values, percents_needed(recipe.levels, recipe.tone)), floor);
  });
}

/// The longest side becomes `size`, halves rounded up; nothing is enlarged.
Extent picture_extent(Extent in, std::int32_t size) {
  const std::int64_t longest = std::max(in.width, in.height);
  if (size <= 0 || size >= longest) return in;
  const auto side = [&](std::int64_t n) {
    const std::int64_t whole = n * size / longest, rest = n * size % longest;
    return std::max<std::int64_t>(1, whole + (2 * rest >= longest ? 1 : 0));
  };
  return {side(in.width), side(in.height)};
}

/// Cut to the levels, resized with Lanczos' filter; a flag marks the cell its pixel's centre is in.
ReducedImage resized(const ReducedImage& in, Extent to, LevelRange levels) {
  const Extent from = in.values.extent();
  const Image image = to_floats(in);
  const auto low = static_cast<float>(levels.low), high = static_cast<float>(levels.high);
  for (std::int64_t i = 0; i < from.pixels(); ++i) {
    float& v = image.as<float>().data[i];
    if (v < low) v = low;
    if (v > high) v = high;
  }
  const auto weights = [](std::int64_t n, std::int64_t out) {
    return kernels::resample_weights(static_cast<std::int32_t>(n), static_cast<double>(n),
                                     static_cast<std::int32_t>(out),
                                     kernels::ResampleFilter::lanczos);
  };
  ReducedImage out{separable(image.as<float>(), weights(from.width, to.width),
                             weights(from.height, to.height), 0.125),
                   Image(PixelType::u8, to)};
  const auto flags = out.saturated.as<std::uint8_t>();
  std::fill_n(flags.data, to.pixels(), std::uint8_t{0});
  for (std::int64_t y = 0; y < from.height; ++y)
    for (std::int64_t x = 0; x < from.width; ++x)
      if (in.saturated.as<std::uint8_t>()(x, y) != 0)
        flags((2 * x + 1) * to.width / (2 * from.width),
              (2 * y + 1) * to.height / (2 * from.height)) = 1;
  return out;
}

ReducedNumbers numbers_of(const ReducedImage& image) {
  ReducedNumbers n;
  visit_values(image, [&](auto values) {
    for (std::int64_t i = 0; i < values.extent.pixels(); ++i) {
      const bool masked = kernels::shows_masked(values.data[i]);
      const bool saturated = image.saturated.as<std::uint8_t>().data[i] != 0;
      ++(masked ? n.masked : n.valid);
      n.saturated += saturated ? 1 : 0;
      if (!masked && !saturated && static_cast<double>(values.data[i]) > n.highest)
        n.highest = static_cast<double>(values.data[i]);
    }
  });
  return n;
}

Image positions_of(const ReducedImage& image, const ToneTable& table) {
  Image out(PixelType::u8, image.values.extent());
  visit_values(image, [&](auto values) {
    using V = std::remove_cvref_t<decltype(values(0, 0))>;
    const auto steps = kernels::make_tone_steps<V>(table);
    for (std::int64_t i = 0; i < values.extent.pixels(); ++i)
      out.as<std::uint8_t>().data[i] =
          kernels::palette_index(values.data[i], image.saturated.as<std::uint8_t>().data[i], steps);
  });
  return out;
}

}  // namespace

VerifyPicture reference_picture(const Recipe& recipe, Extent frame, Reference& reference) {
  VerifyPicture out;
  const ReduceSpec spec = resolved_spec(recipe, frame);
  const std::vector<std::uint64_t> counts = reference.counts();
  if (recipe.clip) reference.clip(levels_from_histogram(counts, 0, *recipe.clip, 0).high);
  out.reduced = reference.reduce(spec);
  if (recipe.blur_sigma > 0) blur(out.reduced, recipe.blur_sigma, recipe.blur_window);
  out.numbers = numbers_of(out.reduced);
  out.levels = levels_of(recipe, out.reduced, spec.factor, counts);
  const auto [low, high] = out.levels;
  const ToneTable table = recipe.tone.curve == ToneCurve::equalize
                              ? make_equalize_table(out.reduced, low, high)
                              : make_tone_table(recipe.tone, low, high);
  for (const Picture& picture : recipe.pictures) {
    const Extent extent = out.reduced.values.extent();
    const Extent size = picture_extent(extent, picture.size);
    out.positions.push_back(size == extent
                                ? positions_of(out.reduced, table)
                                : positions_of(resized(out.reduced, size, out.levels), table));
    out.files.push_back(encoded_picture(recipe, picture, out.positions.back()));
  }
  return out;
}

std::vector<std::byte> encoded_picture(const Recipe& recipe, const Picture& picture,
                                       const Image& positions) {
  const io::Palette palette = make_palette(recipe.palette);
  const ImageView<const std::uint8_t> view = positions.as<std::uint8_t>();
  Buffer<std::byte> memory;
  const auto bytes = picture.format == PictureFormat::png
                         ? io::encode_png(view, palette, memory)
                         : io::encode_jpeg(view, palette, picture.quality, memory);
  return {bytes.begin(), bytes.end()};
}

}  // namespace quickbeam
