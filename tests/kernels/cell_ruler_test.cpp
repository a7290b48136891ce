// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/ops/cell_ruler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace quickbeam::kernels {
namespace {

TEST(Divisor, IsDivision) {
  constexpr std::uint32_t most = 0x7fffffff;
  std::mt19937 random(20261120);
  std::vector<std::uint32_t> divisors;
  for (std::uint32_t d = 1; d <= 3000; ++d) divisors.push_back(d);
  for (unsigned bit = 1; bit < 32; ++bit)
    for (const std::uint32_t d : {(1u << bit) - 1, 1u << bit, (1u << bit) + 1})
      if (d <= 1u << 31) divisors.push_back(d);
  for (int i = 0; i < 1000; ++i) divisors.push_back(1 + random() % most);
  for (const std::uint32_t d : divisors) {
    const ops::Divisor divisor(d);
    ASSERT_EQ(divisor.value(), d);
    std::vector<std::uint32_t> numbers{0, 1, d - 1, most - 1, most, most / d * d};
    if (most / d * d > 0) numbers.push_back(most / d * d - 1);
    for (const std::uint32_t n : {d, d + 1, 2 * d - 1}) numbers.push_back(n & most);
    for (int i = 0; i < 100; ++i) numbers.push_back(random() & most);
    for (const std::uint32_t n : numbers) ASSERT_EQ(divisor.quotient(n), n / d) << n << " / " << d;
  }
}

/// Against the axis itself, pixel by pixel.
void check_ruler(std::int64_t size, std::int64_t step, std::int64_t before, std::int64_t after) {
  SCOPED_TRACE(::testing::Message() << "size " << size << " step " << step << " before " << before
                                    << " after " << after);
  const ops::CellAxis axis = ops::make_cell_axis(
      window_axis(size, (size - 1) / step + 1, step, before, after), 0x7fffffff);
  const ops::CellRuler ruler(axis);
  for (std::int64_t x = 0; x < size; ++x) {
    const auto place = ruler.place_of(static_cast<std::uint32_t>(x));
    ASSERT_EQ(place.cell, axis.cell_of(static_cast<std::uint32_t>(x))) << x;
    ASSERT_LT(place.ends, 1u << ops::CellRuler::length);
    for (std::uint32_t i = 0; x + i + 1 < size && i < ops::CellRuler::length; ++i) {
      const auto pixel = static_cast<std::uint32_t>(x) + i;
      ASSERT_EQ(place.ends >> i & 1, axis.cell_of(pixel) != axis.cell_of(pixel + 1) ? 1u : 0u)
          << x << " + " << i;
    }
  }
}

TEST(CellRuler, AgreesWithTheAxis) {
  for (const std::int64_t size : {1, 2, 31, 33, 200})
    for (const std::int64_t step : {1, 2, 3, 7, 10, 15, 16, 17, 40, 199, 200, 1000, 1073741823}) {
      check_ruler(size, step, 0, step - 1);
      for (const std::int64_t window : {1, 2, 3, 9, 10, 13, 16, 20, 50, 1073741823})
        check_ruler(size, step, window_before(window), window_after(window));
    }
}

TEST(CellRuler, ReachesTheEndOfTheLargestRow) {
  constexpr std::uint32_t size = 1u << 30;
  const ops::CellAxis axis =
      ops::make_cell_axis(window_axis(size, size / 40, 40, size, 5), 0x7fffffff);
  const ops::CellRuler ruler(axis);
  for (std::uint32_t x = size - 100; x < size; ++x)
    ASSERT_EQ(ruler.place_of(x).cell, axis.cell_of(x));
}

}  // namespace
}  // namespace quickbeam::kernels
