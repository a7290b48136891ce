// SPDX-License-Identifier: BSD-3-Clause
// Shared by gzip.cpp and bzip2.cpp only: the end of a container and its errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <quickbeam/core/error.hpp>

#include "io/unpack.hpp"

namespace quickbeam::io {

inline constexpr std::string_view gzip_magic = "\x1f\x8b";
inline constexpr std::string_view bzip2_magic = "BZh";

/// True when one more member or stream begins at `position`, false at the end of the file or of
/// its zero padding. Throws Error BAD_STREAM for anything else.
bool another_part_follows(const UnpackTask& task, std::size_t position, std::string_view magic,
                          std::string_view format);

struct UnpackFault {
  ErrorCode code = ErrorCode::bad_stream;
  std::optional<std::uint64_t> offset{};
  std::string expected{};
  std::string found{};
};
[[noreturn]] void fail_unpack(const UnpackTask& task, std::string_view format, UnpackFault fault);
[[noreturn]] void fail_unpack_limit(const UnpackTask& task, std::string_view format);

}  // namespace quickbeam::io
