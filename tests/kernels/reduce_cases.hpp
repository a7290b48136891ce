// SPDX-License-Identifier: BSD-3-Clause
// Frames, masks and SIMD targets for the tests of reductions and dilation.
#pragma once

#if !defined(HWY_WANT_AVX3_DL)
#define HWY_WANT_AVX3_DL  // as the kernels are built: the same list of targets
#endif
#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iostream>
#include <limits>
#include <random>
#include <vector>

#include "kernels/ops/bin.hpp"
#include "tests/oracle/reduce_oracle.hpp"

namespace quickbeam::testing {

/// Every pixel type reductions work on.
using WorkTypes = ::testing::Types<std::int32_t, std::int64_t, float, double>;

/// Calls `body` once for each instruction set that this CPU has and the kernels were built for.
template <class F>
void for_each_target(F&& body) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    SCOPED_TRACE(hwy::TargetName(target));
    body();
    if (::testing::Test::HasFailure()) break;
  }
  hwy::SetSupportedTargetsForTest(0);
}

enum class Masking { none, some, all };
enum class Saturating { never, above_level, flagged };

struct Look {
  Masking masking = Masking::some;
  Saturating saturating = Saturating::never;
  bool narrow = false;  ///< the highest valid value is far below what the type can hold
};

inline std::vector<Look> looks() {
  std::vector<Look> all;
  for (const bool narrow : {false, true})
    for (const Saturating s : {Saturating::never, Saturating::above_level, Saturating::flagged})
      for (const Masking m : {Masking::none, Masking::some, Masking::all})
        all.push_back({m, s, narrow});
  return all;
}

template <class W>
W masked_pixel(std::mt19937& random, W highest) {
  switch (random() % 4) {
    case 0:
      return W{-1};
    case 1:
      if constexpr (std::is_floating_point_v<W>) return std::numeric_limits<W>::quiet_NaN();
      return W{-2};
    case 2:
      if constexpr (std::is_floating_point_v<W>) return std::numeric_limits<W>::infinity();
      return std::numeric_limits<W>::min();
    default:
      if constexpr (std::is_floating_point_v<W>) return -std::numeric_limits<W>::infinity();
      return highest < std::numeric_limits<W>::max() ? static_cast<W>(highest + 1) : W{-3};
  }
}

/// Mostly weak counts, now and then the largest ones, as detectors give them.
template <class W>
W valid_pixel(std::mt19937& random, W highest) {
  const auto kind = random() % 64;
  // Sums of 64-bit pixels must stay below 2^63, as those of any real detector do.
  if (kind == 0)
    return static_cast<W>(sizeof(W) == 8 || std::is_floating_point_v<W>
                              ? std::min(highest, static_cast<W>(1LL << 45))
                              : highest);
  if (kind < 4) return static_cast<W>(random() % 60000);
  if constexpr (std::is_floating_point_v<W>) {
    if (kind == 5) return W(60000.5);
    if (kind == 4) return W{-0.0};
    return static_cast<W>(random() % 4000) / W(1024.7);
  }
  return static_cast<W>(random() % 4);
}

template <class W>
oracle::Frame<W> make_frame(std::int64_t width, std::int64_t height, Look look,
                            std::uint32_t seed) {
  oracle::Frame<W> frame;
  std::mt19937 random(seed);
  frame.width = width;
  frame.height = height;
  frame.lowest = 0;
  frame.highest = look.narrow ? W{65533} : std::numeric_limits<W>::max();
  frame.saturation = look.saturating == Saturating::above_level ? W{50000} : frame.highest;
  for (std::int64_t i = 0; i < width * height; ++i) {
    const bool masked =
        look.masking == Masking::all || (look.masking == Masking::some && random() % 3 == 0);
    frame.pixels.push_back(masked ? masked_pixel(random, frame.highest)
                                  : valid_pixel(random, frame.highest));
    if (look.saturating == Saturating::flagged) frame.flags.push_back(random() % 16 == 0);
  }
  return frame;
}

/// Masks half of the frame in one piece, as gaps between modules do, so that whole windows are
/// masked.
template <class W>
void mask_a_gap(oracle::Frame<W>& frame) {
  for (std::int64_t y = frame.height / 4; y < frame.height / 2; ++y)
    for (std::int64_t x = 0; x < frame.width; ++x)
      frame.pixels[static_cast<std::size_t>(y * frame.width + x)] = W{-1};
}

/// Equal to the last bit, any NaN being the same as any other.
template <class T>
bool same_bits(T a, T b) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  if (a != a || b != b) return a != a && b != b;
  return std::bit_cast<Bits>(a) == std::bit_cast<Bits>(b);
}

template <class W>
kernels::Counts<W> as_counts(const oracle::Frame<W>& frame) {
  return {ImageView<const W>(frame.pixels.data(), {frame.width, frame.height}),
          frame.flags.empty() ? nullptr : frame.flags.data(),
          {frame.lowest, frame.highest},
          frame.saturation};
}

}  // namespace quickbeam::testing
