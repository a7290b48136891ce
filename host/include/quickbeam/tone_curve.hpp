// SPDX-License-Identifier: BSD-3-Clause
// The tone: how values between two levels spread over the greys, evaluated once as thresholds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <quickbeam/core/image.hpp>
#include <quickbeam/core/palette.hpp>

namespace quickbeam {

/// The position p of a value v between the levels low and high, 0 at low and 1 at high. With
/// u = (v - low) / (high - low):
///
/// - linear: p = u
/// - sqrt: p = sqrt(u)
/// - gamma: p = u^gamma
/// - log: p = log((1 + v) / (1 + a)) / log((1 + high) / (1 + a)), a = max(low, 0). One count is
///   added so that 0, 1, 2 counts are told apart and large counts still fall on a true logarithm;
///   values <= 0 take the lowest grey.
/// - asinh: p = (asinh v - asinh low) / (asinh high - asinh low): as log for counts, and
///   symmetric for values below 0.
/// - equalize: p = share of the pixels between the levels that lie below v (make_equalize_table).
enum class ToneCurve : std::uint8_t { linear, log, sqrt, asinh, gamma, equalize };

/// A curve and, for ToneCurve::gamma, its exponent (below 1 lifts weak values).
struct Tone {
  ToneCurve curve = ToneCurve::log;
  double gamma = 1.0;
  friend bool operator==(const Tone&, const Tone&) = default;
};

/// Reads "linear", "log", "sqrt", "asinh", "gamma:G" (G > 0) or "equalize". Throws Error USAGE.
Tone parse_tone(std::string_view text);

/// The text that parse_tone reads.
std::string to_string(const Tone& tone);

/// Threshold k (k = 1 .. 253) is the smallest value whose position reaches k/254, from the inverse
/// of the curve, so grey(v) = min(253, floor(254 p)). A threshold within 1e-12 (relative) of a
/// whole number is that number: counts that lie on a step do not hang on the last bit of the
/// machine's logarithm.
///
/// When there is no scale (high <= low, or a level not finite) the picture is one step: every value
/// above low takes the highest grey; with a low that is not finite, every value the lowest.
/// Throws Error USAGE for an exponent that is not positive and finite, and for equalize.
ToneTable make_tone_table(const Tone& tone, double low, double high);

/// Histogram equalisation: the thresholds part the valid, unsaturated values of `image` between the
/// levels into equal shares, with straight lines inside each of `bins` equal bins. Without such
/// values the table is linear. Throws Error USAGE for bins < 1 or > 2^20, UNSUPPORTED for values
/// not in i32, i64, f32 or f64.
ToneTable make_equalize_table(const ReducedImage& image, double low, double high, int bins = 64);

}  // namespace quickbeam
