// SPDX-License-Identifier: BSD-3-Clause
// CBF files as every writer in the field makes them: sections, types, header facts.
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "io/cbf.hpp"
#include "io/image_file.hpp"
#include "tests/oracle/cbf_builder.hpp"
#include "tests/paths.hpp"

namespace quickbeam::io {
namespace {

using oracle::as_bytes;
using oracle::CbfParts;
using oracle::CbfSectionParts;
using oracle::good_cbf;

constexpr ReadOptions strict{.strictness = Strictness::strict};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Expects the one stream of the good file, whatever is around it.
void expect_good_stream(const ImageFile& file, const std::string& bytes) {
  ASSERT_EQ(file.streams.size(), 1U);
  const Stream& stream = file.streams[0];
  EXPECT_EQ(stream.payload.encoding, Encoding::byte_offset);
  EXPECT_EQ(stream.payload.type, PixelType::i32);
  EXPECT_EQ(stream.payload.extent, (Extent{8, 4}));
  EXPECT_EQ(stream.payload.depth, 1);
  EXPECT_EQ(text_of(stream.payload.bytes), good_cbf().section().data);
  EXPECT_EQ(stream.offset, bytes.find("\x0c\x1a\x04\xd5") + 4);
}

std::string without_cr(std::string text) {
  std::erase(text, '\r');
  return text;
}

TEST(CbfDialect, Dectris) {
  CbfParts parts = good_cbf();
  parts.text = oracle::pilatus_text();
  parts.section().set("Content-MD5", "iGRmdGGUIqJyF2y7dyHbQg==");
  parts.section().set("X-Binary-Size-Padding", "4095");
  parts.section().padding = std::string(4095, '\0');
  parts.section().closing += "\r\n";
  const std::string bytes = parts.bytes();
  const ImageFile file = parse_image_file(as_bytes(bytes), "a.cbf", strict);
  expect_good_stream(file, bytes);
  EXPECT_EQ(file.format, "CBF");
  EXPECT_EQ(file.streams[0].md5, "iGRmdGGUIqJyF2y7dyHbQg==");
  EXPECT_TRUE(file.header.starts_with("# Detector: PILATUS3 6M")) << file.header;
  EXPECT_TRUE(file.header.ends_with("# Oscillation_axis X.CW +SLOW")) << file.header;
}

TEST(CbfDialect, LimaWritesCommentsAndOneByteOfPadding) {
  CbfParts parts = good_cbf();
  parts.text =
      "data_a\r\n\r\n# Detector: Maxipix, S/N 7\r\n# Exposure_time 0.5 s\r\n"
      "# Wavelength 1.0 A\r\n\r\n";
  parts.section().set("X-Binary-Size-Padding", "1");
  parts.section().padding = std::string(1, '\0');
  const std::string bytes = parts.bytes();
  const ImageFile file = parse_image_file(as_bytes(bytes), "a.cbf", strict);
  expect_good_stream(file, bytes);
  EXPECT_EQ(file.info.detector, "Maxipix");
  EXPECT_EQ(file.info.exposure_s, 0.5);
  EXPECT_EQ(file.info.wavelength_angstrom, 1.0);
}

TEST(CbfDialect, LimaFallsBackToRawPixels) {
  CbfParts parts = good_cbf();
  parts.section().content_type = "application/octet-stream;\r\n     conversions=\"x-CBF_NONE\"";
  parts.section().data = std::string(128, '\x07');
  parts.section().set("X-Binary-Size", "128");
  for (const bool big : {false, true}) {
    if (big) parts.section().set("X-Binary-Element-Byte-Order", "BIG_ENDIAN");
    const std::string bytes = parts.bytes();
    const ImageFile file = parse_image_file(as_bytes(bytes), "a.cbf", strict);
    EXPECT_EQ(file.streams.at(0).payload.encoding, Encoding::raw);
    EXPECT_EQ(file.streams.at(0).payload.order, big ? ByteOrder::big : ByteOrder::little);
  }
}

TEST(CbfDialect, Dlsnxs2cbfEndsWithBareLineFeedsAndHasNoDigest) {
  CbfParts parts = good_cbf();
  parts.text = oracle::pilatus_text();
  parts.section().set("X-Binary-Size-Padding", "4095");
  parts.section().padding = std::string(4095, '\0');
  parts.section().closing = "\n--CIF-BINARY-FORMAT-SECTION----\n;\n";
  const std::string bytes = parts.bytes();
  const ImageFile file = parse_image_file(as_bytes(bytes), "a.cbf", strict);
  expect_good_stream(file, bytes);
  EXPECT_TRUE(file.streams[0].md5.empty());
  check_md5(file.streams[0], "a.cbf", "CBF");  // nothing promised, nothing to break
}

TEST(CbfDialect, XdsHasNoDigestNoElementsNoPadding) {
  CbfParts parts = good_cbf();
  parts.text =
      "\r\ndata_x\r\n_array_data.header_convention \"XDS special\"\r\n"
      "_array_data.header_contents\r\n;\r\n# Detector: XDS\r\n;\r\n";
  parts.section().drop("X-Binary-Number-of-Elements");
  const std::string bytes = parts.bytes();
  expect_good_stream(parse_image_file(as_bytes(bytes), "a.cbf", strict), bytes);
}

TEST(CbfDialect, LineFeedsOnlyAndMixedLineEnds) {
  CbfParts parts = good_cbf();
  parts.text = oracle::pilatus_text();
  auto& section = parts.section();
  parts.text = without_cr(parts.text);
  const std::string mixed = parts.bytes();
  expect_good_stream(parse_image_file(as_bytes(mixed), "a.cbf", strict), mixed);

  parts.magic = without_cr(parts.magic);
  std::string feeds = parts.bytes();
  const std::size_t marker = feeds.find(section.marker);
  feeds = without_cr(feeds.substr(0, marker)) + feeds.substr(marker);
  const ImageFile file = parse_image_file(as_bytes(feeds), "a.cbf");
  expect_good_stream(file, feeds);
  EXPECT_EQ(file.info.wavelength_angstrom, 0.96859);
  EXPECT_EQ(file.info.notices.size(), 1U);
}

TEST(CbfDialect, KeysAndValuesInAnyCaseWithoutQuotes) {
  CbfParts parts = good_cbf();
  parts.section().content_type = "APPLICATION/OCTET-STREAM; Conversions = X-cbf_Byte_Offset";
  for (auto& [key, value] : parts.section().fields) {
    for (char& c : key) c = static_cast<char>(std::tolower(c));
    std::erase(value, '"');
    for (char& c : value) c = static_cast<char>(std::toupper(c));
  }
  parts.section().fields.front().first = "content-transfer-encoding\t";
  const std::string bytes = parts.bytes();
  expect_good_stream(parse_image_file(as_bytes(bytes), "a.cbf", strict), bytes);
}

TEST(CbfDialect, AMissingBlankLineBeforeTheMarkerIsAccepted) {
  CbfParts parts = good_cbf();
  parts.section().blank.clear();
  const std::string bytes = parts.bytes();
  expect_good_stream(parse_image_file(as_bytes(bytes), "a.cbf", strict), bytes);
}

TEST(CbfDialect, EveryElementTypeIsKnown) {
  const std::pair<const char*, PixelType> types[] = {
      {"signed 8-bit integer", PixelType::i8},     {"unsigned 8-bit integer", PixelType::u8},
      {"signed 16-bit integer", PixelType::i16},   {"unsigned 16-bit integer", PixelType::u16},
      {"signed 32-bit integer", PixelType::i32},   {"unsigned 32-bit integer", PixelType::u32},
      {"signed 64-bit integer", PixelType::i64},   {"unsigned 64-bit integer", PixelType::u64},
      {"signed 32-bit real IEEE", PixelType::f32}, {"signed 64-bit real IEEE", PixelType::f64}};
  for (const auto& [name, type] : types) {
    CbfParts parts = good_cbf();
    parts.section().content_type = "application/octet-stream";
    parts.section().data = std::string(32 * size_of(type), '\0');
    parts.section().set("X-Binary-Size", std::to_string(parts.section().data.size()));
    parts.section().set("X-Binary-Element-Type", '"' + std::string(name) + '"');
    const std::string bytes = parts.bytes();
    EXPECT_EQ(parse_cbf(as_bytes(bytes), "a.cbf", strict).streams.at(0).payload.type, type);
  }
}

TEST(CbfDialect, PackedAndItsFlags) {
  struct Case {
    const char* parameters;
    Encoding encoding;
    bool flat;
  };
  const Case cases[] = {
      {"conversions=\"x-CBF_PACKED\"", Encoding::packed, false},
      {"conversions=\"x-CBF_PACKED_V2\"", Encoding::packed_v2, false},
      {"conversions=\"x-CBF_PACKED\"; \"flat\"", Encoding::packed, true},
      {"conversions=\"x-CBF_PACKED_V2\"; \"uncorrelated_sections\"; \"flat\"", Encoding::packed_v2,
       true},
      {"conversions=\"X-CBF_PACKED flat\"", Encoding::packed, true},
      {"conversions=\"x-CBF_PACKED\"; \"uncorrelated_sections\"", Encoding::packed, false}};
  for (const auto& [parameters, encoding, flat] : cases) {
    SCOPED_TRACE(parameters);
    CbfParts parts = good_cbf();
    parts.section().content_type = "application/octet-stream;\r\n     " + std::string(parameters);
    const std::string bytes = parts.bytes();
    const Payload payload = parse_cbf(as_bytes(bytes), "a.cbf", strict).streams.at(0).payload;
    EXPECT_EQ(payload.encoding, encoding);
    EXPECT_EQ(payload.flat, flat);
  }
}

TEST(CbfDialect, UncorrelatedSectionsAreTold) {
  CbfParts parts = good_cbf();
  parts.section().content_type =
      "application/octet-stream; conversions=\"x-CBF_PACKED\"; \"uncorrelated_sections\"";
  parts.section().set("X-Binary-Size-Second-Dimension", "2");
  parts.section().set("X-Binary-Size-Third-Dimension", "2");
  const std::string bytes = parts.bytes();
  const Payload payload = parse_cbf(as_bytes(bytes), "a.cbf").streams.at(0).payload;
  EXPECT_TRUE(payload.uncorrelated_sections);
  EXPECT_EQ(payload.depth, 2);
}

TEST(CbfSections, TheThirdDimensionIsTheDepth) {
  CbfParts parts = good_cbf();
  parts.section().set("X-Binary-Size-Second-Dimension", "2");
  parts.section().set("X-Binary-Size-Third-Dimension", "2");
  const std::string bytes = parts.bytes();
  const ImageFile file = parse_cbf(as_bytes(bytes), "a.cbf", strict);
  EXPECT_EQ(file.streams.at(0).payload.depth, 2);
  EXPECT_EQ(file.streams.at(0).payload.extent, (Extent{8, 2}));
  EXPECT_EQ(file.frames(), 2);
}

TEST(CbfSections, SeveralAreFramesOfOneStack) {
  CbfParts parts = good_cbf();
  CbfSectionParts next = oracle::good_section(std::vector<std::int64_t>(32, 7), 8, 4);
  parts.sections.push_back(next);
  const std::string bytes = parts.bytes();
  const ImageFile file = parse_cbf(as_bytes(bytes), "a.cbf", strict);
  ASSERT_EQ(file.streams.size(), 2U);
  EXPECT_EQ(text_of(file.streams[1].payload.bytes), next.data);
  EXPECT_EQ(file.info.notices.size(), 1U);
}

TEST(CbfSections, DimensionsFromTheArrayStructureList) {
  CbfParts parts = good_cbf();
  parts.text +=
      "loop_\r\n_array_structure_list.array_id\r\n_array_structure_list.index\r\n"
      "_array_structure_list.dimension\r\n_array_structure_list.precedence\r\n"
      "_array_structure_list.direction\r\n"
      "A 1 4 2 increasing\r\nA 2 8 1 increasing\r\n";
  parts.section().drop("X-Binary-Size-Fastest-Dimension");
  parts.section().drop("X-Binary-Size-Second-Dimension");
  const std::string bytes = parts.bytes();
  expect_good_stream(parse_cbf(as_bytes(bytes), "a.cbf", strict), bytes);
}

TEST(CbfSections, EveryPaddingIsAccepted) {
  for (const std::size_t padding : {0, 1, 128, 4095, 4096}) {
    CbfParts parts = good_cbf();
    parts.section().set("X-Binary-Size-Padding", std::to_string(padding));
    parts.section().padding = std::string(padding, '\0');
    std::string bytes = parts.bytes();
    expect_good_stream(parse_cbf(as_bytes(bytes), "a.cbf", strict), bytes);
    parts.section().drop("X-Binary-Size-Padding");
    bytes = parts.bytes();
    expect_good_stream(parse_cbf(as_bytes(bytes), "a.cbf", strict), bytes);
  }
}

TEST(CbfSections, HeadersOfAnyLengthUpToTheLimit) {
  for (const std::size_t length : {8000U, 70000U, 1000000U}) {
    CbfParts parts = good_cbf();
    while (parts.text.size() < length) parts.text += "# padding of a long header\r\n";
    const std::string bytes = parts.bytes();
    expect_good_stream(parse_cbf(as_bytes(bytes), "a.cbf", strict), bytes);
  }
}

TEST(ImageFile, KnowsFormatsByBytesBeforeNames) {
  const std::string bytes = good_cbf().bytes();
  EXPECT_EQ(parse_image_file(as_bytes(bytes), "a.npy").format, "CBF");
  EXPECT_TRUE(is_cbf(as_bytes(bytes)));
  EXPECT_FALSE(is_cbf(as_bytes("II*")));
  try {
    parse_image_file(as_bytes("II*\x01 and so on"), "a.tif");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_this_format);
    EXPECT_EQ(error.info().expected, "NPY, CBF, MRC or Spider");
  }
}

/// The CSPAD file has 4 sections of 8 panels behind a header of 64 kB.
TEST(RealData, Cspad) {
  const auto path = std::filesystem::path(test::data_folder()) / "cbf/idx-20130301060858401.cbf";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no real data: " << path;
  std::ifstream in(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const ImageFile file = parse_image_file(as_bytes(bytes), path.string(), strict);
  ASSERT_EQ(file.streams.size(), 4U);
  EXPECT_EQ(file.frames(), 32);
  const std::size_t sizes[] = {425368, 436230};
  for (std::size_t i = 0; i < 4; ++i) {
    const Stream& stream = file.streams[i];
    EXPECT_EQ(stream.payload.encoding, Encoding::packed);
    EXPECT_EQ(stream.payload.extent, (Extent{388, 185}));
    EXPECT_EQ(stream.payload.depth, 8);
    if (i < 2) {
      EXPECT_EQ(stream.payload.bytes.size(), sizes[i]);
    }
    check_md5(stream, path.string(), "CBF");
  }
  EXPECT_EQ(file.info.wavelength_angstrom, 1.272607);
  EXPECT_EQ(file.info.count_cutoff, 90000.0);
  EXPECT_EQ(file.info.detector, "CS PAD");
  Stream broken = file.streams[0];
  broken.payload.bytes = broken.payload.bytes.subspan(1);
  EXPECT_THROW(check_md5(broken, path.string(), "CBF"), Error);
}

}  // namespace
}  // namespace quickbeam::io
