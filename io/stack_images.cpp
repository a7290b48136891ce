// SPDX-License-Identifier: BSD-3-Clause
// The images of an open stack, read in as few system calls as there can be.
#include "io/stack_images.hpp"

#include <algorithm>

#include <quickbeam/core/error.hpp>

namespace quickbeam::io {
namespace {

constexpr std::size_t batch = 64;  ///< runs read at a time
/// Longer headers are not read as a whole but jumped over.
constexpr std::uint64_t longest_skip = 16384;

}  // namespace

StackImages::StackImages(const StackInfo& info, const ByteSource& source, const std::string& path)
    : info_(info),
      layout_(info.layout),
      source_(source),
      path_(path),
      // What is to say of another size was said, if at all, of the first image.
      report_(info.format, path, Strictness::lenient, ignored_) {}

void StackImages::read(std::int64_t first, std::int64_t count, std::span<std::byte> out) const {
  while (count > 0) {
    const std::int64_t n = layout_.header_bytes == 0             ? read_run(first, count, out)
                           : layout_.header_bytes > longest_skip ? read_far_run(first, count, out)
                                                                 : read_runs(first, count, out);
    first += n;
    count -= n;
    out = out.subspan(static_cast<std::size_t>(n) * layout_.image_bytes);
  }
}

void StackImages::check_headers(std::int64_t first, std::int64_t count) const {
  if (layout_.header_bytes == 0) return;
  for (std::int64_t k = (first + layout_.run - 1) / layout_.run * layout_.run; k < first + count;
       k += layout_.run)
    check_header_of(k);
}

void StackImages::read_parts(std::int64_t first, std::uint64_t skip, std::size_t bytes,
                             std::span<std::byte> out) const {
  for (std::int64_t k = first; !out.empty(); ++k, out = out.subspan(bytes)) {
    const ByteSource::Piece piece = out.first(bytes);
    read_pieces(layout_.offset_of(k) + skip, {&piece, 1}, k);
  }
}

std::int64_t StackImages::rest_of_run(std::int64_t first, std::int64_t count) const {
  return std::min(count, layout_.run - first % layout_.run);
}

std::int64_t StackImages::read_run(std::int64_t first, std::int64_t count,
                                   std::span<std::byte> out) const {
  const std::int64_t n = rest_of_run(first, count);
  const ByteSource::Piece piece = out.first(static_cast<std::size_t>(n) * layout_.image_bytes);
  read_pieces(layout_.offset_of(first), {&piece, 1}, first);
  return n;
}

std::int64_t StackImages::read_far_run(std::int64_t first, std::int64_t count,
                                       std::span<std::byte> out) const {
  if (first % layout_.run == 0) check_header_of(first);
  return read_run(first, count, out);
}

void StackImages::check_header_of(std::int64_t k) const {
  Header header;
  const ByteSource::Piece piece = header;
  read_pieces(layout_.offset_of(k) - layout_.header_bytes, {&piece, 1}, k);
  check(header, k);
}

std::int64_t StackImages::read_runs(std::int64_t first, std::int64_t count,
                                    std::span<std::byte> out) const {
  std::array<Header, batch> headers;
  std::array<std::int64_t, batch> begins;
  std::array<std::byte, longest_skip> rest;  // of every header; nobody needs it
  std::vector<ByteSource::Piece> pieces;
  pieces.reserve(3 * batch);
  std::int64_t done = 0;
  std::size_t seen = 0;
  for (; done < count && seen < batch; done += rest_of_run(first + done, count - done)) {
    const std::int64_t k = first + done;
    if (k % layout_.run == 0) {
      pieces.emplace_back(headers[seen]);
      pieces.push_back(std::span(rest).first(layout_.header_bytes - spider_checked_bytes));
      begins[seen++] = k;
    }
    pieces.push_back(
        out.subspan(static_cast<std::size_t>(done) * layout_.image_bytes,
                    static_cast<std::size_t>(rest_of_run(k, count - done)) * layout_.image_bytes));
  }
  const std::uint64_t header = first % layout_.run == 0 ? layout_.header_bytes : 0;
  read_pieces(layout_.offset_of(first) - header, pieces, first);
  for (std::size_t i = 0; i < seen; ++i) check(headers[i], begins[i]);
  return done;
}

void StackImages::check(const Header& header, std::int64_t k) const {
  check_spider_image(info_, header, layout_.offset_of(k) - layout_.header_bytes, k + 1, report_);
}

void StackImages::read_pieces(std::uint64_t offset, std::span<const ByteSource::Piece> pieces,
                              std::int64_t first) const {
  std::uint64_t wanted = 0;
  for (const auto piece : pieces) wanted += piece.size();
  const std::uint64_t end = offset + source_.read(offset, pieces);
  if (end == offset + wanted) return;
  std::int64_t k = first;
  while (layout_.offset_of(k) + layout_.image_bytes <= end) ++k;
  fail({.code = ErrorCode::truncated,
        .path = path_,
        .format = info_.format,
        .field = "data",
        .offset = end,
        .frame = static_cast<std::uint64_t>(k + 1),
        .expected = std::to_string(source_.size()) + " bytes, as when the file was opened",
        .found = "its end (it was cut since)"});
}

}  // namespace quickbeam::io
