// SPDX-License-Identifier: BSD-3-Clause
// Colour tables drawn as straight lines between a few evenly spaced colours.
#include <quickbeam/palette.hpp>

#include <algorithm>
#include <string>

#include <quickbeam/core/error.hpp>

namespace quickbeam {
namespace {

// Colours as 0xRRGGBB, from weak to strong. The three perceptually uniform maps are sampled from
// the tables of matplotlib's cm module, which their authors (S. van der Walt, N. Smith, E. Firing)
// placed under CC0.
constexpr std::uint32_t gray_points[] = {0x000000, 0xffffff};
constexpr std::uint32_t gray_r_points[] = {0xffffff, 0x000000};
constexpr std::uint32_t viridis_points[] = {
    0x440154, 0x470d60, 0x48186a, 0x482374, 0x472d7b, 0x453681, 0x424086, 0x3f4989, 0x3b528b,
    0x375a8d, 0x33638d, 0x2f6a8e, 0x2c728e, 0x297a8e, 0x26818e, 0x23898e, 0x21908c, 0x1f988b,
    0x1f9f88, 0x21a685, 0x28ae80, 0x31b57b, 0x3ebc74, 0x4cc26c, 0x5dc963, 0x6ece58, 0x82d34c,
    0x96d83f, 0xabdc32, 0xc0df24, 0xd5e21a, 0xeae51a, 0xfde725};
constexpr std::uint32_t inferno_points[] = {
    0x000004, 0x040312, 0x0b0724, 0x150b37, 0x210c4a, 0x2e0a5a, 0x3c0965, 0x4a0c6b, 0x57106d,
    0x63146e, 0x70196e, 0x7d1e6d, 0x89226a, 0x962766, 0xa32b61, 0xaf315c, 0xbb3755, 0xc63e4d,
    0xd14644, 0xdb4f3b, 0xe35932, 0xeb6528, 0xf1711e, 0xf67f14, 0xf98d0a, 0xfb9c06, 0xfcab0f,
    0xfbba1f, 0xf9ca32, 0xf5d949, 0xf2e865, 0xf3f586, 0xfcffa4};
constexpr std::uint32_t magma_points[] = {
    0x000004, 0x030311, 0x0a0822, 0x130d33, 0x1d1146, 0x28115a, 0x36106a, 0x430f76, 0x50127c,
    0x5d177f, 0x691c81, 0x762181, 0x822681, 0x8f2a81, 0x9c2e7f, 0xa9327d, 0xb63779, 0xc33b75,
    0xcf4170, 0xdb486a, 0xe65163, 0xee5c5e, 0xf5695c, 0xf9785d, 0xfb8761, 0xfd9668, 0xfea571,
    0xfeb47b, 0xfec387, 0xfed194, 0xfde0a2, 0xfceeb0, 0xfcfdbf};
constexpr std::uint32_t heat_points[] = {0x000000, 0x550000, 0xaa0000, 0xff0000, 0xff5500,
                                         0xffaa00, 0xffff00, 0xffff80, 0xffffff};
constexpr std::uint32_t jet_points[] = {0x000080, 0x0000ff, 0x0080ff, 0x00ffff, 0x80ff80,
                                        0xffff00, 0xff8000, 0xff0000, 0x800000};

struct Definition {
  std::span<const std::uint32_t> points;
  std::uint32_t masked;
  std::uint32_t saturated;
};

// A tint that no grey has marks masked pixels of the grey maps; a grey that no colour has marks
// those of the colour maps.
constexpr Definition definitions[] = {
    {gray_points, 0x2a3a5c, 0xff4020},    {gray_r_points, 0xb4c8ee, 0xeb3c14},
    {viridis_points, 0x4a4a4a, 0xffffff}, {inferno_points, 0x4a4a4a, 0x00e5ff},
    {magma_points, 0x4a4a4a, 0x00e5ff},   {heat_points, 0x4a4a4a, 0x00e5ff},
    {jet_points, 0x4a4a4a, 0xffffff},
};

constexpr std::string_view names[] = {"gray",  "gray_r", "viridis", "inferno",
                                      "magma", "heat",   "jet"};
static_assert(std::size(names) == std::size(definitions));

constexpr Rgb rgb_of(std::uint32_t hex) {
  return {static_cast<std::uint8_t>(hex >> 16), static_cast<std::uint8_t>(hex >> 8 & 0xff),
          static_cast<std::uint8_t>(hex & 0xff)};
}

/// Part i of n of the way from a to b, rounded to nearest in whole numbers.
constexpr std::uint8_t blend(int a, int b, int i, int n) {
  return static_cast<std::uint8_t>((a * (n - i) + b * i + n / 2) / n);
}

Rgb colour_at(std::span<const std::uint32_t> points, int tone) {
  constexpr int last_tone = grey_levels - 1;
  const int lines = static_cast<int>(points.size()) - 1;
  const int line = std::min(tone * lines / last_tone, lines - 1);
  const int along = tone * lines - line * last_tone;
  const Rgb a = rgb_of(points[static_cast<std::size_t>(line)]);
  const Rgb b = rgb_of(points[static_cast<std::size_t>(line) + 1]);
  return {blend(a.r, b.r, along, last_tone), blend(a.g, b.g, along, last_tone),
          blend(a.b, b.b, along, last_tone)};
}

}  // namespace

std::span<const std::string_view> palette_names() { return names; }

PaletteName parse_palette(std::string_view text) {
  const auto found = std::find(std::begin(names), std::end(names), text);
  if (found != std::end(names)) return static_cast<PaletteName>(found - std::begin(names));
  std::string expected;
  for (const std::string_view name : names)
    expected += (expected.empty()              ? ""
                 : name == std::end(names)[-1] ? " or "
                                               : ", ") +
                std::string(name);
  fail({.code = ErrorCode::usage,
        .field = "palette",
        .expected = expected,
        .found = std::string(text)});
}

std::string_view to_string(PaletteName name) { return names[static_cast<std::size_t>(name)]; }

Palette make_palette(PaletteName name) {
  const Definition& definition = definitions[static_cast<std::size_t>(name)];
  Palette palette{};
  for (int tone = 0; tone < grey_levels; ++tone)
    palette[static_cast<std::size_t>(tone)] = colour_at(definition.points, tone);
  palette[masked_index] = rgb_of(definition.masked);
  palette[saturated_index] = rgb_of(definition.saturated);
  return palette;
}

}  // namespace quickbeam
