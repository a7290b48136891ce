// SPDX-License-Identifier: BSD-3-Clause
// Thresholds by the inverse of each tone curve, in double.
#include <quickbeam/tone_curve.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "host/src/number_text.hpp"
#include "host/src/reduced_values.hpp"

namespace quickbeam {
namespace {

constexpr std::string_view curve_names[] = {"linear", "log", "sqrt", "asinh", "gamma", "equalize"};
constexpr double infinity = std::numeric_limits<double>::infinity();

[[noreturn]] void refuse(std::string found) {
  fail({.code = ErrorCode::usage,
        .field = "tone",
        .expected = "linear, log, sqrt, asinh, equalize or gamma:G with a number G > 0",
        .found = std::move(found)});
}

/// One step just above low, or none when low is not a number a value can be compared with.
ToneTable single_step(double low) {
  ToneTable table;
  table.fill(std::isfinite(low) ? std::nextafter(low, infinity) : infinity);
  return table;
}

/// The value at position k/254 of `tone`. Whole-number arithmetic before the division keeps the
/// thresholds of linear and sqrt exact where they can be.
double value_at(const Tone& tone, double low, double high, int k) {
  const double part = static_cast<double>(k) / grey_levels;
  switch (tone.curve) {
    case ToneCurve::linear:
    case ToneCurve::equalize:
      return low + (high - low) * k / grey_levels;
    case ToneCurve::sqrt:
      return low + (high - low) * (k * k) / (grey_levels * grey_levels);
    case ToneCurve::gamma:
      return low + (high - low) * std::pow(part, 1 / tone.gamma);
    case ToneCurve::log: {
      const double start = 1 + std::max(low, 0.0);
      return start * std::pow((1 + high) / start, part) - 1;
    }
    case ToneCurve::asinh:
      return std::sinh(std::asinh(low) + (std::asinh(high) - std::asinh(low)) * part);
  }
  return low;
}

double snapped_to_whole(double value) {
  const double whole = std::round(value);
  return std::abs(value - whole) <= 1e-12 * std::max(1.0, std::abs(whole)) ? whole : value;
}

/// Pixels in each of `bins` equal parts of [low, high].
std::vector<double> histogram_of(const ReducedImage& image, double low, double high, int bins) {
  std::vector<double> counts(static_cast<std::size_t>(bins));
  const auto* saturated = image.saturated.as<const std::uint8_t>().data;
  visit_values(image, [&](auto values) {
    for_each_measured(values, saturated, [&](auto v) {
      const double x = static_cast<double>(v);
      if (x < low || x > high) return;
      const double bin = std::min((x - low) / (high - low) * bins, bins - 1.0);
      counts[static_cast<std::size_t>(bin)] += 1;
    });
  });
  return counts;
}

/// Walks the cumulated histogram once: both it and the thresholds ascend.
ToneTable thresholds_of_shares(const std::vector<double>& counts, double total, double low,
                               double high) {
  ToneTable table;
  std::size_t bin = 0;
  double below = 0;
  const double width = (high - low) / static_cast<double>(counts.size());
  for (std::size_t k = 0; k < table.size(); ++k) {
    const double wanted = total * static_cast<double>(k + 1) / grey_levels;
    while (bin + 1 < counts.size() && below + counts[bin] < wanted) below += counts[bin++];
    const double inside = counts[bin] > 0 ? std::min((wanted - below) / counts[bin], 1.0) : 1.0;
    table[k] = low + (static_cast<double>(bin) + inside) * width;
  }
  return table;
}

}  // namespace

Tone parse_tone(std::string_view text) {
  for (std::size_t i = 0; i < std::size(curve_names); ++i)
    if (text == curve_names[i] && static_cast<ToneCurve>(i) != ToneCurve::gamma)
      return {static_cast<ToneCurve>(i), 1.0};
  constexpr std::string_view prefix = "gamma:";
  if (!text.starts_with(prefix)) refuse(std::string(text));
  const std::optional<double> gamma = parse_number(text.substr(prefix.size()));
  if (!gamma || *gamma <= 0) refuse(std::string(text));
  return {ToneCurve::gamma, *gamma};
}

std::string to_string(const Tone& tone) {
  std::string text(curve_names[static_cast<std::size_t>(tone.curve)]);
  if (tone.curve == ToneCurve::gamma) text += ":" + number_text(tone.gamma);
  return text;
}

ToneTable make_tone_table(const Tone& tone, double low, double high) {
  if (tone.curve == ToneCurve::equalize) refuse("equalize without an image");
  if (tone.curve == ToneCurve::gamma && !(tone.gamma > 0 && std::isfinite(tone.gamma)))
    refuse("gamma:" + number_text(tone.gamma));
  if (!std::isfinite(low) || !std::isfinite(high)) return single_step(low);
  // Beyond any measurement, and the products below stay finite.
  low = std::clamp(low, -1e300, 1e300);
  high = std::clamp(high, -1e300, 1e300);
  const double start = tone.curve == ToneCurve::log ? std::max(low, 0.0) : low;
  if (!(high > start)) return single_step(start);
  ToneTable table;
  double previous = start;
  for (std::size_t k = 0; k < table.size(); ++k) {
    const double value = snapped_to_whole(value_at(tone, low, high, static_cast<int>(k) + 1));
    previous = table[k] = std::clamp(value, previous, high);
  }
  return table;
}

ToneTable make_equalize_table(const ReducedImage& image, double low, double high, int bins) {
  constexpr int most_bins = 1 << 20;
  if (bins < 1 || bins > most_bins)
    fail({.code = ErrorCode::usage,
          .field = "equalize",
          .expected = "1 to 1048576 bins",
          .found = std::to_string(bins)});
  if (!(high > low) || !std::isfinite(high - low))
    return make_tone_table({ToneCurve::linear}, low, high);
  const std::vector<double> counts = histogram_of(image, low, high, bins);
  double total = 0;
  for (const double count : counts) total += count;
  if (total == 0) return make_tone_table({ToneCurve::linear}, low, high);
  return thresholds_of_shares(counts, total, low, high);
}

}  // namespace quickbeam
