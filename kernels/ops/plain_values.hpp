// SPDX-License-Identifier: BSD-3-Clause
// How one pixel of the plain encodings becomes a number. Exact: written once for host and device.
#pragma once

#include <cmath>
#include <cstdint>

#include <quickbeam/core/macros.hpp>

namespace quickbeam::kernels::ops {

/// Pixel x of a row of 4-bit values; the low four bits of a byte come first.
QUICKBEAM_HD constexpr std::uint8_t nibble_at(const std::uint8_t* row, std::int64_t x) {
  const unsigned byte = row[x / 2];
  return static_cast<std::uint8_t>(x % 2 != 0 ? byte >> 4 : byte & 15U);
}

/// The modulus, rounded to float once after one addition and one square root in double. The
/// products are exact there, so a contraction to fma changes nothing.
QUICKBEAM_HD inline float modulus(float re, float im) {
  const double x = static_cast<double>(re), y = static_cast<double>(im);
  return static_cast<float>(std::sqrt(x * x + y * y));
}

}  // namespace quickbeam::kernels::ops
