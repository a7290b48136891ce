// SPDX-License-Identifier: BSD-3-Clause
// Sheets of images: where the tiles are, what is in them, and what is said of the rest.
#include <quickbeam/montage.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <quickbeam/core/error.hpp>

#include "io/stack_writer.hpp"
#include "kernels/resample.hpp"
#include "tests/host/temporary_folder.hpp"

namespace quickbeam {
namespace {

constexpr std::uint8_t paper = 255, masked = 254;

/// Pixel i of image k: of either sign, no two images alike.
float value_of(std::int64_t k, std::int64_t i) {
  return static_cast<float>((i * 37 + k * 11) % 101) - 40 + static_cast<float>(k);
}

/// The grey of the linear tone, by its definition.
int grey(double value, double low, double high) {
  if (std::isnan(value)) return masked;
  return std::clamp(static_cast<int>(std::floor(254 * (value - low) / (high - low))), 0, 253);
}

class MontageTest : public ::testing::Test {
 protected:
  std::string stack(const std::string& name, Extent extent, std::int64_t count) {
    io::StackWriter writer(folder_ / name,
                           {.format = io::stack_format_named(name), .extent = extent});
    std::vector<float> pixels(static_cast<std::size_t>(extent.pixels()));
    for (std::int64_t k = 0; k < count; ++k) {
      for (std::int64_t i = 0; i < extent.pixels(); ++i)
        pixels[static_cast<std::size_t>(i)] = change_(k, i, value_of(k, i));
      writer.append(ConstAnyView(ImageView<const float>(pixels.data(), extent)));
    }
    writer.finish();
    return folder_ / name;
  }
  Montage make(std::vector<std::string> inputs, const MontageOptions& options) {
    const ImageSet set = ImageSet::open(inputs);
    return make_montage(set, readable_positions(set), options);
  }
  static int at(const Montage& montage, std::int64_t x, std::int64_t y) {
    return montage.sheet.as<std::uint8_t>()(x, y);
  }

