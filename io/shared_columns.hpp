// SPDX-License-Identifier: BSD-3-Clause
// The columns that RELION's and Xmipp's sets have in common, of a set that goes from the one to the
// other.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/star.hpp"
#include "io/star_writer.hpp"
#include "io/written_set.hpp"

namespace quickbeam::io {

/// Angles, shifts, CTF, micrograph, coordinates and class, row by row.
///
/// Projection angles and shifts mean the same in both: Scipion's plugins for the two make them of
/// one matrix by the same formulas (xmipp3/convert `geometryFromMatrix`, relion/convert
/// `_alignProjToRow`). Shifts are in pixels in Xmipp and in RELION 3.0, in angstrom in RELION 3.1;
/// they come out in pixels of the new images. Xmipp's mirrored images (_flip) become the same
/// projection seen from behind: tilt + 180, - psi, - shift x. Alignments in the plane (psi without
/// tilt) are counted differently, and left behind.
class SharedColumns {
 public:
  /// All are borrowed; `table` is the one that written.set was read from.
  SharedColumns(const WrittenSet& written, const StarDocument& document, const StarTable& table);

  /// Labels of the target, in the order of write().
  std::vector<std::string_view> labels() const;
  /// The values of one row. Throws Error BAD_FIELD for what should be a number and is none.
  void write(const SetImage& image, StarWriter& out);

  /// Whether a label of the source goes into the target.
  bool takes(std::string_view label) const;
  /// What to say: none where all alignments pass.
  std::optional<std::string> notice() const;

 private:
  enum class Kind : unsigned char { text, whole, tilt, psi, shift_x, shift_y };
  enum class Unit : unsigned char { pixel, angstrom };
  struct Rule {
    std::string_view relion, xmipp;
    Kind kind;
  };
  struct Column {
    std::string_view from, to;
    Kind kind;
    std::size_t source;  ///< column of the table
  };
  static const Rule rules[];

  void choose();
  void add(std::string_view from, std::string_view to, Kind kind);
  void add_shifts();
  void set_scales(Unit from, Unit to);
  bool has(std::string_view label) const { return table_.find(label).has_value(); }
  bool is_pose(Kind kind) const { return kind >= Kind::tilt; }
  double number(const Column& column, const StarCell& cell) const;
  void write_value(const Column& column, const StarCell& cell, bool mirrored, double scale,
                   StarWriter& out) const;

  const WrittenSet& written_;
  const StarDocument& document_;
  const StarTable& table_;
  bool to_xmipp_;
  bool in_plane_ = false;        ///< an alignment that is left behind
  std::vector<Column> columns_;  ///< that are taken
  std::optional<std::size_t> flip_;
  std::vector<double> scales_;  ///< of shifts, by group
  std::optional<StarColumns> reader_;
};

}  // namespace quickbeam::io
