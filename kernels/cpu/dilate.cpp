// SPDX-License-Identifier: BSD-3-Clause
// Grey dilation at full resolution: van Herk's suffix and prefix maxima down the rows, growing
// spans along each row while it is in the first cache.
#include "kernels/dilate.hpp"

#include <hwy/cache_control.h>

#include <algorithm>

#include "kernels/cpu/row_kernels.hpp"
#include "kernels/ops/window_axis.hpp"

namespace quickbeam::kernels {
namespace {

/// Images from this size on are written past the caches: they would not stay there anyway, and a
/// line that is written in the cache is first read from memory. 2.1 ms instead of 3.1 for PILATUS
/// 6M, window 10, where memcpy of the frame takes 1.0.
constexpr std::int64_t stream_from_bytes = std::int64_t{8} << 20;

constexpr auto slack = static_cast<std::int64_t>(row_slack);

/// So much that the last vector of one row does not reach into the next row.
std::int64_t rounded(std::int64_t elements) { return (elements + slack - 1) / slack * slack; }

WindowAxis centred(std::int64_t size, std::int32_t window) {
  return window_axis(size, size, 1, window_before(window), window_after(window));
}

/// One dilation. Rows are taken in groups of as many as the window is high. A window then is a
/// suffix of one group and a prefix of the next: the suffix maxima of the finished group are kept
/// in memory, the prefix maximum of the current one grows by a row for each output row.
template <class W>
class Dilation {
 public:
  Dilation(ImageView<const W> in, ImageView<W> out, std::int32_t window, ValidRange<W> valid,
           DilateScratch<W>& scratch)
      : in_(in),
        out_(out),
        valid_(valid),
        across_(centred(in.extent.width, window)),
        down_(centred(in.extent.height, window)),
        streams_(out.pitch * in.extent.height * static_cast<std::int64_t>(sizeof(W)) >=
                 stream_from_bytes),
        width_(static_cast<std::size_t>(in.extent.width)),
        pitch_(rounded(in.extent.width)),
        kernels_(fold_kernels<W>(Fold::max)) {
    const std::int64_t margin = rounded(across_.before);
    const std::int64_t line = margin + rounded(in.extent.width + across_.after() + slack);
    const std::int64_t suffixes = std::min(down_.window, in.extent.height);
    const std::int64_t total = line + (suffixes + 2) * pitch_ + slack;
    line_ = scratch.rows.resize(static_cast<std::size_t>(total)).data() + margin;
    prefix_ = line_ - margin + line;
    last_ = prefix_ + pitch_;
    suffixes_ = last_ + pitch_;
  }

  void run() {
    for (std::int64_t end = 0; end < down_.size + down_.after(); ++end) {
      fold_row(end);
      if (end >= down_.after()) write_row(end - down_.after());
      if (end % down_.window == down_.window - 1) keep_suffixes(end - down_.window + 1);
    }
    if (streams_) hwy::FlushStream();
  }

 private:
  /// Row y with readable elements behind it: rows near the end of the image have none of their own.
  const W* row(std::int64_t y) const {
    const W* pixels = in_.row(y);
    if ((in_.extent.height - 1 - y) * in_.pitch >= slack) return pixels;
    std::copy_n(pixels, width_, last_);
    return last_;
  }

  /// The maximum of the rows of the window that ends with row `end`, to line_.
  void fold_row(std::int64_t end) {
    const bool first = end % down_.window == 0;
    const W* suffix = suffix_before(end);
    if (end >= down_.size) {
      if (first) std::fill_n(prefix_, width_, fold_identity<W>(Fold::max));
    } else if (first) {
      kernels_.start(row(end), width_, valid_, prefix_);
    } else if (suffix != nullptr) {
      return kernels_.add_merge(row(end), suffix, width_, valid_, prefix_, line_);
    } else {
      kernels_.add(row(end), width_, valid_, prefix_, prefix_);
    }
    if (suffix != nullptr)
      kernels_.merge(prefix_, suffix, width_, line_);
    else
      std::copy_n(prefix_, width_, line_);
  }

