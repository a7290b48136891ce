// SPDX-License-Identifier: BSD-3-Clause
// Every readable kind of file converted to every writable one: the pixels, or the right refusal.
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include <quickbeam/core/error.hpp>
#include <quickbeam/files.hpp>
#include <quickbeam/image_set.hpp>

#include "tests/host/temporary_folder.hpp"
#include "tests/oracle/stack_builder.hpp"

namespace quickbeam {
namespace {

using test::TemporaryFolder;

constexpr std::int64_t width = 5, height = 4, pixels = width * height;

/// What image k (from 0) of the stacks made here holds: whole numbers from -50 to 50.
std::vector<double> values_of_image(std::int64_t k) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < pixels; ++i) values.push_back(oracle::pixel_at(k * pixels + i));
  return values;
}

std::vector<double> values_in(const std::string& path, std::int64_t number) {
  std::vector<double> values;
  const LoadedImage image = load_image({path, number});
  visit(image.pixels.const_view(), [&](auto view) {
    for (std::int64_t i = 0; i < view.extent.pixels(); ++i)
      values.push_back(static_cast<double>(view.data[i]));
  });
  return values;
}

std::string npy(const std::string& type, const std::string& shape, const std::string& data) {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.resize(117, ' ');
  return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" + data;
}

template <class T>
std::string bytes_of_images(std::int64_t count) {
  std::string bytes;
  for (std::int64_t i = 0; i < count * pixels; ++i) {
    const T value = static_cast<T>(oracle::pixel_at(i));
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes;
}

/// A source: its images, as numbers of images of the stacks, in its order.
struct Source {
  std::string location;
  std::vector<std::int64_t> images;
  bool is_set = false;
  bool integers = false;
};

class Pairs : public ::testing::Test {
 protected:
  Pairs() {
    const int w = width, h = height;
    put("a.stk", oracle::spider_file({w, h, 1, 3, true}).text);  // big-endian
    put("one.spi", oracle::spider_file({w, h, 1, 0}).text);
    put("a.mrcs", oracle::mrc_file({w, h, 3, 2}).text);
    put("i.mrcs", oracle::mrc_file({w, h, 3, 1}).text);
    put("one.mrc", oracle::mrc_file({w, h, 1, 2}).text);
    put("a.npy", npy("<f4", "3, 4, 5", bytes_of_images<float>(3)));
    put("one.npy", npy("<i4", "4, 5", bytes_of_images<std::int32_t>(1)));
    convert_file({folder_ / "one.npy", {}}, folder_ / "one.cbf", recipe_);
    const std::string rows = "3@a.mrcs 1\n1@a.mrcs 1\n2@i.mrcs 1\n2@a.stk 1\n";
    put("s.star",
        "data_optics\nloop_\n_rlnOpticsGroupName\n_rlnOpticsGroup\n_rlnImagePixelSize\n"
        "_rlnImageSize\nx 1 1.5 5\n\ndata_particles\nloop_\n_rlnImageName\n_rlnOpticsGroup\n" +
            rows + "\n");
    put("s.xmd",
        "# XMIPP_STAR_1 * \ndata_noname\nloop_\n _image\n _enabled\n" + rows + "1@a.stk -1\n");
    put("s.txt", "a.stk\none.mrc\n");
  }

  std::vector<Source> sources() const {
    return {{folder_ / "a.stk", {0, 1, 2}},
            {folder_ / "one.spi", {0}},
            {folder_ / "a.mrcs", {0, 1, 2}},
            {folder_ / "i.mrcs", {0, 1, 2}, false, true},
            {folder_ / "one.mrc", {0}},
            {folder_ / "a.npy", {0, 1, 2}},
            {folder_ / "one.npy", {0}, false, true},
            {folder_ / "one.cbf", {0}, false, true},
            {folder_ / "s.star", {2, 0, 1, 1}, true},
            {folder_ / "s.xmd", {2, 0, 1, 1}, true},
            {folder_ / "s.txt", {0, 1, 2, 0}, true},
            {"2@" + folder_ / "a.stk", {1}},
            {"3@" + folder_ / "i.mrcs", {2}, false, true},
            {"3@" + folder_ / "s.star", {1}, false, true},
            {"4@" + folder_ / "s.xmd", {1}}};
  }

  void put(const std::string& name, const std::string& text) {
    test::write_text(folder_ / name, text);
  }
  /// "" or the code of the error.
  std::string convert(const std::string& source, const std::string& target) {
    try {
      const ImageSetOptions options{.root = folder_.path()};
      convert_file(parse_address(source), target, recipe_, options);
      return "";
    } catch (const Error& error) {
      what_ = error.what();
      return std::string(name_of(error.code()));
    }
  }
  void expect_images(const std::string& path, const std::vector<std::int64_t>& images) {
    ASSERT_EQ(describe_file(path).frames, static_cast<std::int64_t>(images.size()));
    for (std::size_t k = 0; k < images.size(); ++k)
      EXPECT_EQ(values_in(path, static_cast<std::int64_t>(k) + 1), values_of_image(images[k]))
          << "image " << k + 1;
  }

  TemporaryFolder folder_;
  Recipe recipe_ = preset("standard");
  std::string what_;
};

TEST_F(Pairs, AllImagesIntoStacksAndArrays) {
  const std::map<std::string, bool> targets = {{".npy", true}, {".mrc", true}, {".mrcs", true},
                                               {".map", true}, {".st", true},  {".stk", true},
                                               {".spi", true}};
  for (const Source& source : sources())
    for (const auto& [suffix, ok] : targets) {
      SCOPED_TRACE(source.location + " -> " + suffix);
      ASSERT_EQ(convert(source.location, folder_ / ("out" + suffix)), "") << what_;
      expect_images(folder_ / ("out" + suffix), source.images);
    }
}

TEST_F(Pairs, OneImageIntoFramesAndPictures) {
  for (const Source& source : sources()) {
    const bool one = source.images.size() == 1;
    for (const char* target : {"out.png", "out.jpg", "out.jpeg"}) {
      SCOPED_TRACE(source.location + " -> " + target);
      EXPECT_EQ(convert(source.location, folder_ / target), one ? "" : "USAGE") << what_;
    }
    SCOPED_TRACE(source.location + " -> .cbf");
    const std::string integers = source.integers ? "" : "UNSUPPORTED";
    ASSERT_EQ(convert(source.location, folder_ / "out.cbf"), one ? integers : "USAGE") << what_;
    if (one && source.integers) expect_images(folder_ / "out.cbf", source.images);
  }
}

TEST_F(Pairs, PicturesOfParticlesShowNegativeValues) {
  recipe_ = picture_recipe({folder_ / "i.mrcs", 1});
  EXPECT_EQ(to_string(recipe_.tone), "linear");
  ASSERT_EQ(convert("1@" + folder_ / "i.mrcs", folder_ / "integers.png"), "");
  ASSERT_EQ(convert("1@" + folder_ / "a.mrcs", folder_ / "floats.png"), "");
  EXPECT_EQ(test::read_text(folder_ / "integers.png"), test::read_text(folder_ / "floats.png"))
      << "as counts, negative integers would be masked";
  EXPECT_EQ(to_string(picture_recipe({folder_ / "one.cbf", {}}).tone), "log");
}

TEST_F(Pairs, OneImageIntoItsPlaceInAStack) {
  for (const Source& source : sources())
    for (const char* name : {"new.stk", "new.mrcs"}) {
      SCOPED_TRACE(source.location + " -> N@" + name);
      const bool one = source.images.size() == 1;
      std::filesystem::remove(folder_ / name);
      EXPECT_EQ(convert(source.location, "1@" + folder_ / name), one ? "" : "USAGE") << what_;
      if (!one) continue;
      EXPECT_EQ(convert("2@" + folder_ / "a.stk", "2@" + folder_ / name), "");
      EXPECT_EQ(convert("3@" + folder_ / "a.mrcs", "3@" + folder_ / name), "");
      EXPECT_EQ(convert(source.location, "2@" + folder_ / name), "");
      expect_images(folder_ / name, {source.images[0], source.images[0], 2});
    }
}

TEST_F(Pairs, SetsIntoSets) {
  for (const Source& source : sources())
    for (const char* name : {"out.star", "out.xmd"}) {
      SCOPED_TRACE(source.location + " -> " + name);
      const bool one = source.location.find('@') != std::string::npos;
      ASSERT_EQ(convert(source.location, folder_ / name), one ? "USAGE" : "") << what_;
      if (one) continue;
      for (std::size_t k = 0; k < source.images.size(); ++k)
        EXPECT_EQ(values_in(folder_ / name, static_cast<std::int64_t>(k) + 1),
                  values_of_image(source.images[k]));
    }
  // The same kind: all columns pass.
  put("more.star", "data_\nloop_\n_rlnImageName\n_rlnSomething\n000002@a.mrcs 77\n");
  ASSERT_EQ(convert(folder_ / "more.star", folder_ / "copy.star"), "");
  EXPECT_EQ(test::read_text(folder_ / "copy.star"), test::read_text(folder_ / "more.star"));
}

TEST_F(Pairs, SetsBesideGatheredStacks) {
  ASSERT_EQ(convert(folder_ / "s.star", folder_ / "out.mrcs"), "");
  const std::string star = test::read_text(folder_ / "out.star");
  EXPECT_NE(star.find("000004@out.mrcs 1\n"), std::string::npos) << star;
  EXPECT_EQ(describe_file(folder_ / "out.star").pixel_size_angstrom, 1.5);
  EXPECT_EQ(describe_file(folder_ / "out.mrcs").pixel_size_angstrom, 1.5);
  ASSERT_EQ(convert(folder_ / "s.xmd", folder_ / "x.stk"), "");
  const std::string xmd = test::read_text(folder_ / "x.xmd");
  EXPECT_NE(xmd.find("000004@x.stk"), std::string::npos) << xmd;
  EXPECT_EQ(xmd.find("-1"), std::string::npos) << "what was disabled is not there";
  const std::string before = test::read_text(folder_ / "s.star");
  EXPECT_EQ(convert(folder_ / "s.star", folder_ / "s.mrcs"), "USAGE") << "would replace s.star";
  EXPECT_EQ(test::read_text(folder_ / "s.star"), before);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "s.mrcs"));
  const std::string stack = test::read_text(folder_ / "a.mrcs");
  EXPECT_EQ(convert(folder_ / "s.star", folder_ / "a.mrcs"), "USAGE") << "holds other images too";
  EXPECT_EQ(test::read_text(folder_ / "a.mrcs"), stack);
}

