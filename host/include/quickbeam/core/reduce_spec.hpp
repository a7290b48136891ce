// SPDX-License-Identifier: BSD-3-Clause
// What a reduction of a frame does, in plain numbers: shared by the recipe and the kernels.
#pragma once

#include <cstdint>

namespace quickbeam {

enum class ReduceOp : std::uint8_t { max, min, sum, mean, dilate };
/// Remainder blocks at the right and the bottom: dropped, or reduced as they are.
enum class Edge : std::uint8_t { crop, partial };
/// A block's sum as it is, or times total/valid pixels (in double).
enum class SumScale : std::uint8_t { none, valid_fraction };
/// After a dilation: whether positions masked in the input are masked in the output.
enum class MaskRestore : std::uint8_t { no, yes };

/// The definitions of the operations are in kernels/ops.
struct ReduceSpec {
  ReduceOp op = ReduceOp::max;
  std::int32_t factor = 1;  ///< block edge; for dilate: the sampling step, output (X, Y) sits at
                            ///< input (factor X, factor Y)
  std::int32_t window = 1;  ///< dilate only: edge of the square, covering [-(w-1)/2, +w/2]
  Edge edge = Edge::crop;   ///< blocks only; dilate samples every position factor*i < size
  SumScale sum_scale = SumScale::none;
  MaskRestore restore = MaskRestore::yes;
};

}  // namespace quickbeam
