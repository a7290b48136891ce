// SPDX-License-Identifier: BSD-3-Clause
// Facts of a mini header: lines "# Key value unit" as PILATUS, EIGER, LImA and converters write.
#include <algorithm>
#include <array>
#include <numbers>
#include <string>

#include <quickbeam/core/error.hpp>

#include "io/ascii.hpp"
#include "io/cbf.hpp"
#include "io/header_quantity.hpp"

namespace quickbeam::io {
namespace {

constexpr std::string_view separators = " \t\r=:(,)#";

/// The units a key may have; the first is meant when none is written. Powers of ten, so that the
/// decimal number in the file is scaled exactly.
struct Unit {
  std::string_view name;
  int exponent;
};
using Units = std::span<const Unit>;

constexpr Unit angstrom[] = {{"A", 0}, {"Angstrom", 0}, {"Angstroms", 0}, {"nm", 1}, {"m", 10}};
constexpr Unit metre_to_mm[] = {{"m", 3}, {"cm", 1}, {"mm", 0}, {"um", -3}};
constexpr Unit metre_to_um[] = {{"m", 6}, {"cm", 4}, {"mm", 3}, {"um", 0}};
constexpr Unit second[] = {{"s", 0}, {"sec", 0}, {"ms", -3}, {"us", -6}, {"ns", -9}};
constexpr Unit electronvolt[] = {{"eV", 0}, {"keV", 3}};
constexpr Unit degree[] = {{"deg", 0}, {"deg.", 0}, {"degree", 0}, {"degrees", 0}};
constexpr Unit pixel[] = {{"pixels", 0}, {"pixel", 0}, {"px", 0}};
constexpr Unit any_unit[] = {{"", 0}};

enum class Range : unsigned char { any, not_negative, positive };

/// One key with one number and where it goes.
struct NumberKey {
  std::string_view key;
  std::optional<double> FrameInfo::*fact;
  Units units;
  Range range;
};

constexpr NumberKey number_keys[] = {
    {"Wavelength", &FrameInfo::wavelength_angstrom, angstrom, Range::positive},
    {"Detector_distance", &FrameInfo::distance_mm, metre_to_mm, Range::positive},
    {"Exposure_time", &FrameInfo::exposure_s, second, Range::positive},
    {"Exposure_period", &FrameInfo::period_s, second, Range::positive},
    {"Count_cutoff", &FrameInfo::count_cutoff, any_unit, Range::positive},
    {"Threshold_setting", &FrameInfo::threshold_ev, electronvolt, Range::positive},
    {"Tau", &FrameInfo::tau_s, second, Range::not_negative},
    {"Start_angle", &FrameInfo::start_angle_deg, degree, Range::any},
    {"Angle_increment", &FrameInfo::angle_increment_deg, degree, Range::any},
    {"Detector_2theta", &FrameInfo::two_theta_deg, degree, Range::any},
    {"Filter_transmission", &FrameInfo::transmission, any_unit, Range::not_negative},
    {"Flux", &FrameInfo::flux, any_unit, Range::not_negative},
};

bool is_blank_value(std::string_view word) {
  constexpr std::string_view words[] = {"",    "not", "none",    "unset", "undefined",
                                        "nan", "n/a", "unknown", "?",     "."};
  return std::any_of(std::begin(words), std::end(words),
                     [&](auto blank) { return ascii_equal(word, blank); });
}

void add_notice(FrameInfo& info, std::string_view key, std::string_view value) {
  constexpr std::size_t notice_limit = 32;  // a hostile header could make thousands
  if (info.notices.size() >= notice_limit) return;
  info.notices.push_back(std::string(key) + ": " + printable(trimmed(value), 40) +
                         " is no plausible value, so it counts as absent");
}

/// The first quantity of `rest`, or nothing with a notice when it is neither blank nor plausible.
std::optional<double> take_quantity(std::string_view& rest, std::string_view key, Units units,
                                    Range range, FrameInfo& info) {
  const std::string_view value = rest;
  const std::string_view word = take_word(rest, separators);
  if (is_blank_value(word)) return std::nullopt;
  HeaderNumber number = split_number(word);
  std::string_view after = rest;
  // The unit is glued to the number, or the word behind it when that word is a unit at all.
  const std::string_view unit = number.unit.empty() ? take_word(after, separators) : number.unit;
  const auto is_named = [&](const Unit& u) { return ascii_equal(u.name, unit); };
  auto at = std::find_if(units.begin(), units.end(), is_named);
  if (at != units.end() && number.unit.empty()) rest = after;
  if (at == units.end()) at = units.begin();
  const auto scaled = scaled_number(number.digits, at->exponent);
  const bool plausible = scaled && (range == Range::any || *scaled > 0 ||
                                    (range == Range::not_negative && *scaled == 0));
  if (plausible) return scaled;
  add_notice(info, key, value);
  return std::nullopt;
}

/// A value that cannot be used never hides one from another part of the file.
void set_if(std::optional<double>& fact, std::optional<double> value) {
  if (value) fact = value;
}

void add_pixel_size(std::string_view rest, FrameInfo& info) {
  const auto width = take_quantity(rest, "Pixel_size", metre_to_um, Range::positive, info);
  std::string_view ahead = rest;
  if (ascii_equal(take_word(ahead, separators), "x")) rest = ahead;
  const auto height = take_quantity(rest, "Pixel_size", metre_to_um, Range::positive, info);
  if (!width) return;
  info.pixel_width_um = width;
  info.pixel_height_um = height ? height : width;
}

void add_beam(std::string_view rest, FrameInfo& info) {
  const auto x = take_quantity(rest, "Beam_xy", pixel, Range::any, info);
  const auto y = take_quantity(rest, "Beam_xy", pixel, Range::any, info);
  const std::string_view unit = take_word(rest, separators);
  if (!x || !y) return;
  if (unit.starts_with("mm") || unit == "m") return add_notice(info, "Beam_xy in", unit);
  info.beam_x_px = x;
  info.beam_y_px = y;
}

/// "PILATUS3 6M, S/N 60-0119"
void add_detector(std::string_view rest, FrameInfo& info) {
  const std::size_t serial = rest.find("S/N");
  info.detector = std::string(trimmed(rest.substr(0, serial), " \t\r,:="));
  if (serial != std::string_view::npos)
    info.serial_number = std::string(trimmed(rest.substr(serial + 3), " \t\r,:="));
}

/// "Silicon sensor, thickness 0.000450 m"
bool add_sensor(std::string_view line, FrameInfo& info) {
  const std::size_t sensor = line.find(" sensor");
  const std::size_t thickness = line.find("thickness");
  if (sensor == std::string_view::npos || thickness == std::string_view::npos) return false;
  info.sensor_material = std::string(trimmed(line.substr(0, sensor)));
  std::string_view rest = line.substr(thickness + 9);
  set_if(info.sensor_thickness_um,
         take_quantity(rest, "thickness", metre_to_um, Range::positive, info));
  return true;
}

/// 2019-09-11T13:20:28.989, 2011/Jun/20 13:20:28 and the like stand alone on their line.
bool is_timestamp(std::string_view line) {
  const auto is_digit = [](char c) { return '0' <= c && c <= '9'; };
  return line.size() >= 16 && std::all_of(line.begin(), line.begin() + 4, is_digit) &&
         (line[4] == '-' || line[4] == '/') && line.find(':') != std::string_view::npos;
}

void add_line(std::string_view line, FrameInfo& info) {
  line = trimmed(line);
  if (line.starts_with('#')) line = trimmed(line.substr(1));
  if (is_timestamp(line)) {
    info.timestamp = std::string(line);
    return;
  }
  if (add_sensor(line, info)) return;
  std::string_view rest = line;
  const std::string_view key = take_word(rest, separators);
  const std::string_view text = trimmed(rest, " \t\r=:");
  for (const auto& known : number_keys)
    if (ascii_equal(key, known.key))
      set_if(info.*known.fact, take_quantity(rest, known.key, known.units, known.range, info));
  if (ascii_equal(key, "Pixel_size")) add_pixel_size(rest, info);
  if (ascii_equal(key, "Beam_xy")) add_beam(rest, info);
  if (ascii_equal(key, "Detector")) add_detector(rest, info);
  if (ascii_equal(key, "Oscillation_axis")) info.oscillation_axis = std::string(text);
  if (ascii_equal(key, "Image_path")) info.image_path = std::string(text);
  if (ascii_equal(key, "N_excluded_pixels")) {
    const auto count = take_quantity(rest, key, any_unit, Range::not_negative, info);
    if (count && *count < 1e15) info.excluded_pixels = static_cast<std::int64_t>(*count);
  }
}

}  // namespace

void parse_mini_header(std::string_view text, FrameInfo& info) {
  while (!text.empty()) {
    std::string_view line = trimmed(take_until(text, '\n'), "\r");
    if (!line.ends_with('\\')) {
      add_line(line, info);
      continue;
    }
    std::string joined;  // a line that ends in a backslash goes on in the next
    for (; line.ends_with('\\'); line = trimmed(take_until(text, '\n'), " \t\r#"))
      joined.append(line.substr(0, line.size() - 1)).append(" ");
    add_line(joined.append(line), info);
  }
}

}  // namespace quickbeam::io
