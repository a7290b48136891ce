// SPDX-License-Identifier: BSD-3-Clause
// The simulator's own arithmetic against the standard library, and its photon statistics.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "host/src/simulate_math.hpp"
#include "host/src/simulate_random.hpp"

namespace quickbeam::simulation {
namespace {

TEST(SimulateMath, AgreesWithTheStandardLibrary) {
  for (double x = -600; x < 600; x += 0.37) {
    EXPECT_NEAR(portable_exp(x) / std::exp(x), 1, 1e-12) << x;
    const SinCos turn = portable_sincos(x);
    EXPECT_NEAR(turn.sin, std::sin(x * radians_per_degree), 1e-14) << x;
    EXPECT_NEAR(turn.cos, std::cos(x * radians_per_degree), 1e-14) << x;
    EXPECT_NEAR(portable_erf(x / 100), std::erf(x / 100), 2e-7) << x;
  }
  for (double x = 1e-16; x < 1e4; x *= 1.09)
    EXPECT_NEAR(portable_log(x), std::log(x), 1e-14 * std::fmax(1, std::fabs(std::log(x)))) << x;
  for (double x = -0.25; x <= 0.25; x += 0.01)
    EXPECT_NEAR(portable_small_asin(x) * radians_per_degree, std::asin(x), 2e-8) << x;
}

TEST(SimulateMath, RightAnglesAreExact) {
  for (const double quarters : {-8.0, -3.0, 0.0, 1.0, 2.0, 3.0, 400.0}) {
    const SinCos turn = portable_sincos(90 * quarters);
    EXPECT_EQ(std::fabs(turn.sin) + std::fabs(turn.cos), 1) << quarters;
  }
  EXPECT_EQ(portable_sincos(90).sin, 1);
  EXPECT_EQ(portable_sincos(180).cos, -1);
  EXPECT_EQ(portable_sincos(270).sin, -1);
}

TEST(SimulateMath, ExtremesOfTheExponential) {
  EXPECT_EQ(portable_exp(0), 1);
  EXPECT_EQ(portable_exp(-1e300), 0);
  EXPECT_TRUE(std::isfinite(portable_exp(1e300)));
}

/// Mean and variance of `draws` counts against those of a Poisson distribution, 5 standard errors.
template <class Draw>
void expect_poisson(double rate, int draws, Draw draw) {
  double total = 0, squares = 0;
  for (int i = 0; i < draws; ++i) {
    const double count = draw(i);
    ASSERT_GE(count, 0);
    total += count;
    squares += (count - rate) * (count - rate);
  }
  EXPECT_NEAR(total / draws, rate, 5 * std::sqrt(rate / draws)) << rate;
  // The variance of (n - rate)^2 is 2 rate^2 + rate.
  EXPECT_NEAR(squares / draws, rate, 5 * std::sqrt((2 * rate * rate + rate) / draws)) << rate;
}

TEST(SimulatePoisson, MeanAndVariance) {
  RandomSequence random(key_of(1, Stream::spot));
  for (const double rate : {0.01, 0.5, 3.0, 40.0, 499.0, 501.0, 1e4, 1e6})
    expect_poisson(rate, 100000, [&](int) { return poisson(rate, random); });
  EXPECT_EQ(poisson(0, random), 0);
  EXPECT_EQ(poisson(-1, random), 0);
}

TEST(SimulatePoisson, TablesHaveTheMeanAndVarianceOfTheirLevel) {
  const PoissonTables tables(PoissonTables::highest_level);
  const std::uint64_t key = key_of(2, Stream::background);
  for (const int level : {1, 20, 63, 200, 400, 632, 2000, 4000}) {
    const auto l = static_cast<std::uint16_t>(level);
    expect_poisson(PoissonTables::rate(l), 200000, [&](int i) {
      return tables.draw(
          l, static_cast<std::uint32_t>(random_at(key + l, static_cast<std::uint64_t>(i)) >> 32));
    });
  }
}

TEST(SimulatePoisson, TablesHoldEveryRandomNumber) {
  const PoissonTables tables(PoissonTables::highest_level);
  EXPECT_EQ(tables.draw(0, 0xffffffffu), 0);
  for (const int level : {0, 1, 100, 1000, 4000}) {
    const auto l = static_cast<std::uint16_t>(level);
    const double rate = PoissonTables::rate(l);
    EXPECT_LE(tables.draw(l, 0), rate);
    EXPECT_LE(tables.draw(l, 0xffffffffu), rate + 8 * std::sqrt(rate) + 12);
    for (std::uint32_t top = 0; top < 255; ++top)  // counts grow with the random number
      EXPECT_LE(tables.draw(l, top << 24), tables.draw(l, (top << 24) | 0xffffff));
  }
}

TEST(SimulatePoisson, ZeroHasItsOwnShare) {
  RandomSequence random(key_of(3, Stream::spot));
  int zeros = 0;
  for (int i = 0; i < 100000; ++i) zeros += poisson(1.0, random) == 0;
  EXPECT_NEAR(zeros, 100000 * std::exp(-1), 5 * std::sqrt(100000 * 0.2325));
}

TEST(SimulateRandom, StreamsAndCountersDiffer) {
  EXPECT_NE(key_of(1, Stream::spot), key_of(1, Stream::background));
  EXPECT_NE(key_of(1, Stream::spot, 1, 2), key_of(1, Stream::spot, 2, 1));
  EXPECT_NE(key_of(1, Stream::spot, -1), key_of(1, Stream::spot, 1));
  EXPECT_GT(unit(0), 0);
  EXPECT_LT(unit(~std::uint64_t{0}), 1);
}

}  // namespace
}  // namespace quickbeam::simulation
