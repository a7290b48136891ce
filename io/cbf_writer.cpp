// SPDX-License-Identifier: BSD-3-Clause
// Writes a mini-CBF as DECTRIS detectors do: text header, MIME header, marker, data, padding.
#include <charconv>
#include <cstring>
#include <string>

#include <quickbeam/core/error.hpp>

#include "io/cbf.hpp"
#include "io/cbf_mime.hpp"
#include "io/md5.hpp"

namespace quickbeam::io {
namespace {

constexpr std::size_t padding = 4095;

std::string number_text(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

/// Text that cannot end the line or the field it stands in.
std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return line;
}

/// A CIF data block name: no blanks, printable ASCII only.
std::string block_name(std::string_view name) {
  std::string block(name.empty() ? "image" : name);
  for (char& c : block)
    if (c <= 0x20 || c > 0x7e) c = '_';
  return block;
}

class MiniHeader {
 public:
  explicit MiniHeader(std::string& out) : out_(out) {}

  void line(const std::string& text) { out_ += "# " + text + "\r\n"; }
  void text(const char* key, const std::string& value) {
    if (!value.empty()) line(key + one_line(value));
  }
  /// `divisor` is a power of ten, so the quotient is the decimal number a person would write.
  void number(const char* key, const std::optional<double>& value, const char* unit,
              double divisor = 1) {
    if (value) line(key + number_text(*value / divisor) + unit);
  }

 private:
  std::string& out_;
};

void add_detector(MiniHeader& header, const FrameInfo& info) {
  if (!info.detector.empty() || !info.serial_number.empty())
    header.line("Detector: " + one_line(info.detector) +
                (info.serial_number.empty() ? "" : ", S/N " + one_line(info.serial_number)));
  header.text("", info.timestamp);
  if (info.pixel_width_um) {
    const double height = info.pixel_height_um.value_or(*info.pixel_width_um);
    header.line("Pixel_size " + number_text(*info.pixel_width_um / 1e6) + " m x " +
                number_text(height / 1e6) + " m");
  }
  if (info.sensor_thickness_um)
    header.line(one_line(info.sensor_material.empty() ? "Silicon" : info.sensor_material) +
                " sensor, thickness " + number_text(*info.sensor_thickness_um / 1e6) + " m");
}

void add_exposure(MiniHeader& header, const FrameInfo& info) {
  header.number("Exposure_time ", info.exposure_s, " s");
  header.number("Exposure_period ", info.period_s, " s");
  header.number("Tau = ", info.tau_s, " s");
  header.number("Count_cutoff ", info.count_cutoff, " counts");
  header.number("Threshold_setting: ", info.threshold_ev, " eV");
  if (info.excluded_pixels)
    header.line("N_excluded_pixels = " + std::to_string(*info.excluded_pixels));
  header.text("Image_path: ", info.image_path);
}

void add_geometry(MiniHeader& header, const FrameInfo& info) {
  header.number("Wavelength ", info.wavelength_angstrom, " A");
  header.number("Detector_distance ", info.distance_mm, " m", 1e3);
  if (info.beam_x_px && info.beam_y_px)
    header.line("Beam_xy (" + number_text(*info.beam_x_px) + ", " + number_text(*info.beam_y_px) +
                ") pixels");
  header.number("Flux ", info.flux, "");
  header.number("Filter_transmission ", info.transmission, "");
  header.number("Start_angle ", info.start_angle_deg, " deg.");
  header.number("Angle_increment ", info.angle_increment_deg, " deg.");
  header.number("Detector_2theta ", info.two_theta_deg, " deg.");
  header.text("Oscillation_axis ", info.oscillation_axis);
}

std::string element_type(PixelType type) {
  return std::string(is_signed(type) ? "signed " : "unsigned ") +
         std::to_string(size_of(type) * 8) + "-bit integer";
}

std::string mime_header(const Payload& payload, CbfMd5 md5) {
  std::string text = std::string(cbf_boundary) +
                     "\r\n"
                     "Content-Type: application/octet-stream;\r\n"
                     "     conversions=\"x-CBF_BYTE_OFFSET\"\r\n"
                     "Content-Transfer-Encoding: BINARY\r\n";
  const auto add = [&](const char* key, const std::string& value) {
    text += std::string(key) + ": " + value + "\r\n";
  };
  add("X-Binary-Size", std::to_string(payload.bytes.size()));
  add("X-Binary-ID", "1");
  add("X-Binary-Element-Type", '"' + element_type(payload.type) + '"');
  add("X-Binary-Element-Byte-Order", "LITTLE_ENDIAN");
  if (md5 == CbfMd5::yes) add("Content-MD5", to_base64(md5_of(payload.bytes)));
  add("X-Binary-Number-of-Elements", std::to_string(payload.extent.pixels() * payload.depth));
  add("X-Binary-Size-Fastest-Dimension", std::to_string(payload.extent.width));
  add("X-Binary-Size-Second-Dimension", std::to_string(payload.extent.height));
  if (payload.depth > 1) add("X-Binary-Size-Third-Dimension", std::to_string(payload.depth));
  add("X-Binary-Size-Padding", std::to_string(padding));
  return text + "\r\n";
}

std::string text_before_data(const Payload& payload, const FrameInfo& info, const std::string& name,
                             CbfMd5 md5) {
  std::string text = "###CBF: VERSION 1.5, quickbeam\r\n\r\ndata_" + block_name(name) +
                     "\r\n\r\n"
                     "_array_data.header_convention \"PILATUS_1.2\"\r\n"
                     "_array_data.header_contents\r\n;\r\n";
  MiniHeader header(text);
  add_detector(header, info);
  add_exposure(header, info);
  add_geometry(header, info);
  text += ";\r\n\r\n_array_data.data\r\n;\r\n" + mime_header(payload, md5);
  return text.append(cbf_marker);
}

void check_writable(const Payload& payload, const std::string& name) {
  const bool writable = payload.encoding == Encoding::byte_offset && !is_floating(payload.type) &&
                        !payload.extent.empty() && payload.depth > 0;
  if (writable) return;
  ErrorInfo info;
  info.code = ErrorCode::usage;
  info.path = name;
  info.format = "CBF";
  info.field = "pixels";
  info.expected = "integers encoded as byte-offset";
  info.found = std::string(name_of(payload.type)) + " as " + std::string(name_of(payload.encoding));
  fail(std::move(info));
}

}  // namespace

std::span<const std::byte> encode_cbf(const Payload& payload, const FrameInfo& info,
                                      const std::string& name, CbfMd5 md5, Buffer<std::byte>& out) {
  check_writable(payload, name);
  const std::string head = text_before_data(payload, info, name, md5);
  const std::string tail = "\r\n" + std::string(cbf_boundary) + "--\r\n;\r\n\r\n";
  const std::size_t data = payload.bytes.size();
  std::byte* at = out.resize(head.size() + data + padding + tail.size()).data();
  std::memcpy(at, head.data(), head.size());
  at += head.size();
  if (data != 0) std::memcpy(at, payload.bytes.data(), data);
  std::memset(at + data, 0, padding);
  std::memcpy(at + data + padding, tail.data(), tail.size());
  return out.span();
}

}  // namespace quickbeam::io
