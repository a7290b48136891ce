// SPDX-License-Identifier: BSD-3-Clause
// x-CBF_PACKED and x-CBF_PACKED_V2: against streams of libcbf, against an oracle encoder, and with
// damaged streams.
#include "kernels/packed.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <quickbeam/core/error.hpp>

#include "tests/kernels/packed_golden.hpp"
#include "tests/oracle/packed_encoder.hpp"

namespace quickbeam::test {
namespace {

using Bytes = std::vector<std::byte>;

Bytes from_hex(const std::string& text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

/// Decodes into memory of exactly the right size, so that a sanitizer sees every stray access.
Bytes decode(Payload payload, const Bytes& stream) {
  const Bytes exact(stream);
  payload.bytes = exact;
  Bytes out(static_cast<std::size_t>(payload.extent.pixels() * payload.depth) *
            size_of(payload.type));
  kernels::decode_packed(payload, out);
  return out;
}

/// The error of decoding; ErrorCode::io stands for "no error".
ErrorInfo error_of(const Payload& payload, const Bytes& stream) {
  try {
    decode(payload, stream);
  } catch (const Error& error) {
    return error.info();
  }
  return {};
}

Payload payload_of(PixelType type, const oracle::PackedShape& shape) {
  Payload payload;
  payload.encoding = shape.version_2 ? Encoding::packed_v2 : Encoding::packed;
  payload.type = type;
  payload.extent = {shape.width, shape.height};
  payload.depth = shape.depth;
  payload.flat = shape.flat;
  payload.uncorrelated_sections = shape.uncorrelated_sections;
  return payload;
}

template <class T>
Bytes bytes_of(const std::vector<T>& values) {
  Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

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

Payload payload_of(const PackedGolden& golden) {
  Payload payload;
  payload.encoding = golden.encoding;
  payload.type = golden.type;
  payload.extent = golden.extent;
  payload.depth = golden.depth;
  payload.flat = golden.flat;
  payload.uncorrelated_sections = golden.uncorrelated_sections;
  return payload;
}

TEST(Packed, DecodesStreamsOfLibcbf) {
  for (const PackedGolden& golden : packed_goldens)
    EXPECT_EQ(decode(payload_of(golden), from_hex(golden.stream)), from_hex(golden.pixels))
        << name_of(golden.type) << " case " << &golden - packed_goldens;
}

TEST(Packed, ReportsWhereAStreamEnds) {
  for (const PackedGolden& golden : packed_goldens) {
    const Bytes stream = from_hex(golden.stream);
    for (std::size_t size = 0; size < stream.size(); ++size) {
      const ErrorInfo error =
          error_of(payload_of(golden), Bytes(stream.begin(), stream.begin() + size));
      ASSERT_EQ(error.code, ErrorCode::bad_stream) << size << " of " << stream.size();
      EXPECT_EQ(error.offset, size);
      EXPECT_NE(error.found.find("byte " + std::to_string(size)), std::string::npos) << error.found;
    }
  }
}

TEST(Packed, NamesThePixelAndTheByte) {
  // One chunk of 8 pixels of 4 bits after the header: the fifth pixel begins in byte 34.
  const std::vector<std::int32_t> pixels{1, 2, 3, 4, 5, 6, 7, 0};
  const oracle::PackedShape shape{8, 1, 1};
  Bytes stream = oracle::encode_packed<std::int32_t>(pixels, shape);
  ASSERT_EQ(stream.size(), 37U);
  stream.resize(35);
  const ErrorInfo error = error_of(payload_of(PixelType::i32, shape), stream);
  EXPECT_EQ(
      to_string(error),
      "CBF x-CBF_PACKED (byte 35): expected 8 pixels, found the end of the stream at pixel 4, "
      "stream byte 35 [BAD_STREAM]");
}

TEST(Packed, RefusesBytesLeftOver) {
  for (const PackedGolden& golden : packed_goldens) {
    Bytes stream = from_hex(golden.stream);
    const std::size_t size = stream.size();
    stream.push_back(std::byte{0});
    const ErrorInfo error = error_of(payload_of(golden), stream);
    EXPECT_EQ(error.code, ErrorCode::inconsistent);
    EXPECT_EQ(error.offset, size);
  }
}

TEST(Packed, AnyFlippedByteGivesAResultOrAnError) {
  int results = 0, errors = 0;
  for (const PackedGolden& golden : packed_goldens) {
    const Bytes stream = from_hex(golden.stream);
    for (std::size_t i = 0; i < stream.size(); ++i)
      for (unsigned bits : {0x01U, 0x80U, 0x38U, 0xffU}) {
        Bytes damaged = stream;
        damaged[i] ^= static_cast<std::byte>(bits);
        const ErrorInfo error = error_of(payload_of(golden), damaged);
        ++(error.code == ErrorCode::io ? results : errors);
        if (i < 8) {
          EXPECT_NE(error.code, ErrorCode::io) << "the count is damaged";
        }
        if (i >= 8 && i < 32) {
          EXPECT_EQ(error.code, ErrorCode::io) << "libcbf ignores these bytes";
        }
      }
  }
  EXPECT_GT(results, 0);
  EXPECT_GT(errors, 0);
}

TEST(Packed, RefusesAnotherNumberOfPixels) {
  const std::vector<std::int16_t> pixels(35, 7);
  const Bytes stream = oracle::encode_packed<std::int16_t>(pixels, {7, 5});
  for (std::int64_t height : {4, 6})
    EXPECT_EQ(error_of(payload_of(PixelType::i16, {7, height}), stream).code,
              ErrorCode::inconsistent);
}

TEST(Packed, RefusesAChunkBeyondTheLastPixel) {
  const oracle::PackedShape shape{4, 1, 1};
  oracle::BitWriter writer;
  for (std::uint64_t word : {4, 0, 0, 0}) writer.put(word, 64);
  writer.put(3, 6);  // 8 zeros
  const ErrorInfo error = error_of(payload_of(PixelType::i32, shape), writer.bytes);
  EXPECT_EQ(error.code, ErrorCode::inconsistent);
  EXPECT_EQ(error.offset, 32U);
}

TEST(Packed, ByteOffsetDataIsNoPackedStream) {
  std::mt19937_64 random(1);
  for (int start : {0, 0xff, 3}) {  // background, a gap of PILATUS, counts
    Bytes deltas(4000);
    for (std::size_t i = 0; i < deltas.size(); ++i)
      deltas[i] = i < 40 ? std::byte{0} : static_cast<std::byte>(random() % 3 - 1);
    deltas[0] = static_cast<std::byte>(start);
    const Payload payload = payload_of(PixelType::i32, {80, 50});
    EXPECT_EQ(error_of(payload, deltas).code, ErrorCode::bad_stream) << start;
  }
}

TEST(Packed, RefusesColumnsUnlessFlat) {
  const std::vector<std::int32_t> pixels{5, 6, 7};
  oracle::PackedShape shape{1, 3, 1, false, true};
  const Bytes stream = oracle::encode_packed<std::int32_t>(pixels, shape);
  EXPECT_EQ(decode(payload_of(PixelType::i32, shape), stream), bytes_of(pixels));
  shape.flat = false;
  EXPECT_EQ(error_of(payload_of(PixelType::i32, shape), stream).code, ErrorCode::unsupported);
}

TEST(Packed, RefusesMemoryOfAnotherSize) {
  const std::vector<std::int32_t> pixels{5, 6, 7};
  const Bytes stream = oracle::encode_packed<std::int32_t>(pixels, {3, 1, 1});
  Payload payload = payload_of(PixelType::i32, {3, 1, 1});
  payload.bytes = stream;
  Bytes out(11);
  EXPECT_THROW(kernels::decode_packed(payload, out), Error);
  payload.extent = {std::int64_t{1} << 40, std::int64_t{1} << 40};
  EXPECT_THROW(kernels::decode_packed(payload, {}), Error);
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
  const auto path = std::filesystem::path(QUICKBEAM_TEST_DATA) / "cbf/idx-20130301060858401.cbf";
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