  float (*change_)(std::int64_t, std::int64_t, float) = [](std::int64_t, std::int64_t, float v) {
    return v;
  };
  test::TemporaryFolder folder_;
  const MontageOptions plain_{.labels = MontageLabels::none,
                              .levels = {LevelsMode::range, -40, 80}};
};

TEST_F(MontageTest, EveryImageIsOnItsTileAndNothingElse) {
  const Extent extent{50, 60};
  for (const std::int64_t count : {1, 2, 5, 7, 10, 23}) {
    SCOPED_TRACE(count);
    const Montage montage = make({stack("a.mrcs", extent, count)}, plain_);
    ASSERT_EQ(montage.tiles.size(), static_cast<std::size_t>(count));
    EXPECT_GE(montage.columns * montage.rows, count);
    EXPECT_LT((montage.rows - 1) * montage.columns, count) << "no empty row";
    const Extent sheet = montage.sheet.extent();
    std::vector<int> expected(static_cast<std::size_t>(sheet.pixels()), paper);
    for (std::int64_t k = 0; k < count; ++k) {
      const MontageTile& tile = montage.tiles[static_cast<std::size_t>(k)];
      EXPECT_EQ(tile.position, k);
      ASSERT_EQ(tile.extent, extent);
      ASSERT_LE(tile.x + 50, sheet.width);
      ASSERT_LE(tile.y + 60, sheet.height);
      for (std::int64_t i = 0; i < extent.pixels(); ++i) {
        int& pixel =
            expected[static_cast<std::size_t>((tile.y + i / 50) * sheet.width + tile.x + i % 50)];
        EXPECT_EQ(pixel, paper) << "tiles overlap";
        pixel = grey(value_of(k, i), -40, 80);
      }
    }
    for (std::int64_t i = 0; i < sheet.pixels(); ++i)
      ASSERT_EQ(montage.sheet.as<std::uint8_t>().data[i], expected[static_cast<std::size_t>(i)]);
  }
}

TEST_F(MontageTest, ColumnsAreThoseAskedForOrFewPlacesStayEmpty) {
  const std::string path = stack("a.mrcs", {50, 50}, 24);
  MontageOptions options = plain_;
  const std::pair<std::int64_t, std::int64_t> cases[] = {
      {0, 6}, {1, 1}, {7, 7}, {24, 24}, {99, 24}};
  for (const auto& [asked, columns] : cases) {
    options.columns = asked;
    const Montage montage = make({path}, options);
    EXPECT_EQ(montage.columns, columns);
    EXPECT_EQ(montage.rows, (24 + columns - 1) / columns);
    EXPECT_EQ(montage.tiles[0].y == montage.tiles[1].y, columns > 1);
  }
}

double naive_percentile(std::vector<double> values, double percent) {
  std::sort(values.begin(), values.end());
  const double place = percent / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const double part = place - static_cast<double>(below);
  return values[below] +
         (below + 1 < values.size() ? part * (values[below + 1] - values[below]) : 0);
}

TEST_F(MontageTest, ScalesAreOfAllTilesOrOfEach) {
  const std::string path = stack("a.mrcs", {50, 50}, 4);
  MontageOptions options{.labels = MontageLabels::none,
                         .levels = {LevelsMode::percentiles, 10, 75}};
  std::vector<double> all;
  for (std::int64_t k = 0; k < 4; ++k)
    for (std::int64_t i = 0; i < 2500; ++i) all.push_back(value_of(k, i));
  for (const MontageTile& tile : make({path}, options).tiles) {
    EXPECT_NEAR(tile.levels.low, naive_percentile(all, 10), 1e-9);
    EXPECT_NEAR(tile.levels.high, naive_percentile(all, 75), 1e-9);
  }
  options.scale = MontageScale::each;
  const Montage each = make({path}, options);
  for (std::size_t k = 0; k < 4; ++k) {
    const std::vector<double> own(all.begin() + static_cast<std::ptrdiff_t>(k * 2500),
                                  all.begin() + static_cast<std::ptrdiff_t>((k + 1) * 2500));
    EXPECT_NEAR(each.tiles[k].levels.low, naive_percentile(own, 10), 1e-9);
    EXPECT_NEAR(each.tiles[k].levels.high, naive_percentile(own, 75), 1e-9);
  }
}

TEST_F(MontageTest, LevelsBelowZeroAreNotLifted) {
  change_ = [](std::int64_t, std::int64_t, float v) { return v - 1000; };
  const Montage montage = make({stack("a.mrcs", {50, 50}, 2)}, {});
  EXPECT_LT(montage.tiles[0].levels.high, -900);
}

TEST_F(MontageTest, LargeImagesBecomeThumbnails) {
  const Extent extent{150, 120};
  MontageOptions options = plain_;
  options.size = 40;
  const Montage montage = make({stack("a.mrcs", extent, 3)}, options);
  for (std::int64_t k = 0; k < 3; ++k) {
    const MontageTile& tile = montage.tiles[static_cast<std::size_t>(k)];
    ASSERT_EQ(tile.extent, (Extent{40, 32}));
    std::vector<float> image(150 * 120), thumbnail(40 * 32);
    for (std::int64_t i = 0; i < 150 * 120; ++i)
      image[static_cast<std::size_t>(i)] = value_of(k, i);
    kernels::pil_thumbnail({image.data(), extent}, {thumbnail.data(), {40, 32}});
    for (std::int64_t i = 0; i < 40 * 32; ++i)
      ASSERT_EQ(at(montage, tile.x + i % 40, tile.y + i / 40),
                grey(thumbnail[static_cast<std::size_t>(i)], -40, 80));
  }
}

TEST_F(MontageTest, ASheetOfLargeImagesStaysReasonable) {
  const Montage montage = make({stack("a.mrcs", {300, 300}, 40)}, {});
  EXPECT_LE(montage.sheet.extent().width, 1600);
  EXPECT_LT(montage.tiles[0].extent.width, 300);
  EXPECT_EQ(make({stack("b.mrcs", {300, 300}, 4)}, {}).tiles[0].extent.width, 300);
}

TEST_F(MontageTest, SmallImagesGrowByWholeFactors) {
  const Montage montage = make({stack("a.mrcs", {3, 3}, 1)}, plain_);
  const MontageTile& tile = montage.tiles[0];
  ASSERT_EQ(tile.extent, (Extent{48, 48}));
  for (std::int64_t y = 0; y < 48; ++y)
    for (std::int64_t x = 0; x < 48; ++x)
      ASSERT_EQ(at(montage, tile.x + x, tile.y + y),
                grey(value_of(0, y / 16 * 3 + x / 16), -40, 80));
  MontageOptions options = plain_;
  options.size = 100;
  EXPECT_EQ(make({folder_ / "a.mrcs"}, options).tiles[0].extent, (Extent{99, 99}));
}

TEST_F(MontageTest, WhatIsNoNumberIsMasked) {
  change_ = [](std::int64_t, std::int64_t i, float v) {
    return i == 7 ? NAN : i == 8 ? INFINITY : i == 9 ? -INFINITY : v;
  };
  const std::string path = stack("a.mrcs", {50, 50}, 1);
  const Montage montage = make({path}, {.labels = MontageLabels::none});
  const MontageTile& tile = montage.tiles[0];
  for (std::int64_t x = 0; x < 50; ++x)
    EXPECT_EQ(at(montage, tile.x + x, tile.y) == masked, x >= 7 && x <= 9) << x;
  EXPECT_TRUE(std::isfinite(tile.levels.high));
  EXPECT_TRUE(montage.failures.empty());
}

TEST_F(MontageTest, ImagesOfSeveralSizesAreCentred) {
  const Montage montage = make({stack("a.mrcs", {50, 60}, 2), stack("b.stk", {70, 52}, 2)}, plain_);
  ASSERT_EQ(montage.tiles.size(), 4U);
  EXPECT_EQ(montage.tiles[0].extent, (Extent{50, 60}));
  EXPECT_EQ(montage.tiles[2].extent, (Extent{70, 52}));
  const Montage alone = make({folder_ / "b.stk"}, plain_);
  EXPECT_EQ(montage.tiles[0].x, alone.tiles[0].x + 10);
  EXPECT_EQ(montage.tiles[1].y - montage.tiles[0].y, 0);
  EXPECT_EQ(at(montage, montage.tiles[3].x, montage.tiles[3].y), grey(value_of(1, 0), -40, 80));
}

std::size_t row_length(const std::string& text) { return text.find('\n'); }

/// The dots of a label as text, to compare with what a reader expects.
std::string label_under(const Montage& montage, std::size_t k, int ink) {
  const MontageTile& tile = montage.tiles[k];
  const auto sheet = montage.sheet.as<std::uint8_t>();
  std::string text;
  for (std::int64_t y = tile.y + tile.extent.height; y < sheet.extent.height; ++y) {
    std::string row;
    for (std::int64_t x = tile.x; x < tile.x + tile.extent.width; ++x)
      row += sheet(x, y) == ink ? '#' : '.';
    if (row.find('#') == row.npos) continue;
    text += row + "\n";
  }
  // Without the empty columns on both sides.
  std::size_t first = row_length(text), last = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '#') {
      first = std::min(first, i % (row_length(text) + 1));
      last = std::max(last, i % (row_length(text) + 1));
    }
  std::string trimmed;
  for (std::size_t at = 0; at < text.size(); at += row_length(text) + 1)
    trimmed += text.substr(at + first, last - first + 1) + "\n";
  return trimmed;
}

TEST_F(MontageTest, LabelsAreTheNumbersOfTheImages) {
  MontageOptions options{.columns = 99, .levels = {LevelsMode::range, -40, 80}};
  const std::string path = stack("a.mrcs", {50, 50}, 47);
  const ImageSet set = ImageSet::open({&path, 1});
  const std::vector<std::uint32_t> positions = {46, 0};
  const Montage montage = make_montage(set, positions, options);
  EXPECT_EQ(montage.tiles[0].position, 46U);
  EXPECT_EQ(label_under(montage, 0, 0),
            "...#..#####\n"
            "..##......#\n"
            ".#.#.....#.\n"
            "#..#....#..\n"
            "#####..#...\n"
            "...#...#...\n"
            "...#...#...\n");
  EXPECT_EQ(label_under(montage, 1, 0), ".#.\n##.\n.#.\n.#.\n.#.\n.#.\n###\n");
  options.palette = PaletteName::gray_r;  // the darkest tone is the last
  EXPECT_EQ(label_under(make_montage(set, positions, options), 1, 253),
            ".#.\n##.\n.#.\n.#.\n.#.\n.#.\n###\n");
}

TEST_F(MontageTest, APartOfASetWithFailedFilesIsShown) {
  const std::string good = stack("a.mrcs", {50, 50}, 3);
  const std::string bad = stack("b.mrcs", {50, 50}, 3);
  test::write_text(bad, test::read_text(bad).substr(0, 2000));
  const std::vector<std::string> inputs = {bad, good};
  const ImageSet set = ImageSet::open(inputs);
  EXPECT_EQ(set.failures().size(), 1U);
  const Montage montage = make_montage(set, readable_positions(set), plain_);
  EXPECT_EQ(montage.tiles.size(), 3U);
  EXPECT_TRUE(montage.failures.empty());
}

TEST_F(MontageTest, AnImageThatCannotBeReadLeavesItsTileMasked) {
  const std::string path = stack("a.stk", {50, 50}, 3);
  std::string bytes = test::read_text(path);
  const std::size_t image = 1200 + 10000;   // header of 6 records of 200 bytes, and pixels
  for (const std::size_t word : {2U, 12U})  // rows and columns, big-endian: 50.0
    bytes.replace(1200 + image + 4 * (word - 1), 4, std::string("\x42\x48\x00\x00", 4));
  test::write_text(path, bytes);
  const Montage montage = make({path}, plain_);
  ASSERT_EQ(montage.failures.size(), 1U);
  EXPECT_NE(montage.failures[0].path.find("000002@"), std::string::npos);
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_EQ(at(montage, montage.tiles[k].x + 9, montage.tiles[k].y + 9) == masked, k == 1);
}

TEST_F(MontageTest, RefusesWhatMakesNoSense) {
  const std::string path = stack("a.mrcs", {50, 50}, 3);
  const ImageSet set = ImageSet::open({&path, 1});
  const auto code_of = [&](std::vector<std::uint32_t> positions, MontageOptions options) {
    try {
      make_montage(set, positions, options);
    } catch (const Error& error) {
      return std::string(name_of(error.code()));
    }
    return std::string("none");
  };
  EXPECT_EQ(code_of({}, {}), "USAGE");
  EXPECT_EQ(code_of({0, 3}, {}), "USAGE");
  EXPECT_EQ(code_of({0, 0, 2}, {}), "none") << "one image twice";
  EXPECT_EQ(code_of({0, 1, 2}, {.size = 16384}), "LIMIT");
  EXPECT_EQ(code_of({0}, {.levels = parse_levels("raw-pct:0,99")}), "USAGE");
  EXPECT_THROW(save_montage(make({path}, {}), folder_ / "sheet.tif"), Error);
}

}  // namespace
}  // namespace quickbeam
