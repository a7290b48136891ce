// SPDX-License-Identifier: BSD-3-Clause
// Particle sets written: passed through with changed columns, or made new.
#include "io/set_writer.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "io/ascii.hpp"
#include "io/image_name.hpp"
#include "io/star_writer.hpp"

namespace quickbeam::io {
namespace {

constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

[[noreturn]] void refuse(const std::string& path, std::string field, std::string expected,
                         std::string found) {
  fail({.code = ErrorCode::usage,
        .path = path,
        .format = "STAR",
        .field = std::move(field),
        .expected = std::move(expected),
        .found = std::move(found)});
}

enum class TargetKind : std::uint8_t { star, xmd };

TargetKind kind_of(const std::string& path) {
  const auto ends = [&](std::string_view suffix) {
    return path.size() > suffix.size() &&
           ascii_equal(std::string_view(path).substr(path.size() - suffix.size()), suffix);
  };
  if (ends(".star")) return TargetKind::star;
  if (ends(".xmd")) return TargetKind::xmd;
  refuse(path, "suffix", ".star or .xmd", "another");
}

/// New image numbers by position, 0 = left out.
std::vector<std::uint32_t> numbers_of(const std::string& path, const ParticleSet& set,
                                      const SetTarget& target) {
  if (target.groups.size() != set.groups.size())
    refuse(path, "groups", std::to_string(set.groups.size()), std::to_string(target.groups.size()));
  if (!target.numbers.empty()) {
    if (target.numbers.size() != set.images.size())
      refuse(path, "image numbers", std::to_string(set.images.size()),
             std::to_string(target.numbers.size()));
    return {target.numbers.begin(), target.numbers.end()};
  }
  std::map<std::string_view, std::uint32_t> counts;
  std::vector<std::uint32_t*> count_of;
  for (const auto& group : target.groups) count_of.push_back(&counts[group.stack]);
  std::vector<std::uint32_t> numbers;
  numbers.reserve(set.images.size());
  for (const auto& image : set.images) numbers.push_back(++*count_of[image.group]);
  return numbers;
}

class SetWriter {
 public:
  SetWriter(const std::string& path, const ParticleSet& set, const SetTarget& target)
      : path_(path), set_(set), target_(target), numbers_(numbers_of(path, set, target)) {}

  void pass_through(std::span<const std::byte> source) {
    const std::string_view text(reinterpret_cast<const char*>(source.data()), source.size());
    const StarDocument document(text, set_.path);
    const StarTable* const table = document.with_label(set_.label);
    if (table == nullptr || table->rows() != set_.rows)
      fail({.code = ErrorCode::inconsistent,
            .path = set_.path,
            .format = "STAR",
            .field = "rows",
            .expected = std::to_string(set_.rows) + ", as when the set was read",
            .found = table == nullptr ? "none" : std::to_string(table->rows())});
    place_rows();
    std::vector<StarTableEdit> edits = {
        {table, {image_column()}, [this](std::size_t row) { return position_[row] != nowhere; }}};
    if (set_.format == SetFormat::star31)
      edits.push_back(optics_edit(document));
    else
      row_columns(edits.front());
    warn_of_pixels(*table);
    TextFile out(path_);
    rewrite_star(document, std::move(edits), [&](std::string_view piece) { out.write(piece); });
    out.commit();
  }

  void make_star() {
    warn_of_oblongs();
    StarWriter out(path_);
    out.comment("version 30001");
    optics_table(out);
    const std::string_view labels[] = {"_rlnImageName", "_rlnOpticsGroup"};
    out.table("particles", labels);
    each_kept([&](const SetImage& image, const std::string& name) {
      out.value(name);
      out.value(set_.groups[image.group].number);
      out.end_row();
    });
    out.commit();
  }

  void make_xmd() {
    std::vector<std::string_view> labels = {"_image", "_enabled"};
    const bool pixel = known(&SetWriter::pixel_size), size = known(&SetWriter::image_size);
    if (pixel) labels.push_back("_samplingRate");
    if (size) labels.insert(labels.end(), {"_xSize", "_ySize"});
    StarWriter out(path_, StarStyle::xmipp);
    out.comment("XMIPP_STAR_1 * ");
    out.table("noname", labels);
    each_kept([&](const SetImage& image, const std::string& name) {
      out.value(name);
      out.value(std::int64_t{1});
      if (pixel) out.value(*pixel_size(image.group));
      if (size) {
        out.value(image_size(image.group)->width);
        out.value(image_size(image.group)->height);
      }
      out.end_row();
    });
    out.commit();
  }

