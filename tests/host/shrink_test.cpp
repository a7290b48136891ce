// SPDX-License-Identifier: BSD-3-Clause
// Sets made smaller: what lands in which stack and row, and what happens to images that fail.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include <quickbeam/files.hpp>
#include <quickbeam/shrink.hpp>

#include "io/particle_set.hpp"
#include "io/stack_file.hpp"
#include "io/stack_writer.hpp"
#include "kernels/resample.hpp"
#include "tests/host/temporary_folder.hpp"
#include "tests/io/files.hpp"
#include "tests/oracle/thumbnail_oracle.hpp"

namespace quickbeam {
namespace {

using Floats = std::vector<float>;

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

/// Image k (from 0) of stack `stack`: noise, whole numbers from 0 to 200.
Floats image(int stack, std::int64_t k, Extent extent) {
  std::mt19937 random(static_cast<unsigned>(stack * 1000 + k + 1));
  Floats pixels(static_cast<std::size_t>(extent.pixels()));
  for (float& v : pixels) v = static_cast<float>(random() % 201);
  return pixels;
}

Floats expected(const Floats& in, Extent from, Extent to, bool boxes = true) {
  const auto out = oracle::thumbnail({from.width, from.height, {in.begin(), in.end()}}, to.width,
                                     to.height, boxes);
  return {out.values.begin(), out.values.end()};
}

void expect_near(const Floats& actual, const Floats& wanted) {
  ASSERT_EQ(actual.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    ASSERT_NEAR(actual[i], wanted[i], 1e-6 * 250) << "pixel " << i;
}

class ShrinkTest : public ::testing::Test {
 protected:
  ShrinkTest() {
    job_.set.root = folder_.path();
    job_.output = folder_ / "out.mrcs";
    job_.size = 8;
    job_.device = choose_device("cpu");
  }

  std::string stack(const std::string& name, const std::vector<Floats>& images, Extent extent,
                    double pixel_size = 0, io::StoredAs stored = io::StoredAs::float32) {
    const std::string path = folder_ / name;
    io::StackWriter writer(path, {.format = io::stack_format_named(path),
                                  .extent = extent,
                                  .stored = stored,
                                  .pixel_size_angstrom = pixel_size});
    for (const Floats& pixels : images)
      writer.append(ConstAnyView(ImageView<const float>(pixels.data(), extent)));
    writer.finish();
    return path;
  }
  std::string noise_stack(const std::string& name, int number, Extent extent, std::int64_t count,
                          double pixel_size = 0) {
    std::vector<Floats> images;
    for (std::int64_t k = 0; k < count; ++k) images.push_back(image(number, k, extent));
    return stack(name, images, extent, pixel_size);
  }
  std::string text(const std::string& name, const std::string& content) {
    test::write_text(folder_ / name, content);
    return folder_ / name;
  }
  ShrinkReport run(std::vector<std::string> inputs) {
    job_.inputs = std::move(inputs);
    return shrink_images(job_);
  }
  io::StackFile open(const std::string& name) const { return io::StackFile::open(folder_ / name); }
  Floats read(const std::string& name, std::int64_t number) const {
    const io::StackFile file = open(name);
    const auto pixels = static_cast<std::size_t>(file.info().extent.pixels());
    std::vector<std::byte> bytes(file.info().layout.image_bytes);
    file.read(number - 1, 1, bytes);
    Floats out(pixels);
    if (file.info().type == PixelType::f32) {
      std::memcpy(out.data(), bytes.data(), bytes.size());
    } else {
      EXPECT_EQ(file.info().type, PixelType::u16);
      std::vector<std::uint16_t> values(pixels);
      std::memcpy(values.data(), bytes.data(), bytes.size());
      std::copy(values.begin(), values.end(), out.begin());
    }
    return out;
  }
  io::ParticleSet read_set(const std::string& name) const {
    const std::string bytes = test::read_text(folder_ / name);
    return io::parse_particle_set(test::bytes_of(bytes), folder_ / name);
  }
  /// "3@a.mrcs 1@b.mrcs "
  static std::string names_of(const io::ParticleSet& set) {
    std::string names;
    for (const auto& image : set.images)
      names += std::to_string(image.number) + "@" + std::string(set.files[image.file]) + " ";
    return names;
  }

  test::TemporaryFolder folder_;
  ShrinkJob job_;
};

TEST_F(ShrinkTest, EveryImageOfAStackIsMadeSmaller) {
  for (const Extent extent : {Extent{20, 20}, {120, 97}, {9, 101}, {64, 64}, {31, 37}, {3, 300}})
    for (const ShrinkFilter filter : {ShrinkFilter::pil, ShrinkFilter::exact})
      for (const char* output : {"out.mrcs", "out.stk"}) {
        job_.output = folder_ / output;
        job_.filter = filter;
        const auto report = run({noise_stack("in.mrcs", 1, extent, 5)});
        EXPECT_EQ(report.done, 5);
        EXPECT_EQ(report.failed, 0);
        ASSERT_EQ(report.stacks.size(), 1u);
        const Extent to = report.stacks[0].to;
        EXPECT_EQ(to, kernels::thumbnail_extent(extent, {8, 8}));
        const io::StackInfo info = open(output).info();
        EXPECT_EQ(info.extent, to);
        EXPECT_EQ(info.count, 5);
        for (std::int64_t k = 0; k < 5; ++k)
          expect_near(read(output, k + 1),
                      expected(image(1, k, extent), extent, to, filter == ShrinkFilter::pil));
      }
}

TEST_F(ShrinkTest, WhatIsSmallAlreadyIsCopiedBitByBit) {
  const Floats values = {1.5f, -0.0f, nan_value, 1e-42f, -3, 7, 8, 9, 1e38f};
  for (const Extent extent : {Extent{1, 1}, {3, 3}}) {
    const Floats odd(values.begin(), values.begin() + extent.pixels());
    const auto report = run({stack("in.mrcs", {odd, odd}, extent)});
    EXPECT_EQ(report.stacks[0].to, extent);
    ASSERT_EQ(report.notices.size(), 1u);
    EXPECT_NE(report.notices[0].find("copied"), std::string::npos);
    const Floats out = read("out.mrcs", 2);
    EXPECT_EQ(std::memcmp(out.data(), odd.data(), odd.size() * 4), 0);
    EXPECT_EQ(report.non_finite, extent.width == 3 ? 2u : 0u);
  }
}

const std::string star31_head =
    "# version 30001\n\ndata_optics\n\nloop_\n_rlnOpticsGroup\n_rlnOpticsGroupName\n"
    "_rlnImagePixelSize\n_rlnImageSize\n_rlnVoltage\n1 first 1.5 20 300\n2 second 2 40 200\n\n"
    "data_particles\n\nloop_\n_rlnImageName\n_rlnAnglePsi\n_rlnOpticsGroup\n";

TEST_F(ShrinkTest, TheOutputKeepsTheOrderOfTheSetAndItsColumns) {
  noise_stack("a.mrcs", 1, {20, 20}, 4);
  noise_stack("b.mrcs", 2, {20, 20}, 3);
  const std::string star =
      text("in.star", star31_head +
                          "3@b.mrcs 10 1\n1@a.mrcs 20 1\n4@a.mrcs 30 1\n1@b.mrcs 40 1\n"
                          "1@a.mrcs 50 1\n");
  const auto report = run({star});
  EXPECT_EQ(report.set, folder_ / "out.star");
  const std::pair<int, std::int64_t> sources[] = {{2, 2}, {1, 0}, {1, 3}, {2, 0}, {1, 0}};
  for (std::int64_t k = 0; k < 5; ++k)
    expect_near(read("out.mrcs", k + 1),
                expected(image(sources[k].first, sources[k].second, {20, 20}), {20, 20}, {8, 8}));
  const auto set = read_set("out.star");
  EXPECT_EQ(names_of(set), "1@out.mrcs 2@out.mrcs 3@out.mrcs 4@out.mrcs 5@out.mrcs ");
  ASSERT_EQ(set.groups.size(), 2u);
  EXPECT_EQ(set.groups[0].pixel_size_angstrom, 1.5 * 20 / 8);
  EXPECT_EQ(set.groups[0].image_size->width, 8);
  EXPECT_EQ(set.groups[0].voltage_kv, 300);
  const std::string written = test::read_text(folder_ / "out.star");
  EXPECT_NE(written.find("000003@out.mrcs 30 1\n"), std::string::npos) << written;
  EXPECT_NEAR(*open("out.mrcs").info().pixel_size_angstrom, 3.75, 1e-6);
}

TEST_F(ShrinkTest, EachSizeOfImageGetsAStackOfItsOwn) {
  noise_stack("a.mrcs", 1, {20, 20}, 3);
  noise_stack("b.mrcs", 2, {40, 40}, 2);
  job_.output = folder_ / "out.stk";
  const auto report = run(
      {text("in.star", star31_head + "2@b.mrcs 1 2\n3@a.mrcs 2 1\n1@b.mrcs 3 2\n1@a.mrcs 4 1\n")});
  ASSERT_EQ(report.stacks.size(), 2u);
  EXPECT_EQ(names_of(read_set("out.star")),
            "1@out_second.stk 1@out_first.stk 2@out_second.stk 2@out_first.stk ");
  expect_near(read("out_second.stk", 1), expected(image(2, 1, {40, 40}), {40, 40}, {8, 8}));
  expect_near(read("out_first.stk", 2), expected(image(1, 0, {20, 20}), {20, 20}, {8, 8}));
  EXPECT_EQ(read_set("out.star").groups[1].pixel_size_angstrom, 2.0 * 40 / 8);
  EXPECT_EQ(open("out_first.stk").info().count, 2);
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{"a.mrcs", "b.mrcs", "in.star", "out.star",
                                                       "out_first.stk", "out_second.stk"}));
}

TEST_F(ShrinkTest, StacksByNameMakeANewSetWithAllOfThem) {
  const std::string a = noise_stack("a.mrcs", 1, {20, 20}, 3, 1.25);
  const std::string b = noise_stack("b.stk", 2, {10, 30}, 2);
  const auto report = run({"2@" + a, b, a});
  ASSERT_EQ(report.stacks.size(), 2u);
  const auto set = read_set("out.star");
  ASSERT_EQ(set.images.size(), 6u);
  EXPECT_EQ(names_of(set),
            "1@out_20x20.mrcs 1@out_10x30.mrcs 2@out_10x30.mrcs 2@out_20x20.mrcs "
            "3@out_20x20.mrcs 4@out_20x20.mrcs ");
  expect_near(read("out_20x20.mrcs", 1), expected(image(1, 1, {20, 20}), {20, 20}, {8, 8}));
  expect_near(read("out_20x20.mrcs", 4), expected(image(1, 2, {20, 20}), {20, 20}, {8, 8}));
  expect_near(read("out_10x30.mrcs", 2), expected(image(2, 1, {10, 30}), {10, 30}, {3, 8}));
  EXPECT_NEAR(*report.stacks[0].pixel_size_angstrom, 1.25 * 20 / 8, 1e-6);
  EXPECT_FALSE(report.stacks[1].pixel_size_angstrom.has_value());
}

TEST_F(ShrinkTest, SeveralSetsKeepTheirOptics) {
  noise_stack("a.mrcs", 1, {20, 20}, 3);
  const std::string rows = star31_head + "3@a.mrcs 1 1\n1@a.mrcs 2 1\n";
  const auto report = run({text("one.star", rows), text("two.star", rows)});
  const auto set = read_set("out.star");
  EXPECT_EQ(names_of(set), "1@out.mrcs 2@out.mrcs 3@out.mrcs 4@out.mrcs ");
  ASSERT_EQ(set.groups.size(), 2u);
  EXPECT_EQ(set.groups[1].voltage_kv, 300);
  EXPECT_EQ(set.groups[1].pixel_size_angstrom, 3.75);
  EXPECT_NE(std::find_if(report.notices.begin(), report.notices.end(),
                         [](const auto& n) { return n.find("other columns") != n.npos; }),
            report.notices.end());
}

TEST_F(ShrinkTest, DisabledRowsOfXmippAreLeftOutAndTheOtherColumnsKept) {
  noise_stack("a.stk", 1, {16, 16}, 3);
  job_.output = folder_ / "out.stk";
  job_.set_output = folder_ / "thumbs.xmd";
  run({text("in.xmd",
            "# XMIPP_STAR_1 * \ndata_noname\nloop_\n _image\n _enabled\n _anglePsi\n"
            "000003@a.stk 1 11\n000001@a.stk -1 12\n000002@a.stk 1 13\n")});
  const auto set = read_set("thumbs.xmd");
  EXPECT_EQ(names_of(set), "1@out.stk 2@out.stk ");
  const std::string written = test::read_text(folder_ / "thumbs.xmd");
  EXPECT_NE(written.find("_xSize\n _ySize\n"), std::string::npos) << written;
  EXPECT_NE(written.find("000002@out.stk 1 13 8 8"), std::string::npos) << written;
  expect_near(read("out.stk", 2), expected(image(1, 1, {16, 16}), {16, 16}, {8, 8}));
}

TEST_F(ShrinkTest, ThreadsChangeNoByte) {
  const std::string a = noise_stack("a.mrcs", 1, {33, 29}, 23);
  noise_stack("b.stk", 2, {33, 29}, 11);
  std::string first, first_set;
  for (const unsigned threads : {1u, 2u, 3u, 8u})
    for (const char* output : {"out.mrcs", "out.stk"}) {
      job_.threads = threads;
      job_.output = folder_ / output;
      run({folder_ / "b.stk", a});
      const std::string bytes = test::read_text(folder_ / output);
      const std::string reference = folder_ / (std::string("one.") + output);
      if (threads == 1) test::write_text(reference, bytes);
      EXPECT_EQ(bytes, test::read_text(reference)) << threads;
      const std::string set = test::read_text(folder_ / "out.star");
      if (threads == 1) test::write_text(reference + ".star", set);
      EXPECT_EQ(set, test::read_text(reference + ".star")) << threads;
    }
}

TEST_F(ShrinkTest, EveryPixelTypeIsReadAsItsNumbers) {
  const Floats pixels = image(3, 0, {24, 24});  // whole numbers that every type holds
  const Floats wanted = expected(pixels, {24, 24}, {8, 8});
  for (const auto stored :
       {io::StoredAs::int16, io::StoredAs::uint16, io::StoredAs::half, io::StoredAs::float32}) {
    run({stack("in.mrcs", {pixels}, {24, 24}, 0, stored)});
    expect_near(read("out.mrcs", 1), wanted);
  }
  Image doubles(PixelType::f64, {24, 24}), counts(PixelType::i32, {24, 24});
  std::copy(pixels.begin(), pixels.end(), doubles.as<double>().data);
  std::transform(pixels.begin(), pixels.end(), counts.as<std::int32_t>().data,
                 [](float v) { return static_cast<std::int32_t>(v); });
  save_cbf(folder_ / "in.cbf", counts.const_view(), {});
  run({folder_ / "in.cbf"});
  expect_near(read("out.mrcs", 1), wanted);
}

TEST_F(ShrinkTest, NonFinitePixelsAreCountedAndNaNLeftOut) {
  Floats pixels = image(1, 0, {32, 32}), infinite = pixels, nothing(pixels.size(), nan_value);
  for (std::size_t x = 0; x < 5; ++x) pixels[x * 7] = nan_value;
  infinite[100] = std::numeric_limits<float>::infinity();
  const auto report =
      run({stack("in.mrcs", {pixels, infinite, nothing, image(1, 3, {32, 32})}, {32, 32})});
  EXPECT_EQ(report.done, 4);
  EXPECT_EQ(report.non_finite, 5u + 1u + 1024u);
  EXPECT_EQ(report.images_with_non_finite, 3);
  for (const float v : read("out.mrcs", 1)) EXPECT_TRUE(v >= -60 && v <= 260) << v;
  for (const float v : read("out.mrcs", 3)) EXPECT_EQ(std::memcmp(&v, &nan_value, 4), 0);
  const Floats with_infinity = read("out.mrcs", 2);
  EXPECT_TRUE(std::any_of(with_infinity.begin(), with_infinity.end(),
                          [](float v) { return !std::isfinite(v); }));
  expect_near(read("out.mrcs", 4), expected(image(1, 3, {32, 32}), {32, 32}, {8, 8}));
}

TEST_F(ShrinkTest, MinMax8IsBetweenTheEndsOfTheImage) {
  const Extent extent{32, 32};
  const Floats in = image(1, 0, extent), flat(in.size(), 3), nothing(in.size(), nan_value);
  Floats infinite = in;
  infinite[7] = std::numeric_limits<float>::infinity();
  infinite[600] = -infinite[7];
  job_.scale = ShrinkScale::minmax8;
  const std::string path = stack("in.mrcs", {in, flat, nothing, infinite}, extent);
  for (const char* output : {"out.mrcs", "out.stk"}) {
    job_.output = folder_ / output;
    run({path});
    const Floats out = read(output, 1), plain = expected(in, extent, {8, 8});
    const auto [low, high] = std::minmax_element(in.begin(), in.end());
    for (std::size_t i = 0; i < out.size(); ++i) {
      EXPECT_EQ(out[i], std::floor(out[i]));
      const double grey = (plain[i] - *low) * 255.0 / (*high - *low);
      EXPECT_LE(out[i], grey + 1e-3) << i;
      EXPECT_GT(out[i], grey - 1 - 1e-3) << i;
    }
    for (const std::int64_t number : {2, 3})
      EXPECT_EQ(read(output, number), Floats(64, 0.0f)) << number;
    for (const float v : read(output, 4)) EXPECT_TRUE(v >= 0 && v <= 255) << v;
  }
}

TEST_F(ShrinkTest, FilesThatAreMissingAreLeftOut) {
  noise_stack("a.mrcs", 1, {20, 20}, 4);
  const std::string star = text("in.star", star31_head +
                                               "2@a.mrcs 1 1\n1@gone.mrcs 2 1\n4@a.mrcs 3 1\n"
                                               "5@gone.mrcs 4 1\n1@a.mrcs 5 1\n");
  const auto report = run({star});
  EXPECT_EQ(report.done, 3);
  EXPECT_EQ(report.failed, 2);
  ASSERT_EQ(report.failures.size(), 1u);
  EXPECT_EQ(report.failures[0].images, 2);
  EXPECT_EQ(names_of(read_set("out.star")), "1@out.mrcs 2@out.mrcs 3@out.mrcs ");
  expect_near(read("out.mrcs", 2), expected(image(1, 3, {20, 20}), {20, 20}, {8, 8}));
  EXPECT_EQ(report.stacks[0].images, 3);
}

class ShrinkFailures : public ShrinkTest {
 protected:
  /// A Spider stack whose images 3 and 4 are found bad when they are read: their headers are of
  /// the other byte order (S31).
  std::string damaged() {
    const std::string path = noise_stack("a.stk", 1, {20, 20}, 6);
    std::string bytes = test::read_text(path);
    const io::StackLayout layout = open("a.stk").info().layout;
    const std::string twenty("\x41\xa0\0\0", 4);  // 20.0f, big-endian
    for (const std::int64_t k : {2, 3})
      for (const std::uint64_t word : {2, 12})
        bytes.replace(layout.offset_of(k) - layout.header_bytes + 4 * (word - 1), 4, twenty);
    test::write_text(path, bytes);
    return path;
  }
};

TEST_F(ShrinkFailures, ImagesThatCannotBeReadAreLeftOut) {
  const std::string good = noise_stack("b.stk", 2, {20, 20}, 2);
  for (const unsigned threads : {1u, 3u}) {
    job_.threads = threads;
    const auto report = run({damaged(), good});
    EXPECT_EQ(report.done, 6);
    EXPECT_EQ(report.failed, 2);
    ASSERT_EQ(report.failures.size(), 1u);
    EXPECT_EQ(report.failures[0].path, folder_ / "a.stk");
    EXPECT_EQ(report.failures[0].images, 2);
    EXPECT_EQ(report.failures[0].error.info().code, ErrorCode::inconsistent);
    EXPECT_EQ(open("out.mrcs").info().count, 6);
    const std::pair<int, std::int64_t> kept[] = {{1, 0}, {1, 1}, {1, 4}, {1, 5}, {2, 0}, {2, 1}};
    for (std::int64_t k = 0; k < 6; ++k)
      expect_near(read("out.mrcs", k + 1),
                  expected(image(kept[k].first, kept[k].second, {20, 20}), {20, 20}, {8, 8}));
    EXPECT_EQ(read_set("out.star").images.size(), 6u);
  }
}

TEST_F(ShrinkFailures, TheFirstOneCanEndTheRun) {
  job_.on_failure = OnFailure::stop;
  const std::string path = damaged();
  test::expect_error(ErrorCode::inconsistent, [&] { run({path}); });
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.stk"});
  const std::string good = noise_stack("b.stk", 2, {20, 20}, 2);
  test::expect_error(ErrorCode::not_found, [&] { run({good, folder_ / "gone.mrcs"}); });
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{"a.stk", "b.stk"}));
}

