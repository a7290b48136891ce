// SPDX-License-Identifier: BSD-3-Clause
// The registry of readers: a file is known by its bytes first and by its name second.
#include "io/image_file.hpp"

#include <array>

#include <quickbeam/core/error.hpp>

#include "io/ascii.hpp"
#include "io/cbf.hpp"
#include "io/looks_like.hpp"
#include "io/npy.hpp"

namespace quickbeam::io {
namespace {

using Bytes = std::span<const std::byte>;

ImageFile read_npy(Bytes bytes, const std::string& path, const ReadOptions&) {
  ImageFile file;
  file.format = "NPY";
  Stream stream;
  stream.payload = parse_npy(bytes, path);
  if (!stream.payload.bytes.empty())
    stream.offset = static_cast<std::uint64_t>(stream.payload.bytes.data() - bytes.data());
  file.streams.push_back(std::move(stream));
  return file;
}

/// To add a format: write `is_x` and `parse_x`, and add a row.
struct Reader {
  std::string_view name;
  std::string_view suffix;
  bool (*is_a)(Bytes);
  ImageFile (*parse)(Bytes, const std::string&, const ReadOptions&);
};

constexpr std::array readers = {
    Reader{"NPY", ".npy", is_npy, read_npy},
    Reader{"CBF", ".cbf", is_cbf, parse_cbf},
};

/// The name without what a compressor appended.
std::string_view unpacked_name(std::string_view path) {
  for (const std::string_view suffix : {".gz", ".bz2"})
    if (path.size() > suffix.size() &&
        ascii_equal(path.substr(path.size() - suffix.size()), suffix))
      return path.substr(0, path.size() - suffix.size());
  return path;
}

const Reader* reader_named(std::string_view path) {
  const std::string_view name = unpacked_name(path);
  for (const auto& reader : readers)
    if (name.size() >= reader.suffix.size() &&
        ascii_equal(name.substr(name.size() - reader.suffix.size()), reader.suffix))
      return &reader;
  return nullptr;
}

[[noreturn]] void fail_unknown(Bytes bytes, const std::string& path) {
  std::string formats;
  for (const auto& reader : readers)
    formats.append(formats.empty() ? "" : " or ").append(reader.name);
  ErrorInfo info;
  info.code = bytes.empty() ? ErrorCode::truncated : ErrorCode::not_this_format;
  info.path = path;
  info.field = "file";
  info.offset = 0;
  info.expected = formats;
  info.found = looks_like(bytes);
  fail(std::move(info));
}

}  // namespace

ImageFile parse_image_file(Bytes bytes, const std::string& path, const ReadOptions& options) {
  for (const auto& reader : readers)
    if (reader.is_a(bytes)) return reader.parse(bytes, path, options);
  if (const Reader* reader = reader_named(path)) return reader->parse(bytes, path, options);
  fail_unknown(bytes, path);
}

}  // namespace quickbeam::io
