// SPDX-License-Identifier: BSD-3-Clause
// Reductions and dilation as one would explain them: for each output pixel, collect the valid
// pixels of its window in a list and look at the list. Shares no code with the kernels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

namespace quickbeam::oracle {

/// A frame, row after row. An empty `flags` means: compare with `saturation`.
template <class W>
struct Frame {
  std::int64_t width = 0, height = 0;
  std::vector<W> pixels;
  std::vector<std::uint8_t> flags;
  W lowest{}, highest{}, saturation{};

  bool valid(std::size_t i) const {
    return !(pixels[i] < lowest) && !(pixels[i] > highest) && pixels[i] == pixels[i];
  }
  bool saturated(std::size_t i) const {
    return flags.empty() ? pixels[i] > saturation : flags[i] == 1;
  }
};

/// Masked outputs are NaN, whatever the type, so that they cannot be confused with a value.
struct Answer {
  std::vector<double> reals;           ///< the value as double
  std::vector<std::int64_t> integers;  ///< the value as integer, of integer frames; masked: -1
  std::vector<int> saturated;
  std::int64_t width = 0, height = 0;
};

template <class W>
struct Window {
  std::vector<std::vector<W>> columns;  ///< valid pixels, left to right, each top to bottom
  std::int64_t valid = 0, pixels = 0;
  int saturated = 0;
};

template <class W>
Window<W> gather(const Frame<W>& frame, std::int64_t x0, std::int64_t x1, std::int64_t y0,
                 std::int64_t y1) {
  Window<W> window;
  for (std::int64_t x = std::max<std::int64_t>(x0, 0); x < std::min(x1, frame.width); ++x) {
    window.columns.emplace_back();
    for (std::int64_t y = std::max<std::int64_t>(y0, 0); y < std::min(y1, frame.height); ++y) {
      ++window.pixels;
      const auto i = static_cast<std::size_t>(y * frame.width + x);
      if (!frame.valid(i)) continue;
      ++window.valid;
      window.columns.back().push_back(frame.pixels[i]);
      if (frame.saturated(i)) window.saturated = 1;
    }
  }
  return window;
}

/// Operations: "max", "min", "sum", "scaled", "mean".
template <class W>
void append(Answer& answer, const Window<W>& window, const std::string& op) {
  using Sum = std::conditional_t<std::is_floating_point_v<W>, double, std::int64_t>;
  std::vector<W> all;
  Sum sum = 0;
  for (const auto& column : window.columns) {
    all.insert(all.end(), column.begin(), column.end());
    sum += std::accumulate(column.begin(), column.end(), Sum{0});
  }
  answer.saturated.push_back(window.saturated);
  double real = std::numeric_limits<double>::quiet_NaN();
  std::int64_t integer = -1;
  if (!all.empty()) {
    W value = all.front();
    for (const W other : all) value = (op == "max" ? other > value : other < value) ? other : value;
    const auto count = static_cast<double>(window.valid);
    if (op == "max" || op == "min") {
      real = static_cast<double>(value);
      integer = static_cast<std::int64_t>(value);
    } else {
      integer = static_cast<std::int64_t>(sum);
      real = static_cast<double>(sum);
      if (op == "mean") real = real / count;
      if (op == "scaled") real = real * static_cast<double>(window.pixels) / count;
    }
  }
  answer.reals.push_back(real);
  answer.integers.push_back(integer);
}

template <class W>
Answer blocks(const Frame<W>& frame, const std::string& op, std::int64_t factor, bool partial) {
  Answer answer;
  answer.width = answer.height = 0;
  for (std::int64_t x = 0; x < frame.width; x += factor)
    answer.width += partial || x + factor <= frame.width;
  for (std::int64_t y = 0; y < frame.height; y += factor)
    answer.height += partial || y + factor <= frame.height;
  for (std::int64_t y = 0; y < answer.height; ++y)
    for (std::int64_t x = 0; x < answer.width; ++x)
      append(answer, gather(frame, x * factor, (x + 1) * factor, y * factor, (y + 1) * factor), op);
  return answer;
}

template <class W>
Answer dilated(const Frame<W>& frame, std::int64_t window, std::int64_t step, bool restore) {
  Answer answer;
  for (std::int64_t x = 0; x < frame.width; x += step) ++answer.width;
  for (std::int64_t y = 0; y < frame.height; y += step) ++answer.height;
  const std::int64_t left = (window - 1) / 2, right = window / 2;
  for (std::int64_t y = 0; y < frame.height; y += step) {
    for (std::int64_t x = 0; x < frame.width; x += step) {
      const bool masked = !frame.valid(static_cast<std::size_t>(y * frame.width + x));
      append(answer,
             restore && masked ? Window<W>{}
                               : gather(frame, x - left, x + right + 1, y - left, y + right + 1),
             "max");
    }
  }
  return answer;
}

}  // namespace quickbeam::oracle
