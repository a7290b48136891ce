// SPDX-License-Identifier: BSD-3-Clause
// The catalogue of bad CBF files: code, field, offset and words of every fault of the container.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "io/image_file.hpp"
#include "tests/io/cbf_fault_row.hpp"

namespace quickbeam::io {
namespace {

std::vector<Row> cut_rows() {
  const std::string good = good_cbf().bytes();
  const auto at_marker = good.find(marker);
  const auto data = at_marker + 4;
  const auto size = good_cbf().section().data.size();
  const std::string n = std::to_string(size) + " bytes";
  std::vector<Row> rows;
  rows.push_back({"C01", "", ErrorCode::truncated, "file", 0, {"0 bytes"}});
  rows.push_back(
      {"C02", "###CBF: VERSION 1.5\r\n", ErrorCode::truncated, "file", 21, {"no binary section"}});
  rows.push_back(
      {"C02 inside the magic", "###C", ErrorCode::truncated, "file", 4, {"no binary section"}});
  rows.push_back({"C03",
                  good.substr(0, at_marker),
                  ErrorCode::truncated,
                  "binary marker",
                  at_marker,
                  {"0c1a04d5",
                   "binary marker not found before end (byte " + std::to_string(at_marker) + ")"}});
  rows.push_back({"C03 inside the header",
                  good.substr(0, at_marker - 20),
                  ErrorCode::truncated,
                  "MIME header",
                  good.find(boundary),
                  {"binary marker not found before end"}});
  rows.push_back({"C04",
                  good.substr(0, at_marker + 2),
                  ErrorCode::truncated,
                  "binary marker",
                  at_marker,
                  {"binary marker not found before end"}});
  rows.push_back(
      {"C05", good.substr(0, data), ErrorCode::truncated, "X-Binary-Size", data, {n, "0 present"}});
  rows.push_back({"C06",
                  good.substr(0, data + 10),
                  ErrorCode::truncated,
                  "X-Binary-Size",
                  data,
                  {n, "10 present"}});
  rows.push_back({"C06 before the boundary",
                  good.substr(0, data + size),
                  ErrorCode::truncated,
                  "closing boundary",
                  data + size,
                  {"closing boundary missing"}});
  rows.push_back({"C06 inside the boundary",
                  good.substr(0, data + size + 12),
                  ErrorCode::truncated,
                  "closing boundary",
                  data + size,
                  {"closing boundary missing"}});
  rows.push_back({"C39",
                  good.substr(0, at_marker) + std::string(5000, '\0'),
                  ErrorCode::truncated,
                  "binary marker",
                  at_marker,
                  {"binary marker not found", "zeros"}});
  rows.push_back({"C39 inside the header",
                  good.substr(0, at_marker - 20) + std::string(50, '\0'),
                  ErrorCode::truncated,
                  "MIME header",
                  at_marker - 20,
                  {"binary marker not found", "zeros"}});
  rows.push_back({"C39 after the magic",
                  "###CBF: VERSION 1.5\r\n" + std::string(2 << 20, '\0'),
                  ErrorCode::truncated,
                  "file",
                  21,
                  {"no binary section", "zeros"}});
  rows.push_back({"C41",
                  good.substr(0, data + size) + std::string(300, '\0'),
                  ErrorCode::truncated,
                  "closing boundary",
                  data + size,
                  {"closing boundary missing", "zeros"}});
  rows.push_back({"C41 in the data",
                  good.substr(0, data + 10) + std::string(300, '\0'),
                  ErrorCode::truncated,
                  "closing boundary",
                  data + size,
                  {"closing boundary missing"}});
  return rows;
}

std::vector<Row> dimension_rows() {
  std::vector<Row> rows;
  rows.push_back(field_row("C11", fast, "-64", ErrorCode::bad_field, {"-64"}));
  rows.push_back(field_row("C12", second, "0", ErrorCode::bad_field, {"above 0", "found 0"}));
  rows.push_back(field_row("C12 third", "X-Binary-Size-Third-Dimension", "0", ErrorCode::bad_field,
                           {"above 0", "found 0"}));
  const auto sized = [](const std::string& width, const std::string& height, bool keep_elements) {
    return edited([&](CbfParts& file) {
      file.section().set(fast, width);
      file.section().set(second, height);
      if (!keep_elements) file.section().drop(elements);
    });
  };
  for (const bool keep : {true, false}) {
    const std::string c13 = sized("100000", "100000", keep);
    rows.push_back({"C13",
                    c13,
                    ErrorCode::limit,
                    fast,
                    value_of(c13, fast),
                    {"1 pixel a byte", "10000000000 pixels"}});
    const std::string c14 = sized("65536", "65537", keep);
    rows.push_back(
        {"C14", c14, ErrorCode::limit, fast, value_of(c14, fast), {"4295032832 pixels"}});
    const std::string c15 = sized("8589934592", "8589934592", keep);
    rows.push_back({"C15",
                    c15,
                    ErrorCode::overflow,
                    second,
                    value_of(c15, second),
                    {"8589934592 x 8589934592"}});
  }
  rows.push_back(field_row("C15 one dimension", fast, "99999999999999999999", ErrorCode::overflow,
                           {"99999999999999999999"}));
  const std::string c09 = with_field(second, "300");
  rows.push_back({"C09 pixels beyond the bytes",
                  c09,
                  ErrorCode::limit,
                  fast,
                  value_of(c09, fast),
                  {"2400 pixels"}});
  const std::string packed = edited([](CbfParts& file) {
    file.section().content_type = "application/octet-stream;\r\n conversions=\"x-CBF_PACKED\"";
    file.section().set(second, "1000000");
  });
  rows.push_back({"C13 packed",
                  packed,
                  ErrorCode::limit,
                  fast,
                  value_of(packed, fast),
                  {"171 pixels a byte"}});
  rows.push_back(field_row("C16", elements, "33", ErrorCode::inconsistent, {"32", "33"}));
  rows.push_back(missing_row("C21", fast, second));
  rows.push_back(missing_row("C21 fast", fast));
  rows.push_back(missing_row("C21 second", second, elements));
  const std::string raw = edited([](CbfParts& file) { file.section().content_type.clear(); });
  rows.push_back({"raw of the wrong size",
                  raw,
                  ErrorCode::inconsistent,
                  "X-Binary-Size",
                  value_of(raw, "X-Binary-Size"),
                  {"32 pixels of 4 bytes"}});
  return rows;
}

std::vector<Row> size_rows() {
  std::vector<Row> rows;
  const std::string huge = with_field("X-Binary-Size", "1099511627776");
  rows.push_back({"C17",
                  huge,
                  ErrorCode::truncated,
                  "X-Binary-Size",
                  huge.find(marker) + 4,
                  {"1099511627776 bytes", "present"}});
  rows.push_back(field_row("C18", "X-Binary-Size", "-5", ErrorCode::bad_field, {"-5"}));
  rows.push_back(missing_row("C19", "X-Binary-Size"));
  rows.push_back(field_row("C20", "X-Binary-Size", "12abc", ErrorCode::bad_field, {"12abc"}));
  rows.push_back(field_row("C20 empty", "X-Binary-Size", "", ErrorCode::bad_field, {"nothing"}));
  rows.push_back(field_row("C20 hex", elements, "0x20", ErrorCode::bad_field, {"0x20"}));
  return rows;
}

Row content_row(const std::string& id, const std::string& content_type, const std::string& field,
                std::vector<std::string> words) {
  const std::string bytes =
      edited([&](CbfParts& file) { file.section().content_type = content_type; });
  return {
      id, bytes, ErrorCode::unsupported, field, value_of(bytes, "Content-Type"), std::move(words)};
}

std::vector<Row> type_rows() {
  std::vector<Row> rows;
  const std::string octets = "application/octet-stream;\r\n     ";
  rows.push_back(content_row("C24", octets + "conversions=\"x-CBF_CANONICAL\"", "conversions",
                             {"found x-CBF_CANONICAL"}));
  rows.push_back(content_row("C24 prefix", octets + "conversions=\"x-CBF_PACKED_V3\"",
                             "conversions", {"found x-CBF_PACKED_V3"}));
  rows.push_back(content_row("C24 flag", octets + "conversions=\"x-CBF_PACKED\"; \"round\"",
                             "conversions", {"found round"}));
  rows.push_back(content_row("C24 picture", "image/png", "Content-Type", {"found image/png"}));
  const std::string type = "X-Binary-Element-Type";
  rows.push_back(field_row("C26", type, "\"signed 32-bit real IEEE\"", ErrorCode::unsupported,
                           {"byte-offset", "signed 32-bit real IEEE"}));
  rows.push_back(field_row("C27", type, "\"signed 24-bit integer\"", ErrorCode::unsupported,
                           {"signed 24-bit integer"}));
  rows.push_back(field_row("C27 complex", type, "\"signed 32-bit complex IEEE\"",
                           ErrorCode::unsupported, {"complex"}));
  rows.push_back(field_row("byte order", "X-Binary-Element-Byte-Order", "PDP_ENDIAN",
                           ErrorCode::unsupported, {"PDP_ENDIAN"}));
  rows.push_back(field_row("C42", "Content-Transfer-Encoding", "BASE64", ErrorCode::unsupported,
                           {"expected BINARY, found BASE64"}));
  return rows;
}

std::vector<Row> header_rows() {
  std::vector<Row> rows;
  const std::string nul = with_field("X-Binary-ID", std::string("1\0x", 3));
  rows.push_back({"C33", nul, ErrorCode::bad_field, "MIME header", nul.find('\0'), {"NUL"}});
  const std::string twice =
      edited([](CbfParts& file) { file.section().after_fields = fast + ": 9\r\n"; });
  rows.push_back({"C43",
                  twice,
                  ErrorCode::inconsistent,
                  fast,
                  twice.rfind(fast) + fast.size() + 2,
                  {"8 as at byte " + std::to_string(value_of(twice, fast)), "found 9"}});
  CbfParts long_line = good_cbf();
  long_line.text = "# " + std::string(5 << 20, 'x') + "\r\n";
  rows.push_back({"C32",
                  long_line.bytes(),
                  ErrorCode::limit,
                  "header",
                  1 << 20,
                  {"at most 1048576 bytes of header"}});
  const std::string mime =
      edited([](CbfParts& file) { file.section().after_fields = std::string(5 << 20, 'x'); });
  rows.push_back({"C32 MIME",
                  mime,
                  ErrorCode::limit,
                  "MIME header",
                  mime.find(boundary),
                  {"at most 1048576 bytes of header"}});
  const std::string keys = edited([](CbfParts& file) {
    for (int i = 0; i < 300; ++i)
      file.section().after_fields += "X-" + std::to_string(i) + ": 1\r\n";
  });
  rows.push_back(
      {"C32 fields", keys, ErrorCode::limit, "MIME header", keys.find("X-247:"), {"256 fields"}});
  const std::string garbage = edited([](CbfParts& file) { file.section().marker = "abcd"; });
  rows.push_back({"no marker",
                  garbage,
                  ErrorCode::bad_field,
                  "binary marker",
                  garbage.find("abcd"),
                  {"0c1a04d5", "61626364"}});
  return rows;
}

std::vector<Row> foreign_rows() {
  const auto foreign = [](const std::string& id, std::string bytes, const std::string& what) {
    return Row{id, std::move(bytes), ErrorCode::not_this_format, "file", 0, {what}};
  };
  using namespace std::string_literals;
  return {foreign("C38", std::string(1000, '\0'), "zeros only"),
          foreign("0xFF", std::string(1000, '\xff'), "0xff only"),
          foreign("C40", "\n <!DOCTYPE html><html><body>502</body></html>", "an HTML page"),
          foreign("TIFF", "II*\0\x08\0\0\0"s, "a TIFF image"),
          foreign("HDF5", "\x89HDF\r\n\x1a\n...", "an HDF5 file"),
          foreign("PNG", "\x89PNG\r\n\x1a\n...", "a PNG picture"),
          foreign("text", "a list of files", "text: a list of files"),
          foreign("anything", "\x01\x02\xab", "bytes 01 02 ab")};
}

std::vector<Row> section_rows() {
  CbfParts two = good_cbf();
  two.sections.push_back(two.section());
  std::vector<Row> rows;
  const std::string good = two.bytes();
  const auto cut = good.rfind(marker);
  rows.push_back({"C35 cut in the second",
                  good.substr(0, cut),
                  ErrorCode::truncated,
                  "binary marker",
                  cut,
                  {"frame 1"}});
  rows.push_back({"C35 cut before the second boundary",
                  good.substr(0, good.rfind(";\r\n--CIF") + 8),
                  ErrorCode::truncated,
                  "file",
                  good.rfind(";\r\n--CIF") + 8,
                  {"text field of the next"}});
  two.section().closing = "\r\n;\r\n";
  const std::string open = two.bytes();
  rows.push_back({"first never closed",
                  open,
                  ErrorCode::inconsistent,
                  "closing boundary",
                  open.find(boundary, open.find(marker)),
                  {"another section"}});
  CbfParts far = good_cbf();
  far.section().closing += "# " + std::string(2 << 20, 'x') + "\r\n";
  far.sections.push_back(good_cbf().section());
  const std::string apart = far.bytes();
  rows.push_back({"C32 between sections",
                  apart,
                  ErrorCode::limit,
                  "header",
                  after(apart, boundary + "--"),
                  {"at most 1048576 bytes of header"}});
  CbfParts shapes = good_cbf();
  shapes.sections.push_back(oracle::good_section(std::vector<std::int64_t>(8, 1), 4, 2));
  const std::string unequal = shapes.bytes();
  rows.push_back({"sections of two shapes",
                  unequal,
                  ErrorCode::inconsistent,
                  "binary sections",
                  unequal.rfind(marker) + 4,
                  {"8 x 4", "4 x 2"},
                  Strictness::strict});
  return rows;
}

TEST(CbfBadInput, CutFiles) { expect_faults(cut_rows()); }
TEST(CbfBadInput, Dimensions) { expect_faults(dimension_rows()); }
TEST(CbfBadInput, Sizes) { expect_faults(size_rows()); }
TEST(CbfBadInput, Types) { expect_faults(type_rows()); }
TEST(CbfBadInput, Headers) { expect_faults(header_rows()); }
TEST(CbfBadInput, TheHeaderLimitIsAnOption) {
  const std::string bytes = good_cbf().bytes();
  const std::uint64_t needed = bytes.find(marker) - bytes.find(boundary);
  EXPECT_EQ(parse_image_file(as_bytes(bytes), "a.cbf", {.header_limit = needed}).frames(), 1);
  try {
    parse_image_file(as_bytes(bytes), "a.cbf", {.header_limit = needed - 1});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::limit);
  }
}

TEST(CbfBadInput, OtherFormats) { expect_faults(foreign_rows()); }
TEST(CbfBadInput, SeveralSections) { expect_faults(section_rows()); }
}  // namespace
}  // namespace quickbeam::io
