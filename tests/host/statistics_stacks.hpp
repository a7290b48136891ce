// SPDX-License-Identifier: BSD-3-Clause
// For tests of statistics: stacks with known values, their statistics by two passes in long
// double, and the files that come out.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <quickbeam/stack_statistics.hpp>

#include "io/npy.hpp"
#include "io/stack_writer.hpp"
#include "tests/host/temporary_folder.hpp"

namespace quickbeam::test {

/// A stack in memory; every value can be stored in the type it was made for.
struct Stack {
  Extent extent{};
  std::vector<std::vector<double>> images{};

  std::size_t pixels() const { return static_cast<std::size_t>(extent.pixels()); }
};

inline Stack whole_numbers(Extent extent, int count, int lowest, int highest, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> value(lowest, highest);
  Stack stack{extent};
  for (int k = 0; k < count; ++k) {
    auto& image = stack.images.emplace_back(stack.pixels());
    for (double& v : image) v = value(random);
  }
  return stack;
}

/// Floats around `mean`, exactly floats.
inline Stack floats(Extent extent, int count, double mean = 3, double sd = 2, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<double> value(mean, sd);
  Stack stack{extent};
  for (int k = 0; k < count; ++k) {
    auto& image = stack.images.emplace_back(stack.pixels());
    for (double& v : image) v = static_cast<double>(static_cast<float>(value(random)));
  }
  return stack;
}

inline void write_stack(const std::string& path, const Stack& stack,
                        io::StoredAs stored = io::StoredAs::float32, double pixel_size = 0) {
  io::StackWriter writer(path, {.format = io::stack_format_named(path),
                                .extent = stack.extent,
                                .stored = stored,
                                .pixel_size_angstrom = pixel_size});
  std::vector<float> pixels;
  for (const auto& image : stack.images) {
    pixels.assign(image.begin(), image.end());
    writer.append(ConstAnyView(ImageView<const float>(pixels.data(), stack.extent)));
  }
  writer.finish();
}

template <class T>
void write_npy(const std::string& path, const Stack& stack) {
  Buffer<std::byte> header;
  const auto head = io::npy_header(pixel_type_of<T>(), stack.extent,
                                   static_cast<std::int64_t>(stack.images.size()), header);
  std::string text(reinterpret_cast<const char*>(head.data()), head.size());
  for (const auto& image : stack.images)
    for (const double value : image) {
      const T stored = static_cast<T>(value);
      text.append(reinterpret_cast<const char*>(&stored), sizeof stored);
    }
  write_text(path, text);
}

/// Of finite values; NaN where there is none.
struct TwoPass {
  double count = 0, mean = NAN, variance = NAN, min = NAN, max = NAN, missing = 0;
};

template <class Values>
TwoPass two_pass(const Values& values, int ddof = 0) {
  TwoPass result;
  long double sum = 0, squares = 0;
  for (const double v : values) {
    if (!std::isfinite(v)) {
      ++result.missing;
      continue;
    }
    ++result.count;
    sum += v;
    result.min = std::isnan(result.min) || v < result.min ? v : result.min;
    result.max = std::isnan(result.max) || v > result.max ? v : result.max;
  }
  if (result.count == 0) return result;
  const long double mean = sum / result.count;
  for (const double v : values)
    if (std::isfinite(v)) squares += (v - mean) * (v - mean);
  result.mean = static_cast<double>(mean);
  if (result.count > ddof)
    result.variance =
        static_cast<double>(squares / (static_cast<long double>(result.count) - ddof));
  return result;
}

/// Statistics of pixel p.
inline TwoPass of_pixel(const Stack& stack, std::size_t p, int ddof = 0) {
  std::vector<double> values;
  for (const auto& image : stack.images) values.push_back(image[p]);
  return two_pass(values, ddof);
}

/// The doubles of a .npy file that quickbeam wrote.
inline std::vector<double> read_doubles(const std::string& path) {
  const std::string text = read_text(path);
  if (text.size() < 10 || text.find("'<f8'") == std::string::npos) return {};
  std::uint16_t length;
  std::memcpy(&length, text.data() + 8, 2);
  std::vector<double> values((text.size() - 10 - length) / 8);
  if (!values.empty()) std::memcpy(values.data(), text.data() + 10 + length, 8 * values.size());
  return values;
}

/// Rows of the table of particles, split at blanks.
inline std::vector<std::vector<std::string>> read_table(const std::string& path) {
  std::vector<std::vector<std::string>> rows;
  std::string text = read_text(path);
  text.erase(0, text.find("data_particles"));
  std::size_t at = text.find("_qbNonFiniteCount");
  at = text.find('\n', at) + 1;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::vector<std::string> cells;
    for (std::size_t i = at; i < end;) {
      const std::size_t stop = std::min(text.find(' ', i), end);
      if (stop > i) cells.push_back(text.substr(i, stop - i));
      i = stop + 1;
    }
    if (!cells.empty()) rows.push_back(std::move(cells));
    at = end + 1;
  }
  return rows;
}

