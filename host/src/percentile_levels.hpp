// SPDX-License-Identifier: BSD-3-Clause
// Levels from percentiles, wherever those were measured: on the host by compute_levels, or on a
// device by kernels/levels_cuda.hpp. The same numbers give the same levels to the bit.
#pragma once

#include <span>
#include <vector>

#include <quickbeam/levels.hpp>

namespace quickbeam {

/// The percentiles of the reduced pixels that levels_from_percentiles wants, at most 4; none for
/// the modes that use no percentiles of reduced pixels. (Sigma levels add values up in the order of
/// the pixels, and equalisation counts them between the levels: both stay on the host, where one
/// reduced image is little work.)
std::vector<double> percents_needed(const Levels& levels, const Tone& tone);

/// Levels of automatic, percentiles and range. `percentiles`: the values of percents_needed, in
/// that order, each percentile_between (kernels/ops/percentile.hpp) of two measured values; empty
/// when no pixel is measured, which gives {0, 1}. Precondition: `levels` is what parse_levels
/// gives.
LevelRange levels_from_percentiles(const Levels& levels, const Tone& tone,
                                   std::span<const double> percentiles, double floor_counts);

/// {low, high} with high at least `floor_counts`, and never so close to low that no scale is left
/// between them; sums that left the range of double come back into it. {0, 1} for NaN.
LevelRange with_floor(double low, double high, double floor_counts);

}  // namespace quickbeam
