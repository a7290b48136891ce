// SPDX-License-Identifier: BSD-3-Clause
// Tokenises the MIME header of a binary section without trusting any of it.
#include "io/cbf_mime.hpp"

#include <algorithm>
#include <charconv>

#include "io/ascii.hpp"

namespace quickbeam::io {
namespace {

constexpr std::size_t field_limit = 256;  // real headers have about a dozen

/// One line and where it begins; `complete` = its line feed is there.
struct Line {
  std::string_view text;
  std::size_t begin = 0;
  std::size_t next = 0;
  bool complete = false;
};

Line line_at(std::string_view file, std::size_t begin, std::size_t limit) {
  const std::string_view rest = file.substr(begin, limit - begin);
  const std::size_t feed = rest.find('\n');
  if (feed == std::string_view::npos) return {rest, begin, limit, false};
  std::string_view text = rest.substr(0, feed);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return {text, begin, begin + feed + 1, true};
}

[[noreturn]] void fail_unfinished(const CbfContext& context, std::size_t begin, std::size_t limit) {
  const std::size_t size = context.text().size();
  if (limit < size)
    context.fail({ErrorCode::limit, "MIME header", begin,
                  "at most " + std::to_string(context.header_limit()) + " bytes of header",
                  "no end of it before byte " + std::to_string(limit)});
  context.fail({ErrorCode::truncated, "MIME header", begin, "a blank line and the binary marker",
                "binary marker not found before end (byte " + std::to_string(size) + ")"});
}

void check_no_nul(const CbfContext& context, const Line& line) {
  const std::size_t nul = line.text.find('\0');
  if (nul == std::string_view::npos) return;
  const std::size_t at = line.begin + nul;
  if (zero_tail(context.text(), at) == at)
    context.fail({ErrorCode::truncated, "MIME header", at, "a blank line and the binary marker",
                  "binary marker not found: zeros from here to the end (not yet written?)"});
  context.fail({ErrorCode::bad_field, "MIME header", at, "text", "a NUL byte"});
}

void check_repeated(const CbfContext& context, const MimeHeader& header, const MimeField& field) {
  const MimeField* first = header.find(field.key);
  if (first == nullptr) return;
  if (unquoted(first->value) != unquoted(field.value))
    context.fail({ErrorCode::inconsistent, std::string(field.key), field.offset,
                  first->value + " as at byte " + std::to_string(first->offset), field.value});
  context.oddity({ErrorCode::inconsistent, std::string(field.key), field.offset, "each key once",
                  "the same value as at byte " + std::to_string(first->offset)},
                 "the same, so accepted");
}

bool is_folded(const MimeHeader& header, std::string_view line) {
  if (header.fields.empty()) return false;
  if (line.front() == ' ' || line.front() == '\t') return true;
  return line.find(':') == std::string_view::npos && header.fields.back().value.ends_with(';');
}

void add_line(const CbfContext& context, MimeHeader& header, const Line& line) {
  if (is_folded(header, line.text)) {
    header.fields.back().value.append(" ").append(trimmed(line.text));
    return;
  }
  const std::size_t colon = line.text.find(':');
  const std::string_view key = trimmed(line.text.substr(0, colon));
  if (colon == std::string_view::npos || key.empty()) {
    context.oddity(
        {ErrorCode::bad_field, "MIME header", line.begin, "Key: value", std::string(line.text)},
        "line ignored");
    return;
  }
  const std::string_view value = line.text.substr(colon + 1);
  const std::size_t blanks = std::min(value.find_first_not_of(" \t"), value.size());
  if (header.fields.size() == field_limit)
    context.fail({ErrorCode::limit, "MIME header", line.begin,
                  "at most " + std::to_string(field_limit) + " fields", "one more"});
  MimeField field{key, std::string(trimmed(value)), line.begin + colon + 1 + blanks};
  check_repeated(context, header, field);
  header.fields.push_back(std::move(field));
}

}  // namespace

const MimeField* MimeHeader::find(std::string_view key) const {
  const auto at = std::find_if(fields.begin(), fields.end(),
                               [&](const auto& field) { return ascii_equal(field.key, key); });
  return at == fields.end() ? nullptr : &*at;
}

MimeHeader parse_mime_header(const CbfContext& context, std::size_t begin) {
  const std::string_view file = context.text();
  const std::size_t limit =
      begin + std::min<std::uint64_t>(file.size() - begin, context.header_limit());
  MimeHeader header;
  header.begin = begin;
  Line line = line_at(file, begin, limit);
  while (true) {
    if (!line.complete) fail_unfinished(context, begin, limit);
    line = line_at(file, line.next, limit);
    header.end = line.begin;
    // A writer that forgets the blank line still marks where its data begin.
    if (file.substr(line.begin, cbf_marker.size()) == cbf_marker) break;
    check_no_nul(context, line);
    if (!line.complete) continue;
    header.end = line.next;
    if (trimmed(line.text).empty()) break;
    add_line(context, header, line);
  }
  for (auto& field : header.fields) field.value = std::string(unquoted(field.value));
  return header;
}

std::optional<std::int64_t> find_count(const CbfContext& context, const MimeHeader& header,
                                       std::string_view key) {
  const MimeField* field = header.find(key);
  if (field == nullptr) return std::nullopt;
  const std::string& text = field->value;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = !text.empty() && end == text.data() + text.size();
  if (whole && error == std::errc::result_out_of_range && text.front() != '-')
    context.fail({ErrorCode::overflow, std::string(key), field->offset, "at most 2^63-1", text});
  if (!whole || error != std::errc{} || value < 0)
    context.fail({ErrorCode::bad_field, std::string(key), field->offset, "an integer of 0 or more",
                  text.empty() ? "nothing" : text});
  return value;
}

MimeConversion parse_conversion(const MimeHeader& header) {
  MimeConversion result;
  const MimeField* type = header.find("Content-Type");
  if (type == nullptr) return result;
  result.offset = type->offset;
  std::string_view rest = type->value;
  take_until(rest, ';');  // the media type itself
  const auto add_flag = [&](std::string_view flag) {
    if (ascii_equal(flag, "flat"))
      result.flat = true;
    else if (ascii_equal(flag, "uncorrelated_sections"))
      result.uncorrelated_sections = true;
    else if (result.unknown_flag.empty())
      result.unknown_flag = std::string(flag);
  };
  while (!rest.empty()) {
    std::string_view parameter = trimmed(take_until(rest, ';'));
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) {
      if (!parameter.empty()) add_flag(unquoted(parameter));
      continue;
    }
    if (!ascii_equal(trimmed(parameter.substr(0, equals)), "conversions")) continue;
    // The dictionary puts flags inside the quotes, CBFlib behind them (imgCIF _array_data.data).
    std::string_view words = unquoted(parameter.substr(equals + 1));
    result.name = std::string(take_word(words, " ,\t"));
    for (auto flag = take_word(words, " ,\t"); !flag.empty(); flag = take_word(words, " ,\t"))
      add_flag(flag);
  }
  return result;
}

}  // namespace quickbeam::io
