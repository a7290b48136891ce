// SPDX-License-Identifier: BSD-3-Clause
// Small CBF files cut at every length and flipped in every byte: a result or an Error, no crash.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "io/cbf.hpp"
#include "io/image_file.hpp"
#include "tests/oracle/cbf_builder.hpp"

namespace quickbeam::io {
namespace {

using oracle::as_bytes;
using oracle::CbfParts;
using oracle::good_cbf;

/// A result or an Error, whatever the bytes.
void parse_anything(const std::string& bytes) {
  // A heap block of the exact size, so that ASan sees any read past the end.
  const std::vector<char> exact(bytes.begin(), bytes.end());
  for (const auto strictness : {Strictness::lenient, Strictness::strict}) try {
      const ImageFile file =
          parse_image_file(as_bytes({exact.data(), exact.size()}), "x.cbf", {strictness, 1 << 20});
      for (const auto& stream : file.streams) {
        ASSERT_LE(stream.offset + stream.payload.bytes.size(), bytes.size());
        ASSERT_GT(stream.payload.extent.pixels(), 0);
      }
    } catch (const Error& error) {
      ASSERT_EQ(error.info().path, "x.cbf");
    }
}

std::vector<std::string> small_files() {
  CbfParts pilatus = good_cbf();
  pilatus.text = oracle::pilatus_text();
  pilatus.section().set("X-Binary-Size-Padding", "16");
  pilatus.section().padding = std::string(16, '\0');
  CbfParts two = good_cbf();
  two.text +=
      "loop_\r\n_array_structure_list.array_id\r\n_array_structure_list.dimension\r\n"
      "_array_structure_list.precedence\r\nA 8 1\r\nA 4 2\r\n";
  two.section().drop("X-Binary-Size-Fastest-Dimension");
  two.section().drop("X-Binary-Size-Second-Dimension");
  two.sections.push_back(good_cbf().section());
  return {good_cbf().bytes(), pilatus.bytes(), two.bytes()};
}

TEST(CbfRobustness, EveryTruncationGivesAResultOrAnError) {
  for (const auto& file : small_files())
    for (std::size_t length = 0; length <= file.size(); ++length)
      parse_anything(file.substr(0, length));
}

TEST(CbfRobustness, ATruncatedFileIsNeverAccepted) {
  const std::string file = good_cbf().bytes();
  const std::string closing = "--CIF-BINARY-FORMAT-SECTION----";
  const std::size_t end = file.rfind(closing) + closing.size();
  for (std::size_t length = 0; length < end; ++length) try {
      parse_image_file(as_bytes(file).first(length), "x.cbf");
      ADD_FAILURE() << length << " bytes accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::truncated) << error.what();
    }
}

TEST(CbfRobustness, EveryByteFlipGivesAResultOrAnError) {
  for (const auto& file : small_files())
    for (std::size_t i = 0; i < file.size(); ++i)
      for (const int flip : {0x01, 0x20, 0x80, 0xff}) {
        std::string bytes = file;
        bytes[i] = static_cast<char>(bytes[i] ^ flip);
        parse_anything(bytes);
      }
}

}  // namespace
}  // namespace quickbeam::io
