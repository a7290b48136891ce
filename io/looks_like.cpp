// SPDX-License-Identifier: BSD-3-Clause
// Recognises common files by their first bytes.
#include "io/looks_like.hpp"

#include <algorithm>
#include <string_view>

#include "io/ascii.hpp"

namespace quickbeam::io {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::string_view bytes;
  std::string_view name;
};

constexpr Signature signatures[] = {
    {"\x89HDF\r\n\x1a\n"sv, "an HDF5 file"},
    {"\x89PNG\r\n\x1a\n"sv, "a PNG picture"},
    {"\xff\xd8\xff"sv, "a JPEG picture"},
    {"II*\0"sv, "a TIFF image"},
    {"MM\0*"sv, "a TIFF image"},
    {"II+\0"sv, "a BigTIFF image"},
    {"MM\0+"sv, "a BigTIFF image"},
    {"\x1f\x8b"sv, "a gzip file"},
    {"BZh"sv, "a bzip2 file"},
    {"\x28\xb5\x2f\xfd"sv, "a Zstandard file"},
    {"\xfd\x37zXZ"sv, "an xz file"},
    {"PK\x03\x04"sv, "a ZIP archive"},
    {"%PDF"sv, "a PDF document"},
    {"\x93NUMPY"sv, "a NumPy file"},
    {"###CBF"sv, "a CBF file"},
    {"{\nHEADER_BYTES="sv, "an ADSC (SMV) image"},
    {"\x7f\x45LF"sv, "a program"},
};

std::string first_bytes(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string hex = "bytes";
  for (const char c : text.substr(0, 8)) {
    const auto byte = static_cast<unsigned char>(c);
    (hex += ' ') += {digits[byte >> 4], digits[byte & 15]};
  }
  return hex;
}

bool is_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\r' || c == '\t';
  });
}

}  // namespace

std::optional<std::string> known_kind(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.find_first_not_of('\0') == text.npos) return "zeros only (not yet written?)";
  if (text.find_first_not_of('\xff') == text.npos) return "bytes 0xff only";
  for (const auto& [signature, name] : signatures)
    if (text.starts_with(signature)) return std::string(name);
  std::string_view start = text.substr(0, 512);
  if (start.starts_with("\xef\xbb\xbf")) start.remove_prefix(3);
  start = trimmed(start);
  if (ascii_starts_with(start, "<!doctype html") || ascii_starts_with(start, "<html"))
    return "an HTML page";
  if (start.starts_with("<?xml")) return "an XML document";
  constexpr std::size_t least_text = 4;  // any byte or two could be a letter
  if (text.size() >= least_text && is_text(start))
    return "text: " + std::string(start.substr(0, 40));
  return std::nullopt;
}

std::string looks_like(std::span<const std::byte> bytes) {
  if (bytes.empty()) return "0 bytes";
  if (auto kind = known_kind(bytes)) return *std::move(kind);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() >= 212 && text.substr(208, 4) == "MAP "sv) return "an MRC file";
  return first_bytes(text);
}

}  // namespace quickbeam::io