TEST_F(Pairs, CryosparcSetsToo) {
  // Two rows of blob/path and blob/idx (from 0).
  std::string header =
      "{'descr': [('blob/path', '|S8'), ('blob/idx', '<u4'), ('blob/shape', '<u4', (2,)), "
      "('blob/psize_A', '<f4')], 'fortran_order': False, 'shape': (2,), }";
  header.resize(245, ' ');
  std::string file = std::string("\x93NUMPY\x01\x00\xf6\x00", 10) + header + "\n";
  for (const std::uint32_t index : {2U, 0U}) {
    file += std::string("a.mrcs\0\0", 8);
    const std::uint32_t words[] = {index, height, width};
    const float size = 2.5;
    file.append(reinterpret_cast<const char*>(words), 12);
    file.append(reinterpret_cast<const char*>(&size), 4);
  }
  put("c.cs", file);
  for (const char* name : {"c.mrcs", "c.stk", "c.npy"}) {
    ASSERT_EQ(convert(folder_ / "c.cs", folder_ / name), "") << what_;
    expect_images(folder_ / name, {2, 0});
  }
  EXPECT_EQ(convert("2@" + folder_ / "c.cs", folder_ / "c.png"), "") << what_;
  ASSERT_EQ(convert(folder_ / "c.cs", folder_ / "cs.star"), "") << what_;
  EXPECT_EQ(describe_file(folder_ / "cs.star").pixel_size_angstrom, 2.5);
  EXPECT_EQ(values_in(folder_ / "cs.star", 1), values_of_image(2));
}

