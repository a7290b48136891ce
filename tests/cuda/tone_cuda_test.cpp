// SPDX-License-Identifier: BSD-3-Clause
// The kernel behind tone_cuda.hpp against kernels::apply_tone of the CPU and against the plain
// count of thresholds.
#include "kernels/tone_cuda.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/mask.hpp>

#include "kernels/tone.hpp"
#include "tests/cuda/device_array.hpp"
#include "tests/cuda/seed.hpp"

namespace quickbeam::kernels::cuda {
namespace {

using tests::DeviceArray;

template <class V>
struct Batch {
  Extent extent{};
  std::vector<V> values;
  std::vector<std::uint8_t> saturated;
  std::vector<ToneTable> tables;  ///< one a frame
};

ToneTable spread(double low, double high) {
  ToneTable table;
  for (std::size_t k = 0; k < table.size(); ++k)
    table[k] = low + (high - low) * static_cast<double>(k + 1) / grey_levels;
  return table;
}

template <class V>
Batch<V> some_batch(Extent extent, std::size_t frames) {
  std::mt19937_64 random(tests::test_seed(17));
  Batch<V> batch{extent, {}, {}, {}};
  for (std::size_t f = 0; f < frames; ++f) {
    batch.tables.push_back(spread(static_cast<double>(f), static_cast<double>(f * f) + 40.5));
    for (std::int64_t i = 0; i < extent.pixels(); ++i) {
      V v = static_cast<V>(random() % 60);
      if constexpr (std::is_floating_point_v<V>) v += static_cast<V>(random() % 1000) / V{1000};
      if (random() % 40 == 0) v = std::numeric_limits<V>::max();
      if (random() % 10 == 0) v = masked_value<V>();
      batch.values.push_back(v);
      batch.saturated.push_back(random() % 12 == 0 ? 1 : 0);
    }
  }
  return batch;
}

/// Palette positions of the kernel; `offset` bytes of misalignment of the pictures.
template <class V>
std::vector<std::uint8_t> toned(const Batch<V>& batch, std::size_t offset) {
  std::vector<ToneSteps<V>> steps;
  for (const ToneTable& table : batch.tables) steps.push_back(make_tone_steps<V>(table));
  const DeviceArray<V> values(batch.values);
  const DeviceArray<std::uint8_t> saturated(batch.saturated);
  const DeviceArray<ToneSteps<V>> device_steps(steps);
  // Junk before and behind: what is not a pixel stays as it is.
  const std::size_t begin = 8 + offset;
  const DeviceArray<std::uint8_t> pictures(begin + batch.values.size() + 8, std::uint8_t{99});
  apply_tone({.type = pixel_type_of<V>(),
              .extent = batch.extent,
              .frames = static_cast<std::uint32_t>(batch.tables.size()),
              .values = values.get(),
              .saturated = saturated.get()},
             device_steps.get(), pictures.get() + begin, nullptr);
  const auto all = pictures.read();
  const auto first = all.begin() + static_cast<std::ptrdiff_t>(begin), end = all.end() - 8;
  EXPECT_EQ(std::count(all.begin(), first, 99), static_cast<std::ptrdiff_t>(begin));
  EXPECT_EQ(std::count(end, all.end(), 99), 8);
  return {first, end};
}

/// The CPU's picture of each frame.
template <class V>
std::vector<std::uint8_t> by_the_cpu(const Batch<V>& batch) {
  std::vector<std::uint8_t> all;
  const auto pixels = batch.extent.pixels();
  for (std::size_t f = 0; f < batch.tables.size(); ++f) {
    ReducedImage image{Image(pixel_type_of<V>(), batch.extent), Image(PixelType::u8, batch.extent)};
    const auto first = static_cast<std::int64_t>(f) * pixels;
    std::copy_n(batch.values.begin() + first, pixels, image.values.as<V>().data);
    std::copy_n(batch.saturated.begin() + first, pixels, image.saturated.as<std::uint8_t>().data);
    Image out(PixelType::u8, batch.extent);
    kernels::apply_tone(image, batch.tables[f], out.as<std::uint8_t>());
    const auto* data = out.as<std::uint8_t>().data;
    all.insert(all.end(), data, data + pixels);
  }
  return all;
}

template <class V>
class ToneCuda : public ::testing::Test {};
using WorkTypes = ::testing::Types<std::int32_t, std::int64_t, float, double>;
TYPED_TEST_SUITE(ToneCuda, WorkTypes);

TYPED_TEST(ToneCuda, EqualsTheCpuAtAnySizeBatchAndAlignment) {
  using V = TypeParam;
  for (const Extent extent :
       {Extent{1, 1}, {3, 1}, {31, 1}, {4, 8}, {33, 1}, {7, 19}, {127, 33}, {64, 65}})
    for (const std::size_t frames : {1u, 7u})
      for (const std::size_t offset : {0u, 1u, 2u, 3u}) {
        const Batch<V> batch = some_batch<V>(extent, frames);
        ASSERT_EQ(toned(batch, offset), by_the_cpu(batch))
            << extent.width << " x " << extent.height << ", " << frames << " frames, offset "
            << offset;
      }
}

TYPED_TEST(ToneCuda, LargeFramesAndLargeBatches) {
  using V = TypeParam;
  for (const auto& [extent, frames] :
       {std::pair{Extent{347, 311}, std::size_t{2}}, {Extent{29, 31}, std::size_t{64}}}) {
    const Batch<V> batch = some_batch<V>(extent, frames);
    ASSERT_EQ(toned(batch, 0), by_the_cpu(batch));
  }
}

TYPED_TEST(ToneCuda, IsTheNumberOfThresholdsReached) {
  using V = TypeParam;
  Batch<V> batch = some_batch<V>({61, 17}, 3);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  batch.tables[1].fill(-infinity);
  batch.tables[2].fill(infinity);
  const auto found = toned(batch, 1);
  for (std::size_t i = 0; i < batch.values.size(); ++i) {
    const auto v = static_cast<double>(batch.values[i]);
    const bool masked = std::is_integral_v<V> ? v < 0 : std::isnan(v);
    int expected = 0;
    for (const double t : batch.tables[i / (61 * 17)]) expected += v >= t;
    if (batch.saturated[i] != 0) expected = saturated_index;
    if (masked) expected = masked_index;
    ASSERT_EQ(found[i], expected) << "pixel " << i;
  }
}

TEST(ToneCudaFaults, AreErrorsAndNothingIsNothing) {
  ReducedPlanes planes{.type = PixelType::i32, .extent = {0, 0}, .frames = 3};
  apply_tone(planes, nullptr, nullptr, nullptr);
  planes = {.type = PixelType::i32, .extent = {4, 4}, .frames = 0};
  apply_tone(planes, nullptr, nullptr, nullptr);
  planes.frames = 1;
  planes.type = PixelType::u8;
  EXPECT_THROW(apply_tone(planes, nullptr, nullptr, nullptr), Error);
}

}  // namespace
}  // namespace quickbeam::kernels::cuda