TEST_F(ShrinkFailures, NothingIsWrittenWhenNoImageIsLeft) {
  damaged();
  const auto error =
      test::expect_error(ErrorCode::inconsistent, [&] { run({"3@" + (folder_ / "a.stk")}); });
  EXPECT_EQ(error.path, folder_ / "a.stk");
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.stk"});
}

TEST_F(ShrinkTest, StoppingWritesNothing) {
  const std::string path = noise_stack("a.mrcs", 1, {20, 20}, 6);
  std::atomic<bool> stop = true;
  job_.stop = &stop;
  EXPECT_TRUE(run({path}).stopped);
  stop = false;
  job_.inputs = {path};
  const auto report = shrink_images(job_, [&](std::int64_t, std::int64_t) { stop = true; });
  EXPECT_TRUE(report.stopped);
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.mrcs"});
}

TEST_F(ShrinkTest, OutputsAreNeitherInputsNorEachOther) {
  const std::string a = noise_stack("a.mrcs", 1, {20, 20}, 2);
  const std::string before = test::read_text(a);
  job_.output = folder_.path() + "/./a.mrcs";
  test::expect_error(ErrorCode::inconsistent, [&] { run({a}); });
  std::filesystem::create_hard_link(a, folder_ / "link.mrcs");
  job_.output = folder_ / "link.mrcs";
  test::expect_error(ErrorCode::inconsistent, [&] { run({"1@" + a}); });
  const std::string star = text("in.star", "data_\nloop_\n_rlnImageName\n2@a.mrcs\n");
  job_.output = folder_ / "a.mrcs";
  test::expect_error(ErrorCode::inconsistent, [&] { run({star}); });
  job_.output = folder_ / "in.mrcs";  // whose set would be in.star
  test::expect_error(ErrorCode::inconsistent, [&] { run({star}); });
  // Names that a file system without capital letters takes for one.
  noise_stack("b.mrcs", 2, {30, 20}, 2);
  job_.output = folder_ / "out.mrcs";
  std::string rows = star31_head + "1@a.mrcs 1 1\n1@b.mrcs 2 2\n";
  rows.replace(rows.find("second"), 6, "FIRST ");
  test::expect_error(ErrorCode::inconsistent, [&] { run({text("two.star", rows)}); });
  EXPECT_EQ(test::read_text(a), before);
}

