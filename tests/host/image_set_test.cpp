// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include <quickbeam/files.hpp>
#include <quickbeam/image_set.hpp>

#include "io/stack_writer.hpp"
#include "tests/host/temporary_folder.hpp"
#include "tests/io/files.hpp"

namespace quickbeam {
namespace {

/// Pixel i of image k (from 0) of the stack number `stack`: every one another.
float value_of(int stack, std::int64_t k, std::int64_t i) {
  return static_cast<float>(stack * 10000 + k * 100 + i % 97);
}

class ImageSetTest : public ::testing::Test {
 protected:
  std::string stack(const std::string& name, int number, Extent extent, std::int64_t count,
                    io::StoredAs stored = io::StoredAs::float32, double pixel_size = 0) {
    const std::string path = folder_ / name;
    io::StackWriter writer(path, {.format = io::stack_format_named(path),
                                  .extent = extent,
                                  .stored = stored,
                                  .pixel_size_angstrom = pixel_size});
    std::vector<float> pixels(static_cast<std::size_t>(extent.pixels()));
    for (std::int64_t k = 0; k < count; ++k) {
      for (std::int64_t i = 0; i < extent.pixels(); ++i)
        pixels[static_cast<std::size_t>(i)] = value_of(number, k, i);
      writer.append(ConstAnyView(ImageView<const float>(pixels.data(), extent)));
    }
    writer.finish();
    return path;
  }
  std::string text(const std::string& name, std::string_view content) {
    std::ofstream(folder_ / name) << content;
    return folder_ / name;
  }
  ImageSet open(std::vector<std::string> inputs, ImageSetOptions options = {}) {
    if (!options.root) options.root = folder_.path();
    return ImageSet::open(inputs, options);
  }
  template <class T>
  std::vector<T> read(const ImageSet& set, std::size_t group, std::int64_t first,
                      std::int64_t count, Rows rows) {
    std::vector<T> pixels(
        static_cast<std::size_t>(set.groups()[group].extent.width * rows.count * count));
    ImageReader(set).read(group, first, count, rows, std::as_writable_bytes(std::span(pixels)));
    return pixels;
  }
  test::TemporaryFolder folder_;
};

TEST_F(ImageSetTest, StacksByNameAreReadInTheirOrder) {
  const auto set =
      open({stack("a.mrcs", 1, {5, 3}, 4), stack("b.stk", 2, {5, 3}, 3), folder_ / "a.mrcs"});
  ASSERT_EQ(set.groups().size(), 1u);
  EXPECT_EQ(set.groups()[0].count, 11);
  EXPECT_EQ(set.groups()[0].name, "5x3");
  EXPECT_EQ(set.groups()[0].type, PixelType::f32);
  EXPECT_EQ(set.positions(), 11);
  // By file: both mentions of a.mrcs are read together.
  const auto pixels = read<float>(set, 0, 0, 11, {0, 3});
  for (std::int64_t place = 0; place < 11; ++place)
    for (std::int64_t i = 0; i < 15; ++i) {
      const float expected = place < 8 ? value_of(1, place / 2, i) : value_of(2, place - 8, i);
      EXPECT_EQ(pixels[static_cast<std::size_t>(place * 15 + i)], expected) << place << " " << i;
    }
  EXPECT_EQ(set.name_of(set.order(0)[10]), "000003@" + (folder_ / "b.stk"));
}

TEST_F(ImageSetTest, BandsOfRowsAreThoseOfTheImage) {
  for (const char* name : {"a.mrcs", "b.stk", "c.mrcs"}) {
    const auto stored = name[0] == 'c' ? io::StoredAs::half : io::StoredAs::float32;
    const auto set = open({stack(name, 0, {7, 11}, 5, stored)});
    for (std::int64_t first : {0, 1, 10})
      for (std::int64_t rows : {std::int64_t{1}, 11 - first}) {
        const auto pixels = read<float>(set, 0, 1, 4, {first, rows});
        for (std::int64_t k = 0; k < 4; ++k)
          for (std::int64_t i = 0; i < 7 * rows; ++i)
            ASSERT_EQ(pixels[static_cast<std::size_t>(k * 7 * rows + i)],
                      value_of(0, k + 1, first * 7 + i))
                << name << " image " << k << " rows from " << first;
      }
  }
}

TEST_F(ImageSetTest, TheOrderOfReadingDoesNotDependOnTheOrderOfTheSet) {
  stack("a.mrcs", 1, {4, 4}, 9);
  stack("b.mrcs", 2, {4, 4}, 9);
  const std::string head =
      "data_optics\nloop_\n_rlnOpticsGroup\n_rlnOpticsGroupName\n_rlnImagePixelSize\n"
      "1 one 1.5\n\ndata_particles\nloop_\n_rlnImageName\n_rlnOpticsGroup\n";
  const auto straight = open({text("s.star", head + "1@a.mrcs 1\n2@a.mrcs 1\n9@a.mrcs 1\n"
                                                    "3@b.mrcs 1\n4@b.mrcs 1\n")});
  const auto mixed = open({text("m.star", head + "2@a.mrcs 1\n4@b.mrcs 1\n9@a.mrcs 1\n"
                                                 "1@a.mrcs 1\n3@b.mrcs 1\n")});
  ASSERT_EQ(mixed.groups().size(), 1u);
  EXPECT_EQ(mixed.groups()[0].name, "one");
  EXPECT_EQ(mixed.groups()[0].pixel_size_angstrom, 1.5);
  EXPECT_EQ(mixed.groups()[0].count, 5);
  EXPECT_EQ(read<float>(straight, 0, 0, 5, {0, 4}), read<float>(mixed, 0, 0, 5, {0, 4}));
  EXPECT_EQ(read<float>(mixed, 0, 2, 1, {0, 1}).front(), value_of(1, 8, 0));
  const std::vector<std::uint32_t> order(mixed.order(0).begin(), mixed.order(0).end());
  EXPECT_EQ(order, (std::vector<std::uint32_t>{3, 0, 2, 4, 1}));
  EXPECT_EQ(mixed.name_of(1), "000004@b.mrcs");
}

TEST_F(ImageSetTest, IdentityIsThatOfTheImages) {
  const std::string a = stack("a.mrcs", 1, {4, 4}, 3), b = stack("b.mrcs", 2, {4, 4}, 3);
  const auto identity = [&](std::vector<std::string> inputs) { return open(inputs).identity(0); };
  EXPECT_EQ(identity({a, b}).size(), 32u);
  EXPECT_EQ(identity({a, b}), identity({a, b}));
  EXPECT_NE(identity({a, b}), identity({a}));
  EXPECT_NE(identity({a}), identity({b}));
  EXPECT_NE(identity({"1@" + a}), identity({"2@" + a}));
}

TEST_F(ImageSetTest, SizesAndPixelSizesMakeGroups) {
  const auto set = open({stack("a.mrcs", 1, {4, 4}, 2, io::StoredAs::float32, 1.5),
                         stack("b.mrcs", 2, {4, 6}, 3, io::StoredAs::float32, 1.5),
                         stack("c.mrcs", 3, {4, 4}, 4, io::StoredAs::float32, 2.5),
                         stack("d.mrcs", 4, {4, 4}, 5, io::StoredAs::float32, 1.5)});
  ASSERT_EQ(set.groups().size(), 3u);
  EXPECT_EQ(set.groups()[0].count, 7);
  EXPECT_EQ(set.groups()[1].count, 3);
  EXPECT_EQ(set.groups()[2].count, 4);
  EXPECT_NEAR(*set.groups()[2].pixel_size_angstrom, 2.5, 1e-6);
  EXPECT_EQ(set.groups()[0].name, "4x4");
  EXPECT_EQ(set.groups()[1].name, "4x6");
  EXPECT_NE(set.groups()[2].name, "4x4");
}

TEST_F(ImageSetTest, TypesThatDifferAreReadAsDoubles) {
  const std::string a = stack("a.mrcs", 1, {6, 5}, 2, io::StoredAs::int16);
  const std::string b = stack("b.mrcs", 2, {6, 5}, 2);
  const auto alone = open({a});
  EXPECT_EQ(alone.groups()[0].type, PixelType::i16);
  EXPECT_EQ(read<std::int16_t>(alone, 0, 1, 1, {4, 1}).back(),
            static_cast<std::int16_t>(value_of(1, 1, 29)));
  const auto both = open({a, b});
  ASSERT_EQ(both.groups()[0].type, PixelType::f64);
  const auto pixels = read<double>(both, 0, 1, 2, {0, 5});
  EXPECT_EQ(pixels[3], static_cast<double>(value_of(1, 1, 3)));
  EXPECT_EQ(pixels[33], static_cast<double>(value_of(2, 0, 3)));
}

TEST_F(ImageSetTest, FramesHaveMaskedPixels) {
  Image frame(PixelType::i32, {3, 2});
  const std::vector<std::int32_t> counts{5, -1, 7, 0, -2, 9};
  std::memcpy(frame.view().data, counts.data(), sizeof(std::int32_t) * counts.size());
  save_cbf(folder_ / "f.cbf", frame.const_view(), {});
  const auto set = open({folder_ / "f.cbf"});
  ASSERT_EQ(set.groups()[0].type, PixelType::f64);
  const auto pixels = read<double>(set, 0, 0, 1, {0, 2});
  EXPECT_EQ(pixels[0], 5);
  EXPECT_TRUE(std::isnan(pixels[1]));
  EXPECT_EQ(pixels[3], 0);
  EXPECT_TRUE(std::isnan(pixels[4]));
  EXPECT_EQ(read<double>(set, 0, 0, 1, {1, 1}).back(), 9);
  EXPECT_EQ(set.name_of(0), folder_ / "f.cbf");
}

TEST_F(ImageSetTest, FilesThatFailAreLeftOut) {
  const std::string good = stack("a.mrcs", 1, {4, 4}, 3);
  text("bad.mrcs", "no stack");
  const auto set = open({good, folder_ / "absent.mrcs", folder_ / "bad.mrcs"});
  EXPECT_EQ(set.groups()[0].count, 3);
  ASSERT_EQ(set.failures().size(), 2u);
  EXPECT_EQ(set.failures()[0].error.info().code, ErrorCode::not_found);
  EXPECT_EQ(set.failures()[1].path, folder_ / "bad.mrcs");
  test::expect_error(ErrorCode::not_found, [&] { (void)open({folder_ / "absent.mrcs"}); });
  const auto star = open({text("s.star",
                               "data_\nloop_\n_rlnImageName\n1@a.mrcs\n4@gone.mrcs\n"
                               "2@a.mrcs\n9@gone.mrcs\n")});
  ASSERT_EQ(star.failures().size(), 1u);
  EXPECT_EQ(star.failures()[0].images, 2);
  EXPECT_EQ(star.positions(), 4);
  const std::vector<std::uint32_t> order(star.order(0).begin(), star.order(0).end());
  EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 2}));
}

