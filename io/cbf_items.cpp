// SPDX-License-Identifier: BSD-3-Clause
// Picks the imgCIF items quickbeam uses out of a CBF's text (cif_img.dic 1.7).
#include "io/cbf_items.hpp"

#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "io/ascii.hpp"
#include "io/cif_tokens.hpp"

namespace quickbeam::io {
namespace {

constexpr std::size_t axis_limit = 4096;  // a detector has tens of arrays

/// Collects facts value by value, as loops and single items give them.
class ItemCollector {
 public:
  ItemCollector(CbfItems& items, FrameInfo& info) : items_(items), info_(info) {}

  /// `new_row` = the value begins a row of its loop, or stands alone.
  void add(std::string_view name, const CifToken& value, bool new_row) {
    if (ascii_starts_with(name, "_array_structure_list."))
      add_axis(name.substr(22), value, new_row);
    else if (ascii_starts_with(name, "_diffrn_scan_axis."))
      add_scan_axis(name.substr(18), value.text, new_row);
    else if (ascii_starts_with(name, "_array_"))
      add_array(name, value.text);
    else if (ascii_starts_with(name, "_diffrn_"))
      add_diffraction(name, value.text);
  }

 private:
  static std::optional<double> number(std::string_view text) {
    double value = 0;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, value);
    if (error != std::errc{} || end == text.data() || !std::isfinite(value)) return std::nullopt;
    return value;
  }

  static void set_positive(std::optional<double>& fact, std::string_view text, double scale = 1) {
    const auto value = number(text);
    if (!fact && value && *value > 0) fact = *value * scale;
  }

  static void set_text(std::string& fact, std::string_view text) {
    if (fact.empty() && text != "." && text != "?") fact = std::string(trimmed(text));
  }

  void add_axis(std::string_view column, const CifToken& value, bool new_row) {
    auto& axes = items_.axes;
    if (axes.size() == axis_limit) return;
    // Columns given as single items describe one row.
    if (axes.empty() || new_row) axes.emplace_back();
    if (ascii_equal(column, "array_id")) axes.back().array_id = value.text;
    if (ascii_equal(column, "precedence")) axes.back().precedence = value.text;
    if (ascii_equal(column, "dimension")) {
      axes.back().dimension = value.text;
      axes.back().offset = value.offset;
    }
  }

  /// The scan's own axis is the one that moves.
  void add_scan_axis(std::string_view column, std::string_view text, bool new_row) {
    if (new_row) axis_ = {};
    if (ascii_equal(column, "axis_id")) axis_.id = text;
    if (ascii_equal(column, "angle_start")) axis_.start = number(text);
    if (ascii_equal(column, "angle_increment")) axis_.increment = number(text);
    if (!axis_.start || !axis_.increment || *axis_.increment == 0) return;
    info_.start_angle_deg = axis_.start;
    info_.angle_increment_deg = axis_.increment;
    info_.oscillation_axis = std::string(axis_.id);
    axis_ = {};
  }

  void add_array(std::string_view name, std::string_view text) {
    if (ascii_equal(name, "_array_data.header_contents") && items_.header_contents.empty())
      items_.header_contents = text;
    if (ascii_equal(name, "_array_structure.encoding_type")) {
      if (items_.arrays++ == 0) items_.encoding_type = text;
    }
    if (ascii_equal(name, "_array_intensities.overload")) set_positive(info_.count_cutoff, text);
    if (ascii_equal(name, "_array_element_size.size")) {  // metres, the fast axis first
      auto& size = info_.pixel_width_um ? info_.pixel_height_um : info_.pixel_width_um;
      set_positive(size, text, 1e6);
    }
  }

  void add_diffraction(std::string_view name, std::string_view text) {
    if (ascii_equal(name, "_diffrn_radiation_wavelength.wavelength"))
      set_positive(info_.wavelength_angstrom, text);
    if (ascii_equal(name, "_diffrn_measurement.sample_detector_distance"))
      set_positive(info_.distance_mm, text);
    if (ascii_equal(name, "_diffrn_scan_frame.integration_time"))
      set_positive(info_.exposure_s, text);
    if (ascii_equal(name, "_diffrn_scan_frame.exposure_time")) set_positive(info_.period_s, text);
    if (ascii_equal(name, "_diffrn_scan_frame.date")) set_text(info_.timestamp, text);
    if (ascii_equal(name, "_diffrn_detector.type")) set_text(info_.detector, text);
  }

  struct ScanAxis {
    std::string_view id;
    std::optional<double> start, increment;
  };

  CbfItems& items_;
  FrameInfo& info_;
  ScanAxis axis_;
};

/// Reads the names of a loop and hands its values over, row by row; returns the token after it.
CifToken read_loop(CifTokens& tokens, ItemCollector& collector) {
  std::vector<std::string_view> names;
  CifToken token = tokens.next();
  for (; token.kind == CifKind::name; token = tokens.next()) names.push_back(token.text);
  for (std::size_t i = 0; token.kind == CifKind::value; token = tokens.next(), ++i)
    if (!names.empty()) collector.add(names[i % names.size()], token, i % names.size() == 0);
  return token;
}

}  // namespace

CbfItems parse_cbf_items(std::string_view text, FrameInfo& info) {
  CbfItems items;
  ItemCollector collector(items, info);
  CifTokens tokens(text);
  CifToken token = tokens.next();
  while (token.kind != CifKind::end) {
    if (token.kind == CifKind::loop) {
      token = read_loop(tokens, collector);
      continue;
    }
    if (token.kind == CifKind::name) {
      const std::string_view name = token.text;
      token = tokens.next();
      if (token.kind != CifKind::value) continue;
      collector.add(name, token, false);
    }
    token = tokens.next();
  }
  return items;
}

}  // namespace quickbeam::io
