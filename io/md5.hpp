// SPDX-License-Identifier: BSD-3-Clause
// MD5 digests as MIME writes them: 16 bytes in 24 base64 characters (RFC 1864).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quickbeam::io {

using Md5Digest = std::array<std::uint8_t, 16>;

Md5Digest md5_of(std::span<const std::byte> bytes);

/// 24 characters.
std::string to_base64(const Md5Digest& digest);

/// Nothing when the text is not base64 of exactly 16 bytes.
std::optional<Md5Digest> digest_from_base64(std::string_view text);

}  // namespace quickbeam::io
