// SPDX-License-Identifier: BSD-3-Clause
// Which pixels of one axis each output pixel looks at.
#pragma once

#include <algorithm>
#include <cstdint>

#include <quickbeam/core/macros.hpp>
#include <quickbeam/core/reduce_spec.hpp>

#include "kernels/ops/dilate.hpp"

namespace quickbeam::kernels {

/// Output i looks at [i step - before, i step - before + window), cut to [0, size).
struct WindowAxis {
  std::int64_t size = 0;
  std::int64_t outputs = 0;
  std::int64_t step = 1;
  std::int64_t before = 0;
  std::int64_t window = 1;

  QUICKBEAM_HD constexpr std::int64_t after() const { return window - 1 - before; }
  /// The first pixel that output i looks at.
  QUICKBEAM_HD constexpr std::int64_t begin(std::int64_t i) const {
    const std::int64_t begin = i * step - before;
    return begin < 0 ? 0 : begin;
  }
  /// The pixel behind the last one that output i looks at.
  QUICKBEAM_HD constexpr std::int64_t end(std::int64_t i) const {
    const std::int64_t end = i * step - before + window;
    return end < size ? end : size;
  }
};

/// The axis of a window of any length: pixels beyond the far ends of the image are not asked for,
/// so that memory and time depend on the image only.
inline WindowAxis window_axis(std::int64_t size, std::int64_t outputs, std::int64_t step,
                              std::int64_t before, std::int64_t after) {
  const std::int64_t reach = std::max<std::int64_t>(size - 1, 0);
  before = std::min(before, reach);
  return {size, outputs, step, before, before + std::min(after, reach) + 1};
}

inline WindowAxis window_axis(std::int64_t size, std::int64_t outputs, const ReduceSpec& spec) {
  if (spec.op != ReduceOp::dilate)
    return window_axis(size, outputs, spec.factor, 0, spec.factor - 1);
  return window_axis(size, outputs, spec.factor, window_before(spec.window),
                     window_after(spec.window));
}

}  // namespace quickbeam::kernels
