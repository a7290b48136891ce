// SPDX-License-Identifier: BSD-3-Clause
// quickbeam shrink as a user runs it, against the numbers of Pillow, and what other programs read.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/cli/command.hpp"
#include "tests/cli/process.hpp"
#include "tests/oracle/stack_builder.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

using nlohmann::json;
using oracle::mrc_file;
using test::quickbeam;
using test::read_text;
using test::TemporaryFolder;

const std::string data = test::data_folder() + "/em";

bool runs(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

bool has_module(const std::string& name) {
  return runs("/usr/bin/python3 -c 'import numpy, " + name + "'");
}

/// What a Python script says of the files in the folder; empty is good.
std::string complaints_of(const TemporaryFolder& folder, const std::string& script) {
  test::write_text(folder / "script.py", script);
  const std::string command = "cd '" + folder.path() + "' && /usr/bin/python3 script.py >said 2>&1";
  const int status = std::system(command.c_str());
  return (status == 0 ? "" : "exit status " + std::to_string(status) + ": ") +
         read_text(folder / "said");
}

/// A stack without a pattern that would hide an error, as .mrcs.
std::string write_stack(const TemporaryFolder& folder, const std::string& name, int nx, int ny,
                        int nz) {
  test::write_text(folder / name, mrc_file({nx, ny, nz}).text);
  return folder / name;
}

std::vector<float> pixels_at(const std::string& bytes, std::size_t offset, std::size_t count) {
  std::vector<float> pixels(count);
  if (bytes.size() >= offset + count * 4)
    std::memcpy(pixels.data(), bytes.data() + offset, count * 4);
  return pixels;
}

TEST(ShrinkCommand, GivesThumbnailsOfPillowOfEveryRealStack) {
  const std::string text = read_text(data + "/golden.json");
  if (text.empty()) GTEST_SKIP() << "no real stacks at " << data << " (set QUICKBEAM_TEST_DATA)";
  const TemporaryFolder folder;
  int seen = 0;
  const json all = json::parse(text);
  for (const auto& [name, golden] : all.items()) {
    if (!golden.contains("pil_thumbnail_64")) continue;
    ++seen;
    const json& wanted = golden.at("pil_thumbnail_64");
    const std::string out = folder / "out.mrcs";
    const auto run = quickbeam("shrink '" + data + "/" + name + "' -o '" + out + "' --size 64");
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const auto images = wanted.at("shape").at(0).get<std::size_t>();
    const std::size_t pixels =
        wanted.at("shape").at(1).get<std::size_t>() * wanted.at("shape").at(2).get<std::size_t>();
    const std::string bytes = read_text(out);
    ASSERT_EQ(bytes.size(), 1024 + images * pixels * 4) << name;
    const double spread =
        golden.at("pixels").at("max").get<double>() - golden.at("pixels").at("min").get<double>();
    const std::vector<float> first = pixels_at(bytes, 1024, pixels);
    const json& row = wanted.at("first_row_of_first");
    for (std::size_t x = 0; x < row.size(); ++x)
      EXPECT_NEAR(first[x], row[x].get<double>(), 1e-4 * spread * 0.1) << name << " pixel " << x;
    for (std::size_t k = 0; k < images; ++k) {
      double sum = 0;
      for (const float v : pixels_at(bytes, 1024 + k * pixels * 4, pixels)) sum += v;
      EXPECT_NEAR(sum, wanted.at("per_image_sum")[k].get<double>(),
                  1e-6 * spread * static_cast<double>(pixels))
          << name << " image " << k;
    }
  }
  EXPECT_GE(seen, 5);
}

TEST(ShrinkCommand, PillowReadsEveryFrameAndMakesTheSame) {
  if (!has_module("PIL.SpiderImagePlugin")) GTEST_SKIP() << "python3-pil is not installed";
  const TemporaryFolder folder;
  for (const auto& [nx, ny, size] : {std::tuple{120, 97, 64}, {256, 256, 64}, {101, 53, 7}}) {
    const std::string in = write_stack(folder, "in.mrcs", nx, ny, 3);
    const auto run = quickbeam("shrink '" + in + "' -o '" + folder / "out.stk" + "' --size " +
                               std::to_string(size));
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(complaints_of(folder, "nx, ny, size = " + std::to_string(nx) + ", " +
                                        std::to_string(ny) + ", " + std::to_string(size) + R"(
import numpy
from PIL import Image
frames = numpy.fromfile('in.mrcs', '<f4', offset=1024).reshape(3, ny, nx)
stack = Image.open('out.stk')
if stack.n_frames != 3: print('frames', stack.n_frames)
for k in range(3):
    wanted = Image.fromarray(frames[k].copy())
    wanted.thumbnail((size, size))
    stack.seek(k)
    found = numpy.asarray(stack)
    if found.shape != (wanted.size[1], wanted.size[0]): print('shape', found.shape, wanted.size)
    error = numpy.abs(found - numpy.asarray(wanted)).max()
    if not error < 1e-6 * 100 * 2: print('image', k, 'error', error)
)"),
              "");
  }
}

TEST(ShrinkCommand, MrcfileFindsStacksValid) {
  if (!has_module("mrcfile")) GTEST_SKIP() << "python3-mrcfile is not installed";
  const TemporaryFolder folder;
  const std::string in = write_stack(folder, "in.mrcs", 50, 40, 4);
  for (const char* scale : {"float", "minmax8"}) {
    const auto run = quickbeam("shrink '" + in + "' -o '" + folder / "out.mrcs" +
                               "' --size 10 --scale " + scale);
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(complaints_of(folder, "scale = '" + std::string(scale) + R"('
import io, mrcfile
said = io.StringIO()
if not mrcfile.validate('out.mrcs', print_file=said): print(said.getvalue())
with mrcfile.open('out.mrcs') as m:
    if m.data.shape != (4, 8, 10): print(m.data.shape)
    if scale == 'minmax8' and (m.data.dtype != 'uint16' or m.data.max() > 255): print(m.data.dtype)
)"),
              "");
  }
}

TEST(ShrinkCommand, RelionReadsStacksAndGemmiTheSet) {
  if (!runs("relion_image_handler --version") && !runs("command -v relion_image_handler"))
    GTEST_SKIP() << "RELION is not installed";
  const TemporaryFolder folder;
  const std::string in = write_stack(folder, "in.mrcs", 48, 48, 3);
  for (const char* scale : {"float", "minmax8"}) {
    const auto run = quickbeam("shrink '" + in + "' -o '" + folder / "out.mrcs" +
                               "' --size 12 --scale " + scale);
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const std::string command =
        "cd '" + folder.path() + "' && relion_image_handler --stats --i out.mrcs > stats 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << read_text(folder / "stats");
    const std::string stats = read_text(folder / "stats");
    EXPECT_NE(stats.find("000003@out.mrcs : (x,y,z,n)= 12 x 12 x 1 x 1"), std::string::npos)
        << stats;
  }
  if (!has_module("gemmi")) GTEST_SKIP() << "python3-gemmi is not installed";
  EXPECT_EQ(complaints_of(folder, R"(
from gemmi import cif
doc = cif.read('out.star')
optics = doc.find_block('optics').find(['_rlnImageSize', '_rlnImageDimensionality'])
if [list(row) for row in optics] != [['12', '2']]: print([list(row) for row in optics])
names = list(doc.find_block('particles').find_loop('_rlnImageName'))
if names != ['%06d@out.mrcs' % k for k in (1, 2, 3)]: print(names)
)"),
            "");
}

TEST(ShrinkCommand, SaysWhatItDidAsJson) {
  const TemporaryFolder folder;
  const std::string in = write_stack(folder, "in.mrcs", 20, 30, 3);
  const auto run = quickbeam("shrink '" + in + "' -o '" + folder / "sub/out.stk" +
                             "' --size 6 --json -q --device cpu --threads 2");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  const json report = json::parse(run.out);
  EXPECT_EQ(report.at("stacks").at(0).at("path"), folder / "sub/out.stk");
  EXPECT_EQ(report.at("stacks").at(0).at("width"), 4);
  EXPECT_EQ(report.at("stacks").at(0).at("height"), 6);
  EXPECT_EQ(report.at("stacks").at(0).at("images"), 3);
  EXPECT_EQ(report.at("set"), folder / "sub/out.star");
  EXPECT_EQ(report.at("summary").at("done"), 3);
  EXPECT_EQ(report.at("summary").at("backend"), "cpu");
  EXPECT_EQ(report.at("failures").size(), 0u);
}

TEST(ShrinkCommand, ADryRunWritesNothing) {
  const TemporaryFolder folder;
  const std::string in = write_stack(folder, "in.mrcs", 20, 30, 3);
  const auto run =
      quickbeam("shrink '" + in + "' -o '" + folder / "out.stk" + "' --size 6 --dry-run");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find("3 images of 20 x 30 -> " + (folder / "out.stk") + " (4 x 6)"),
            std::string::npos)
      << run.out;
  EXPECT_EQ(folder.names(), std::vector<std::string>{"in.mrcs"});
}

