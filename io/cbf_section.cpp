// SPDX-License-Identifier: BSD-3-Clause
// Checks a binary section: marker, sizes against the bytes present, closing boundary.
#include "io/cbf_section.hpp"

#include <algorithm>
#include <charconv>

#include "io/ascii.hpp"
#include "io/cbf_array.hpp"
#include "io/cbf_mime.hpp"

namespace quickbeam::io {
namespace {

constexpr std::string_view key_size = "X-Binary-Size";
constexpr std::string_view key_padding = "X-Binary-Size-Padding";
constexpr std::string_view key_transfer = "Content-Transfer-Encoding";

std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

void check_transfer_encoding(const CbfContext& context, const MimeHeader& header) {
  const MimeField* field = header.find(key_transfer);
  if (field == nullptr || ascii_equal(field->value, "BINARY")) return;
  context.fail(
      {ErrorCode::unsupported, std::string(key_transfer), field->offset, "BINARY", field->value});
}

/// Where the data begin: after the marker that follows the header.
std::size_t find_data(const CbfContext& context, const MimeHeader& header) {
  const std::string_view file = context.text();
  const std::size_t at = std::min(file.find_first_not_of(" \t\r\n", header.end), file.size());
  const std::string_view found = file.substr(at, cbf_marker.size());
  if (found == cbf_marker) return at + cbf_marker.size();
  if (cbf_marker.starts_with(found))
    context.fail({ErrorCode::truncated, "binary marker", at, hex(cbf_marker),
                  "binary marker not found before end (byte " + std::to_string(file.size()) + ")"});
  if (zero_tail(file, at) == at)
    context.fail({ErrorCode::truncated, "binary marker", at, hex(cbf_marker),
                  "binary marker not found: zeros from here to the end (not yet written?)"});
  context.fail({ErrorCode::bad_field, "binary marker", at, hex(cbf_marker), hex(found)});
}

/// The padding the header declares. Absent or unusable = nothing is known of it.
std::optional<std::uint64_t> find_padding(const CbfContext& context, const MimeHeader& header) {
  const MimeField* field = header.find(key_padding);
  if (field == nullptr) return std::nullopt;
  std::uint64_t padding = 0;
  const char* last = field->value.data() + field->value.size();
  const auto [end, error] = std::from_chars(field->value.data(), last, padding);
  if (error == std::errc{} && end == last) return padding;
  context.oddity({ErrorCode::bad_field, std::string(key_padding), field->offset,
                  "an integer of 0 or more", field->value},
                 "ignored, the closing boundary was looked for instead");
  return std::nullopt;
}

std::size_t without_line_end(std::string_view file, std::size_t at) {
  if (at > 0 && file[at - 1] == '\n') --at;
  if (at > 0 && file[at - 1] == '\r') --at;
  return at;
}

std::size_t after_line_end(std::string_view file, std::size_t at) {
  if (file.substr(at).starts_with('\r')) ++at;
  if (file.substr(at).starts_with('\n')) ++at;
  return at;
}

/// X-Binary-Size 0 means that the writer did not know (CBFlib manual, section 2.2): the data reach
/// to the padding before the next boundary.
std::uint64_t measured_size(const CbfContext& context, const MimeHeader& header,
                            std::size_t begin) {
  const std::size_t boundary = context.text().find(cbf_boundary, begin);
  const MimeField* field = header.find(key_size);
  if (boundary == std::string_view::npos)
    context.fail({ErrorCode::truncated, "closing boundary", begin, std::string(cbf_boundary) + "--",
                  "end of file"});
  const std::uint64_t span = without_line_end(context.text(), boundary) - begin;
  const std::uint64_t size = span - std::min(span, find_padding(context, header).value_or(0));
  context.oddity({ErrorCode::bad_field, std::string(key_size), field->offset, "the size", "0"},
                 "measured up to the closing boundary: " + std::to_string(size) + " bytes");
  return size;
}

std::uint64_t find_size(const CbfContext& context, const MimeHeader& header, std::size_t begin) {
  const auto size = find_count(context, header, key_size);
  if (!size)
    context.fail({ErrorCode::bad_field, std::string(key_size), header.begin, "a size", "missing"});
  return *size == 0 ? measured_size(context, header, begin) : static_cast<std::uint64_t>(*size);
}

void check_present(const CbfContext& context, std::size_t begin, std::uint64_t size) {
  const std::uint64_t present = context.text().size() - begin;
  if (size <= present) return;
  context.fail({ErrorCode::truncated, std::string(key_size), begin, std::to_string(size) + " bytes",
                std::to_string(present) + " present"});
}

/// Finds the boundary that closes the section, at or after `data_end`; returns its end.
std::uint64_t check_closing(const CbfContext& context, const MimeHeader& header,
                            std::size_t data_end) {
  const std::string_view file = context.text();
  const std::string closing = std::string(cbf_boundary) + "--";
  const auto padding = find_padding(context, header);
  const std::size_t room = file.size() - data_end;
  const std::size_t due = data_end + std::min<std::uint64_t>(padding.value_or(0), room);
  std::size_t at = after_line_end(file, due);
  if (!file.substr(at).starts_with(cbf_boundary)) at = file.find(cbf_boundary, data_end);
  if (at == std::string_view::npos)
    context.fail(
        {ErrorCode::truncated, "closing boundary", due, closing,
         zero_tail(file, due) == due && due < file.size()
             ? "closing boundary missing: zeros from here to the end (not yet written?)"
             : "closing boundary missing before end (byte " + std::to_string(file.size()) + ")"});
  if (file.substr(at, closing.size()) != closing) {
    if (closing.starts_with(file.substr(at)))
      context.fail({ErrorCode::truncated, "closing boundary", at, closing,
                    "end of file (byte " + std::to_string(file.size()) + ")"});
    context.fail({ErrorCode::inconsistent, "closing boundary", at, closing, "another section"});
  }
  const std::size_t before = without_line_end(file, at);
  if (padding && before != due)
    context.oddity({ErrorCode::inconsistent, std::string(key_padding),
                    header.find(key_padding)->offset, std::to_string(*padding) + " bytes",
                    std::to_string(std::max(before, data_end) - data_end)},
                   "read up to the closing boundary");
  return at + closing.size();
}

}  // namespace

std::optional<std::size_t> find_section(std::string_view file, std::size_t from) {
  for (std::size_t at = file.find(cbf_boundary, from); at != std::string_view::npos;
       at = file.find(cbf_boundary, at + 1)) {
    const bool line_start = at == 0 || file[at - 1] == '\n' || file[at - 1] == '\r';
    if (line_start && !file.substr(at + cbf_boundary.size()).starts_with("--")) return at;
  }
  return std::nullopt;
}

CbfSection parse_section(const CbfContext& context, std::size_t begin, const CbfItems& items,
                         std::size_t index) {
  const MimeHeader header = parse_mime_header(context, begin);
  check_transfer_encoding(context, header);
  const std::size_t data = find_data(context, header);
  const std::uint64_t size = find_size(context, header, data);

  CbfSection section;
  Payload& payload = section.stream.payload;
  payload = describe_array(context, header, items, index, size);
  check_present(context, data, size);
  payload.bytes = context.bytes().subspan(data, size);
  section.stream.offset = data;
  if (const MimeField* md5 = header.find("Content-MD5")) {
    section.stream.md5 = md5->value;
    section.stream.md5_offset = md5->offset;
  }
  section.end = check_closing(context, header, data + size);
  return section;
}

}  // namespace quickbeam::io
