// SPDX-License-Identifier: BSD-3-Clause
// Pixels of byte-offset streams masked, clipped, added and counted on the GPU, against loops over
// the pixels that were encoded. And a real frame.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <random>
#include <vector>

#include "io/file_bytes.hpp"
#include "io/image_file.hpp"
#include "kernels/row_ops.hpp"
#include "tests/cuda/device_streams.hpp"
#include "tests/cuda/seed.hpp"
#include "tests/paths.hpp"

namespace quickbeam::tests {
namespace {

using kernels::PixelRule;
using kernels::raw_histogram_bins;

/// Frames as detectors give them: mostly a few counts, some many, some marked as no measurement.
template <class T>
std::vector<T> some_frame(std::size_t pixels, std::mt19937& random) {
  using Limits = std::numeric_limits<T>;
  std::vector<T> frame;
  for (std::size_t i = 0; i < pixels; ++i) {
    const auto kind = random() % 64;
    const auto many = static_cast<std::uint64_t>(random() % 3 ? random() % 3000 : random());
    frame.push_back(kind == 0   ? static_cast<T>(Limits::max() - random() % 4)
                    : kind == 1 ? static_cast<T>(-1 - static_cast<int>(random() % 2))
                    : kind < 5  ? static_cast<T>(many)
                                : static_cast<T>(random() % 10));
  }
  return frame;
}

template <class T>
Bytes encoded(const std::vector<T>& frame) {
  Buffer<std::byte> out;
  Bytes bytes;
  for (const std::byte b : kernels::encode_byte_offset<T>(frame, out))
    bytes.push_back(static_cast<std::uint8_t>(b));
  return bytes;
}

/// A batch of frames, and how its pixels are to be understood.
template <class T>
struct Batch {
  using W = WorkType<T>;

  Batch(std::uint32_t frames, Extent size, std::uint32_t seed)
      : extent(size),
        random(static_cast<std::uint32_t>(test_seed(seed))),
        pixels(static_cast<std::size_t>(size.pixels())) {
    rule.valid = valid_range<T>({});
    rule.saturation = static_cast<W>(std::numeric_limits<T>::max() / 2);
    for (std::uint32_t f = 0; f < frames; ++f) stored.push_back(some_frame<T>(pixels, random));
    for (std::size_t i = 0; i < pixels; ++i) mask.push_back(random() % 8 == 0 ? 7 : 0);
    for (std::uint32_t f = 0; f < frames; ++f) clip.push_back(static_cast<W>(f + 3));
  }

  std::vector<Bytes> streams() const {
    std::vector<Bytes> all;
    for (const auto& frame : stored) all.push_back(encoded(frame));
    return all;
  }
  bool is_valid(W value) const {
    return !(value < rule.valid.lowest) && !(value > rule.valid.highest);
  }
  /// Pixel i of frame f behind the user's mask.
  W masked(std::size_t f, std::size_t i) const {
    return mask[i] != 0 ? W{-1} : static_cast<W>(stored[f][i]);
  }

