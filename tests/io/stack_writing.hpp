// SPDX-License-Identifier: BSD-3-Clause
// For tests of written stacks: images, the words of a header, a folder to write in.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "io/stack_writer.hpp"
#include "tests/io/stack_reading.hpp"
#include "tests/oracle/stack_builder.hpp"

namespace quickbeam::test {

template <class T>
ConstAnyView view_of(const std::vector<T>& pixels, Extent extent, std::int64_t pitch = 0) {
  return ConstAnyView(ImageView<const T>(pixels.data(), extent, pitch == 0 ? extent.width : pitch));
}

inline std::vector<float> image(std::int64_t k, std::int64_t pixels) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < pixels; ++i)
    values.push_back(static_cast<float>(oracle::pixel_at(k * pixels + i)));
  return values;
}

/// Words of a file, little-endian, counted from 1 at byte `base`.
struct Words {
  std::string bytes;
  std::size_t base = 0;
  float f(std::size_t word) const {
    float value;
    std::memcpy(&value, bytes.data() + base + 4 * (word - 1), 4);
    return value;
  }
  std::int32_t i(std::size_t word) const {
    std::int32_t value;
    std::memcpy(&value, bytes.data() + base + 4 * (word - 1), 4);
    return value;
  }
};

class StackWriting : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const io::StackSpec& spec, std::int64_t count) {
    const std::string path = folder_ / name;
    io::StackWriter writer(path, spec);
    for (std::int64_t k = 0; k < count; ++k)
      writer.append(view_of(image(k, spec.extent.pixels()), spec.extent));
    EXPECT_EQ(writer.finish().count, count);
    return test::read_text(path);
  }
  test::TemporaryFolder folder_;
};

}  // namespace quickbeam::test
