// SPDX-License-Identifier: BSD-3-Clause
// MRC files have the header words MRC2014 asks for and statistics that are true.
#include "io/mrc.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "tests/io/files.hpp"

namespace quickbeam::io {
namespace {

using test::expect_error;

/// A file taken apart, by MRC2014 word number.
struct Mrc {
  std::span<const std::byte> bytes;
  template <class T>
  T word(std::size_t number) const {
    T value;
    std::memcpy(&value, bytes.data() + 4 * (number - 1), 4);
    return value;
  }
  std::int32_t i(std::size_t number) const { return word<std::int32_t>(number); }
  float f(std::size_t number) const { return word<float>(number); }
  template <class T>
  std::vector<T> pixels() const {
    std::vector<T> all((bytes.size() - 1024) / sizeof(T));
    std::memcpy(all.data(), bytes.data() + 1024, bytes.size() - 1024);
    return all;
  }
};

template <class T>
Mrc encode(const std::vector<T>& pixels, Extent extent, Buffer<std::byte>& out,
           double pixel_size = 0, std::int64_t pitch = 0) {
  const ImageView<const T> view(pixels.data(), extent, pitch > 0 ? pitch : extent.width);
  return {encode_mrc(ConstAnyView(view), pixel_size, out)};
}

TEST(Mrc, HeaderWords) {
  Buffer<std::byte> out;
  const Mrc mrc = encode<std::int16_t>({-1, 2, 3, 4, 5, 6}, {3, 2}, out, 1.5);
  const std::int32_t words[][2] = {{1, 3},  {2, 2},  {3, 1},  {4, 1},  {5, 0},      {6, 0},
                                   {7, 0},  {8, 3},  {9, 2},  {10, 1}, {17, 1},     {18, 2},
                                   {19, 3}, {23, 0}, {24, 0}, {27, 0}, {28, 20141}, {56, 1}};
  for (const auto& [number, value] : words)
    EXPECT_EQ(mrc.i(static_cast<std::size_t>(number)), value) << "word " << number;
  EXPECT_EQ(mrc.f(11), 4.5f);
  EXPECT_EQ(mrc.f(12), 3.0f);
  EXPECT_EQ(mrc.f(13), 1.5f);
  for (const std::size_t angle : {14u, 15u, 16u}) EXPECT_EQ(mrc.f(angle), 90.0f);
  const std::string text = test::text_of(mrc.bytes);
  EXPECT_EQ(text.substr(208, 8), std::string("MAP DD\0\0", 8));
  EXPECT_EQ(text.substr(224, 10), std::string("quickbeam\0", 10));
  EXPECT_EQ(text.substr(304, 720), std::string(720, '\0'));
}

TEST(Mrc, AnUnknownPixelSizeIsZero) {
  Buffer<std::byte> out;
  for (const double size : {0.0, -2.0, std::numeric_limits<double>::quiet_NaN()})
    for (const std::size_t word : {11u, 12u, 13u})
      EXPECT_EQ(encode<std::int16_t>({1}, {1, 1}, out, size).f(word), 0.0f);
}

template <class T, class Stored>
void expect_mode(std::int32_t mode) {
  Buffer<std::byte> out;
  const std::vector<T> pixels = {T(1), T(2), T(99), T(4), T(120), T(99)};
  const Mrc mrc = encode<T>(pixels, {2, 2}, out, 0, 3);  // 99 lies between the rows
  EXPECT_EQ(mrc.i(4), mode);
  EXPECT_EQ(mrc.bytes.size(), 1024 + 4 * sizeof(Stored));
  EXPECT_EQ(mrc.pixels<Stored>(), (std::vector<Stored>{1, 2, 4, 120}));
}

TEST(Mrc, ModesKeepWhatMrcCanHold) {
  expect_mode<std::int16_t, std::int16_t>(1);
  expect_mode<std::uint16_t, std::uint16_t>(6);
  expect_mode<std::int8_t, float>(2);
  expect_mode<std::uint8_t, float>(2);
  expect_mode<std::int32_t, float>(2);
  expect_mode<std::uint32_t, float>(2);
  expect_mode<std::int64_t, float>(2);
  expect_mode<std::uint64_t, float>(2);
  expect_mode<float, float>(2);
  expect_mode<double, float>(2);
}

TEST(Mrc, StatisticsAreTrue) {
  Buffer<std::byte> out;
  const Mrc mrc = encode<std::uint16_t>({0, 10, 20, 65535}, {2, 2}, out);
  EXPECT_EQ(mrc.f(20), 0.0f);
  EXPECT_EQ(mrc.f(21), 65535.0f);
  EXPECT_EQ(mrc.f(22), 16391.25f);
  EXPECT_FLOAT_EQ(mrc.f(55), static_cast<float>(std::sqrt(805036104.6875)));
}

TEST(Mrc, StatisticsSurviveALargeOffset) {
  Buffer<std::byte> out;
  std::vector<double> pixels;
  for (int i = 0; i < 10000; ++i) pixels.push_back(1e6 + i % 2);
  const Mrc mrc = encode<double>(pixels, {100, 100}, out);
  EXPECT_EQ(mrc.f(22), 1000000.5f);
  EXPECT_EQ(mrc.f(55), 0.5f);
}

TEST(Mrc, NonFinitePixelsStayAndLeaveTheStatisticsUndetermined) {
  Buffer<std::byte> out;
  for (const float odd :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    const Mrc mrc = encode<float>({1, odd, 3, 4}, {2, 2}, out);
    EXPECT_FALSE(std::isfinite(mrc.pixels<float>()[1]));
    // MRC2014, words 20 to 22 and 55: max < min, mean < both, rms < 0.
    EXPECT_LT(mrc.f(21), mrc.f(20));
    EXPECT_LT(mrc.f(22), mrc.f(21));
    EXPECT_LT(mrc.f(55), 0.0f);
  }
}

TEST(Mrc, RefusesWhatItCannotSay) {
  Buffer<std::byte> out;
  const std::byte pixel{};
  for (const Extent extent : {Extent{0, 1}, Extent{1, 0}, Extent{-1, 1}})
    expect_error(ErrorCode::bad_field,
                 [&] { encode_mrc(ConstAnyView(PixelType::u8, &pixel, extent), 0, out); });
  for (const Extent extent : {Extent{std::int64_t{1} << 31, 1}, Extent{1, std::int64_t{1} << 31}})
    expect_error(ErrorCode::limit,
                 [&] { encode_mrc(ConstAnyView(PixelType::u8, &pixel, extent), 0, out); });
}

}  // namespace
}  // namespace quickbeam::io
