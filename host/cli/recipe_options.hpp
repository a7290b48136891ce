// SPDX-License-Identifier: BSD-3-Clause
// --preset and the options of a recipe, for the sub-commands that take one.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>

#include <quickbeam/recipe.hpp>

namespace quickbeam::cli {

/// Which options of a recipe a sub-command has.
enum class RecipeScope : std::uint8_t {
  any,          ///< all of them
  single_frame  ///< those that concern one frame: not --sum, not --levels-from
};

struct RecipeOptions {
  std::string preset = "standard";
  std::map<std::string, std::string> given{};

  void declare(CLI::App& app, RecipeScope scope);
  /// Throws Error USAGE.
  Recipe make() const;
};

}  // namespace quickbeam::cli
