// SPDX-License-Identifier: BSD-3-Clause
// --preset and the options of a recipe.
#include "host/cli/recipe_options.hpp"

#include <string_view>

#include "host/cli/common.hpp"

namespace quickbeam::cli {
namespace {

struct OptionHelp {
  const char* name;
  const char* help;
};
/// Options of the recipe: names as in set_option.
constexpr OptionHelp recipe_options[] = {
    {"reduce", "max, sum, mean, min, dilate or none [max]"},
    {"factor", "Block edge, or sampling step of a dilation (instead of --size)"},
    {"size", "Longest side of the thumbnail in pixels [300]"},
    {"window", "Edge of the square of a dilation in frame pixels [the step]"},
    {"edge", "crop drops incomplete blocks, partial keeps them [crop]"},
    {"sum", "Add this many consecutive frames first [1]"},
    {"sum-scale", "none, or valid: scale a sum by all/valid pixels of its block [none]"},
    {"restore-mask", "yes or no: masked stays masked after a dilation [yes]"},
    {"saturation", "Counts above it are saturated: header, none or a number [header]"},
    {"tone", "linear, log, sqrt, asinh, gamma:G or equalize [log]"},
    {"levels", "auto, pct:LO,HI, range:A,B, sigma:K, raw-pct:LO,HI or dials:B [auto]"},
    {"levels-from", "frame, or collection for one scale over all inputs [frame]"},
    {"floor", "The top level is never below this many counts [25]"},
    {"palette", "gray, gray_r, viridis, inferno, magma, heat or jet [gray_r]"},
    {"format", "png or jpeg [png]"},
    {"quality", "JPEG quality, 1 to 100 [90]"},
};

bool concerns(RecipeScope scope, std::string_view option) {
  return scope == RecipeScope::any || (option != "sum" && option != "levels-from");
}

}  // namespace

void RecipeOptions::declare(CLI::App& app, RecipeScope scope) {
  std::string presets;
  for (const auto name : preset_names())
    presets += (presets.empty() ? "" : ", ") + std::string(name);
  add_option(app, "--preset", preset, presets + " [standard]");
  for (const auto& option : recipe_options)
    if (concerns(scope, option.name))
      add_option(app, std::string("--") + option.name, given[option.name], option.help);
}

Recipe RecipeOptions::make() const {
  Recipe result = quickbeam::preset(preset);
  for (const auto& option : recipe_options) {
    const auto value = given.find(option.name);
    if (value != given.end() && !value->second.empty())
      set_option(result, option.name, value->second);
  }
  validate(result);
  return result;
}

}  // namespace quickbeam::cli
