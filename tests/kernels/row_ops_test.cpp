// SPDX-License-Identifier: BSD-3-Clause
// Masking, counting, clipping and adding of rows against loops that treat one pixel at a time.
#include "kernels/row_ops.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/kernels/reduce_cases.hpp"

namespace quickbeam::kernels {
namespace {

using quickbeam::testing::same_bits;

template <class W>
constexpr bool is_real = std::is_floating_point_v<W>;

/// Valid, masked and saturated pixels of every kind, -1, NaN and infinities among them.
template <class W>
std::vector<W> some_row(std::uint32_t seed) {
  using quickbeam::testing::Masking;
  return quickbeam::testing::make_frame<W>(401, 1, {.masking = Masking::some}, seed).pixels;
}

/// Valid ranges as frames have them: counts, narrow counts, reals below zero.
template <class W>
std::vector<ValidRange<W>> ranges() {
  std::vector<ValidRange<W>> all = {{0, std::numeric_limits<W>::max()}, {0, 65533}};
  if (is_real<W>) all.push_back({std::numeric_limits<W>::lowest(), std::numeric_limits<W>::max()});
  return all;
}

template <class W>
bool is_valid(W v, ValidRange<W> range) {
  return !(v < range.lowest) && !(v > range.highest) && v == v;
}

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

template <class W>
class RowOps : public ::testing::Test {};
TYPED_TEST_SUITE(RowOps, quickbeam::testing::WorkTypes);

TYPED_TEST(RowOps, MaskRowReplacesTheMaskedPixelsOnly) {
  using W = TypeParam;
  std::vector<W> row = some_row<W>(1);
  std::vector<W> expected = row;
  std::vector<std::uint8_t> mask(row.size());
  for (std::size_t i = 0; i < mask.size(); i += 3) {
    mask[i] = i % 2 == 0 ? 1 : 255;
    expected[i] = is_real<W> ? std::numeric_limits<W>::quiet_NaN() : W(-1);
  }
  mask_row<W>(row, mask.data());
  expect_same(row, expected);
}

/// The bin a value is counted in, found by trying all.
template <class W>
std::size_t naive_bin(W v, std::size_t bins) {
  std::size_t bin = 0;
  while (bin + 1 < bins && static_cast<double>(bin + 1) <= static_cast<double>(v)) ++bin;
  return bin;
}

TYPED_TEST(RowOps, CountRowCountsValidUnsaturatedPixels) {
  using W = TypeParam;
  const auto row = some_row<W>(2);
  std::vector<std::uint8_t> flags(row.size());
  for (std::size_t i = 0; i < flags.size(); i += 3) flags[i] = 1;
  for (const auto range : ranges<W>())
    for (const W saturation : {std::numeric_limits<W>::max(), W{50000}, W{0}})
      for (const std::uint8_t* saturated : {static_cast<std::uint8_t*>(nullptr), flags.data()})
        for (const std::size_t bins : {std::size_t{1}, std::size_t{5}, raw_histogram_bins}) {
          std::vector<std::uint64_t> counts(bins, 7), expected(bins, 7);
          for (std::size_t i = 0; i < row.size(); ++i)
            if (is_valid(row[i], range) && !(row[i] > saturation) && !(saturated && i % 3 == 0))
              ++expected[naive_bin(row[i], bins)];
          count_row<W>(row, range, saturation, saturated, counts);
          ASSERT_EQ(counts, expected);
        }
}

TYPED_TEST(RowOps, CountRowTakesTheFloorAndNeverLeavesTheBins) {
  using W = TypeParam;
  if constexpr (is_real<W>) {
    constexpr W inf = std::numeric_limits<W>::infinity();
    const std::vector<W> row = {W(-5),
                                W(-0.5),
                                W(0.99),
                                W(1),
                                W(2.5),
                                W(3.99),
                                W(4),
                                W(1e30),
                                inf,
                                -inf,
                                std::numeric_limits<W>::quiet_NaN()};
    std::vector<std::uint64_t> counts(5);
    count_row<W>(row, ranges<W>().back(), std::numeric_limits<W>::max(), nullptr, counts);
    EXPECT_EQ(counts, (std::vector<std::uint64_t>{3, 1, 1, 1, 2}));
  } else {
    const std::vector<W> row = {-1, 0, 1, 3, 4, 5, std::numeric_limits<W>::max()};
    std::vector<std::uint64_t> counts(5);
    count_row<W>(row, ranges<W>().front(), std::numeric_limits<W>::max(), nullptr, counts);
    EXPECT_EQ(counts, (std::vector<std::uint64_t>{1, 1, 0, 1, 3}));
  }
}

TYPED_TEST(RowOps, ClipRowCutsValidPixelsAndLeavesTheMaskedAlone) {
  using W = TypeParam;
  for (const auto range : ranges<W>())
    for (const W highest : {W{0}, W{3}, W{50000}, std::numeric_limits<W>::max()}) {
      std::vector<W> row = some_row<W>(3), expected = row;
      for (W& v : expected)
        if (is_valid(v, range) && v > highest) v = highest;
      clip_row<W>(row, range, highest);
      expect_same(row, expected);
    }
}

TYPED_TEST(RowOps, AddRowMasksAndSaturatesWhatIsSoInAnyFrame) {
  using W = TypeParam;
  using Sum = std::conditional_t<is_real<W>, double, std::int64_t>;
  const std::vector<W> frames[] = {some_row<W>(4), some_row<W>(5), some_row<W>(6)};
  const std::size_t size = frames[0].size();
  for (const auto range : ranges<W>())
    for (const W saturation : {std::numeric_limits<W>::max(), W{2}}) {
      std::vector<Sum> sum(size), expected(size);
      std::vector<std::uint8_t> flags(size), expected_flags(size);
      for (std::size_t i = 0; i < size; ++i) {
        bool masked = false;
        for (const auto& frame : frames) {
          const bool valid = is_valid(frame[i], range);
          masked = masked || !valid;
          if (valid) expected[i] += static_cast<Sum>(frame[i]);
          if (valid && frame[i] > saturation) expected_flags[i] = 1;
        }
        if (masked) expected[i] = is_real<Sum> ? std::numeric_limits<Sum>::quiet_NaN() : Sum(-1);
      }
      for (const auto& frame : frames)
        add_row<W, Sum>(frame, range, saturation, sum.data(), flags.data());
      if (!(range.lowest < 0)) expect_same(sum, expected);
      EXPECT_EQ(flags, expected_flags);
    }
}

TEST(RowOps, AddRowOfRealsKeepsNegativeSums) {
  const std::vector<float> frame = {-1.5F, 2.0F, std::numeric_limits<float>::quiet_NaN()};
  std::vector<double> sum(3);
  std::vector<std::uint8_t> flags(3);
  constexpr float highest = std::numeric_limits<float>::max();
  for (int k = 0; k < 2; ++k)
    add_row<float, double>(frame, {-highest, highest}, highest, sum.data(), flags.data());
  EXPECT_EQ(sum[0], -3.0);
  EXPECT_EQ(sum[1], 4.0);
  EXPECT_TRUE(std::isnan(sum[2]));
}

}  // namespace
}  // namespace quickbeam::kernels
