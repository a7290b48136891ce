// SPDX-License-Identifier: BSD-3-Clause
// Leaves added on a device against the CPU's, bit for bit.
#include "host/src/cuda/device_leaf.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/cuda/seed.hpp"
#include "tests/kernels/stacks.hpp"

namespace quickbeam::cuda {
namespace {

using kernels::ImageMoments;
using kernels::PixelMoments;
using tests::random_stack;
using tests::Stack;
using tests::test_seed;

template <class A>
bool same_bits(const Buffer<A>& a, const Buffer<A>& b) {
  return a.size() == b.size() &&
         (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size() * sizeof(A)) == 0);
}

void expect_same(const PixelMoments& found, const PixelMoments& expected) {
  EXPECT_EQ(found.kind, expected.kind);
  EXPECT_EQ(found.pixels, expected.pixels);
  EXPECT_EQ(found.images, expected.images);
  EXPECT_EQ(found.any_missing, expected.any_missing);
  EXPECT_TRUE(same_bits(found.mean, expected.mean));
  EXPECT_TRUE(same_bits(found.m2, expected.m2));
  EXPECT_TRUE(same_bits(found.sum, expected.sum));
  EXPECT_TRUE(same_bits(found.squares, expected.squares));
  EXPECT_TRUE(same_bits(found.lowest, expected.lowest));
  EXPECT_TRUE(same_bits(found.highest, expected.highest));
  EXPECT_TRUE(same_bits(found.missing, expected.missing));
}

/// One leaf: all images of the stack, in blocks.
template <class T>
void expect_leaf(DeviceLeaf& leaf, const Stack<T>& stack, const std::vector<std::size_t>& blocks,
                 std::size_t at_once) {
  SCOPED_TRACE(testing::Message() << stack.images << " images, " << blocks.size() << " blocks");
  leaf.begin(blocks);
  for (std::size_t k = 0; k < stack.images; k += at_once) {
    const std::size_t count = std::min(at_once, stack.images - k);
    T* to = reinterpret_cast<T*>(leaf.next().data());
    for (std::size_t i = k; i < k + count; ++i, to += stack.pixels)
      std::copy_n(stack.image(i), stack.pixels, to);
    leaf.add(static_cast<std::int64_t>(count));
  }
  std::vector<PixelMoments> found(blocks.size());
  std::vector<ImageMoments> rows(stack.images), expected_rows(stack.images);
  leaf.finish(found, rows);
  std::size_t first = 0;
  for (std::size_t b = 0; b < blocks.size(); first += blocks[b++]) {
    PixelMoments expected;
    expected.reset(kernels::moment_kind(pixel_type_of<T>()), blocks[b]);
    kernels::add_images(stack.image(0) + first, stack.stride, static_cast<int>(stack.images),
                        expected, expected_rows);
    expect_same(found[b], expected);
  }
  EXPECT_TRUE(rows == expected_rows);
}

template <class T>
class DeviceLeafOf : public testing::Test {};
using AllTypes =
    testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                   std::uint32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(DeviceLeafOf, AllTypes);

TYPED_TEST(DeviceLeafOf, ManyLeavesAreTheCpus) {
  using T = TypeParam;
  DeviceLeaf leaf(0, {pixel_type_of<T>(), 1300, 3, 48});
  unsigned seed = 0;
  for (const std::size_t images : {1, 16, 100, 256}) {
    const auto of = [&](std::size_t pixels) {
      return random_stack<T>(pixels, images, static_cast<unsigned>(test_seed(++seed)));
    };
    expect_leaf(leaf, of(1300), {100, 1100, 100}, 48);
    expect_leaf(leaf, of(37), {37}, 16);
  }
}

TEST(DeviceLeaf, ValuesThatAreNotFiniteAreLeftOut) {
  DeviceLeaf leaf(0, {PixelType::f32, 600, 2, 32});
  auto stack = random_stack<float>(600, 90, static_cast<unsigned>(test_seed(1)));
  tests::sprinkle(stack);
  expect_leaf(leaf, stack, {400, 200}, 32);
  expect_leaf(leaf, random_stack<float>(600, 90), {400, 200}, 32);  // nothing of the last one left
}

TEST(DeviceLeaf, WithoutStatisticsOfImagesRowsStayAsTheyAre) {
  const DeviceLeaf::Shape both{PixelType::f32, 600, 2, 32};
  auto pixels_alone = both;
  pixels_alone.of_images = false;
  EXPECT_LT(DeviceLeaf::device_bytes(pixels_alone), DeviceLeaf::device_bytes(both));
  DeviceLeaf leaf(0, pixels_alone);
  const auto stack = random_stack<float>(600, 20);
  leaf.begin(std::vector<std::size_t>{600});
  float* to = reinterpret_cast<float*>(leaf.next().data());
  for (std::size_t k = 0; k < 20; ++k) std::copy_n(stack.image(k), 600, to + k * 600);
  leaf.add(20);
  std::vector<PixelMoments> found(1);
  const std::vector<ImageMoments> before(20, ImageMoments{.counted = 7});
  std::vector<ImageMoments> rows = before;
  leaf.finish(found, rows);
  EXPECT_TRUE(rows == before);
  PixelMoments expected;
  expected.reset(kernels::MomentKind::moments, 600);
  kernels::add_images(stack.image(0), stack.stride, 20, expected);
  expect_same(found[0], expected);
}

TEST(DeviceLeaf, OfNoImages) {
  DeviceLeaf leaf(0, {PixelType::i16, 10, 1, 16});
  expect_leaf(leaf, Stack<std::int16_t>{10, 0, 10, {}}, {10}, 16);
}

}  // namespace
}  // namespace quickbeam::cuda
