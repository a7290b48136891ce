// SPDX-License-Identifier: BSD-3-Clause
#include <cstring>

#include "io/npy.hpp"
#include "io/particle_set.hpp"
#include "tests/io/files.hpp"

namespace quickbeam::io {
namespace {

using test::bytes_of;
using test::expect_error;

template <class T>
std::string raw(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::string fixed(std::string text, std::size_t size) {
  text.resize(size, '\0');
  return text;
}

std::string npy(const std::string& descr, const std::string& shape, const std::string& data) {
  const std::string header =
      "{'descr': " + descr + ", 'fortran_order': False, 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\x01\0", 8) + static_cast<char>(header.size() & 255) +
         static_cast<char>(header.size() >> 8) + header + data;
}

const std::string descr =
    "[('uid', '<u8'), ('blob/path', '|S12'), ('blob/idx', '<u4'), ('blob/shape', '<u4', (2,)), "
    "('blob/psize_A', '<f4'), ('ctf/accel_kv', '<f4')]";

std::string record(const std::string& path, std::uint32_t index, std::uint32_t height,
                   std::uint32_t width, float pixel, float voltage) {
  return raw(std::uint64_t{77}) + fixed(path, 12) + raw(index) + raw(height) + raw(width) +
         raw(pixel) + raw(voltage);
}

const std::string good =
    npy(descr, "(3,)",
        record(">J1/a.mrc", 4, 48, 64, 0.83f, 300) + record("J1/b.mrc", 0, 48, 64, 0.83f, 300) +
            record("J1/123456789", 9, 64, 64, 1.5f, 300));

ParticleSet parse(const std::string& file, const std::string& path = "a.cs") {
  return parse_particle_set(bytes_of(file), path);
}

TEST(CsSet, ReadsPathsIndicesAndGroups) {
  const ParticleSet set = parse(good);
  EXPECT_EQ(set.format, SetFormat::cs);
  ASSERT_EQ(set.images.size(), 3u);
  EXPECT_EQ(set.files[set.images[0].file], "J1/a.mrc");
  EXPECT_EQ(set.images[0].number, 5u);  // blob/idx counts from 0
  EXPECT_EQ(set.images[1].number, 1u);
  EXPECT_EQ(set.files[set.images[2].file], "J1/123456789");
  ASSERT_EQ(set.groups.size(), 2u);
  EXPECT_EQ(set.images[1].group, 0u);
  EXPECT_EQ(set.images[2].group, 1u);
  EXPECT_EQ(set.groups[0].pixel_size_angstrom, 0.83);  // not 0.8299999833
  EXPECT_EQ(set.groups[0].image_size, (Extent{64, 48}));
  EXPECT_EQ(set.groups[0].voltage_kv, 300);
  EXPECT_FALSE(set.groups[0].amplitude_contrast);
}

TEST(CsSet, OtherOrdersWidthsAndNoFacts) {
  const std::string file = npy("[(\"blob/idx\", '>i8'), ('', '|V3'), ('blob/path', 'S4')]", "(1L,)",
                               std::string("\0\0\0\0\0\0\1\0", 8) + "pad" + "a.mr");
  const ParticleSet set = parse(file);
  EXPECT_EQ(set.images[0].number, 257u);
  EXPECT_EQ(set.files[0], "a.mr");
  EXPECT_FALSE(set.groups[0].pixel_size_angstrom);
  EXPECT_TRUE(parse(npy(descr, "(0,)", "")).images.empty());
}

TEST(CsSet, EveryTruncationIsTruncated) {
  for (std::size_t n = 0; n < good.size(); ++n) {
    const auto info = expect_error(ErrorCode::truncated, [&] { parse(good.substr(0, n)); });
    EXPECT_EQ(info.offset, n);
    EXPECT_EQ(info.format, "CS");
  }
  expect_error(ErrorCode::inconsistent, [&] { parse(good + "x"); });
}

TEST(CsSet, FlippedBytesNeverGiveWildNumbers) {
  std::size_t accepted = 0, refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const int flip : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      std::string file = good;
      file[i] = static_cast<char>(file[i] ^ flip);
      ParticleSet set;
      if (test::error_of([&] { set = parse(file); })) {
        ++refused;
        continue;
      }
      ++accepted;
      for (const auto& image : set.images) {
        ASSERT_LT(image.file, set.files.size());
        ASSERT_LT(image.group, set.groups.size());
        ASSERT_GE(image.number, 1u);
      }
    }
  EXPECT_GT(accepted, 100u);
  EXPECT_GT(refused, 100u);
}

struct Bad {
  std::string descr, shape, data;
  ErrorCode code;
  std::string field;
};

TEST(CsSet, BadHeadersAreNamed) {
  const std::string path = "('blob/path', 'S4')", index = "('blob/idx', '<u4')";
  const std::string one = "a.mr" + raw(std::uint32_t{0});
  const Bad cases[] = {
      {"'<f4'", "(1,)", "1234", ErrorCode::unsupported, "descr"},
      {"[" + path + "]", "(1,)", "a.mr", ErrorCode::bad_field, "blob/idx"},
      {"[" + index + "]", "(1,)", "1234", ErrorCode::bad_field, "blob/path"},
      {"[" + path + ", " + index + "]", "(1, 1)", one, ErrorCode::unsupported, "shape"},
      {"[" + path + ", " + index + "]", "()", one, ErrorCode::unsupported, "shape"},
      {"[" + path + ", " + index + "]", "(-1,)", one, ErrorCode::bad_field, "shape"},
      {"[" + path + ", " + index + "]", "(9223372036854775807,)", one, ErrorCode::overflow,
       "shape"},
      {"[" + path + ", " + index + "]", "(4294967296,)", one, ErrorCode::truncated, "data"},
      {"[" + path + ", " + path + "]", "(1,)", one, ErrorCode::inconsistent, "descr"},
      {"[('blob/path', '|O'), " + index + "]", "(1,)", one, ErrorCode::unsupported, "blob/path"},
      {"[('blob/path', 'S4', (2,)), " + index + "]", "(1,)", "a.mr" + one, ErrorCode::unsupported,
       "blob/path"},
      {"[('blob/path', '<u4'), " + index + "]", "(1,)", one, ErrorCode::unsupported, "blob/path"},
      {"[" + path + ", ('blob/idx', '<f4')]", "(1,)", one, ErrorCode::unsupported, "blob/idx"},
      {"[" + path + ", ('blob/idx', '<u3')]", "(1,)", "a.mr123", ErrorCode::unsupported,
       "blob/idx"},
      {"[" + path + ", ('blob/idx', 'u99999999999999999999')]", "(1,)", one, ErrorCode::unsupported,
       "blob/idx"},
      {"[('x', 'S4611686018427387904'), ('y', 'S4611686018427387904')]", "(1,)", one,
       ErrorCode::overflow, "y"},
      {"[('x', 'S8', (4294967296, 4294967296))]", "(1,)", one, ErrorCode::overflow, "x"},
      {"[('x', [('y', '<u4')])]", "(1,)", one, ErrorCode::unsupported, "x"},
      {"[('x' '<u4')]", "(1,)", one, ErrorCode::bad_field, "header"},
      {"[('x', '<u4'", "(1,)", one, ErrorCode::bad_field, "header"},
      {"[" + path + ", " + index + "]", "(1,)", std::string(4, '\0') + raw(std::uint32_t{0}),
       ErrorCode::bad_field, "blob/path of row 1"},
      {"[" + path + ", " + index + "]", "(1,)", std::string("a\0b\0", 4) + raw(std::uint32_t{0}),
       ErrorCode::bad_field, "blob/path of row 1"},
      {"[" + path + ", " + index + "]", "(1,)", "../a" + raw(std::uint32_t{0}),
       ErrorCode::path_escape, "blob/path of row 1"},
      {"[" + path + ", " + index + "]", "(1,)", "/abc" + raw(std::uint32_t{0}),
       ErrorCode::path_escape, "blob/path of row 1"},
      {"[" + path + ", ('blob/idx', '<i4')]", "(1,)", "a.mr" + raw(std::int32_t{-1}),
       ErrorCode::bad_field, "blob/idx of row 1"},
      {"[" + path + ", ('blob/idx', '<u8')]", "(1,)", "a.mr" + raw(std::uint64_t{0xffffffffu}),
       ErrorCode::limit, "blob/idx of row 1"},
      {"[" + path + ", " + index + ", ('blob/psize_A', '<f4')]", "(1,)", one + raw(0.0f),
       ErrorCode::bad_field, "blob/psize_A of row 1"},
      {"[" + path + ", " + index + ", ('blob/psize_A', '<f8')]", "(1,)",
       one + raw(std::uint64_t{0x7ff8000000000000}), ErrorCode::bad_field, "blob/psize_A of row 1"},
      {"[" + path + ", " + index + ", ('blob/shape', '<u4', (2,))]", "(1,)",
       one + raw(std::uint32_t{0}) + raw(std::uint32_t{8}), ErrorCode::bad_field,
       "blob/shape of row 1"},
      {"[" + path + ", " + index + ", ('blob/shape', '<u4', (3,))]", "(1,)",
       one + std::string(12, 1), ErrorCode::unsupported, "blob/shape"},
  };
  for (const auto& bad : cases) {
    SCOPED_TRACE(bad.descr + bad.shape);
    const auto info = expect_error(bad.code, [&] { parse(npy(bad.descr, bad.shape, bad.data)); });
    EXPECT_EQ(info.field, bad.field);
    EXPECT_EQ(info.format, "CS");
    EXPECT_EQ(info.path, "a.cs");
    EXPECT_TRUE(info.offset.has_value());
  }
}

TEST(CsSet, ForeignFilesAreToldApart) {
  const auto lz4 = expect_error(ErrorCode::unsupported, [] {
    parse(
        "\x95"
        "CSDAT\1\0");
  });
  EXPECT_EQ(lz4.found, "the compressed CSDAT format");
  expect_error(ErrorCode::not_this_format, [] { parse("data_\n_a 1\n"); });
  EXPECT_EQ(parse(good, "renamed.dat").images.size(), 3u);
}

TEST(NpyTable, TellsEveryField) {
  const NpyTable table = parse_npy_table(bytes_of(good), "a.cs", "NPY");
  EXPECT_EQ(table.rows, 3u);
  EXPECT_EQ(table.record_bytes, 40u);
  ASSERT_EQ(table.fields.size(), 6u);
  const NpyField* const shape = table.find("blob/shape");
  ASSERT_NE(shape, nullptr);
  EXPECT_EQ(shape->offset, 24u);
  EXPECT_EQ(shape->count, 2u);
  EXPECT_EQ(table.cell(*shape, 2).size(), 8u);
  EXPECT_EQ(table.find("nothing"), nullptr);
}

}  // namespace
}  // namespace quickbeam::io
