// SPDX-License-Identifier: BSD-3-Clause
// What the value of one reduced pixel is when a frame is cut into blocks: the definition of the
// block maximum, minimum, sum and mean, for every backend.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/image_view.hpp>
#include <quickbeam/core/macros.hpp>
#include <quickbeam/core/mask.hpp>

namespace quickbeam::kernels {

/// A reduced pixel, and whether a saturated pixel went into it.
template <class T>
struct Reduced {
  T value;
  bool saturated;
};

/// A frame in device or host memory, and how its pixels are to be understood.
template <class W>
struct Counts {
  ImageView<const W> pixels;
  const std::uint8_t* flags = nullptr;  ///< width x height, 1 = saturated; null: compare instead
  ValidRange<W> valid{};
  W saturation = std::numeric_limits<W>::max();  ///< the highest unsaturated value

  /// Precondition: the pixel is valid.
  QUICKBEAM_HD bool is_saturated(std::int64_t x, std::int64_t y) const {
    return flags != nullptr ? flags[y * pixels.extent.width + x] != 0 : pixels(x, y) > saturation;
  }
};

/// The sum of integers is an integer and exact as long as it fits int64 (it wraps beyond);
/// floating-point pixels are added in double.
template <class W>
using SumType = std::conditional_t<std::is_floating_point_v<W>, double, std::int64_t>;

/// Adds modulo 2^64 for integers, so that no input is undefined behaviour.
template <class S>
QUICKBEAM_HD constexpr S add_counts(S a, S b) {
  if constexpr (std::is_floating_point_v<S>)
    return a + b;
  else
    return static_cast<S>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

/// All that is gathered from one block.
template <class W>
struct BlockTotal {
  SumType<W> sum = 0;
  std::int64_t valid = 0;   ///< valid pixels
  std::int64_t pixels = 0;  ///< all pixels
  bool saturated = false;
};

/// Adds up block (x, y). Exact: each column from top to bottom, then the columns from left to
/// right, in double for floating-point pixels; the order is part of the definition.
template <class W>
QUICKBEAM_HD BlockTotal<W> block_total(const Counts<W>& in, std::int64_t factor, std::int64_t x,
                                       std::int64_t y) {
  BlockTotal<W> total;
  const Extent size = in.pixels.extent;
  for (std::int64_t ix = x * factor; ix < (x + 1) * factor && ix < size.width; ++ix) {
    SumType<W> column = 0;
    for (std::int64_t iy = y * factor; iy < (y + 1) * factor && iy < size.height; ++iy) {
      ++total.pixels;
      const W value = in.pixels(ix, iy);
      if (!in.valid(value)) continue;
      column = add_counts(column, static_cast<SumType<W>>(value));
      ++total.valid;
      total.saturated |= in.is_saturated(ix, iy);
    }
    total.sum = add_counts(total.sum, column);
  }
  return total;
}

/// Sum of the valid pixels. Exact (see block_total).
template <class W>
struct BlockSum {
  using value_type = SumType<W>;
  Counts<W> in;
  std::int64_t factor;
  QUICKBEAM_HD Reduced<value_type> operator()(std::int64_t x, std::int64_t y) const {
    const BlockTotal<W> total = block_total(in, factor, x, y);
    return {total.valid == 0 ? masked_value<value_type>() : total.sum, total.saturated};
  }
};

/// Sum of the valid pixels times all pixels, divided by the valid ones, in double and in this
/// order. Exact.
template <class W>
struct BlockScaledSum {
  using value_type = double;
  Counts<W> in;
  std::int64_t factor;
  QUICKBEAM_HD static double of(SumType<W> sum, std::int64_t valid, std::int64_t pixels) {
    if (valid == 0) return masked_value<double>();
    return static_cast<double>(sum) * static_cast<double>(pixels) / static_cast<double>(valid);
  }
  QUICKBEAM_HD Reduced<double> operator()(std::int64_t x, std::int64_t y) const {
    const BlockTotal<W> total = block_total(in, factor, x, y);
    return {of(total.sum, total.valid, total.pixels), total.saturated};
  }
};

/// Mean of the valid pixels: one double division of the sum by their number. Exact.
template <class W>
struct BlockMean {
  using value_type = double;
  Counts<W> in;
  std::int64_t factor;
  QUICKBEAM_HD static double of(SumType<W> sum, std::int64_t valid) {
    if (valid == 0) return masked_value<double>();
    return static_cast<double>(sum) / static_cast<double>(valid);
  }
  QUICKBEAM_HD Reduced<double> operator()(std::int64_t x, std::int64_t y) const {
    const BlockTotal<W> total = block_total(in, factor, x, y);
    return {of(total.sum, total.valid), total.saturated};
  }
};

/// Which of two values a fold keeps.
enum class Fold : std::uint8_t { max, min };

/// Largest or smallest valid pixel of the columns [x0, x1) and rows [y0, y1). Exact; a zero comes
/// out as +0, so that the order of comparisons cannot be seen.
template <class W>
QUICKBEAM_HD Reduced<W> fold_window(const Counts<W>& in, Fold fold, std::int64_t x0,
                                    std::int64_t x1, std::int64_t y0, std::int64_t y1) {
  Reduced<W> result{masked_value<W>(), false};
  bool any = false;
  for (std::int64_t iy = y0; iy < y1; ++iy) {
    for (std::int64_t ix = x0; ix < x1; ++ix) {
      const W value = in.pixels(ix, iy);
      if (!in.valid(value)) continue;
      const bool better = fold == Fold::max ? value > result.value : value < result.value;
      if (!any || better) result.value = value + W{0};
      any = true;
      result.saturated |= in.is_saturated(ix, iy);
    }
  }
  return result;
}

/// Largest or smallest valid pixel of a block. Exact (see fold_window).
template <class W>
struct BlockFold {
  using value_type = W;
  Counts<W> in;
  std::int64_t factor;
  Fold fold;
  QUICKBEAM_HD Reduced<W> operator()(std::int64_t x, std::int64_t y) const {
    const Extent size = in.pixels.extent;
    const std::int64_t x1 = (x + 1) * factor, y1 = (y + 1) * factor;
    return fold_window(in, fold, x * factor, x1 < size.width ? x1 : size.width, y * factor,
                       y1 < size.height ? y1 : size.height);
  }
};

}  // namespace quickbeam::kernels
