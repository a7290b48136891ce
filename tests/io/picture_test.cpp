// SPDX-License-Identifier: BSD-3-Clause
// Pictures read back by libpng and libjpeg show the colours that went in.
#include "io/picture.hpp"

#include <gtest/gtest.h>
#include <jpeglib.h>
#include <png.h>

#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include "tests/io/files.hpp"

namespace quickbeam::io {
namespace {

using test::expect_error;
using test::text_of;

struct Indices {
  Extent extent;
  std::int64_t pitch;
  std::vector<std::uint8_t> pixels;
  ImageView<const std::uint8_t> view() const { return {pixels.data(), extent, pitch}; }
};

/// Log-mapped photon noise, more or less; rows `gap` bytes apart from each other.
Indices noise(std::int64_t width, std::int64_t height, std::int64_t gap = 0) {
  Indices image{{width, height}, width + gap, {}};
  image.pixels.resize(static_cast<std::size_t>(image.pitch * height), 0xee);
  std::mt19937 random(7);
  std::geometric_distribution<int> counts(0.2);
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      image.pixels[static_cast<std::size_t>(y * image.pitch + x)] =
          static_cast<std::uint8_t>(std::min(255, 8 * counts(random)));
  return image;
}

Palette colours() {
  Palette palette{};
  for (int i = 0; i < 256; ++i)
    palette[static_cast<std::size_t>(i)] = {static_cast<std::uint8_t>(i),
                                            static_cast<std::uint8_t>(255 - i),
                                            static_cast<std::uint8_t>(i * 7)};
  return palette;
}

Palette greys() {
  Palette palette{};
  for (int i = 0; i < 256; ++i) {
    const auto v = static_cast<std::uint8_t>(255 - i);
    palette[static_cast<std::size_t>(i)] = {v, v, v};
  }
  return palette;
}

/// Decoded RGB, by libpng's simple interface.
std::vector<std::uint8_t> read_png(std::span<const std::byte> bytes, Extent extent) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  EXPECT_TRUE(png_image_begin_read_from_memory(&png, bytes.data(), bytes.size())) << png.message;
  EXPECT_TRUE(png.format & PNG_FORMAT_FLAG_COLORMAP);
  EXPECT_EQ(png.colormap_entries, 256u);
  EXPECT_EQ(png.width, extent.width);
  EXPECT_EQ(png.height, extent.height);
  png.format = PNG_FORMAT_RGB;
  std::vector<std::uint8_t> rgb(PNG_IMAGE_SIZE(png));
  EXPECT_TRUE(png_image_finish_read(&png, nullptr, rgb.data(), 0, nullptr)) << png.message;
  EXPECT_EQ(png.warning_or_error, 0u) << png.message;
  return rgb;
}

void expect_png_shows(const Indices& image, const Palette& palette) {
  Buffer<std::byte> out;
  const auto rgb = read_png(encode_png(image.view(), palette, out), image.extent);
  std::size_t at = 0, wrong = 0;
  for (std::int64_t y = 0; y < image.extent.height; ++y)
    for (std::int64_t x = 0; x < image.extent.width; ++x, at += 3)
      wrong += palette[image.view()(x, y)] != Rgb{rgb[at], rgb[at + 1], rgb[at + 2]};
  EXPECT_EQ(wrong, 0u) << image.extent.width << " x " << image.extent.height;
}

TEST(Png, ReadsBackExactlyAtEverySize) {
  for (const std::int64_t width : {1, 2, 31, 32, 33, 97, 250})
    for (const std::int64_t height : {1, 3, 67, 263}) {
      expect_png_shows(noise(width, height), colours());
      expect_png_shows(noise(width, height, 5), greys());
    }
}

TEST(Png, ReadsBackConstantAndOddlyShapedPictures) {
  Indices flat{{300, 200}, 300, std::vector<std::uint8_t>(60000, 0)};
  expect_png_shows(flat, colours());
  std::fill(flat.pixels.begin(), flat.pixels.end(), 255);
  expect_png_shows(flat, greys());
  expect_png_shows(noise(1, 70000), colours());
  expect_png_shows(noise(70000, 1), colours());
}

TEST(Png, ReadsBackEveryByteValueAndLongRuns) {
  Indices image{{256, 300}, 256, std::vector<std::uint8_t>(256 * 300)};
  std::mt19937 random(11);
  std::size_t i = 0;
  while (i < image.pixels.size()) {
    const auto value = static_cast<std::uint8_t>(random());
    for (std::size_t run = random() % 1200; run-- > 0 && i < image.pixels.size();)
      image.pixels[i++] = value;
  }
  expect_png_shows(image, colours());
  for (auto& pixel : image.pixels) pixel = static_cast<std::uint8_t>(random());
  expect_png_shows(image, colours());
}

TEST(Png, HasAllPaletteEntriesAndNoTransparency) {
  Buffer<std::byte> out;
  const std::string file = text_of(encode_png(noise(9, 9).view(), colours(), out));
  const std::size_t palette = file.find("PLTE");
  ASSERT_NE(palette, std::string::npos);
  EXPECT_EQ(file.substr(palette - 4, 4), std::string("\0\0\x03\0", 4));  // 768 bytes
  EXPECT_EQ(file.find("tRNS"), std::string::npos);
  EXPECT_TRUE(file.ends_with(std::string("\0\0\0\0IEND\xae\x42\x60\x82", 12)));
}

TEST(Png, SameBytesOnEveryThreadAndInAnyBuffer) {
  const Indices image = noise(250, 250);
  Buffer<std::byte> out;
  const std::string first = text_of(encode_png(image.view(), colours(), out));
  EXPECT_EQ(text_of(encode_png(image.view(), colours(), out)), first);
  EXPECT_EQ(text_of(encode_png(noise(250, 250, 9).view(), colours(), out)), first);
  std::vector<std::string> others(4);
  std::vector<std::thread> threads;
  for (auto& other : others)
    threads.emplace_back([&image, &other] {
      Buffer<std::byte> mine;
      other = text_of(encode_png(image.view(), colours(), mine));
    });
  for (auto& thread : threads) thread.join();
  for (const auto& other : others) EXPECT_EQ(other, first);
}

TEST(Png, PngcheckFindsNoFault) {
  if (std::system("pngcheck -h >/dev/null 2>&1") == 127 * 256) GTEST_SKIP() << "no pngcheck";
  const test::TemporaryFolder folder;
  Buffer<std::byte> out;
  for (const Extent extent :
       {Extent{1, 1}, Extent{250, 250}, Extent{1, 70000}, Extent{2463, 2527}}) {
    const auto bytes = encode_png(noise(extent.width, extent.height).view(), colours(), out);
    test::write_text(folder / "a.png", text_of(bytes));
    EXPECT_EQ(std::system(("pngcheck -q " + folder / "a.png").c_str()), 0) << extent.width;
  }
}

/// Decoded components (1 or 3 a pixel) by libjpeg.
std::vector<std::uint8_t> read_jpeg(std::span<const std::byte> bytes, int& components) {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);  // a broken file ends the test program: a failed test
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  components = jpeg.num_components;
  for (int i = 0; i < components; ++i) {
    EXPECT_EQ(jpeg.comp_info[i].h_samp_factor, 1);
    EXPECT_EQ(jpeg.comp_info[i].v_samp_factor, 1);
  }
  jpeg_start_decompress(&jpeg);
  const std::size_t row = jpeg.output_width * static_cast<std::size_t>(components);
  std::vector<std::uint8_t> pixels(row * jpeg.output_height);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW rows[] = {pixels.data() + row * jpeg.output_scanline};
    jpeg_read_scanlines(&jpeg, rows, 1);
  }
  jpeg_finish_decompress(&jpeg);
  EXPECT_EQ(errors.num_warnings, 0);
  jpeg_destroy_decompress(&jpeg);
  return pixels;
}

