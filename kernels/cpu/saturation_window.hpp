// SPDX-License-Identifier: BSD-3-Clause
// Whether a saturated pixel went into a window, where the reduced value does not tell.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <quickbeam/core/buffer.hpp>

#include "kernels/cpu/window_fold.hpp"

namespace quickbeam::kernels {

/// The level above which a folded value is saturated; masked_value never is.
template <class W>
W saturation_level(W saturation) {
  if constexpr (std::is_floating_point_v<W>)
    return saturation;
  else
    return std::max(saturation, masked_value<W>());
}

/// Follows, beside the reduction proper, the maximum of what decides: of the pixels, to be compared
/// with the saturation level, or of the flags of valid pixels, to be compared with 0. Which of them
/// is settled by the first row of a frame.
template <class W>
class SaturationWindow {
 public:
  /// `from_pixels`: without flags, the pixels have to be followed.
  SaturationWindow(WindowAxis across, WindowAxis down, ValidRange<W> valid, W saturation,
                   bool from_pixels)
      : window_(across, down, Fold::max),
        valid_(valid),
        level_(saturation_level(saturation)),
        from_pixels_(from_pixels),
        width_(static_cast<std::size_t>(across.size)),
        outputs_(static_cast<std::size_t>(across.outputs)),
        row_(width_ + row_slack),
        line_(outputs_) {}

  void begin() { source_ = Source::undecided; }

  void push(const W* row, const std::uint8_t* flags) {
    if (source_ == Source::undecided) decide(flags != nullptr);
    if (source_ == Source::pixels) {
      window_.push(row);
    } else if (source_ == Source::flags && flags != nullptr) {
      sum_kernels<W>().flag(row, flags, width_, valid_, row_.data());
      window_.push(row_.data());
    } else {
      push_nothing();
    }
  }
  void push_nothing() {
    if (active()) window_.push_nothing();
  }

  /// False: nothing is followed, `take` must not be called.
  bool active() const { return source_ == Source::pixels || source_ == Source::flags; }

  /// Whether rows without flags have to be pushed; known before the first of them.
  bool needs_rows() const { return from_pixels_ || active(); }

  /// Writes 1 or 0 for each window of the row that became ready with the last push.
  void take(std::uint8_t* out) {
    window_.take(line_.data());
    const W level = source_ == Source::flags ? W{0} : level_;
    for (std::size_t i = 0; i < outputs_; ++i) out[i] = line_[i] > level;
  }

 private:
  enum class Source : std::uint8_t { undecided, none, pixels, flags };

  void decide(bool flags_given) {
    source_ = flags_given ? Source::flags : from_pixels_ ? Source::pixels : Source::none;
    if (source_ == Source::flags) window_.begin({W{0}, std::numeric_limits<W>::max()});
    if (source_ == Source::pixels) window_.begin(valid_);
  }

  WindowFold<W> window_;
  ValidRange<W> valid_;
  W level_;
  bool from_pixels_;
  std::size_t width_, outputs_;
  Source source_ = Source::undecided;
  Buffer<W> row_, line_;
};

}  // namespace quickbeam::kernels
