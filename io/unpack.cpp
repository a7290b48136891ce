// SPDX-License-Identifier: BSD-3-Clause
// What gzip and bzip2 share: how a container is recognised and what may follow it.
#include "io/unpack.hpp"

#include <algorithm>
#include <cstring>

#include <quickbeam/core/error.hpp>

#include "io/unpack_detail.hpp"

namespace quickbeam::io {

namespace {

bool starts_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

}  // namespace

Compression compression_of(std::span<const std::byte> bytes) {
  if (starts_with(bytes, gzip_magic)) return Compression::gzip;
  if (starts_with(bytes, bzip2_magic)) return Compression::bzip2;
  return Compression::none;
}

bool another_part_follows(const UnpackTask& task, std::size_t position, std::string_view magic,
                          std::string_view format) {
  const auto rest = task.stored.subspan(position);
  const std::size_t known = std::min(rest.size(), magic.size());
  // A magic cut short by the end of the file counts: the decoder then reports the truncation.
  if (known > 0 && std::memcmp(rest.data(), magic.data(), known) == 0) return true;
  const auto stray = std::ranges::find_if(rest, [](std::byte b) { return b != std::byte{0}; });
  if (stray == rest.end()) return false;
  fail({.code = ErrorCode::bad_stream,
        .path = task.path,
        .format = std::string(format),
        .field = "trailing bytes",
        .offset = position + static_cast<std::size_t>(stray - rest.begin()),
        .expected = "another part, zero padding or the end of the file"});
}

void fail_unpack(const UnpackTask& task, std::string_view format, UnpackFault fault) {
  fail({.code = fault.code,
        .path = task.path,
        .format = std::string(format),
        .field = "compressed data",
        .offset = fault.offset,
        .expected = std::move(fault.expected),
        .found = std::move(fault.found)});
}

void fail_unpack_limit(const UnpackTask& task, std::string_view format) {
  fail_unpack(task, format,
              {.code = ErrorCode::limit,
               .expected = "at most " + std::to_string(task.max_bytes) + " unpacked bytes",
               .found = "more, from " + std::to_string(task.stored.size()) + " stored"});
}

}  // namespace quickbeam::io