/// All files of a folder, one behind the other with their names: for equality.
inline std::string contents_of(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  std::string all;
  for (const auto& name : names) {
    const std::string text = read_text(folder + "/" + name);
    all += name + " " + std::to_string(text.size()) + "\n" + text;
  }
  return all;
}

/// A job that writes every map as .npy.
inline StatisticsJob statistics_job(std::vector<std::string> inputs, const std::string& folder) {
  StatisticsJob job;
  job.inputs = std::move(inputs);
  job.device = choose_device("cpu");
  job.threads = 2;
  job.outputs.folder = folder;
  job.outputs.sd = job.outputs.min = job.outputs.max = job.outputs.count = true;
  job.outputs.format = StatisticsOutputs::Format::npy;
  return job;
}

/// Every map against two passes, and the table of the images; `tail` of the maps' names.
inline void expect_statistics(const Stack& stack, const std::string& folder, int ddof = 0,
                              double tolerance = 1e-12, const std::string& tail = "") {
  const auto map = [&](const char* name) {
    return read_doubles(folder + "/" + name + tail + ".npy");
  };
  const auto average = map("average"), variance = map("variance"), sd = map("std");
  const auto min = map("min"), max = map("max"), count = map("count");
  for (const auto* values : {&average, &variance, &sd, &min, &max, &count})
    ASSERT_EQ(values->size(), stack.pixels());
  const auto close = [&](double found, double expected, double scale, std::size_t p) {
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(found)) << "pixel " << p << ": " << found;
    } else {
      EXPECT_LE(std::abs(found - expected), tolerance * scale)
          << "pixel " << p << ": " << found << ", expected " << expected;
    }
  };
  for (std::size_t p = 0; p < stack.pixels(); ++p) {
    const TwoPass expected = of_pixel(stack, p, ddof);
    const double size = std::max(std::abs(expected.min), std::abs(expected.max));
    close(average[p], expected.mean, size, p);
    close(variance[p], expected.variance, std::max(expected.variance, 1e-9 * size * size), p);
    close(sd[p] * sd[p], expected.variance, std::max(expected.variance, 1e-9 * size * size), p);
    close(min[p], expected.min, 0, p);
    close(max[p], expected.max, 0, p);
    close(count[p], expected.count, 0, p);
    if (::testing::Test::HasFailure()) return;
  }
}

/// The rows of the table against two passes over each image, in order.
inline void expect_table(const Stack& stack, const std::string& path, int ddof = 0) {
  const auto rows = read_table(path);
  ASSERT_EQ(rows.size(), stack.images.size());
  for (std::size_t k = 0; k < rows.size(); ++k) {
    ASSERT_EQ(rows[k].size(), 7U);
    const TwoPass expected = two_pass(stack.images[k], ddof);
    EXPECT_EQ(std::stod(rows[k][2]), expected.min) << rows[k][0];
    EXPECT_EQ(std::stod(rows[k][3]), expected.max) << rows[k][0];
    EXPECT_NEAR(std::stod(rows[k][4]), expected.mean, 1e-12 * std::abs(expected.max));
    EXPECT_NEAR(std::stod(rows[k][5]), std::sqrt(expected.variance),
                1e-10 * std::abs(expected.max));
    EXPECT_EQ(std::stod(rows[k][6]), expected.missing) << rows[k][0];
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace quickbeam::test
