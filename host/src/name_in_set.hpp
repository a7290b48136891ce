// SPDX-License-Identifier: BSD-3-Clause
// How a set names a file that it is written for.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace quickbeam {

/// From the root (the current folder, as in RELION), or from the folder of the set where the file
/// is not below that; the whole path where it is below neither.
inline std::string name_in_set(const std::string& file, const std::string& set,
                               const std::optional<std::string>& root) {
  namespace fs = std::filesystem;
  const auto leads_out = [](const fs::path& path) { return path.empty() || *path.begin() == ".."; };
  const fs::path path = fs::absolute(file).lexically_normal();
  const fs::path roots[] = {fs::absolute(root.value_or(".")).lexically_normal(),
                            fs::absolute(set).lexically_normal().parent_path()};
  for (const fs::path& folder : roots)
    if (const fs::path name = path.lexically_relative(folder); !leads_out(name))
      return name.string();
  return path.string();
}

}  // namespace quickbeam
