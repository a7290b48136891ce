// SPDX-License-Identifier: BSD-3-Clause
// The C++ of docs/tutorial-particles.md, as it stands there: compiled, run, and looked at.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <quickbeam/image_handler.hpp>
#include <quickbeam/simulate_particles.hpp>

#include "tests/host/temporary_folder.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

/// Works in a folder of its own, and catches what is printed.
class ParticleTutorial : public ::testing::Test {
 protected:
  ParticleTutorial() { std::filesystem::current_path(folder_.path()); }
  ~ParticleTutorial() override { std::filesystem::current_path(before_); }

  std::filesystem::path before_ = std::filesystem::current_path();
  test::TemporaryFolder folder_;
};

std::string images_by_location() {
  std::ostringstream out;
  std::streambuf* const terminal = std::cout.rdbuf(out.rdbuf());
  // clang-format off
std::vector<float> numbers = {1, 2, 3, 4, 5, 6, 7, 8, 9};
ImageView<const float> nine(numbers.data(), {3, 3});

ImageHandler images;
images.write(ConstAnyView(nine), "nine.mrc", 1.5);  // 1.5 angstrom a pixel
images.write(ConstAnyView(nine), "1@pile.stk");
images.write(ConstAnyView(nine), "2@pile.stk");

ImageDescription pile = images.describe("pile.stk", Statistics::measured);
std::cout << pile.frames << " images of " << pile.extent.width << " x " << pile.extent.height
          << ", mean " << pile.measured->summary.mean.value() << "\n";

LoadedImage second = images.read("2@pile.stk");
ImageView<float> pixels = second.pixels.as<float>();  // second.pixels.type() is float32
pixels(1, 1) = 50;                                    // column, row
images.write(second, "2@pile.stk");
images.convert("2@pile.stk", "second.png");
  // clang-format on
  std::cout.rdbuf(terminal);
  return out.str();
}

TEST_F(ParticleTutorial, ImagesByLocation) {
  EXPECT_EQ(images_by_location(), "2 images of 3 x 3, mean 5\n");
  ImageHandler images;
  EXPECT_EQ(images.describe("nine.mrc").sampling_rate_angstrom, 1.5);
  EXPECT_EQ(images.read("1@pile.stk").pixels.as<float>()(1, 1), 5);
  EXPECT_EQ(images.read("2@pile.stk").pixels.as<float>()(1, 1), 50);
  EXPECT_EQ(images.read("2@pile.stk").pixels.as<float>()(2, 1), 6);
  EXPECT_TRUE(test::read_text("second.png").starts_with("\x89PNG"));
}

std::string brightest_pixel() {
  std::ostringstream out;
  std::streambuf* const terminal = std::cout.rdbuf(out.rdbuf());
  // clang-format off
const std::vector<std::string> inputs = {"virus/particles.star"};
const ImageSet set = ImageSet::open(inputs);
const ImageGroup& group = set.groups().front();  // images of one size and pixel size
ImageReader reader(set);
std::vector<float> image(static_cast<std::size_t>(group.extent.pixels()));
float brightest = std::numeric_limits<float>::lowest();
for (std::int64_t k = 0; k < group.count; ++k) {
  reader.read(0, k, 1, {0, group.extent.height}, std::as_writable_bytes(std::span(image)));
  brightest = std::max(brightest, *std::max_element(image.begin(), image.end()));
}
std::cout << group.count << " images, the brightest pixel is " << brightest << "\n";
  // clang-format on
  std::cout.rdbuf(terminal);
  return out.str();
}

TEST_F(ParticleTutorial, TheBrightestPixelOfASet) {
  std::filesystem::create_directory("virus");
  const ParticleExperiment e{.count = 12, .box_px = 32};
  write_particles(e, {"virus/particles.mrcs", "virus/particles.star", ""}, 1, false);
  std::ostringstream expected;
  expected << "12 images, the brightest pixel is "
           << measure_pixels("virus/particles.mrcs").summary.max.value() << "\n";
  EXPECT_EQ(brightest_pixel(), expected.str());
}

/// Every cpp block of the page stands in this file, line by line.
TEST(ParticleTutorialPage, ShowsTheProgramsOfThisTest) {
  const std::string folder = test::source_folder();
  const std::string source = test::read_text(folder + "/tests/host/tutorial_particles_test.cpp");
  std::istringstream page(test::read_text(folder + "/docs/tutorial-particles.md"));
  std::string block;
  int blocks = 0;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (inside && line == "```") {
      EXPECT_NE(source.find("\n" + block), std::string::npos) << block;
      block.clear();
      inside = false;
      ++blocks;
    } else if (inside) {
      block += line + "\n";
    } else {
      inside = line == "```cpp";
    }
  }
  EXPECT_EQ(blocks, 2);
}

}  // namespace
}  // namespace quickbeam
