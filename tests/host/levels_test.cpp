// SPDX-License-Identifier: BSD-3-Clause
// Levels: exact percentiles, the floor for weak frames, and what each mode ignores.
#include <quickbeam/levels.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/mask.hpp>

#include "host/src/percentile_levels.hpp"
#include "kernels/ops/percentile.hpp"

namespace quickbeam {
namespace {

template <class T>
ReducedImage image_of(const std::vector<T>& values) {
  const Extent extent{static_cast<std::int64_t>(values.size()), 1};
  ReducedImage image{Image(pixel_type_of<T>(), extent), Image(PixelType::u8, extent)};
  std::copy(values.begin(), values.end(), image.values.as<T>().data);
  std::fill_n(image.saturated.as<std::uint8_t>().data, values.size(), std::uint8_t{0});
  return image;
}

template <class T>
std::vector<T> poisson_counts(double mean, std::size_t pixels) {
  std::mt19937 random(20240611);
  std::poisson_distribution<int> counts(mean);
  std::vector<T> values(pixels);
  for (T& v : values) v = static_cast<T>(counts(random));
  return values;
}

/// By sorting everything.
template <class T>
double sorted_percentile(std::vector<T> values, double percent) {
  std::sort(values.begin(), values.end());
  const double position = percent / 100 * static_cast<double>(values.size() - 1);
  const auto i = static_cast<std::size_t>(position);
  const double a = static_cast<double>(values[i]);
  const double b = static_cast<double>(values[std::min(i + 1, values.size() - 1)]);
  return a + (b - a) * (position - static_cast<double>(i));
}

template <class T>
class Percentiles : public ::testing::Test {};
using WorkTypes = ::testing::Types<std::int32_t, std::int64_t, float, double>;
TYPED_TEST_SUITE(Percentiles, WorkTypes);

TYPED_TEST(Percentiles, EqualThoseOfTheSortedPixels) {
  using T = TypeParam;
  for (const double mean : {0.01, 3.0, 4090.0, 20000.0}) {
    auto values = poisson_counts<T>(mean, 5003);
    for (std::size_t i = 0; i < 40; ++i) values[i * 100] = static_cast<T>(100000 + 1000 * i);
    const auto valid = values;
    ReducedImage image = image_of(values);
    for (std::size_t i = 1; i < 5003; i += 97) values.push_back(masked_value<T>());
    values.insert(values.end(), 300, T{2000000});
    image = image_of(values);
    for (std::size_t i = values.size() - 300; i < values.size(); ++i)
      image.saturated.as<std::uint8_t>().data[i] = 1;
    for (const auto& [low, high] :
         {std::pair{0.0, 100.0}, {0.1, 99.9}, {25.0, 50.0}, {99.2, 99.95}}) {
      const LevelRange range = compute_levels(image, {LevelsMode::percentiles, low, high}, {}, -1);
      EXPECT_DOUBLE_EQ(range.low, sorted_percentile(valid, low)) << mean;
      const double top = sorted_percentile(valid, high);
      EXPECT_DOUBLE_EQ(range.high, top > range.low ? top : range.low + 1) << mean;
    }
  }
}

TYPED_TEST(Percentiles, OfNothingAreZeroAndOne) {
  using T = TypeParam;
  for (const Levels& levels :
       {Levels{}, Levels{LevelsMode::percentiles, 1, 99}, Levels{LevelsMode::sigma, 0, 0, 3}}) {
    EXPECT_EQ(compute_levels(image_of<T>({}), levels, {}), LevelRange{});
    EXPECT_EQ(compute_levels(image_of<T>({masked_value<T>(), masked_value<T>()}), levels, {}),
              LevelRange{});
  }
}

TEST(Percentiles, MatchNumPy) {
  // numpy.percentile([0, 1, 3, 10, 40, 41, 900], [12.5, 33, 95])
  const ReducedImage image = image_of<std::int32_t>({41, 3, 900, 0, 10, 1, 40});
  EXPECT_NEAR(compute_levels(image, {LevelsMode::percentiles, 12.5, 95}, {}).low, 0.75, 1e-12);
  EXPECT_NEAR(compute_levels(image, {LevelsMode::percentiles, 33, 95}, {}).low, 2.96, 1e-12);
  EXPECT_NEAR(compute_levels(image, {LevelsMode::percentiles, 33, 95}, {}).high, 642.3, 1e-9);
}

TEST(Levels, InfinitiesAreNoMeasurements) {
  const float infinity = std::numeric_limits<float>::infinity();
  const ReducedImage image = image_of<float>({infinity, 1, 2, 3, -infinity});
  EXPECT_EQ(compute_levels(image, {LevelsMode::percentiles, 0, 100}, {}, 0), (LevelRange{1, 3}));
}

TEST(Levels, SigmaIsMeanAndDeviation) {
  const ReducedImage image =
      image_of<double>({1000002, 1000004, 1000004, 1000004, 1000005, 1000005, 1000007, 1000009});
  EXPECT_EQ(compute_levels(image, {LevelsMode::sigma, 0, 0, 2}, {}, 0),
            (LevelRange{1000001, 1000009}));
}

TEST(Levels, RangeIsTakenAsGiven) {
  EXPECT_EQ(compute_levels(image_of<std::int32_t>({1}), {LevelsMode::range, -3, 5}, {}),
            (LevelRange{-3, 5}));
}

TEST(Levels, TheFloorKeepsNoiseOfWeakFramesPale) {
  const ReducedImage weak = image_of(poisson_counts<std::int32_t>(0.05, 60000));
  for (const Levels& levels :
       {Levels{}, Levels{LevelsMode::percentiles, 1, 99.9}, Levels{LevelsMode::sigma, 0, 0, 3}})
    EXPECT_EQ(compute_levels(weak, levels, {}).high, 25);
  EXPECT_LT(compute_levels(weak, {}, {}, 0.25).high, 4);
}

TEST(Levels, ConstantFramesStillHaveAScale) {
  const LevelRange range = compute_levels(image_of<std::int64_t>({100, 100, 100}), {}, {});
  EXPECT_EQ(range, (LevelRange{100, 101}));
  const LevelRange huge = compute_levels(image_of<double>({1e300, 1e300}), {}, {});
  EXPECT_LT(huge.low, huge.high);
  const ReducedImage widest = image_of<double>({-1.7e308, 1.7e308, 1.7e308});
  for (const Levels& levels : {Levels{}, Levels{LevelsMode::sigma, 0, 0, 3}}) {
    const LevelRange finite = compute_levels(widest, levels, {});
    EXPECT_TRUE(std::isfinite(finite.low) && std::isfinite(finite.high)) << to_string(levels);
    EXPECT_LT(finite.low, finite.high) << to_string(levels);
  }
}

/// Grey share (0..1) of a value under the automatic levels of `values`, log tone.
double darkness(const std::vector<std::int32_t>& values, double v) {
  const LevelRange range = compute_levels(image_of(values), {}, {ToneCurve::log});
  const ToneTable table = make_tone_table({ToneCurve::log}, range.low, range.high);
  return static_cast<double>(
             std::count_if(table.begin(), table.end(), [v](double t) { return t <= v; })) /
         253;
}

TEST(Levels, AutomaticShowsSpotsDarkAndBackgroundPale) {
  auto strong = poisson_counts<std::int32_t>(9, 62000);
  for (std::size_t i = 0; i < 600; ++i) strong[i * 100] = static_cast<std::int32_t>(100 + i);
  EXPECT_LT(darkness(strong, 9), 0.25);
  EXPECT_GT(darkness(strong, 100), 0.5);
  EXPECT_GT(darkness(strong, 500), 0.9);

  auto weak = poisson_counts<std::int32_t>(0.8, 62000);
  for (std::size_t i = 0; i < 100; ++i) weak[i * 600] = 20;
  EXPECT_LT(darkness(weak, 1), 0.25);
  EXPECT_LT(darkness(weak, 3), 0.5);
  EXPECT_GT(darkness(weak, 20), 0.9);

  const auto no_spots = poisson_counts<std::int32_t>(9, 62000);
  EXPECT_LT(darkness(no_spots, 12), 0.5);
  EXPECT_LT(darkness(no_spots, 20), 0.85);
}

TEST(Levels, AHotPixelBelowTheCutoffChangesNothing) {
  auto values = poisson_counts<std::int32_t>(9, 62000);
  const LevelRange before = compute_levels(image_of(values), {}, {});
  values[17] = 1046527;
  EXPECT_EQ(compute_levels(image_of(values), {}, {}), before);
}

TEST(RawLevels, RankMaskedPixelsBelowEveryCount) {
  // 50 masked, then 25 zeros, 15 ones, 5 fives, 5 of nine or more.
  const std::vector<std::uint64_t> counts{25, 15, 0, 0, 0, 5, 0, 0, 0, 5};
  const auto levels = [&](double low, double high) {
    return levels_from_histogram(counts, 50, {LevelsMode::raw_percentiles, low, high}, 0);
  };
  EXPECT_EQ(levels(0, 100), (LevelRange{0, 9}));
  EXPECT_EQ(levels(60, 90), (LevelRange{0, 1 + 4 * (0.9 * 99 - 89)}));
  EXPECT_EQ(levels(0, 10), (LevelRange{0, 1}));
  EXPECT_EQ(levels_from_histogram(counts, 50, {LevelsMode::raw_percentiles, 0, 99.95}).high, 25);
  EXPECT_EQ(levels_from_histogram({}, 0, {LevelsMode::raw_percentiles, 0, 99.95}), LevelRange{});
  EXPECT_EQ(levels_from_histogram({}, 9, {LevelsMode::raw_percentiles, 0, 99.95}),
            (LevelRange{0, 25}));
}

TEST(RawLevels, DialsBrightness) {
  const Levels dials{LevelsMode::dials, 0, 0, 100};
  const std::vector<std::uint64_t> weak{95, 5}, strong{0, 0, 0, 0, 100};
  EXPECT_EQ(levels_from_histogram(strong, 0, dials), (LevelRange{0, 10}));
  EXPECT_EQ(levels_from_histogram(weak, 0, dials), (LevelRange{0, 5}));
  EXPECT_EQ(levels_from_histogram(strong, 0, {LevelsMode::dials, 0, 0, 10}), (LevelRange{0, 100}));
}

TEST(RawLevels, ModesGoToTheirOwnFunction) {
  EXPECT_TRUE(needs_raw_histogram({LevelsMode::dials}));
  EXPECT_FALSE(needs_raw_histogram({}));
  EXPECT_THROW(compute_levels(image_of<std::int32_t>({1}), {LevelsMode::dials}, {}), Error);
  EXPECT_THROW(levels_from_histogram({}, 0, {}), Error);
}

/// As a device does it: the two ranks of each percentile by sorting, then the shared arithmetic.
template <class T>
LevelRange levels_from_ranks(std::vector<T> values, const Levels& levels, const Tone& tone,
                             double floor_counts) {
  std::sort(values.begin(), values.end());
  std::vector<double> percentiles;
  for (const double percent : percents_needed(levels, tone)) {
    if (values.empty()) break;
    const auto [index, part] = kernels::percentile_position(percent, values.size());
    const auto next = kernels::next_rank(index, values.size());
    percentiles.push_back(kernels::percentile_between(
        static_cast<double>(values[static_cast<std::size_t>(index)]),
        static_cast<double>(values[static_cast<std::size_t>(next)]), part));
  }
  return levels_from_percentiles(levels, tone, percentiles, floor_counts);
}

bool same_bits(LevelRange a, LevelRange b) {
  return a == b && std::signbit(a.low) == std::signbit(b.low) &&
         std::signbit(a.high) == std::signbit(b.high);
}

TYPED_TEST(Percentiles, MeasuredElsewhereGiveTheSameLevels) {
  using T = TypeParam;
  std::vector<std::vector<T>> images{{}, {T{7}}, {T{0}, T{3}}, poisson_counts<T>(3, 5003)};
  images.push_back(poisson_counts<T>(20000, 1009));
  if constexpr (std::is_floating_point_v<T>) {
    images.push_back({-T{0}, -T{0}, T{0}, -T{0}});
    images.push_back({T{-5} / 3, T{1} / 7, T{1e30}, T{-1e30}, T{0}});
  }
  for (const auto& values : images)
    for (const Levels& levels :
         {Levels{}, Levels{LevelsMode::percentiles, 0, 100},
          Levels{LevelsMode::percentiles, 12.5, 99.95}, Levels{LevelsMode::range, -3, 5}})
      for (const ToneCurve curve : {ToneCurve::log, ToneCurve::linear, ToneCurve::equalize})
        EXPECT_TRUE(same_bits(levels_from_ranks(values, levels, {curve}, 0.25),
                              compute_levels(image_of(values), levels, {curve}, 0.25)))
            << to_string(levels) << " of " << values.size();
}

TEST(Percentiles, AtMostFourAreNeededAndNoneForTheRest) {
  for (const ToneCurve curve : {ToneCurve::log, ToneCurve::linear, ToneCurve::gamma})
    for (const Levels& levels : {Levels{}, Levels{LevelsMode::percentiles, 1, 99}}) {
      EXPECT_FALSE(percents_needed(levels, {curve}).empty());
      EXPECT_LE(percents_needed(levels, {curve}).size(), 4u);
    }
  for (const LevelsMode mode :
       {LevelsMode::range, LevelsMode::sigma, LevelsMode::raw_percentiles, LevelsMode::dials})
    EXPECT_TRUE(percents_needed({mode, 1, 2, 3}, {}).empty());
}

TEST(Levels, RefusesWhatTheParserWould) {
  const double nan_value = std::numeric_limits<double>::quiet_NaN();
  const ReducedImage image = image_of<std::int32_t>({1, 2, 3});
  for (const Levels& levels :
       {Levels{LevelsMode::percentiles, nan_value, 99},
        Levels{LevelsMode::percentiles, 1, nan_value}, Levels{LevelsMode::percentiles, 1, 101},
        Levels{LevelsMode::range, 3, 3}, Levels{LevelsMode::range, 3, nan_value},
        Levels{LevelsMode::sigma, 0, 0, nan_value}})
    EXPECT_THROW(compute_levels(image, levels, {}), Error) << to_string(levels);
  const std::vector<std::uint64_t> counts{1, 2, 3};
  for (const Levels& levels :
       {Levels{LevelsMode::raw_percentiles, nan_value, 99}, Levels{LevelsMode::dials, 0, 0, 0}})
    EXPECT_THROW(levels_from_histogram(counts, 0, levels), Error) << to_string(levels);
}

TEST(ParseLevels, ReadsWhatToStringWrites) {
  for (const char* text :
       {"auto", "pct:1,99.9", "range:-5,1e+06", "sigma:3", "raw-pct:0,99.95", "dials:100"})
    EXPECT_EQ(to_string(parse_levels(text)), text);
  EXPECT_EQ(parse_levels("pct:1,99.9"), (Levels{LevelsMode::percentiles, 1, 99.9}));
  EXPECT_EQ(parse_levels("range:+0,25"), (Levels{LevelsMode::range, 0, 25}));
}

TEST(ParseLevels, RefusesTheRest) {
  for (const char* text : {"",         "Auto",    "pct",         "pct:",          "pct:1",
                           "pct:1,",   "pct:,2",  "pct:1,2,3",   "pct:-1,99",     "pct:1,101",
                           "pct:99,1", "pct:1,1", "range:1,nan", "range:5,5",     "sigma:0",
                           "sigma:-3", "sigma:x", "dials:",      "raw-pct:0,200", "range: 1,2"})
    try {
      parse_levels(text);
      ADD_FAILURE() << "accepted " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
      EXPECT_EQ(error.info().found, text);
      EXPECT_FALSE(error.info().expected.empty());
    }
}

}  // namespace
}  // namespace quickbeam
