// SPDX-License-Identifier: BSD-3-Clause
// What writing one image and writing many have in common.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <quickbeam/files.hpp>

#include "io/stack_spec.hpp"

namespace quickbeam {

/// .png, .jpg, .jpeg
bool is_picture_name(std::string_view path);

/// The types that MRC holds exactly; everything else as float32.
io::StoredAs stored_as(io::StackFormat format, PixelType type);

/// The pixel size for a stack's header: its sampling rate, or a detector's pixel; 0 = not known.
double angstrom_of(const LoadedImage& image);

/// What to say of pixels that did not fit.
std::vector<std::string> clipped_notice(std::uint64_t clipped);

/// What a picture of an image is best made by: see picture_recipe in files.hpp.
Recipe picture_recipe(const LoadedImage& image);

/// Throws Error INCONSISTENT: a file of `images` images has no such one.
[[noreturn]] void fail_beyond(const std::string& path, std::int64_t images, std::int64_t number);

/// Throws Error USAGE: nothing is written to such a name.
[[noreturn]] void fail_target(const std::string& target);

/// The images of a set, or the set alone, to `target`: see convert_file.
std::vector<std::string> gather_set(const std::string& source, const std::string& target,
                                    const ImageSetOptions& options);
std::vector<std::string> convert_set(const std::string& source, const std::string& target,
                                     const ImageSetOptions& options);

}  // namespace quickbeam
