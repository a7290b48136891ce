// SPDX-License-Identifier: BSD-3-Clause
// The registry of readers: a file is known by its bytes first and by its name second.
#include "io/image_file.hpp"

#include <algorithm>
#include <array>

#include <quickbeam/core/error.hpp>

#include "io/cbf.hpp"
#include "io/file_name.hpp"
#include "io/looks_like.hpp"
#include "io/npy.hpp"
#include "io/stack_file.hpp"
#include "io/stack_formats.hpp"

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

/// A stack in memory: one stream a run of images.
ImageFile read_stack(Bytes bytes, const std::string& path, const ReadOptions& options) {
  const StackFile stack = StackFile::over(bytes, path, {.strictness = options.strictness});
  const StackInfo& info = stack.info();
  const StackLayout& layout = info.layout;
  ImageFile file = describe(info);
  const Stream all = file.streams.front();
  file.streams.clear();
  for (std::int64_t first = 0; first < info.count; first += layout.run) {
    Stream run = all;
    run.payload.depth = std::min(layout.run, info.count - first);
    run.offset = layout.offset_of(first);
    run.payload.bytes =
        bytes.subspan(static_cast<std::size_t>(run.offset),
                      static_cast<std::size_t>(run.payload.depth) * layout.image_bytes);
    file.streams.push_back(std::move(run));
  }
  return file;
}

/// To add a format of single frames (stacks: io/stack_formats.cpp): write `is_x` and `parse_x`, and
/// add a row.
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

const Reader* reader_named(std::string_view path) {
  for (const auto& reader : readers)
    if (has_suffix(path, reader.suffix)) return &reader;
  return nullptr;
}

[[noreturn]] void fail_unknown(Bytes bytes, const std::string& path) {
  std::string formats;
  for (const auto& reader : readers) formats.append(reader.name).append(", ");
  ErrorInfo info;
  info.code = bytes.empty() ? ErrorCode::truncated : ErrorCode::not_this_format;
  info.path = path;
  info.field = "file";
  info.offset = 0;
  info.expected = formats + stack_format_names();
  info.found = looks_like(bytes);
  fail(std::move(info));
}

}  // namespace

bool is_frame_name(std::string_view path) { return reader_named(path) != nullptr; }

ImageFile parse_image_file(Bytes bytes, const std::string& path, const ReadOptions& options) {
  for (const auto& reader : readers)
    if (reader.is_a(bytes)) return reader.parse(bytes, path, options);
  const auto head = bytes.first(std::min(bytes.size(), StackHead::bytes_needed));
  if (find_stack_format(head, path) != nullptr) return read_stack(bytes, path, options);
  if (const Reader* reader = reader_named(path)) return reader->parse(bytes, path, options);
  fail_unknown(bytes, path);
}

}  // namespace quickbeam::io
