// SPDX-License-Identifier: BSD-3-Clause
// Which columns are shared, and what becomes of their values.
#include "io/shared_columns.hpp"

#include <algorithm>
#include <cmath>

namespace quickbeam::io {

const SharedColumns::Rule SharedColumns::rules[] = {
    {"_rlnMicrographName", "_micrograph", Kind::text},
    {"_rlnCoordinateX", "_xcoor", Kind::whole},  // whole numbers in Xmipp
    {"_rlnCoordinateY", "_ycoor", Kind::whole},
    {"_rlnAngleRot", "_angleRot", Kind::text},
    {"_rlnAngleTilt", "_angleTilt", Kind::tilt},
    {"_rlnAnglePsi", "_anglePsi", Kind::psi},
    {"_rlnDefocusU", "_ctfDefocusU", Kind::text},
    {"_rlnDefocusV", "_ctfDefocusV", Kind::text},
    {"_rlnDefocusAngle", "_ctfDefocusAngle", Kind::text},
    {"_rlnClassNumber", "_ref", Kind::text},
};

SharedColumns::SharedColumns(const WrittenSet& written, const StarDocument& document,
                             const StarTable& table)
    : written_(written),
      document_(document),
      table_(table),
      to_xmipp_(written.set.format != SetFormat::xmd),
      scales_(written.set.groups.size(), 1) {
  choose();
  std::vector<std::size_t> sources;
  for (const Column& column : columns_) sources.push_back(column.source);
  if (flip_) sources.push_back(*flip_);
  reader_.emplace(document_, table_, sources);
}

void SharedColumns::choose() {
  const std::string_view tilt = to_xmipp_ ? "_rlnAngleTilt" : "_angleTilt";
  const std::string_view psi = to_xmipp_ ? "_rlnAnglePsi" : "_anglePsi";
  const bool flips = !to_xmipp_ && has("_flip");
  in_plane_ = !has(tilt) && (has(psi) || flips);
  if (flips && !in_plane_) flip_ = table_.find("_flip");
  for (const Rule& rule : rules) {
    if (in_plane_ && (rule.kind == Kind::psi || rule.relion == "_rlnAngleRot")) continue;
    add(to_xmipp_ ? rule.relion : rule.xmipp, to_xmipp_ ? rule.xmipp : rule.relion, rule.kind);
  }
  if (!in_plane_) add_shifts();
}

void SharedColumns::add(std::string_view from, std::string_view to, Kind kind) {
  if (const auto source = table_.find(from)) columns_.push_back({from, to, kind, *source});
}

/// RELION 3.1 has angstrom, which only a known pixel size turns into pixels.
void SharedColumns::add_shifts() {
  const auto known_now = [&](std::size_t g) { return written_.pixel_size(g).has_value(); };
  const auto known_before = [&](std::size_t g) {
    return written_.set.groups[g].pixel_size_angstrom.has_value();
  };
  if (!to_xmipp_) {
    const bool angstrom = written_.known(known_before);
    add("_shiftX", angstrom ? "_rlnOriginXAngst" : "_rlnOriginX", Kind::shift_x);
    add("_shiftY", angstrom ? "_rlnOriginYAngst" : "_rlnOriginY", Kind::shift_y);
    return set_scales(Unit::pixel, angstrom ? Unit::angstrom : Unit::pixel);
  }
  if (has("_rlnOriginXAngst") || has("_rlnOriginYAngst")) {
    if (!written_.known(known_now)) return;
    add("_rlnOriginXAngst", "_shiftX", Kind::shift_x);
    add("_rlnOriginYAngst", "_shiftY", Kind::shift_y);
    return set_scales(Unit::angstrom, Unit::pixel);
  }
  add("_rlnOriginX", "_shiftX", Kind::shift_x);
  add("_rlnOriginY", "_shiftY", Kind::shift_y);
  set_scales(Unit::pixel, Unit::pixel);
}

void SharedColumns::set_scales(Unit from, Unit to) {
  for (std::size_t g = 0; g < scales_.size(); ++g) {
    const auto before = written_.set.groups[g].pixel_size_angstrom, now = written_.pixel_size(g);
    if (from == Unit::angstrom)
      scales_[g] = 1 / *now;
    else if (to == Unit::angstrom)
      scales_[g] = *before;
    else if (before && now)
      scales_[g] = *before / *now;
  }
}

std::vector<std::string_view> SharedColumns::labels() const {
  std::vector<std::string_view> labels;
  for (const Column& column : columns_) labels.push_back(column.to);
  return labels;
}

bool SharedColumns::takes(std::string_view label) const {
  if (flip_ && label == "_flip") return true;
  return std::ranges::any_of(columns_, [&](const Column& c) { return c.from == label; });
}

std::optional<std::string> SharedColumns::notice() const {
  if (!in_plane_) return std::nullopt;
  return "alignments in the plane (without a tilt) are not taken over: RELION and Xmipp count them "
         "differently";
}

double SharedColumns::number(const Column& column, const StarCell& cell) const {
  return document_.number(table_, column.source, cell);
}

void SharedColumns::write(const SetImage& image, StarWriter& out) {
  const auto cells = reader_->read(image.row);
  const bool mirrored = flip_ && document_.whole_number(table_, *flip_, cells.back()) > 0;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    write_value(columns_[i], cells[i], mirrored, scales_[image.group], out);
}

/// Numbers that stay what they are keep their digits.
void SharedColumns::write_value(const Column& column, const StarCell& cell, bool mirrored,
                                double scale, StarWriter& out) const {
  switch (column.kind) {
    case Kind::text:
      return out.value(cell.text);
    case Kind::whole: {
      constexpr double most = 1e15;
      if (!to_xmipp_) return out.value(cell.text);
      const double value = number(column, cell);
      return out.value(static_cast<std::int64_t>(std::llround(std::clamp(value, -most, most))));
    }
    case Kind::tilt:
      return mirrored ? out.value(number(column, cell) + 180) : out.value(cell.text);
    case Kind::psi:
      return mirrored ? out.value(-number(column, cell)) : out.value(cell.text);
    case Kind::shift_x:
    case Kind::shift_y: {
      const double sign = mirrored && column.kind == Kind::shift_x ? -1 : 1;
      if (sign * scale == 1) return out.value(cell.text);
      return out.value(sign * scale * number(column, cell));
    }
  }
}

}  // namespace quickbeam::io
