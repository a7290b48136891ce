// SPDX-License-Identifier: BSD-3-Clause
// What other programs read in the stacks written here: mrcfile and Pillow, where they are
// installed.
#include <cstdlib>

#include "io/mrc.hpp"
#include "io/stack_writer.hpp"
#include "tests/io/files.hpp"
#include "tests/oracle/stack_builder.hpp"

namespace quickbeam::io {
namespace {

/// Runs a Python script once for all files: it finds their names and what is expected of them in
/// `cases`, a Python list. What it prints is its complaint.
std::string complaints_of(const std::string& script, const std::string& cases,
                          const std::string& folder) {
  test::write_text(folder + "/script.py", "cases = [" + cases + "]\n" + script);
  const std::string command =
      "/usr/bin/python3 '" + folder + "/script.py' >'" + folder + "/said' 2>&1";
  const int status = std::system(command.c_str());
  return (status == 0 ? "" : "exit status " + std::to_string(status) + ": ") +
         test::read_text(folder + "/said");
}

bool has_module(const std::string& name) {
  return std::system(
             ("/usr/bin/python3 -c 'import numpy, " + name + "' >/dev/null 2>&1").c_str()) == 0;
}

/// The pixels of image k, as the scripts below make them too.
std::vector<float> image(std::int64_t k, Extent extent, float scale = 1) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < extent.pixels(); ++i)
    values.push_back(scale * static_cast<float>(oracle::pixel_at(k * extent.pixels() + i)));
  return values;
}

std::int64_t write(const std::string& path, const StackSpec& spec, std::int64_t count,
                   float scale = 1) {
  StackWriter writer(path, spec);
  for (std::int64_t k = 0; k < count; ++k) {
    const auto pixels = image(k, spec.extent, scale);
    writer.append(ConstAnyView(ImageView<const float>(pixels.data(), spec.extent)));
  }
  return writer.finish().count;
}

TEST(StackPeers, MrcfileFindsStacksValid) {
  if (!has_module("mrcfile")) GTEST_SKIP() << "python3-mrcfile is not installed";
  const char script[] = R"(
import io, numpy, mrcfile
for path, dtype, least, scale, is_volume in cases:
    said = io.StringIO()
    if not mrcfile.validate(path, print_file=said): print(path, 'not valid:', said.getvalue())
    with mrcfile.open(path) as m:
        i = scale * numpy.maximum(numpy.arange(m.data.size, dtype=numpy.int64) * 37 % 101 - 50, least)
        if not (m.data.ravel().astype(numpy.float64) == i).all(): print(path, 'other pixels')
        if m.data.dtype != numpy.dtype(dtype): print(path, 'type', m.data.dtype)
        if m.data.shape != (7, 17, 33): print(path, 'shape', m.data.shape)
        if abs(float(m.voxel_size.x) - 1.25) > 1e-6: print(path, 'voxel size', m.voxel_size)
        if m.is_volume() != is_volume: print(path, 'is_volume', m.is_volume())
        if int(m.header.nversion) != 20141: print(path, 'version', m.header.nversion)
)";
  test::TemporaryFolder folder;
  const struct {
    StoredAs stored;
    std::string type, least, scale;
  } types[] = {{StoredAs::float32, "float32", "-50", "1"},
               {StoredAs::int8, "int8", "-50", "1"},
               // mrcfile knows no unsigned bytes; these are below 128.
               {StoredAs::uint8, "int8", "0", "1"},
               {StoredAs::int16, "int16", "-50", "1"},
               {StoredAs::uint16, "uint16", "0", "1"},
               // mrcfile 1.4 sums the squares of halves in half precision: small values only.
               {StoredAs::half, "float16", "-50", "0.0078125"}};
  std::string cases;
  for (const auto& [stored, type, least, scale] : types)
    for (const bool is_volume : {false, true}) {
      const std::string path = folder / (type + least + (is_volume ? ".mrc" : ".mrcs"));
      const StackSpec spec{.extent = {33, 17},
                           .contents = is_volume ? StackContents::volume : StackContents::images,
                           .stored = stored,
                           .pixel_size_angstrom = 1.25};
      ASSERT_EQ(write(path, spec, 7, std::stof(scale)), 7);
      for (const auto& word : {"('" + path + "'", "'" + type + "'", least, scale})
        cases += word + ", ";
      cases += is_volume ? "True)," : "False),";
    }
  EXPECT_EQ(complaints_of(script, cases, folder.path()), "");
}

TEST(StackPeers, MrcfileFindsSingleAndUpdatedFilesValid) {
  if (!has_module("mrcfile")) GTEST_SKIP() << "python3-mrcfile is not installed";
  const char script[] = R"(
import io, mrcfile
for path in cases:
    said = io.StringIO()
    if not mrcfile.validate(path, print_file=said): print(path, 'not valid:', said.getvalue())
)";
  test::TemporaryFolder folder;
  write(folder / "one.mrc", {.extent = {3, 3}, .contents = StackContents::image}, 1);
  write(folder / "updated.mrcs", {.extent = {9, 5}, .pixel_size_angstrom = 2}, 3);
  StackWriter writer = StackWriter::update(folder / "updated.mrcs");
  const auto pixels = image(3, {9, 5});
  writer.append(ConstAnyView(ImageView<const float>(pixels.data(), {9, 5})));
  writer.finish();
  Buffer<std::byte> out;
  const std::vector<std::int32_t> counts = {1, 2, 3, 4, 5, 70000};
  const ImageView<const std::int32_t> view(counts.data(), {3, 2});
  test::write_text(folder / "whole.mrc", test::text_of(encode_mrc(ConstAnyView(view), 0, out)));
  std::string cases;
  for (const char* name : {"one.mrc", "updated.mrcs", "whole.mrc"})
    cases += "'" + folder / name + "',";
  EXPECT_EQ(complaints_of(script, cases, folder.path()), "");
}

TEST(StackPeers, PillowReadsEveryFrameOfASpiderStack) {
  if (!has_module("PIL.SpiderImagePlugin")) GTEST_SKIP() << "python3-pil is not installed";
  const char script[] = R"(
import numpy
from PIL import Image
for path, width, height, count in cases:
    with Image.open(path) as stack:
        if stack.format != 'SPIDER': print(path, 'format', stack.format)
        if stack.n_frames != max(count, 1): print(path, 'frames', stack.n_frames)
        for k in range(max(count, 1)):
            if count > 0: stack.seek(k)
            a = numpy.array(stack)
            if a.shape != (height, width): print(path, 'shape', a.shape)
            i = (k * a.size + numpy.arange(a.size)) * 37 % 101 - 50
            if not (a.ravel() == i).all(): print(path, 'other pixels in frame', k)
)";
  test::TemporaryFolder folder;
  std::string cases;
  for (const Extent extent : {Extent{64, 64}, {65, 40}, {120, 30}, {3, 3}, {300, 20}})
    for (const std::int64_t count : {0, 1, 5}) {  // 0: a plain image
      const std::string size = std::to_string(extent.width) + ", " + std::to_string(extent.height) +
                               ", " + std::to_string(count);
      const std::string path = folder / (size + ".spi");
      const auto contents = count == 0 ? StackContents::image : StackContents::images;
      const StackSpec spec{.format = StackFormat::spider, .extent = extent, .contents = contents};
      write(path, spec, std::max<std::int64_t>(count, 1));
      cases += "('" + path + "', " + size + "),";
    }
  EXPECT_EQ(complaints_of(script, cases, folder.path()), "");
}

}  // namespace
}  // namespace quickbeam::io
