// SPDX-License-Identifier: BSD-3-Clause
// Statistics of a stack as the kernels and as the definition give them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>
#include <vector>

#include "kernels/moments.hpp"
#include "tests/kernels/stacks.hpp"
#include "tests/oracle/moments_oracle.hpp"

namespace quickbeam::tests {

using kernels::chunk_images;
using kernels::moment_kind;
using kernels::MomentKind;
using kernels::PixelMoments;

/// As double bits, so that -0 and 0 differ.
inline std::uint64_t bits(double v) { return std::bit_cast<std::uint64_t>(v); }

template <class T>
PixelMoments moments_of(const Stack<T>& stack, MomentKind kind = moment_kind(pixel_type_of<T>()),
                        std::size_t at_once = chunk_images) {
  PixelMoments out;
  out.reset(kind, stack.pixels);
  for (std::size_t k = 0; k < stack.images; k += at_once)
    kernels::add_images(stack.image(k), stack.stride,
                        static_cast<int>(std::min(at_once, stack.images - k)), out);
  return out;
}

template <class T>
inline constexpr oracle::Passes passes = std::is_same_v<T, float> || sizeof(T) <= 2
                                             ? oracle::Passes::one
                                             : oracle::Passes::two;

/// What the definition says of every pixel.
template <class T>
std::vector<oracle::Statistics<double>> defined_pixels(const Stack<T>& stack) {
  std::vector<oracle::Statistics<double>> out;
  for (std::size_t p = 0; p < stack.pixels; ++p)
    out.push_back(oracle::in_groups(stack.column(p), chunk_images, 1, passes<T>));
  return out;
}

inline void expect_same(const PixelMoments& found,
                        const std::vector<oracle::Statistics<double>>& expected) {
  bool any_missing = false;
  ASSERT_EQ(found.pixels, expected.size());
  for (std::size_t p = 0; p < expected.size(); ++p) {
    const auto& e = expected[p];
    const bool none = e.counted == 0;
    ASSERT_EQ(bits(found.mean[p]), bits(e.mean)) << p;
    ASSERT_EQ(bits(found.m2[p]), bits(e.m2)) << p;
    ASSERT_EQ(found.lowest[p], none ? HUGE_VAL : e.lowest) << p;
    ASSERT_EQ(found.highest[p], none ? -HUGE_VAL : e.highest) << p;
    ASSERT_FALSE(found.lowest[p] == 0 && std::signbit(found.lowest[p])) << p;
    ASSERT_FALSE(found.highest[p] == 0 && std::signbit(found.highest[p])) << p;
    ASSERT_EQ(found.missing[p], e.missing) << p;
    any_missing |= e.missing != 0;
  }
  EXPECT_EQ(found.any_missing, any_missing);
}

}  // namespace quickbeam::tests