// S26 and M04 of the catalogue: what stands before the cut is used, and the cut is said.
TEST_F(ImageSetTest, OfCutStacksTheWholeImagesAreUsed) {
  for (const char* name : {"a.mrcs", "b.stk"}) {
    const std::string path = stack(name, 1, {4, 4}, 5);
    // The last image, and part of the one before; Spider's have headers of 1024 bytes.
    const std::uintmax_t lost = name[0] == 'b' ? 1024 + 70 : 70;
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - lost);
    const auto alone = open({path});
    EXPECT_EQ(alone.groups()[0].count, 3) << name;
    ASSERT_EQ(alone.failures().size(), 1u);
    EXPECT_EQ(alone.failures()[0].error.info().code, ErrorCode::truncated);
    EXPECT_EQ(read<float>(alone, 0, 2, 1, {0, 1}).front(), value_of(1, 2, 0));
    const std::string file(name);
    const auto star = open({text("s.star", "data_\nloop_\n_rlnImageName\n5@" + file + "\n2@" +
                                               file + "\n4@" + file + "\n")});
    EXPECT_EQ(star.groups()[0].count, 1);
    EXPECT_EQ(star.order(0)[0], 1u);
    EXPECT_EQ(star.failures()[0].images, 2);
  }
}

// T10
TEST_F(ImageSetTest, WhatIsNoRegularFileFailsAlone) {
  stack("a.mrcs", 1, {4, 4}, 3);
  std::filesystem::create_directory(folder_ / "folder.mrcs");
  ASSERT_EQ(::mkfifo((folder_ / "fifo.mrcs").c_str(), 0600), 0);
  const auto set = open({text("s.star",
                              "data_\nloop_\n_rlnImageName\n1@folder.mrcs\n1@a.mrcs\n"
                              "1@fifo.mrcs\n1@gone.mrcs\n")});
  EXPECT_EQ(set.groups()[0].count, 1);
  ASSERT_EQ(set.failures().size(), 3u);
  EXPECT_EQ(set.failures()[0].error.info().code, ErrorCode::io);
  EXPECT_EQ(set.failures()[1].error.info().code, ErrorCode::io);
  EXPECT_EQ(set.failures()[2].error.info().code, ErrorCode::not_found);
}

