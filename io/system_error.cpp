// SPDX-License-Identifier: BSD-3-Clause
// Turns errno into an Error.
#include "io/system_error.hpp"

#include <cstring>
#include <system_error>

#include <quickbeam/core/error.hpp>

namespace quickbeam::io {

std::string errno_text(int error) {
  const std::string text = std::generic_category().message(error);
#if defined(__GLIBC__)
  if (const char* name = ::strerrorname_np(error)) return std::string(name) + " (" + text + ")";
#endif
  return "errno " + std::to_string(error) + " (" + text + ")";
}

void fail_system(const std::string& path, std::string_view operation, int error,
                 std::optional<std::uint64_t> offset) {
  fail({.code = ErrorCode::io,
        .path = path,
        .field = std::string(operation),
        .offset = offset,
        .found = errno_text(error)});
}

}  // namespace quickbeam::io
