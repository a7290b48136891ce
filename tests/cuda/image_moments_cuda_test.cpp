// SPDX-License-Identifier: BSD-3-Clause
// Statistics of images in device memory against the CPU's, bit for bit.
#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <vector>

#include "kernels/ops/moments.hpp"
#include "tests/cuda/device_images.hpp"
#include "tests/cuda/seed.hpp"

namespace quickbeam::kernels::cuda {
namespace {

using tests::expect_images;
using tests::random_stack;
using tests::Stack;
using tests::test_seed;
using tests::with_stride;

template <class T>
class CudaImageMoments : public testing::Test {};
using AllTypes =
    testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                   std::uint32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(CudaImageMoments, AllTypes);

TYPED_TEST(CudaImageMoments, AreTheCpus) {
  for (const std::size_t pixels : {1, 31, 511, 512, 513, 1024, 5000})
    expect_images(random_stack<TypeParam>(pixels, 3, static_cast<unsigned>(test_seed(pixels))));
}

/// Pieces that are measured several at a time: four, or eight of bytes, where rows are aligned.
TYPED_TEST(CudaImageMoments, OfWholePieces) {
  for (const std::size_t pixels : {2047, 2048, 4095, 4096, 4097, 6000, 16384})
    for (const std::size_t images : {1, 5}) {
      const auto seed = static_cast<unsigned>(test_seed(pixels));
      const auto stack = random_stack<TypeParam>(pixels, images, seed);
      expect_images(stack);  // rows that begin anywhere
      expect_images(with_stride(stack, (pixels + 15) / 16 * 16));
    }
}

TYPED_TEST(CudaImageMoments, OfManySmallImages) {
  expect_images(random_stack<TypeParam>(20, 70, static_cast<unsigned>(test_seed(20))));
}

template <class T>
class CudaFloatImageMoments : public testing::Test {};
using FloatTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(CudaFloatImageMoments, FloatTypes);

/// An image of `pieces` pieces, the last one short; nothing of those of `bad` is finite.
template <class T>
Stack<T> image_with_bad_pieces(std::size_t pieces, const std::vector<std::size_t>& bad) {
  constexpr std::size_t piece = ops::piece_pixels;
  auto stack = random_stack<T>(pieces * piece - 100, 2, static_cast<unsigned>(test_seed(pieces)));
  for (const std::size_t i : bad)
    for (std::size_t p = i * piece; p < std::min((i + 1) * piece, stack.pixels); ++p)
      stack.at(1, p) =
          p % 3 == 0 ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::quiet_NaN();
  return stack;
}

/// Pieces are joined 32 at a time; those of which nothing counts are passed over.
TYPED_TEST(CudaFloatImageMoments, AreJoinedFromAnyNumberOfPieces) {
  for (const std::size_t pieces : {1, 2, 31, 32, 33, 63, 64, 65, 96, 1100}) {
    SCOPED_TRACE(testing::Message() << pieces << " pieces");
    expect_images(image_with_bad_pieces<TypeParam>(pieces, {}));
    expect_images(image_with_bad_pieces<TypeParam>(pieces, {0}));
    expect_images(image_with_bad_pieces<TypeParam>(pieces, {pieces - 1}));
    if (pieces > 100) continue;
    std::vector<std::size_t> all(pieces), odd, but_one;
    std::iota(all.begin(), all.end(), std::size_t{0});
    for (const std::size_t i : all) {
      if (i % 2 == 1) odd.push_back(i);
      if (i != pieces / 2) but_one.push_back(i);
    }
    expect_images(image_with_bad_pieces<TypeParam>(pieces, odd));
    expect_images(image_with_bad_pieces<TypeParam>(pieces, but_one));
    expect_images(image_with_bad_pieces<TypeParam>(pieces, all));
    if (pieces > 40) {
      all.resize(32);  // none of the first 32, then also two in a row
      expect_images(image_with_bad_pieces<TypeParam>(pieces, all));
      all.insert(all.end(), {36, 37});
      expect_images(image_with_bad_pieces<TypeParam>(pieces, all));
    }
  }
}

/// One value that is not finite among pieces that are measured together.
TYPED_TEST(CudaFloatImageMoments, WithOneBadValueAmongWholePieces) {
  for (const std::size_t at : {0, 511, 700, 2047, 2048, 4095}) {
    auto stack = random_stack<TypeParam>(4096, 3, static_cast<unsigned>(test_seed(at)));
    stack.at(1, at) = std::numeric_limits<TypeParam>::quiet_NaN();
    stack.at(2, at) = -std::numeric_limits<TypeParam>::infinity();
    expect_images(stack);
  }
}

}  // namespace
}  // namespace quickbeam::kernels::cuda