  std::vector<std::string> notices;

 private:
  std::optional<double> pixel_size(std::size_t group) const {
    const auto& changed = target_.groups[group].pixel_size_angstrom;
    return changed ? changed : set_.groups[group].pixel_size_angstrom;
  }

  std::optional<Extent> image_size(std::size_t group) const {
    const auto& changed = target_.groups[group].image_size;
    return changed ? changed : set_.groups[group].image_size;
  }

  /// Whether a fact is known of every group: only then can it be a column.
  template <class Fact>
  bool known(Fact fact) const {
    for (std::size_t g = 0; g < set_.groups.size(); ++g)
      if (!(this->*fact)(g)) return false;
    return !set_.groups.empty();
  }

  std::string name_of(std::uint32_t position) const {
    return image_name(numbers_[position], target_.groups[set_.images[position].group].stack);
  }

  template <class Take>
  void each_kept(const Take& take) const {
    for (std::uint32_t i = 0; i < set_.images.size(); ++i)
      if (numbers_[i] != 0) take(set_.images[i], name_of(i));
  }

  /// position_[row] = where that row stands in the set, or nowhere.
  void place_rows() {
    position_.assign(set_.rows, nowhere);
    for (std::uint32_t i = 0; i < set_.images.size(); ++i)
      if (numbers_[i] != 0) position_[set_.images[i].row] = i;
  }

  std::size_t group_of_row(std::size_t row) const { return set_.images[position_[row]].group; }

  StarColumnEdit image_column() const {
    return {set_.label, [this](std::size_t row, std::string_view, std::string& out) {
              out += star_value(name_of(position_[row]));
            }};
  }

  /// A column of a number each group has; where a group has none the old value stays.
  template <class Value, class GroupOf>
  static StarColumnEdit number_column(std::string label, Value value, GroupOf group_of) {
    return {std::move(label), [=](std::size_t row, std::string_view old, std::string& out) {
              const std::optional<double> number = value(group_of(row));
              if (number)
                out += shortest_number(*number);
              else
                out += old;
            }};
  }

  /// One column edit a fact: only where it changes, and added only when all groups have it.
  template <class Value, class GroupOf>
  void add_column(StarTableEdit& edit, std::string label, Value value, GroupOf group_of) {
    bool all = true;
    for (std::size_t g = 0; g < set_.groups.size(); ++g) all = all && value(g);
    if (all || edit.table->find(label))
      edit.columns.push_back(number_column(std::move(label), value, group_of));
  }

  bool any_change(bool (*changes)(const GroupTarget&)) const {
    return std::any_of(target_.groups.begin(), target_.groups.end(), changes);
  }
  bool pixel_changes() const {
    return any_change([](const GroupTarget& g) { return g.pixel_size_angstrom.has_value(); });
  }
  bool size_changes() const {
    return any_change([](const GroupTarget& g) { return g.image_size.has_value(); });
  }

  auto width() const {
    return [this](std::size_t group) -> std::optional<double> {
      const auto size = image_size(group);
      return size ? std::optional(static_cast<double>(size->width)) : std::nullopt;
    };
  }
  auto height() const {
    return [this](std::size_t group) -> std::optional<double> {
      const auto size = image_size(group);
      return size ? std::optional(static_cast<double>(size->height)) : std::nullopt;
    };
  }

  /// Row g of the optics table is group g of the set.
  StarTableEdit optics_edit(const StarDocument& document) {
    StarTableEdit edit{document.block("optics"), {}, {}};
    const auto same = [](std::size_t row) { return row; };
    const auto pixel = [this](std::size_t g) { return pixel_size(g); };
    if (pixel_changes()) add_column(edit, "_rlnImagePixelSize", pixel, same);
    if (size_changes()) {
      warn_of_oblongs();
      add_column(edit, "_rlnImageSize", width(), same);
    }
    return edit;
  }

