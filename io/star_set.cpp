// SPDX-License-Identifier: BSD-3-Clause
// Particle sets in STAR files: RELION 3.0, RELION 3.1 and Xmipp.
#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>

#include "io/set_builder.hpp"
#include "io/star.hpp"

namespace quickbeam::io {
namespace {

constexpr std::string_view relion_image = "_rlnImageName", xmipp_image = "_image";
constexpr std::string_view optics_group = "_rlnOpticsGroup";
constexpr std::int64_t longest_side = std::int64_t{1} << 31;

/// Columns whose values make an optics group where the file has no table of them.
struct GroupLabels {
  std::string_view pixel, detector_pixel, magnification, voltage, aberration, contrast;
};
constexpr GroupLabels relion_labels = {"_rlnImagePixelSize",      "_rlnDetectorPixelSize",
                                       "_rlnMagnification",       "_rlnVoltage",
                                       "_rlnSphericalAberration", "_rlnAmplitudeContrast"};
constexpr GroupLabels xmipp_labels = {"_samplingRate",           "",      "", "_ctfVoltage",
                                      "_ctfSphericalAberration", "_ctfQ0"};

/// Reads the facts of one group from one row of a table.
class GroupFacts {
 public:
  GroupFacts(const StarDocument& document, const StarTable& table, std::size_t row)
      : document_(document), table_(table), row_(row) {}

  std::optional<double> number(std::string_view label) const {
    const auto column = table_.find(label);
    if (!column) return std::nullopt;
    return document_.number(table_, *column, document_.cell(table_, row_, *column));
  }

  std::optional<double> positive(std::string_view label) const {
    const auto value = number(label);
    if (value && *value <= 0) refuse(label, "a number above 0");
    return value;
  }

  std::optional<Extent> square(std::string_view label) const {
    const auto column = table_.find(label);
    if (!column) return std::nullopt;
    const auto side =
        document_.whole_number(table_, *column, document_.cell(table_, row_, *column));
    if (side < 1 || side > longest_side) refuse(label, "a whole number above 0");
    return Extent{side, side};
  }

  void fill(OpticsGroup& group, const GroupLabels& labels) const {
    group.pixel_size_angstrom = positive(labels.pixel);
    group.voltage_kv = number(labels.voltage);
    group.spherical_aberration_mm = number(labels.aberration);
    group.amplitude_contrast = number(labels.contrast);
    group.magnification = positive(labels.magnification);
    // Micrometres over magnification, in Angstrom.
    const auto detector = positive(labels.detector_pixel);
    if (!group.pixel_size_angstrom && detector && group.magnification)
      group.pixel_size_angstrom = *detector * 1e4 / *group.magnification;
  }

 private:
  [[noreturn]] void refuse(std::string_view label, std::string expected) const {
    const StarCell cell = document_.cell(table_, row_, *table_.find(label));
    document_.source().fail(ErrorCode::bad_field, label, cell.begin, std::move(expected),
                            std::string(cell.text));
  }

  const StarDocument& document_;
  const StarTable& table_;
  std::size_t row_;
};

class StarSetReader {
 public:
  StarSetReader(const StarDocument& document, SetBuilder& builder)
      : document_(document), builder_(builder) {}

  void read() {
    const StarTable& table = particles();
    builder_.reserve(table.rows());
    if (!document_.ends_with_line())
      builder_.set().notices.push_back("the last line has no end: it may be cut short");
    const StarTable* const optics = document_.block("optics");
    const bool grouped = optics != nullptr && optics != &table && optics->find(optics_group);
    const SetFormat relion = grouped ? SetFormat::star31 : SetFormat::star30;
    builder_.set().format = builder_.set().label == xmipp_image ? SetFormat::xmd : relion;
    if (builder_.set().format == SetFormat::star31)
      grouped_rows(table, *optics);
    else
      plain_rows(table);
  }

 private:
  /// The table with image names. Throws BAD_FIELD that lists the labels there are.
  const StarTable& particles() {
    for (const std::string_view label : {relion_image, xmipp_image})
      if (const StarTable* const table = document_.with_label(label)) {
        builder_.set().label = label;
        return *table;
      }
    const auto tables = document_.tables();
    if (tables.empty())
      document_.source().fail(ErrorCode::bad_field, relion_image, 0, "the column", "no table");
    const StarTable* const named = document_.block("particles");
    (void)document_.column(named != nullptr ? *named : tables.front(), relion_image);
    return tables.front();  // not reached: no table has that column
  }

