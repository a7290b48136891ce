// SPDX-License-Identifier: BSD-3-Clause
// .npy headers as NumPy writes them, read in every version and form, damaged in every way.
#include "io/npy.hpp"

#include "tests/io/files.hpp"

namespace quickbeam::io {
namespace {

using test::bytes_of;
using test::expect_error;
using test::text_of;

std::string npy(const std::string& header, const std::string& data, int version = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  const int width = version == 1 ? 2 : 4;
  for (int i = 0; i < width; ++i) file += static_cast<char>(header.size() >> (8 * i) & 255);
  return file + header + data;
}

std::string header(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
}

Payload parse(const std::string& file) { return parse_npy(bytes_of(file), "a.npy"); }

TEST(Npy, HeaderIsNumpysOwn) {
  Buffer<std::byte> out;
  // np.save(numpy.zeros((7, 13), 'i4')) and so on, NumPy 1.24.
  const auto check = [&](PixelType type, Extent extent, std::int64_t depth,
                         std::string dictionary) {
    std::string golden = std::string("\x93NUMPY\x01\0v\0", 10) + dictionary;
    golden.append(127 - golden.size(), ' ');
    EXPECT_EQ(text_of(npy_header(type, extent, depth, out)), golden + '\n');
  };
  check(PixelType::i32, {13, 7}, 0, "{'descr': '<i4', 'fortran_order': False, 'shape': (7, 13), }");
  check(PixelType::u8, {2463, 2527}, 0,
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2527, 2463), }");
  check(PixelType::f64, {13, 7}, 1,
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 7, 13), }");
  check(PixelType::i64, {1234567890123, 1}, 123456,
        "{'descr': '<i8', 'fortran_order': False, 'shape': (123456, 1, 1234567890123), }");
}

TEST(Npy, OwnHeadersReadBackForEveryType) {
  Buffer<std::byte> out;
  for (int t = 0; t <= static_cast<int>(PixelType::f64); ++t)
    for (const std::int64_t depth : {0, 1, 4}) {
      const auto type = static_cast<PixelType>(t);
      std::string file = text_of(npy_header(type, {5, 3}, depth, out));
      EXPECT_EQ(file.size() % 64, 0u);
      file.append(15 * size_of(type) * static_cast<std::size_t>(std::max<std::int64_t>(depth, 1)),
                  'x');
      const Payload payload = parse(file);
      EXPECT_EQ(payload.type, type);
      EXPECT_EQ(payload.extent, (Extent{5, 3}));
      EXPECT_EQ(payload.depth, std::max<std::int64_t>(depth, 1));
      EXPECT_EQ(payload.encoding, Encoding::raw);
      EXPECT_EQ(payload.order, ByteOrder::little);
      EXPECT_EQ(text_of(payload.bytes), file.substr(file.size() - payload.bytes.size()));
    }
}

TEST(Npy, ReadsAllVersionsOrdersAndSpellings) {
  const std::string data(12, 'd');
  for (const int version : {1, 2, 3})
    EXPECT_EQ(parse(npy(header("<i2", "(2, 3)"), data, version)).type, PixelType::i16);
  EXPECT_EQ(parse(npy(header(">i2", "(2, 3)"), data)).order, ByteOrder::big);
  EXPECT_EQ(parse(npy(header("=u2", "(2, 3)"), data)).order, ByteOrder::little);
  EXPECT_EQ(parse(npy(header("|b1", "(3, 4)"), data)).type, PixelType::u8);
  EXPECT_EQ(parse(npy(header("|i1", "(1L, 3L, 4L)"), data)).extent, (Extent{4, 3}));
  const std::string forms[] = {
      "{'shape':(2,3),'fortran_order':False,'descr':'<f2'}",
      "{\"shape\": (2, 3,), \"descr\": \"<i2\", \"fortran_order\": False}",
      " { 'fortran_order' :\tFalse , 'shape' : ( 2 , 3 ) , 'descr' : '<i2' , } \n\n"};
  expect_error(ErrorCode::unsupported, [&] { parse(npy(forms[0], data)); });
  EXPECT_EQ(parse(npy(forms[1], data)).extent, (Extent{3, 2}));
  EXPECT_EQ(parse(npy(forms[2], data)).extent, (Extent{3, 2}));
}

struct BadHeader {
  std::string header;
  ErrorCode code;
  std::string field;
};

