// SPDX-License-Identifier: BSD-3-Clause
// Random stacks for the tests of the statistics, and the columns and rows of their values.
#pragma once

#include <cstddef>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace quickbeam::tests {

/// Images of any type, one after the other, `stride` pixels from one to the next.
template <class T>
struct Stack {
  std::size_t pixels, images, stride;
  std::vector<T> values;

  T& at(std::size_t image, std::size_t pixel) { return values[image * stride + pixel]; }
  const T* image(std::size_t k) const { return values.data() + k * stride; }
  /// The values of a pixel, image after image.
  std::vector<double> column(std::size_t pixel) const {
    std::vector<double> out;
    for (std::size_t k = 0; k < images; ++k)
      out.push_back(static_cast<double>(values[k * stride + pixel]));
    return out;
  }
  std::vector<double> row(std::size_t image) const {
    std::vector<double> out;
    for (std::size_t p = 0; p < pixels; ++p)
      out.push_back(static_cast<double>(values[image * stride + p]));
    return out;
  }
};

/// Floats around 100 and both zeros; integers over all of their range.
template <class T>
Stack<T> random_stack(std::size_t pixels, std::size_t images, unsigned seed = 20261120) {
  // Behind every image lies what belongs to none: huge floats, the lowest integers.
  Stack<T> stack{pixels, images, pixels + 3, {}};
  stack.values.assign(stack.stride * images, std::numeric_limits<T>::lowest());
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise(100, 30);
  for (std::size_t k = 0; k < images; ++k)
    for (std::size_t p = 0; p < pixels; ++p)
      if constexpr (std::is_floating_point_v<T>)
        stack.at(k, p) =
            random() % 16 == 0 ? (random() % 2 == 0 ? T{0} : -T{0}) : static_cast<T>(noise(random));
      else
        stack.at(k, p) = static_cast<T>(random());
  return stack;
}

/// Makes some values NaN or infinite, and all of one pixel and of one image.
template <class T>
void sprinkle(Stack<T>& stack) {
  using Limits = std::numeric_limits<T>;
  const T bad[] = {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()};
  std::mt19937 random(7);
  for (std::size_t k = 0; k < stack.images; ++k)
    for (std::size_t p = 0; p < stack.pixels; ++p)
      if (p == stack.pixels / 2 || k == stack.images / 3 || random() % 50 == 0)
        stack.at(k, p) = bad[random() % 3];
}

}  // namespace quickbeam::tests
