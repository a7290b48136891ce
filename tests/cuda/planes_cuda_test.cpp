// SPDX-License-Identifier: BSD-3-Clause
// Plain frames widened, added, counted and clipped on the GPU, against loops over single pixels.
#include "kernels/planes_cuda.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "kernels/row_ops.hpp"
#include "tests/cuda/device_array.hpp"
#include "tests/cuda/seed.hpp"
#include "tests/kernels/reduce_cases.hpp"
#include "tests/kernels/stored_pixels.hpp"

namespace quickbeam::tests {
namespace {

using kernels::PixelRule;
using kernels::raw_histogram_bins;
using quickbeam::testing::same_bits;

template <class V>
constexpr bool is_real = std::is_floating_point_v<V>;

template <class V>
void expect_same(const std::vector<V>& found, const std::vector<V>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if constexpr (is_real<V>)
      ASSERT_TRUE(same_bits(found[i], expected[i])) << i << ": " << found[i] << expected[i];
    else
      ASSERT_EQ(found[i], expected[i]) << i;
  }
}

/// Counts, extreme values, and what is no number.
template <class T>
std::vector<T> some_values(std::size_t count, std::mt19937& random) {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values;
  for (std::size_t i = 0; i < count; ++i) {
    const auto kind = random() % 32;
    T value = static_cast<T>(random() % 10);
    if (kind == 0) value = Limits::max();
    if (kind == 1) value = Limits::lowest();
    if (kind == 2) value = static_cast<T>(-1);
    if (kind == 3) value = static_cast<T>(random());
    if (is_real<T> && kind == 4) value = Limits::quiet_NaN();
    if (is_real<T> && kind == 5) value = -Limits::infinity();
    if (is_real<T> && kind == 6) value = Limits::infinity();
    if (is_real<T> && kind < 20) value = value + static_cast<T>(0.75);
    values.push_back(value);
  }
  return values;
}

/// Frames of plain values in device memory that ends where they end.
template <class T>
struct DeviceFrames {
  DeviceFrames(const std::vector<std::vector<T>>& frames, ByteOrder order, Extent extent) {
    std::vector<const std::uint8_t*> pointers;
    for (const auto& frame : frames) {
      std::vector<std::uint8_t> bytes;
      for (const std::byte b : test::raw_bytes(frame, order))
        bytes.push_back(static_cast<std::uint8_t>(b));
      memory.emplace_back(bytes);
      pointers.push_back(memory.back().get());
    }
    data.emplace_back(pointers);
    batch = {.data = data[0].get(),
             .frames = static_cast<std::uint32_t>(frames.size()),
             .type = pixel_type_of<T>(),
             .order = order,
             .extent = extent};
  }

  std::vector<DeviceArray<std::uint8_t>> memory;
  std::vector<DeviceArray<const std::uint8_t*>> data;
  kernels::cuda::RawBatch batch;
};

/// Three frames of one size, a mask, a highest value for each; all as they are on the host.
template <class T>
struct Case {
  using W = WorkType<T>;

  Case(Extent size, std::uint32_t seed)
      : extent(size), pixels(static_cast<std::size_t>(size.pixels())) {
    std::mt19937 random(static_cast<std::uint32_t>(test_seed(seed)));
    for (int f = 0; f < 3; ++f) frames.push_back(some_values<T>(pixels, random));
    for (std::size_t i = 0; i < pixels; ++i) mask.push_back(random() % 8 == 0 ? 3 : 0);
    clip = {W{4}, W{9}, W{2}};
    valid = valid_range<T>({.negatives = seed % 2 == 0});
    saturation = static_cast<W>(std::numeric_limits<W>::max() / 2 > 60000 ? 60000 : 100);
  }

  bool is_valid(W value) const {
    return !(value < valid.lowest) && !(value > valid.highest) && value == value;
  }
  static W no_value() { return is_real<W> ? std::numeric_limits<W>::quiet_NaN() : W(-1); }
  W masked(W value, std::size_t i) const { return mask[i] != 0 ? no_value() : value; }
  W clipped(W value, std::size_t f) const {
    return is_valid(value) && value > clip[f] ? clip[f] : value;
  }

