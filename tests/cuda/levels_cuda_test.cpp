// SPDX-License-Identifier: BSD-3-Clause
// The kernel behind levels_cuda.hpp against sorting everything in double.
#include "kernels/levels_cuda.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/mask.hpp>

#include "tests/cuda/device_array.hpp"
#include "tests/cuda/seed.hpp"

namespace quickbeam::kernels::cuda {
namespace {

using tests::DeviceArray;
using Percents = std::vector<double>;

template <class V>
struct Frame {
  std::vector<V> values;
  std::vector<std::uint8_t> saturated;
};

struct Expected {
  std::uint64_t measured = 0, masked = 0, saturated = 0;
  double highest = 0;
  std::vector<double> sorted;  ///< measured values

  /// Rank below and above position percent / 100 (n - 1), by long double.
  std::pair<double, double> around(double percent) const {
    if (sorted.empty()) return {0, 0};
    const auto last = static_cast<double>(sorted.size() - 1);
    const auto low = static_cast<std::size_t>(std::floor(percent / 100 * last));
    return {sorted[low], sorted[std::min(low + 1, sorted.size() - 1)]};
  }
};

template <class V>
Expected look_at(const Frame<V>& frame) {
  Expected e;
  for (std::size_t i = 0; i < frame.values.size(); ++i) {
    const auto v = static_cast<double>(frame.values[i]);
    const bool masked = std::is_integral_v<V> ? v < 0 : std::isnan(v);
    if (masked) ++e.masked;
    if (frame.saturated[i] != 0) ++e.saturated;
    if (masked || frame.saturated[i] != 0) continue;
    e.highest = std::max(e.highest, v);
    if (std::isfinite(v)) e.sorted.push_back(v);
  }
  e.measured = e.sorted.size();
  std::sort(e.sorted.begin(), e.sorted.end());
  return e;
}

template <class V>
std::vector<ReducedFacts> measured(const std::vector<Frame<V>>& frames, const Percents& percents) {
  std::vector<V> values;
  std::vector<std::uint8_t> flags;
  for (const auto& frame : frames) {
    values.insert(values.end(), frame.values.begin(), frame.values.end());
    flags.insert(flags.end(), frame.saturated.begin(), frame.saturated.end());
  }
  const DeviceArray<V> device_values(values);
  const DeviceArray<std::uint8_t> device_flags(flags);
  const DeviceArray<ReducedFacts> facts(frames.size(), ReducedFacts{});
  const auto count = static_cast<std::uint32_t>(frames.size());
  const DeviceArray<std::byte> scratch(measure_bytes(count), std::byte{0xa5});
  const auto pixels = static_cast<std::int64_t>(frames.empty() ? 0 : frames[0].values.size());
  measure_reduced({.type = pixel_type_of<V>(),
                   .extent = {pixels, 1},
                   .frames = count,
                   .values = device_values.get(),
                   .saturated = device_flags.get()},
                  percents, facts.get(), scratch.get(), nullptr);
  return facts.read();
}

template <class V>
void expect_right(const std::vector<Frame<V>>& frames, const Percents& percents) {
  const auto facts = measured(frames, percents);
  for (std::size_t f = 0; f < frames.size(); ++f) {
    const Expected e = look_at(frames[f]);
    ASSERT_EQ(facts[f].measured, e.measured) << "frame " << f;
    ASSERT_EQ(facts[f].masked, e.masked) << "frame " << f;
    ASSERT_EQ(facts[f].saturated, e.saturated) << "frame " << f;
    ASSERT_EQ(facts[f].highest, e.highest) << "frame " << f;
    for (std::size_t p = 0; p < most_percents; ++p) {
      const auto [low, high] =
          p < percents.size() ? e.around(percents[p]) : std::pair<double, double>{0, 0};
      ASSERT_EQ(facts[f].at[p][0], low) << "frame " << f << ", percent number " << p;
      ASSERT_EQ(facts[f].at[p][1], high) << "frame " << f << ", percent number " << p;
      ASSERT_FALSE(facts[f].at[p][0] == 0 && std::signbit(facts[f].at[p][0]));
    }
  }
}

/// Reduced counts as they are: mostly small, a few large, some masked, some saturated.
template <class V>
Frame<V> some_frame(std::size_t pixels, std::uint32_t seed, double mean = 3) {
  std::mt19937_64 random(tests::test_seed(seed));
  std::poisson_distribution<int> counts(mean);
  Frame<V> frame;
  for (std::size_t i = 0; i < pixels; ++i) {
    V v = static_cast<V>(counts(random));
    if (random() % 50 == 0) v = static_cast<V>(random() % 100000);
    if constexpr (std::is_floating_point_v<V>) v /= V{7};
    if (random() % 20 == 0) v = masked_value<V>();
    frame.values.push_back(v);
    frame.saturated.push_back(random() % 100 == 0 ? 1 : 0);
  }
  return frame;
}

template <class V>
class LevelsCuda : public ::testing::Test {};
using WorkTypes = ::testing::Types<std::int32_t, std::int64_t, float, double>;
TYPED_TEST_SUITE(LevelsCuda, WorkTypes);

TYPED_TEST(LevelsCuda, AnySizeAndBatch) {
  using V = TypeParam;
  for (const std::size_t pixels : {0u, 1u, 2u, 31u, 32u, 33u, 127u, 1021u, 1024u, 1025u, 4099u})
    for (const std::uint32_t batch : {1u, 7u}) {
      SCOPED_TRACE(::testing::Message() << pixels << " pixels, batch " << batch);
      std::vector<Frame<V>> frames;
      for (std::uint32_t k = 0; k < batch; ++k) frames.push_back(some_frame<V>(pixels, 100 + k));
      expect_right(frames, {0, 25, 99.9, 100});
    }
}

TYPED_TEST(LevelsCuda, ALargeFrameAndALargeBatch) {
  using V = TypeParam;
  expect_right<V>({some_frame<V>(120011, 5), some_frame<V>(120011, 6, 200)}, {25, 99, 99.9});
  std::vector<Frame<V>> frames;
  for (std::uint32_t k = 0; k < 64; ++k) frames.push_back(some_frame<V>(997, k, k));
  expect_right(frames, {1, 99.5});
}

TYPED_TEST(LevelsCuda, ManyPercentsInAnyOrder) {
  using V = TypeParam;
  const auto frame = some_frame<V>(5003, 7, 50);
  for (const Percents& percents :
       {Percents{}, Percents{50}, Percents{99.9, 0.1}, Percents{100, 0, 100, 0},
        Percents{12.5, 12.5, 12.5, 12.5}, Percents{99.97, 1, 33.3333, 66.6}})
    expect_right<V>({frame}, percents);
}

/// A frame of one kind of pixel, or of two.
template <class V>
Frame<V> flat(std::size_t pixels, V value, std::uint8_t flag) {
  return {std::vector<V>(pixels, value), std::vector<std::uint8_t>(pixels, flag)};
}

TYPED_TEST(LevelsCuda, NothingMeasuredAndAllTheSame) {
  using V = TypeParam;
  const Percents percents{0, 50, 99.9, 100};
  for (const std::size_t pixels : {1u, 1023u, 3001u}) {
    expect_right<V>({flat<V>(pixels, masked_value<V>(), 0), flat<V>(pixels, V{5}, 1),
                     flat<V>(pixels, masked_value<V>(), 1), flat<V>(pixels, V{0}, 0),
                     flat<V>(pixels, V{77}, 0), flat<V>(pixels, std::numeric_limits<V>::max(), 0)},
                    percents);
    auto one = flat<V>(pixels, masked_value<V>(), 0);
    one.values[pixels / 2] = V{9};
    expect_right<V>({one}, percents);
  }
}

TYPED_TEST(LevelsCuda, EveryBitOfTheValues) {
  using V = TypeParam;
  using Limits = std::numeric_limits<V>;
  std::mt19937_64 random(tests::test_seed(11));
  Frame<V> frame = flat<V>(4001, V{0}, 0);
  constexpr int spare_bits = std::is_floating_point_v<V> ? 1 : 64 - Limits::digits;
  for (V& v : frame.values)
    v = static_cast<V>(random() >> (spare_bits + static_cast<int>(random() % 63) %
                                                     (std::is_floating_point_v<V> ? 60 : 31)));
  frame.values[3] = Limits::max();
  frame.values[4] = static_cast<V>(Limits::max() - 1);
  if constexpr (std::is_floating_point_v<V>)
    for (std::size_t i = 5; i < 1500; ++i) frame.values[i] = -frame.values[i] / 3;
  expect_right<V>({frame}, {0, 17, 50, 100});
  expect_right<V>({frame}, {99.9, 99.99, 0.01, 75});
  // Two values that differ in one bit only, whichever it is.
  std::vector<Frame<V>> frames;
  for (int bit = 0; bit < Limits::digits; ++bit) {
    Frame<V> two = flat<V>(65, static_cast<V>(0), 0);
    for (std::size_t i = 0; i < 40; ++i) two.values[i] = static_cast<V>(std::ldexp(1.0, bit));
    frames.push_back(two);
  }
  expect_right(frames, {0, 35, 50, 100});
}

template <class V>
class FloatLevelsCuda : public ::testing::Test {};
using FloatTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(FloatLevelsCuda, FloatTypes);

TYPED_TEST(FloatLevelsCuda, InfinitiesZerosAndTheSmallest) {
  using V = TypeParam;
  using Limits = std::numeric_limits<V>;
  Frame<V> frame = some_frame<V>(503, 13);
  const std::vector<V> odd{Limits::infinity(),
                           -Limits::infinity(),
                           Limits::quiet_NaN(),
                           Limits::denorm_min(),
                           -Limits::denorm_min(),
                           Limits::min(),
                           -Limits::min(),
                           Limits::lowest(),
                           Limits::max(),
                           -V{0},
                           V{0}};
  for (std::size_t i = 0; i < odd.size(); ++i) {
    frame.values[17 * i] = odd[i];
    frame.saturated[17 * i] = 0;
  }
  expect_right<V>({frame}, {0, 0.5, 50, 100});
  expect_right<V>({flat<V>(50, -V{0}, 0), flat<V>(50, Limits::infinity(), 0),
                   flat<V>(50, -Limits::denorm_min(), 0)},
                  {0, 50, 99.9, 100});
}

TEST(LevelsCudaFaults, AreErrors) {
  const ReducedPlanes planes{.type = PixelType::i32, .extent = {4, 4}, .frames = 0};
  measure_reduced(planes, Percents{1, 2, 3, 4}, nullptr, nullptr, nullptr);  // nothing to do
  EXPECT_THROW(measure_reduced(planes, Percents{1, 2, 3, 4, 5}, nullptr, nullptr, nullptr), Error);
  ReducedPlanes other = planes;
  other.frames = 1;
  other.type = PixelType::u16;
  EXPECT_THROW(measure_reduced(other, Percents{1}, nullptr, nullptr, nullptr), Error);
  other.type = PixelType::i32;
  other.extent = {65536, 65536};
  EXPECT_THROW(measure_reduced(other, Percents{1}, nullptr, nullptr, nullptr), Error);
}

}  // namespace
}  // namespace quickbeam::kernels::cuda
