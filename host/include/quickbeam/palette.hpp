// SPDX-License-Identifier: BSD-3-Clause
// The named colour tables of thumbnails.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <quickbeam/core/palette.hpp>

namespace quickbeam {

/// gray: strong is white; gray_r: strong is black, as on film.
enum class PaletteName : std::uint8_t { gray, gray_r, viridis, inferno, magma, heat, jet };

/// All names, in the order of PaletteName.
std::span<const std::string_view> palette_names();

/// Throws Error USAGE for a name not in palette_names().
PaletteName parse_palette(std::string_view text);

std::string_view to_string(PaletteName name);

/// 254 tones from weak to strong, then the colours of masked and of saturated pixels, which no tone
/// comes near: gaps must not pass for signal, nor signal for overload. viridis, inferno and magma
/// are within 2 of 255 of matplotlib's tables.
Palette make_palette(PaletteName name);

}  // namespace quickbeam
