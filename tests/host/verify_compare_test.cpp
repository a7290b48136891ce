// SPDX-License-Identifier: BSD-3-Clause
// The comparison behind `verify` sees every difference, and nothing else.
#include "host/src/verify_compare.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include <quickbeam/core/mask.hpp>

namespace quickbeam {
namespace {

template <class T>
Image image_of(const std::vector<T>& values, Extent extent) {
  Image image(pixel_type_of<T>(), extent);
  std::copy(values.begin(), values.end(), image.as<T>().data);
  return image;
}

const std::string input = "frame.cbf";

template <class Work>
VerifyCell compared(Work&& work) {
  VerifyCell cell;
  Comparison comparison(cell, input, 3);
  work(comparison);
  return cell;
}

VerifyCell images(const Image& a, const Image& b) {
  return compared([&](Comparison& c) { c.images(a.const_view(), b.const_view()); });
}

template <class T>
class CompareImages : public ::testing::Test {};
using AllTypes =
    ::testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                     std::uint32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(CompareImages, AllTypes);

TYPED_TEST(CompareImages, EveryPixelAndNoOther) {
  using T = TypeParam;
  const Extent extent{7, 5};
  std::vector<T> values(35);
  for (std::size_t i = 0; i < 35; ++i) values[i] = static_cast<T>(i);
  const Image expected = image_of(values, extent);
  EXPECT_EQ(images(expected, expected).values, 35u);
  EXPECT_EQ(images(expected, expected).differences, 0u);
  EXPECT_FALSE(images(expected, expected).first);
  for (std::size_t i = 0; i < 35; ++i) {
    auto changed = values;
    changed[i] = static_cast<T>(99);
    const VerifyCell cell = images(expected, image_of(changed, extent));
    ASSERT_EQ(cell.differences, 1u);
    ASSERT_TRUE(cell.first);
    EXPECT_EQ(cell.first->input, input);
    EXPECT_EQ(cell.first->frame, 3);
    EXPECT_EQ(cell.first->x, static_cast<std::int64_t>(i % 7));
    EXPECT_EQ(cell.first->y, static_cast<std::int64_t>(i / 7));
    EXPECT_EQ(cell.first->expected, std::to_string(i));
    EXPECT_EQ(cell.first->found, "99");
  }
}

TEST(CompareImages, FloatsBitForBitButNaN) {
  const Extent one{1, 1};
  const auto differences = [&](auto a, auto b) {
    using T = decltype(a);
    return images(image_of<T>({a}, one), image_of<T>({b}, one)).differences;
  };
  EXPECT_EQ(differences(std::nanf("1"), std::nanf("2")), 0u);
  EXPECT_EQ(differences(std::nan("1"), -std::nan("2")), 0u);
  EXPECT_EQ(differences(0.0, -0.0), 1u);
  EXPECT_EQ(differences(1.0F, std::nextafter(1.0F, 2.0F)), 1u);
  EXPECT_EQ(differences(1e300, std::nextafter(1e300, 0.0)), 1u);
  EXPECT_EQ(differences(std::nan(""), 0.0), 1u);
  const VerifyCell cell = images(image_of<double>({0.1}, one), image_of<double>({0.3}, one));
  EXPECT_EQ(cell.first->expected, "0.1");
  EXPECT_EQ(cell.first->found, "0.3");
}

TEST(CompareImages, TheFirstDifferenceStaysAndAllAreCounted) {
  const VerifyCell cell = images(image_of<std::int32_t>({1, 2, 3, 4}, {2, 2}),
                                 image_of<std::int32_t>({1, 9, 3, 8}, {2, 2}));
  EXPECT_EQ(cell.differences, 2u);
  EXPECT_EQ(cell.first->found, "9");
}

TEST(CompareImages, AnotherSizeOrTypeIsAllDifferent) {
  const Image expected = image_of<std::int32_t>({1, 2, 3, 4}, {2, 2});
  EXPECT_GE(images(expected, image_of<std::int32_t>({1, 2, 3, 4}, {4, 1})).differences, 4u);
  EXPECT_GE(images(expected, image_of<std::int32_t>({1, 2}, {2, 1})).differences, 4u);
  const VerifyCell cell = images(expected, image_of<float>({1, 2, 3, 4}, {2, 2}));
  EXPECT_GE(cell.differences, 4u);
  EXPECT_EQ(cell.first->expected, "int32 2 x 2");
  EXPECT_EQ(cell.first->found, "float32 2 x 2");
}

TEST(CompareReduced, FlagsToo) {
  const auto with_flags = [](const std::vector<std::uint8_t>& flags) {
    return ReducedImage{image_of<std::int32_t>({5, -1, 7}, {3, 1}),
                        image_of(flags, {static_cast<std::int64_t>(flags.size()), 1})};
  };
  const auto cell = [&](const std::vector<std::uint8_t>& found) {
    return compared([&](Comparison& c) { c.reduced(with_flags({0, 0, 1}), with_flags(found)); });
  };
  EXPECT_EQ(cell({0, 0, 1}).values, 6u);
  EXPECT_EQ(cell({0, 0, 1}).differences, 0u);
  EXPECT_EQ(cell({0, 0, 0}).differences, 1u);
  EXPECT_EQ(cell({0, 0, 0}).first->x, 2);
  EXPECT_EQ(cell({0, 0, 2}).differences, 1u) << "a flag is 0 or 1";
  EXPECT_GE(cell({0, 0}).differences, 3u);
}

TEST(CompareLevels, BothToTheBit) {
  const auto cell = [](LevelRange a, LevelRange b) {
    return compared([&](Comparison& c) { c.levels(a, b); });
  };
  EXPECT_EQ(cell({1, 2}, {1, 2}).values, 2u);
  EXPECT_EQ(cell({1, 2}, {1, 2}).differences, 0u);
  EXPECT_EQ(cell({0.0, 2}, {-0.0, 2}).first->place, "low level");
  EXPECT_EQ(cell({1, 2}, {1, std::nextafter(2.0, 3.0)}).first->place, "high level");
  EXPECT_EQ(cell({1, 2}, {3, 4}).differences, 2u);
}

TEST(CompareBytes, ChangedMissingAndSurplus) {
  const auto bytes = [](std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int v : values) out.push_back(static_cast<std::byte>(v));
    return out;
  };
  const auto cell = [&](std::initializer_list<int> found) {
    return compared([&](Comparison& c) { c.bytes(bytes({7, 8, 9}), bytes(found), ".png file"); });
  };
  EXPECT_EQ(cell({7, 8, 9}).values, 3u);
  EXPECT_EQ(cell({7, 8, 9}).differences, 0u);
  EXPECT_EQ(cell({7, 0, 9}).first->place, "byte 1 of the .png file");
  EXPECT_EQ(cell({7}).differences, 2u);
  EXPECT_EQ(cell({7}).first->found, "none");
  EXPECT_EQ(cell({7, 8, 9, 9}).differences, 1u);
}

TEST(Comparison, NothingWhereValuesWereDueIsAllDifferent) {
  const VerifyCell cell = compared([](Comparison& c) { c.nothing(50, "an error"); });
  EXPECT_EQ(cell.values, 50u);
  EXPECT_EQ(cell.differences, 50u);
  EXPECT_EQ(cell.first->found, "an error");
  EXPECT_EQ(compared([](Comparison& c) { c.nothing(0, "an error"); }).differences, 1u);
}

TEST(Comparison, WorkDoneElsewhereIsNotCompared) {
  bool here = false, there = true;
  const VerifyCell cell = compared([&](Comparison& c) {
    here = c.done_by("cuda", {.backend = "cuda"});
    there = c.done_by("cuda", {.backend = "cpu", .notice = "too little memory"});
  });
  EXPECT_TRUE(here);
  EXPECT_FALSE(there);
  EXPECT_EQ(cell.elsewhere, 1u);
  EXPECT_EQ(cell.values, 0u);
  EXPECT_EQ(cell.reason, "done by cpu: too little memory");
}

TEST(CompareNumbers, Each) {
  const auto differences = [](ReducedNumbers a, ReducedNumbers b) {
    return compared([&](Comparison& c) { c.numbers(a, b); }).differences;
  };
  EXPECT_EQ(differences({1, 2, 3, 4.5}, {1, 2, 3, 4.5}), 0u);
  EXPECT_EQ(differences({1, 2, 3, 4.5}, {0, 0, 0, 0}), 4u);
  EXPECT_EQ(differences({1, 2, 3, 4.5}, {1, 2, 3, 4.6}), 1u);
}

TEST(Comparison, ErrorsAreTheSameWhenAllButTheirPlaceIs) {
  const ErrorInfo error{.code = ErrorCode::bad_stream,
                        .path = "a.cbf",
                        .format = "CBF",
                        .field = "data",
                        .offset = 17,
                        .frame = 0,
                        .expected = "a",
                        .found = "b"};
  ErrorInfo other = error;
  other.path = "b.cbf";
  other.frame.reset();
  EXPECT_EQ(comparable(error), comparable(other));
  for (const auto& change : std::vector<std::function<void(ErrorInfo&)>>{
           [](ErrorInfo& e) { e.code = ErrorCode::truncated; }, [](ErrorInfo& e) { e.field = "x"; },
           [](ErrorInfo& e) { e.offset = 18; }, [](ErrorInfo& e) { e.found = "c"; }}) {
    other = error;
    change(other);
    EXPECT_NE(comparable(error), comparable(other)) << comparable(other);
  }
}

TEST(Comparison, MergingAddsAndKeepsTheEarlierFirst) {
  const auto cell = [](std::uint64_t values, std::uint64_t differences, const char* name) {
    VerifyCell part{.values = values, .differences = differences};
    part.first = VerifyDifference{.input = name};
    return part;
  };
  VerifyCell all{.values = 10};
  merge(all, cell(5, 2, "b"));
  merge(all, cell(5, 1, "c"));
  EXPECT_EQ(all.values, 20u);
  EXPECT_EQ(all.differences, 3u);
  EXPECT_EQ(all.first->input, "b");
}

}  // namespace
}  // namespace quickbeam
