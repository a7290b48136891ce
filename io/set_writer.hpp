// SPDX-License-Identifier: BSD-3-Clause
// Writes a particle set, as it is or with images that lie elsewhere and may have been made smaller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/particle_set.hpp"

namespace quickbeam::io {

/// Where the images of one optics group have gone.
struct GroupTarget {
  std::string stack;  ///< as image names say it: "thumbs.mrcs"; empty = nowhere, names stay
  std::optional<double> pixel_size_angstrom{};  ///< new; absent = as before
  std::optional<Extent> image_size{};           ///< new; absent = as before
};

struct SetTarget {
  std::span<const GroupTarget> groups;  ///< one for each group of the set
  /// New image number by position in the set, from 1; 0 = the particle is left out. Empty: all, in
  /// the order of the set, counted from 1 in each stack.
  std::span<const std::uint32_t> numbers{};
};

/// Writes `path` (.star or .xmd), whole or not at all; returns notices.
///
/// With `source`, the bytes the set was parsed from, and a target of the same kind every column,
/// block and comment passes through as it stands; image name, pixel size and image size are changed
/// (RELION 3.1: in the optics table; 3.0: _rlnDetectorPixelSize, so that detector pixel size x 10^4
/// / magnification is the pixel size; Xmipp: _samplingRate, _xSize, _ySize), and added where the
/// file had none. Disabled and left-out rows are dropped. Columns in
/// pixels (_rlnOriginX, _shiftX) are not scaled there; a notice says so.
///
/// Otherwise a new RELION 3.1 or Xmipp file is written: names, groups and, with `source`, the
/// columns that both programs know (SharedColumns); a notice names those that are left behind.
///
/// Throws Error: USAGE (counts, suffix), INCONSISTENT (source is not what the set was read from),
/// IO.
std::vector<std::string> write_particle_set(const std::string& path, const ParticleSet& set,
                                            const SetTarget& target,
                                            std::span<const std::byte> source = {});

}  // namespace quickbeam::io
