// SPDX-License-Identifier: BSD-3-Clause
// Reads a CBF from its first byte to its last: text header, then section after section.
#include "io/cbf.hpp"

#include <algorithm>

#include "io/ascii.hpp"
#include "io/cbf_context.hpp"
#include "io/cbf_items.hpp"
#include "io/cbf_section.hpp"
#include "io/looks_like.hpp"
#include "io/md5.hpp"

namespace quickbeam::io {
namespace {

constexpr std::string_view magic = "###CBF";
constexpr std::size_t near_start = std::size_t{1} << 20;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[noreturn]] void fail_without_section(const CbfContext& context) {
  const std::string_view file = context.text();
  if (file.empty()) context.fail({ErrorCode::truncated, "file", 0, "a CBF header", "0 bytes"});
  if (!file.starts_with(magic) && !magic.starts_with(file))
    context.fail({ErrorCode::not_this_format, "file", 0, std::string(magic) + ": VERSION",
                  looks_like(context.bytes())});
  const std::size_t text_end = zero_tail(file, 0);
  if (text_end > context.header_limit())
    context.fail({ErrorCode::limit, "header", context.header_limit(),
                  "at most " + std::to_string(context.header_limit()) + " bytes of header",
                  "no binary section before byte " + std::to_string(context.header_limit())});
  const std::string where = text_end == file.size()
                                ? " before end (byte " + std::to_string(file.size()) + ")"
                                : ": zeros from here to the end (not yet written?)";
  context.fail(
      {ErrorCode::truncated, "file", text_end, "a binary section", "no binary section" + where});
}

std::size_t find_first_section(const CbfContext& context) {
  const std::string_view file = context.text();
  // The line end behind the boundary tells it from a closing one, so it must be in view too.
  const std::uint64_t window = context.header_limit() + 64;
  const auto section =
      find_section(file.substr(0, std::min<std::uint64_t>(window, file.size())), 0);
  if (!section) fail_without_section(context);
  return *section;
}

void check_text(const CbfContext& context, std::string_view text) {
  if (!text.starts_with(magic))
    context.oddity({ErrorCode::not_this_format, "file", 0, std::string(magic) + ": VERSION",
                    looks_like(context.bytes())},
                   "read as CBF because it holds a binary section");
  const std::size_t feed = text.find('\n');
  if (feed != text.npos && text.find('\r') == text.npos)
    context.oddity({ErrorCode::bad_field, "line ends", feed, "CR LF", "LF only"}, "accepted");
}

/// LImA and others write the detector's lines as CIF comments instead of header_contents.
std::string comment_lines(std::string_view text) {
  std::string lines;
  take_until(text, '\n');  // the magic
  while (!text.empty()) {
    const std::string_view line = take_until(text, '\n');
    if (line.starts_with('#')) lines.append(line).append("\n");
  }
  return lines;
}

void check_digest(const CbfContext& context, const Stream& stream) {
  if (stream.md5.empty() || digest_from_base64(stream.md5)) return;
  context.oddity(
      {ErrorCode::bad_field, "Content-MD5", stream.md5_offset, "base64 of 16 bytes", stream.md5},
      "the data cannot be verified");
}

/// A file cut between two sections ends cleanly; only what else it says can tell.
void check_end(const CbfContext& context, std::size_t end, std::size_t sections,
               const CbfItems& items) {
  std::string_view rest = context.text().substr(end);
  std::size_t semicolons = 0;
  while (!rest.empty())
    if (take_until(rest, '\n').starts_with(';')) ++semicolons;
  if (semicolons != 0 && semicolons % 2 == 0)
    context.fail({ErrorCode::truncated, "file", context.text().size(), "a whole section",
                  "end of file inside the text field of the next"});
  if (items.arrays > sections)
    context.oddity({ErrorCode::truncated, "file", context.text().size(),
                    std::to_string(items.arrays) + " binary sections, as _array_structure lists",
                    std::to_string(sections)},
                   "the sections present were read");
}

void check_same_shape(const CbfContext& context, const ImageFile& file) {
  if (file.streams.size() < 2) return;
  context.notice(std::to_string(file.streams.size()) +
                 " binary sections, read as the frames of one stack");
  const Payload& first = file.streams.front().payload;
  for (const auto& stream : file.streams) {
    const Payload& payload = stream.payload;
    if (payload.extent == first.extent && payload.type == first.type) continue;
    context.oddity(
        {ErrorCode::inconsistent, "binary sections", stream.offset,
         std::to_string(first.extent.width) + " x " + std::to_string(first.extent.height) + " " +
             std::string(name_of(first.type)) + ", as the first",
         std::to_string(payload.extent.width) + " x " + std::to_string(payload.extent.height) +
             " " + std::string(name_of(payload.type))},
        "kept as they are");
    return;
  }
}

void read_sections(CbfContext& context, std::size_t begin, const CbfItems& items, ImageFile& file) {
  std::optional<std::size_t> at = begin;
  std::size_t end = 0;
  while (at) {
    if (*at - end > context.header_limit())
      context.fail({ErrorCode::limit, "header", end,
                    "at most " + std::to_string(context.header_limit()) + " bytes of header",
                    std::to_string(*at - end) + " bytes before the next binary section"});
    CbfSection section = parse_section(context, *at, items, file.streams.size());
    check_digest(context, section.stream);
    file.streams.push_back(std::move(section.stream));
    context.set_frame(static_cast<std::uint64_t>(file.frames()));
    end = section.end;
    at = find_section(context.text(), end);
  }
  context.set_frame(0);
  check_end(context, end, file.streams.size(), items);
}

}  // namespace

bool is_cbf(std::span<const std::byte> bytes) {
  const std::string_view file = as_text(bytes);
  if (file.empty()) return false;
  if (file.starts_with(magic) || magic.starts_with(file)) return true;
  return find_section(file.substr(0, near_start), 0).has_value();
}

ImageFile parse_cbf(std::span<const std::byte> bytes, const std::string& path,
                    const ReadOptions& options) {
  ImageFile file;
  file.format = "CBF";
  CbfContext context(bytes, path, options, file.info.notices);
  const std::size_t begin = find_first_section(context);
  const std::string_view text = context.text().substr(0, begin);
  check_text(context, text);
  const CbfItems items = parse_cbf_items(text, file.info);
  file.header = items.header_contents.empty() ? comment_lines(text)
                                              : std::string(trimmed(items.header_contents, "\r\n"));
  parse_mini_header(file.header, file.info);
  read_sections(context, begin, items, file);
  check_same_shape(context, file);
  return file;
}

}  // namespace quickbeam::io
