// SPDX-License-Identifier: BSD-3-Clause
// Encoding, element type and byte order of a section, and the limits they set on its pixels.
#include "io/cbf_array.hpp"

#include <utility>

#include "io/ascii.hpp"
#include "io/cbf_dimensions.hpp"

namespace quickbeam::io {
namespace {

constexpr std::string_view key_type = "X-Binary-Element-Type";
constexpr std::string_view key_order = "X-Binary-Element-Byte-Order";
constexpr std::string_view key_conversion = "Content-Type";

Encoding find_encoding(const CbfContext& context, const MimeConversion& conversion) {
  static constexpr std::pair<std::string_view, Encoding> known[] = {
      {"x-CBF_BYTE_OFFSET", Encoding::byte_offset},
      {"x-CBF_PACKED", Encoding::packed},
      {"x-CBF_PACKED_V2", Encoding::packed_v2},
      {"x-CBF_NONE", Encoding::raw},
  };
  if (conversion.name.empty()) return Encoding::raw;
  for (const auto& [name, encoding] : known)
    if (ascii_equal(conversion.name, name)) return encoding;
  context.fail({ErrorCode::unsupported, "conversions", conversion.offset,
                "x-CBF_BYTE_OFFSET, x-CBF_PACKED, x-CBF_PACKED_V2 or x-CBF_NONE", conversion.name});
}

/// Without conversions the data are raw only if the media type says nothing else.
void check_media_type(const CbfContext& context, const MimeHeader& header) {
  const MimeField* field = header.find(key_conversion);
  if (field == nullptr) return;
  std::string_view rest = field->value;
  const std::string_view type = trimmed(take_until(rest, ';'));
  if (type.empty() || ascii_starts_with(type, "application/")) return;
  context.fail({ErrorCode::unsupported, std::string(key_conversion), field->offset,
                "application/octet-stream", std::string(type)});
}

/// imgCIF writes `"signed 32-bit integer"` and `"signed 64-bit real IEEE"`.
std::optional<PixelType> pixel_type_named(std::string_view name) {
  static constexpr std::pair<std::string_view, PixelType> known[] = {
      {"signed 8-bit integer", PixelType::i8},     {"unsigned 8-bit integer", PixelType::u8},
      {"signed 16-bit integer", PixelType::i16},   {"unsigned 16-bit integer", PixelType::u16},
      {"signed 32-bit integer", PixelType::i32},   {"unsigned 32-bit integer", PixelType::u32},
      {"signed 64-bit integer", PixelType::i64},   {"unsigned 64-bit integer", PixelType::u64},
      {"signed 32-bit real IEEE", PixelType::f32}, {"signed 64-bit real IEEE", PixelType::f64},
  };
  std::string spaced;  // one blank between words
  for (auto word = take_word(name, " \t"); !word.empty(); word = take_word(name, " \t"))
    spaced.append(spaced.empty() ? "" : " ").append(word);
  for (const auto& [text, type] : known)
    if (ascii_equal(spaced, text)) return type;
  return std::nullopt;
}

PixelType find_type(const CbfContext& context, const MimeHeader& header, const CbfItems& items) {
  const MimeField* field = header.find(key_type);
  if (field != nullptr) {
    if (const auto type = pixel_type_named(field->value)) return *type;
    context.fail({ErrorCode::unsupported, std::string(key_type), field->offset,
                  "[un]signed 8-, 16-, 32- or 64-bit integer, signed 32- or 64-bit real IEEE",
                  field->value});
  }
  if (const auto type = pixel_type_named(items.encoding_type)) return *type;
  // CBFlib's manual says unsigned, fabio reads signed; the same bits, and -1 is masked either way.
  context.oddity({ErrorCode::bad_field, std::string(key_type), header.begin, "a type", "missing"},
                 "read as signed 32-bit integer");
  return PixelType::i32;
}

ByteOrder find_order(const CbfContext& context, const MimeHeader& header, Encoding encoding) {
  const MimeField* field = header.find(key_order);
  if (field == nullptr || ascii_equal(field->value, "LITTLE_ENDIAN")) return ByteOrder::little;
  if (!ascii_equal(field->value, "BIG_ENDIAN"))
    context.fail({ErrorCode::unsupported, std::string(key_order), field->offset,
                  "LITTLE_ENDIAN or BIG_ENDIAN", field->value});
  if (encoding == Encoding::raw) return ByteOrder::big;
  context.oddity({ErrorCode::inconsistent, std::string(key_order), field->offset, "LITTLE_ENDIAN",
                  field->value},
                 "ignored: compressed data are little-endian by definition");
  return ByteOrder::little;
}

void check_type(const CbfContext& context, const MimeHeader& header, const Payload& payload) {
  if (payload.encoding != Encoding::byte_offset || !is_floating(payload.type)) return;
  const MimeField* field = header.find(key_type);
  context.fail({ErrorCode::unsupported, std::string(key_type),
                field != nullptr ? field->offset : header.begin, "integers under byte-offset",
                field != nullptr ? field->value : std::string(name_of(payload.type))});
}

/// Flags change the meaning of packed data, so an unknown one is no notice.
void check_flags(const CbfContext& context, const MimeConversion& conversion,
                 const Payload& payload) {
  if (payload.encoding != Encoding::packed && payload.encoding != Encoding::packed_v2) return;
  if (!conversion.unknown_flag.empty())
    context.fail({ErrorCode::unsupported, "conversions", conversion.offset,
                  "flat or uncorrelated_sections", conversion.unknown_flag});
}

/// CBFlib packs data whose MIME header names no dimension as one long row.
bool names_no_dimension(const MimeHeader& header) {
  for (const std::string_view key :
       {"X-Binary-Size-Fastest-Dimension", "X-Binary-Size-Second-Dimension",
        "X-Binary-Size-Third-Dimension"})
    if (header.find(key) != nullptr) return false;
  return true;
}

}  // namespace

Payload describe_array(const CbfContext& context, const MimeHeader& header, const CbfItems& items,
                       std::size_t index, std::uint64_t size) {
  const MimeConversion conversion = parse_conversion(header);
  Payload payload;
  payload.encoding = find_encoding(context, conversion);
  if (conversion.name.empty()) check_media_type(context, header);
  payload.type = find_type(context, header, items);
  payload.order = find_order(context, header, payload.encoding);
  check_type(context, header, payload);
  payload.flat = conversion.flat || names_no_dimension(header);
  payload.uncorrelated_sections = conversion.uncorrelated_sections;

  const CbfDimensions dimensions = find_dimensions(context, header, items, index);
  payload.extent = dimensions.extent;
  payload.depth = dimensions.depth;
  check_flags(context, conversion, payload);
  check_pixels(context, header, dimensions, payload, size);
  return payload;
}

}  // namespace quickbeam::io
