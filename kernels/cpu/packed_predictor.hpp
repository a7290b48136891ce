// SPDX-License-Identifier: BSD-3-Clause
// What a packed offset is added to: an average of pixels decoded before (CBFlib manual, section
// 3.3.2). Where the manual is silent, libcbf 0.9.7 was asked by experiment; see `average`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <quickbeam/core/payload.hpp>

namespace quickbeam::kernels {

/// Turns offsets into pixels, in order. T is the signed integer as wide as a pixel: libcbf takes
/// the bits of every type, real ones too, as such integers, and all sums wrap modulo 2^n.
///
/// The neighbours, `*` being the pixel to predict, z its image, y its row:
///   y = 0:  the pixel to the left; at x = 0 the same pixel of the image before (0 if none),
///           which libcbf uses even when sections are declared uncorrelated
///   y > 0:  left and the three above, a b c         . a b c .
///           at x = 0 only b and c                   . l * . .
///           at x = width-1 only left and b
///   y, z > 0, correlated: also a b c and `*` of the image before; at x = 0 without `*`
template <class T>
class PackedPredictor {
 public:
  PackedPredictor(const Payload& payload, T* out)
      : out_(out),
        width_(payload.extent.width),
        height_(payload.extent.height),
        correlated_(!payload.uncorrelated_sections) {
    if (payload.flat) {  // one long row
      width_ *= height_ * payload.depth;
      height_ = 1;
    }
  }

  /// Pixels of at most `max_batch` offsets.
  static constexpr std::size_t max_batch = 2048 + 128;
  void apply(const T* offsets, std::size_t count) {
    while (count > 0) {
      const std::int64_t n = std::min(static_cast<std::int64_t>(count), width_ - x_);
      y_ == 0 ? first_row(offsets, n) : later_row(offsets, n);
      offsets += n;
      count -= static_cast<std::size_t>(n);
      advance(n);
    }
  }

 private:
  using U = std::make_unsigned_t<T>;
  /// Sums of 8 and 16 bit pixels wrap first and are rounded in 32 bits; wider ones wrap throughout.
  using Work = std::conditional_t<(sizeof(T) < 4), std::int32_t, T>;
  using UnsignedWork = std::make_unsigned_t<Work>;

  static T add(T a, T b) {
    return static_cast<T>(static_cast<U>(static_cast<U>(a) + static_cast<U>(b)));
  }
  template <class... Rest>
  static T add(T a, T b, Rest... rest) {
    return add(add(a, b), rest...);
  }

  /// sum / 2^log2, half-way cases up, the sum read as signed also for unsigned types.
  template <int log2>
  static T average(T sum) {
    constexpr UnsignedWork half = UnsignedWork{1} << (log2 - 1);
    return static_cast<T>(static_cast<Work>(static_cast<UnsignedWork>(Work{sum}) + half) >> log2);
  }

  void advance(std::int64_t n) {
    out_ += n;
    x_ += n;
    if (x_ < width_) return;
    x_ = 0;
    if (++y_ < height_) return;
    y_ = 0;
    ++z_;
  }

  void first_row(const T* offsets, std::int64_t n) {
    T value{};
    if (x_ > 0)
      value = out_[-1];
    else if (z_ > 0)
      value = out_[-width_ * height_];
    for (std::int64_t i = 0; i < n; ++i) out_[i] = value = add(value, offsets[i]);
  }

  void later_row(const T* offsets, std::int64_t n) {
    if (z_ > 0 && correlated_)
      row_segment<true>(offsets, n);
    else
      row_segment<false>(offsets, n);
  }

  /// `below`: the image before takes part.
  template <bool below>
  void row_segment(const T* offsets, std::int64_t n) {
    std::int64_t i = 0;
    if (x_ == 0) {
      T sum = above(0, 1);
      if constexpr (below) sum = add(sum, above_below(0, 1));
      out_[0] = add(average < below ? 2 : 1 > (sum), offsets[0]);
      i = 1;
    }
    const std::int64_t inner_end = std::min(n, width_ - 1 - x_);
    if (i < inner_end) inner<below>(offsets, i, inner_end), i = inner_end;
    if (i < n) {  // the last column
      T sum = add(out_[i - 1], out_[i - width_]);
      if constexpr (below) sum = add(sum, out_[i - plane()], out_[i - plane() - width_]);
      out_[i] = add(average < below ? 2 : 1 > (sum), offsets[i]);
    }
  }

  /// Pixels with all neighbours. Only the last three operations wait for the pixel before.
  template <bool below>
  void inner(const T* offsets, std::int64_t begin, std::int64_t end) {
    T sums[max_batch];
    const T* up = out_ - width_;
    for (std::int64_t i = begin; i < end; ++i) sums[i] = add(up[i - 1], up[i], up[i + 1]);
    if constexpr (below) {
      const T *same = out_ - plane(), *same_up = same - width_;
      for (std::int64_t i = begin; i < end; ++i)
        sums[i] = add(sums[i], same[i], add(same_up[i - 1], same_up[i], same_up[i + 1]));
    }
    T value = out_[begin - 1];
    for (std::int64_t i = begin; i < end; ++i)
      out_[i] = value = add(average < below ? 3 : 2 > (add(value, sums[i])), offsets[i]);
  }

  std::int64_t plane() const { return width_ * height_; }
  T above(std::int64_t a, std::int64_t b) const { return add(out_[a - width_], out_[b - width_]); }
  T above_below(std::int64_t a, std::int64_t b) const {
    return add(out_[a - width_ - plane()], out_[b - width_ - plane()]);
  }

  T* out_;  ///< the next pixel
  std::int64_t width_, height_;
  std::int64_t x_ = 0, y_ = 0, z_ = 0;
  bool correlated_;
};

}  // namespace quickbeam::kernels
