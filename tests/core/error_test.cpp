// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include <quickbeam/core/error.hpp>

namespace quickbeam {
namespace {

TEST(Error, TextSaysWhereWhatWasExpectedAndFound) {
  const Error error({.code = ErrorCode::truncated,
                     .path = "run7_0042.cbf",
                     .format = "CBF",
                     .field = "X-Binary-Size",
                     .offset = 1203,
                     .frame = 2,
                     .expected = "48213 bytes",
                     .found = "17"});
  EXPECT_STREQ(error.what(),
               "run7_0042.cbf: CBF X-Binary-Size (byte 1203, frame 2): expected 48213 "
               "bytes, found 17 [TRUNCATED]");
}

TEST(Error, ControlBytesAreEscaped) { EXPECT_EQ(printable("a\n\x7f"), "a\\x0a\\x7f"); }

}  // namespace
}  // namespace quickbeam
