// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/image.hpp>

namespace quickbeam {
namespace {

TEST(Buffer, KeepsItsMemoryWhileItIsLargeEnough) {
  Buffer<int> buffer(1000);
  const int* first = buffer.data();
  buffer.resize(10);
  buffer.resize(1000);
  EXPECT_EQ(buffer.data(), first);
}

TEST(Buffer, GrowKeepsTheContents) {
  Buffer<int> buffer(3);
  for (int i = 0; i < 3; ++i) buffer[i] = i;
  buffer.grow(1 << 20);
  EXPECT_EQ(buffer[2], 2);
}

TEST(Buffer, AnImpossibleSizeIsBadAlloc) {
  Buffer<double> buffer;
  EXPECT_THROW(buffer.resize(static_cast<std::size_t>(-1) / 8), std::bad_alloc);
}

TEST(Image, VisitSeesTheTypeItWasMadeWith) {
  for (int t = 0; t <= static_cast<int>(PixelType::f64); ++t) {
    const auto type = static_cast<PixelType>(t);
    Image image(type, {3, 2});
    visit(image.view(), [&](auto view) {
      EXPECT_EQ(pixel_type_of<std::remove_reference_t<decltype(view(0, 0))>>(), type);
      EXPECT_EQ(view.pitch, 3);
    });
  }
}

}  // namespace
}  // namespace quickbeam