TEST(ShrinkCommand, ExitCodesAreThoseOfTheContract) {
  const TemporaryFolder folder;
  const std::string in = write_stack(folder, "in.mrcs", 20, 20, 3);
  const std::string out = " -o '" + folder / "out.mrcs" + "' --size 5 ";
  const auto code = [&](const std::string& arguments) {
    return quickbeam("shrink " + arguments).exit_code;
  };
  EXPECT_EQ(code("'" + in + "' '" + folder / "gone.mrcs" + "'" + out), 1);
  EXPECT_TRUE(std::filesystem::remove(folder / "out.mrcs"));
  EXPECT_EQ(code("'" + in + "' '" + folder / "gone.mrcs" + "' --fail-fast" + out), 1);
  EXPECT_FALSE(std::filesystem::exists(folder / "out.mrcs"));
  EXPECT_EQ(code("'" + in + "' -o '" + folder / "out.mrcs" + "'"), 2);
  EXPECT_EQ(code("'" + in + "' -o '" + folder / "out.png" + "' --size 5"), 2);
  EXPECT_EQ(code("'" + in + "' --filter lanczos" + out), 2);
  EXPECT_EQ(code("'" + in + "' -o '" + in + "' --size 5"), 1);
  EXPECT_EQ(code("'" + in + "' -o /proc/none/out.mrcs --size 5"), 3);
  test::write_text(folder / "s.star", "data_\nloop_\n_rlnImageName\n1@" + in + "\n");
  EXPECT_EQ(code("'" + folder / "s.star" + "'" + out), 1) << "an absolute name";
  EXPECT_EQ(code("'" + folder / "s.star" + "' --allow-outside" + out), 0);
}

TEST(ShrinkCommand, AnInterruptWritesNothing) {
  const TemporaryFolder folder;
  write_stack(folder, "in.mrcs", 512, 512, 4);
  std::string star = "data_\nloop_\n_rlnImageName\n";
  for (int k = 0; k < 60000; ++k) star += std::to_string(k % 4 + 1) + "@in.mrcs\n";
  test::write_text(folder / "in.star", star);
  std::filesystem::create_directory(folder / "out");
  test::Process run({"shrink", "-q", folder / "in.star", "--root", folder.path(), "-o",
                     folder / "out/out.mrcs", "--size", "64", "--threads", "1"});
  while (std::filesystem::is_empty(folder / "out"))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  run.signal(SIGINT);
  EXPECT_EQ(run.wait(), 75);
  EXPECT_TRUE(std::filesystem::is_empty(folder / "out"));
}

}  // namespace
}  // namespace quickbeam