  /// Calls take(row, cells) for every row; what it refuses is said of its image name, cells[0].
  template <class Take>
  void each_row(const StarTable& table, std::span<const std::size_t> columns, const Take& take) {
    StarColumns cells(document_, table, columns);
    std::size_t image_begin = 0;
    try {
      for (std::size_t row = 0; row < table.rows(); ++row) {
        const auto values = cells.read(row);
        image_begin = values[0].begin;
        take(row, values);
      }
    } catch (const SetRefusal& refusal) {
      document_.source().fail(refusal.code, builder_.set().label, image_begin, refusal.expected,
                              refusal.found);
    }
  }

  void grouped_rows(const StarTable& table, const StarTable& optics) {
    const auto ids = optics_groups(optics);
    std::vector<std::size_t> columns = {document_.column(table, builder_.set().label)};
    const auto column = table.find(optics_group);
    if (column)
      columns.push_back(*column);
    else if (ids.size() != 1)
      (void)document_.column(table, optics_group);  // throws
    each_row(table, columns, [&](std::size_t row, std::span<const StarCell> cells) {
      std::uint32_t group = 0;
      if (column) group = group_of(table, *column, cells[1], ids);
      builder_.add_name(cells[0].text, row, group);
    });
  }

  std::uint32_t group_of(const StarTable& table, std::size_t column, const StarCell& cell,
                         const std::map<std::int64_t, std::uint32_t>& ids) const {
    const auto found = ids.find(document_.whole_number(table, column, cell));
    if (found == ids.end())
      document_.source().fail(ErrorCode::inconsistent, optics_group, cell.begin,
                              "a group of the optics table", std::string(cell.text));
    return found->second;
  }

  /// One group a row of the optics table, in its order; ids by _rlnOpticsGroup.
  std::map<std::int64_t, std::uint32_t> optics_groups(const StarTable& optics) {
    std::map<std::int64_t, std::uint32_t> ids;
    const std::size_t column = document_.column(optics, optics_group);
    for (std::size_t row = 0; row < optics.rows(); ++row) {
      const StarCell cell = document_.cell(optics, row, column);
      const std::int64_t number = document_.whole_number(optics, column, cell);
      if (!ids.emplace(number, static_cast<std::uint32_t>(row)).second)
        document_.source().fail(ErrorCode::inconsistent, optics_group, cell.begin,
                                "each group once", std::string(cell.text) + " twice");
      OpticsGroup& group = builder_.set().groups.emplace_back();
      group.number = number;
      group.name = "opticsGroup" + std::to_string(number);
      if (const auto name = optics.find("_rlnOpticsGroupName"))
        group.name = document_.cell(optics, row, *name).text;
      const GroupFacts facts(document_, optics, row);
      facts.fill(group, relion_labels);
      group.image_size = facts.square("_rlnImageSize");
    }
    return ids;
  }

  /// Rows of RELION 3.0 and Xmipp: groups are the distinct values of the columns that make them.
  void plain_rows(const StarTable& table) {
    const bool xmipp = builder_.set().format == SetFormat::xmd;
    const GroupLabels& labels = xmipp ? xmipp_labels : relion_labels;
    std::vector<std::size_t> columns = {document_.column(table, builder_.set().label)};
    const bool has_enabled = xmipp && table.find("_enabled");
    if (has_enabled) columns.push_back(document_.column(table, "_enabled"));
    const std::size_t key_begin = columns.size();
    for (const auto label : {labels.pixel, labels.detector_pixel, labels.magnification,
                             labels.voltage, labels.aberration, labels.contrast})
      if (const auto column = table.find(label)) columns.push_back(*column);
    std::string key, last_key;
    std::uint32_t group = 0;
    each_row(table, columns, [&](std::size_t row, std::span<const StarCell> cells) {
      if (has_enabled && document_.whole_number(table, columns[1], cells[1]) <= 0) return;
      key.clear();
      for (const auto& cell : cells.subspan(key_begin)) (key += cell.text) += '\n';
      if (builder_.set().groups.empty() || key != last_key) {
        group = group_with(key, GroupFacts(document_, table, row), labels);
        last_key = key;
      }
      builder_.add_name(cells[0].text, row, group);
    });
  }

  std::uint32_t group_with(const std::string& key, const GroupFacts& facts,
                           const GroupLabels& labels) {
    std::uint32_t id = 0;
    bool made = false;
    OpticsGroup& group = builder_.group(key, id, made);
    if (made) facts.fill(group, labels);
    return id;
  }

  const StarDocument& document_;
  SetBuilder& builder_;
};

}  // namespace

void read_star_set(const StarDocument& document, SetBuilder& builder) {
  StarSetReader(document, builder).read();
}

}  // namespace quickbeam::io