// T07
TEST_F(ImageSetTest, NumbersBeyondTheStackAreErrors) {
  const std::string a = stack("a.mrcs", 1, {4, 4}, 3);
  const auto by_name = test::expect_error(ErrorCode::inconsistent, [&] { (void)open({"4@" + a}); });
  EXPECT_EQ(by_name.path, a);
  const auto in_set = test::expect_error(ErrorCode::inconsistent, [&] {
    (void)open({text("s.star", "data_\nloop_\n_rlnImageName\n1@a.mrcs\n4@a.mrcs\n")});
  });
  EXPECT_EQ(in_set.path, folder_ / "s.star");
  EXPECT_EQ(in_set.frame, 4u);
}

/// N@SET is the N-th of the images that the set has as a whole.
TEST_F(ImageSetTest, ImagesOfSetsByTheirNumber) {
  stack("a.mrcs", 1, {4, 4}, 5);
  stack("b.mrcs", 2, {4, 4}, 5, io::StoredAs::float32, 9);
  const std::string star =
      text("s.star",
           "data_optics\nloop_\n_rlnOpticsGroup\n_rlnOpticsGroupName\n_rlnImagePixelSize\n"
           "7 fine 1.5\n8 coarse 3\n\ndata_particles\nloop_\n_rlnImageName\n_rlnOpticsGroup\n"
           "5@a.mrcs 7\n2@b.mrcs 8\n1@a.mrcs 7\n3@gone.mrcs 8\n");
  const std::string xmd = text("x.xmd",
                               "# XMIPP_STAR_1 *\ndata_noname\nloop_\n _image\n _enabled\n"
                               "1@a.mrcs 1\n2@a.mrcs -1\n3@b.mrcs 1\n");
  const std::string list = text("l.txt", "b.mrcs\n2@a.mrcs\na.mrcs\n");
  const auto pixel = [&](const std::string& input) {
    const ImageSet set = open({input});
    EXPECT_EQ(set.positions(), 1) << input;
    EXPECT_TRUE(set.failures().empty()) << input;
    return read<float>(set, 0, 0, 1, {0, 1}).front();
  };
  EXPECT_EQ(pixel("1@" + star), value_of(1, 4, 0));
  EXPECT_EQ(pixel("2@" + star), value_of(2, 1, 0));
  EXPECT_EQ(pixel("000003@" + star), value_of(1, 0, 0));
  EXPECT_EQ(pixel("2@" + xmd), value_of(2, 2, 0)) << "disabled ones do not count";
  EXPECT_EQ(pixel("5@" + list), value_of(2, 4, 0));
  EXPECT_EQ(pixel("6@" + list), value_of(1, 1, 0));
  EXPECT_EQ(pixel("7@" + list), value_of(1, 0, 0));

  const ImageSet one = open({"2@" + star});
  EXPECT_EQ(one.name_of(0), "000002@b.mrcs") << "as the set names it";
  EXPECT_EQ(one.groups()[0].name, "coarse");
  EXPECT_EQ(one.groups()[0].pixel_size_angstrom, 3) << "the set's, not the stack's";
  EXPECT_EQ(one.identity(0).size(), 32u);
  EXPECT_EQ(test::expect_error(ErrorCode::not_found, [&] { (void)open({"4@" + star}); }).path,
            folder_ / "gone.mrcs");
}

