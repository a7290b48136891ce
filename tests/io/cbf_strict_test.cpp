// SPDX-License-Identifier: BSD-3-Clause
// Oddities a lenient reader accepts with one notice are errors under strict; digests are checked.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "io/image_file.hpp"
#include "tests/io/cbf_fault_row.hpp"

namespace quickbeam::io {
namespace {

constexpr ReadOptions strict{.strictness = Strictness::strict};

/// What lenient accepts with a notice is an error under strict.
std::vector<Row> strict_rows() {
  std::vector<Row> rows;
  const auto add = [&](const std::string& id, const std::string& bytes, ErrorCode code,
                       const std::string& field, std::uint64_t offset) {
    rows.push_back({id, bytes, code, field, offset, {}, Strictness::strict});
  };
  const std::string order = with_field("X-Binary-Element-Byte-Order", "BIG_ENDIAN");
  add("C28", order, ErrorCode::inconsistent, "X-Binary-Element-Byte-Order",
      value_of(order, "X-Binary-Element-Byte-Order"));
  const std::string no_magic = edited([](CbfParts& file) { file.magic = "# nothing\r\n"; });
  add("C34", no_magic, ErrorCode::not_this_format, "file", 0);
  std::string feeds = good_cbf().bytes();
  std::erase(feeds, '\r');
  add("C36", feeds, ErrorCode::bad_field, "line ends", feeds.find('\n'));
  const std::string padding = with_field("X-Binary-Size-Padding", "-1");
  add("C37", padding, ErrorCode::bad_field, "X-Binary-Size-Padding",
      value_of(padding, "X-Binary-Size-Padding"));
  const std::string wrong = with_field("X-Binary-Size-Padding", "7");
  add("padding not there", wrong, ErrorCode::inconsistent, "X-Binary-Size-Padding",
      value_of(wrong, "X-Binary-Size-Padding"));
  const std::string digest = with_field("Content-MD5", "abc");
  add("C23", digest, ErrorCode::bad_field, "Content-MD5", value_of(digest, "Content-MD5"));
  const std::string type = without_field("X-Binary-Element-Type");
  add("no type", type, ErrorCode::bad_field, "X-Binary-Element-Type", type.find(boundary));
  const std::string derived = without_field(second);
  add("no second", derived, ErrorCode::bad_field, second, derived.find(boundary));
  const std::string junk =
      edited([](CbfParts& file) { file.section().before_fields = "junk\r\n"; });
  add("junk line", junk, ErrorCode::bad_field, "MIME header", junk.find("junk"));
  const std::string same =
      edited([](CbfParts& file) { file.section().after_fields = "X-Binary-ID: 1\r\n"; });
  add("C43 equal", same, ErrorCode::inconsistent, "X-Binary-ID", same.rfind("X-Binary-ID") + 13);
  const std::string unknown = with_field("X-Binary-Size", "0");
  add("size 0", unknown, ErrorCode::bad_field, "X-Binary-Size", value_of(unknown, "X-Binary-Size"));
  const std::string listed = edited([](CbfParts& file) {
    file.text +=
        "loop_\r\n_array_structure.id\r\n_array_structure.encoding_type\r\n"
        "A 'signed 32-bit integer'\r\nB 'signed 32-bit integer'\r\n";
  });
  add("a listed section is not there", listed, ErrorCode::truncated, "file", listed.size());
  return rows;
}

TEST(CbfStrict, StrictRefusesOddities) { expect_faults(strict_rows()); }

TEST(CbfStrict, LenientAcceptsTheSameOdditiesWithOneNotice) {
  for (const auto& row : strict_rows()) {
    SCOPED_TRACE(row.id);
    const ImageFile file = parse_image_file(as_bytes(row.bytes), "a.cbf");
    ASSERT_EQ(file.info.notices.size(), 1U);
    EXPECT_NE(file.info.notices[0].find(row.field), std::string::npos) << file.info.notices[0];
    EXPECT_EQ(file.info.notices[0].find('['), std::string::npos) << file.info.notices[0];
    ASSERT_EQ(file.streams.size(), 1U);
    const std::string data = good_cbf().section().data;
    const auto bytes = file.streams[0].payload.bytes;
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), data);
    EXPECT_EQ(file.streams[0].payload.extent, (Extent{8, 4}));
  }
}

TEST(CbfStrict, TheGoodFileIsAcceptedByStrict) {
  const std::string bytes = good_cbf().bytes();
  const ImageFile file = parse_image_file(as_bytes(bytes), "a.cbf", strict);
  EXPECT_TRUE(file.info.notices.empty());
}

TEST(CbfStrict, Digests) {
  const auto stream_with = [](const std::string& md5) {
    const std::string bytes = with_field("Content-MD5", md5);
    Stream stream = parse_image_file(as_bytes(bytes), "a.cbf").streams.at(0);
    EXPECT_EQ(stream.md5_offset, value_of(bytes, "Content-MD5"));
    // The bytes die with this function; the oracle's equal ones live on.
    static const std::string data = good_cbf().section().data;
    stream.payload.bytes = as_bytes(data);
    return stream;
  };
  const auto code_of = [](const Stream& stream) {
    try {
      check_md5(stream, "a.cbf", "CBF");
    } catch (const Error& error) {
      EXPECT_EQ(error.info().field, "Content-MD5");
      EXPECT_EQ(error.info().path, "a.cbf");
      EXPECT_EQ(error.info().offset, stream.md5_offset);
      return error.code();
    }
    return ErrorCode::usage;
  };
  EXPECT_EQ(code_of(stream_with("AAAAAAAAAAAAAAAAAAAAAA==")), ErrorCode::checksum);  // C22
  for (const char* md5 : {"abc", "AAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA*==",
                          "AAAAAAAAAAAAAAAAAAAAAB==", "AAAAAAAAAAAAAAAAAAAAAA="})
    EXPECT_EQ(code_of(stream_with(md5)), ErrorCode::bad_field) << md5;  // C23
}

}  // namespace
}  // namespace quickbeam::io
