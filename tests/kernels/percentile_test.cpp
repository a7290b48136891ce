// SPDX-License-Identifier: BSD-3-Clause
// The arithmetic of percentiles, and keys that sort as the values do.
#include "kernels/ops/percentile.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/ops/measured.hpp"
#include "kernels/ops/order_key.hpp"

namespace quickbeam::kernels {
namespace {

/// By rational thinking: percent in thousandths, so that index and rest are whole numbers.
TEST(PercentilePosition, IsTheWholeAndTheRestOfTheDivision) {
  for (const std::uint64_t count : {1u, 2u, 3u, 101u, 62001u})
    for (std::uint64_t thousandths = 0; thousandths <= 100000; thousandths += 125) {
      const std::uint64_t product = thousandths * (count - 1);
      const auto position = percentile_position(static_cast<double>(thousandths) / 1000, count);
      const double place = static_cast<double>(position.index) + position.part;
      ASSERT_NEAR(place, static_cast<double>(product) / 100000, 1e-10 * static_cast<double>(count));
      ASSERT_LT(position.index, count);
      ASSERT_TRUE(position.part >= 0 && position.part < 1);
    }
}

TEST(PercentilePosition, EndsAreTheFirstAndTheLast) {
  for (const double percent : {0.0, -5.0, -std::numeric_limits<double>::infinity()})
    EXPECT_EQ(percentile_position(percent, 77).index, 0u) << percent;
  for (const double percent : {100.0, 100.5, std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(percentile_position(percent, 77).index, 76u) << percent;
    EXPECT_EQ(percentile_position(percent, 77).part, 0) << percent;
  }
  EXPECT_EQ(next_rank(0, 1), 0u);
  EXPECT_EQ(next_rank(0, 2), 1u);
  EXPECT_EQ(next_rank(1, 2), 1u);
}

TEST(PercentileBetween, IsAStraightLineThatMeetsBothEnds) {
  EXPECT_EQ(percentile_between(3, 10, 0), 3);
  EXPECT_EQ(percentile_between(3, 10, 0.25), 4.75);
  EXPECT_EQ(percentile_between(3, 10, 0.5), 6.5);
  EXPECT_EQ(percentile_between(3, 10, 0.75), 8.25);
  EXPECT_EQ(percentile_between(1e300, 1e300, 0.3), 1e300);
  EXPECT_FALSE(std::signbit(percentile_between(-0.0, -0.0, 0)));
}

template <class V>
class Keys : public ::testing::Test {};
using WorkTypes = ::testing::Types<std::int32_t, std::int64_t, float, double>;
TYPED_TEST_SUITE(Keys, WorkTypes);

TYPED_TEST(Keys, AscendWithTheValuesAndComeBack) {
  using V = TypeParam;
  using Limits = std::numeric_limits<V>;
  std::vector<V> values{V{0}, V{1}, V{2}, Limits::max()};
  std::mt19937_64 random(20240611);
  constexpr int spare_bits = std::is_floating_point_v<V> ? 1 : 64 - Limits::digits;
  for (int i = 0; i < 3000; ++i)
    values.push_back(static_cast<V>(random() >> (spare_bits + static_cast<int>(random() % 31))));
  if constexpr (std::is_floating_point_v<V>) {
    for (std::size_t i = 0; i < 1000; ++i) values.push_back(-values[i] / 3);
    values.insert(values.end(), {Limits::denorm_min(), -Limits::denorm_min(), Limits::min(),
                                 Limits::lowest(), Limits::infinity(), -Limits::infinity()});
  }
  std::sort(values.begin(), values.end());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(value_of_key<V>(order_key(values[i])), values[i]);
    if (i == 0) continue;
    ASSERT_EQ(order_key(values[i - 1]) < order_key(values[i]), values[i - 1] < values[i]);
  }
  if constexpr (std::is_floating_point_v<V>) {
    EXPECT_EQ(order_key(-V{0}), order_key(V{0}));
  }
}

TEST(IsMeasured, NeitherMaskedNorSaturatedNorInfinite) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr double inf = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(is_measured(0, 0) && is_measured(-2.5F, 0) && is_measured(1e308, 0));
  EXPECT_FALSE(is_measured(-1, 0) || is_measured(nan, 0) || is_measured(inf, 0) ||
               is_measured(-inf, 0));
  EXPECT_FALSE(is_measured(5, 1) || is_measured(5.0, 255));
  EXPECT_TRUE(shows_masked(-1) && shows_masked(nan));
  EXPECT_FALSE(shows_masked(0) || shows_masked(-1.0F) || shows_masked(inf));
}

}  // namespace
}  // namespace quickbeam::kernels
