// SPDX-License-Identifier: BSD-3-Clause
// Levels from exact percentiles, moments or raw histograms, with a floor for weak frames.
#include <quickbeam/levels.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "host/src/number_text.hpp"
#include "host/src/percentile_levels.hpp"
#include "host/src/percentiles.hpp"
#include "host/src/reduced_values.hpp"

namespace quickbeam {
namespace {

struct ModeText {
  LevelsMode mode;
  std::string_view prefix;
};
constexpr ModeText pair_modes[] = {{LevelsMode::percentiles, "pct:"},
                                   {LevelsMode::range, "range:"},
                                   {LevelsMode::raw_percentiles, "raw-pct:"}};
constexpr ModeText amount_modes[] = {{LevelsMode::sigma, "sigma:"}, {LevelsMode::dials, "dials:"}};

[[noreturn]] void refuse(std::string expected, std::string_view found) {
  fail({.code = ErrorCode::usage,
        .field = "levels",
        .expected = std::move(expected),
        .found = std::string(found)});
}

/// Holds for parsed and for hand-made requests alike.
void check(const Levels& levels, std::string_view text) {
  switch (levels.mode) {
    case LevelsMode::automatic:
      return;
    case LevelsMode::range:
      if (!(levels.low < levels.high)) refuse("two ascending numbers LO,HI", text);
      return;
    case LevelsMode::percentiles:
    case LevelsMode::raw_percentiles:
      if (!(0 <= levels.low && levels.low < levels.high && levels.high <= 100))
        refuse("two ascending percentages LO,HI from 0 to 100", text);
      return;
    case LevelsMode::sigma:
    case LevelsMode::dials:
      if (!(levels.amount > 0 && std::isfinite(levels.amount))) refuse("a number above 0", text);
      return;
  }
}

Levels parse_pair(LevelsMode mode, std::string_view whole, std::string_view numbers) {
  const std::size_t comma = std::min(numbers.find(','), numbers.size());
  const std::optional<double> low = parse_number(numbers.substr(0, comma));
  const std::optional<double> high =
      parse_number(numbers.substr(std::min(comma + 1, numbers.size())));
  if (!low || !high) refuse("two ascending numbers LO,HI", whole);
  return {.mode = mode, .low = *low, .high = *high};
}

Levels parse_amount(LevelsMode mode, std::string_view whole, std::string_view number) {
  const std::optional<double> amount = parse_number(number);
  if (!amount) refuse("a number above 0", whole);
  return {.mode = mode, .amount = *amount};
}

/// The percentiles of the measured pixels; empty when there are none.
template <class T>
std::vector<double> percentiles_of(ImageView<const T> image, const std::uint8_t* saturated,
                                   std::span<const double> percents) {
  OrderStatistics<T> values(static_cast<std::size_t>(image.extent.pixels()));
  for_each_measured(image, saturated, [&](T v) { values.add(v); });
  std::vector<double> percentiles;
  if (values.size() == 0) return percentiles;
  for (const double percent : percents)
    percentiles.push_back(interpolated_percentile(percent, values.size(),
                                                  [&](std::uint64_t i) { return values.at(i); }));
  return percentiles;
}

/// Two passes, so that counts around a large mean keep their digits.
template <class T>
LevelRange sigma_levels(ImageView<const T> image, const std::uint8_t* saturated, double sigmas,
                        double floor_counts) {
  double count = 0, sum = 0, squares = 0;
  for_each_measured(image, saturated, [&](T v) {
    count += 1;
    sum += static_cast<double>(v);
  });
  if (count == 0) return {};
  const double mean = sum / count;
  for_each_measured(image, saturated, [&](T v) {
    const double deviation = static_cast<double>(v) - mean;
    squares += deviation * deviation;
  });
  const double reach = sigmas * std::sqrt(squares / count);
  return with_floor(mean - reach, mean + reach, floor_counts);
}

/// Percentile over masked pixels (as 0) followed by the histogram.
double histogram_percentile(double percent, std::span<const std::uint64_t> counts,
                            std::uint64_t masked, std::uint64_t total) {
  return interpolated_percentile(percent, total, [&](std::uint64_t i) {
    if (i < masked) return 0.0;
    i -= masked;
    std::size_t value = 0;
    while (value + 1 < counts.size() && i >= counts[value]) i -= counts[value++];
    return static_cast<double>(value);
  });
}

}  // namespace

Levels parse_levels(std::string_view text) {
  if (text == "auto") return {};
  std::optional<Levels> levels;
  for (const auto& [mode, prefix] : pair_modes)
    if (text.starts_with(prefix)) levels = parse_pair(mode, text, text.substr(prefix.size()));
  for (const auto& [mode, prefix] : amount_modes)
    if (text.starts_with(prefix)) levels = parse_amount(mode, text, text.substr(prefix.size()));
  if (!levels)
    refuse("auto, pct:LO,HI, range:A,B, sigma:K, raw-pct:LO,HI or dials:BRIGHTNESS", text);
  check(*levels, text);
  return *levels;
}

std::string to_string(const Levels& levels) {
  for (const auto& [mode, prefix] : pair_modes)
    if (mode == levels.mode)
      return std::string(prefix) + number_text(levels.low) + "," + number_text(levels.high);
  for (const auto& [mode, prefix] : amount_modes)
    if (mode == levels.mode) return std::string(prefix) + number_text(levels.amount);
  return "auto";
}

LevelRange compute_levels(const ReducedImage& image, const Levels& levels, const Tone& tone,
                          double floor_counts) {
  check(levels, to_string(levels));
  if (levels.mode == LevelsMode::range) return {levels.low, levels.high};
  if (needs_raw_histogram(levels))
    refuse("levels from the reduced pixels", to_string(levels) + " without the raw histogram");
  const auto* saturated = image.saturated.as<const std::uint8_t>().data;
  if (levels.mode == LevelsMode::sigma)
    return visit_values(image, [&](auto values) {
      return sigma_levels(values, saturated, levels.amount, floor_counts);
    });
  const std::vector<double> percents = percents_needed(levels, tone);
  const std::vector<double> percentiles =
      visit_values(image, [&](auto values) { return percentiles_of(values, saturated, percents); });
  return levels_from_percentiles(levels, tone, percentiles, floor_counts);
}

LevelRange levels_from_histogram(std::span<const std::uint64_t> counts_by_value,
                                 std::uint64_t masked_pixels, const Levels& levels,
                                 double floor_counts) {
  if (!needs_raw_histogram(levels))
    refuse("raw-pct or dials with a raw histogram", to_string(levels));
  check(levels, to_string(levels));
  std::uint64_t total = masked_pixels;
  for (const std::uint64_t count : counts_by_value) total += count;
  if (total == 0) return {};
  const auto percentile = [&](double percent) {
    return histogram_percentile(percent, counts_by_value, masked_pixels, total);
  };
  if (levels.mode == LevelsMode::raw_percentiles)
    return with_floor(percentile(levels.low), percentile(levels.high), floor_counts);
  const double p90 = percentile(90);
  return {0, (p90 > 0 ? 250 * p90 : 500) / levels.amount};
}

}  // namespace quickbeam
