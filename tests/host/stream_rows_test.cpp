// SPDX-License-Identifier: BSD-3-Clause
// The catalogue of bad inputs, rows of the compressed data itself (C07 to C10, C25, C29 to C31,
// C44): code, field, byte and path as a user sees them. The container's rows are in tests/io.
#include <gtest/gtest.h>

#include <limits>

#include <quickbeam/core/error.hpp>
#include <quickbeam/files.hpp>

#include "tests/host/temporary_folder.hpp"
#include "tests/oracle/cbf_builder.hpp"

namespace quickbeam {
namespace {

using namespace std::string_literals;
using Pixels = std::vector<std::int64_t>;

/// A file of 8 x 4 pixels whose stream is `data`.
oracle::CbfParts file_with(std::string data) {
  auto parts = oracle::good_cbf();
  parts.section().set("X-Binary-Size", std::to_string(data.size()));
  parts.section().data = std::move(data);
  return parts;
}

oracle::CbfParts typed(const Pixels& pixels, const char* type) {
  auto parts = file_with(oracle::byte_offset_data(pixels));
  parts.section().set("X-Binary-Element-Type", type);
  return parts;
}

Pixels with(std::size_t at, std::int64_t value) {
  Pixels pixels(32, 5);
  pixels[at] = value;
  return pixels;
}

struct Row {
  const char* id;
  oracle::CbfParts parts;
  ErrorCode code;
  std::string field;
  std::size_t stream_byte;  ///< of the fault, counted in the stream
  std::string text;         ///< part of the line
};

std::vector<Row> rows() {
  const std::string clean(31, '\0');
  const std::string escape32 = clean + "\x80\x00\x80"s;
  const char* byte_offset = "x-CBF_BYTE_OFFSET";
  std::vector<Row> all{
      {"C07", file_with(clean + "\x80\x01"s), ErrorCode::bad_stream, byte_offset, 31, "pixel 31"},
      {"C08", file_with(escape32 + "\x01\x02"s), ErrorCode::bad_stream, byte_offset, 31,
       "pixel 31"},
      {"C09", file_with(std::string(32 * 65, '\0')), ErrorCode::inconsistent, byte_offset, 32, ""},
      {"C10",
       file_with(oracle::byte_offset_data(
           Pixels{1000, 0, 1000, 0, 1000, 0, 1000, 0, 1000, 0, 1000, 0, 1000})),
       ErrorCode::inconsistent, byte_offset, 39, "13"},
      {"C29", typed(with(7, 70000), "\"unsigned 16-bit integer\""), ErrorCode::bad_stream,
       byte_offset, 7, "pixel 7"},
      {"C31", file_with(oracle::byte_offset_data(with(3, std::int64_t{1} << 62))),
       ErrorCode::bad_stream, byte_offset, 3, "pixel 3"},
      {"C44", file_with(std::string(33, '\0')), ErrorCode::inconsistent, byte_offset, 32, ""},
  };
  auto packed = oracle::good_cbf();
  packed.section().content_type = "application/octet-stream; conversions=\"x-CBF_PACKED\"";
  all.push_back({"C25", packed, ErrorCode::bad_stream, "x-CBF_PACKED", 0, ""});
  return all;
}

TEST(StreamRows, EachFaultHasItsCodeFieldByteAndPath) {
  const test::TemporaryFolder folder;
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.id);
    const std::string path = folder / (std::string(row.id) + ".cbf"), bytes = row.parts.bytes();
    test::write_text(path, bytes);
    try {
      load_image({path, {}});
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      const ErrorInfo& info = error.info();
      EXPECT_EQ(name_of(info.code), name_of(row.code)) << error.what();
      EXPECT_EQ(info.path, path);
      EXPECT_EQ(info.format, "CBF");
      EXPECT_EQ(info.field, row.field);
      const std::size_t start = bytes.find("\x0c\x1a\x04\xd5") + 4;
      ASSERT_TRUE(info.offset);
      if (row.stream_byte != 0)
        EXPECT_EQ(*info.offset, start + row.stream_byte);
      else
        EXPECT_GE(*info.offset, start);
      EXPECT_NE(std::string(error.what()).find(row.text), std::string::npos) << error.what();
    }
  }
}

TEST(StreamRows, JumpsOfAWholeTypeAreAccepted) {
  constexpr std::int64_t lowest = std::numeric_limits<std::int32_t>::min();
  constexpr std::int64_t highest = std::numeric_limits<std::int32_t>::max();
  const test::TemporaryFolder folder;
  Pixels pixels(32, 0);
  pixels[4] = lowest;   // a delta of -2^31
  pixels[5] = highest;  // a delta of 2^32 - 1
  const std::string path = folder / "C31.cbf";
  test::write_text(path, file_with(oracle::byte_offset_data(pixels)).bytes());
  const LoadedImage image = load_image({path, {}}, {.strict = true});
  EXPECT_EQ(image.pixels.as<std::int32_t>()(4, 0), lowest);
  EXPECT_EQ(image.pixels.as<std::int32_t>()(5, 0), highest);
}

}  // namespace
}  // namespace quickbeam
