// SPDX-License-Identifier: BSD-3-Clause
// STAR to .xmd and back: what both programs know passes, with its units.
#include "io/shared_columns.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "io/set_writer.hpp"
#include "tests/io/files.hpp"
#include "tests/oracle/star_lines.hpp"

namespace quickbeam::io {
namespace {

using oracle::star_lines;
using oracle::StarLines;
using test::bytes_of;
using test::expect_error;
using test::read_text;
using test::TemporaryFolder;
using Values = std::vector<std::string>;

struct Written {
  std::string text;
  std::vector<std::string> notices;
  StarLines table(const std::string& block) const { return star_lines(text).at(block); }
};

/// Writes the set in `source` as `name`; `pixel` is the new pixel size of every group.
Written convert(const std::string& source, const std::string& name,
                std::optional<double> pixel = {}) {
  const bool to_xmd = name.ends_with(".xmd");
  const ParticleSet set = parse_particle_set(bytes_of(source), to_xmd ? "in.star" : "in.xmd");
  const std::vector<GroupTarget> groups(set.groups.size(), {"", pixel, std::nullopt});
  const TemporaryFolder folder;
  Written written;
  written.notices = write_particle_set(folder / name, set, {groups}, bytes_of(source));
  written.text = read_text(folder / name);
  return written;
}

std::vector<double> numbers(const Values& values) {
  std::vector<double> numbers;
  for (const std::string& value : values) numbers.push_back(std::stod(value));
  return numbers;
}

const std::string star31 =
    "# version 30001\n\ndata_optics\n\nloop_\n_rlnOpticsGroup\n_rlnOpticsGroupName\n"
    "_rlnImagePixelSize\n_rlnVoltage\n_rlnSphericalAberration\n_rlnAmplitudeContrast\n"
    "_rlnMtfFileName\n7 fine 1.25 300 2.7 0.1 mtf.star\n3 coarse 2.5 200 2 0.07 mtf.star\n\n"
    "data_particles\n\nloop_\n_rlnImageName\n_rlnOpticsGroup\n_rlnAngleRot\n_rlnAngleTilt\n"
    "_rlnAnglePsi\n_rlnOriginXAngst\n_rlnOriginYAngst\n_rlnDefocusU\n_rlnDefocusV\n"
    "_rlnDefocusAngle\n_rlnMicrographName\n_rlnCoordinateX\n_rlnCoordinateY\n_rlnClassNumber\n"
    "_rlnNormCorrection\n"
    "1@a.mrcs 7 10.50 20 -30 2.5 -5 12345.60 12000 45.1 m/1.mrc 10.4 20.6 2 0.9\n"
    "2@a.mrcs 3 0 0 0 2.5 -5 12345 12000 45 m/2.mrc -0.6 7 1 0.8\n";

TEST(SharedColumns, FromRelion31ToXmipp) {
  const Written written = convert(star31, "out.xmd");
  const StarLines table = written.table("noname");
  EXPECT_EQ(table.column("_image"), (Values{"000001@a.mrcs", "000002@a.mrcs"}));
  EXPECT_EQ(table.column("_angleRot"), (Values{"10.50", "0"})) << "digits stay";
  EXPECT_EQ(table.column("_angleTilt"), (Values{"20", "0"}));
  EXPECT_EQ(table.column("_anglePsi"), (Values{"-30", "0"}));
  EXPECT_EQ(table.column("_shiftX"), (Values{"2", "1"})) << "angstrom over those a pixel";
  EXPECT_EQ(table.column("_shiftY"), (Values{"-4", "-2"}));
  EXPECT_EQ(table.column("_ctfDefocusU"), (Values{"12345.60", "12345"}));
  EXPECT_EQ(table.column("_ctfDefocusV"), (Values{"12000", "12000"}));
  EXPECT_EQ(table.column("_ctfDefocusAngle"), (Values{"45.1", "45"}));
  EXPECT_EQ(table.column("_samplingRate"), (Values{"1.25", "2.5"}));
  EXPECT_EQ(table.column("_ctfVoltage"), (Values{"300", "200"}));
  EXPECT_EQ(table.column("_ctfSphericalAberration"), (Values{"2.7", "2"}));
  EXPECT_EQ(table.column("_ctfQ0"), (Values{"0.1", "0.07"}));
  EXPECT_EQ(table.column("_micrograph"), (Values{"m/1.mrc", "m/2.mrc"}));
  EXPECT_EQ(table.column("_xcoor"), (Values{"10", "-1"})) << "whole numbers in Xmipp";
  EXPECT_EQ(table.column("_ycoor"), (Values{"21", "7"}));
  EXPECT_EQ(table.column("_ref"), (Values{"2", "1"}));
  EXPECT_EQ(written.notices,
            (Values{"not taken over from in.star: _rlnOpticsGroupName, _rlnMtfFileName, "
                    "_rlnNormCorrection"}));
}

const std::string xmd =
    "# XMIPP_STAR_1 * \ndata_noname\nloop_\n _image\n _enabled\n _angleRot\n _angleTilt\n"
    " _anglePsi\n _shiftX\n _shiftY\n _flip\n _samplingRate\n _ctfVoltage\n"
    " _ctfSphericalAberration\n _ctfQ0\n _ctfDefocusU\n _ctfDefocusV\n _ctfDefocusAngle\n"
    " _micrograph\n _xcoor\n _ycoor\n _ref\n _zScore\n"
    "1@a.stk 1 10.50 20 -30 2 -4 0 1.5 300 2.7 0.1 9000 8000 10 m.mrc 5 6 3 0.1\n"
    "2@a.stk -1 1 1 1 1 1 0 1.5 300 2.7 0.1 9000 8000 10 m.mrc 5 6 3 0.1\n"
    "3@a.stk 1 10.50 20 -30 2 -4 1 3 300 2.7 0.1 9000 8000 10 m.mrc 5 6 4 0.1\n";

TEST(SharedColumns, FromXmippToRelion31) {
  const Written written = convert(xmd, "out.star");
  const StarLines optics = written.table("optics"), table = written.table("particles");
  EXPECT_EQ(optics.column("_rlnImagePixelSize"), (Values{"1.5", "3"}));
  EXPECT_EQ(optics.column("_rlnVoltage"), (Values{"300", "300"}));
  EXPECT_EQ(optics.column("_rlnSphericalAberration"), (Values{"2.7", "2.7"}));
  EXPECT_EQ(optics.column("_rlnAmplitudeContrast"), (Values{"0.1", "0.1"}));
  EXPECT_EQ(table.column("_rlnImageName"), (Values{"000001@a.stk", "000003@a.stk"}));
  EXPECT_EQ(table.column("_rlnAngleRot"), (Values{"10.50", "10.50"}));
  EXPECT_EQ(table.column("_rlnAngleTilt"), (Values{"20", "200"})) << "mirrored: from behind";
  EXPECT_EQ(table.column("_rlnAnglePsi"), (Values{"-30", "30"}));
  EXPECT_EQ(table.column("_rlnOriginXAngst"), (Values{"3", "-6"}));
  EXPECT_EQ(table.column("_rlnOriginYAngst"), (Values{"-6", "-12"}));
  EXPECT_EQ(table.column("_rlnDefocusU"), (Values{"9000", "9000"}));
  EXPECT_EQ(table.column("_rlnDefocusAngle"), (Values{"10", "10"}));
  EXPECT_EQ(table.column("_rlnMicrographName"), (Values{"m.mrc", "m.mrc"}));
  EXPECT_EQ(table.column("_rlnCoordinateX"), (Values{"5", "5"}));
  EXPECT_EQ(table.column("_rlnCoordinateY"), (Values{"6", "6"}));
  EXPECT_EQ(table.column("_rlnClassNumber"), (Values{"3", "4"}));
  EXPECT_EQ(written.notices, (Values{"not taken over from in.xmd: _zScore"}));
}

/// Rows of Euler's matrix (ZYZ), as both programs define it: axes of the image in the object.
std::array<std::array<double, 3>, 3> euler(double rot, double tilt, double psi) {
  const double r = std::numbers::pi / 180, cr = std::cos(rot * r), sr = std::sin(rot * r),
               ct = std::cos(tilt * r), st = std::sin(tilt * r), cp = std::cos(psi * r),
               sp = std::sin(psi * r);
  return {{{cp * ct * cr - sp * sr, cp * ct * sr + sp * cr, -cp * st},
           {-sp * ct * cr - cp * sr, -sp * ct * sr + cp * cr, sp * st},
           {st * cr, st * sr, ct}}};
}

/// The image of the new angles is the mirror image of the old: x runs the other way, y as before.
TEST(SharedColumns, AMirroredImageIsTheViewFromBehind) {
  const StarLines table = convert(xmd, "out.star").table("particles");
  const auto of = [&](std::size_t row) {
    const auto angle = [&](const char* label) { return numbers(table.column(label)).at(row); };
    return euler(angle("_rlnAngleRot"), angle("_rlnAngleTilt"), angle("_rlnAnglePsi"));
  };
  const auto straight = of(0), mirrored = of(1);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(mirrored[0][i], -straight[0][i], 1e-12);
    EXPECT_NEAR(mirrored[1][i], straight[1][i], 1e-12);
    EXPECT_NEAR(mirrored[2][i], -straight[2][i], 1e-12);
  }
}

TEST(SharedColumns, ThereAndBackAgain) {
  std::string rows;
  for (int i = 0; i < 200; ++i)
    rows += std::to_string(i + 1) + "@a.mrcs 7 " + std::to_string(i * 1.8 - 180) + " " +
            std::to_string(i * 0.9) + " " + std::to_string(179 - i) + " " +
            std::to_string(i * 0.317 - 30) + " " + std::to_string(20 - i * 0.211) + " 15000." +
            std::to_string(i) + " 14000 30.5 m" + std::to_string(i) + ".mrc " +
            std::to_string(10 * i) + " 7 " + std::to_string(i % 5) + " 1\n";
  const std::string source = star31.substr(0, star31.find("1@a.mrcs")) + rows;
  const StarLines before = star_lines(source).at("particles");
  const Written there = convert(source, "out.xmd");
  const Written back = convert(there.text, "out.star");
  const StarLines after = back.table("particles");
  for (const char* label : {"_rlnAngleRot", "_rlnAngleTilt", "_rlnAnglePsi", "_rlnDefocusU",
                            "_rlnDefocusV", "_rlnDefocusAngle", "_rlnMicrographName",
                            "_rlnCoordinateX", "_rlnCoordinateY", "_rlnClassNumber"})
    EXPECT_EQ(after.column(label), before.column(label)) << label;
  for (const char* label : {"_rlnOriginXAngst", "_rlnOriginYAngst"}) {
    const auto was = numbers(before.column(label)), is = numbers(after.column(label));
    ASSERT_EQ(is.size(), 200u);
    for (std::size_t i = 0; i < is.size(); ++i) EXPECT_NEAR(is[i], was[i], 1e-13 * 64) << label;
  }
  EXPECT_EQ(back.table("optics").column("_rlnVoltage"), Values{"300"});
  EXPECT_EQ(back.notices, Values{});
  const Written again = convert(back.text, "out.xmd");
  const StarLines first = there.table("noname"), second = again.table("noname");
  EXPECT_EQ(first.labels, second.labels);
  EXPECT_EQ(first.column("_anglePsi"), second.column("_anglePsi"));
}

TEST(SharedColumns, Relion30HasPixels) {
  const std::string source =
      "data_\nloop_\n_rlnImageName\n_rlnDetectorPixelSize\n_rlnMagnification\n_rlnVoltage\n"
      "_rlnAngleRot\n_rlnAngleTilt\n_rlnAnglePsi\n_rlnOriginX\n_rlnOriginY\n"
      "1@a.mrcs 5 25000 300 1 2 3 4.250 -1\n";
  const Written written = convert(source, "out.xmd");
  const StarLines table = written.table("noname");
  EXPECT_EQ(table.column("_samplingRate"), Values{"2"});
  EXPECT_EQ(table.column("_shiftX"), Values{"4.250"}) << "pixels in both";
  EXPECT_EQ(table.column("_shiftY"), Values{"-1"});
  EXPECT_EQ(table.column("_ctfVoltage"), Values{"300"});
  EXPECT_EQ(written.notices, Values{});
  EXPECT_EQ(convert(source, "out.xmd", 4.0).table("noname").column("_shiftX"), Values{"2.125"})
      << "of twice the size";
}

/// A set of thumbnails: shifts in pixels are those of the new images, angstrom stay.
TEST(SharedColumns, ShiftsAreInPixelsOfTheNewImages) {
  const StarLines small = convert(star31, "out.xmd", 5.0).table("noname");
  EXPECT_EQ(small.column("_shiftX"), (Values{"0.5", "0.5"}));
  EXPECT_EQ(small.column("_samplingRate"), (Values{"5", "5"}));
  EXPECT_EQ(small.column("_xcoor"), (Values{"10", "-1"})) << "of the micrograph";
  const Written star = convert(xmd, "out.star", 6.0);
  EXPECT_EQ(star.table("particles").column("_rlnOriginXAngst"), (Values{"3", "-6"}));
  EXPECT_EQ(star.table("optics").column("_rlnImagePixelSize"), (Values{"6", "6"}));
}

TEST(SharedColumns, WithoutAPixelSizePixelsStayAndAngstromIsLeftBehind) {
  const Written star =
      convert("data_noname\nloop_\n _image\n _angleTilt\n _shiftX\n _shiftY\n1@a.stk 30 2.50 -4\n",
              "out.star");
  EXPECT_EQ(star.table("particles").column("_rlnOriginX"), Values{"2.50"});
  EXPECT_EQ(star.table("particles").column("_rlnOriginY"), Values{"-4"});
  EXPECT_EQ(star.text.find("Angst"), std::string::npos);
  const Written metadata = convert(
      "data_\nloop_\n_rlnImageName\n_rlnAngleTilt\n_rlnOriginXAngst\n_rlnVoltage\n1@a.mrcs 30 2 "
      "300\n",
      "out.xmd");
  EXPECT_EQ(metadata.table("noname").column("_angleTilt"), Values{"30"});
  EXPECT_EQ(metadata.text.find("_shiftX"), std::string::npos);
  EXPECT_EQ(metadata.notices, Values{"not taken over from in.star: _rlnOriginXAngst"});
}

TEST(SharedColumns, AlignmentsInThePlaneAreLeftBehindAndThisIsSaid) {
  const std::string said =
      "alignments in the plane (without a tilt) are not taken over: RELION and Xmipp count them "
      "differently";
  const Written star = convert(
      "data_noname\nloop_\n _image\n _anglePsi\n _shiftX\n _flip\n _ref\n1@a.stk 30 2 1 5\n",
      "out.star");
  EXPECT_EQ(star.table("particles").column("_rlnClassNumber"), Values{"5"});
  EXPECT_EQ(star.text.find("Psi"), std::string::npos);
  EXPECT_EQ(star.notices, (Values{"not taken over from in.xmd: _anglePsi, _shiftX, _flip", said}));
  const Written metadata =
      convert("data_\nloop_\n_rlnImageName\n_rlnAnglePsi\n_rlnOriginX\n1@a.mrcs 30 2\n", "out.xmd");
  EXPECT_EQ(metadata.notices,
            (Values{"not taken over from in.star: _rlnAnglePsi, _rlnOriginX", said}));
  // Shifts alone mean the same.
  EXPECT_EQ(convert("data_\nloop_\n_rlnImageName\n_rlnOriginX\n1@a.mrcs 2\n", "out.xmd")
                .table("noname")
                .column("_shiftX"),
            Values{"2"});
}

/// Cut anywhere, or with any byte another: a set or an Error.
TEST(SharedColumns, DamagedFilesDoNoHarm) {
  const auto attempt = [](const std::string& text, const char* target) {
    try {
      return convert(text, target).text.empty() ? 0 : 1;
    } catch (const Error&) {
      return 0;
    }
  };
  for (const auto& [source, target] : {std::pair(&star31, "out.xmd"), {&xmd, "out.star"}}) {
    int whole = 0;
    for (std::size_t at = 0; at < source->size(); ++at) {
      whole += attempt(source->substr(0, at), target);
      for (const char byte : {'\n', ' ', '"', ';', '9', '\x80'}) {
        std::string damaged = *source;
        damaged[at] = byte;
        whole += attempt(damaged, target);
      }
    }
    EXPECT_GT(whole, 100) << "most damage is to values";
  }
}

TEST(SharedColumns, WhatIsNoNumberIsAnError) {
  for (const char* value : {"nan", "x", "1,5", "1e999"}) {
    const std::string source =
        std::string(
            "data_optics\nloop_\n_rlnOpticsGroup\n_rlnImagePixelSize\n1 1.5\n\n"
            "data_particles\nloop_\n_rlnImageName\n_rlnOpticsGroup\n_rlnOriginXAngst\n"
            "1@a.mrcs 1 ") +
        value + "\n";
    const auto info = expect_error(ErrorCode::bad_field, [&] { (void)convert(source, "out.xmd"); });
    EXPECT_EQ(info.field, "_rlnOriginXAngst at line 12, column 12") << value;
  }
}

}  // namespace
}  // namespace quickbeam::io
