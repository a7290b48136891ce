// SPDX-License-Identifier: BSD-3-Clause
// zlib unpacks what deflate_rows packs, whatever the pixels.
#include "io/deflate_rle.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <random>
#include <vector>

#include "io/huffman.hpp"

namespace quickbeam::io {
namespace {

using Pixels = std::vector<std::uint8_t>;

void expect_round_trip(const Pixels& pixels, Extent extent) {
  Buffer<std::byte> out;
  const auto packed = deflate_rows({pixels.data(), extent}, out);
  Pixels wanted;
  for (std::int64_t y = 0; y < extent.height; ++y) {
    wanted.push_back(0);
    const auto* row = pixels.data() + y * extent.width;
    wanted.insert(wanted.end(), row, row + extent.width);
  }
  Pixels unpacked(wanted.size() + 1);
  uLongf size = unpacked.size();
  const int status = uncompress(unpacked.data(), &size,
                                reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  ASSERT_EQ(status, Z_OK) << extent.width << " x " << extent.height;
  unpacked.resize(size);
  EXPECT_TRUE(unpacked == wanted) << extent.width << " x " << extent.height;
}

/// Values of falling likelihood: 1/2, 1/4, 1/8... makes the deepest codes.
std::uint8_t skewed(std::mt19937& random) {
  int value = 0;
  while (random() % 2 != 0 && value < 255) ++value;
  return static_cast<std::uint8_t>(value);
}

TEST(DeflateRows, AnyPictureComesBack) {
  std::mt19937 random(20260102);
  for (int round = 0; round < 400; ++round) {
    const Extent extent{static_cast<std::int64_t>(1 + random() % 400),
                        static_cast<std::int64_t>(1 + random() % 100)};
    Pixels pixels(static_cast<std::size_t>(extent.pixels()));
    const unsigned longest = 1 + random() % 700;
    std::uint8_t value = 0;
    unsigned left = 0;
    for (auto& pixel : pixels) {
      if (left == 0) {
        left = 1 + random() % longest;
        value = round % 2 == 0 ? skewed(random) : static_cast<std::uint8_t>(random());
      }
      --left;
      pixel = round % 4 == 3 ? skewed(random) : value;
    }
    expect_round_trip(pixels, extent);
  }
}

TEST(DeflateRows, EveryRunLengthComesBack) {
  for (std::int64_t width = 1; width < 600; ++width)
    expect_round_trip(Pixels(static_cast<std::size_t>(2 * width), 7), {width, 2});
}

TEST(DeflateRows, BlocksEndAnywhereInARow) {
  std::mt19937 random(3);
  for (std::int64_t width = 8180; width < 8200; ++width) {
    Pixels pixels(static_cast<std::size_t>(3 * width));
    for (auto& pixel : pixels) pixel = static_cast<std::uint8_t>(random());
    expect_round_trip(pixels, {width, 3});
    expect_round_trip(pixels, {3, width});
  }
}

TEST(DeflateRows, ConstantPicturesShrinkALot) {
  Buffer<std::byte> out;
  const Pixels pixels(1000 * 1000, 255);
  EXPECT_LT(deflate_rows({pixels.data(), {1000, 1000}}, out).size(), 5000u);
}

/// Kraft's sum in units of 2^-longest: a full code space is 2^longest.
std::uint64_t code_space(std::span<const HuffmanCode> codes, unsigned longest) {
  std::uint64_t sum = 0;
  for (const auto& code : codes)
    if (code.length != 0) sum += std::uint64_t{1} << (longest - code.length);
  return sum;
}

TEST(Huffman, LimitedCodesAreComplete) {
  std::vector<std::uint32_t> counts;  // Fibonacci numbers make the deepest tree there is
  for (std::uint32_t a = 1, b = 1; a < 1u << 22; b += a, a = b - a) counts.push_back(a);
  for (const unsigned longest : {6u, 7u, 15u}) {
    std::vector<HuffmanCode> codes(counts.size());
    make_huffman_codes(counts, longest, codes);
    EXPECT_EQ(code_space(codes, longest), std::uint64_t{1} << longest);
    for (std::size_t i = 0; i < codes.size(); ++i) {
      EXPECT_GE(codes[i].length, 1);
      EXPECT_LE(codes[i].length, longest);
      EXPECT_TRUE(i == 0 || codes[i].length <= codes[i - 1].length) << "rarer must not be shorter";
    }
  }
}

TEST(Huffman, FullAlphabetsAndSingleSymbols) {
  std::vector<std::uint32_t> counts(288, 1);
  std::vector<HuffmanCode> codes(288);
  make_huffman_codes(counts, 15, codes);
  EXPECT_EQ(code_space(codes, 15), std::uint64_t{1} << 15);
  counts.assign(19, 0);
  codes.resize(19);
  make_huffman_codes(counts, 7, codes);
  EXPECT_EQ(code_space(codes, 7), 0u);
  counts[4] = 9;
  make_huffman_codes(counts, 7, codes);
  EXPECT_EQ(codes[4].length, 1);
}

}  // namespace
}  // namespace quickbeam::io
