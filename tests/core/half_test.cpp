// SPDX-License-Identifier: BSD-3-Clause
// All 65,536 halves and the floats between them, against the definition of IEEE 754.
#include <quickbeam/core/half.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

namespace quickbeam {
namespace {

/// A half by the formula of IEEE 754-2019, section 3.4.
double value_of(unsigned half) {
  const double sign = half >> 15 != 0 ? -1 : 1;
  const int exponent = static_cast<int>(half >> 10 & 31);
  const double mantissa = half & 1023;
  if (exponent == 31) return mantissa == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

TEST(Half, EveryHalfIsExact) {
  for (unsigned half = 0; half < 65536; ++half) {
    const float value = half_to_float(static_cast<std::uint16_t>(half));
    const double expected = value_of(half);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(value)) << half;
      ASSERT_EQ(bits_of(value) & 0x7fffffU, (half & 1023) << 13) << "the payload";
    } else {
      ASSERT_EQ(static_cast<double>(value), expected) << half;
    }
    ASSERT_EQ(std::signbit(value), half >> 15 != 0) << half;
  }
}

TEST(Half, EveryHalfComesBack) {
  for (unsigned half = 0; half < 65536; ++half) {
    const bool is_nan = std::isnan(value_of(half));
    const unsigned back = float_to_half(half_to_float(static_cast<std::uint16_t>(half)));
    ASSERT_EQ(back, is_nan ? half | 0x200U : half);  // a NaN comes back quiet
  }
}

/// The nearest half by search, ties to the even one.
unsigned nearest(double value) {
  unsigned best = 0;
  for (unsigned half = 0; half < 0x7c00; ++half) {
    const double d = std::abs(value_of(half) - value), least = std::abs(value_of(best) - value);
    if (d < least || (d == least && half % 2 == 0)) best = half;
  }
  return best;
}

TEST(Half, FloatsRoundToTheNearestEven) {
  // Every half, the middle to the next one, and the floats next to both.
  for (unsigned half = 0; half < 0x7bff; ++half) {
    const auto low = static_cast<float>(value_of(half)),
               high = static_cast<float>(value_of(half + 1));
    const float middle = (low + high) / 2;  // exact: 11 bits
    const unsigned even = half % 2 == 0 ? half : half + 1;
    ASSERT_EQ(float_to_half(low), half);
    ASSERT_EQ(float_to_half(std::nextafter(low, high)), half);
    ASSERT_EQ(float_to_half(std::nextafter(middle, low)), half);
    ASSERT_EQ(float_to_half(middle), even);
    ASSERT_EQ(float_to_half(std::nextafter(middle, high)), half + 1);
    ASSERT_EQ(float_to_half(-middle), even | 0x8000U);
  }
}

TEST(Half, RandomFloatsAreTheNearestBySearch) {
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    const float value = std::ldexp(1 + static_cast<float>(random() % 8388608) / 8388608,
                                   static_cast<int>(random() % 42) - 26);
    if (value >= half_overflow) continue;
    EXPECT_EQ(float_to_half(value), nearest(static_cast<double>(value))) << value;
  }
}

TEST(Half, TheEnds) {
  EXPECT_EQ(float_to_half(65504.0F), 0x7bff);
  EXPECT_EQ(float_to_half(std::nextafter(half_overflow, 0.0F)), 0x7bff);
  EXPECT_EQ(float_to_half(half_overflow), 0x7c00);
  EXPECT_EQ(float_to_half(1e30F), 0x7c00);
  EXPECT_EQ(float_to_half(-INFINITY), 0xfc00);
  EXPECT_EQ(float_to_half(NAN) & 0x7e00, 0x7e00);
  EXPECT_EQ(float_to_half(0x1p-24F), 1);
  EXPECT_EQ(float_to_half(0x1p-25F), 0);
  EXPECT_EQ(float_to_half(std::nextafter(0x1p-25F, 1.0F)), 1);
  EXPECT_EQ(float_to_half(1e-40F), 0);
  EXPECT_EQ(float_to_half(-0.0F), 0x8000);
}

}  // namespace
}  // namespace quickbeam
