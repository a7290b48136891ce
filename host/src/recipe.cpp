// SPDX-License-Identifier: BSD-3-Clause
// Recipes as text: one table of options, used by the command line, configuration files and records.
#include <quickbeam/recipe.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <quickbeam/core/error.hpp>

namespace quickbeam {
namespace {

[[noreturn]] void fail_option(std::string_view option, std::string expected,
                              std::string_view found) {
  fail({.code = ErrorCode::usage,
        .field = "--" + std::string(option),
        .expected = std::move(expected),
        .found = found.empty() ? "nothing" : std::string(found)});
}

template <class Number>
Number parse_number(std::string_view option, std::string_view text, Number lowest, Number highest) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= lowest) ||
      !(value <= highest))
    fail_option(option,
                "a number from " + std::to_string(lowest) + " to " + std::to_string(highest), text);
  return value;
}

std::string number_text(double value) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

/// Words for the values of an enum: the n-th word is the value n.
template <class Enum, std::size_t n>
Enum parse_word(std::string_view option, std::string_view text,
                const std::array<std::string_view, n>& words) {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) {
    std::string expected = "one of";
    for (const auto word : words) expected += " " + std::string(word);
    fail_option(option, expected, text);
  }
  return static_cast<Enum>(found - words.begin());
}

template <class Enum, std::size_t n>
std::string word_of(Enum value, const std::array<std::string_view, n>& words) {
  return std::string(words[static_cast<std::size_t>(value)]);
}

constexpr std::array<std::string_view, 5> reduce_words{"max", "min", "sum", "mean", "dilate"};
constexpr std::array<std::string_view, 2> edge_words{"crop", "partial"};
constexpr std::array<std::string_view, 2> scale_words{"none", "valid"};
constexpr std::array<std::string_view, 2> yes_words{"no", "yes"};
constexpr std::array<std::string_view, 2> from_words{"frame", "collection"};
constexpr std::array<std::string_view, 2> format_words{"png", "jpeg"};
constexpr std::int32_t largest = 1 << 20;

void set_reduce(Recipe& r, std::string_view text) {
  if (text == "none") {
    r.reduce.op = ReduceOp::max;
    r.reduce.factor = 1;
  } else {
    if (r.reduce.factor == 1) r.reduce.factor = 0;
    r.reduce.op = parse_word<ReduceOp>("reduce", text, reduce_words);
  }
}

std::string reduce_text(const Recipe& r) {
  if (r.reduce.op == ReduceOp::max && r.reduce.factor == 1) return "none";
  return word_of(r.reduce.op, reduce_words);
}

void set_saturation(Recipe& r, std::string_view text) {
  if (text == "header")
    r.saturation_from = SaturationFrom::header;
  else if (text == "none")
    r.saturation_from = SaturationFrom::nothing;
  else {
    r.saturation_from = SaturationFrom::value;
    r.saturation = parse_number("saturation", text, 0.0, 1e300);
  }
}

std::string saturation_text(const Recipe& r) {
  if (r.saturation_from == SaturationFrom::header) return "header";
  return r.saturation_from == SaturationFrom::nothing ? "none" : number_text(r.saturation);
}

void set_size(Recipe& r, std::string_view text) {
  r.size = parse_number("size", text, 1, largest);
  std::int32_t longest = 0;
  for (const Picture& picture : r.pictures) longest = std::max(longest, picture.size);
  // A recipe that resamples keeps its reduction and resamples to this size, several pictures in
  // their ratio; any other reduces to it.
  if (longest == 0) r.reduce.factor = 0;
  for (Picture& picture : r.pictures)
    if (picture.size > 0)
      picture.size = static_cast<std::int32_t>(
          std::max<std::int64_t>(1, std::int64_t{picture.size} * r.size / longest));
}

void set_factor(Recipe& r, std::string_view text) {
  r.reduce.factor = parse_number("factor", text, 1, largest);
}

void set_format(Recipe& r, std::string_view text) {
  const auto format =
      parse_word<PictureFormat>("format", text == "jpg" ? "jpeg" : text, format_words);
  for (Picture& picture : r.pictures) {
    if (picture.format == format) continue;
    picture.format = format;
    picture.suffix =
        picture.suffix.substr(0, picture.suffix.rfind('.')) + "." + word_of(format, format_words);
  }
}

struct Option {
  std::string_view name;
  void (*set)(Recipe&, std::string_view);
  std::string (*get)(const Recipe&);
};

