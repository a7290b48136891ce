// SPDX-License-Identifier: BSD-3-Clause
// What the operating system refused, as an Error that names the file, the call and errno.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quickbeam::io {

/// errno as a person and a script read it: "ENOSPC (No space left on device)".
std::string errno_text(int error);

/// Throws Error IO. `operation` is the call that failed, `offset` the bytes done before it did.
[[noreturn]] void fail_system(const std::string& path, std::string_view operation, int error,
                              std::optional<std::uint64_t> offset = std::nullopt);

}  // namespace quickbeam::io
