// SPDX-License-Identifier: BSD-3-Clause
// Rows of the catalogue of bad CBF files, and how a row is checked.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "io/image_file.hpp"
#include "tests/oracle/cbf_builder.hpp"

namespace quickbeam::io {

using oracle::as_bytes;
using oracle::CbfParts;
using oracle::good_cbf;

/// A file and the fault it must be refused with.
struct Row {
  std::string id;
  std::string bytes;
  ErrorCode code;
  std::string field;
  std::uint64_t offset;
  std::vector<std::string> words;  ///< must stand in the message
  Strictness strictness = Strictness::lenient;
};

inline std::string edited(const std::function<void(CbfParts&)>& edit) {
  CbfParts file = good_cbf();
  edit(file);
  return file.bytes();
}

/// The good file with one MIME field changed.
inline std::string with_field(const std::string& key, const std::string& value) {
  return edited([&](CbfParts& file) { file.section().set(key, value); });
}

inline std::string without_field(const std::string& key) {
  return edited([&](CbfParts& file) { file.section().drop(key); });
}

inline std::uint64_t after(const std::string& bytes, const std::string& text) {
  return bytes.find(text) + text.size();
}

inline std::uint64_t value_of(const std::string& bytes, const std::string& key) {
  return after(bytes, "\n" + key + ": ");
}

inline const std::string marker = "\x0c\x1a\x04\xd5";
inline const std::string boundary = "--CIF-BINARY-FORMAT-SECTION--";
inline const std::string fast = "X-Binary-Size-Fastest-Dimension";
inline const std::string second = "X-Binary-Size-Second-Dimension";
inline const std::string elements = "X-Binary-Number-of-Elements";

/// A row about the value of one MIME field.
inline Row field_row(const std::string& id, const std::string& key, const std::string& value,
                     ErrorCode code, std::vector<std::string> words) {
  const std::string bytes = with_field(key, value);
  return {id, bytes, code, key, value_of(bytes, key), std::move(words)};
}

inline Row missing_row(const std::string& id, const std::string& key,
                       const std::string& also = "") {
  const std::string bytes = edited([&](CbfParts& file) {
    file.section().drop(key);
    file.section().drop(also);
  });
  return {id, bytes, ErrorCode::bad_field, key, bytes.find(boundary), {"missing"}};
}

inline void expect_fault(const Row& row) {
  SCOPED_TRACE(row.id);
  const std::string path = "run7_0042.cbf";
  try {
    parse_image_file(as_bytes(row.bytes), path, {.strictness = row.strictness});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    const std::string text = error.what();
    SCOPED_TRACE(text);
    EXPECT_EQ(error.code(), row.code);
    EXPECT_EQ(error.info().path, path);
    EXPECT_EQ(error.info().field, row.field);
    ASSERT_TRUE(error.info().offset.has_value());
    EXPECT_EQ(*error.info().offset, row.offset);
    EXPECT_TRUE(text.starts_with(path + ": CBF " + row.field)) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos);
    for (const auto& word : row.words) EXPECT_NE(text.find(word), std::string::npos) << word;
  }
}

inline void expect_faults(const std::vector<Row>& rows) {
  for (const auto& row : rows) expect_fault(row);
}

}  // namespace quickbeam::io
