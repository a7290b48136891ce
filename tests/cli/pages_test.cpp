// SPDX-License-Identifier: BSD-3-Clause
// The documentation does what it says: its commands run, its pictures are what they make, and its
// links lead somewhere.
#include <gtest/gtest.h>
#include <png.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "tests/cli/command.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;

const std::string source_folder = test::source_folder();
const std::string docs = source_folder + "/docs";

/// Runs a shell line; its output is printed by the shell itself when it fails.
int shell(const std::string& line) {
  const int status = std::system(line.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// The ```sh blocks of a page, one after the other.
std::string shell_blocks(const std::string& page) {
  std::istringstream in(test::read_text(page));
  std::string blocks;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```"))
      inside = line == "```sh";
    else if (inside)
      blocks += line + "\n";
  }
  return blocks;
}

struct Pixels {
  std::uint32_t width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
};

Pixels read_png(const std::string& path) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_file(&png, path.c_str()) == 0) return {};
  png.format = PNG_FORMAT_RGB;
  Pixels pixels{png.width, png.height, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(png))};
  if (png_image_finish_read(&png, nullptr, pixels.rgb.data(), 0, nullptr) == 0) return {};
  return pixels;
}

class PageExamples : public ::testing::TestWithParam<const char*> {};

TEST_P(PageExamples, RunAsTheyStand) {
  const std::string blocks = shell_blocks(docs + "/" + GetParam() + ".md");
  ASSERT_FALSE(blocks.empty());
  const test::TemporaryFolder folder;
  fs::create_directories(folder / "bin");
  fs::create_directories(folder / "run");
  fs::create_symlink(test::command_path(), folder / "bin/quickbeam");
  test::write_text(folder / "blocks.sh", blocks);
  EXPECT_EQ(shell("cd '" + folder / "run" + "' && PATH='" + folder / "bin" +
                  "':\"$PATH\" bash -euo pipefail ../blocks.sh > ../out 2> ../err"),
            0)
      << test::read_text(folder / "err");
}

INSTANTIATE_TEST_SUITE_P(, PageExamples,
                         ::testing::Values("thumb", "stats", "merge", "shrink", "montage",
                                           "convert", "info", "verify", "simulate", "devices"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(Tutorial, MakesThePicturesItShows) {
  const test::TemporaryFolder folder;
  ASSERT_EQ(shell("QUICKBEAM='" + test::command_path() + "' '" + docs + "/make_images.sh' '" +
                  folder / "images" + "' > '" + folder / "out" + "' 2>&1"),
            0)
      << test::read_text(folder / "out");
  int compared = 0;
  for (const auto& entry : fs::directory_iterator(docs + "/images")) {
    const std::string name = entry.path().filename().string();
    SCOPED_TRACE(name + " (docs/make_images.sh makes the pictures again)");
    const Pixels kept = read_png(entry.path().string());
    const Pixels made = read_png(folder / ("images/" + name));
    ASSERT_FALSE(kept.rgb.empty());
    ASSERT_EQ(made.width, kept.width);
    ASSERT_EQ(made.height, kept.height);
    std::size_t different = 0;
    for (std::size_t i = 0; i < kept.rgb.size(); ++i) different += kept.rgb[i] != made.rgb[i];
    // The weights of a blur hang on the last bit of the C library's exp.
    EXPECT_LE(different, kept.rgb.size() / 1000);
    ++compared;
  }
  EXPECT_GE(compared, 10);
}

TEST(Links, LeadSomewhere) {
  const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");  // no colon: not a web address
  std::vector<fs::path> pages{source_folder + "/README.md", source_folder + "/CONTRIBUTING.md",
                              source_folder + "/CHANGELOG.md"};
  for (const auto& entry : fs::recursive_directory_iterator(docs))
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  int links = 0;
  for (const fs::path& page : pages) {
    const std::string text = test::read_text(page.string());
    for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at, ++links)
      EXPECT_TRUE(fs::exists(page.parent_path() / (*at)[1].str()))
          << page.string() << " links to " << (*at)[1].str();
  }
  EXPECT_GT(links, 20);
}

}  // namespace
}  // namespace quickbeam