  /// RELION 3.0 and Xmipp keep the facts of the group in every row.
  void row_columns(StarTableEdit& edit) {
    const bool xmipp = set_.format == SetFormat::xmd;
    const auto group = [this](std::size_t row) { return group_of_row(row); };
    const auto pixel = [this](std::size_t g) { return pixel_size(g); };
    if (pixel_changes()) {
      if (xmipp || edit.table->find("_rlnImagePixelSize"))
        add_column(edit, xmipp ? "_samplingRate" : "_rlnImagePixelSize", pixel, group);
      if (!xmipp) magnification_columns(edit);
    }
    if (!size_changes()) return;
    if (!xmipp) warn_of_oblongs();
    add_column(edit, xmipp ? "_xSize" : "_rlnImageSize", width(), group);
    if (xmipp) add_column(edit, "_ySize", height(), group);
  }

  /// The detector's pixel grows with the shrink; the magnification stays, and is 10^4 where the
  /// file has none.
  void magnification_columns(StarTableEdit& edit) {
    const auto group = [this](std::size_t row) { return group_of_row(row); };
    const auto magnification = [this](std::size_t g) {
      return std::optional(set_.groups[g].magnification.value_or(1e4));
    };
    add_column(
        edit, "_rlnDetectorPixelSize",
        [=, this](std::size_t g) -> std::optional<double> {
          const auto pixel = pixel_size(g);
          return pixel ? std::optional(*pixel * *magnification(g) / 1e4) : std::nullopt;
        },
        group);
    if (!edit.table->find("_rlnMagnification"))
      add_column(edit, "_rlnMagnification", magnification, group);
  }

  void warn_of_oblongs() {
    for (std::size_t g = 0; g < set_.groups.size(); ++g)
      if (const auto size = image_size(g); size && size->width != size->height) {
        notices.push_back("RELION knows square images only: _rlnImageSize is the width");
        return;
      }
  }

  void warn_of_pixels(const StarTable& table) {
    if (!pixel_changes()) return;
    std::string found;
    for (const std::string_view label :
         {"_rlnOriginX", "_rlnOriginY", "_shiftX", "_shiftY", "_rlnOriginZ", "_shiftZ"})
      if (table.find(label)) found += (found.empty() ? "" : ", ") + std::string(label);
    if (!found.empty())
      notices.push_back(found +
                        " are in pixels of the old images and are passed through unchanged");
  }

  void optics_table(StarWriter& out) {
    using Fact = std::optional<double> OpticsGroup::*;
    std::vector<std::string_view> labels = {"_rlnOpticsGroupName", "_rlnOpticsGroup"};
    std::vector<Fact> facts;
    const auto offer = [&](Fact fact, std::string_view label) {
      for (const auto& group : set_.groups)
        if (!(group.*fact)) return;
      labels.push_back(label);
      facts.push_back(fact);
    };
    offer(&OpticsGroup::voltage_kv, "_rlnVoltage");
    offer(&OpticsGroup::spherical_aberration_mm, "_rlnSphericalAberration");
    offer(&OpticsGroup::amplitude_contrast, "_rlnAmplitudeContrast");
    const bool pixel = known(&SetWriter::pixel_size), size = known(&SetWriter::image_size);
    if (pixel) labels.push_back("_rlnImagePixelSize");
    if (size) labels.push_back("_rlnImageSize");
    labels.push_back("_rlnImageDimensionality");
    out.table("optics", labels);
    for (std::size_t g = 0; g < set_.groups.size(); ++g) {
      out.value(set_.groups[g].name);
      out.value(set_.groups[g].number);
      for (const Fact fact : facts) out.value(*(set_.groups[g].*fact));
      if (pixel) out.value(*pixel_size(g));
      if (size) out.value(image_size(g)->width);
      out.value(std::int64_t{2});
      out.end_row();
    }
  }

  const std::string& path_;
  const ParticleSet& set_;
  const SetTarget& target_;
  std::vector<std::uint32_t> numbers_, position_;
};

}  // namespace

std::vector<std::string> write_particle_set(const std::string& path, const ParticleSet& set,
                                            const SetTarget& target,
                                            std::span<const std::byte> source) {
  const TargetKind kind = kind_of(path);
  SetWriter writer(path, set, target);
  const bool relion = set.format == SetFormat::star30 || set.format == SetFormat::star31;
  const bool same_kind = kind == TargetKind::star ? relion : set.format == SetFormat::xmd;
  if (same_kind && !source.empty())
    writer.pass_through(source);
  else if (kind == TargetKind::star)
    writer.make_star();
  else
    writer.make_xmd();
  return std::move(writer.notices);
}

}  // namespace quickbeam::io
