// SPDX-License-Identifier: BSD-3-Clause
// What happens to a decoded row before it is reduced: masked, counted, clipped, added to others.
#pragma once

#include <cstdint>
#include <span>

#include <quickbeam/core/mask.hpp>

namespace quickbeam::kernels {

/// Values of a histogram of raw pixels: counts[v] for v < size-1, the last bin takes everything
/// above.
inline constexpr std::size_t raw_histogram_bins = 65536;

/// row[i] = masked_value where mask[i] != 0.
template <class W>
void mask_row(std::span<W> row, const std::uint8_t* mask);

/// Counts the valid pixels up to `saturation` that are not flagged in `saturated` (null: none is);
/// floats are counted by their floor, below 0 as 0.
template <class W>
void count_row(std::span<const W> row, ValidRange<W> valid, W saturation,
               const std::uint8_t* saturated, std::span<std::uint64_t> counts);

/// Valid values above `highest` become `highest`.
template <class W>
void clip_row(std::span<W> row, ValidRange<W> valid, W highest);

/// Adds `row` to `sum` (double the width: i64 or f64). A pixel masked in any frame is masked in the
/// sum; `saturated[i]` is set when it is above `saturation` in any frame. Exact for integers.
template <class W, class Sum>
void add_row(std::span<const W> row, ValidRange<W> valid, W saturation, Sum* sum,
             std::uint8_t* saturated);

}  // namespace quickbeam::kernels