TEST_F(ShrinkTest, RefusesWhatMakesNoSense) {
  const std::string a = noise_stack("a.mrcs", 1, {20, 20}, 2);
  const auto with = [&](auto&& change) {
    ShrinkJob job = job_;
    job.inputs = {a};
    change(job);
    return [job] { (void)shrink_images(job); };
  };
  test::expect_error(ErrorCode::usage, with([](auto& j) { j.size = 0; }));
  test::expect_error(ErrorCode::usage, with([](auto& j) { j.size = std::int64_t{1} << 40; }));
  test::expect_error(ErrorCode::usage, with([&](auto& j) { j.output = folder_ / "out.png"; }));
  test::expect_error(ErrorCode::usage, with([](auto& j) { j.output.clear(); }));
  test::expect_error(ErrorCode::usage, with([&](auto& j) { j.set_output = folder_ / "a.txt"; }));
  test::expect_error(ErrorCode::not_found, with([&](auto& j) { j.inputs = {folder_ / "gone"}; }));
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.mrcs"});
}

TEST_F(ShrinkTest, APreviewNamesTheOutputsAndWritesNone) {
  const std::string a = noise_stack("a.mrcs", 1, {20, 10}, 3, 2);
  job_.inputs = {a};
  job_.output = folder_ / "made/out.stk";
  const auto report = preview_shrink(job_);
  ASSERT_EQ(report.stacks.size(), 1u);
  EXPECT_EQ(report.stacks[0].path, folder_ / "made/out.stk");
  EXPECT_EQ(report.stacks[0].to, (Extent{8, 4}));
  EXPECT_EQ(report.stacks[0].images, 3);
  EXPECT_NEAR(*report.stacks[0].pixel_size_angstrom, 5, 1e-6);
  EXPECT_EQ(report.set, folder_ / "made/out.star");
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.mrcs"});
}

TEST_F(ShrinkTest, NamesInTheSetLeadToTheStackFromTheRootOrTheSet) {
  const std::string a = noise_stack("a.mrcs", 1, {20, 20}, 3);
  job_.output = folder_ / "thumbs/out.mrcs";
  run({a});
  EXPECT_EQ(std::string(read_set("thumbs/out.star").files[0]), "thumbs/out.mrcs");
  std::filesystem::create_directory(folder_ / "elsewhere");
  job_.set.root = folder_ / "elsewhere";
  run({a});
  EXPECT_EQ(std::string(read_set("thumbs/out.star").files[0]), "out.mrcs");
  // What was written is a set that can be shrunk again.
  job_.set.root.reset();
  job_.output = folder_ / "again.stk";
  job_.size = 4;
  EXPECT_EQ(run({folder_ / "thumbs/out.star"}).done, 3);
}

}  // namespace
}  // namespace quickbeam
