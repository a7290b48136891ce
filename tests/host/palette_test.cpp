// SPDX-License-Identifier: BSD-3-Clause
// Colour tables: known colours, and masked and saturated far from every tone.
#include <quickbeam/palette.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include <quickbeam/core/error.hpp>

namespace quickbeam {
namespace {

int squared_distance(Rgb a, Rgb b) {
  const int r = a.r - b.r, g = a.g - b.g, blue = a.b - b.b;
  return r * r + g * g + blue * blue;
}

class EveryPalette : public ::testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(Names, EveryPalette,
                         ::testing::ValuesIn(palette_names().begin(), palette_names().end()));

TEST_P(EveryPalette, KeepsMaskedAndSaturatedApartFromTheTones) {
  const Palette palette = make_palette(parse_palette(GetParam()));
  constexpr int clearly = 30 * 30;
  EXPECT_GT(squared_distance(palette[masked_index], palette[saturated_index]), 4 * clearly);
  for (int tone = 0; tone < grey_levels; ++tone) {
    EXPECT_GT(squared_distance(palette[static_cast<std::size_t>(tone)], palette[masked_index]),
              clearly)
        << tone;
    EXPECT_GT(squared_distance(palette[static_cast<std::size_t>(tone)], palette[saturated_index]),
              clearly)
        << tone;
  }
}

TEST_P(EveryPalette, ChangesGently) {
  const Palette palette = make_palette(parse_palette(GetParam()));
  for (std::size_t tone = 1; tone < grey_levels; ++tone) {
    EXPECT_LE(std::abs(palette[tone].r - palette[tone - 1].r), 9) << tone;
    EXPECT_LE(std::abs(palette[tone].g - palette[tone - 1].g), 9) << tone;
    EXPECT_LE(std::abs(palette[tone].b - palette[tone - 1].b), 9) << tone;
  }
}

TEST_P(EveryPalette, HasANameThatReadsBack) {
  EXPECT_EQ(to_string(parse_palette(GetParam())), GetParam());
}

TEST(Palette, GreysAreGreyFromEndToEnd) {
  const Palette film = make_palette(PaletteName::gray_r);
  EXPECT_EQ(film[0], (Rgb{255, 255, 255}));
  EXPECT_EQ(film[grey_levels - 1], (Rgb{0, 0, 0}));
  const Palette screen = make_palette(PaletteName::gray);
  for (std::size_t tone = 0; tone < grey_levels; ++tone) {
    EXPECT_EQ(film[tone].r, film[tone].g);
    EXPECT_EQ(film[tone].r, film[tone].b);
    EXPECT_EQ(screen[tone], film[grey_levels - 1 - tone]);
  }
}

TEST(Palette, ColourMapsBeginAndEndWhereMatplotlibsDo) {
  EXPECT_EQ(make_palette(PaletteName::viridis)[0], (Rgb{68, 1, 84}));
  EXPECT_EQ(make_palette(PaletteName::viridis)[253], (Rgb{253, 231, 37}));
  EXPECT_EQ(make_palette(PaletteName::inferno)[253], (Rgb{252, 255, 164}));
  EXPECT_EQ(make_palette(PaletteName::magma)[253], (Rgb{252, 253, 191}));
  EXPECT_EQ(make_palette(PaletteName::jet)[0], (Rgb{0, 0, 128}));
  EXPECT_EQ(make_palette(PaletteName::heat)[253], (Rgb{255, 255, 255}));
}

TEST(Palette, RefusesOtherNames) try {
  parse_palette("Viridis");
  FAIL() << "accepted";
} catch (const Error& error) {
  EXPECT_STREQ(error.what(),
               "palette: expected gray, gray_r, viridis, inferno, magma, heat or jet, found "
               "Viridis [USAGE]");
}

}  // namespace
}  // namespace quickbeam
