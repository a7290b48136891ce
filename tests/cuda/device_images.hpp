// SPDX-License-Identifier: BSD-3-Clause
// Stacks for tests of statistics on a device, and the statistics of their images against the CPU's.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/moments_cuda.hpp"
#include "tests/cuda/device_array.hpp"
#include "tests/kernels/stacks.hpp"

namespace quickbeam::tests {

/// The same images, `stride` pixels from one to the next.
template <class T>
Stack<T> with_stride(const Stack<T>& from, std::size_t stride) {
  Stack<T> out{from.pixels, from.images, stride,
               std::vector<T>(from.images * stride, std::numeric_limits<T>::lowest())};
  for (std::size_t k = 0; k < from.images; ++k)
    std::copy_n(from.image(k), from.pixels, out.values.data() + k * stride);
  return out;
}

template <class T>
std::vector<kernels::ImageMoments> device_images(const std::vector<T>& values, std::size_t stride,
                                                 std::size_t pixels, std::size_t images) {
  const auto count = static_cast<std::uint32_t>(images);
  const DeviceArray<T> in(values);
  const DeviceArray<kernels::ImageMoments> out(images);
  const DeviceArray<std::byte> scratch(kernels::cuda::image_moments_bytes(pixels, count));
  kernels::cuda::image_moments(in.get(), stride, pixels, count, out.get(), scratch.get(), nullptr);
  return out.read();
}

template <class T>
void expect_images(const Stack<T>& stack) {
  SCOPED_TRACE(testing::Message() << stack.pixels << " pixels, " << stack.images << " images");
  const auto found = device_images(stack.values, stack.stride, stack.pixels, stack.images);
  for (std::size_t k = 0; k < stack.images; ++k)
    EXPECT_EQ(found[k], kernels::image_moments(std::span(stack.image(k), stack.pixels))) << k;
}

}  // namespace quickbeam::tests
