// SPDX-License-Identifier: BSD-3-Clause
// Sheets of tiles: images read one by one, made to fit, toned together or each by itself.
#include <quickbeam/montage.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/error.hpp>

#include "host/src/digits.hpp"
#include "host/src/image_output.hpp"
#include "io/atomic_file.hpp"
#include "io/picture.hpp"
#include "kernels/planes.hpp"
#include "kernels/resample.hpp"
#include "kernels/tone.hpp"

namespace quickbeam {
namespace {

constexpr std::uint8_t paper = saturated_index;
constexpr double no_floor = std::numeric_limits<double>::lowest();

/// Where the image of a position is.
struct Place {
  std::size_t group = 0;
  std::int64_t place = -1;
};

std::vector<Place> places_of(const ImageSet& set, std::span<const std::uint32_t> positions) {
  std::multimap<std::uint32_t, std::size_t> wanted;
  for (std::size_t i = 0; i < positions.size(); ++i) wanted.emplace(positions[i], i);
  std::vector<Place> places(positions.size());
  for (std::size_t g = 0; g < set.groups().size(); ++g) {
    const auto order = set.order(g);
    for (std::size_t k = 0; k < order.size(); ++k)
      for (auto [at, end] = wanted.equal_range(order[k]); at != end; ++at)
        places[at->second] = {g, static_cast<std::int64_t>(k)};
  }
  for (std::size_t i = 0; i < places.size(); ++i)
    if (places[i].place < 0)
      fail({.code = ErrorCode::usage,
            .field = "positions",
            .expected = "images that can be read",
            .found = std::to_string(positions[i])});
  return places;
}

/// As many columns as rows, or up to two and a half times as many, with the fewest empty places.
std::int64_t choose_columns(std::int64_t tiles) {
  const auto root = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(tiles))));
  const auto empty = [&](std::int64_t columns) {
    return (tiles + columns - 1) / columns * columns - tiles;
  };
  std::int64_t best = root;
  for (std::int64_t columns = root; 2 * columns * columns <= 5 * tiles; ++columns)
    if (empty(columns) < empty(best)) best = columns;
  return best;
}

/// All lengths of a sheet in pixels.
struct Layout {
  std::int64_t columns = 0, rows = 0, gap = 0;
  Extent tile{};           ///< of the largest
  std::int64_t dot = 0;    ///< of the digits; 0 = no labels
  std::int64_t label = 0;  ///< height below a tile

  std::int64_t left(std::int64_t k) const { return gap + k % columns * (tile.width + gap); }
  std::int64_t top(std::int64_t k) const { return gap + k / columns * (tile.height + label + gap); }
  Extent sheet() const {
    return {gap + columns * (tile.width + gap), gap + rows * (tile.height + label + gap)};
  }
};

/// What becomes of images of one extent.
struct Fit {
  Extent extent{};        ///< of the tile
  std::int64_t grow = 1;  ///< each pixel becomes grow x grow
};

Fit fit(Extent image, std::int64_t size) {
  const std::int64_t longest = std::max(image.width, image.height);
  if (longest > size) return {kernels::thumbnail_extent(image, {size, size}), 1};
  const std::int64_t grow = size / longest;
  return {{image.width * grow, image.height * grow}, grow};
}

/// One sheet being made.
class Sheet {
 public:
  Sheet(const ImageSet& set, std::span<const std::uint32_t> positions,
        const MontageOptions& options)
      : set_(set),
        options_(options),
        positions_(positions),
        places_(places_of(set, positions)),
        reader_(set) {
    plan();
  }

  Montage make() {
    for (std::size_t k = 0; k < places_.size(); ++k) read(k);
    tone();
    Montage montage;
    montage.columns = layout_.columns;
    montage.rows = layout_.rows;
    montage.failures = std::move(failures_);
    montage.palette = make_palette(options_.palette);
    montage.palette[paper] = {255, 255, 255};
    draw(montage);
    montage.tiles = std::move(tiles_);
    return montage;
  }

 private:
  void plan();
  std::int64_t tile_size(std::int64_t longest) const;
  void read(std::size_t k);
  ImageView<const float> load(const Place& place);
  void tone();
  void draw(Montage& montage) const;
  std::uint8_t ink(const Palette& palette) const;

