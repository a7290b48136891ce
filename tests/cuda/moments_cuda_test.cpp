// SPDX-License-Identifier: BSD-3-Clause
// Statistics of pixels of stacks in device memory against the CPU's, bit for bit.
#include "kernels/moments_cuda.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <memory>
#include <random>

#include <quickbeam/core/half.hpp>

#include "kernels/ops/moments.hpp"
#include "tests/cuda/device_array.hpp"
#include "tests/cuda/device_images.hpp"
#include "tests/cuda/seed.hpp"
#include "tests/kernels/stacks.hpp"

namespace quickbeam::kernels::cuda {
namespace {

using tests::device_images;
using tests::DeviceArray;
using tests::expect_images;
using tests::random_stack;
using tests::sprinkle;
using tests::Stack;
using tests::test_seed;
using tests::with_stride;

std::vector<std::uint64_t> bits_of(const std::vector<double>& values) {
  std::vector<std::uint64_t> out;
  for (const double v : values) out.push_back(std::bit_cast<std::uint64_t>(v));
  return out;
}

template <class T>
std::vector<T> part(const std::vector<T>& values, std::size_t first, std::size_t count) {
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

/// Leaves in device memory that hold junk until they are reset.
class DeviceLeaves {
 public:
  DeviceLeaves(MomentKind kind, std::size_t pixels, std::uint32_t leaves)
      : count_(pixels * leaves),
        by_moments_(kind == MomentKind::moments ? count_ : 0),
        by_sums_(kind == MomentKind::moments ? 0 : count_),
        mean_(by_moments_),
        m2_(by_moments_),
        lowest_(count_),
        highest_(count_),
        sum_(by_sums_),
        squares_(by_sums_),
        missing_(by_moments_),
        planes_{kind,       pixels,         leaves,        mean_.get(),    m2_.get(),
                sum_.get(), squares_.get(), lowest_.get(), highest_.get(), missing_.get()} {
    reset_leaves(planes_, nullptr);
  }
  const LeafPlanes& planes() const { return planes_; }
  std::vector<std::uint32_t> missing() const { return missing_.read(); }
  std::vector<double> lowest() const { return lowest_.read(); }

  void expect_same(std::uint32_t leaf, const PixelMoments& expected) const {
    const std::size_t n = planes_.pixels, first = leaf * n;
    const auto same = [&](const DeviceArray<double>& found, const Buffer<double>& values) {
      return bits_of(part(found.read(), first, n)) ==
             bits_of({values.data(), values.data() + values.size()});
    };
    EXPECT_TRUE(same(lowest_, expected.lowest)) << "lowest, leaf " << leaf;
    EXPECT_TRUE(same(highest_, expected.highest)) << "highest, leaf " << leaf;
    if (planes_.kind == MomentKind::moments) {
      EXPECT_TRUE(same(mean_, expected.mean)) << "mean, leaf " << leaf;
      EXPECT_TRUE(same(m2_, expected.m2)) << "m2, leaf " << leaf;
      EXPECT_EQ(part(missing_.read(), first, n),
                std::vector(expected.missing.data(), expected.missing.data() + n));
    } else {
      EXPECT_EQ(part(sum_.read(), first, n),
                std::vector(expected.sum.data(), expected.sum.data() + n));
      EXPECT_EQ(part(squares_.read(), first, n),
                std::vector(expected.squares.data(), expected.squares.data() + n));
    }
  }

 private:
  std::size_t count_, by_moments_, by_sums_;
  DeviceArray<double> mean_, m2_, lowest_, highest_;
  DeviceArray<std::int64_t> sum_;
  DeviceArray<std::uint64_t> squares_;
  DeviceArray<std::uint32_t> missing_;
  LeafPlanes planes_;
};

/// The CPU's statistics of images first .. last - 1.
template <class T>
PixelMoments expected_leaf(const Stack<T>& stack, MomentKind kind, std::size_t first,
                           std::size_t last) {
  PixelMoments out;
  out.reset(kind, stack.pixels);
  kernels::add_images(stack.image(first), stack.stride, static_cast<int>(last - first), out);
  return out;
}

std::uint32_t leaves_of(std::size_t images) {
  return static_cast<std::uint32_t>((images + leaf_images - 1) / leaf_images);
}

/// Adds `at_once` images a call and compares every leaf.
template <class T>
void expect_leaves(const Stack<T>& stack, MomentKind kind, std::size_t at_once) {
  SCOPED_TRACE(testing::Message() << stack.pixels << " pixels, " << stack.images << " images, "
                                  << at_once << " at once");
  const DeviceArray<T> in(stack.values);
  const DeviceLeaves leaves(kind, stack.pixels, leaves_of(stack.images));
  for (std::size_t k = 0; k < stack.images; k += at_once)
    add_images(in.get() + k * stack.stride, stack.stride,
               static_cast<std::uint32_t>(std::min(at_once, stack.images - k)),
               static_cast<std::int64_t>(k), leaves.planes(), nullptr);
  for (std::uint32_t leaf = 0; leaf < leaves.planes().leaves; ++leaf) {
    const std::size_t first = leaf * std::size_t{leaf_images};
    leaves.expect_same(
        leaf, expected_leaf(stack, kind, first, std::min(stack.images, first + leaf_images)));
  }
}

template <class T>
class CudaMoments : public testing::Test {};
using AllTypes =
    testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                   std::uint32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(CudaMoments, AllTypes);

TYPED_TEST(CudaMoments, OfPixelsAreTheCpus) {
  const MomentKind kind = moment_kind(pixel_type_of<TypeParam>());
  unsigned seed = 0;
  for (const std::size_t pixels : {1, 31, 130, 1027})
    for (const std::size_t images : {1, 15, 16, 17, 35, 257, 531}) {
      if (pixels == 1027 && images > 257) continue;
      const auto stack =
          random_stack<TypeParam>(pixels, images, static_cast<unsigned>(test_seed(++seed)));
      expect_leaves(stack, kind, images);
      if (images > 17) expect_leaves(stack, kind, 48);
      if (kind == MomentKind::sums && images <= 35) expect_leaves(stack, MomentKind::moments, 16);
    }
}

/// Rows that begin at no multiple of anything.
TYPED_TEST(CudaMoments, OfPixelsThatAreNotAligned) {
  const auto stack = random_stack<TypeParam>(77, 40, static_cast<unsigned>(test_seed(5)));
  expect_leaves(with_stride(stack, 81), moment_kind(pixel_type_of<TypeParam>()), 40);
}

/// Pixels that are read several at a time where they are bytes or words of 16 bits.
TYPED_TEST(CudaMoments, OfPixelsThatFillWords) {
  const MomentKind kind = moment_kind(pixel_type_of<TypeParam>());
  for (const std::size_t pixels : {4, 132, 1028})
    for (const std::size_t images : {1, 15, 17, 70, 300}) {
      const auto seed = static_cast<unsigned>(test_seed(pixels + images));
      const auto stack = random_stack<TypeParam>(pixels, images, seed);
      expect_leaves(with_stride(stack, pixels), kind, images);
      expect_leaves(with_stride(stack, pixels + 8), kind, 64);
    }
}

/// What fills words but does not begin at one, and words that are not full.
TYPED_TEST(CudaMoments, OfPixelsThatFillWordsButForOneThing) {
  const MomentKind kind = moment_kind(pixel_type_of<TypeParam>());
  for (const std::size_t pixels : {129, 130, 132}) {
    const auto stack =
        random_stack<TypeParam>(pixels, 33, static_cast<unsigned>(test_seed(pixels)));
    for (const std::size_t from : {0, 1, 2}) {
      auto values = with_stride(stack, 136).values;
      values.insert(values.begin(), from, TypeParam{});
      const DeviceArray<TypeParam> in(values);
      const DeviceLeaves leaves(kind, pixels, 1);
      add_images(in.get() + from, 136, 33, 0, leaves.planes(), nullptr);
      SCOPED_TRACE(testing::Message() << pixels << " pixels from " << from);
      leaves.expect_same(0, expected_leaf(stack, kind, 0, 33));
    }
  }
}

template <class T>
class CudaFloatMoments : public testing::Test {};
using FloatTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(CudaFloatMoments, FloatTypes);

TYPED_TEST(CudaFloatMoments, LeaveOutWhatIsNotFinite) {
  for (const std::size_t images : {3, 40, 300}) {
    auto stack = random_stack<TypeParam>(1100, images, static_cast<unsigned>(test_seed(images)));
    sprinkle(stack);
    expect_leaves(stack, MomentKind::moments, images);
    expect_leaves(stack, MomentKind::moments, 32);
    expect_images(stack);
  }
}

TEST(CudaMoments, OfDoublesBeyondTheRangeAreCounted) {
  const double most = std::numeric_limits<double>::max();
  const Stack<double> stack{40, 16, 40, std::vector<double>(16 * 40, most)};
  const DeviceArray<double> in(stack.values);
  const DeviceLeaves leaves(MomentKind::moments, 40, 1);
  add_images(in.get(), 40, 16, 0, leaves.planes(), nullptr);
  EXPECT_EQ(leaves.missing(), std::vector<std::uint32_t>(40));
  EXPECT_EQ(leaves.lowest(), std::vector<double>(40, most));
  EXPECT_EQ(device_images(stack.values, 40, 40, 16)[3].missing, 0);
}

/// Halves and the floats they are: subnormal, infinite and NaN ones too, in the last third.
std::pair<std::vector<Half>, Stack<float>> halves_and_floats(std::size_t pixels,
                                                             std::size_t stride) {
  constexpr std::size_t images = 37;
  Stack<float> floats{pixels, images, stride, std::vector<float>(images * stride)};
  std::vector<Half> halves(floats.values.size());
  std::mt19937 random(static_cast<unsigned>(test_seed(pixels)));
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const auto bits = static_cast<std::uint16_t>(random());
    const bool any = i > 2 * halves.size() / 3;
    halves[i] = {any ? bits : static_cast<std::uint16_t>(bits & 0xbfffU)};
    floats.values[i] = half_to_float(halves[i].bits);
  }
  return {halves, floats};
}

TEST(CudaMoments, OfHalvesAreThoseOfFloats) {
  for (const std::size_t pixels : {1, 2, 33, 1500, 4100})
    for (const std::size_t gap : {0, 1, 2}) {
      const auto [halves, floats] = halves_and_floats(pixels, pixels + gap);
      SCOPED_TRACE(testing::Message() << pixels << " pixels, " << gap << " between images");
      const DeviceArray<Half> in(halves);
      const DeviceLeaves leaves(MomentKind::moments, pixels, 1);
      add_images(in.get(), floats.stride, 37, 0, leaves.planes(), nullptr);
      leaves.expect_same(0, expected_leaf(floats, MomentKind::moments, 0, 37));
      const auto found = device_images(halves, floats.stride, pixels, 37);
      for (std::size_t k = 0; k < 37; ++k)
        EXPECT_EQ(found[k], kernels::image_moments(std::span(floats.image(k), pixels))) << k;
    }
}

/// Both zeros, and pixels of which one of a word is not finite.
TEST(CudaMoments, OfHalvesKeepTheZeroAndTheNeighbour) {
  constexpr std::uint16_t minus_zero = 0x8000, one = 0x3c00, nan = 0x7e00, infinite = 0x7c00;
  Stack<float> floats{4, 32, 4, std::vector<float>(32 * 4)};
  std::vector<Half> halves(32 * 4);
  for (std::size_t k = 0; k < 32; ++k) {
    const std::uint16_t values[] = {static_cast<std::uint16_t>(k % 2 == 0 ? minus_zero : 0),
                                    k == 3 ? nan : one, minus_zero, k == 20 ? infinite : one};
    for (std::size_t p = 0; p < 4; ++p) {
      halves[k * 4 + p] = {values[p]};
      floats.values[k * 4 + p] = half_to_float(values[p]);
    }
  }
  const DeviceArray<Half> in(halves);
  const DeviceLeaves leaves(MomentKind::moments, 4, 1);
  add_images(in.get(), 4, 32, 0, leaves.planes(), nullptr);
  leaves.expect_same(0, expected_leaf(floats, MomentKind::moments, 0, 32));
  EXPECT_EQ(leaves.missing(), (std::vector<std::uint32_t>{0, 1, 0, 1}));
}

TEST(CudaMoments, BytesAndWordsAtTheirEndsDoNotOverflow) {
  const auto check = [](auto value) {
    using T = decltype(value);
    const Stack<T> stack{70, 512, 72, std::vector<T>(512 * 72, value)};
    expect_leaves(stack, MomentKind::sums, 512);
    expect_images(Stack<T>{1024, 2, 1024, std::vector<T>(2048, value)});
  };
  check(std::uint8_t{255});
  check(std::int8_t{-128});
  check(std::int8_t{127});
  check(std::uint16_t{65535});
  check(std::int16_t{-32768});
}

template <class T>
void expect_merged(MomentKind kind, bool with_missing) {
  auto stack = random_stack<T>(300, 256 + 100, static_cast<unsigned>(test_seed(9)));
  if constexpr (std::is_floating_point_v<T>)
    if (with_missing) sprinkle(stack);
  const DeviceArray<T> in(stack.values);
  const DeviceLeaves leaves(kind, stack.pixels, 3);  // the last one stays empty
  add_images(in.get(), stack.stride, 356, 0, leaves.planes(), nullptr);
  merge_leaves(leaves.planes(), 1, 100, 0, 256, nullptr);
  merge_leaves(leaves.planes(), 2, 0, 0, 356, nullptr);
  merge_leaves(leaves.planes(), 0, 356, 2, 0, nullptr);
  PixelMoments expected = expected_leaf(stack, kind, 0, 256);
  kernels::merge(expected_leaf(stack, kind, 256, 356), expected);
  leaves.expect_same(0, expected);
  leaves.expect_same(2, expected);
}

TEST(CudaMoments, OfLeavesAreJoinedAsOnTheCpu) {
  expect_merged<float>(MomentKind::moments, false);
  expect_merged<float>(MomentKind::moments, true);
  expect_merged<std::int16_t>(MomentKind::sums, false);
  expect_merged<std::uint8_t>(MomentKind::moments, false);
}

/// More leaves than a grid has rows.
TEST(CudaMoments, OfMoreLeavesThanAGridHasRows) {
  constexpr std::size_t leaves = 65537, images = leaves * leaf_images - 300;
  Stack<std::uint8_t> stack{1, images, 1, std::vector<std::uint8_t>(images)};
  for (std::size_t k = 0; k < images; ++k) stack.values[k] = static_cast<std::uint8_t>(k % 251);
  const DeviceArray<std::uint8_t> in(stack.values);
  const DeviceLeaves found(MomentKind::sums, 1, leaves);
  add_images(in.get(), 1, images, 0, found.planes(), nullptr);
  for (const std::uint32_t leaf : {0u, 65533u, 65534u, 65535u}) {
    const std::size_t first = leaf * std::size_t{leaf_images};
    found.expect_same(
        leaf, expected_leaf(stack, MomentKind::sums, first, std::min(images, first + leaf_images)));
  }
}

TEST(CudaMoments, OfNothing) {
  const DeviceLeaves leaves(MomentKind::moments, 5, 1);
  add_images<float>(nullptr, 5, 0, 0, leaves.planes(), nullptr);
  PixelMoments expected;
  expected.reset(MomentKind::moments, 5);
  leaves.expect_same(0, expected);
  const auto found = device_images(std::vector<float>(3), 1, 0, 3);  // images of no pixel
  EXPECT_EQ(found, std::vector<ImageMoments>(3));
}

}  // namespace
}  // namespace quickbeam::kernels::cuda
