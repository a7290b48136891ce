// SPDX-License-Identifier: BSD-3-Clause
// Cells along a row, for those who take many neighbouring pixels at once: where in the next pixels
// one cell ends and another begins.
#pragma once

#include <cstdint>

#include <quickbeam/core/macros.hpp>

#include "kernels/ops/cells.hpp"
#include "kernels/ops/divisor.hpp"

namespace quickbeam::kernels::ops {

/// An axis of which no cell is cut for its length (CellAxis::longest >= step): at most two a step.
class CellRuler {
 public:
  /// Pixels that are looked at together.
  static constexpr unsigned length = 16;

  /// A pixel among the cells.
  struct Place {
    std::uint32_t cell;
    unsigned ends;  ///< bit i: the i-th pixel from here on, i < length, is the last of its cell
  };

  constexpr CellRuler() = default;
  constexpr explicit CellRuler(const CellAxis& axis)
      : step_(axis.step),
        before_(axis.before),
        tail_(axis.tail),
        step_cells_(axis.step_cells.value()),
        skipped_(axis.skipped) {
    for (std::uint64_t bit = 0; bit < length; bit += axis.step.value()) repeats_ |= 1u << bit;
  }

  /// As if the axis went on behind its last pixel, where its last cell ends.
  QUICKBEAM_HD constexpr Place place_of(std::uint32_t pixel) const {
    const std::uint32_t at = pixel + before_, period = step_.quotient(at);
    const std::uint32_t to_end = (period + 1) * step_.value() - 1 - at;
    Place place{period * step_cells_ - skipped_, every_step(to_end)};
    if (tail_ == 0) return place;
    const std::uint32_t tail_to_step = step_.value() - tail_;
    if (to_end >= tail_to_step) {
      place.ends |= every_step(to_end - tail_to_step);
    } else {
      ++place.cell;
      place.ends |= every_step(to_end + tail_);
    }
    return place;
  }

 private:
  /// Bits `first`, `first` + step and so on.
  QUICKBEAM_HD constexpr unsigned every_step(std::uint32_t first) const {
    return first < length ? repeats_ << first & ((1u << length) - 1) : 0;
  }

  Divisor step_;
  std::uint32_t before_ = 0, tail_ = 0, step_cells_ = 1, skipped_ = 0;
  unsigned repeats_ = 0;  ///< bits 0, step, 2 step ...
};

}  // namespace quickbeam::kernels::ops
