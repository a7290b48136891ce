// SPDX-License-Identifier: BSD-3-Clause
// A set and where its images went: what both ways of writing it ask.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/image_name.hpp"
#include "io/set_writer.hpp"
#include "io/star.hpp"

namespace quickbeam::io {

/// Borrows the set and the target.
struct WrittenSet {
  const ParticleSet& set;
  std::span<const GroupTarget> groups;
  std::vector<std::uint32_t> numbers;  ///< new, by position; 0 = left out

  /// The new value, or the old one where there is no new; none when neither is known.
  std::optional<double> pixel_size(std::size_t group) const {
    const auto& changed = groups[group].pixel_size_angstrom;
    return changed ? changed : set.groups[group].pixel_size_angstrom;
  }
  std::optional<Extent> image_size(std::size_t group) const {
    const auto& changed = groups[group].image_size;
    return changed ? changed : set.groups[group].image_size;
  }

  std::string name_of(std::uint32_t position) const {
    const SetImage& image = set.images[position];
    const std::string& stack = groups[image.group].stack;
    if (!stack.empty()) return image_name(numbers[position], stack);
    const std::string_view file = set.files[image.file];
    return image.number == 0 ? std::string(file) : image_name(image.number, file);
  }

  /// Whether a fact is known of every group: only then can it be a column.
  template <class Fact>
  bool known(Fact fact) const {
    for (std::size_t g = 0; g < set.groups.size(); ++g)
      if (!fact(g)) return false;
    return !set.groups.empty();
  }

  bool has_oblong_images() const {
    for (std::size_t g = 0; g < set.groups.size(); ++g)
      if (const auto size = image_size(g); size && size->width != size->height) return true;
    return false;
  }
};

inline constexpr const char* oblong_notice =
    "RELION knows square images only: _rlnImageSize is the width";

/// The table that a set was read from. Throws Error INCONSISTENT for another file.
const StarTable& particles_of(const StarDocument& document, const ParticleSet& set);

/// Copies the file the set was read from (`source`) to `path` with the columns changed that must.
std::vector<std::string> pass_through_set(const std::string& path, const WrittenSet& written,
                                          std::span<const std::byte> source);

}  // namespace quickbeam::io
