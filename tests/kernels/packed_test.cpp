// SPDX-License-Identifier: BSD-3-Clause
// x-CBF_PACKED and x-CBF_PACKED_V2 against streams of libcbf and against an oracle encoder.

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/kernels/packed_support.hpp"
#include "tests/paths.hpp"

namespace quickbeam::test {
namespace {

/// Kinds of images: 0 any bits, 1 smallest and largest, 2 counts, 3 counts with outliers, 4 waves
/// of every size, 5 constant.
template <class T>
std::vector<T> random_pixels(std::size_t count, int kind, std::mt19937_64& random) {
  std::vector<T> pixels(count);
  const T extremes[] = {std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), T{0}, T{-1}};
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t bits = random();
    if (kind == 0 || (kind == 3 && bits % 50 == 0))
      pixels[i] = static_cast<T>(bits >> 8);
    else if (kind == 1)
      pixels[i] = extremes[bits % 4];
    else if (kind == 4)
      pixels[i] = static_cast<T>(static_cast<std::int64_t>(bits) >> (i / 13 % 64));
    else
      pixels[i] = kind == 5 ? T{42} : static_cast<T>(bits % 7);
  }
  return pixels;
}

const oracle::PackedShape shapes[] = {
    {1, 1, 1}, {31, 1, 1},   {33, 1, 1},   {5000, 1, 1}, {7, 3, 1},   {2, 7, 1},
    {3, 2, 1}, {61, 67, 1},  {5, 4, 3},    {5, 1, 3},    {2, 2, 4},   {1, 1, 5},
    {2, 1, 2}, {129, 17, 5}, {2500, 3, 2}, {127, 1, 1},  {128, 1, 1}, {129, 1, 1}};

/// T: the signed integer as wide as `type`.
template <class T>
void round_trip(PixelType type, std::mt19937_64& random) {
  for (oracle::PackedShape shape : shapes)
    for (int options = 0; options < 8; ++options)
      for (int kind = 0; kind < 6; ++kind) {
        shape.version_2 = options & 1;
        shape.flat = options & 2;
        shape.uncorrelated_sections = options & 4;
        const auto count = static_cast<std::size_t>(shape.width * shape.height * shape.depth);
        const std::vector<T> pixels = random_pixels<T>(count, kind, random);
        const Bytes stream = oracle::encode_packed<T>(pixels, shape);
        ASSERT_EQ(decode(payload_of(type, shape), stream), bytes_of(pixels))
            << name_of(type) << " " << shape.width << " x " << shape.height << " x " << shape.depth
            << " options " << options << " kind " << kind;
      }
}

TEST(Packed, DecodesWhatTheOracleEncodes) {
  std::mt19937_64 random(20240607);
  for (PixelType type :
       {PixelType::i8, PixelType::u8, PixelType::i16, PixelType::u16, PixelType::i32,
        PixelType::u32, PixelType::i64, PixelType::u64, PixelType::f32, PixelType::f64})
    switch (size_of(type)) {
      case 1:
        round_trip<std::int8_t>(type, random);
        break;
      case 2:
        round_trip<std::int16_t>(type, random);
        break;
      case 4:
        round_trip<std::int32_t>(type, random);
        break;
      default:
        round_trip<std::int64_t>(type, random);
    }
}

TEST(Packed, DecodesStreamsOfLibcbf) {
  for (const PackedGolden& golden : packed_goldens)
    EXPECT_EQ(decode(payload_of(golden), from_hex(golden.stream)), from_hex(golden.pixels))
        << name_of(golden.type) << " case " << &golden - packed_goldens;
}

/// The streams of all binary sections of a CBF.
std::vector<Bytes> sections_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::vector<Bytes> sections;
  std::size_t key = 0;
  while ((key = text.find("X-Binary-Size: ", key)) != std::string::npos) {
    const std::size_t size = std::stoull(text.substr(key + 15, 20));
    const std::size_t begin = text.find("\x0c\x1a\x04\xd5", key) + 4;
    const auto* data = reinterpret_cast<const std::byte*>(text.data()) + begin;
    sections.emplace_back(data, data + size);
    key = begin + size;
  }
  return sections;
}

/// Sum of pixel times position, both as unsigned numbers, modulo 2^64.
std::uint64_t checksum(const Bytes& image) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i * 4 < image.size(); ++i) {
    std::uint32_t value = 0;
    std::memcpy(&value, image.data() + 4 * i, 4);
    sum += value * std::uint64_t{i + 1};
  }
  return sum;
}

TEST(Packed, ReadsARealFileAsPycbfDoes) {
  const auto path = std::filesystem::path(test::data_folder()) / "cbf/idx-20130301060858401.cbf";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no test data: " << path;
  const std::vector<Bytes> sections = sections_of(path);
  const std::uint64_t checksums[] = {850170874056412533U, 12789128446001527512U,
                                     1958334660579479019U, 7222824309309003231U};
  ASSERT_EQ(sections.size(), std::size(checksums));
  const Payload payload = payload_of(PixelType::i32, {388, 185, 8});
  for (std::size_t i = 0; i < sections.size(); ++i)
    EXPECT_EQ(checksum(decode(payload, sections[i])), checksums[i]) << "section " << i;
}

}  // namespace
}  // namespace quickbeam::test
