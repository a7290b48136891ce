// SPDX-License-Identifier: BSD-3-Clause
// Tone tables against the curves themselves, evaluated forwards.
#include <quickbeam/tone_curve.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <quickbeam/core/error.hpp>

namespace quickbeam {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

int grey_of(double v, const ToneTable& table) {
  return static_cast<int>(
      std::count_if(table.begin(), table.end(), [v](double t) { return t <= v; }));
}

double position(const Tone& tone, double v, double low, double high) {
  const double u = (v - low) / (high - low);
  switch (tone.curve) {
    case ToneCurve::sqrt:
      return std::sqrt(u);
    case ToneCurve::gamma:
      return std::pow(u, tone.gamma);
    case ToneCurve::log:
      return (std::log1p(v) - std::log1p(low)) / (std::log1p(high) - std::log1p(low));
    case ToneCurve::asinh:
      return (std::asinh(v) - std::asinh(low)) / (std::asinh(high) - std::asinh(low));
    default:
      return u;
  }
}

class EveryCurve : public ::testing::TestWithParam<Tone> {};
INSTANTIATE_TEST_SUITE_P(Curves, EveryCurve,
                         ::testing::Values(Tone{ToneCurve::linear}, Tone{ToneCurve::log},
                                           Tone{ToneCurve::sqrt}, Tone{ToneCurve::asinh},
                                           Tone{ToneCurve::gamma, 0.2},
                                           Tone{ToneCurve::gamma, 2.2}));

TEST_P(EveryCurve, ThresholdKIsTheValueAtPositionK254ths) {
  for (const auto& [bottom, top] :
       {std::pair{0.0, 25.0}, {3.0, 558.0}, {0.0, 1e6}, {0.25, 0.5}, {100.0, 101.0}}) {
    const double low = bottom, high = top;  // clang 14 captures no bindings
    const ToneTable table = make_tone_table(GetParam(), low, high);
    for (int k = 1; k < grey_levels; ++k) {
      // The documented precision of a threshold, seen from its position.
      const double t = table[static_cast<std::size_t>(k - 1)], slack = 1e-12 * std::max(1.0, t);
      const auto at = [&](double v) {
        return position(GetParam(), std::clamp(v, low, high), low, high);
      };
      ASSERT_GE(at(t + slack), k / 254.0 - 1e-15) << "k " << k << " levels " << low << " " << high;
      ASSERT_LE(at(t - slack), k / 254.0 + 1e-15) << "k " << k << " levels " << low << " " << high;
    }
  }
}

TEST_P(EveryCurve, AscendsAndStaysBetweenTheLevels) {
  for (const auto& [low, high] : {std::pair{0.0, 25.0},
                                  {-5.0, 5.0},
                                  {-1e308, 1e308},
                                  {0.0, 1.8e19},
                                  {1.0, std::nextafter(1.0, 2.0)}}) {
    const ToneTable table = make_tone_table(GetParam(), low, high);
    EXPECT_TRUE(std::is_sorted(table.begin(), table.end())) << low << " " << high;
    EXPECT_GE(table.front(), std::max(low, -1e300));
    EXPECT_LE(table.back(), high);
    EXPECT_EQ(grey_of(high, table), grey_levels - 1);
    EXPECT_EQ(grey_of(std::nextafter(low, -infinity), table), 0);
  }
}

TEST_P(EveryCurve, WithoutAScaleIsOneStep) {
  for (const auto& [low, high] :
       {std::pair{5.0, 5.0}, {5.0, 1.0}, {5.0, nan_value}, {5.0, infinity}, {5.0, -infinity}}) {
    const ToneTable table = make_tone_table(GetParam(), low, high);
    EXPECT_EQ(grey_of(5.0, table), 0) << high;
    EXPECT_EQ(grey_of(6.0, table), grey_levels - 1) << high;
  }
  for (const double low : {nan_value, infinity, -infinity}) {
    const ToneTable table = make_tone_table(GetParam(), low, 25);
    EXPECT_EQ(grey_of(0, table), 0) << low;
    EXPECT_EQ(grey_of(1e300, table), 0) << low;
  }
}

TEST(ToneTable, LinearWholeNumbersAreExact) {
  const ToneTable table = make_tone_table({ToneCurve::linear}, 0, 254);
  for (int k = 1; k < grey_levels; ++k) EXPECT_EQ(table[static_cast<std::size_t>(k - 1)], k);
}

TEST(ToneTable, LogTellsTheFirstCountsApartAndGreysZeroAndBelowLightest) {
  const ToneTable table = make_tone_table({ToneCurve::log}, 0, 25);
  EXPECT_EQ(grey_of(-7, table), 0);
  EXPECT_EQ(grey_of(0, table), 0);
  for (int counts = 0; counts < 25; ++counts)
    EXPECT_GE(grey_of(counts + 1, table) - grey_of(counts, table), 3) << counts;
  EXPECT_EQ(grey_of(1, table), 54);  // floor(254 log 2 / log 26)
  EXPECT_EQ(grey_of(25, table), 253);
}

TEST(ToneTable, LogOfLevelsBelowZeroStartsAtZero) {
  EXPECT_EQ(make_tone_table({ToneCurve::log}, -10, 25), make_tone_table({ToneCurve::log}, 0, 25));
  const ToneTable nothing = make_tone_table({ToneCurve::log}, -10, -5);
  EXPECT_EQ(grey_of(0, nothing), 0);
}

TEST(ToneTable, AsinhIsOddAroundZero) {
  const ToneTable table = make_tone_table({ToneCurve::asinh}, -100, 100);
  for (std::size_t k = 0; k < table.size(); ++k)
    EXPECT_NEAR(table[k], -table[table.size() - 1 - k], 1e-9);
}

ReducedImage image_of(const std::vector<std::int32_t>& values) {
  const Extent extent{static_cast<std::int64_t>(values.size()), 1};
  ReducedImage image{Image(PixelType::i32, extent), Image(PixelType::u8, extent)};
  std::copy(values.begin(), values.end(), image.values.as<std::int32_t>().data);
  std::fill_n(image.saturated.as<std::uint8_t>().data, values.size(), std::uint8_t{0});
  return image;
}

TEST(EqualizeTable, GivesEveryGreyAnEqualShare) {
  std::mt19937 random(20240611);
  std::exponential_distribution<double> decay(1.0 / 2000);
  std::vector<std::int32_t> values(50800);
  for (auto& v : values) v = static_cast<std::int32_t>(decay(random));
  const ToneTable table = make_equalize_table(image_of(values), 0, 8000, 1024);
  EXPECT_TRUE(std::is_sorted(table.begin(), table.end()));
  std::vector<int> pixels(grey_levels);
  int between = 0;
  for (const auto v : values)
    if (v <= 8000) ++between, ++pixels[static_cast<std::size_t>(grey_of(v, table))];
  for (const int count : pixels) EXPECT_NEAR(count, between / 254.0, 70);
}

TEST(EqualizeTable, OfUniformValuesIsLinearAndSkipsWhatIsNoMeasurement) {
  std::vector<std::int32_t> values(6400);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i);
  const ToneTable linear = make_tone_table({ToneCurve::linear}, 0, 6400);
  ReducedImage image = image_of(values);
  const ToneTable table = make_equalize_table(image, 0, 6400);
  for (std::size_t k = 0; k < table.size(); ++k) EXPECT_NEAR(table[k], linear[k], 1e-6);
  // 6400 more pixels that must not count: masked, saturated, outside the levels.
  values.resize(12800, -1);
  for (std::size_t i = 6400; i < 8400; ++i) values[i] = 100;
  for (std::size_t i = 8400; i < 9400; ++i) values[i] = 6401;
  image = image_of(values);
  for (std::int64_t i = 6400; i < 8400; ++i) image.saturated.as<std::uint8_t>().data[i] = 1;
  EXPECT_EQ(make_equalize_table(image, 0, 6400), table);
}

