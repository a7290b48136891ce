// SPDX-License-Identifier: BSD-3-Clause
// What RELION and gemmi make of our files. Both are optional: a test without its peer is skipped.
#include <cstdio>
#include <cstdlib>

#include "io/set_writer.hpp"
#include "io/star.hpp"
#include "tests/io/files.hpp"

namespace quickbeam::io {
namespace {

using test::bytes_of;
using test::read_text;
using test::TemporaryFolder;

bool runs(const std::string& command) {
  return std::system((command + " > /dev/null 2>&1").c_str()) == 0;
}

/// The standard output of a command, or "" when it fails.
std::string output_of(const std::string& command) {
  std::FILE* const pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return "";
  std::string text;
  char part[4096];
  for (std::size_t n = 0; (n = std::fread(part, 1, sizeof part, pipe)) > 0;) text.append(part, n);
  return ::pclose(pipe) == 0 ? text : "";
}

const std::string relion31 =
    "# version 30001\n\ndata_optics\n\nloop_ \n_rlnOpticsGroupName #1 \n_rlnOpticsGroup #2 \n"
    "_rlnVoltage #3 \n_rlnSphericalAberration #4 \n_rlnAmplitudeContrast #5 \n"
    "_rlnImagePixelSize #6 \nfirst 1 300 2.7 0.1 1.25\nsecond 2 200 2.7 0.1 2.5\n\n"
    "data_particles\n\nloop_ \n_rlnMicrographName #1 \n_rlnImageName #2 \n_rlnOpticsGroup #3 \n"
    "_rlnAngleRot #4 \nm1.mrc 000003@a.mrcs 1 10.5\n\"m 2.mrc\" 000001@b.mrcs 2 -3\n"
    "m3.mrc 000002@a.mrcs 1 0\n";

const std::string relion30 =
    "data_\n\nloop_ \n_rlnMicrographName #1 \n_rlnImageName #2 \n_rlnMagnification #3 \n"
    "_rlnDetectorPixelSize #4 \n_rlnVoltage #5 \n_rlnSphericalAberration #6 \n"
    "_rlnAmplitudeContrast #7 \nm1.mrc 000003@a.mrcs 40000 5 300 2.7 0.1\n"
    "m2.mrc 000001@b.mrcs 40000 5 300 2.7 0.1\n";

/// Writes the set smaller by two, lets RELION read and write it, and reads what RELION wrote.
void expect_relion_agrees(const std::string& source, const std::string& name,
                          std::span<const std::byte> pass_through) {
  SCOPED_TRACE(name);
  TemporaryFolder folder;
  const ParticleSet set = parse_particle_set(bytes_of(source), name);
  std::vector<GroupTarget> groups;
  for (const auto& group : set.groups)
    groups.push_back({"thumbs.mrcs", *group.pixel_size_angstrom * 2, Extent{64, 64}});
  write_particle_set(folder / "ours.star", set, {groups}, pass_through);
  ASSERT_TRUE(runs("cd " + folder.path() + " && relion_star_handler --i ours.star --o theirs.star" +
                   " --select rlnOpticsGroup --minval 0 --maxval 9"));
  const std::string text = read_text(folder / "theirs.star");
  const ParticleSet again = parse_particle_set(bytes_of(text), "theirs.star");
  ASSERT_EQ(again.images.size(), set.images.size());
  for (std::size_t i = 0; i < again.images.size(); ++i) {
    EXPECT_EQ(again.files[again.images[i].file], "thumbs.mrcs");
    EXPECT_EQ(again.images[i].number, i + 1);
    const auto& theirs = again.groups[again.images[i].group];
    const auto& before = set.groups[set.images[i].group];
    EXPECT_DOUBLE_EQ(*theirs.pixel_size_angstrom, *before.pixel_size_angstrom * 2);
    EXPECT_EQ(theirs.voltage_kv, before.voltage_kv);
    if (set.format != SetFormat::star31) continue;
    EXPECT_EQ(theirs.image_size, (Extent{64, 64}));
  }
}

TEST(SetPeers, RelionReadsOurSetsAndWeItsOwn) {
  if (!runs("command -v relion_star_handler")) GTEST_SKIP() << "no relion_star_handler";
  expect_relion_agrees(relion31, "pass-through 3.1", bytes_of(relion31));
  expect_relion_agrees(relion31, "new 3.1", {});
  expect_relion_agrees(relion30, "pass-through 3.0", bytes_of(relion30));
}

TEST(SetPeers, GemmiSeesTheSameValues) {
  std::string python;
  for (const char* const name : {"python3", "/usr/bin/python3"})
    if (python.empty() && runs(std::string(name) + " -c 'import gemmi'")) python = name;
  if (python.empty()) GTEST_SKIP() << "no gemmi for python3";
  TemporaryFolder folder;
  const std::string text =
      "data_a\n_k 'a value'\n_m\n;text\nof lines\n;\ndata_b\nloop_\n_x #1\n_y\n_z\n"
      "1 'two words' \"it's\"\n dog's 'dog's tail' 3 # end\r\n4\n;block; \n more\n; 6\n7 8 9";
  test::write_text(folder / "a.star", text);
  test::write_text(folder / "read.py",
                   "import gemmi, sys\n"
                   "for b in gemmi.cif.read_file(sys.argv[1]):\n"
                   "  for i in b:\n"
                   "    cells = i.pair[1:] if i.pair else i.loop.values\n"
                   "    for c in cells: print(repr(gemmi.cif.as_string(c).replace('\\r','')))\n");
  std::string ours;
  const StarDocument document(text, "a.star");
  for (const auto& table : document.tables())
    for (std::size_t r = 0; r < table.rows(); ++r)
      for (std::size_t c = 0; c < table.labels.size(); ++c) {
        std::string cell(document.cell(table, r, c).text);
        for (std::size_t at = 0; (at = cell.find('\n', at)) != cell.npos; at += 2)
          cell.replace(at, 1, "\\n");
        const char quote = cell.find('\'') == cell.npos ? '\'' : '"';
        ours += quote + cell + quote + "\n";
      }
  EXPECT_EQ(output_of(python + " " + (folder / "read.py") + " " + (folder / "a.star")), ours);
}

}  // namespace
}  // namespace quickbeam::io
