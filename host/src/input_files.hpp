// SPDX-License-Identifier: BSD-3-Clause
// Which files the inputs of a job are, however their names are spelt.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace quickbeam {

/// The files of a job's inputs, by device and number. Not thread-safe.
class InputFiles {
 public:
  /// Borrows the names.
  explicit InputFiles(const std::vector<std::string>& names) : names_(names) {}

  /// The input that `output` is, or null. A link to an input is none: it is replaced, the input
  /// stays. Inputs are looked at when the first output exists.
  const std::string* same_as(const std::string& output);

 private:
  void collect();

  const std::vector<std::string>& names_;
  std::map<std::pair<dev_t, ino_t>, const std::string*> files_;
};

}  // namespace quickbeam
