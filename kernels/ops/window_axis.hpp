// SPDX-License-Identifier: BSD-3-Clause
// Which pixels of one axis each output pixel looks at.
#pragma once

#include <algorithm>
#include <cstdint>

#include <quickbeam/core/macros.hpp>
#include <quickbeam/core/reduce_spec.hpp>

#include "kernels/ops/dilate.hpp"

namespace quickbeam::kernels {

/// Output i looks at [i step - before, i step - before + window), cut to [0, size). I: an integer,
/// also an unsigned one: nothing is below 0 on the way, nor above 2 size.
template <class I>
struct WindowAxisOf {
  I size = 0;
  I outputs = 0;
  I step = 1;
  I before = 0;
  I window = 1;

  QUICKBEAM_HD constexpr I after() const { return window - 1 - before; }
  /// The first pixel that output i looks at.
  QUICKBEAM_HD constexpr I begin(I i) const {
    const I at = i * step;
    return at < before ? 0 : at - before;
  }
  /// The pixel behind the last one that output i looks at.
  QUICKBEAM_HD constexpr I end(I i) const {
    const I end = i * step + (window - before);
    return end < size ? end : size;
  }
};
using WindowAxis = WindowAxisOf<std::int64_t>;

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
