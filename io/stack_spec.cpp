// SPDX-License-Identifier: BSD-3-Clause
// Checks of stacks to be written, made before any file is.
#include "io/stack_spec.hpp"

#include <algorithm>
#include <limits>

#include <quickbeam/core/error.hpp>

#include "io/check_extent.hpp"
#include "io/file_name.hpp"
#include "io/mrc_order.hpp"
#include "io/mrc_words.hpp"
#include "io/spider_words.hpp"
#include "io/stack_formats.hpp"

namespace quickbeam::io {
namespace {

constexpr StoredType stored_types[] = {
    {StoredAs::float32, 2, Encoding::raw, PixelType::f32},
    {StoredAs::int8, 0, Encoding::raw, PixelType::i8},
    {StoredAs::uint8, 0, Encoding::raw, PixelType::u8},
    {StoredAs::int16, 1, Encoding::raw, PixelType::i16},
    {StoredAs::uint16, 6, Encoding::raw, PixelType::u16},
    {StoredAs::half, 12, Encoding::half, PixelType::f32},
};

ErrorInfo fault(ErrorCode code, const StackSpec& spec, const std::string& path) {
  ErrorInfo info;
  info.code = code;
  info.path = path;
  info.format = name_of(spec.format);
  return info;
}

}  // namespace

std::string_view name_of(StackFormat format) {
  return format == StackFormat::mrc ? "MRC" : "Spider";
}

bool is_stack_target(std::string_view path) { return find_stack_format({}, path) != nullptr; }

bool is_stack_name(std::string_view path) {
  return mrc::is_stack_name(path) || has_suffix(path, ".stk");
}

StackFormat stack_format_named(std::string_view path) {
  const StackFormatReader* const format = find_stack_format({}, path);
  if (format == nullptr)
    fail({.code = ErrorCode::usage,
          .field = "target",
          .expected = "a name ending in .mrc, .mrcs, .map, .st, .spi, .stk, .spider, .xmp or .vol",
          .found = std::string(path)});
  return format->name == name_of(StackFormat::mrc) ? StackFormat::mrc : StackFormat::spider;
}

const StoredType& stored_type(StoredAs stored) {
  return *std::ranges::find(stored_types, stored, &StoredType::stored);
}

const StoredType* stored_type(Encoding encoding, PixelType type) {
  for (const auto& row : stored_types)
    if (row.encoding == encoding && row.type == type) return &row;
  return nullptr;
}

StackLayout layout_of(const StackSpec& spec) {
  const StoredType& type = stored_type(spec.stored);
  StackLayout layout;
  layout.image_bytes = stored_image_bytes(type.encoding, type.type, spec.extent);
  layout.first = mrc::header_bytes;
  layout.run = std::numeric_limits<std::int64_t>::max();
  if (spec.format == StackFormat::mrc) return layout;
  layout.first =
      static_cast<std::uint64_t>(spider::header_records(spec.extent.width) * 4 * spec.extent.width);
  if (spec.contents != StackContents::images) return layout;
  layout.run = 1;
  layout.header_bytes = layout.first;
  layout.first *= 2;
  return layout;
}

void check_count(const StackSpec& spec, std::int64_t count, const std::string& path) {
  const std::int64_t most = spec.contents == StackContents::image ? 1
                            : spec.format == StackFormat::mrc
                                ? std::numeric_limits<std::int32_t>::max()
                                : spider::largest_exact;
  if (count > most) {
    ErrorInfo info = fault(ErrorCode::limit, spec, path);
    info.field = "images";
    info.expected = "at most " + std::to_string(most);
    info.found = std::to_string(count);
    fail(std::move(info));
  }
  __extension__ using Wide = unsigned __int128;
  const StackLayout layout = layout_of(spec);
  const Wide stride = static_cast<Wide>(layout.image_bytes) + layout.header_bytes;
  if (layout.first + static_cast<Wide>(count) * stride < Wide{1} << 63) return;
  ErrorInfo info = fault(ErrorCode::overflow, spec, path);
  info.field = "size";
  info.expected = "a size below 2^63 bytes";
  info.found =
      std::to_string(count) + " images of " + std::to_string(layout.image_bytes) + " bytes";
  fail(std::move(info));
}

void check_spec(const StackSpec& spec, const std::string& path) {
  constexpr std::int64_t widest_spider = spider::largest_exact / 4 - 1;  // 4 NSAM is a word too
  const bool is_mrc = spec.format == StackFormat::mrc;
  check_extent(spec.extent, is_mrc ? std::numeric_limits<std::int32_t>::max() : widest_spider,
               name_of(spec.format));
  if (!is_mrc && spec.stored != StoredAs::float32) {
    ErrorInfo info = fault(ErrorCode::unsupported, spec, path);
    info.field = "type";
    info.expected = "float32, the only one there is";
    info.found = "mode " + std::to_string(stored_type(spec.stored).mrc_mode) + " of MRC";
    fail(std::move(info));
  }
  check_count(spec, std::max<std::int64_t>(spec.expected, 1), path);
}

}  // namespace quickbeam::io
