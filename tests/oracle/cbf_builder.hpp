// SPDX-License-Identifier: BSD-3-Clause
// Builds CBF files byte by byte, right ones and wrong ones; shares no code with the reader or the
// writer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quickbeam::oracle {

/// Byte-offset data of small pixels, the slow and obvious way (CBFlib manual, section 3.3.3).
inline std::string byte_offset_data(const std::vector<std::int64_t>& pixels) {
  std::string out;
  const auto put = [&](std::int64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
      out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
  };
  std::int64_t base = 0;
  for (const std::int64_t pixel : pixels) {
    const std::int64_t delta = pixel - base;
    base = pixel;
    if (delta >= -127 && delta <= 127) {
      put(delta, 1);
    } else if (delta >= -32767 && delta <= 32767) {
      put(0x80, 1);
      put(delta, 2);
    } else if (delta >= -2147483647 && delta <= 2147483647) {
      put(0x80, 1);
      put(0x8000, 2);
      put(delta, 4);
    } else {
      put(0x80, 1);
      put(0x8000, 2);
      put(0x80000000, 4);
      put(delta, 8);
    }
  }
  return out;
}

/// One binary section; every part may be replaced by something wrong.
struct CbfSectionParts {
  std::string content_type = "application/octet-stream;\r\n     conversions=\"x-CBF_BYTE_OFFSET\"";
  /// Key and value, written in this order; see set() and drop().
  std::vector<std::pair<std::string, std::string>> fields;
  std::string before_fields;  ///< raw header text
  std::string after_fields;   ///< raw header text
  std::string blank = "\r\n";
  std::string marker = "\x0c\x1a\x04\xd5";
  std::string data;
  std::string padding;
  std::string closing = "\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n";

  void set(std::string_view key, std::string value) {
    for (auto& field : fields)
      if (field.first == key) {
        field.second = std::move(value);
        return;
      }
    fields.emplace_back(key, std::move(value));
  }
  void drop(std::string_view key) {
    std::erase_if(fields, [&](const auto& field) { return field.first == key; });
  }
};

/// A whole file.
struct CbfParts {
  std::string magic = "###CBF: VERSION 1.5, a test\r\n";
  std::string text = "\r\ndata_test\r\n\r\n";
  std::vector<CbfSectionParts> sections;

  CbfSectionParts& section() { return sections.front(); }

  std::string bytes() const {
    std::string out = magic + text;
    for (const auto& part : sections) {
      out += "_array_data.data\r\n;\r\n--CIF-BINARY-FORMAT-SECTION--\r\n" + part.before_fields;
      if (!part.content_type.empty()) out += "Content-Type: " + part.content_type + "\r\n";
      for (const auto& [key, value] : part.fields) out += key + ": " + value + "\r\n";
      out += part.after_fields + part.blank + part.marker + part.data + part.padding + part.closing;
    }
    return out;
  }
};

/// A good section of `width` x `height` signed 32-bit pixels, byte-offset, no padding.
inline CbfSectionParts good_section(const std::vector<std::int64_t>& pixels, int width,
                                    int height) {
  CbfSectionParts part;
  part.data = byte_offset_data(pixels);
  part.fields = {{"Content-Transfer-Encoding", "BINARY"},
                 {"X-Binary-Size", std::to_string(part.data.size())},
                 {"X-Binary-ID", "1"},
                 {"X-Binary-Element-Type", "\"signed 32-bit integer\""},
                 {"X-Binary-Element-Byte-Order", "LITTLE_ENDIAN"},
                 {"X-Binary-Number-of-Elements", std::to_string(pixels.size())},
                 {"X-Binary-Size-Fastest-Dimension", std::to_string(width)},
                 {"X-Binary-Size-Second-Dimension", std::to_string(height)}};
  return part;
}

/// A good file of 8 x 4 pixels with deltas of every length but the longest.
inline CbfParts good_cbf() {
  std::vector<std::int64_t> pixels(32);
  for (int i = 0; i < 32; ++i) pixels[static_cast<std::size_t>(i)] = i % 5;
  pixels[3] = -1;
  pixels[9] = 300;
  pixels[17] = 1046527;
  CbfParts file;
  file.sections.push_back(good_section(pixels, 8, 4));
  return file;
}

/// The mini header a PILATUS writes, as the text field of _array_data.header_contents.
inline std::string pilatus_text() {
  return "\r\ndata_test\r\n\r\n"
         "_array_data.header_convention \"PILATUS_1.2\"\r\n"
         "_array_data.header_contents\r\n;\r\n"
         "# Detector: PILATUS3 6M, S/N 60-0119\r\n"
         "# 2019-09-11T13:20:28.989\r\n"
         "# Pixel_size 172e-6 m x 172e-6 m\r\n"
         "# Silicon sensor, thickness 0.000450 m\r\n"
         "# Exposure_time 0.0190000 s\r\n"
         "# Exposure_period 0.0200000 s\r\n"
         "# Tau = 199.1e-09 s\r\n"
         "# Count_cutoff 115897 counts\r\n"
         "# Threshold_setting: 6400 eV\r\n"
         "# N_excluded_pixels = 609\r\n"
         "# Image_path: /ramdisk/2019/thaumatin/\r\n"
         "# Wavelength 0.96859 A\r\n"
         "# Detector_distance 0.35100 m\r\n"
         "# Beam_xy (1261.61, 1306.96) pixels\r\n"
         "# Flux 1.396021\r\n"
         "# Filter_transmission 0.2547\r\n"
         "# Start_angle 89.9997 deg.\r\n"
         "# Angle_increment 0.1000 deg.\r\n"
         "# Detector_2theta 0.0000 deg.\r\n"
         "# Oscillation_axis X.CW +SLOW\r\n"
         ";\r\n\r\n";
}

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace quickbeam::oracle
