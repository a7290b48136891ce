// SPDX-License-Identifier: BSD-3-Clause
// What can be known to go wrong with the outputs before the first input is read.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include <quickbeam/output_name.hpp>
#include <quickbeam/thumbnails.hpp>

namespace quickbeam {

/// The names a job will write, as far as the names of its inputs tell them: kept as hashes, since
/// there may be a million.
class PlannedNames {
 public:
  /// Creates the output folders that are missing and tries them; compares every output name with
  /// the others and with the inputs. Throws Error: IO (folder), INCONSISTENT (two inputs with one
  /// output, an output that is an input), USAGE (template).
  explicit PlannedNames(const ThumbnailJob& job);

  /// For the numbered name of an image of a file of several images: throws Error INCONSISTENT when
  /// another input has that output. Thread-safe.
  void check_numbered(const std::string& output) const;

 private:
  std::unordered_map<std::size_t, std::size_t> owners_;  ///< hash of a path -> index of its input
};

}  // namespace quickbeam