  Extent extent;
  std::size_t pixels;
  std::vector<std::vector<T>> frames;
  std::vector<std::uint8_t> mask;
  std::vector<W> clip;
  ValidRange<W> valid{};
  W saturation{};
};

/// Sizes around the group of a thread and the pixels of a block; odd ones, so that the frames
/// behind the first begin at every alignment.
constexpr Extent sizes[] = {{1, 1},   {2, 1},   {3, 1},    {31, 3},   {32, 4},   {33, 5},
                            {127, 8}, {512, 1}, {1023, 1}, {1024, 1}, {1025, 1}, {101, 53}};

template <class T>
class PlanesCuda : public ::testing::Test {};
using StoredTypes =
    ::testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                     std::uint32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(PlanesCuda, StoredTypes);

TYPED_TEST(PlanesCuda, WidensMasksAndClips) {
  using W = WorkType<TypeParam>;
  std::uint32_t seed = 0;
  for (const Extent extent : sizes)
    for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
      const Case<TypeParam> c(extent, ++seed);
      const DeviceFrames<TypeParam> in(c.frames, order, extent);
      const DeviceArray<std::uint8_t> mask(c.mask);
      const DeviceArray<W> clip(c.clip), out(3 * c.pixels, W{7});
      for (const bool with_rule : {false, true}) {
        const PixelRule<W> rule{c.valid, c.saturation, with_rule ? mask.get() : nullptr,
                                with_rule ? clip.get() : nullptr};
        kernels::cuda::widen_planes<W>(in.batch, rule, out.get(), nullptr);
        std::vector<W> expected;
        for (std::size_t f = 0; f < 3; ++f)
          for (std::size_t i = 0; i < c.pixels; ++i) {
            const W value = static_cast<W>(c.frames[f][i]);
            expected.push_back(with_rule ? c.clipped(c.masked(value, i), f) : value);
          }
        ASSERT_NO_FATAL_FAILURE(expect_same(out.read(), expected));
      }
    }
}

TYPED_TEST(PlanesCuda, AddsAsOnePixelAfterTheOther) {
  using W = WorkType<TypeParam>;
  using Sum = std::conditional_t<is_real<W>, double, std::int64_t>;
  std::uint32_t seed = 100;
  for (const Extent extent : sizes) {
    const auto pixels = static_cast<std::size_t>(extent.pixels());
    const DeviceArray<Sum> sums(3 * pixels, Sum{0});
    const DeviceArray<std::uint8_t> saturated(3 * pixels, 0);
    std::vector<Sum> expected(3 * pixels);
    std::vector<std::uint8_t> flags(3 * pixels);
    const Sum no_sum = is_real<Sum> ? std::numeric_limits<Sum>::quiet_NaN() : Sum(-1);
    std::vector<bool> masked(3 * pixels);
    for (int round = 0; round < 2; ++round) {
      Case<TypeParam> c(extent, seed += 2);
      for (auto& frame : c.frames)  // sums of the largest 64-bit integers are not defined
        for (auto& value : frame)
          if (sizeof(TypeParam) == 8 && !is_real<TypeParam>) value = value / 4;
      const DeviceFrames<TypeParam> in(c.frames, round ? ByteOrder::big : ByteOrder::little,
                                       extent);
      const DeviceArray<std::uint8_t> mask(c.mask);
      const DeviceArray<W> clip(c.clip);
      const PixelRule<W> rule{c.valid, c.saturation, mask.get(),
                              clip.get()};  // clip: not looked at
      kernels::cuda::add_planes<W, Sum>(in.batch, rule, sums.get(), saturated.get(), nullptr);
      for (std::size_t at = 0; at < 3 * pixels; ++at) {
        const W value = c.masked(static_cast<W>(c.frames[at / pixels][at % pixels]), at % pixels);
        masked[at] = masked[at] || !c.is_valid(value);
        expected[at] = masked[at] ? no_sum : expected[at] + static_cast<Sum>(value);
        if (c.is_valid(value) && value > c.saturation) flags[at] = 1;
      }
      ASSERT_NO_FATAL_FAILURE(expect_same(sums.read(), expected));
    }
    EXPECT_EQ(saturated.read(), flags);
  }
}

template <class W>
class WorkPlanesCuda : public ::testing::Test {};
TYPED_TEST_SUITE(WorkPlanesCuda, quickbeam::testing::WorkTypes);

/// The bin of a counted pixel: its floor, between the first bin and the last.
template <class W>
std::size_t naive_bin(W value) {
  if (value < W{1}) return 0;
  if (value >= W{65535}) return 65535;
  return static_cast<std::size_t>(std::floor(static_cast<double>(value)));
}

