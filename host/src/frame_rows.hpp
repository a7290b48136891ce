// SPDX-License-Identifier: BSD-3-Clause
// The rows of a frame, or of frames added, as every backend takes them: decoded, masked, counted,
// clipped.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <quickbeam/backend.hpp>
#include <quickbeam/core/error.hpp>

#include "kernels/reduce.hpp"
#include "kernels/row_decoder.hpp"
#include "kernels/row_ops.hpp"

namespace quickbeam {

/// What to do besides with the pixels of a frame.
struct RowExtras {
  std::span<std::uint64_t>
      counts{};  ///< histogram of valid unsaturated raw pixels to add to; empty = none
  std::optional<double> clip{};  ///< cut raw pixels to this value first
};

/// What every backend says when memory is short.
inline ErrorInfo out_of_memory() {
  return {.code = ErrorCode::limit,
          .field = "memory",
          .expected = "enough for this frame",
          .found = "none left"};
}

/// The highest unsaturated value in the working type W.
template <class W>
W highest_unsaturated(std::optional<double> counts) {
  constexpr W highest = std::numeric_limits<W>::max();
  if (!counts || !(*counts < static_cast<double>(highest))) return highest;
  if constexpr (std::is_floating_point_v<W>)
    return static_cast<W>(*counts);
  else
    return static_cast<W>(std::floor(*counts));
}

/// Rows of groups of frames whose stored pixels are T. Memory is kept between groups.
template <class T>
class FrameRows {
 public:
  using W = WorkType<T>;
  using Sum = std::conditional_t<std::is_floating_point_v<W>, double, std::int64_t>;

  explicit FrameRows(const ReducePlan& plan)
      : plan_(plan),
        valid_(valid_range<T>(plan.mask_rule)),
        saturation_(highest_unsaturated<W>(plan.saturation)),
        width_(static_cast<std::size_t>(plan.extent.width)),
        decoders_(std::max<std::size_t>(1, plan.group)),
        pitch_(width_ + kernels::row_padding + (64 - (width_ + kernels::row_padding) % 64) % 64),
        row_(2 * pitch_) {
    if (!is_group()) return;
    sum_row_.resize(width_ + kernels::row_padding);
    saturated_row_.resize(width_ + kernels::row_padding);
  }

  bool is_group() const { return plan_.group > 1; }
  ValidRange<W> valid() const { return valid_; }
  W saturation() const { return saturation_; }
  /// Of sums of frames: masked is marked in band, everything else is valid.
  static ValidRange<Sum> valid_sums() {
    if constexpr (std::is_floating_point_v<Sum>)
      return {std::numeric_limits<Sum>::lowest(), std::numeric_limits<Sum>::max()};
    else
      return {0, std::numeric_limits<Sum>::max()};
  }

  void open(std::span<const Payload> group) {
    opened_ = group.size();
    for (std::size_t k = 0; k < opened_; ++k) at_frame(k, [&] { decoders_[k].open(group[k]); });
  }

  /// Row y of a single frame; rows are taken in order. row_padding elements follow it. It stays
  /// until the next row of the same parity.
  const W* row(std::int64_t y, const RowExtras& extras) {
    const std::span<W> row = decoded_row(0, y);
    apply(extras, row, valid_, saturation_, nullptr);
    return row.data();
  }

  /// Row y of all frames added; saturated_row() says where one of them was saturated.
  const Sum* sum_row(std::int64_t y, const RowExtras& extras) {
    std::fill_n(sum_row_.data(), width_, Sum{0});
    std::fill_n(saturated_row_.data(), width_, std::uint8_t{0});
    for (std::size_t k = 0; k < opened_; ++k)
      kernels::add_row<W, Sum>(decoded_row(k, y), valid_, saturation_, sum_row_.data(),
                               saturated_row_.data());
    apply<Sum>(extras, {sum_row_.data(), width_}, valid_sums(), std::numeric_limits<Sum>::max(),
               saturated_row_.data());
    return sum_row_.data();
  }
  const std::uint8_t* saturated_row() const { return saturated_row_.data(); }

  /// After the last row of every frame: the first pixel whose running sum wrapped, if one did.
  std::optional<std::uint64_t> finish() {
    std::optional<std::uint64_t> wrapped;
    for (std::size_t k = 0; k < opened_; ++k)
      at_frame(k, [&] {
        decoders_[k].finish();
        if (!wrapped) wrapped = decoders_[k].wrapped_pixel();
      });
    return wrapped;
  }

  void count(std::span<const Payload> group, std::span<std::uint64_t> counts) {
    open(group);
    const RowExtras extras{.counts = counts, .clip = {}};
    for (std::int64_t y = 0; y < plan_.extent.height; ++y) {
      if (is_group())
        sum_row(y, extras);
      else
        row(y, extras);
    }
    finish();
  }

 private:
  /// Row y of frame k of the group, masked where the user says so.
  std::span<W> decoded_row(std::size_t k, std::int64_t y) {
    const std::span<W> row(row_.data() + (y % 2 != 0 ? pitch_ : 0), width_);
    at_frame(k, [&] { decoders_[k].read(row.data(), width_, width_ + kernels::row_padding); });
    if (plan_.user_mask) kernels::mask_row<W>(row, plan_.user_mask->as<std::uint8_t>().row(y));
    return row;
  }

  template <class V>
  static void apply(const RowExtras& extras, std::span<V> row, ValidRange<V> valid, V saturation,
                    const std::uint8_t* saturated) {
    if (!extras.counts.empty())
      kernels::count_row<V>(row, valid, saturation, saturated, extras.counts);
    if (extras.clip) kernels::clip_row<V>(row, valid, highest_unsaturated<V>(extras.clip));
  }

  /// Errors of `work` carry the place of the frame in the group.
  template <class Work>
  static void at_frame(std::size_t k, Work&& work) {
    try {
      work();
    } catch (const Error& error) {
      ErrorInfo info = error.info();
      info.frame = k;
      throw Error(std::move(info));
    }
  }

  ReducePlan plan_;
  ValidRange<W> valid_;
  W saturation_;
  std::size_t width_;
  std::size_t opened_ = 0;
  std::vector<kernels::RowDecoder<W>> decoders_;
  std::size_t pitch_;  ///< between the two rows: a whole number of cache lines
  Buffer<W> row_;
  Buffer<Sum> sum_row_;
  Buffer<std::uint8_t> saturated_row_;
};

}  // namespace quickbeam