  const ImageSet& set_;
  const MontageOptions& options_;
  std::span<const std::uint32_t> positions_;
  std::vector<Place> places_;
  ImageReader reader_;
  std::vector<Fit> fits_;  ///< by group
  std::map<std::size_t, kernels::Thumbnailer> thumbnailers_;
  Layout layout_;
  Buffer<std::byte> stored_;
  Buffer<float> pixels_;
  std::vector<Image> values_;  ///< f32, NaN where masked
  std::vector<MontageTile> tiles_;
  std::vector<ImageSetFailure> failures_;
};

std::int64_t Sheet::tile_size(std::int64_t longest) const {
  constexpr std::int64_t widest_sheet = 1600, smallest = 64, grown = 48;
  if (options_.size > 0) return options_.size;
  if (longest < grown) return grown;
  return std::min(longest,
                  std::max(smallest, (widest_sheet - layout_.gap) / layout_.columns - layout_.gap));
}

void Sheet::plan() {
  const auto count = static_cast<std::int64_t>(places_.size());
  if (count == 0)
    fail(
        {.code = ErrorCode::usage, .field = "images", .expected = "at least one", .found = "none"});
  layout_.columns =
      std::min(count, options_.columns > 0 ? options_.columns : choose_columns(count));
  layout_.rows = (count + layout_.columns - 1) / layout_.columns;
  layout_.gap = 4;
  std::int64_t longest = 0;
  for (const Place& place : places_) {
    const Extent extent = set_.groups()[place.group].extent;
    longest = std::max({longest, extent.width, extent.height});
  }
  const std::int64_t size = tile_size(longest);
  for (const ImageGroup& group : set_.groups()) fits_.push_back(fit(group.extent, size));
  for (const Place& place : places_) {
    layout_.tile.width = std::max(layout_.tile.width, fits_[place.group].extent.width);
    layout_.tile.height = std::max(layout_.tile.height, fits_[place.group].extent.height);
  }
  if (options_.labels == MontageLabels::numbers) {
    layout_.dot = std::max<std::int64_t>(1, layout_.tile.width / 128);
    layout_.label = (digit_height + 3) * layout_.dot;
  }
  const Extent sheet = layout_.sheet();
  if (static_cast<double>(sheet.width) * static_cast<double>(sheet.height) <= 0x1p28) return;
  fail({.code = ErrorCode::limit,
        .field = "sheet",
        .expected = "at most 2^28 pixels: fewer or smaller images",
        .found = std::to_string(sheet.width) + " x " + std::to_string(sheet.height)});
}

/// Infinities are no tone: masked.
ImageView<const float> Sheet::load(const Place& place) {
  const ImageGroup& group = set_.groups()[place.group];
  const auto count = static_cast<std::size_t>(group.extent.pixels());
  const auto bytes = stored_.resize(count * size_of(group.type));
  reader_.read(place.group, place.place, 1, {0, group.extent.height}, bytes);
  const std::span<float> pixels = pixels_.resize(count);
  kernels::widen({group.type, bytes.data(), group.extent}, {pixels.data(), group.extent});
  kernels::mask_non_finite(pixels);
  return {pixels.data(), group.extent};
}

void Sheet::read(std::size_t k) {
  const Place& place = places_[k];
  const Fit& fit = fits_[place.group];
  const auto number = static_cast<std::int64_t>(k);
  tiles_.push_back({.position = positions_[k],
                    .x = layout_.left(number) + (layout_.tile.width - fit.extent.width) / 2,
                    .y = layout_.top(number) + (layout_.tile.height - fit.extent.height) / 2,
                    .extent = fit.extent});
  const ImageView<float> tile = values_.emplace_back(PixelType::f32, fit.extent).as<float>();
  try {
    const ImageView<const float> image = load(place);
    if (fit.grow == 1 && fit.extent != image.extent) {
      const auto thumbnailer =
          thumbnailers_
              .try_emplace(place.group, image.extent, fit.extent, kernels::ThumbnailFilter::pil)
              .first;
      thumbnailer->second.run(image, tile);
      return;
    }
    kernels::repeat_pixels(image, tile, fit.grow);
  } catch (const Error& error) {
    failures_.push_back({set_.name_of(positions_[k]), error, 1});
    std::fill_n(tile.data, tile.extent.pixels(), std::numeric_limits<float>::quiet_NaN());
  }
}

