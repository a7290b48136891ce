// SPDX-License-Identifier: BSD-3-Clause
// Single files: described, saved, loaded, converted.
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include <quickbeam/core/error.hpp>
#include <quickbeam/files.hpp>

#include "tests/host/temporary_folder.hpp"
#include "tests/oracle/cbf_builder.hpp"

namespace quickbeam {
namespace {

using test::TemporaryFolder;

template <class T>
Image random_image(std::uint32_t seed) {
  Image image(pixel_type_of<T>(), {33, 17});
  std::mt19937_64 random(seed);
  for (T& v : std::span(image.as<T>().data, 33 * 17))
    v = random() % 3 ? static_cast<T>(random() % 100) : static_cast<T>(random());
  image.as<T>()(0, 0) = std::numeric_limits<T>::max();
  image.as<T>()(1, 0) = std::numeric_limits<T>::lowest();
  image.as<T>()(2, 0) = std::numeric_limits<T>::max();
  return image;
}

template <class T>
void expect_equal(const Image& a, const Image& b) {
  ASSERT_EQ(a.type(), b.type());
  ASSERT_EQ(a.extent(), b.extent());
  for (std::int64_t i = 0; i < a.extent().pixels(); ++i)
    ASSERT_EQ(a.as<T>().data[i], b.as<T>().data[i]) << "pixel " << i;
}

template <class T>
class IntegerFiles : public ::testing::Test {};
using Integers = ::testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t,
                                  std::int32_t, std::uint32_t, std::int64_t, std::uint64_t>;
TYPED_TEST_SUITE(IntegerFiles, Integers);

TYPED_TEST(IntegerFiles, CbfAndNpyKeepEveryValue) {
  TemporaryFolder folder;
  const Image image = random_image<TypeParam>(20261120);
  save_cbf(folder / "a.cbf", image.const_view(), {});
  const ImageAddress cbf{folder / "a.cbf", {}}, npy{folder / "a.npy", {}};
  const ReadPolicy checked{.md5 = Md5Policy::error};
  expect_equal<TypeParam>(load_image(cbf, checked).pixels, image);
  const Recipe recipe = preset("standard");
  convert_file(cbf, npy.path, recipe);
  expect_equal<TypeParam>(load_image(npy).pixels, image);
}

TEST(Files, HeaderFactsSurviveSaving) {
  TemporaryFolder folder;
  FrameInfo info{.count_cutoff = 115897.0,
                 .wavelength_angstrom = 0.96859,
                 .distance_mm = 351.0,
                 .beam_x_px = 1261.61,
                 .beam_y_px = 1306.96,
                 .pixel_width_um = 172.0,
                 .pixel_height_um = 172.0,
                 .exposure_s = 0.019,
                 .period_s = 0.02,
                 .start_angle_deg = 12.5,
                 .angle_increment_deg = 0.1};
  info.detector = "PILATUS3 6M";
  save_cbf(folder / "a.cbf", random_image<std::int32_t>(1).const_view(), info);
  const FileDescription d = describe_file(folder / "a.cbf");
  EXPECT_EQ(d.format, "CBF");
  EXPECT_EQ(d.frames, 1);
  ASSERT_EQ(d.streams.size(), 1u);
  EXPECT_EQ(d.streams[0].encoding, Encoding::byte_offset);
  EXPECT_EQ(d.streams[0].extent, (Extent{33, 17}));
  EXPECT_TRUE(d.streams[0].has_md5);
  EXPECT_DOUBLE_EQ(d.info.wavelength_angstrom.value_or(0), 0.96859);
  EXPECT_NEAR(d.info.distance_mm.value_or(0), 351.0, 1e-9);
  EXPECT_NEAR(d.info.beam_x_px.value_or(0), 1261.61, 1e-9);
  EXPECT_NEAR(d.info.pixel_width_um.value_or(0), 172.0, 1e-9);
  EXPECT_EQ(d.info.count_cutoff, 115897.0);
  EXPECT_EQ(d.info.angle_increment_deg, 0.1);
}

TEST(Files, AWrongDigestIsSeenWhenAskedFor) {
  TemporaryFolder folder;
  save_cbf(folder / "a.cbf", random_image<std::uint16_t>(2).const_view(), {});
  std::string bytes = test::read_text(folder / "a.cbf");
  const auto digest = bytes.find("Content-MD5:") + 14;
  bytes[digest] = bytes[digest] == 'A' ? 'B' : 'A';
  test::write_text(folder / "a.cbf", bytes);
  EXPECT_NO_THROW(describe_file(folder / "a.cbf"));
  EXPECT_EQ(describe_file(folder / "a.cbf", {.md5 = Md5Policy::warn}).info.notices.size(), 1u);
  try {
    describe_file(folder / "a.cbf", {.md5 = Md5Policy::error});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checksum);
  }
}

TEST(Files, AddressesNameOneImage) {
  TemporaryFolder folder;
  EXPECT_EQ(parse_address("3@a.stk").number, 3);
  EXPECT_EQ(parse_address("000012@d/a.stk").path, "d/a.stk");
  EXPECT_FALSE(parse_address("a.stk").number);
  test::write_text(folder / "1@real", "");
  EXPECT_FALSE(parse_address(folder / "1@real").number);
  for (const char* bad : {"0@f", "-1@f", "99999999999999999999@f", "1.5@f", "@f", "1@", "x@f"}) {
    SCOPED_TRACE(bad);
    EXPECT_THROW(parse_address(bad), Error);
  }
}

TEST(Files, SectionsAreImagesOfOneStack) {
  TemporaryFolder folder;
  auto parts = oracle::good_cbf();
  auto other = oracle::good_section(std::vector<std::int64_t>(32, 7), 8, 4);
  parts.sections.push_back(other);
  test::write_text(folder / "two.cbf", parts.bytes());
  EXPECT_EQ(describe_file(folder / "two.cbf").frames, 2);
  EXPECT_EQ(load_image({folder / "two.cbf", 2}).pixels.as<std::int32_t>()(5, 3), 7);
  EXPECT_THROW(load_image({folder / "two.cbf", {}}), Error);
  EXPECT_THROW(load_image({folder / "two.cbf", 3}), Error);
}

TEST(Files, AWrappingSumInAStreamOfSeveralImagesIsNoticedToo) {
  TemporaryFolder folder;
  std::vector<std::int64_t> pixels(64, 0);
  pixels[0] = 2147483647;
  pixels[1] = 2147483648;
  auto parts = oracle::good_cbf();
  parts.sections[0] = oracle::good_section(pixels, 8, 4);
  parts.section().set("X-Binary-Size-Third-Dimension", "2");
  test::write_text(folder / "wrap.cbf", parts.bytes());
  const ImageAddress second{folder / "wrap.cbf", 2};
  const ReadPolicy strict{.strict = true};
  EXPECT_FALSE(load_image(second).info.notices.empty());
  EXPECT_THROW(load_image(second, strict), Error);
}

TEST(Files, AWrappingSumIsANoticeAndAnErrorWhenStrict) {
  TemporaryFolder folder;
  auto parts = oracle::good_cbf();
  std::vector<std::int64_t> pixels(32, 0);
  pixels[0] = 2147483647;
  pixels[1] = 2147483648;  // one more than int32 holds
  parts.sections[0] = oracle::good_section(pixels, 8, 4);
  test::write_text(folder / "wrap.cbf", parts.bytes());
  const LoadedImage image = load_image({folder / "wrap.cbf", {}});
  EXPECT_EQ(image.pixels.as<std::int32_t>()(1, 0), std::numeric_limits<std::int32_t>::min());
  ASSERT_FALSE(image.info.notices.empty());
  EXPECT_NE(image.info.notices.back().find("pixel 1"), std::string::npos);
  EXPECT_THROW(load_image({folder / "wrap.cbf", {}}, {.strict = true}), Error);
}

}  // namespace
}  // namespace quickbeam