TEST(EqualizeTable, WithoutPixelsOrScaleIsAsLinear) {
  const ToneTable linear = make_tone_table({ToneCurve::linear}, 0, 10);
  EXPECT_EQ(make_equalize_table(image_of({-1, -1, 50}), 0, 10), linear);
  EXPECT_EQ(make_equalize_table(image_of({}), 0, 10), linear);
  EXPECT_EQ(make_equalize_table(image_of({1, 2}), 3, 3),
            make_tone_table({ToneCurve::linear}, 3, 3));
  EXPECT_THROW(make_equalize_table(image_of({1}), 0, 10, 0), Error);
  EXPECT_THROW(make_equalize_table(image_of({1}), 0, 10, 1 << 30), Error);
}

TEST(ParseTone, ReadsWhatToStringWrites) {
  for (const char* text : {"linear", "log", "sqrt", "asinh", "equalize", "gamma:0.25", "gamma:3"})
    EXPECT_EQ(to_string(parse_tone(text)), text);
  EXPECT_EQ(parse_tone("gamma:0.25"), (Tone{ToneCurve::gamma, 0.25}));
}

TEST(ParseTone, RefusesTheRest) {
  for (const char* text : {"", "Log", "gamma", "gamma:", "gamma:0", "gamma:-1", "gamma:nan",
                           "gamma:inf", "gamma:1x", "log "})
    try {
      parse_tone(text);
      ADD_FAILURE() << "accepted " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
      EXPECT_EQ(error.info().found, text);
    }
  EXPECT_THROW(make_tone_table({ToneCurve::gamma, 0}, 0, 1), Error);
  EXPECT_THROW(make_tone_table({ToneCurve::equalize}, 0, 1), Error);
}

}  // namespace
}  // namespace quickbeam
