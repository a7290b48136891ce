// SPDX-License-Identifier: BSD-3-Clause
// Particle sets: which images of which stacks, in which order, at which pixel size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/extent.hpp>

namespace quickbeam::io {

enum class SetFormat : std::uint8_t {
  star30,  ///< RELION to 3.0: one table, magnification and detector pixel size in each row
  star31,  ///< RELION from 3.1: a table of optics groups, and the particles
  xmd,     ///< Xmipp
  cs,      ///< cryoSPARC
  list     ///< one image or stack a line
};

/// "RELION 3.1 STAR", for messages and `info`.
std::string_view name_of(SetFormat format);

/// One particle. 16 bytes: a million of them are 16 MB.
struct SetImage {
  std::uint32_t file = 0;    ///< in ParticleSet::files
  std::uint32_t number = 0;  ///< image in the file, from 1; 0 = the file's only image (list: all)
  std::uint32_t group = 0;   ///< in ParticleSet::groups
  std::uint32_t row = 0;     ///< of the table it was read from, from 0
};
static_assert(sizeof(SetImage) == 16);

/// Particles imaged alike. Facts the file does not give are absent.
struct OpticsGroup {
  std::string name;
  std::int64_t number = 1;  ///< _rlnOpticsGroup; elsewhere 1, 2, ... in order of appearance
  std::optional<double> pixel_size_angstrom{};
  std::optional<double> voltage_kv{};
  std::optional<double> spherical_aberration_mm{};
  std::optional<double> amplitude_contrast{};
  std::optional<double> magnification{};  ///< RELION 3.0: pixel size = detector pixel size / it
  std::optional<Extent> image_size{};     ///< pixels
};

/// Many names in one piece of memory.
class NamePool {
 public:
  std::size_t size() const { return ends_.size(); }
  std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(text_).substr(begin, ends_[i] - begin);
  }
  void add(std::string_view name) {
    text_ += name;
    ends_.push_back(text_.size());
  }

 private:
  std::string text_;
  std::vector<std::uint64_t> ends_;
};

/// A set in its own order. Owns all it says; nothing is borrowed from the file it was read from.
struct ParticleSet {
  std::string path;
  SetFormat format = SetFormat::list;
  std::string label;  ///< of the column with the image names, for messages
  std::string root;   ///< folder that relative names begin at; empty = the current folder
  NamePool files;     ///< as the set names them, each once, in order of appearance
  std::vector<SetImage> images;
  std::vector<OpticsGroup> groups;  ///< at least one when there are images
  std::uint64_t rows = 0;           ///< of the table, disabled ones included
  std::vector<std::string> notices;

  std::uint64_t disabled() const { return format == SetFormat::xmd ? rows - images.size() : 0; }
  /// Path to open: files[id] under the root.
  std::string path_of(std::size_t id) const;
};

enum class Outside : std::uint8_t {
  refuse,  ///< absolute names and names that lead out of the root are Error PATH_ESCAPE
  allow
};

struct SetOptions {
  /// --root; none = the current folder, as in RELION. Symbolic links under it are followed: that is
  /// how cryoSPARC and RELION import.
  std::optional<std::string> root{};
  Outside outside = Outside::refuse;
};

/// True when the name is that of a set: .star, .xmd, .cs, .txt, .lst, .list, also compressed.
bool is_set_name(std::string_view path);

/// True when `path` or the bytes say this is a set and not a stack: .star, .xmd, .cs, or text.
bool is_particle_set(std::span<const std::byte> bytes, std::string_view path);

/// Parses a set whose (unpacked) bytes are in memory; opens no file. The format is found by the
/// bytes; only lists by their name (.txt, .lst, .list). Throws Error with line and column, or byte.
ParticleSet parse_particle_set(std::span<const std::byte> bytes, const std::string& path,
                               const SetOptions& options = {});

/// Where no root was asked for and the set's first file is not below the current folder, looks for
/// it beside the set and in the folders above it (so a set can be read from outside its project);
/// sets `root` and leaves a notice. Nothing changes when it is nowhere.
void find_root(ParticleSet& set);

/// A list of stacks given by name. find_root is not needed: the names are those of the user.
ParticleSet set_of_stacks(std::span<const std::string> paths);

/// Replaces every image with number 0 by all images of its file. `counts[id]` = images in file id.
/// Throws Error LIMIT beyond 2^32 - 1 images.
void expand_stacks(ParticleSet& set, std::span<const std::uint64_t> counts);

/// Forgets the files that no image of the set is in; ids of the others change.
void drop_unused_files(ParticleSet& set);

/// Throws the Error INCONSISTENT of a set that asks for an image its stack does not hold.
[[noreturn]] void fail_beyond_stack(const ParticleSet& set, std::size_t position,
                                    std::uint64_t images_in_stack);

}  // namespace quickbeam::io