TEST_F(ImageSetTest, SeveralNumbersOfSetsAmongOtherInputs) {
  const std::string a = stack("a.mrcs", 1, {4, 4}, 5), b = stack("b.mrcs", 2, {4, 4}, 5);
  const std::string star =
      text("s.star", "data_\nloop_\n_rlnImageName\n5@a.mrcs\n2@b.mrcs\n1@a.mrcs\n3@b.mrcs\n");
  const ImageSet set =
      open({"4@" + star, "1@" + star, "1@" + star, "2@" + a, star, "3@" + star, b});
  std::vector<std::string> names;
  for (std::uint32_t p = 0; p < set.positions(); ++p) names.push_back(set.name_of(p));
  const std::vector<std::string> expected = {
      "000003@b.mrcs", "000005@a.mrcs", "000005@a.mrcs", "000002@" + a,   "000005@a.mrcs",
      "000002@b.mrcs", "000001@a.mrcs", "000003@b.mrcs", "000001@a.mrcs", "000001@" + b,
      "000002@" + b,   "000003@" + b,   "000004@" + b,   "000005@" + b};
  EXPECT_EQ(names, expected);
  double sum = 0;
  for (const float value : read<float>(set, 0, 0, 14, {0, 1})) sum += value;
  const auto row_sum = [](int number, int image) {
    double total = 0;
    for (int i = 0; i < 4; ++i) total += value_of(number, image - 1, i);
    return total;
  };
  double wanted = 0;
  for (const auto& [number, image] : {std::pair(2, 3),
                                      {1, 5},
                                      {1, 5},
                                      {1, 2},
                                      {1, 5},
                                      {2, 2},
                                      {1, 1},
                                      {2, 3},
                                      {1, 1},
                                      {2, 1},
                                      {2, 2},
                                      {2, 3},
                                      {2, 4},
                                      {2, 5}})
    wanted += row_sum(number, image);
  EXPECT_EQ(sum, wanted);
}

