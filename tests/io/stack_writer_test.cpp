// SPDX-License-Identifier: BSD-3-Clause
// Stacks written image by image: their bytes, their statistics, and what is left of unfinished
// ones.
#include "io/stack_writer.hpp"

#include <cmath>
#include <limits>
#include <random>

#include "tests/io/stack_writing.hpp"

namespace quickbeam::io {
namespace {

using test::expect_error;
using test::image;
using test::read_values;
using test::view_of;
using test::Words;

using StackWriting = test::StackWriting;

TEST_F(StackWriting, AnMrcStackToTheByte) {
  const Words file{write("a.mrcs", {.extent = {4, 3}, .pixel_size_angstrom = 1.5}, 2)};
  oracle::Bytes expected = oracle::mrc_file({4, 3, 2});
  for (const std::size_t angle : {14u, 15u, 16u}) expected.real(angle, 90);
  double sum = 0, squares = 0, low = 1e9, high = -1e9;
  for (int i = 0; i < 24; ++i) {
    const double v = oracle::pixel_at(i);
    sum += v;
    squares += v * v;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  expected.real(20, static_cast<float>(low));
  expected.real(21, static_cast<float>(high));
  expected.real(22, static_cast<float>(sum / 24));
  expected.real(55, static_cast<float>(std::sqrt(squares / 24 - sum / 24 * (sum / 24))));
  expected.word(56, 1);
  expected.text.replace(224, 9, "quickbeam");
  EXPECT_EQ(file.bytes, expected.text);
}

TEST_F(StackWriting, ASpiderStackInTheLayoutEveryoneReads) {
  const Words main{write(
      "a.stk", {.format = StackFormat::spider, .extent = {65, 3}, .pixel_size_angstrom = 2.5}, 3)};
  constexpr std::size_t header = 1040, pixels = 65 * 3 * 4;
  ASSERT_EQ(main.bytes.size(), header + 3 * (header + pixels));
  const std::pair<std::size_t, float> words[] = {
      {1, 1},    {2, 3},     {3, 7},    {5, 1},  {6, 0},  {10, -1}, {12, 65}, {13, 4},
      {21, 2.5}, {22, 1040}, {23, 260}, {24, 2}, {25, 0}, {26, 3},  {27, 0}};
  for (const auto& [word, value] : words) EXPECT_EQ(main.f(word), value) << word;
  for (std::size_t k = 0; k < 3; ++k) {
    const Words sub{main.bytes, header + k * (header + pixels)};
    const auto values = image(static_cast<std::int64_t>(k), 65 * 3);
    double sum = 0;
    for (const float v : values) sum += static_cast<double>(v);
    const double mean = sum / 195;
    double squares = 0;
    for (const float v : values)
      squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
    const std::pair<std::size_t, float> own[] = {
        {2, 3},
        {12, 65},
        {22, 1040},
        {6, 1},
        {7, *std::max_element(values.begin(), values.end())},
        {8, *std::min_element(values.begin(), values.end())},
        {9, static_cast<float>(mean)},
        {21, 1},
        {24, 0},
        {26, 0},
        {27, static_cast<float>(k + 1)}};
    for (const auto& [word, value] : own) EXPECT_EQ(sub.f(word), value) << word;
    EXPECT_FLOAT_EQ(sub.f(10), static_cast<float>(std::sqrt(squares / 194)));
    EXPECT_EQ(main.bytes.substr(sub.base + 108, header - 108), std::string(header - 108, '\0'));
    EXPECT_EQ(std::memcmp(main.bytes.data() + sub.base + header, values.data(), pixels), 0);
  }
}

TEST_F(StackWriting, HeadersOfEveryWidthHoldWholeRecords) {
  for (const std::int64_t width : {1, 3, 64, 65, 85, 86, 120, 128, 255, 256, 257, 300, 512}) {
    const StackSpec spec{.format = StackFormat::spider, .extent = {width, 2}};
    const std::string bytes = write("a.stk", spec, 2);
    const auto header =
        static_cast<std::size_t>(oracle::spider_header_bytes(static_cast<int>(width)));
    EXPECT_EQ(bytes.size(), header + 2 * (header + static_cast<std::size_t>(width) * 8)) << width;
    const StackFile file = StackFile::open(folder_ / "a.stk");
    EXPECT_TRUE(file.info().notices.empty());
    EXPECT_EQ(read_values(file)[0], -50);
  }
}

TEST_F(StackWriting, ImagesAndVolumesInBothFormats) {
  for (const StackFormat format : {StackFormat::mrc, StackFormat::spider})
    for (const auto contents :
         {StackContents::images, StackContents::image, StackContents::volume}) {
      const std::string name = format == StackFormat::mrc ? "a.mrc" : "a.spi";
      const std::int64_t count = contents == StackContents::image ? 1 : 5;
      write(name,
            {.format = format, .extent = {7, 4}, .contents = contents, .pixel_size_angstrom = 3},
            count);
      const StackFile file = StackFile::open(folder_ / name, {.strictness = Strictness::strict});
      EXPECT_EQ(file.info().count, count);
      EXPECT_EQ(file.info().volume_depth, contents == StackContents::volume ? 5 : 1);
      EXPECT_EQ(file.info().pixel_size_angstrom, 3);
      EXPECT_EQ(file.info().layout.header_bytes == 0,
                format == StackFormat::mrc || contents != StackContents::images);
      const auto values = read_values(file);
      for (std::size_t i = 0; i < values.size(); ++i)
        ASSERT_EQ(values[i], oracle::pixel_at(static_cast<std::int64_t>(i)));
    }
}

TEST_F(StackWriting, AnyOrderAndReplacementsGiveTheSameBytes) {
  for (const StackFormat format : {StackFormat::mrc, StackFormat::spider}) {
    const StackSpec spec{.format = format, .extent = {33, 9}, .expected = 40};
    const std::string expected = write("a", spec, 40);
    std::vector<std::int64_t> order(40);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i * 7 % 40);
    StackWriter writer(folder_ / "b", spec);
    for (const std::int64_t k : {3, 3, 11})
      writer.put(k, view_of(image(99 + k, 297), {33, 9}));  // to be replaced
    for (const std::int64_t k : order) writer.put(k, view_of(image(k, 297), {33, 9}));
    EXPECT_EQ(writer.finish().count, 40);
    EXPECT_EQ(test::read_text(folder_ / "b"), expected);
  }
}

TEST_F(StackWriting, TypesAndWhatDoesNotFitThem) {
  const std::vector<double> values = {0,    -1,  127.5,    128.5, -129, 70000,
                                      1e39, NAN, INFINITY, -0.5,  2.5,  3.5};
  const Extent extent{4, 3};
  const auto written = [&](StoredAs stored, std::uint64_t clipped,
                           Mode0 mode0 = Mode0::signed_bytes) {
    StackWriter writer(folder_ / "a.mrc", {.extent = extent, .stored = stored});
    writer.append(view_of(values, extent));
    const StackReport report = writer.finish();
    EXPECT_EQ(report.clipped, clipped);
    return read_values(StackFile::open(folder_ / "a.mrc", {.mode0 = mode0}));
  };
  EXPECT_EQ(written(StoredAs::int8, 5),
            (std::vector<double>{0, -1, 127, 127, -128, 127, 127, 0, 127, 0, 2, 4}));
  EXPECT_EQ(written(StoredAs::uint8, 4, Mode0::automatic),
            (std::vector<double>{0, 0, 128, 128, 0, 255, 255, 0, 255, 0, 2, 4}));
  EXPECT_EQ(written(StoredAs::int16, 2),
            (std::vector<double>{0, -1, 128, 128, -129, 32767, 32767, 0, 32767, 0, 2, 4}));
  EXPECT_EQ(written(StoredAs::uint16, 4),
            (std::vector<double>{0, 0, 128, 128, 0, 65535, 65535, 0, 65535, 0, 2, 4}));
  const auto halves = written(StoredAs::half, 2);
  EXPECT_EQ(halves[5], 65504);
  EXPECT_EQ(halves[6], 65504);
  EXPECT_TRUE(std::isnan(halves[7]));
  EXPECT_EQ(halves[8], INFINITY);
  const auto floats = written(StoredAs::float32, 1);
  EXPECT_EQ(floats[6], static_cast<double>(std::numeric_limits<float>::max()));
  EXPECT_EQ(floats[5], 70000);
}

TEST_F(StackWriting, EveryPixelTypeAndPitchGoesIn) {
  const auto check = [&](auto tag) {
    using T = decltype(tag);
    const std::vector<T> pixels = {T(1), T(2), T(99), T(4), T(120), T(99)};
    StackWriter writer(folder_ / "a.stk", {.format = StackFormat::spider, .extent = {2, 2}});
    writer.append(view_of(pixels, {2, 2}, 3));
    writer.finish();
    EXPECT_EQ(read_values(StackFile::open(folder_ / "a.stk")), (std::vector<double>{1, 2, 4, 120}));
  };
  check(std::int8_t{});
  check(std::uint8_t{});
  check(std::int16_t{});
  check(std::uint16_t{});
  check(std::int32_t{});
  check(std::uint32_t{});
  check(std::int64_t{});
  check(std::uint64_t{});
  check(float{});
  check(double{});
}

TEST_F(StackWriting, StatisticsSurviveALargeMean) {
  std::mt19937 random(11);
  std::normal_distribution<double> noise(1e6, 1);
  StackWriter writer(folder_ / "a.mrcs", {.extent = {64, 64}});
  std::vector<double> all;
  for (int k = 0; k < 50; ++k) {
    std::vector<float> pixels(4096);
    for (float& v : pixels)
      all.push_back(static_cast<double>(v = static_cast<float>(noise(random))));
    writer.append(view_of(pixels, {64, 64}));
  }
  const PixelStatistics s = writer.finish().statistics;
  long double sum = 0, squares = 0;
  for (const double v : all) sum += v;
  const long double mean = sum / static_cast<long double>(all.size());
  for (const double v : all) squares += (v - mean) * (v - mean);
  EXPECT_NEAR(s.mean, static_cast<double>(mean), 1e-8);
  EXPECT_NEAR(s.m2 / static_cast<double>(squares), 1, 1e-12);
  EXPECT_EQ(s.min, *std::min_element(all.begin(), all.end()));
  EXPECT_EQ(s.max, *std::max_element(all.begin(), all.end()));
}

TEST_F(StackWriting, NonFinitePixelsLeaveTheStatisticsUndetermined) {
  for (const float odd : {NAN, INFINITY}) {
    std::vector<float> pixels(12, 1);
    pixels[5] = odd;
    StackWriter mrc(folder_ / "a.mrc", {.extent = {4, 3}});
    StackWriter spider(folder_ / "a.stk", {.format = StackFormat::spider, .extent = {4, 3}});
    for (StackWriter* writer : {&mrc, &spider}) {
      writer->append(view_of(image(0, 12), {4, 3}));
      writer->append(view_of(pixels, {4, 3}));
      EXPECT_EQ(writer->finish().statistics.non_finite, 1U);
    }
    const Words header{test::read_text(folder_ / "a.mrc")};
    EXPECT_LT(header.f(21), header.f(20));
    EXPECT_LT(header.f(22), header.f(21));
    EXPECT_LT(header.f(55), 0);
    const std::size_t head = static_cast<std::size_t>(oracle::spider_header_bytes(4));
    const Words sub{test::read_text(folder_ / "a.stk"), head + head + 48};
    EXPECT_EQ(sub.f(27), 2);
    EXPECT_EQ(sub.f(6), 0);
    EXPECT_EQ(sub.f(10), -1);
  }
}

TEST_F(StackWriting, AnUnfinishedFileIsNoStackAndLeavesTheOldOneAlone) {
  for (const StackFormat format : {StackFormat::mrc, StackFormat::spider}) {
    test::write_text(folder_ / "a.stk", "old");
    {
      StackWriter writer(folder_ / "a.stk", {.format = format, .extent = {4, 3}});
      for (std::int64_t k = 0; k < 3; ++k) writer.append(view_of(image(k, 12), {4, 3}));
      // What a killed run leaves behind:
      std::string temporary;
      for (const auto& name : folder_.names())
        if (name != "a.stk") temporary = test::read_text(folder_ / name);
      ASSERT_GT(temporary.size(), 1024U);
      for (const char* name : {"x.stk", "x.mrcs"})
        expect_error(ErrorCode::not_this_format,
                     [&] { StackFile::over(oracle::as_span(temporary), name); });
    }
    EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.stk"});
    EXPECT_EQ(test::read_text(folder_ / "a.stk"), "old");
  }
}

TEST_F(StackWriting, RefusesWhatItCannotWrite) {
  const auto refused = [&](ErrorCode code, const StackSpec& spec) {
    return expect_error(code, [&] { StackWriter(folder_ / "a", spec); });
  };
  constexpr std::int64_t wide = std::int64_t{1} << 31;
  refused(ErrorCode::bad_field, {.extent = {0, 3}});
  refused(ErrorCode::limit, {.extent = {wide, 3}});
  refused(ErrorCode::limit, {.format = StackFormat::spider, .extent = {4194304, 1}});
  refused(ErrorCode::limit, {.extent = {4, 3}, .expected = wide});
  refused(ErrorCode::limit,
          {.format = StackFormat::spider, .extent = {4, 3}, .expected = 16777217});
  refused(ErrorCode::overflow, {.extent = {wide - 1, wide - 1}});
  refused(ErrorCode::overflow, {.extent = {1 << 20, 1 << 20}, .expected = wide - 1});
  refused(ErrorCode::unsupported,
          {.format = StackFormat::spider, .extent = {4, 3}, .stored = StoredAs::half});
  refused(ErrorCode::limit, {.extent = {4, 3}, .contents = StackContents::image, .expected = 2});
  EXPECT_TRUE(folder_.names().empty());

  StackWriter writer(folder_ / "a", {.extent = {4, 3}});
  expect_error(ErrorCode::bad_field, [&] { writer.finish(); });
  const auto pixels = image(0, 12);
  EXPECT_EQ(expect_error(ErrorCode::inconsistent,
                         [&] {
                           writer.append(view_of(pixels, {3, 4}));
                         })
                .frame,
            1U);
  expect_error(ErrorCode::usage, [&] { writer.put(1, view_of(pixels, {4, 3})); });
  expect_error(ErrorCode::usage, [&] { writer.put(-1, view_of(pixels, {4, 3})); });
  StackWriter gap(folder_ / "b", {.extent = {4, 3}, .expected = 5});
  gap.put(0, view_of(pixels, {4, 3}));
  gap.put(3, view_of(pixels, {4, 3}));
  EXPECT_EQ(expect_error(ErrorCode::inconsistent, [&] { gap.finish(); }).found, "image 2 missing");
}

TEST(StackNames, SuffixesAskForFormats) {
  EXPECT_EQ(stack_format_named("a.mrcs"), StackFormat::mrc);
  EXPECT_EQ(stack_format_named("d.stk/a.ST"), StackFormat::mrc);
  EXPECT_EQ(stack_format_named("a.stk"), StackFormat::spider);
  EXPECT_EQ(stack_format_named("a.spi"), StackFormat::spider);
  expect_error(ErrorCode::usage, [] { stack_format_named("a.hdf"); });
  EXPECT_FALSE(is_stack_target("a.cbf"));
  EXPECT_TRUE(is_stack_name("a.stk"));
  EXPECT_FALSE(is_stack_name("a.mrc"));
}

}  // namespace
}  // namespace quickbeam::io
