// SPDX-License-Identifier: BSD-3-Clause
#include "io/set_writer.hpp"

#include <algorithm>
#include <filesystem>

#include "io/file_bytes.hpp"
#include "io/star.hpp"
#include "tests/io/files.hpp"
#include "tests/oracle/star_lines.hpp"
#include "tests/paths.hpp"

namespace quickbeam::io {
namespace {

using oracle::star_lines;
using oracle::StarLines;
using test::bytes_of;
using test::expect_error;
using test::read_text;
using test::TemporaryFolder;
using Values = std::vector<std::string>;

ParticleSet parse(const std::string& text, const std::string& path = "in.star") {
  return parse_particle_set(bytes_of(text), path);
}

struct Written {
  std::string text;
  std::vector<std::string> notices;
};

Written write(const std::string& name, const ParticleSet& set, const SetTarget& target,
              const std::string& source) {
  TemporaryFolder folder;
  Written written;
  written.notices = write_particle_set(folder / name, set, target, bytes_of(source));
  written.text = read_text(folder / name);
  return written;
}

/// Every label and value of `before` stands in `after`, but for the columns named.
void expect_passed_through(const StarLines& before, const StarLines& after, const Values& changed) {
  for (std::size_t i = 0; i < before.labels.size(); ++i) {
    ASSERT_LT(i, after.labels.size());
    EXPECT_EQ(after.labels[i], before.labels[i]);
    if (std::find(changed.begin(), changed.end(), before.labels[i]) != changed.end()) continue;
    EXPECT_EQ(after.column(before.labels[i]), before.column(before.labels[i]));
  }
}

const std::string star31 =
    "\n# version 30001\n\ndata_optics\n\nloop_ \n_rlnOpticsGroup #1 \n_rlnImagePixelSize #2 \n"
    "_rlnVoltage #3 \n           7     1.250000   300.000000 \n           3     2.5   200.0\n \n\n"
    "# version 30001\n\ndata_particles\n\nloop_ \n_rlnCoordinateX #1 \n_rlnImageName #2 \n"
    "_rlnOpticsGroup #3 \n_other #4 \n  10.0 000009@a.mrcs 7 u\n  11.0 000001@b.mrcs 3 v \n"
    "  12.0 2@a.mrcs 7 w\n \n\ndata_more\n_key value\n";

TEST(SetWriter, Relion31ChangesNamesAndOpticsOnly) {
  const ParticleSet set = parse(star31);
  const GroupTarget groups[] = {{"t/x.mrcs", 5.0, Extent{64, 64}},
                                {"t/x.mrcs", 10.25, Extent{64, 64}}};
  const Written out = write("o.star", set, {groups}, star31);
  const auto before = star_lines(star31), after = star_lines(out.text);
  const StarLines &optics = after.at("optics"), &particles = after.at("particles");
  expect_passed_through(before.at("optics"), optics, {"_rlnImagePixelSize"});
  expect_passed_through(before.at("particles"), particles, {"_rlnImageName"});
  EXPECT_EQ(particles.column("_rlnImageName"),
            (Values{"000001@t/x.mrcs", "000002@t/x.mrcs", "000003@t/x.mrcs"}));
  EXPECT_EQ(optics.column("_rlnImagePixelSize"), (Values{"5", "10.25"}));
  EXPECT_EQ(optics.column("_rlnImageSize"), (Values{"64", "64"}));
  EXPECT_EQ(particles.labels.size(), 4u);
  EXPECT_NE(out.text.find("data_more\n_key value\n"), std::string::npos);
  EXPECT_TRUE(out.notices.empty());
  const ParticleSet again = parse(out.text);
  EXPECT_EQ(again.groups[1].pixel_size_angstrom, 10.25);
  EXPECT_EQ(again.images[2].number, 3u);
}

TEST(SetWriter, WithoutNewFactsOnlyNamesChange) {
  const ParticleSet set = parse(star31);
  const GroupTarget groups[] = {{"x.mrcs"}, {"y.mrcs"}};
  std::string expected = star31;
  for (const auto& [old, now] : {std::pair{"000009@a.mrcs", "000001@x.mrcs"},
                                 {"000001@b.mrcs", "000001@y.mrcs"},
                                 {"2@a.mrcs", "000002@x.mrcs"}})
    expected.replace(expected.find(old), std::string(old).size(), now);
  EXPECT_EQ(write("o.star", set, {groups}, star31).text, expected);
}

TEST(SetWriter, LeftOutParticlesLeaveAndNumbersAreThoseGiven) {
  const ParticleSet set = parse(star31);
  const GroupTarget groups[] = {{"x.mrcs"}, {"x.mrcs"}};
  const std::uint32_t numbers[] = {40, 0, 3};
  const StarLines particles =
      star_lines(write("o.star", set, {groups, numbers}, star31).text).at("particles");
  EXPECT_EQ(particles.column("_rlnImageName"), (Values{"000040@x.mrcs", "000003@x.mrcs"}));
  EXPECT_EQ(particles.column("_other"), (Values{"u", "w"}));
}

TEST(SetWriter, AnUnknownPixelSizeStaysUnknown) {
  const std::string text =
      "data_optics\nloop_\n_rlnOpticsGroup\n1\n2\n\ndata_particles\nloop_\n_rlnImageName\n"
      "_rlnOpticsGroup\n1@a 1\n2@a 2\n";
  const GroupTarget groups[] = {{"x.mrcs", 2.0, {}}, {"x.mrcs", {}, {}}};
  const StarLines optics =
      star_lines(write("o.star", parse(text), {groups}, text).text).at("optics");
  EXPECT_EQ(optics.labels, (Values{"_rlnOpticsGroup"}));
}

TEST(SetWriter, Relion30ChangesTheDetectorPixel) {
  const std::string text =
      "data_\nloop_\n_rlnImageName #1\n_rlnMagnification #2\n_rlnDetectorPixelSize #3\n"
      "_rlnOriginX #4\n1@a.mrcs 50000 5 1.5\n1@b.mrcs 10000 2 2.5\n";
  const ParticleSet set = parse(text);
  EXPECT_EQ(set.groups[0].pixel_size_angstrom, 1.0);
  const GroupTarget groups[] = {{"x.mrcs", 4.0, Extent{32, 32}}, {"x.mrcs", 8.0, Extent{32, 32}}};
  const Written out = write("o.star", set, {groups}, text);
  const StarLines table = star_lines(out.text).at("");
  expect_passed_through(star_lines(text).at(""), table, {"_rlnImageName", "_rlnDetectorPixelSize"});
  EXPECT_EQ(table.column("_rlnDetectorPixelSize"), (Values{"20", "8"}));
  EXPECT_EQ(table.column("_rlnImageSize"), (Values{"32", "32"}));
  EXPECT_EQ(parse(out.text).groups[1].pixel_size_angstrom, 8.0);
  ASSERT_EQ(out.notices.size(), 1u);
  EXPECT_NE(out.notices[0].find("_rlnOriginX"), std::string::npos);
}

TEST(SetWriter, Relion30WithoutMagnificationGetsOne) {
  const std::string text = "data_\nloop_\n_rlnImageName #1\n1@a.mrcs\n2@a.mrcs\n";
  const GroupTarget groups[] = {{"x.mrcs", 2.5, {}}};
  const Written out = write("o.star", parse(text), {groups}, text);
  const StarLines table = star_lines(out.text).at("");
  EXPECT_EQ(table.column("_rlnMagnification"), (Values{"10000", "10000"}));
  EXPECT_EQ(table.column("_rlnDetectorPixelSize"), (Values{"2.5", "2.5"}));
  EXPECT_EQ(parse(out.text).groups[0].pixel_size_angstrom, 2.5);
}

TEST(SetWriter, XmippKeepsItsHeaderAndDropsDisabledRows) {
  const std::string text =
      "# XMIPP_STAR_1 * \n# remark \ndata_noname\nloop_\n _image\n _enabled\n _shiftX\n"
      "000001@p.stk  1 0.5 \n000002@p.stk -1 1.5 \n000003@p.stk  1 2.5 \n";
  const ParticleSet set = parse(text, "in.xmd");
  const GroupTarget groups[] = {{"out.stk", 3.5, Extent{64, 48}}};
  const Written out = write("o.xmd", set, {groups}, text);
  EXPECT_TRUE(out.text.starts_with("# XMIPP_STAR_1 * \n# remark \ndata_noname\nloop_\n _image\n"));
  EXPECT_NE(out.text.find("\n _shiftX\n _samplingRate\n _xSize\n _ySize\n0"), std::string::npos);
  const StarLines table = star_lines(out.text).at("noname");
  EXPECT_EQ(table.column("_image"), (Values{"000001@out.stk", "000002@out.stk"}));
  EXPECT_EQ(table.column("_shiftX"), (Values{"0.5", "2.5"}));
  EXPECT_EQ(table.column("_samplingRate"), (Values{"3.5", "3.5"}));
  EXPECT_EQ(table.column("_xSize"), (Values{"64", "64"}));
  EXPECT_EQ(table.column("_ySize"), (Values{"48", "48"}));
  EXPECT_EQ(out.notices.size(), 1u);
}

TEST(SetWriter, NewFilesFromSetsOfOtherKinds) {
  const std::string list = "a.mrcs\n3@b.mrcs\n";
  ParticleSet set = parse(list, "in.txt");
  const std::uint64_t counts[] = {2, 9};
  expand_stacks(set, counts);
  const GroupTarget groups[] = {{"a stack.mrcs", 2.0, Extent{32, 32}}};
  const std::string star = write("o.star", set, {groups}, list).text;
  const ParticleSet again = parse(star);
  EXPECT_EQ(again.format, SetFormat::star31);
  ASSERT_EQ(again.images.size(), 3u);
  EXPECT_EQ(again.files[0], "a stack.mrcs");
  EXPECT_EQ(again.images[2].number, 3u);
  EXPECT_EQ(again.groups[0].pixel_size_angstrom, 2.0);
  EXPECT_EQ(again.groups[0].image_size, (Extent{32, 32}));
  EXPECT_FALSE(again.groups[0].voltage_kv);

  const std::string xmd = write("o.xmd", set, {groups}, list).text;
  EXPECT_TRUE(xmd.starts_with("# XMIPP_STAR_1 * \n# \ndata_noname\nloop_\n _image\n _enabled\n"));
  const ParticleSet xmipp = parse(xmd, "o.xmd");
  EXPECT_EQ(xmipp.images.size(), 3u);
  EXPECT_EQ(xmipp.groups[0].pixel_size_angstrom, 2.0);
}

TEST(SetWriter, OblongImagesAreSaid) {
  const ParticleSet set = parse("1@a.mrcs\n", "in.txt");
  const GroupTarget groups[] = {{"x.mrcs", 2.0, Extent{32, 16}}};
  const Written out = write("o.star", set, {groups}, "");
  ASSERT_EQ(out.notices.size(), 1u);
  EXPECT_NE(out.notices[0].find("square"), std::string::npos);
}

TEST(SetWriter, WrongRequestsAreRefused) {
  const ParticleSet set = parse(star31);
  const GroupTarget groups[] = {{"x.mrcs"}, {"x.mrcs"}};
  const std::uint32_t numbers[] = {1, 2};
  TemporaryFolder folder;
  const auto source = bytes_of(star31);
  const auto refused = [&](ErrorCode code, const std::string& name, const SetTarget& target,
                           std::span<const std::byte> bytes) {
    expect_error(code, [&] { write_particle_set(folder / name, set, target, bytes); });
  };
  refused(ErrorCode::usage, "o.cs", {groups}, source);
  refused(ErrorCode::usage, "o.star", {std::span(groups).first(1)}, source);
  refused(ErrorCode::usage, "o.star", {groups, numbers}, source);
  const std::string shorter = star31.substr(0, star31.find("  12.0")) + "\n";
  refused(ErrorCode::inconsistent, "o.star", {groups}, bytes_of(shorter));
  refused(ErrorCode::io, "missing/o.star", {groups}, source);
  const GroupTarget newline[] = {{"a\nb.mrcs"}, {"x.mrcs"}};
  refused(ErrorCode::usage, "o.star", {newline}, source);
  EXPECT_TRUE(folder.names().empty()) << "nothing may be left behind";
}

TEST(SetWriter, RealFilesPassThrough) {
  const std::string folder = test::data_folder() + "/em/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  for (const std::string name :
       {"aspire/sample_particles_relion30.star", "aspire/sample_particles_relion31.star",
        "relion31/relion31.star", "seed/proj.xmd"}) {
    SCOPED_TRACE(name);
    const std::string text = read_text(folder + name);
    const ParticleSet set = parse(text, name);
    std::vector<GroupTarget> groups;
    for (const auto& group : set.groups)
      groups.push_back({"thumbs.mrcs", group.pixel_size_angstrom.value_or(1) * 2, Extent{64, 64}});
    const std::string suffix = name.substr(name.rfind('.'));
    const std::string out = write("o" + suffix, set, {groups}, text).text;
    const auto before = star_lines(text), after = star_lines(out);
    ASSERT_EQ(before.size(), after.size());
    for (const auto& [block, table] : before)
      expect_passed_through(table, after.at(block),
                            {"_rlnImageName", "_image", "_rlnImagePixelSize", "_rlnImageSize",
                             "_rlnDetectorPixelSize"});
    const ParticleSet again = parse(out, "o" + suffix);
    for (std::size_t g = 0; g < set.groups.size(); ++g)
      EXPECT_DOUBLE_EQ(*again.groups[g].pixel_size_angstrom, *groups[g].pixel_size_angstrom);
    ASSERT_EQ(again.images.size(), set.images.size());
    for (std::size_t i = 0; i < again.images.size(); ++i) EXPECT_EQ(again.images[i].number, i + 1);
  }
}

}  // namespace
}  // namespace quickbeam::io
