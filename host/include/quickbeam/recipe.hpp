// SPDX-License-Identifier: BSD-3-Clause
// What the user wants done to every frame: plain values, validated once, written and read as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/reduce_spec.hpp>
#include <quickbeam/levels.hpp>
#include <quickbeam/palette.hpp>
#include <quickbeam/tone_curve.hpp>

namespace quickbeam {

enum class PictureFormat : std::uint8_t { png, jpeg };

/// One picture file made of a frame.
struct Picture {
  PictureFormat format = PictureFormat::png;
  int quality = 90;       ///< JPEG only, 1..100
  std::int32_t size = 0;  ///< longest side in pixels after resampling; 0 = as reduced
  std::string suffix = ".png";
};

/// Where the highest unsaturated count comes from.
enum class SaturationFrom : std::uint8_t { header, value, nothing };
/// Whether every frame has levels of its own or all share one scale.
enum class LevelsFrom : std::uint8_t { frame, collection };

/// Everything that decides what a thumbnail looks like. Defaults are the preset `standard`.
struct Recipe {
  std::string preset = "standard";
  ReduceSpec reduce{.op = ReduceOp::max, .factor = 0, .window = 0};
  std::int32_t size =
      300;  ///< factor 0: the smallest factor that brings the longest side to `size`
  std::int32_t sum_frames = 1;  ///< consecutive frames added before the reduction
  std::optional<Levels>
      clip{};             ///< pixels above the upper level (raw percentiles) are cut to it first
  double blur_sigma = 0;  ///< Gaussian blur of the reduced image, in its pixels; 0 = none
  std::int32_t blur_window = 1;  ///< dilation after the blur, in reduced pixels; 1 = none
  Tone tone{};
  Levels levels{};
  LevelsFrom levels_from = LevelsFrom::frame;
  double floor = 25;  ///< counts; the top level is never below it
  PaletteName palette = PaletteName::gray_r;
  SaturationFrom saturation_from = SaturationFrom::header;
  double saturation = 0;  ///< counts, used with SaturationFrom::value
  std::vector<Picture> pictures{Picture{}};
};

/// Names of the presets, best known first.
std::vector<std::string_view> preset_names();
/// The recipe of a preset. Throws Error USAGE for an unknown name.
Recipe preset(std::string_view name);

/// Sets one option by its command-line name ("tone", "levels", ...). Throws Error USAGE that names
/// the option, what was expected and what was found.
void set_option(Recipe& recipe, std::string_view option, std::string_view value);
/// Every option with its value as text: set_option of each on `preset(recipe.preset)` gives
/// `recipe`.
std::vector<std::pair<std::string, std::string>> to_options(const Recipe& recipe);

/// Throws Error USAGE when options contradict each other.
void validate(const Recipe& recipe);

/// The block factor or sampling step the recipe uses on frames of this extent.
std::int32_t resolved_factor(const Recipe& recipe, Extent frame);
/// The reduction with factor and window resolved.
ReduceSpec resolved_spec(const Recipe& recipe, Extent frame);

}  // namespace quickbeam
