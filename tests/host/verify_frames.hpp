// SPDX-License-Identifier: BSD-3-Clause
// Small frames and recipes for the tests of `verify`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <quickbeam/files.hpp>
#include <quickbeam/verify.hpp>

#include "tests/host/plan_frames.hpp"
#include "tests/host/temporary_folder.hpp"

namespace quickbeam::test {

inline std::string write_cbf(const TemporaryFolder& folder, const std::string& name,
                             std::uint32_t seed) {
  const auto pixels = some_frame<std::int32_t>(seed);
  const std::string path = folder / name;
  save_cbf(path, ConstAnyView(ImageView<const std::int32_t>(pixels.data(), extent)),
           {.count_cutoff = cutoff});
  return path;
}

inline Recipe small_recipe(const std::string& name = "standard") {
  Recipe recipe = preset(name);
  if (recipe.reduce.factor == 0) recipe.reduce.factor = 4;
  for (Picture& picture : recipe.pictures)
    if (picture.size > 0) picture.size = picture.size / 64;  // so that small frames are resized
  return recipe;
}

inline VerifyReport verified(std::vector<std::string> inputs,
                             const Recipe& recipe = small_recipe()) {
  return verify({.recipe = recipe,
                 .inputs = std::move(inputs),
                 .targets = verify_targets("cpu"),
                 .threads = 2});
}

}  // namespace quickbeam::test