TEST_F(ImageSetTest, NumbersBeyondASetAreErrors) {
  stack("a.mrcs", 1, {4, 4}, 5);
  const std::string rows = "_rlnImageName\n5@a.mrcs\n1@a.mrcs\n9@a.mrcs\n";
  const std::string star = text("s.star", "data_\nloop_\n" + rows);
  const auto beyond =
      test::expect_error(ErrorCode::inconsistent, [&] { (void)open({"4@" + star}); });
  EXPECT_EQ(beyond.path, star);
  EXPECT_EQ(beyond.expected, "a number from 1 to 3");
  EXPECT_EQ(beyond.found, "4");
  const auto in_stack =
      test::expect_error(ErrorCode::inconsistent, [&] { (void)open({"3@" + star}); });
  EXPECT_EQ(in_stack.path, star);
  EXPECT_EQ(in_stack.frame, 9u) << "the row that is meant is wrong itself";
  EXPECT_EQ(in_stack.field, "_rlnImageName of row 3");
  EXPECT_EQ(open({"2@" + star}).positions(), 1) << "other rows do not matter";
  const std::string list = text("l.txt", "a.mrcs\n");
  EXPECT_EQ(
      test::expect_error(ErrorCode::inconsistent, [&] { (void)open({"6@" + list}); }).expected,
      "a number from 1 to 5");
}

/// Behind a stack that cannot be counted no number means anything.
TEST_F(ImageSetTest, NumbersInListsNeedTheStacksBefore) {
  stack("a.mrcs", 1, {4, 4}, 5);
  const std::string list = text("l.txt", "a.mrcs\ngone.mrcs\na.mrcs\n");
  EXPECT_EQ(open({"5@" + list}).positions(), 1);
  EXPECT_EQ(test::expect_error(ErrorCode::not_found, [&] { (void)open({"6@" + list}); }).path,
            folder_ / "gone.mrcs");
}

TEST_F(ImageSetTest, ListsNameStacksAndImages) {
  stack("a.mrcs", 1, {4, 4}, 3);
  stack("b.mrcs", 2, {4, 4}, 2);
  const auto set = open({text("l.txt", "b.mrcs\n# not this\n2@a.mrcs\n")});
  EXPECT_EQ(set.groups()[0].count, 3);
  EXPECT_EQ(read<float>(set, 0, 2, 1, {0, 1}).front(), value_of(1, 1, 0));
}

TEST_F(ImageSetTest, ManyMoreFilesThanStayOpen) {
  std::vector<std::string> paths;
  for (int i = 0; i < 300; ++i)
    paths.push_back(stack("s" + std::to_string(i) + ".mrcs", i, {2, 2}, 1));
  const auto set = open(paths);
  const auto pixels = read<float>(set, 0, 0, 300, {0, 2});
  for (int i = 0; i < 300; ++i)
    EXPECT_EQ(pixels[static_cast<std::size_t>(i) * 4], value_of(i, 0, 0));
}

TEST_F(ImageSetTest, NothingAtAllIsAnError) {
  test::expect_error(ErrorCode::usage, [&] { (void)open({}); });
}

}  // namespace
}  // namespace quickbeam
