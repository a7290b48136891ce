// SPDX-License-Identifier: BSD-3-Clause
// IEEE 754 binary16 to float and back, in integer arithmetic: no instruction set and no
// flush-to-zero mode of the caller changes a bit. (__builtin_bit_cast, because device code may not
// call std::bit_cast.)
#pragma once

#include <cstdint>

#include <quickbeam/core/macros.hpp>

namespace quickbeam {

inline constexpr float half_max = 65504.0F;  ///< the largest finite half
/// From here on (in magnitude) a float rounds to a half that is infinite.
inline constexpr float half_overflow = 65520.0F;

/// Exact for all 65,536 halves, subnormal ones included; the payload of a NaN is kept.
QUICKBEAM_HD constexpr float half_to_float(std::uint16_t half) {
  constexpr std::uint32_t rebias = std::uint32_t{127 - 15} << 23;
  const std::uint32_t sign = std::uint32_t{half & 0x8000U} << 16;
  const std::uint32_t exponent = half & 0x7c00U, mantissa = half & 0x03ffU;
  std::uint32_t bits = (std::uint32_t{half & 0x7fffU} << 13) + rebias;
  if (exponent == 0x7c00U) bits += rebias;  // infinity and NaN: the exponent becomes 255
  if (exponent == 0)                        // zero, or mantissa * 2^-24, which is a normal float
    bits = __builtin_bit_cast(std::uint32_t, static_cast<float>(mantissa) * 0x1p-24F);
  return __builtin_bit_cast(float, bits | sign);
}

/// Rounds to nearest, ties to even; beyond half_max to infinity. A NaN stays one.
QUICKBEAM_HD constexpr std::uint16_t float_to_half(float value) {
  const auto bits = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t sign = bits >> 16 & 0x8000U, magnitude = bits & 0x7fffffffU;
  std::uint32_t half = 0;
  if (magnitude > 0x7f800000U) {
    half = 0x7e00U | (magnitude >> 13 & 0x03ffU);
  } else if (magnitude >= __builtin_bit_cast(std::uint32_t, half_overflow)) {
    half = 0x7c00U;
  } else {
    // A normal half keeps 10 of 23 mantissa bits; below 2^-14 one more is lost for each power of 2.
    const std::uint32_t exponent = magnitude >> 23;
    const std::uint32_t below = exponent < 113 ? 113 - exponent : 0;
    const std::uint32_t shift = 13 + below;
    if (shift < 26) {
      const std::uint32_t kept = below == 0 ? magnitude - (std::uint32_t{112} << 23)
                                            : (magnitude & 0x007fffffU) | 0x00800000U;
      const std::uint32_t up = (std::uint32_t{1} << (shift - 1)) - 1 + (kept >> shift & 1U);
      half = (kept + up) >> shift;
    }
  }
  return static_cast<std::uint16_t>(half | sign);
}

}  // namespace quickbeam
