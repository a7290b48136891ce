// SPDX-License-Identifier: BSD-3-Clause
// The presets: recipes with a name, each after a way of working in the field.
#include <quickbeam/core/error.hpp>
#include <quickbeam/recipe.hpp>

namespace quickbeam {
namespace {

/// Maximum of blocks, log tone, black on white: one-pixel spots stay visible at 1/9 of the size.
Recipe standard() { return {}; }

/// Dilation by 10 at full resolution, mask restored, sampled every 10 pixels, log, viridis.
Recipe seed() {
  Recipe r;
  r.reduce = {.op = ReduceOp::dilate, .factor = 10, .window = 10};
  r.palette = PaletteName::viridis;
  return r;
}

/// EDNA's pictures for ISPyB: clip 0 .. 99.95 % of the raw pixels (never below 25 counts), dilation
/// 4, linear, inverted, JPEG 85, in two sizes from one decode. The dilation is sampled every second
/// pixel, which loses nothing: every dilated spot covers at least two samples on each axis.
Recipe ispyb() {
  Recipe r;
  r.reduce = {.op = ReduceOp::dilate, .factor = 2, .window = 4};
  r.tone = {ToneCurve::linear};
  r.levels = parse_levels("raw-pct:0,99.95");
  r.pictures = {{PictureFormat::jpeg, 85, 1024, ".jpeg"},
                {PictureFormat::jpeg, 85, 256, ".thumb.jpeg"}};
  return r;
}

/// EDNA's PILATUS settings: clip at 99.9 %, blur by 5, dilate by 10, equalise 64 bins, invert, 256.
/// Blur and dilation run on 2 x 2 means (2.5 and 5 there): a blur of 5 pixels leaves nothing finer.
Recipe edna_pilatus() {
  Recipe r;
  r.reduce = {.op = ReduceOp::mean, .factor = 2};
  r.clip = parse_levels("raw-pct:0,99.9");
  r.blur_sigma = 2.5;
  r.blur_window = 5;
  r.tone = {ToneCurve::equalize};
  r.levels = parse_levels("pct:0,100");
  r.floor = 0;
  r.pictures = {{PictureFormat::jpeg, 85, 256, ".jpeg"}};
  return r;
}

/// dials.export_bitmaps binning=4 brightness=60 quality=95 (its binning is a maximum).
Recipe diamond() {
  Recipe r;
  r.reduce = {.op = ReduceOp::max, .factor = 4};
  r.tone = {ToneCurve::linear};
  r.levels = parse_levels("dials:60");
  r.floor = 0;
  r.pictures = {{PictureFormat::jpeg, 95, 0, ".jpeg"}};
  return r;
}

struct Preset {
  std::string_view name;
  Recipe (*make)();
};
constexpr Preset presets[] = {{"standard", standard},
                              {"seed", seed},
                              {"ispyb", ispyb},
                              {"edna-pilatus", edna_pilatus},
                              {"diamond", diamond}};

}  // namespace

std::vector<std::string_view> preset_names() {
  std::vector<std::string_view> names;
  for (const Preset& preset : presets) names.push_back(preset.name);
  return names;
}

Recipe preset(std::string_view name) {
  std::string known;
  for (const Preset& preset : presets) {
    if (preset.name == name) {
      Recipe recipe = preset.make();
      recipe.preset = name;
      return recipe;
    }
    known += (known.empty() ? "" : ", ") + std::string(preset.name);
  }
  fail({.code = ErrorCode::usage,
        .field = "--preset",
        .expected = known,
        .found = std::string(name)});
}

}  // namespace quickbeam