template <class W>
void expect_counted(const Case<W>& c, bool flagged) {
  std::vector<W> planes;
  for (const auto& frame : c.frames) planes.insert(planes.end(), frame.begin(), frame.end());
  std::vector<std::uint8_t> flags;
  std::vector<std::uint32_t> expected(3 * raw_histogram_bins, 2);
  for (std::size_t at = 0; at < planes.size(); ++at) {
    flags.push_back(at % 5 == 0);
    const W value = c.masked(planes[at], at % c.pixels);
    if (c.is_valid(value) && !(value > c.saturation) && !(flagged && flags[at] != 0))
      ++expected[at / c.pixels * raw_histogram_bins + naive_bin(value)];
  }
  const DeviceArray<W> device_planes(planes), clip(c.clip);
  const DeviceArray<std::uint8_t> device_flags(flags), mask(c.mask);
  const DeviceArray<std::uint32_t> counts(expected.size(), 2);
  const PixelRule<W> rule{c.valid, c.saturation, mask.get(), clip.get()};  // clip: not looked at
  kernels::cuda::count_planes<W>(device_planes.get(), flagged ? device_flags.get() : nullptr, 3,
                                 static_cast<std::int64_t>(c.pixels), rule, counts.get(), nullptr);
  EXPECT_TRUE(counts.read() == expected) << c.pixels << " pixels, flags " << flagged;
}

TYPED_TEST(WorkPlanesCuda, CountsPixels) {
  std::uint32_t seed = 200;
  for (const Extent extent : {Extent{1, 1}, Extent{33, 5}, Extent{1024, 2}, Extent{101, 53}})
    for (const bool flagged : {false, true}) {
      Case<TypeParam> c(extent, ++seed);
      ASSERT_NO_FATAL_FAILURE(expect_counted(c, flagged));
      c.saturation = std::numeric_limits<TypeParam>::max();
      ASSERT_NO_FATAL_FAILURE(expect_counted(c, flagged));
    }
}

// So many alike pixels that the counters of a thread must be emptied on the way.
TYPED_TEST(WorkPlanesCuda, CountsFullFields) {
  using W = TypeParam;
  constexpr std::size_t pixels = 5'000'001;
  const DeviceArray<W> planes(pixels, W{7});
  const DeviceArray<std::uint32_t> counts(raw_histogram_bins, 0);
  const PixelRule<W> rule{valid_range<W>({}), W{9}, nullptr, nullptr};
  kernels::cuda::count_planes<W>(planes.get(), nullptr, 1, pixels, rule, counts.get(), nullptr);
  std::vector<std::uint32_t> expected(raw_histogram_bins);
  expected[7] = pixels;
  EXPECT_TRUE(counts.read() == expected);
}

TYPED_TEST(WorkPlanesCuda, ClipsInPlace) {
  using W = TypeParam;
  std::uint32_t seed = 400;
  for (const Extent extent : sizes)
    for (const bool masked : {false, true}) {
      const Case<W> c(extent, ++seed);
      std::vector<W> planes, expected;
      for (std::size_t at = 0; at < 3 * c.pixels; ++at) {
        const std::size_t f = at / c.pixels, i = at % c.pixels;
        planes.push_back(c.frames[f][i]);
        expected.push_back(c.clipped(masked ? c.masked(planes[at], i) : planes[at], f));
      }
      const DeviceArray<W> device(planes), clip(c.clip);
      const DeviceArray<std::uint8_t> mask(c.mask);
      const PixelRule<W> rule{c.valid, c.saturation, masked ? mask.get() : nullptr, clip.get()};
      kernels::cuda::clip_planes<W>(device.get(), 3, extent.pixels(), rule, nullptr);
      ASSERT_NO_FATAL_FAILURE(expect_same(device.read(), expected));
    }
}

TEST(PlanesCuda, NothingToDo) {
  const kernels::cuda::RawBatch none{.data = nullptr, .extent = {4, 4}};
  kernels::cuda::widen_planes<std::int32_t>(none, {}, nullptr, nullptr);
  const kernels::cuda::RawBatch empty{.data = nullptr, .frames = 3, .extent = {4, 0}};
  kernels::cuda::add_planes<std::int32_t, std::int64_t>(empty, {}, nullptr, nullptr, nullptr);
  kernels::cuda::count_planes<float>(nullptr, nullptr, 0, 5, {}, nullptr, nullptr);
  kernels::cuda::clip_planes<double>(nullptr, 5, 0, {}, nullptr);
}

TEST(PlanesCuda, RefusesPixelsOfAnotherWorkingType) {
  const DeviceFrames<float> in({{1.0F}}, ByteOrder::little, {1, 1});
  const DeviceArray<std::int32_t> out(1, 0);
  EXPECT_THROW(kernels::cuda::widen_planes<std::int32_t>(in.batch, {}, out.get(), nullptr), Error);
}

}  // namespace
}  // namespace quickbeam::tests
