// SPDX-License-Identifier: BSD-3-Clause
// Header facts with their units, from mini headers and from imgCIF items.
#include <gtest/gtest.h>

#include <string>

#include "io/cbf.hpp"
#include "tests/oracle/cbf_builder.hpp"

namespace quickbeam::io {
namespace {

using oracle::as_bytes;
using oracle::CbfParts;
using oracle::good_cbf;

constexpr ReadOptions strict{.strictness = Strictness::strict};

TEST(MiniHeader, PilatusFacts) {
  FrameInfo info;
  parse_mini_header(oracle::pilatus_text(), info);
  EXPECT_EQ(info.detector, "PILATUS3 6M");
  EXPECT_EQ(info.serial_number, "60-0119");
  EXPECT_EQ(info.timestamp, "2019-09-11T13:20:28.989");
  EXPECT_EQ(info.pixel_width_um, 172.0);
  EXPECT_EQ(info.pixel_height_um, 172.0);
  EXPECT_EQ(info.sensor_material, "Silicon");
  EXPECT_EQ(info.sensor_thickness_um, 450.0);
  EXPECT_EQ(info.exposure_s, 0.019);
  EXPECT_EQ(info.period_s, 0.02);
  EXPECT_EQ(info.tau_s, 199.1e-9);
  EXPECT_EQ(info.count_cutoff, 115897.0);
  EXPECT_EQ(info.threshold_ev, 6400.0);
  EXPECT_EQ(info.excluded_pixels, 609);
  EXPECT_EQ(info.image_path, "/ramdisk/2019/thaumatin/");
  EXPECT_EQ(info.wavelength_angstrom, 0.96859);
  EXPECT_EQ(info.distance_mm, 351.0);
  EXPECT_EQ(info.beam_x_px, 1261.61);
  EXPECT_EQ(info.beam_y_px, 1306.96);
  EXPECT_EQ(info.flux, 1.396021);
  EXPECT_EQ(info.transmission, 0.2547);
  EXPECT_EQ(info.start_angle_deg, 89.9997);
  EXPECT_EQ(info.angle_increment_deg, 0.1);
  EXPECT_EQ(info.two_theta_deg, 0.0);
  EXPECT_EQ(info.oscillation_axis, "X.CW +SLOW");
  EXPECT_TRUE(info.notices.empty());
}

TEST(MiniHeader, OtherSpellings) {
  FrameInfo info;
  parse_mini_header(
      "# Detector: Dectris EIGER2 X 16M, S/N E-32-0123\n"
      "# 2011/Jun/20 13:20:28\n"
      "# Pixel_size 0.075 mm x 0.1 mm\n"
      "# CdTe sensor, thickness 750 um\n"
      "# Exposure_time = 19 ms\n"
      "# Count_cutoff: 65535\n"
      "# Threshold_setting: 6.35 keV\n"
      "# wavelength 0.97625A\n"
      "Detector_distance: 291.47 mm\n"
      "# Beam_xy = 1229.30 1200.48\n"
      "# Start_angle +45.0 deg\n"
      "# Image_path: a \\\n#   b\n",
      info);
  EXPECT_EQ(info.detector, "Dectris EIGER2 X 16M");
  EXPECT_EQ(info.serial_number, "E-32-0123");
  EXPECT_EQ(info.timestamp, "2011/Jun/20 13:20:28");
  EXPECT_EQ(info.pixel_width_um, 75.0);
  EXPECT_EQ(info.pixel_height_um, 100.0);
  EXPECT_EQ(info.sensor_material, "CdTe");
  EXPECT_EQ(info.sensor_thickness_um, 750.0);
  EXPECT_EQ(info.exposure_s, 0.019);
  EXPECT_EQ(info.count_cutoff, 65535.0);
  EXPECT_EQ(info.threshold_ev, 6350.0);
  EXPECT_EQ(info.wavelength_angstrom, 0.97625);
  EXPECT_EQ(info.distance_mm, 291.47);
  EXPECT_EQ(info.beam_x_px, 1229.30);
  EXPECT_EQ(info.beam_y_px, 1200.48);
  EXPECT_EQ(info.start_angle_deg, 45.0);
  EXPECT_EQ(info.image_path, "a  b");
  EXPECT_TRUE(info.notices.empty());
}

TEST(MiniHeader, ImplausibleValuesCountAsAbsent) {
  FrameInfo info;
  parse_mini_header(
      "# Detector_distance -1 m\n# Wavelength -1 A\n# Count_cutoff inf counts\n"
      "# Exposure_time nan s\n# Threshold_setting: not set\n# Beam_xy (600.5, 700.5) mm\n"
      "# Tau = 1e999 s\n",
      info);
  EXPECT_FALSE(info.distance_mm || info.wavelength_angstrom || info.count_cutoff ||
               info.exposure_s || info.threshold_ev || info.beam_x_px || info.tau_s);
  ASSERT_EQ(info.notices.size(), 5U);
  EXPECT_NE(info.notices[0].find("Detector_distance: -1 m"), std::string::npos);
}

TEST(ImgCif, FactsOfAFullHeader) {
  CbfParts parts = good_cbf();
  parts.text =
      "data_x\r\n_diffrn_detector.type 'CS PAD'\r\n"
      "_diffrn_radiation_wavelength.wavelength 1.272607\r\n"
      "_diffrn_measurement.sample_detector_distance 291.47\r\n"
      "loop_\r\n_array_intensities.array_id\r\n_array_intensities.overload\r\nA 90000\r\n"
      "loop_\r\n_array_element_size.index\r\n_array_element_size.size\r\n1 0.00011\r\n2 0.00012\r\n"
      "loop_\r\n_diffrn_scan_axis.axis_id\r\n_diffrn_scan_axis.angle_start\r\n"
      "_diffrn_scan_axis.angle_increment\r\nPHI 0 0\r\nOMEGA 45.5 0.1\r\n"
      "_diffrn_scan_frame.integration_time 0.0\r\n_diffrn_scan_frame.date 2013-03-01T06:08\r\n";
  const std::string bytes = parts.bytes();
  const FrameInfo info = parse_cbf(as_bytes(bytes), "a.cbf", strict).info;
  EXPECT_EQ(info.detector, "CS PAD");
  EXPECT_EQ(info.wavelength_angstrom, 1.272607);
  EXPECT_EQ(info.distance_mm, 291.47);
  EXPECT_EQ(info.count_cutoff, 90000.0);
  EXPECT_NEAR(info.pixel_width_um.value(), 110, 1e-9);
  EXPECT_NEAR(info.pixel_height_um.value(), 120, 1e-9);
  EXPECT_EQ(info.start_angle_deg, 45.5);
  EXPECT_EQ(info.angle_increment_deg, 0.1);
  EXPECT_EQ(info.oscillation_axis, "OMEGA");
  EXPECT_EQ(info.timestamp, "2013-03-01T06:08");
  EXPECT_FALSE(info.exposure_s);
}

}  // namespace
}  // namespace quickbeam::io