constexpr Option options[] = {
    {"reduce", set_reduce, reduce_text},
    {"size", set_size, [](const Recipe& r) { return std::to_string(r.size); }},
    {"factor", set_factor, [](const Recipe& r) { return std::to_string(r.reduce.factor); }},
    {"window",
     [](Recipe& r, std::string_view t) { r.reduce.window = parse_number("window", t, 1, largest); },
     [](const Recipe& r) { return std::to_string(r.reduce.window); }},
    {"edge",
     [](Recipe& r, std::string_view t) { r.reduce.edge = parse_word<Edge>("edge", t, edge_words); },
     [](const Recipe& r) { return word_of(r.reduce.edge, edge_words); }},
    {"sum-scale",
     [](Recipe& r, std::string_view t) {
       r.reduce.sum_scale = parse_word<SumScale>("sum-scale", t, scale_words);
     },
     [](const Recipe& r) { return word_of(r.reduce.sum_scale, scale_words); }},
    {"restore-mask",
     [](Recipe& r, std::string_view t) {
       r.reduce.restore = parse_word<MaskRestore>("restore-mask", t, yes_words);
     },
     [](const Recipe& r) { return word_of(r.reduce.restore, yes_words); }},
    {"sum", [](Recipe& r, std::string_view t) { r.sum_frames = parse_number("sum", t, 1, 100000); },
     [](const Recipe& r) { return std::to_string(r.sum_frames); }},
    {"saturation", set_saturation, saturation_text},
    {"tone", [](Recipe& r, std::string_view t) { r.tone = parse_tone(t); },
     [](const Recipe& r) { return to_string(r.tone); }},
    {"levels", [](Recipe& r, std::string_view t) { r.levels = parse_levels(t); },
     [](const Recipe& r) { return to_string(r.levels); }},
    {"levels-from",
     [](Recipe& r, std::string_view t) {
       r.levels_from = parse_word<LevelsFrom>("levels-from", t, from_words);
     },
     [](const Recipe& r) { return word_of(r.levels_from, from_words); }},
    {"floor", [](Recipe& r, std::string_view t) { r.floor = parse_number("floor", t, 0.0, 1e300); },
     [](const Recipe& r) { return number_text(r.floor); }},
    {"palette", [](Recipe& r, std::string_view t) { r.palette = parse_palette(t); },
     [](const Recipe& r) { return std::string(to_string(r.palette)); }},
    {"format", set_format,
     [](const Recipe& r) { return word_of(r.pictures.front().format, format_words); }},
    {"quality",
     [](Recipe& r, std::string_view t) {
       const int quality = parse_number("quality", t, 1, 100);
       for (Picture& picture : r.pictures) picture.quality = quality;
     },
     [](const Recipe& r) { return std::to_string(r.pictures.front().quality); }},
};

}  // namespace

void set_option(Recipe& recipe, std::string_view name, std::string_view value) {
  for (const Option& option : options)
    if (option.name == name) return option.set(recipe, value);
  fail({.code = ErrorCode::usage,
        .field = "option",
        .expected = "an option of a recipe",
        .found = std::string(name)});
}

std::vector<std::pair<std::string, std::string>> to_options(const Recipe& recipe) {
  std::vector<std::pair<std::string, std::string>> list;
  for (const Option& option : options) {
    // "0" stands for "derived from the frame" and is no value to set.
    const std::string value = option.get(recipe);
    if (value != "0" || option.name == "floor") list.emplace_back(option.name, value);
  }
  return list;
}

void validate(const Recipe& recipe) {
  if (recipe.pictures.empty()) fail_option("format", "at least one picture", "none");
  if (recipe.reduce.window > 1 && recipe.reduce.op != ReduceOp::dilate)
    fail_option("window", "--reduce dilate beside it", "another reduction");
  if (recipe.reduce.sum_scale != SumScale::none && recipe.reduce.op != ReduceOp::sum)
    fail_option("sum-scale", "--reduce sum beside it", "another reduction");
}

std::int32_t resolved_factor(const Recipe& recipe, Extent frame) {
  if (recipe.reduce.factor > 0) return recipe.reduce.factor;
  const std::int64_t longest = std::max<std::int64_t>({1, frame.width, frame.height});
  return static_cast<std::int32_t>((longest + recipe.size - 1) / recipe.size);
}

ReduceSpec resolved_spec(const Recipe& recipe, Extent frame) {
  ReduceSpec spec = recipe.reduce;
  spec.factor = resolved_factor(recipe, frame);
  if (spec.window < 1) spec.window = spec.op == ReduceOp::dilate ? spec.factor : 1;
  return spec;
}

}  // namespace quickbeam
