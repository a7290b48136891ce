// SPDX-License-Identifier: BSD-3-Clause
// Rows of the catalogue of bad stacks, and how a row is checked.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "io/stack_file.hpp"
#include "tests/oracle/stack_builder.hpp"

namespace quickbeam::io {

/// A file and the fault it must be refused with.
struct StackRow {
  std::string id;
  std::string bytes;
  ErrorCode code;
  std::string field;
  std::uint64_t offset;
  std::vector<std::string> words;  ///< must stand in the message
  std::optional<std::uint64_t> frame{};
  Strictness strictness = Strictness::lenient;
};

inline void expect_fault(const StackRow& row, const std::string& path, const std::string& format) {
  SCOPED_TRACE(row.id);
  try {
    StackFile::over(oracle::as_span(row.bytes), path, {.strictness = row.strictness});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    const std::string text = error.what();
    SCOPED_TRACE(text);
    EXPECT_EQ(name_of(error.code()), name_of(row.code));
    EXPECT_EQ(error.info().path, path);
    EXPECT_EQ(error.info().field, row.field);
    EXPECT_EQ(error.info().offset, row.offset);
    EXPECT_EQ(error.info().frame, row.frame);
    EXPECT_TRUE(text.starts_with(path + ": " + format + " " + row.field)) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos);
    for (const auto& word : row.words) EXPECT_NE(text.find(word), std::string::npos) << word;
  }
}

/// Accepted with one notice that holds `words`; refused with `code` when strict.
inline void expect_notice(const std::string& id, const std::string& bytes, const std::string& path,
                          const std::vector<std::string>& words, std::optional<ErrorCode> strict) {
  SCOPED_TRACE(id);
  const StackFile file = StackFile::over(oracle::as_span(bytes), path);
  ASSERT_EQ(file.info().notices.size(), 1U);
  for (const auto& word : words)
    EXPECT_NE(file.info().notices[0].find(word), std::string::npos) << file.info().notices[0];
  if (!strict) return;
  try {
    StackFile::over(oracle::as_span(bytes), path, {.strictness = Strictness::strict});
    ADD_FAILURE() << "accepted by the strict reader";
  } catch (const Error& error) {
    EXPECT_EQ(name_of(error.code()), name_of(*strict)) << error.what();
  }
}

}  // namespace quickbeam::io
