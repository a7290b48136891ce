// SPDX-License-Identifier: BSD-3-Clause
// Names of output files: a folder, a file name, or a template with {dir} {stem} {index}.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quickbeam {

/// The file's name without folder and without its suffixes: `.cbf`, `.cbf.gz`, `.cbf.bz2` are all
/// stripped, as is any other single suffix.
std::string stem_of(std::string_view path);

/// Where one output of one frame goes.
struct OutputName {
  std::string_view target;            ///< as given to -o
  std::string_view input;             ///< the frame's file
  std::string_view suffix;            ///< ".png", ".thumb.jpeg", ...
  std::optional<std::int64_t> index;  ///< from 1, set for files of several frames
};

/// True when the target is a folder (no braces and no picture suffix).
bool names_folder(std::string_view target);

/// A folder gives folder/stem[_index]suffix. A template has {dir} (the input's folder), {stem} and
/// {index} (4 digits) replaced; `{{` is a brace. The suffix is added unless the template has one;
/// an index that the template does not mention stands before the suffix.
/// Throws Error USAGE for an unknown field or an unclosed brace.
std::string output_path(const OutputName& name);

/// The picture suffix of a target that names a file (".png", ".jpg", ".jpeg"), else empty.
std::string_view picture_suffix(std::string_view target);

/// Creates the folder when it is missing and makes sure that files can be put there.
/// Throws Error IO with the reason.
void make_output_folder(const std::string& folder);

}  // namespace quickbeam