  Extent extent;
  std::mt19937 random;
  std::size_t pixels;
  std::vector<std::vector<T>> stored;
  std::vector<std::uint8_t> mask;
  std::vector<W> clip;  ///< of each frame
  PixelRule<W> rule;
};

template <class T>
class ByteOffsetSinks : public ::testing::Test {};
using StreamTypes = ::testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t,
                                     std::int32_t, std::uint32_t>;
TYPED_TEST_SUITE(ByteOffsetSinks, StreamTypes);

TYPED_TEST(ByteOffsetSinks, DecodeMasksAndClips) {
  using W = WorkType<TypeParam>;
  Batch<TypeParam> batch(3, {97, 61}, 1);
  const DeviceStreams streams(batch.streams(), pixel_type_of<TypeParam>(), batch.extent);
  const DeviceArray<std::uint8_t> mask(batch.mask);
  const DeviceArray<W> clip(batch.clip);
  const DeviceArray<W> planes(3 * batch.pixels, W{77});
  for (const bool with_mask : {false, true})
    for (const bool with_clip : {false, true}) {
      PixelRule<W> rule = batch.rule;
      rule.mask = with_mask ? mask.get() : nullptr;
      rule.clip = with_clip ? clip.get() : nullptr;
      kernels::cuda::decode_streams<W>(streams.batch(), streams.index(), rule, planes.get(),
                                       nullptr);
      const std::vector<W> found = planes.read();
      for (std::size_t f = 0; f < 3; ++f)
        for (std::size_t i = 0; i < batch.pixels; ++i) {
          W expected = with_mask ? batch.masked(f, i) : static_cast<W>(batch.stored[f][i]);
          if (with_clip && batch.is_valid(expected) && expected > batch.clip[f])
            expected = batch.clip[f];
          ASSERT_EQ(found[f * batch.pixels + i], expected) << "frame " << f << " pixel " << i;
        }
    }
}

TYPED_TEST(ByteOffsetSinks, AddsFrameAfterFrame) {
  using W = WorkType<TypeParam>;
  constexpr std::size_t planes = 2, rounds = 3;
  const Extent extent{103, 83};
  const auto pixels = static_cast<std::size_t>(extent.pixels());
  const DeviceArray<std::int64_t> sums(planes * pixels, 0);
  const DeviceArray<std::uint8_t> saturated(planes * pixels, 0);
  std::vector<std::int64_t> expected(planes * pixels);
  std::vector<std::uint8_t> expected_flags(planes * pixels);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    const Batch<TypeParam> batch(planes, extent, 10 + round);
    const DeviceStreams streams(batch.streams(), pixel_type_of<TypeParam>(), extent);
    const DeviceArray<std::uint8_t> mask(batch.mask);
    const DeviceArray<W> clip(batch.clip);
    PixelRule<W> rule = batch.rule;
    rule.mask = mask.get();
    rule.clip = clip.get();  // not looked at
    kernels::cuda::add_streams<W>(streams.batch(), streams.index(), rule, sums.get(),
                                  saturated.get(), nullptr);
    for (std::size_t f = 0; f < planes; ++f)
      for (std::size_t i = 0; i < pixels; ++i) {
        const W value = batch.masked(f, i);
        std::int64_t& sum = expected[f * pixels + i];
        if (sum >= 0) sum = batch.is_valid(value) ? sum + value : -1;
        if (batch.is_valid(value) && value > rule.saturation) expected_flags[f * pixels + i] = 1;
      }
    EXPECT_EQ(sums.read(), expected) << "round " << round;
  }
  EXPECT_EQ(saturated.read(), expected_flags);
  EXPECT_GT(std::count(expected_flags.begin(), expected_flags.end(), 1), 0);
  EXPECT_GT(std::count_if(expected.begin(), expected.end(), [](auto sum) { return sum > 0; }), 0);
}

/// counts[bin] of the pixels of each frame, on top of `before`.
template <class T>
std::vector<std::uint32_t> naive_counts(const Batch<T>& batch, bool masked, std::uint32_t before) {
  std::vector<std::uint32_t> counts(batch.stored.size() * raw_histogram_bins, before);
  for (std::size_t f = 0; f < batch.stored.size(); ++f)
    for (std::size_t i = 0; i < batch.pixels; ++i) {
      const auto value = masked ? batch.masked(f, i) : WorkType<T>{batch.stored[f][i]};
      if (!batch.is_valid(value) || value > batch.rule.saturation) continue;
      ++counts[f * raw_histogram_bins + (value > 65535 ? 65535 : static_cast<std::size_t>(value))];
    }
  return counts;
}

template <class T>
void expect_counted(const Batch<T>& batch, std::initializer_list<bool> maskings = {false, true}) {
  using W = WorkType<T>;
  const DeviceStreams streams(batch.streams(), pixel_type_of<T>(), batch.extent);
  const DeviceArray<std::uint8_t> mask(batch.mask);
  const DeviceArray<W> clip(batch.clip);
  for (const bool masked : maskings) {
    const DeviceArray<std::uint32_t> counts(batch.stored.size() * raw_histogram_bins, 5);
    PixelRule<W> rule = batch.rule;
    rule.mask = masked ? mask.get() : nullptr;
    rule.clip = clip.get();  // not looked at
    kernels::cuda::count_streams<W>(streams.batch(), streams.index(), rule, counts.get(), nullptr);
    EXPECT_TRUE(counts.read() == naive_counts(batch, masked, 5));
  }
}

TYPED_TEST(ByteOffsetSinks, CountsPixels) {
  Batch<TypeParam> batch(3, {173, 59}, 20);
  expect_counted(batch);
  batch.rule.saturation = 4;
  expect_counted(batch);
}

template <class T>
void expect_counted_alike(Extent extent, T value) {
  Batch<T> batch(1, extent, 30);
  batch.rule.saturation = std::numeric_limits<T>::max();
  batch.stored[0].assign(batch.pixels, value);
  batch.stored[0][5] = 1;
  expect_counted(batch, {false});
}

// All pixels alike, so that the counters of a warp are as full as they get.
TEST(ByteOffsetSinks, CountsFullFields) {
  for (const int value : {0, 7, 8, 2047, 2048, 65533})
    expect_counted_alike({700, 20}, static_cast<std::uint16_t>(value));
}

// And those of a thread, over the many tiles that one block takes.
TEST(ByteOffsetSinks, CountsManyTiles) { expect_counted_alike({2100, 2050}, std::int8_t{6}); }

TEST(ByteOffsetSinks, ARealFrame) {
  const auto path = std::filesystem::path(test::data_folder()) / "cbf/thau_3_2_0001.cbf.bz2";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no test data: " << path;
  io::FileReader reader;
  const io::FileBytes file = reader.read(path.string());
  const auto image = io::parse_image_file(file.bytes, path.string());
  const Payload& payload = image.streams.at(0).payload;
  const auto* const first = reinterpret_cast<const std::uint8_t*>(payload.bytes.data());
  const Bytes bytes(first, first + payload.bytes.size());
  const auto pixels = static_cast<std::size_t>(payload.extent.pixels());
  const auto expected = oracle::decode_byte_offset<std::int32_t>(bytes, pixels);
  ASSERT_EQ(payload.type, PixelType::i32);
  ASSERT_EQ(expected.ending, oracle::Ending::complete);
  const DeviceStreams streams({bytes}, payload.type, payload.extent);
  const DeviceArray<std::int32_t> planes(pixels, 0);
  kernels::cuda::decode_streams<std::int32_t>(streams.batch(), streams.index(), {}, planes.get(),
                                              nullptr);
  const std::vector<std::int32_t> found = planes.read();
  EXPECT_TRUE(
      std::equal(found.begin(), found.end(), expected.pixels.begin(), expected.pixels.end()));
  EXPECT_EQ(streams.verdicts()[0].bad, 0u);
  EXPECT_EQ(streams.tangled()[0], 0u);
}

}  // namespace
}  // namespace quickbeam::tests
