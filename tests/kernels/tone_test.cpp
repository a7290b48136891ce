// SPDX-License-Identifier: BSD-3-Clause
// apply_tone against the plain count of thresholds <= value, for every working type.
#include "kernels/tone.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <quickbeam/core/error.hpp>

namespace quickbeam::kernels {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Is v >= t, exactly? Integers beyond 2^53 do not survive a conversion to double.
template <class K>
bool reaches(K v, double t) {
  if constexpr (std::is_integral_v<K>) {
    if (t >= 0x1p63) return false;
    if (t < -0x1p63) return true;
    return v >= static_cast<std::int64_t>(std::ceil(t));
  } else {
    return static_cast<double>(v) >= t;
  }
}

template <class K>
int expected_index(K v, bool saturated, const ToneTable& table) {
  if constexpr (std::is_integral_v<K>) {
    if (v < 0) return masked_index;
  } else {
    if (std::isnan(v)) return masked_index;
  }
  if (saturated) return saturated_index;
  int count = 0;
  for (const double t : table) count += reaches(v, t);
  return count;
}

ToneTable spread(double low, double high) {
  ToneTable table;
  for (std::size_t k = 0; k < table.size(); ++k)
    table[k] = low + (high - low) * static_cast<double>(k + 1) / grey_levels;
  return table;
}

std::vector<ToneTable> tables() {
  ToneTable powers, mixed, all_low, all_high;
  for (std::size_t k = 0; k < powers.size(); ++k)
    powers[k] = std::exp2(static_cast<double>(k) / 2.0 - 20);  // up to 2^106
  for (std::size_t k = 0; k < mixed.size(); ++k)
    mixed[k] = k < 3 ? -infinity : k > 240 ? infinity : std::floor(static_cast<double>(k) / 7);
  all_low.fill(-1e300);
  all_high.fill(1e300);
  return {spread(0, 254),
          spread(0, 25),
          spread(-3.5, 1e6),
          spread(2147483000.0, 2147484000.0),
          powers,
          mixed,
          all_low,
          all_high,
          spread(-1e18, 0x1p63),
          spread(0, 1e-3)};
}

template <class K>
std::vector<K> awkward_values(const ToneTable& table) {
  using Limits = std::numeric_limits<K>;
  std::vector<K> values{K{0},
                        K{1},
                        K{2},
                        K{-1},
                        K{-2},
                        K{25},
                        K{4095},
                        K{4096},
                        K{4097},
                        Limits::max(),
                        Limits::lowest(),
                        static_cast<K>(Limits::max() - 1)};
  if constexpr (std::is_floating_point_v<K>)
    values.insert(values.end(), {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(),
                                 Limits::denorm_min(), -K{0}});
  for (const double t : table) {  // both sides of every threshold
    if (!(std::abs(t) < 9e18) || std::abs(t) > static_cast<double>(Limits::max()) / 2) continue;
    const K near = static_cast<K>(t);
    if constexpr (std::is_floating_point_v<K>)
      values.insert(values.end(), {near, std::nextafter(near, -Limits::infinity()),
                                   std::nextafter(near, Limits::infinity())});
    else
      values.insert(values.end(), {near, near + 1, near - 1});
  }
  std::mt19937_64 random(20240611);
  for (int i = 0; i < 2000; ++i) values.push_back(static_cast<K>(random() >> (1 + random() % 62)));
  return values;
}

template <class K>
class ToneTest : public ::testing::Test {};
using WorkTypes = ::testing::Types<std::int32_t, std::int64_t, float, double>;
TYPED_TEST_SUITE(ToneTest, WorkTypes);

TYPED_TEST(ToneTest, IsTheNumberOfThresholdsReached) {
  using K = TypeParam;
  for (const ToneTable& table : tables()) {
    const std::vector<K> values = awkward_values<K>(table);
    const Extent extent{static_cast<std::int64_t>(values.size()), 2};
    ReducedImage in{Image(pixel_type_of<K>(), extent), Image(PixelType::u8, extent)};
    std::vector<std::uint8_t> out(static_cast<std::size_t>(extent.width + 7) * 2, 99);
    for (std::int64_t x = 0; x < extent.width; ++x)
      for (std::int64_t y = 0; y < 2; ++y) {
        in.values.as<K>()(x, y) = values[static_cast<std::size_t>(x)];
        in.saturated.as<std::uint8_t>()(x, y) = static_cast<std::uint8_t>(y);
      }
    apply_tone(in, table, {out.data(), extent, extent.width + 7});
    for (std::int64_t x = 0; x < extent.width; ++x)
      for (std::int64_t y = 0; y < 2; ++y)
        ASSERT_EQ(out[static_cast<std::size_t>(y * (extent.width + 7) + x)],
                  expected_index(values[static_cast<std::size_t>(x)], y == 1, table))
            << "value " << +values[static_cast<std::size_t>(x)] << " row " << y << " table from "
            << table[0] << " to " << table.back();
    EXPECT_EQ(out[static_cast<std::size_t>(extent.width)], 99) << "the row's padding was written";
  }
}

TYPED_TEST(ToneTest, TakesEmptyImages) {
  ReducedImage in{Image(pixel_type_of<TypeParam>(), {0, 0}), Image(PixelType::u8, {0, 0})};
  EXPECT_NO_THROW(apply_tone(in, spread(0, 1), {nullptr, {0, 0}}));
}

TEST(Tone, RefusesOtherTypesAndExtents) {
  std::uint8_t out[4];
  const ReducedImage narrow{Image(PixelType::u16, {2, 2}), Image(PixelType::u8, {2, 2})};
  const ReducedImage unequal{Image(PixelType::i32, {2, 2}), Image(PixelType::u8, {2, 1})};
  for (const auto& [in, code] :
       {std::pair{&narrow, ErrorCode::unsupported}, std::pair{&unequal, ErrorCode::inconsistent}})
    try {
      apply_tone(*in, spread(0, 1), {out, {2, 2}});
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
    }
}

}  // namespace
}  // namespace quickbeam::kernels
