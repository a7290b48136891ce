// SPDX-License-Identifier: BSD-3-Clause
// Compares names by the files they lead to.
#include "host/src/input_files.hpp"

#include <sys/stat.h>

namespace quickbeam {

const std::string* InputFiles::same_as(const std::string& output) {
  struct stat info {};
  if (::lstat(output.c_str(), &info) != 0) return nullptr;
  if (files_.empty()) collect();
  const auto found = files_.find({info.st_dev, info.st_ino});
  return found == files_.end() ? nullptr : found->second;
}

void InputFiles::collect() {
  struct stat info {};
  for (const std::string& name : names_)
    for (const auto look : {::stat, ::lstat})
      if (look(name.c_str(), &info) == 0)
        files_.emplace(std::pair(info.st_dev, info.st_ino), &name);
}

}  // namespace quickbeam
