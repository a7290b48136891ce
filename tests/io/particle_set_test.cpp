// SPDX-License-Identifier: BSD-3-Clause
#include "io/particle_set.hpp"

#include <filesystem>

#include "io/file_bytes.hpp"
#include "io/image_name.hpp"
#include "tests/io/files.hpp"
#include "tests/paths.hpp"

namespace quickbeam::io {
namespace {

using test::bytes_of;
using test::expect_error;
using test::TemporaryFolder;
using test::write_text;

ParticleSet parse(const std::string& text, const std::string& path = "a.star",
                  const SetOptions& options = {}) {
  return parse_particle_set(bytes_of(text), path, options);
}

/// "file number group row" of every image.
std::vector<std::string> lines(const ParticleSet& set) {
  std::vector<std::string> out;
  for (const auto& image : set.images)
    out.push_back(std::string(set.files[image.file]) + " " + std::to_string(image.number) + " " +
                  std::to_string(image.group) + " " + std::to_string(image.row));
  return out;
}

using Lines = std::vector<std::string>;

TEST(ImageName, SplitsAtTheFirstAt) {
  EXPECT_EQ(parse_image_name("000012@d/a.stk")->number, 12);
  EXPECT_EQ(parse_image_name("000012@d/a.stk")->file, "d/a.stk");
  EXPECT_EQ(parse_image_name("a.stk")->number, 0);
  EXPECT_EQ(parse_image_name("9223372036854775807@a")->number, INT64_MAX);
  EXPECT_EQ(parse_image_name("1@user@host/a")->file, "user@host/a");
  for (const char* bad : {"", "0@f", "-1@f", "9223372036854775808@f", "1.5@f", "@f", "1@", "1@@f",
                          " 1@f", "1 @f", "x@f"})
    EXPECT_FALSE(parse_image_name(bad)) << bad;
  EXPECT_EQ(image_name(7, "a.stk"), "000007@a.stk");
  EXPECT_EQ(image_name(12345678, "a.stk"), "12345678@a.stk");
  EXPECT_EQ(without_format_hint("a.mrc:mrcs"), "a.mrc");
  EXPECT_EQ(without_format_hint("a:b.mrc"), "a:b.mrc");
}

TEST(ParticleSet, Relion31HasGroupsFromTheOpticsTable) {
  const ParticleSet set = parse(
      "data_optics\nloop_\n_rlnOpticsGroup #1\n_rlnOpticsGroupName #2\n_rlnVoltage #3\n"
      "_rlnSphericalAberration #4\n_rlnAmplitudeContrast #5\n_rlnImagePixelSize #6\n"
      "_rlnImageSize #7\n7 'group seven' 300 2.7 0.1 1.25 64\n3 g3 200 0.01 0.07 2.5 32\n\n"
      "data_particles\nloop_\n_rlnOpticsGroup\n_rlnImageName\n"
      "3 000002@Extract/a.mrcs\n7 1@Extract/b.mrcs:mrcs\n7 000001@./Extract//a.mrcs\n3 c.mrc\n");
  EXPECT_EQ(set.format, SetFormat::star31);
  EXPECT_EQ(lines(set), (Lines{"Extract/a.mrcs 2 1 0", "Extract/b.mrcs 1 0 1",
                               "Extract/a.mrcs 1 0 2", "c.mrc 0 1 3"}));
  ASSERT_EQ(set.groups.size(), 2u);
  EXPECT_EQ(set.groups[0].name, "group seven");
  EXPECT_EQ(set.groups[0].number, 7);
  EXPECT_EQ(set.groups[0].pixel_size_angstrom, 1.25);
  EXPECT_EQ(set.groups[0].voltage_kv, 300);
  EXPECT_EQ(set.groups[0].spherical_aberration_mm, 2.7);
  EXPECT_EQ(set.groups[0].amplitude_contrast, 0.1);
  EXPECT_EQ(set.groups[0].image_size, (Extent{64, 64}));
  EXPECT_EQ(set.groups[1].number, 3);
  EXPECT_TRUE(set.notices.empty());
  EXPECT_EQ(set.disabled(), 0u);
}

TEST(ParticleSet, Relion31MayHaveOneRowTablesAsPairsAndNoGroupColumn) {
  const ParticleSet set = parse(
      "data_optics\n_rlnOpticsGroup 1\n_rlnImagePixelSize 2\n\n"
      "data_particles\n_rlnImageName 3@a.mrcs\n");
  EXPECT_EQ(set.format, SetFormat::star31);
  EXPECT_EQ(lines(set), (Lines{"a.mrcs 3 0 0"}));
  EXPECT_EQ(set.groups[0].pixel_size_angstrom, 2);
  const std::string two = "data_optics\nloop_\n_rlnOpticsGroup\n1\n2\n\ndata_particles\n";
  EXPECT_EQ(expect_error(ErrorCode::bad_field, [&] { parse(two + "_rlnImageName 3@a\n"); }).field,
            "_rlnOpticsGroup at line 7, column 1");
}

TEST(ParticleSet, Relion30MakesGroupsOfDistinctRows) {
  const ParticleSet set = parse(
      "data_\nloop_\n_rlnImageName\n_rlnMagnification\n_rlnDetectorPixelSize\n_rlnVoltage\n"
      "1@a.mrcs 37369.207031 5.0 300\n2@a.mrcs 37369.207031 5.0 200\n3@a.mrcs 37369.207031 5.0 "
      "300\n"
      "1@b.mrcs 10000 2.5 300\n");
  EXPECT_EQ(set.format, SetFormat::star30);
  EXPECT_EQ(lines(set), (Lines{"a.mrcs 1 0 0", "a.mrcs 2 1 1", "a.mrcs 3 0 2", "b.mrcs 1 2 3"}));
  EXPECT_DOUBLE_EQ(*set.groups[0].pixel_size_angstrom, 5.0 * 1e4 / 37369.207031);
  EXPECT_EQ(set.groups[2].pixel_size_angstrom, 2.5);
  EXPECT_EQ(set.groups[1].voltage_kv, 200);
  EXPECT_EQ(set.groups[2].number, 3);
}

TEST(ParticleSet, XmippHonoursEnabled) {
  const std::string text =
      "# XMIPP_STAR_1 * \n# \ndata_noname\nloop_\n _image\n _enabled\n _samplingRate\n"
      "000001@proj.stk  1 2.5\n000002@proj.stk -1 x\n000003@proj.stk 1 3.5\nbad@name -1 nan\n";
  const ParticleSet set = parse(text, "a.xmd");
  EXPECT_EQ(set.format, SetFormat::xmd);
  EXPECT_EQ(lines(set), (Lines{"proj.stk 1 0 0", "proj.stk 3 1 2"}));
  EXPECT_EQ(set.disabled(), 2u);
  EXPECT_EQ(set.rows, 4u);
  EXPECT_EQ(set.groups[1].pixel_size_angstrom, 3.5);
  const auto bad = expect_error(
      ErrorCode::bad_field, [&] { parse("data_\nloop_\n_image\n_enabled\n1@a yes\n", "a.xmd"); });
  EXPECT_EQ(bad.field, "_enabled at line 5, column 5");
}

TEST(ParticleSet, ListsNameStacksAndImages) {
  const ParticleSet set = parse("# stacks\nd/a.mrcs\r\n 3@b c.mrcs \n\nd/a.mrcs", "a.txt");
  EXPECT_EQ(set.format, SetFormat::list);
  EXPECT_EQ(lines(set), (Lines{"d/a.mrcs 0 0 0", "b c.mrcs 3 0 1", "d/a.mrcs 0 0 2"}));
  ParticleSet all = set;
  const std::uint64_t counts[] = {3, 9};
  expand_stacks(all, counts);
  EXPECT_EQ(lines(all),
            (Lines{"d/a.mrcs 1 0 0", "d/a.mrcs 2 0 0", "d/a.mrcs 3 0 0", "b c.mrcs 3 0 1",
                   "d/a.mrcs 1 0 2", "d/a.mrcs 2 0 2", "d/a.mrcs 3 0 2"}));
  const std::uint64_t huge[] = {0xffffffffu, 1};
  expect_error(ErrorCode::limit, [&] {
    all = set;
    expand_stacks(all, huge);
  });
  const std::uint64_t wraps[] = {~std::uint64_t{0}, 1};
  expect_error(ErrorCode::limit, [&] {
    all = set;
    expand_stacks(all, wraps);
  });
}

TEST(ParticleSet, ListsDoNotNest) {  // T14
  const auto cycle = expect_error(ErrorCode::limit, [&] { parse("a.mrcs\na.txt\n", "a.txt"); });
  EXPECT_EQ(cycle.field, "name at line 2, column 1");
  expect_error(ErrorCode::path_escape, [&] { parse("../a.mrcs\n", "a.lst"); });
  expect_error(ErrorCode::unsupported, [&] { parse("#LSX\n#\n#20\n0\ta.hdf\n", "a.lst"); });
}

TEST(ParticleSet, StacksByNameMayBeAnywhere) {
  const std::string paths[] = {"/data/a.mrcs", "../b.stk", "/data/a.mrcs"};
  ParticleSet set = set_of_stacks(paths);
  EXPECT_EQ(lines(set), (Lines{"/data/a.mrcs 0 0 0", "../b.stk 0 0 1", "/data/a.mrcs 0 0 2"}));
  EXPECT_EQ(set.path_of(0), "/data/a.mrcs");
}

TEST(ParticleSet, RootAndOutside) {
  const std::string text = "data_\nloop_\n_rlnImageName\n1@x/a.mrcs\n";
  EXPECT_EQ(parse(text).path_of(0), "x/a.mrcs");
  EXPECT_EQ(parse(text, "a.star", {.root = "/p"}).path_of(0), "/p/x/a.mrcs");
  EXPECT_EQ(parse(text, "a.star", {.root = "/p/"}).path_of(0), "/p/x/a.mrcs");
  const std::string outside = "data_\nloop_\n_rlnImageName\n1@/q/a.mrcs\n1@../b.mrcs\n";
  const ParticleSet set = parse(outside, "a.star", {.root = "/p", .outside = Outside::allow});
  EXPECT_EQ(set.path_of(0), "/q/a.mrcs");
  EXPECT_EQ(set.path_of(1), "/p/../b.mrcs");
  expect_error(ErrorCode::path_escape, [&] { parse(outside, "a.star", {.root = "/p"}); });
  EXPECT_EQ(parse("data_\nloop_\n_rlnImageName\n1@x/../a.mrcs\n").files[0], "x/../a.mrcs");
}

TEST(ParticleSet, FindsTheProjectAboveTheSet) {
  TemporaryFolder folder;
  std::filesystem::create_directories(folder / "Extract/job7");
  write_text(folder / "Extract/job7/a.mrcs", "");
  ParticleSet set = parse("data_\nloop_\n_rlnImageName\n1@Extract/job7/a.mrcs\n",
                          folder / "Extract/job7/particles.star");
  find_root(set);
  EXPECT_EQ(set.path_of(0), folder / "Extract/job7/a.mrcs");
  EXPECT_EQ(set.notices.size(), 1u);
  ParticleSet beside = parse("data_\nloop_\n_image\n1@a.mrcs\n", folder / "Extract/job7/a.xmd");
  find_root(beside);
  EXPECT_EQ(beside.root, folder / "Extract/job7");
  ParticleSet missing = parse("data_\nloop_\n_image\n1@gone.mrcs\n", folder / "a.xmd");
  find_root(missing);
  EXPECT_EQ(missing.root, "");
  EXPECT_TRUE(missing.notices.empty());
}

TEST(ParticleSet, KnowsSetsFromStacks) {
  EXPECT_TRUE(is_particle_set({}, "a.STAR"));
  EXPECT_TRUE(is_particle_set({}, "a.xmd.gz"));
  EXPECT_TRUE(is_particle_set({}, "a.cs"));
  EXPECT_TRUE(is_particle_set({}, "a.txt"));
  EXPECT_TRUE(is_particle_set(bytes_of("\n# x\n\ndata_optics\n"), "noname"));
  EXPECT_FALSE(is_particle_set(bytes_of("# x"), "noname"));
  EXPECT_FALSE(is_particle_set({}, "a.mrcs"));
  EXPECT_FALSE(is_particle_set(bytes_of("\x93NUMPY"), "a.npy"));
}

TEST(ParticleSet, AnImageBeyondItsStackNamesBothFiles) {  // T07
  const ParticleSet set =
      parse("data_\nloop_\n_rlnImageName\n1@a.mrcs\n50@d/a.mrcs\n", "set.star", {.root = "/p"});
  const auto info = expect_error(ErrorCode::inconsistent, [&] { fail_beyond_stack(set, 1, 20); });
  EXPECT_EQ(to_string(info),
            "set.star: STAR _rlnImageName of row 2 (frame 50): expected a number from 1 to 20 in "
            "/p/d/a.mrcs, found 50 [INCONSISTENT]");
}

TEST(ParticleSet, RealFilesOfRelionAndXmipp) {
  struct Real {
    const char* path;
    SetFormat format;
    std::size_t images, groups;
    double pixel;
  };
  const Real files[] = {
      {"aspire/sample_particles_relion30.star", SetFormat::star30, 17, 2, 5e4 / 37369.207031},
      {"aspire/sample_particles_relion31.star", SetFormat::star31, 17, 2, 1.4},
      {"relion31/relion31.star", SetFormat::star31, 5, 1, 2.806},
      {"seed/proj.xmd", SetFormat::xmd, 10, 1, 0}};
  const std::string folder = test::data_folder() + "/em/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  for (const auto& real : files) {
    SCOPED_TRACE(real.path);
    FileReader reader;
    const std::string path = folder + real.path;
    ParticleSet set = parse_particle_set(reader.read(path).bytes, path);
    EXPECT_EQ(set.format, real.format);
    ASSERT_EQ(set.images.size(), real.images);
    EXPECT_EQ(set.groups.size(), real.groups);
    EXPECT_DOUBLE_EQ(set.groups[0].pixel_size_angstrom.value_or(0), real.pixel);
    for (std::size_t i = 0; i < real.images; ++i) EXPECT_EQ(set.images[i].number, i + 1);
    find_root(set);
    EXPECT_TRUE(std::filesystem::exists(set.path_of(0))) << set.path_of(0);
  }
}

}  // namespace
}  // namespace quickbeam::io