/// A smooth ramp: JPEG keeps it within a few grey levels.
Indices ramp(std::int64_t width, std::int64_t height, std::int64_t gap = 0) {
  Indices image{{width, height}, width + gap, {}};
  image.pixels.resize(static_cast<std::size_t>(image.pitch * height));
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      image.pixels[static_cast<std::size_t>(y * image.pitch + x)] =
          static_cast<std::uint8_t>((x + y) * 255 / std::max<std::int64_t>(1, width + height - 2));
  return image;
}

void expect_jpeg_close(const Indices& image, const Palette& palette, int expected_components) {
  Buffer<std::byte> out;
  int components = 0;
  const auto decoded = read_jpeg(encode_jpeg(image.view(), palette, 95, out), components);
  ASSERT_EQ(components, expected_components);
  int worst = 0;
  std::size_t at = 0;
  for (std::int64_t y = 0; y < image.extent.height; ++y)
    for (std::int64_t x = 0; x < image.extent.width; ++x) {
      const Rgb c = palette[image.view()(x, y)];
      const int wanted[] = {c.r, c.g, c.b};
      for (int k = 0; k < components; ++k, ++at)
        worst = std::max(worst, std::abs(wanted[k] - decoded[at]));
    }
  EXPECT_LE(worst, 12) << image.extent.width << " x " << image.extent.height;
}

Palette smooth_colours() {
  Palette palette{};
  for (int i = 0; i < 256; ++i)
    palette[static_cast<std::size_t>(i)] = {static_cast<std::uint8_t>(i),
                                            static_cast<std::uint8_t>(255 - i), 80};
  return palette;
}

TEST(Jpeg, GreyPalettesGiveGreyscale) {
  for (const std::int64_t side : {17, 64, 333}) {
    expect_jpeg_close(ramp(side, side + 5), greys(), 1);
    expect_jpeg_close(ramp(side, side + 5, 3), greys(), 1);
  }
}

TEST(Jpeg, ColourPalettesGiveFullResolutionColour) {
  for (const std::int64_t side : {64, 333})
    expect_jpeg_close(ramp(side, side, 3), smooth_colours(), 3);
}

TEST(Jpeg, OnlyColoursInUseDecide) {
  Palette palette = greys();
  palette[0] = {200, 30, 10};
  Indices image = ramp(40, 40);
  for (auto& pixel : image.pixels) pixel = std::max<std::uint8_t>(pixel, 1);
  expect_jpeg_close(image, palette, 1);
  image.pixels[77] = 0;
  Buffer<std::byte> out;
  int components = 0;
  read_jpeg(encode_jpeg(image.view(), palette, 85, out), components);
  EXPECT_EQ(components, 3);
}

TEST(Jpeg, GrowsItsBufferAndRepeatsItself) {
  const Indices image = noise(700, 500);
  Buffer<std::byte> out, other;
  const std::string first = text_of(encode_jpeg(image.view(), colours(), 100, out));
  EXPECT_GT(first.size(), 100000u);
  EXPECT_EQ(text_of(encode_jpeg(image.view(), colours(), 100, out)), first);
  EXPECT_LT(encode_jpeg(image.view(), colours(), 20, other).size(), first.size() / 2);
}

TEST(Jpeg, RefusesImpossibleQualities) {
  Buffer<std::byte> out;
  for (const int quality : {0, -1, 101})
    EXPECT_EQ(expect_error(ErrorCode::usage,
                           [&] { encode_jpeg(noise(4, 4).view(), greys(), quality, out); })
                  .field,
              "quality");
}

}  // namespace
}  // namespace quickbeam::io
