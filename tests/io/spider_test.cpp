// SPDX-License-Identifier: BSD-3-Clause
// Spider images, stacks and volumes in both byte orders.
#include "io/spider.hpp"

#include "tests/io/stack_reading.hpp"
#include "tests/oracle/stack_builder.hpp"

namespace quickbeam::io {
namespace {

using oracle::as_span;
using oracle::Bytes;
using oracle::spider_file;
using oracle::SpiderShape;
using test::read_values;

StackInfo info_of(const Bytes& file, const StackOptions& options = {}) {
  return StackFile::over(as_span(file.text), "a.stk", options).info();
}

constexpr SpiderShape shapes[] = {{4, 3, 1, 0},   {4, 3, 1, 1},   {4, 3, 1, 5},  {1, 1, 1, 2},
                                  {3, 3, 1, 0},   {64, 2, 1, 3},  {65, 2, 1, 3}, {120, 3, 1, 2},
                                  {256, 1, 1, 2}, {300, 1, 1, 2}, {4, 3, 6, 0},  {4, 3, 6, 1},
                                  {4, 3, 6, 3},   {5, 2, 1, 200}};

TEST(Spider, ImagesStacksAndVolumesInBothByteOrders) {
  for (SpiderShape shape : shapes)
    for (const bool big : {false, true}) {
      shape.big = big;
      SCOPED_TRACE(testing::Message() << shape.nx << 'x' << shape.ny << 'x' << shape.nz << 'x'
                                      << shape.images << (big ? " BE" : " LE"));
      const Bytes bytes = spider_file(shape);
      const StackFile file = StackFile::over(as_span(bytes.text), "a.stk");
      const StackInfo& info = file.info();
      EXPECT_EQ(info.format, "Spider");
      EXPECT_EQ(info.order, big ? ByteOrder::big : ByteOrder::little);
      EXPECT_EQ(info.extent, (Extent{shape.nx, shape.ny}));
      EXPECT_EQ(info.count, std::max(shape.images, 1) * shape.nz);
      EXPECT_EQ(info.volume_depth, shape.nz);
      EXPECT_TRUE(info.notices.empty());
      const auto values = read_values(file);
      ASSERT_EQ(values.size(), static_cast<std::size_t>(info.count * info.extent.pixels()));
      for (std::size_t i = 0; i < values.size(); ++i)
        ASSERT_EQ(values[i], oracle::pixel_at(static_cast<std::int64_t>(i))) << i;
    }
}

TEST(Spider, AnyRunOfImagesIsTheSamePixels) {
  for (const SpiderShape shape : {SpiderShape{5, 2, 1, 200}, SpiderShape{4, 3, 6, 5}}) {
    const Bytes bytes = spider_file(shape);
    const StackFile file = StackFile::over(as_span(bytes.text), "a.stk");
    const auto all = read_values(file);
    const std::int64_t area = file.info().extent.pixels();
    for (const std::int64_t count : {0, 1, 2, 7, 63, 64, 65, 130})
      for (std::int64_t first = 0; first + count <= file.info().count; first += 5)
        EXPECT_EQ(
            read_values(file, first, count),
            std::vector<double>(all.begin() + first * area, all.begin() + (first + count) * area))
            << first << ' ' << count;
  }
}

TEST(Spider, PixelSizeAndStatisticsOfTheMainHeader) {
  Bytes file = spider_file({});
  EXPECT_FALSE(info_of(file).pixel_size_angstrom);
  EXPECT_FALSE(info_of(file).statistics.min);
  file.real(21, 2.5F);
  file.real(7, 9);
  file.real(8, -3);
  file.real(9, 1);
  EXPECT_FALSE(info_of(file).statistics.max) << "valid only where IMAMI says so";
  file.real(6, 1);
  const StackInfo info = info_of(file);
  EXPECT_EQ(info.pixel_size_angstrom, 2.5);
  EXPECT_EQ(info.statistics.max, 9);
  EXPECT_EQ(info.statistics.min, -3);
  EXPECT_EQ(info.statistics.mean, 1);
  EXPECT_FALSE(info.statistics.sd) << "-1 = not computed";
  file.real(10, 2);
  EXPECT_EQ(info_of(file).statistics.sd, 2);
}

TEST(Spider, FilesOfOtherProgramsDifferInWhatIsNotUsed) {
  Bytes file = spider_file({});
  const std::size_t image = static_cast<std::size_t>(oracle::spider_header_bytes(4));
  Bytes patch = file;
  // Xmipp: ISTACK 2, INUSE 1 and MAXIM in every header, IMGNUM in none.
  patch.set(image + 4 * 23, Bytes::bits_of(2), 4);
  patch.set(image + 4 * 26, Bytes::bits_of(0), 4);
  patch.set(image + 4 * 25, Bytes::bits_of(1), 4);
  patch.real(25, 1);
  EXPECT_TRUE(info_of(patch).notices.empty());
  EXPECT_EQ(info_of(patch).count, 2);
  Bytes ancient = spider_file({.images = 0});
  ancient.real(1, -1);
  EXPECT_EQ(info_of(ancient).count, 1);
}

TEST(Spider, WithStackReadingAVolumesDepthIsNotSaid) {
  const Bytes file = spider_file({4, 3, 6, 0});
  EXPECT_FALSE(info_of(file, {.reading = StackReading::stack}).is_volume());
  EXPECT_TRUE(info_of(file).is_volume());
}

TEST(Spider, IsKnownByItsBytes) {
  for (const bool big : {false, true}) {
    const Bytes file = spider_file({.big = big});
    EXPECT_TRUE(is_spider(as_span(file.text)));
    EXPECT_FALSE(is_spider(as_span(file.text).first(1023)));
  }
  EXPECT_FALSE(is_spider(as_span(oracle::mrc_file({}).text)));
  for (const std::size_t word : {1U, 2U, 5U, 12U, 13U, 22U, 23U}) {
    Bytes file = spider_file({});
    file.real(word, 1.5F);
    EXPECT_FALSE(is_spider(as_span(file.text))) << word;
  }
  const std::string zeros(2000, '\0');
  EXPECT_FALSE(is_spider(as_span(zeros)));
}

}  // namespace
}  // namespace quickbeam::io
