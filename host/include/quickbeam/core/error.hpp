// SPDX-License-Identifier: BSD-3-Clause
// What went wrong, where, what was expected and what was found: one struct, one line of text.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace quickbeam {

enum class ErrorCode : std::uint8_t {
  truncated,        ///< the file ends before its own header says it should
  bad_field,        ///< a header field is missing or holds no usable value
  bad_stream,       ///< the compressed data cannot be decoded
  inconsistent,     ///< two parts of the input contradict each other
  overflow,         ///< sizes whose product does not fit 64 bits
  limit,            ///< a claim beyond what the bytes present, or a limit, allow
  checksum,         ///< a digest does not match
  unsupported,      ///< valid, but not handled here
  not_this_format,  ///< the bytes are something else
  ambiguous,        ///< two readings are equally plausible
  not_found,        ///< no such file
  path_escape,      ///< a reference leads outside the allowed folder
  io,               ///< the operating system refused
  usage,            ///< the request itself makes no sense
  device,           ///< the forced device cannot run
};

/// The code as printed and as written to JSON ("BAD_FIELD").
constexpr std::string_view name_of(ErrorCode code) {
  constexpr std::string_view names[] = {
      "TRUNCATED", "BAD_FIELD",   "BAD_STREAM",  "INCONSISTENT",    "OVERFLOW",
      "LIMIT",     "CHECKSUM",    "UNSUPPORTED", "NOT_THIS_FORMAT", "AMBIGUOUS",
      "NOT_FOUND", "PATH_ESCAPE", "IO",          "USAGE",           "DEVICE"};
  return names[static_cast<std::size_t>(code)];
}

/// All that is known of a fault. Empty members are left out of the text.
struct ErrorInfo {
  ErrorCode code = ErrorCode::io;
  std::string path{};                     ///< the file, as the caller named it
  std::string format{};                   ///< "CBF", "NPY", ...
  std::string field{};                    ///< header key or part of the file
  std::optional<std::uint64_t> offset{};  ///< byte in the (decompressed) file
  std::optional<std::uint64_t> frame{};   ///< image in the file, from 1 as in N@file
  std::string expected{};
  std::string found{};
};

/// Text with control bytes escaped (\xNN) and cut to `limit` bytes, fit for a one-line message.
inline std::string printable(std::string_view text, std::size_t limit = 200) {
  constexpr char hex[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == limit) return out + "...";
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != 0x7f)
      out += static_cast<char>(c);
    else
      (out += "\\x") += {hex[c >> 4], hex[c & 15]};
  }
  return out;
}

/// `path: FORMAT field (byte N, frame K): expected X, found Y [CODE]`.
inline std::string to_string(const ErrorInfo& info) {
  std::string text;
  if (!info.path.empty()) text += printable(info.path, 4096) + ": ";
  text += info.format;
  if (!info.field.empty()) text += (info.format.empty() ? "" : " ") + printable(info.field);
  if (info.offset || info.frame) {
    text += " (";
    if (info.offset) text += "byte " + std::to_string(*info.offset);
    if (info.offset && info.frame) text += ", ";
    if (info.frame) text += "frame " + std::to_string(*info.frame);
    text += ")";
  }
  if (!info.format.empty() || !info.field.empty()) text += ": ";
  if (!info.expected.empty()) text += "expected " + printable(info.expected);
  if (!info.expected.empty() && !info.found.empty()) text += ", ";
  if (!info.found.empty()) text += "found " + printable(info.found);
  return text + " [" + std::string(name_of(info.code)) + "]";
}

/// The one exception type of quickbeam. `what()` is the line of `to_string`.
class Error : public std::exception {
 public:
  explicit Error(ErrorInfo info) : info_(std::move(info)), text_(to_string(info_)) {}
  const ErrorInfo& info() const noexcept { return info_; }
  ErrorCode code() const noexcept { return info_.code; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  ErrorInfo info_;
  std::string text_;
};

[[noreturn]] inline void fail(ErrorInfo info) { throw Error(std::move(info)); }

}  // namespace quickbeam
