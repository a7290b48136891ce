// SPDX-License-Identifier: BSD-3-Clause
// The SIMD steps of the reductions, one row at a time: tables of functions, one for each
// instruction set, of which the best for this machine is picked at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <quickbeam/core/mask.hpp>

#include "kernels/ops/bin.hpp"

namespace quickbeam::kernels {

/// Elements beyond its end that any function below may read or overwrite in a row.
inline constexpr std::size_t row_slack = 64;

/// The value that loses against every valid one. Integers: -1, for the maximum because valid
/// values are never negative, and for the minimum because it compares as unsigned there.
template <class W>
constexpr W fold_identity(Fold fold) {
  if constexpr (std::is_floating_point_v<W>)
    return fold == Fold::max ? -std::numeric_limits<W>::infinity()
                             : std::numeric_limits<W>::infinity();
  else
    return W{-1};
}

/// Rows being folded hold, in the place of masked pixels, any negative number (integers) or
/// fold_identity (floats); `sample` turns both into masked_value.
template <class W>
struct FoldKernels {
  /// line = row, masked.
  void (*start)(const W* row, std::size_t count, ValidRange<W> valid, W* line);
  /// out = fold(line, row, masked); out may be line.
  void (*add)(const W* row, std::size_t count, ValidRange<W> valid, const W* line, W* out);
  /// As start and add, for two rows: half the passes over the line.
  void (*start_two)(const W* first, const W* second, std::size_t count, ValidRange<W> valid,
                    W* line);
  void (*add_two)(const W* first, const W* second, std::size_t count, ValidRange<W> valid, W* line);
  /// out = fold(a, b); out may be a or b.
  void (*merge)(const W* a, const W* b, std::size_t count, W* out);
  /// prefix = fold(prefix, row, masked), line = fold(prefix, suffix).
  void (*add_merge)(const W* row, const W* suffix, std::size_t count, ValidRange<W> valid,
                    W* prefix, W* line);
  /// line[i] = fold(line[2 i], line[2 i + 1]) for every whole pair.
  void (*halve)(W* line, std::size_t count);
  /// line[i] = fold(line[i .. i + span)) where i + span <= count, for the span it returns:
  /// span <= window < 2 span + 1, so that two of them cover a window. In place, O(log window).
  std::size_t (*spread)(W* line, std::size_t count, std::size_t window);
  /// out[i] = fold(line[i step], line[i step + shift]), finished.
  void (*sample)(const W* line, std::size_t outputs, std::size_t step, std::size_t shift, W* out);
  /// As sample with step 1, but past the caches (the caller ends with hwy::FlushStream), and
  /// asking for the row `next` meanwhile.
  void (*stream)(const W* line, std::size_t outputs, std::size_t shift, W* out, const W* next);
};

/// The table for the best instruction set of this machine.
template <class W>
const FoldKernels<W>& fold_kernels(Fold fold);

/// Valid pixels of a column are counted in the integer as wide as the pixel.
template <class W>
using CountType = std::conditional_t<sizeof(W) == 4, std::int32_t, std::int64_t>;

/// A sum of 32-bit pixels and their number in one 64-bit integer, as long as no more than
/// `largest` pixels are added: the number in the upper bits, the sum below. Half the memory
/// traffic of keeping them apart.
struct PackedSum {
  static constexpr int sum_bits = 48;
  static constexpr std::int64_t one_pixel = std::int64_t{1} << sum_bits;
  static constexpr std::int64_t largest = (std::int64_t{1} << (63 - sum_bits)) - 1;
  static std::int64_t sum(std::int64_t packed) { return packed & (one_pixel - 1); }
  static std::int64_t count(std::int64_t packed) { return packed >> sum_bits; }
};

template <class W>
struct SumKernels {
  /// packed += row where valid; 32-bit integers only, else null.
  void (*add_packed)(const W* row, std::size_t count, ValidRange<W> valid, bool first,
                     std::int64_t* packed);
  /// sums += row, counts += 1 where valid; `first`: as if both were 0 before.
  void (*add)(const W* row, std::size_t count, ValidRange<W> valid, bool first, SumType<W>* sums,
              CountType<W>* counts);
  /// out = 1 where the flag is set and the pixel valid, else 0.
  void (*flag)(const W* row, const std::uint8_t* flags, std::size_t count, ValidRange<W> valid,
               W* out);
  /// out = masked_value where row is not valid. Never touches an element behind count.
  void (*restore)(const W* row, std::size_t count, ValidRange<W> valid, W* out);
};

template <class W>
const SumKernels<W>& sum_kernels();

}  // namespace quickbeam::kernels
