// SPDX-License-Identifier: BSD-3-Clause
// What an open ImageSet holds: the sets it was made of, the facts of their files, the groups.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <quickbeam/image_set.hpp>

#include "io/particle_set.hpp"
#include "io/stack_file.hpp"

namespace quickbeam {

/// One file of a set, looked at once.
struct SetFile {
  std::string path;
  bool failed = false;
  bool cut = false;  ///< a stack whose last images are not there
  std::int64_t images = 0;
  Extent extent{};
  std::int64_t sections = 1;        ///< of each image
  PixelType type = PixelType::f32;  ///< of the decoded image
  std::optional<MaskRule> mask{};   ///< of a frame whose values may say "no measurement"
  std::optional<double> pixel_size_angstrom{};
  std::uint64_t stored_bytes = 0, first_pixel = 0;
  bool is_stack = false;
  /// Kept open, as long as there are not too many: reading by several threads is fine.
  std::shared_ptr<const io::StackFile> stack{};

  PixelType read_type() const { return mask ? PixelType::f64 : type; }
};

/// One set of the input; stacks and frames given by name, in a row, are one too.
struct SourceSet {
  io::ParticleSet set;
  bool by_name = false;
  std::uint32_t first_position = 0;
  std::uint32_t first_file = 0;  ///< in State::files of set.files[0]
};

struct ImageSet::State {
  ImageSetOptions options;
  std::vector<SourceSet> sources;
  std::vector<SetFile> files;
  std::vector<ImageGroup> groups;
  std::vector<std::vector<std::uint32_t>> orders;  ///< positions by place, a vector a group
  std::vector<ImageSetFailure> failures;
  std::vector<std::string> notices;
  std::uint32_t positions = 0;

  const SourceSet& source_of(std::uint32_t position) const;
  const io::SetImage& image(std::uint32_t position) const;
  /// In `files`.
  std::uint32_t file_of(std::uint32_t position) const;
  /// Makes groups and orders of what sources and files say.
  void sort_into_groups();
};

io::StackOptions stack_options(const ReadPolicy& policy, io::Cut cut);
io::StackOptions stack_options(const ImageSetOptions& options, io::Cut cut);

/// Whether a file is a set, by its name or its first bytes. Throws Error when it cannot be read.
bool is_set(const std::string& path);

}  // namespace quickbeam
