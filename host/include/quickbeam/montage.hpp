// SPDX-License-Identifier: BSD-3-Clause
// Images of a set side by side in one picture, with a grey scale in common or one for each.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/image.hpp>
#include <quickbeam/core/palette.hpp>
#include <quickbeam/image_set.hpp>
#include <quickbeam/levels.hpp>
#include <quickbeam/palette.hpp>
#include <quickbeam/tone_curve.hpp>

namespace quickbeam {

enum class MontageScale : std::uint8_t {
  common,  ///< one pair of levels, from the pixels of all tiles: images can be compared
  each     ///< levels of its own for every image
};

enum class MontageLabels : std::uint8_t { none, numbers };  ///< numbers in the set, from 1

struct MontageOptions {
  std::int64_t columns = 0;  ///< 0 = a sheet somewhat wider than high, with few empty places
  /// Longest side of a tile in pixels. Larger images become thumbnails (Pillow's), smaller ones
  /// grow by whole factors. 0 = as they are where the sheet stays within 1600 pixels, at least 64;
  /// images below 48 pixels grow.
  std::int32_t size = 0;
  MontageScale scale = MontageScale::common;
  MontageLabels labels = MontageLabels::numbers;
  Tone tone{ToneCurve::linear};
  Levels levels{LevelsMode::percentiles, 0.5, 99.7};  ///< of tiles, not of the images behind them
  PaletteName palette = PaletteName::gray;
};

struct MontageTile {
  std::uint32_t position = 0;  ///< in the set
  std::int64_t x = 0, y = 0;   ///< of its first pixel on the sheet
  Extent extent{};
  LevelRange levels{};
};

struct Montage {
  Image sheet;        ///< u8: positions in `palette`
  Palette palette{};  ///< tones and the colour of masked pixels; the last one is that of the paper
  std::int64_t columns = 0, rows = 0;
  std::vector<MontageTile> tiles;
  std::vector<ImageSetFailure> failures;  ///< images that could not be read: their tiles are masked
};

/// Positions of the images that belong to a group (those of failed files do not), in their order.
std::vector<std::uint32_t> readable_positions(const ImageSet& set);

/// Lays the images at `positions` out row by row. NaN, infinite and masked pixels are left out of
/// levels and thumbnails and have a colour of their own. Reads one image at a time. Throws Error:
/// USAGE for no images, a position without an image, or levels that need counts; LIMIT for a sheet
/// beyond 2^28 pixels.
Montage make_montage(const ImageSet& set, std::span<const std::uint32_t> positions,
                     const MontageOptions& options = {});

/// Writes the sheet as PNG or JPEG, by the name. Throws Error USAGE for another name, IO.
void save_montage(const Montage& montage, const std::string& path, int jpeg_quality = 90);

}  // namespace quickbeam
