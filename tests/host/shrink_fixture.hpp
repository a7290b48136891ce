// SPDX-License-Identifier: BSD-3-Clause
// Stacks and sets for the tests of `shrink`, and what was made of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <quickbeam/shrink.hpp>

#include "io/particle_set.hpp"
#include "io/stack_file.hpp"
#include "io/stack_writer.hpp"
#include "tests/host/temporary_folder.hpp"
#include "tests/io/files.hpp"
#include "tests/oracle/thumbnail_oracle.hpp"

namespace quickbeam::test {

using Floats = std::vector<float>;

inline constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

/// Image k (from 0) of stack `stack`: noise, whole numbers from 0 to 200.
inline Floats image(int stack, std::int64_t k, Extent extent) {
  std::mt19937 random(static_cast<unsigned>(stack * 1000 + k + 1));
  Floats pixels(static_cast<std::size_t>(extent.pixels()));
  for (float& v : pixels) v = static_cast<float>(random() % 201);
  return pixels;
}

inline Floats expected(const Floats& in, Extent from, Extent to, bool boxes = true) {
  const auto out = oracle::thumbnail({from.width, from.height, {in.begin(), in.end()}}, to.width,
                                     to.height, boxes);
  return {out.values.begin(), out.values.end()};
}

inline void expect_near(const Floats& actual, const Floats& wanted) {
  ASSERT_EQ(actual.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    ASSERT_NEAR(actual[i], wanted[i], 1e-6 * 250) << "pixel " << i;
}

class ShrinkTest : public ::testing::Test {
 protected:
  ShrinkTest() {
    job_.set.root = folder_.path();
    job_.output = folder_ / "out.mrcs";
    job_.size = 8;
    job_.device = choose_device("cpu");
  }

  std::string stack(const std::string& name, const std::vector<Floats>& images, Extent extent,
                    double pixel_size = 0, io::StoredAs stored = io::StoredAs::float32) {
    const std::string path = folder_ / name;
    io::StackWriter writer(path, {.format = io::stack_format_named(path),
                                  .extent = extent,
                                  .stored = stored,
                                  .pixel_size_angstrom = pixel_size});
    for (const Floats& pixels : images)
      writer.append(ConstAnyView(ImageView<const float>(pixels.data(), extent)));
    writer.finish();
    return path;
  }
  std::string noise_stack(const std::string& name, int number, Extent extent, std::int64_t count,
                          double pixel_size = 0) {
    std::vector<Floats> images;
    for (std::int64_t k = 0; k < count; ++k) images.push_back(image(number, k, extent));
    return stack(name, images, extent, pixel_size);
  }
  std::string text(const std::string& name, const std::string& content) {
    write_text(folder_ / name, content);
    return folder_ / name;
  }
  ShrinkReport run(std::vector<std::string> inputs) {
    job_.inputs = std::move(inputs);
    return shrink_images(job_);
  }
  io::StackFile open(const std::string& name) const { return io::StackFile::open(folder_ / name); }
  Floats read(const std::string& name, std::int64_t number) const {
    const io::StackFile file = open(name);
    const auto pixels = static_cast<std::size_t>(file.info().extent.pixels());
    std::vector<std::byte> bytes(file.info().layout.image_bytes);
    file.read(number - 1, 1, bytes);
    Floats out(pixels);
    if (file.info().type == PixelType::f32) {
      std::memcpy(out.data(), bytes.data(), bytes.size());
    } else {
      EXPECT_EQ(file.info().type, PixelType::u16);
      std::vector<std::uint16_t> values(pixels);
      std::memcpy(values.data(), bytes.data(), bytes.size());
      std::copy(values.begin(), values.end(), out.begin());
    }
    return out;
  }
  io::ParticleSet read_set(const std::string& name) const {
    const std::string bytes = read_text(folder_ / name);
    return io::parse_particle_set(bytes_of(bytes), folder_ / name);
  }
  /// "3@a.mrcs 1@b.mrcs "
  static std::string names_of(const io::ParticleSet& set) {
    std::string names;
    for (const auto& image : set.images)
      names += std::to_string(image.number) + "@" + std::string(set.files[image.file]) + " ";
    return names;
  }

  TemporaryFolder folder_;
  ShrinkJob job_;
};

/// Two optics groups, of 1.5 A and 2 A a pixel; rows of an image name, an angle and the group
/// follow.
inline const std::string star31_head =
    "# version 30001\n\ndata_optics\n\nloop_\n_rlnOpticsGroup\n_rlnOpticsGroupName\n"
    "_rlnImagePixelSize\n_rlnImageSize\n_rlnVoltage\n1 first 1.5 20 300\n2 second 2 40 200\n\n"
    "data_particles\n\nloop_\n_rlnImageName\n_rlnAnglePsi\n_rlnOpticsGroup\n";

}  // namespace quickbeam::test
