// SPDX-License-Identifier: BSD-3-Clause
// For tests of files: bytes and text, and the error of a call.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <quickbeam/core/error.hpp>

#include "tests/host/temporary_folder.hpp"

namespace quickbeam::test {

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The Error a call throws, or none.
template <class F>
std::optional<ErrorInfo> error_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.info();
  }
  return std::nullopt;
}

/// As error_of, for a call that must throw.
template <class F>
ErrorInfo expect_error(ErrorCode code, F&& call) {
  const auto info = error_of(call);
  EXPECT_TRUE(info.has_value()) << "no Error thrown, expected " << name_of(code);
  if (!info) return {};
  EXPECT_EQ(name_of(info->code), name_of(code)) << to_string(*info);
  return *info;
}

}  // namespace quickbeam::test
