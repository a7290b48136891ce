// SPDX-License-Identifier: BSD-3-Clause
// Recipes: presets, options as text, and what contradicts itself.
#include <gtest/gtest.h>

#include <quickbeam/core/error.hpp>
#include <quickbeam/recipe.hpp>

namespace quickbeam {
namespace {

std::string text_of(const Recipe& recipe) {
  std::string text;
  for (const auto& [name, value] : to_options(recipe)) text += name + "=" + value + "\n";
  return text;
}

ErrorInfo fault_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.info();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(Recipe, EveryPresetSurvivesItsOwnText) {
  for (const auto name : preset_names()) {
    SCOPED_TRACE(name);
    const Recipe made = preset(name);
    validate(made);
    Recipe again = preset(name);
    for (const auto& [option, value] : to_options(made))
      if (option != "size") set_option(again, option, value);  // size would undo a factor
    EXPECT_EQ(text_of(again), text_of(made));
  }
}

TEST(Recipe, AnOptionOverridesThePreset) {
  Recipe recipe = preset("seed");
  set_option(recipe, "palette", "magma");
  set_option(recipe, "window", "4");
  EXPECT_EQ(recipe.palette, PaletteName::magma);
  EXPECT_EQ(recipe.reduce.window, 4);
  EXPECT_EQ(recipe.reduce.factor, 10);
}

TEST(Recipe, SizeGivesTheSmallestFactorThatFits) {
  Recipe recipe = preset("standard");
  EXPECT_EQ(resolved_factor(recipe, {2463, 2527}), 9);
  set_option(recipe, "size", "2527");
  EXPECT_EQ(resolved_factor(recipe, {2463, 2527}), 1);
  set_option(recipe, "size", "2526");
  EXPECT_EQ(resolved_factor(recipe, {2463, 2527}), 2);
  EXPECT_EQ(resolved_factor(recipe, {10, 20}), 1);
}

TEST(Recipe, SizeKeepsTheRatioOfSeveralPictures) {
  Recipe recipe = preset("ispyb");
  set_option(recipe, "size", "512");
  EXPECT_EQ(recipe.pictures[0].size, 512);
  EXPECT_EQ(recipe.pictures[1].size, 128);
  EXPECT_EQ(recipe.reduce.factor, 2) << "the detail kept for resampling does not change";
}

TEST(Recipe, FormatChangesTheSuffix) {
  Recipe recipe = preset("ispyb");
  set_option(recipe, "format", "png");
  EXPECT_EQ(recipe.pictures[1].suffix, ".thumb.png");
}

TEST(Recipe, WindowOfADilationIsItsStepUnlessGiven) {
  Recipe recipe = preset("standard");
  set_option(recipe, "reduce", "dilate");
  EXPECT_EQ(resolved_spec(recipe, {2463, 2527}).window, 9);
}

TEST(Recipe, BadValuesNameTheOptionAndWhatWasExpected) {
  Recipe recipe;
  for (const auto& [option, value] :
       std::vector<std::pair<std::string, std::string>>{{"reduce", "maximum"},
                                                        {"factor", "0"},
                                                        {"factor", "10x"},
                                                        {"factor", "-3"},
                                                        {"size", ""},
                                                        {"window", "1e3"},
                                                        {"sum", "0"},
                                                        {"saturation", "much"},
                                                        {"tone", "logarithm"},
                                                        {"levels", "pct:5"},
                                                        {"palette", "grey-ish"},
                                                        {"quality", "101"},
                                                        {"floor", "nan"},
                                                        {"edge", "both"},
                                                        {"format", "gif"}}) {
    SCOPED_TRACE(option + "=" + value);
    const ErrorInfo fault = fault_of([&] { set_option(recipe, option, value); });
    EXPECT_EQ(fault.code, ErrorCode::usage);
    EXPECT_FALSE(fault.expected.empty());
  }
  EXPECT_EQ(fault_of([&] { set_option(recipe, "colour", "red"); }).code, ErrorCode::usage);
  EXPECT_NE(fault_of([] { preset("nice"); }).expected.find("edna-pilatus"), std::string::npos);
}

TEST(Recipe, ContradictionsAreRefused) {
  Recipe recipe;
  set_option(recipe, "window", "5");
  EXPECT_EQ(fault_of([&] { validate(recipe); }).field, "--window");
  recipe = {};
  set_option(recipe, "sum-scale", "valid");
  EXPECT_EQ(fault_of([&] { validate(recipe); }).field, "--sum-scale");
}

}  // namespace
}  // namespace quickbeam