/// A picture's values as the functions of levels and tones take them.
ReducedImage reduced(std::span<const Image> images) {
  std::int64_t pixels = 0;
  for (const Image& image : images) pixels += image.extent().pixels();
  ReducedImage all{Image(PixelType::f32, {pixels, 1}), Image(PixelType::u8, {pixels, 1})};
  float* to = all.values.as<float>().data;
  for (const Image& image : images)
    to = std::copy_n(image.as<float>().data, image.extent().pixels(), to);
  std::fill_n(all.saturated.as<std::uint8_t>().data, pixels, std::uint8_t{0});
  return all;
}

void Sheet::tone() {
  const auto levels_of = [&](std::span<const Image> images) {
    return compute_levels(reduced(images), options_.levels, options_.tone, no_floor);
  };
  if (options_.scale == MontageScale::common) {
    const LevelRange levels = levels_of(values_);
    for (MontageTile& tile : tiles_) tile.levels = levels;
  } else {
    for (std::size_t k = 0; k < tiles_.size(); ++k) tiles_[k].levels = levels_of({&values_[k], 1});
  }
}

/// The darkest tone: labels stand on white paper.
std::uint8_t Sheet::ink(const Palette& palette) const {
  const auto light = [](Rgb c) { return 3 * c.r + 6 * c.g + c.b; };
  const auto darkest = std::min_element(palette.begin(), palette.begin() + grey_levels,
                                        [&](Rgb a, Rgb b) { return light(a) < light(b); });
  return static_cast<std::uint8_t>(darkest - palette.begin());
}

void Sheet::draw(Montage& montage) const {
  montage.sheet.reshape(PixelType::u8, layout_.sheet());
  const ImageView<std::uint8_t> sheet = montage.sheet.as<std::uint8_t>();
  std::fill_n(sheet.data, sheet.extent.pixels(), paper);
  const std::uint8_t dark = ink(montage.palette);
  for (std::size_t k = 0; k < tiles_.size(); ++k) {
    const MontageTile& tile = tiles_[k];
    const ReducedImage values = reduced({&values_[k], 1});
    Image toned(PixelType::u8, values.values.extent());
    const ToneTable table = options_.tone.curve == ToneCurve::equalize
                                ? make_equalize_table(values, tile.levels.low, tile.levels.high)
                                : make_tone_table(options_.tone, tile.levels.low, tile.levels.high);
    kernels::apply_tone(values, table, toned.as<std::uint8_t>());
    for (std::int64_t y = 0; y < tile.extent.height; ++y)
      std::copy_n(toned.as<std::uint8_t>().data + y * tile.extent.width, tile.extent.width,
                  sheet.row(tile.y + y) + tile.x);
    if (layout_.dot == 0) continue;
    const std::string number = std::to_string(tile.position + std::uint64_t{1});
    draw_digits(sheet, tile.x + (tile.extent.width - width_of_digits(number, layout_.dot)) / 2,
                tile.y + tile.extent.height + 2 * layout_.dot, number, layout_.dot, dark);
  }
}

}  // namespace

std::vector<std::uint32_t> readable_positions(const ImageSet& set) {
  std::vector<std::uint32_t> positions;
  for (std::size_t g = 0; g < set.groups().size(); ++g)
    positions.insert(positions.end(), set.order(g).begin(), set.order(g).end());
  std::sort(positions.begin(), positions.end());
  return positions;
}

void save_montage(const Montage& montage, const std::string& path, int jpeg_quality) {
  if (!is_picture_name(path)) fail_target(path);
  Buffer<std::byte> out;
  const ImageView<const std::uint8_t> sheet = montage.sheet.as<std::uint8_t>();
  io::write_file(path, path.ends_with(".png")
                           ? io::encode_png(sheet, montage.palette, out)
                           : io::encode_jpeg(sheet, montage.palette, jpeg_quality, out));
}

Montage make_montage(const ImageSet& set, std::span<const std::uint32_t> positions,
                     const MontageOptions& options) {
  return Sheet(set, positions, options).make();
}

}  // namespace quickbeam