  /// The part of the window ending with row `end` that lies in the group before; null: nothing.
  const W* suffix_before(std::int64_t end) const {
    const std::int64_t start = end - down_.window + 1;
    if (start <= 0 || start >= down_.size || start % down_.window == 0) return nullptr;
    return suffixes_ + start % down_.window * pitch_;
  }

  /// Suffix maxima of the group that begins with row `start`; the longest one is never needed.
  void keep_suffixes(std::int64_t start) {
    const std::int64_t count = std::min(down_.window, down_.size - start);
    if (count <= 0) return;
    W* suffix = suffixes_ + (count - 1) * pitch_;
    kernels_.start(row(start + count - 1), width_, valid_, suffix);
    for (std::int64_t i = count - 2; i > 0; --i, suffix -= pitch_)
      kernels_.add(row(start + i), width_, valid_, suffix, suffix - pitch_);
  }

  void write_row(std::int64_t y) {
    W* const begin = line_ - across_.before;
    std::fill_n(begin, across_.before, fold_identity<W>(Fold::max));
    std::fill_n(line_ + across_.size, across_.after(), fold_identity<W>(Fold::max));
    const std::int64_t count = across_.before + across_.size + across_.after();
    const auto window = static_cast<std::size_t>(across_.window);
    const std::size_t span = kernels_.spread(begin, static_cast<std::size_t>(count), window);
    if (!streams_) return kernels_.sample(begin, width_, 1, window - span, out_.row(y));
    const std::int64_t next = std::min(y + down_.after() + 2, down_.size - 1);
    kernels_.stream(begin, width_, window - span, out_.row(y), in_.row(next));
  }

  ImageView<const W> in_;
  ImageView<W> out_;
  ValidRange<W> valid_;
  WindowAxis across_, down_;
  bool streams_;
  std::size_t width_;
  std::int64_t pitch_;  ///< of the rows in memory of our own
  const FoldKernels<W>& kernels_;
  W* line_;    ///< the window's rows folded, with margins for windows that stick out
  W* prefix_;  ///< maximum of the rows of the current group
  W* last_;    ///< copy of a row near the end of the image
  W* suffixes_;
};

}  // namespace

template <class W>
void dilate(ImageView<const W> in, ImageView<W> out, std::int32_t window, ValidRange<W> valid,
            DilateScratch<W>& scratch) {
  if (!in.extent.empty()) Dilation<W>(in, out, window, valid, scratch).run();
}

template <class W>
void restore_mask(ImageView<const W> in, ImageView<W> out, ValidRange<W> valid) {
  const auto width = static_cast<std::size_t>(in.extent.width);
  for (std::int64_t y = 0; y < in.extent.height; ++y)
    sum_kernels<W>().restore(in.row(y), width, valid, out.row(y));
}

template void dilate(ImageView<const std::int32_t>, ImageView<std::int32_t>, std::int32_t,
                     ValidRange<std::int32_t>, DilateScratch<std::int32_t>&);
template void restore_mask(ImageView<const std::int32_t>, ImageView<std::int32_t>,
                           ValidRange<std::int32_t>);
template void dilate(ImageView<const std::int64_t>, ImageView<std::int64_t>, std::int32_t,
                     ValidRange<std::int64_t>, DilateScratch<std::int64_t>&);
template void restore_mask(ImageView<const std::int64_t>, ImageView<std::int64_t>,
                           ValidRange<std::int64_t>);
template void dilate(ImageView<const float>, ImageView<float>, std::int32_t, ValidRange<float>,
                     DilateScratch<float>&);
template void restore_mask(ImageView<const float>, ImageView<float>, ValidRange<float>);
template void dilate(ImageView<const double>, ImageView<double>, std::int32_t, ValidRange<double>,
                     DilateScratch<double>&);
template void restore_mask(ImageView<const double>, ImageView<double>, ValidRange<double>);

}  // namespace quickbeam::kernels
