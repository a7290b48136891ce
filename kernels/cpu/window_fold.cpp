// SPDX-License-Identifier: BSD-3-Clause
// Bookkeeping of the windows over rows: which rows are folded where, and when a window is complete.
#include "kernels/cpu/window_fold.hpp"

#include <algorithm>

namespace quickbeam::kernels {
namespace {

template <class I>
std::size_t as_size(I value) {
  return static_cast<std::size_t>(value);
}

/// So much that the last vector of one row does not reach into the next row.
std::int64_t rounded(std::int64_t elements) {
  constexpr auto slack = static_cast<std::int64_t>(row_slack);
  return (elements + slack - 1) / slack * slack;
}

}  // namespace

template <class W>
WindowFold<W>::WindowFold(WindowAxis across, WindowAxis down, Fold fold)
    : across_(across),
      down_(down),
      fold_(fold),
      kernels_(fold_kernels<W>(fold)),
      width_(as_size(across.size)),
      cells_((down.window - 1) / down.step),
      tail_(down.window - cells_ * down.step),
      margin_(rounded(across.before)),
      pitch_(rounded(across.size)) {
  constexpr auto slack = static_cast<std::int64_t>(row_slack);
  line_.resize(as_size(margin_ + across.size + across.after() + slack));
  open_ = line();
  if (cells_ == 0) return;
  open_buffer_.resize(as_size(pitch_ + slack));
  open_ = open_buffer_.data();
  prefix_.resize(as_size(pitch_ + slack));
  ring_.resize(as_size(pitch_ * cells_ + slack));
}

template <class W>
void WindowFold<W>::begin(ValidRange<W> valid) {
  valid_ = valid;
  // The rows of the first window that lie above the image are empty; whole cells of them count as
  // already there.
  output_ = down_.before / down_.step - cells_;
  offset_ = down_.before % down_.step;
  in_group_ = 0;
  empty_ = true;
  for (std::int64_t i = 0; i < cells_; ++i) clear(cell(i));
}

template <class W>
void WindowFold<W>::clear(W* row) const {
  std::fill_n(row, width_, fold_identity<W>(fold_));
}

/// Rows between two windows that do not touch, or behind the last window, are skipped.
template <class W>
bool WindowFold<W>::wanted() const {
  return output_ < down_.outputs && (cells_ > 0 || offset_ < tail_);
}

template <class W>
std::int64_t WindowFold<W>::push(const W* row) {
  if (wanted()) {
    if (empty_)
      kernels_.start(row, width_, valid_, open_);
    else
      kernels_.add(row, width_, valid_, open_, open_);
    empty_ = false;
  }
  return advance();
}

template <class W>
std::int64_t WindowFold<W>::push_two(const W* first, const W* second) {
  if (wanted()) {
    if (empty_)
      kernels_.start_two(first, second, width_, valid_, open_);
    else
      kernels_.add_two(first, second, width_, valid_, open_);
    empty_ = false;
  }
  advance();
  return advance();
}

template <class W>
std::int64_t WindowFold<W>::advance() {
  ++offset_;
  std::int64_t ready = -1;
  if (offset_ == tail_ && output_ >= 0 && output_ < down_.outputs) {
    gather_window();
    ready = output_;
  }
  if (offset_ == down_.step) {
    if (cells_ > 0 && output_ < down_.outputs) close_cell();
    offset_ = 0;
    ++output_;
    empty_ = true;
  }
  return ready;
}

template <class W>
void WindowFold<W>::close_cell() {
  W* slot = cell(in_group_);
  if (empty_) clear(open_);
  std::copy_n(open_, width_, slot);
  if (in_group_ == 0)
    std::copy_n(open_, width_, prefix_.data());
  else
    kernels_.merge(prefix_.data(), open_, width_, prefix_.data());
  if (++in_group_ < cells_) return;
  for (std::int64_t i = cells_ - 2; i >= 0; --i)
    kernels_.merge(cell(i), cell(i + 1), width_, cell(i));
  in_group_ = 0;
}

template <class W>
void WindowFold<W>::gather_window() {
  if (empty_) clear(open_);
  empty_ = false;
  if (cells_ == 0) return;
  kernels_.merge(open_, cell(in_group_), width_, line());
  if (in_group_ > 0) kernels_.merge(line(), prefix_.data(), width_, line());
}

template <class W>
void WindowFold<W>::take(W* out) {
  W* const first = line() - across_.before;
  const W nothing = fold_identity<W>(fold_);
  std::fill_n(first, across_.before, nothing);
  std::fill_n(line() + across_.size, across_.after(), nothing);
  auto count = as_size(across_.before + across_.size + across_.after());
  auto step = as_size(across_.step), window = as_size(across_.window);
  // Windows that begin and end between pairs are windows over the pairs, of which there are half.
  for (; step % 2 == 0 && window % 2 == 0; step /= 2, window /= 2, count /= 2)
    kernels_.halve(first, count);
  const std::size_t span = kernels_.spread(first, count, window);
  kernels_.sample(first, as_size(across_.outputs), step, window - span, out);
}

template class WindowFold<std::int32_t>;
template class WindowFold<std::int64_t>;
template class WindowFold<float>;
template class WindowFold<double>;

}  // namespace quickbeam::kernels
