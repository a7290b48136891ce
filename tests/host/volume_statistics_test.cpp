// SPDX-License-Identifier: BSD-3-Clause
// Statistics of volumes: each is one image, voxel by voxel; against two passes over plain numbers.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "host/src/qbstat_header.hpp"
#include "tests/host/statistics_stacks.hpp"
#include "tests/io/files.hpp"
#include "tests/oracle/stack_builder.hpp"

namespace quickbeam {
namespace {

using test::expect_statistics;
using test::read_doubles;
using test::read_text;
using test::Stack;

constexpr std::int64_t depth = 6;
constexpr Extent section = {5, 4}, folded = {5, 4 * depth};

class VolumeStatistics : public ::testing::Test {
 protected:
  /// One volume of a Stack of volumes as a file of its own.
  std::string volume(const std::string& name, const std::vector<double>& voxels,
                     io::StoredAs stored = io::StoredAs::float32, Extent extent = section) {
    const std::string path = folder_ / name;
    io::StackWriter writer(path, {.format = io::stack_format_named(path),
                                  .extent = extent,
                                  .contents = io::StackContents::volume,
                                  .stored = stored,
                                  .pixel_size_angstrom = 1.5});
    const std::vector<float> all(voxels.begin(), voxels.end());
    for (std::size_t at = 0; at < all.size(); at += static_cast<std::size_t>(extent.pixels()))
      writer.append(ConstAnyView(ImageView<const float>(all.data() + at, extent)));
    writer.finish();
    return path;
  }
  /// All volumes behind one MRC header: ISPG 401, MZ sections each.
  std::string volume_stack(const std::string& name, const Stack& volumes) {
    std::vector<double> all;
    for (const auto& one : volumes.images) all.insert(all.end(), one.begin(), one.end());
    const std::string path = volume(name, all);
    std::string text = read_text(path);
    for (const auto& [word, value] : {std::pair<std::size_t, std::int32_t>{23, 401}, {10, depth}})
      std::memcpy(text.data() + 4 * (word - 1), &value, 4);
    test::write_text(path, text);
    return path;
  }
  StatisticsJob job(std::vector<std::string> inputs, const std::string& out) {
    StatisticsJob job = test::statistics_job(std::move(inputs), folder_ / out);
    job.set.items = ImageItems::volumes;
    return job;
  }
  test::TemporaryFolder folder_;
};

TEST_F(VolumeStatistics, AreThoseOfEachVoxelOverSeveralFiles) {
  const Stack volumes = test::floats(folded, 5, 100, 3);
  std::vector<std::string> inputs;
  for (std::size_t k = 0; k < 5; ++k)  // both formats
    inputs.push_back(
        volume("v" + std::to_string(k) + (k % 2 == 0 ? ".mrc" : ".spi"), volumes.images[k]));
  const StatisticsReport report = compute_statistics(job(inputs, "out"));
  ASSERT_EQ(report.groups.size(), 1u);
  EXPECT_EQ(report.groups[0].name, "5x4x6");
  EXPECT_EQ(report.groups[0].extent, section);
  EXPECT_EQ(report.groups[0].sections, depth);
  EXPECT_EQ(report.groups[0].images, 5);
  expect_statistics(volumes, folder_ / "out");
  test::expect_table(volumes, folder_ / "out/particles.star");
  EXPECT_EQ(test::read_table(folder_ / "out/particles.star")[1][0], inputs[1]);
  EXPECT_NE(read_text(folder_ / "out/average.npy").find("(6, 4, 5)"), std::string::npos);
}

TEST_F(VolumeStatistics, OfAStackOfVolumesAndOneOfThem) {
  const Stack volumes = test::floats(folded, 7);
  const std::string stack = volume_stack("v.mrc", volumes);
  compute_statistics(job({stack}, "all"));
  expect_statistics(volumes, folder_ / "all");
  compute_statistics(job({"3@" + stack, "7@" + stack}, "two"));
  expect_statistics({folded, {volumes.images[2], volumes.images[6]}}, folder_ / "two");
  EXPECT_EQ(test::read_table(folder_ / "two/particles.star")[1][0], "000007@" + stack);
  test::expect_error(ErrorCode::inconsistent,
                     [&] { compute_statistics(job({"8@" + stack}, "none")); });
}

/// With a header before each volume.
TEST_F(VolumeStatistics, OfASpiderStackOfVolumes) {
  for (const bool big : {false, true}) {
    test::write_text(folder_ / "v.stk", oracle::spider_file({5, 4, depth, 9, big}).text);
    Stack volumes{folded};
    for (std::int64_t k = 0; k < 9; ++k) {
      auto& one = volumes.images.emplace_back();
      for (std::int64_t i = 0; i < 120; ++i)
        one.push_back(static_cast<double>(oracle::pixel_at(120 * k + i)));
    }
    compute_statistics(job({folder_ / "v.stk"}, "out"));
    expect_statistics(volumes, folder_ / "out");
    test::expect_table(volumes, folder_ / "out/particles.star");
  }
}

TEST_F(VolumeStatistics, SectionsAreImagesWhenNotAskedFor) {
  const Stack volumes = test::floats(folded, 1);
  StatisticsJob plain = job({volume("v.mrc", volumes.images[0])}, "out");
  plain.set.items = ImageItems::sections;
  const StatisticsReport report = compute_statistics(plain);
  EXPECT_EQ(report.groups[0].images, depth);
  EXPECT_EQ(report.groups[0].sections, 1);
  Stack sections{section};
  for (auto at = volumes.images[0].begin(); at != volumes.images[0].end(); at += 20)
    sections.images.emplace_back(at, at + 20);
  expect_statistics(sections, folder_ / "out");
}

/// A name or header that says "stack" does not matter where volumes are asked for.
TEST_F(VolumeStatistics, EveryFileWithAThirdDimensionIsAVolume) {
  const Stack volumes = test::whole_numbers(folded, 3, -200, 300);
  std::vector<std::string> inputs;
  for (std::size_t k = 0; k < 3; ++k) {
    Stack sections{section};
    for (auto at = volumes.images[k].begin(); at != volumes.images[k].end(); at += 20)
      sections.images.emplace_back(at, at + 20);
    inputs.push_back(folder_ / ("s" + std::to_string(k) + ".mrcs"));
    test::write_stack(inputs.back(), sections, io::StoredAs::int16);
  }
  EXPECT_EQ(compute_statistics(job(inputs, "out")).groups[0].images, 3);
  expect_statistics(volumes, folder_ / "out");
}

TEST_F(VolumeStatistics, MapsInMrcAreVolumes) {
  const Stack volumes = test::floats(folded, 3);
  StatisticsJob maps = job({volume_stack("v.mrc", volumes)}, "out");
  maps.outputs.format = StatisticsOutputs::Format::mrc;
  compute_statistics(maps);
  for (const char* name : {"out/average.mrc", "out/variance.mrc", "out/count.mrc"}) {
    const std::string file = read_text(folder_ / name);
    ASSERT_EQ(file.size(), 1024U + 5 * 4 * 6 * 4) << name;
    const auto word = [&](std::size_t number) {
      std::int32_t value = 0;
      std::memcpy(&value, file.data() + 4 * (number - 1), 4);
      return value;
    };
    const std::vector<int> sizes = {word(1), word(2),  word(3), word(8),
                                    word(9), word(10), word(23)};
    EXPECT_EQ(sizes, (std::vector<int>{5, 4, 6, 5, 4, 6, 1})) << name;
    float cell = 0;
    std::memcpy(&cell, file.data() + 48, 4);
    EXPECT_EQ(cell, 9) << "six sections of 1.5 angstrom";
  }
  const std::string average = read_text(folder_ / "out/average.mrc");
  for (std::size_t p = 0; p < 120; ++p) {
    float value = 0;
    std::memcpy(&value, average.data() + 1024 + 4 * p, 4);
    EXPECT_FLOAT_EQ(value, static_cast<float>(test::of_pixel(volumes, p).mean)) << p;
  }
}

TEST_F(VolumeStatistics, TheSameBitsForAnyThreadsAndParts) {
  const Stack volumes = test::floats(folded, 600, 1e4);
  const std::string stack = volume_stack("v.mrc", volumes);
  StatisticsJob one = job({stack}, "one");
  one.threads = 1;
  compute_statistics(one);
  compute_statistics(job({stack}, "two"));
  EXPECT_TRUE(test::contents_of(folder_ / "one") == test::contents_of(folder_ / "two"));
  std::vector<std::string> parts;
  for (int k = 1; k <= 3; ++k) {
    StatisticsJob part = job({stack}, "");
    part.outputs.folder.clear();
    parts.push_back(part.outputs.partial = folder_ / ("p" + std::to_string(k)));
    part.part = k;
    part.parts = 3;
    compute_statistics(part);
  }
  const StatisticsReport merged = merge_statistics(parts, job({}, "merged").outputs);
  ASSERT_EQ(merged.groups.size(), 1u);
  EXPECT_EQ(merged.groups[0].sections, depth);
  EXPECT_EQ(merged.groups[0].extent, section);
  EXPECT_TRUE(test::contents_of(folder_ / "one") == test::contents_of(folder_ / "merged"));
}

TEST_F(VolumeStatistics, AMaskIsASphere) {
  const Stack volumes = test::floats(folded, 4);
  StatisticsJob masked = job({volume_stack("v.mrc", volumes)}, "out");
  masked.region.radius = 2;
  compute_statistics(masked);
  const auto average = read_doubles(folder_ / "out/average.npy");
  ASSERT_EQ(average.size(), 120u);
  int inside = 0;
  for (int z = 0, p = 0; z < 6; ++z)
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 5; ++x, ++p) {
        const bool in = (x - 2) * (x - 2) + (y - 2) * (y - 2) + (z - 3) * (z - 3) <= 4;
        const auto pixel = static_cast<std::size_t>(p);
        const double expected = in ? test::of_pixel(volumes, pixel).mean : 0;
        EXPECT_NEAR(average[pixel], expected, 1e-12) << x << " " << y << " " << z;
        inside += in ? 1 : 0;
      }
  EXPECT_EQ(inside, 32) << "the 33 points within 2 of a lattice point, but one outside: y < 4";
  masked.region = {.file = folder_ / "v.mrc"};
  EXPECT_EQ(test::expect_error(ErrorCode::usage, [&] { compute_statistics(masked); }).field,
            "--mask");
}

/// 5 x 4 x 6 and the picture of 5 x 24 are not alike.
TEST_F(VolumeStatistics, VolumesAndImagesAreGroupsOfTheirOwn) {
  const Stack volumes = test::floats(folded, 2), flat = test::floats(folded, 1, 9);
  test::write_stack(folder_ / "flat.mrc", flat, io::StoredAs::float32, 1.5);
  const StatisticsReport report =
      compute_statistics(job({volume("a.mrc", volumes.images[0]), folder_ / "flat.mrc",
                              volume("b.spi", volumes.images[1])},
                             "out"));
  ASSERT_EQ(report.groups.size(), 2u);
  EXPECT_EQ(report.groups[0].name, "5x4x6");
  EXPECT_EQ(report.groups[1].name, "5x24");
  expect_statistics(volumes, folder_ / "out", 0, 1e-12, "_5x4x6");
  expect_statistics(flat, folder_ / "out", 0, 1e-12, "_5x24");
}

TEST_F(VolumeStatistics, WhatHasNoVolumesIsRefused) {
  const Stack volumes = test::floats(folded, 2);
  const std::string stack = volume_stack("v.mrc", volumes);
  test::write_text(folder_ / "s.star", "data_\nloop_\n_rlnImageName\n1@" + stack + "\n");
  test::expect_error(ErrorCode::usage,
                     [&] { compute_statistics(job({folder_ / "s.star"}, "out")); });
  test::write_npy<float>(folder_ / "a.npy", volumes);
  test::expect_error(ErrorCode::unsupported,
                     [&] { compute_statistics(job({folder_ / "a.npy"}, "out")); });
  test::write_stack(folder_ / "a.stk", volumes);
  test::expect_error(ErrorCode::unsupported,
                     [&] { compute_statistics(job({folder_ / "a.stk"}, "out")); });
  // A volume that is cut is none; of a stack of volumes those before count.
  const std::string text = read_text(stack);
  test::write_text(folder_ / "cut.mrc", text.substr(0, text.size() - 4));
  const StatisticsReport cut = compute_statistics(job({folder_ / "cut.mrc"}, "cut"));
  ASSERT_EQ(cut.failures.size(), 1u);
  EXPECT_EQ(cut.failures[0].error.code(), ErrorCode::truncated);
  EXPECT_EQ(cut.groups[0].images, 1);
  expect_statistics({folded, {volumes.images[0]}}, folder_ / "cut");
  test::write_text(folder_ / "cut.mrc", text.substr(0, 1024 + 400));
  test::expect_error(ErrorCode::truncated,
                     [&] { compute_statistics(job({folder_ / "cut.mrc"}, "cut")); });
}

/// In partial files the sections are part of the way of reading.
TEST(QbstatSections, AreReadBackAndChecked) {
  const auto round = [](std::string reading, std::int64_t sections) {
    QbstatGroup group;
    group.facts.set = group.facts.identity = std::string(32, 'a');
    group.facts.name = "g";
    group.facts.reading = std::move(reading);
    group.facts.extent = folded;
    group.facts.sections = sections;
    group.facts.images = 1;
    const auto header = qbstat::encode_header({&group, 1}, "p");
    const std::span<const std::byte> bytes(header);
    const std::uint64_t size = QbstatLayout({&group, 1}, header.size(), "p").file_bytes();
    const auto prefix = qbstat::decode_prefix(bytes.first(qbstat::prefix_bytes), size, "p");
    return qbstat::decode_header(bytes, prefix, "p").front().facts;
  };
  for (const char* reading : {"", "mode0=signed"})
    for (const std::int64_t sections : {1, 2, 24}) {
      const GroupFacts facts = round(reading, sections);
      EXPECT_EQ(facts.reading, reading);
      EXPECT_EQ(facts.sections, sections);
    }
  for (const char* reading : {"sections=0", "sections=-2", "sections=5", "sections=48",
                              "mode0=imod sections=x", "sections=", "sections=2 "})
    test::expect_error(ErrorCode::bad_field, [&] { round(reading, 1); });
}

}  // namespace
}  // namespace quickbeam