TEST(Npy, BadHeadersAreNamed) {
  const std::string good = "'descr': '<i4', 'fortran_order': False";
  const BadHeader cases[] = {
      {"", ErrorCode::bad_field, "header"},
      {"[]", ErrorCode::bad_field, "header"},
      {"{}", ErrorCode::bad_field, "descr"},
      {"{" + good + "}", ErrorCode::bad_field, "shape"},
      {"{" + good + ", 'shape': (2, 3)", ErrorCode::bad_field, "header"},
      {"{" + good + ", 'shape': (2, 3)} x", ErrorCode::bad_field, "header"},
      {"{" + good + " 'shape': (2, 3)}", ErrorCode::bad_field, "header"},
      {"{" + good + ", 'shape': (2, 3), 'extra': 1}", ErrorCode::bad_field, "extra"},
      {"{" + good + ", 'shape': (2, 3), 'descr': '<i4'}", ErrorCode::inconsistent, "descr"},
      {"{" + good + ", 'shape': (2, 3), 'shape", ErrorCode::bad_field, "header"},
      {"{" + good + ", 'shape': (2 3)}", ErrorCode::bad_field, "header"},
      {"{" + good + ", 'shape': (2, x)}", ErrorCode::bad_field, "shape"},
      {"{" + good + ", 'shape': (2, 3.5)}", ErrorCode::bad_field, "header"},
      {"{" + good + ", 'shape': [2, 3]}", ErrorCode::bad_field, "header"},
      {header("<i4", "(2, -3)"), ErrorCode::bad_field, "shape"},
      {header("<i4", "(0, 3)"), ErrorCode::bad_field, "shape"},
      {header("<i4", "()"), ErrorCode::unsupported, "shape"},
      {header("<i4", "(6,)"), ErrorCode::unsupported, "shape"},
      {header("<i4", "(1, 1, 2, 3)"), ErrorCode::unsupported, "shape"},
      {header("<i4", "(2, 99999999999999999999)"), ErrorCode::overflow, "shape"},
      {header("<i4", "(8589934592, 8589934592)"), ErrorCode::overflow, "shape"},
      {header("<i4", "(100000, 100000)"), ErrorCode::truncated, "data"},
      {header("<i4", "(2, 2)"), ErrorCode::inconsistent, "data"},
      {header("<f2", "(2, 3)"), ErrorCode::unsupported, "descr"},
      {header("<c8", "(2, 3)"), ErrorCode::unsupported, "descr"},
      {header("|O", "(2, 3)"), ErrorCode::unsupported, "descr"},
      {header("", "(2, 3)"), ErrorCode::unsupported, "descr"},
      {"{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2, 3)}", ErrorCode::unsupported,
       "descr"},
      {"{'descr': 4, 'fortran_order': False, 'shape': (2, 3)}", ErrorCode::bad_field, "descr"},
      {"{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3)}", ErrorCode::unsupported,
       "fortran_order"},
      {"{'descr': '<i4', 'fortran_order': 0, 'shape': (2, 3)}", ErrorCode::bad_field,
       "fortran_order"},
  };
  for (const auto& bad : cases) {
    SCOPED_TRACE(bad.header);
    const auto info = expect_error(bad.code, [&] { parse(npy(bad.header, std::string(24, 'x'))); });
    EXPECT_EQ(info.field, bad.field);
    EXPECT_EQ(info.path, "a.npy");
    EXPECT_EQ(info.format, "NPY");
    EXPECT_TRUE(info.offset.has_value());
  }
}

TEST(Npy, EveryTruncationIsTruncated) {
  const std::string file = npy(header("<i4", "(2, 3)"), std::string(24, 'x'));
  for (std::size_t n = 0; n < file.size(); ++n)
    EXPECT_EQ(expect_error(ErrorCode::truncated, [&] { parse(file.substr(0, n)); }).offset, n) << n;
  EXPECT_EQ(expect_error(ErrorCode::inconsistent, [&] { parse(file + "y"); }).offset, file.size());
}

TEST(Npy, ForeignBytesAndVersionsAreToldApart) {
  expect_error(ErrorCode::not_this_format, [] { parse("###CBF: VERSION 1.5"); });
  expect_error(ErrorCode::unsupported, [] { parse(npy(header("<i4", "(2, 3)"), "", 4)); });
  const std::string claim = std::string("\x93NUMPY\x02\0\xff\xff\xff\xff", 12);
  EXPECT_EQ(expect_error(ErrorCode::limit, [&] { parse(claim); }).field, "header length");
  EXPECT_FALSE(is_npy(bytes_of("\x93NUMP")));
  EXPECT_TRUE(is_npy(bytes_of("\x93NUMPY")));
}

}  // namespace
}  // namespace quickbeam::io
