// SPDX-License-Identifier: BSD-3-Clause
// Reads and writes the .npy container (NumPy Enhancement Proposal 1, versions 1.0 to 3.0).
#include "io/npy.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <quickbeam/core/error.hpp>

#include "io/npy_header.hpp"

namespace quickbeam::io {

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::uint64_t header_limit = std::uint64_t{1} << 20;

struct HeaderPlace {
  std::size_t begin = 0, length = 0;
};

/// Version and length (NEP 1): 2 bytes of length in version 1, 4 since version 2.
HeaderPlace find_header(std::span<const std::byte> bytes, const NpyFaults& faults) {
  if (!is_npy(bytes)) {
    if (bytes.size() < magic.size())
      faults.fail(ErrorCode::truncated, "magic", bytes.size(), "\\x93NUMPY",
                  std::to_string(bytes.size()) + " bytes");
    faults.fail(ErrorCode::not_this_format, "magic", 0, "\\x93NUMPY", "other bytes");
  }
  const auto at = [&](std::size_t i) -> std::uint64_t {
    if (i >= bytes.size())
      faults.fail(ErrorCode::truncated, "header length", bytes.size(), "", "the end of the file");
    return std::to_integer<std::uint64_t>(bytes[i]);
  };
  const std::uint64_t major = at(6);
  if (major < 1 || major > 3)
    faults.fail(ErrorCode::unsupported, "version", 6, "1, 2 or 3", std::to_string(major));
  const std::size_t width = major == 1 ? 2 : 4;
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < width; ++i) length |= at(8 + i) << (8 * i);
  const std::size_t begin = 8 + width;
  if (length > header_limit)
    faults.fail(ErrorCode::limit, "header length", 8,
                "at most " + std::to_string(header_limit) + " bytes", std::to_string(length));
  if (length > bytes.size() - begin)
    faults.fail(ErrorCode::truncated, "header", bytes.size(), std::to_string(length) + " bytes",
                std::to_string(bytes.size() - begin));
  return {begin, static_cast<std::size_t>(length)};
}

/// Bytes of the whole array, whose items have `item_bytes`, or OVERFLOW.
std::uint64_t array_bytes(const NpyHeader& header, std::uint64_t item_bytes,
                          const NpyFaults& faults) {
  auto total = static_cast<std::int64_t>(item_bytes);
  for (const std::int64_t n : header.shape)
    if (__builtin_mul_overflow(total, n, &total))
      faults.fail(ErrorCode::overflow, "shape", header.shape_offset, "a size below 2^63 bytes", "");
  return static_cast<std::uint64_t>(total);
}

std::string_view text_at(std::span<const std::byte> bytes, const HeaderPlace& place) {
  return {reinterpret_cast<const char*>(bytes.data()) + place.begin, place.length};
}

/// All that follows the header, which must be `needed` bytes.
std::span<const std::byte> exact_data(std::span<const std::byte> bytes, const HeaderPlace& place,
                                      std::uint64_t needed, const NpyFaults& faults) {
  const std::size_t begin = place.begin + place.length;
  const auto data = bytes.subspan(begin);
  const auto say = [&](ErrorCode code, std::uint64_t offset) {
    faults.fail(code, "data", offset, std::to_string(needed) + " bytes",
                std::to_string(data.size()));
  };
  if (data.size() < needed) say(ErrorCode::truncated, bytes.size());
  if (data.size() > needed) say(ErrorCode::inconsistent, begin + needed);
  return data;
}

}  // namespace

bool is_npy(std::span<const std::byte> bytes) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

Payload parse_npy(std::span<const std::byte> bytes, const std::string& path) {
  const NpyFaults faults{path};
  const HeaderPlace place = find_header(bytes, faults);
  const NpyHeader header =
      parse_npy_header(text_at(bytes, place), place.begin, faults, NpyKind::images);
  const auto data =
      exact_data(bytes, place, array_bytes(header, size_of(header.type), faults), faults);
  const auto& shape = header.shape;
  Payload payload;
  payload.order = header.order;
  payload.type = header.type;
  payload.extent = {shape[shape.size() - 1], shape[shape.size() - 2]};
  payload.depth = shape.size() == 3 ? shape[0] : 1;
  payload.bytes = data;
  return payload;
}

const NpyField* NpyTable::find(std::string_view name) const {
  for (const auto& field : fields)
    if (field.name == name) return &field;
  return nullptr;
}

NpyTable parse_npy_table(std::span<const std::byte> bytes, const std::string& path,
                         std::string_view format) {
  const NpyFaults faults{path, format};
  const HeaderPlace place = find_header(bytes, faults);
  NpyHeader header = parse_npy_header(text_at(bytes, place), place.begin, faults, NpyKind::table);
  NpyTable table;
  table.data = exact_data(bytes, place, array_bytes(header, header.record_bytes, faults), faults);
  table.fields = std::move(header.fields);
  table.record_bytes = header.record_bytes;
  table.rows = static_cast<std::uint64_t>(header.shape[0]);
  table.data_offset = place.begin + place.length;
  table.descr_offset = place.begin;
  return table;
}

std::span<const std::byte> npy_header(PixelType type, Extent extent, std::int64_t depth,
                                      Buffer<std::byte>& out) {
  const std::string width = std::to_string(extent.width), height = std::to_string(extent.height);
  const std::string first = depth > 0 ? std::to_string(depth) : height;
  std::string text = "{'descr': '" + npy_descr(type) + "', 'fortran_order': False, 'shape': (";
  if (depth > 0) text += first + ", ";
  text += height + ", " + width + "), }";
  // NumPy leaves room for the first axis to grow to 21 digits in place; so do we, to the byte.
  constexpr std::size_t growth_digits = 21, alignment = 64, prefix = 10;
  text.append(growth_digits - std::min(growth_digits, first.size()), ' ');
  text.append(alignment - (prefix + text.size() + 1) % alignment, ' ');
  text += '\n';

  const auto bytes = out.resize(prefix + text.size());
  const std::array<unsigned char, 4> numbers = {1, 0, static_cast<unsigned char>(text.size() & 255),
                                                static_cast<unsigned char>(text.size() >> 8)};
  std::memcpy(bytes.data(), magic.data(), magic.size());
  std::memcpy(bytes.data() + magic.size(), numbers.data(), numbers.size());
  std::memcpy(bytes.data() + prefix, text.data(), text.size());
  return bytes;
}

}  // namespace quickbeam::io