TEST_F(Pairs, SaysWhatCannotBe) {
  EXPECT_EQ(convert(folder_ / "a.stk", folder_ / "out.tif"), "USAGE");
  EXPECT_EQ(convert(folder_ / "s.star", folder_ / "out.tif"), "USAGE");
  EXPECT_EQ(convert(folder_ / "none.stk", folder_ / "out.npy"), "NOT_FOUND");
  EXPECT_EQ(convert("5@" + folder_ / "s.star", folder_ / "out.npy"), "INCONSISTENT");
  put("other.mrcs", oracle::mrc_file({7, 7, 2, 2}).text);
  put("mixed.txt", "a.mrcs\nother.mrcs\n");
  EXPECT_EQ(convert(folder_ / "mixed.txt", folder_ / "out.mrcs"), "INCONSISTENT");
  EXPECT_EQ(convert(folder_ / "mixed.txt", folder_ / "mixed.star"), "") << "two optics groups";
  EXPECT_EQ(describe_file(folder_ / "mixed.star").groups.size(), 2U);
  put("gone.star", "data_\nloop_\n_rlnImageName\n1@a.mrcs\n1@gone.mrcs\n");
  EXPECT_EQ(convert(folder_ / "gone.star", folder_ / "out.mrcs"), "NOT_FOUND");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.mrcs"));
  EXPECT_TRUE(describe_file(folder_ / "gone.star").stacks.at(1).missing);
  EXPECT_FALSE(describe_file(folder_ / "gone.star").stacks.at(0).missing);
}

}  // namespace
}  // namespace quickbeam
