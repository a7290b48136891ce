// SPDX-License-Identifier: BSD-3-Clause
// Digests by libmd, base64 by hand, and the check of a stream against its promise.
#include "io/md5.hpp"

#include <md5.h>

#include <quickbeam/core/error.hpp>

#include "io/image_file.hpp"

namespace quickbeam::io {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t base64_length = 24;  // of 16 bytes, the last two characters being "=="

}  // namespace

Md5Digest md5_of(std::span<const std::byte> bytes) {
  MD5_CTX state;
  MD5Init(&state);
  MD5Update(&state, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  Md5Digest digest;
  MD5Final(digest.data(), &state);
  return digest;
}

std::string to_base64(const Md5Digest& digest) {
  std::string text;
  for (std::size_t i = 0; i < digest.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = i; k < i + 3; ++k) bits = bits << 8 | (k < 16 ? digest[k] : 0U);
    for (int shift = 18; shift >= 0; shift -= 6) text += alphabet[bits >> shift & 63];
  }
  text.replace(base64_length - 2, 2, "==");
  return text;
}

std::optional<Md5Digest> digest_from_base64(std::string_view text) {
  if (text.size() != base64_length || !text.ends_with("==")) return std::nullopt;
  Md5Digest digest{};
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t filled = 0;
  for (const char c : text.substr(0, base64_length - 2)) {
    const std::size_t value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    digest[filled++] = static_cast<std::uint8_t>(bits >> held & 0xff);
  }
  // The four bits beyond the 16th byte carry nothing.
  if ((bits & 15) != 0) return std::nullopt;
  return digest;
}

void check_md5(const Stream& stream, const std::string& path, std::string_view format) {
  if (stream.md5.empty()) return;
  ErrorInfo info;
  info.path = path;
  info.format = std::string(format);
  info.field = "Content-MD5";
  info.offset = stream.md5_offset;
  info.found = stream.md5;
  const auto promised = digest_from_base64(stream.md5);
  if (!promised) {
    info.code = ErrorCode::bad_field;
    info.expected = "base64 of 16 bytes";
    fail(std::move(info));
  }
  const Md5Digest digest = md5_of(stream.payload.bytes);
  if (digest == *promised) return;
  info.code = ErrorCode::checksum;
  info.expected = stream.md5;
  info.found = to_base64(digest);
  fail(std::move(info));
}

}  // namespace quickbeam::io
