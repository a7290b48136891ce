// SPDX-License-Identifier: BSD-3-Clause
// A set written by copying its file: image names, pixel size and image size change, all else stays.
#include <algorithm>
#include <functional>
#include <limits>

#include "io/star_writer.hpp"
#include "io/written_set.hpp"

namespace quickbeam::io {
namespace {

constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

/// A number of a group, and the group of a row.
using GroupNumber = std::function<std::optional<double>(std::size_t group)>;
using GroupOfRow = std::function<std::size_t(std::size_t row)>;

class PassThrough {
 public:
  PassThrough(const WrittenSet& written, const StarDocument& document)
      : written_(written),
        set_(written.set),
        document_(document),
        table_(particles_of(document, set_)) {
    position_.assign(set_.rows, nowhere);
    for (std::uint32_t i = 0; i < set_.images.size(); ++i)
      if (written_.numbers[i] != 0) position_[set_.images[i].row] = i;
  }

  std::vector<StarTableEdit> edits() {
    std::vector<StarTableEdit> edits = {
        {&table_, {image_column()}, [this](std::size_t row) { return position_[row] != nowhere; }}};
    if (set_.format == SetFormat::star31)
      edits.push_back(optics_edit());
    else
      row_columns(edits.front());
    return edits;
  }

  std::vector<std::string> notices() const {
    std::vector<std::string> notices;
    if (size_changes() && set_.format != SetFormat::xmd && written_.has_oblong_images())
      notices.push_back(oblong_notice);
    std::string found;
    for (const std::string_view label :
         {"_rlnOriginX", "_rlnOriginY", "_rlnOriginZ", "_shiftX", "_shiftY", "_shiftZ"})
      if (pixel_changes() && table_.find(label))
        found += (found.empty() ? "" : ", ") + std::string(label);
    if (!found.empty())
      notices.push_back(found +
                        " are in pixels of the old images and are passed through unchanged");
    return notices;
  }

 private:
  bool pixel_changes() const {
    return std::any_of(written_.groups.begin(), written_.groups.end(),
                       [](const auto& g) { return g.pixel_size_angstrom.has_value(); });
  }
  bool size_changes() const {
    return std::any_of(written_.groups.begin(), written_.groups.end(),
                       [](const auto& g) { return g.image_size.has_value(); });
  }

  StarColumnEdit image_column() const {
    return {set_.label, [this](std::size_t row, std::string_view, std::string& out) {
              out += star_value(written_.name_of(position_[row]));
            }};
  }

  /// Rewrites a column, or adds it when every group has the number. Where a group has none, the old
  /// value stays.
  void add_column(StarTableEdit& edit, std::string label, GroupNumber number, GroupOfRow group) {
    if (!written_.known(number) && !edit.table->find(label)) return;
    edit.columns.push_back(
        {std::move(label), [number = std::move(number), group = std::move(group)](
                               std::size_t row, std::string_view old, std::string& out) {
           const auto value = number(group(row));
           out += value ? shortest_number(*value) : std::string(old);
         }});
  }

  GroupNumber pixel() const {
    return [this](std::size_t g) { return written_.pixel_size(g); };
  }
  GroupNumber side(std::int64_t Extent::*which) const {
    return [this, which](std::size_t g) -> std::optional<double> {
      const auto size = written_.image_size(g);
      return size ? std::optional(static_cast<double>((*size).*which)) : std::nullopt;
    };
  }
  GroupNumber magnification() const {
    return [this](std::size_t g) { return set_.groups[g].magnification.value_or(1e4); };
  }
  GroupNumber detector_pixel() const {
    return [this](std::size_t g) -> std::optional<double> {
      const auto size = written_.pixel_size(g);
      return size ? std::optional(*size * *magnification()(g) / 1e4) : std::nullopt;
    };
  }
  GroupOfRow group_of_row() const {
    return [this](std::size_t row) { return set_.images[position_[row]].group; };
  }

  /// Row g of the optics table is group g of the set.
  StarTableEdit optics_edit() {
    StarTableEdit edit{document_.block("optics"), {}, {}};
    const auto same = [](std::size_t row) { return row; };
    if (pixel_changes()) add_column(edit, "_rlnImagePixelSize", pixel(), same);
    if (size_changes()) add_column(edit, "_rlnImageSize", side(&Extent::width), same);
    return edit;
  }

  /// RELION 3.0 and Xmipp keep the facts of the group in every row. In 3.0 the detector's pixel
  /// grows with the shrink; the magnification stays, and is 10^4 where the file has none.
  void row_columns(StarTableEdit& edit) {
    const bool xmipp = set_.format == SetFormat::xmd;
    const char* const pixel_label = xmipp ? "_samplingRate" : "_rlnImagePixelSize";
    if (pixel_changes() && (xmipp || table_.find(pixel_label)))
      add_column(edit, pixel_label, pixel(), group_of_row());
    if (pixel_changes() && !xmipp) {
      add_column(edit, "_rlnDetectorPixelSize", detector_pixel(), group_of_row());
      if (!table_.find("_rlnMagnification") && written_.known(detector_pixel()))
        add_column(edit, "_rlnMagnification", magnification(), group_of_row());
    }
    if (!size_changes()) return;
    add_column(edit, xmipp ? "_xSize" : "_rlnImageSize", side(&Extent::width), group_of_row());
    if (xmipp) add_column(edit, "_ySize", side(&Extent::height), group_of_row());
  }

  const WrittenSet& written_;
  const ParticleSet& set_;
  const StarDocument& document_;
  const StarTable& table_;
  std::vector<std::uint32_t> position_;  // by row: where it stands in the set, or nowhere
};

}  // namespace

const StarTable& particles_of(const StarDocument& document, const ParticleSet& set) {
  const StarTable* const table = document.with_label(set.label);
  if (table != nullptr && table->rows() == set.rows) return *table;
  fail({.code = ErrorCode::inconsistent,
        .path = set.path,
        .format = "STAR",
        .field = "rows",
        .expected = std::to_string(set.rows) + ", as when the set was read",
        .found = table == nullptr ? "none" : std::to_string(table->rows())});
}

std::vector<std::string> pass_through_set(const std::string& path, const WrittenSet& written,
                                          std::span<const std::byte> source) {
  const std::string_view text(reinterpret_cast<const char*>(source.data()), source.size());
  const StarDocument document(text, written.set.path);
  PassThrough pass(written, document);
  TextFile out(path);
  rewrite_star(document, pass.edits(), [&](std::string_view piece) { out.write(piece); });
  out.commit();
  return pass.notices();
}

}  // namespace quickbeam::io
