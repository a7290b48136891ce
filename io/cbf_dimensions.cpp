// SPDX-License-Identifier: BSD-3-Clause
// Finds a section's dimensions and compares their product with what the bytes can hold.
#include "io/cbf_dimensions.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace quickbeam::io {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::string_view key_elements = "X-Binary-Number-of-Elements";
constexpr std::array<std::string_view, 3> key_dimension = {"X-Binary-Size-Fastest-Dimension",
                                                           "X-Binary-Size-Second-Dimension",
                                                           "X-Binary-Size-Third-Dimension"};

/// A dimension and where it stands; `key` names it in errors.
struct Dimension {
  std::string_view key;
  std::int64_t value = 0;
  std::uint64_t offset = 0;
};
using Dimensions = std::array<std::optional<Dimension>, 3>;

Dimensions from_mime(const CbfContext& context, const MimeHeader& header) {
  Dimensions found;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto value = find_count(context, header, key_dimension[axis]);
    if (value)
      found[axis] = {key_dimension[axis], *value, header.find(key_dimension[axis])->offset};
  }
  return found;
}

/// The id of the array that section `index` holds: arrays and sections are listed in one order.
std::string_view array_id(const CbfItems& items, std::size_t index) {
  std::string_view id;
  std::size_t arrays = 0;
  for (const auto& axis : items.axes) {
    if (arrays != 0 && axis.array_id == id) continue;
    if (arrays == index + 1) break;
    id = axis.array_id;
    ++arrays;
  }
  return id;
}

std::int64_t parse_dimension(const CbfContext& context, const CbfArrayAxis& axis) {
  std::int64_t value = 0;
  const char* last = axis.dimension.data() + axis.dimension.size();
  const auto [end, error] = std::from_chars(axis.dimension.data(), last, value);
  if (error != std::errc{} || end != last || axis.dimension.empty())
    context.fail({ErrorCode::bad_field, "_array_structure_list.dimension", axis.offset,
                  "an integer above 0", std::string(axis.dimension)});
  return value;
}

Dimensions from_items(const CbfContext& context, const CbfItems& items, std::size_t index) {
  Dimensions found;
  const std::string_view id = array_id(items, index);
  for (const auto& axis : items.axes) {
    if (axis.array_id != id || axis.precedence.size() != 1) continue;
    const auto place = static_cast<std::size_t>(axis.precedence[0] - '1');
    if (place < 3)
      found[place] = {"_array_structure_list.dimension", parse_dimension(context, axis),
                      axis.offset};
  }
  return found;
}

/// Some writers give the fast dimension and the number of elements only.
std::optional<Dimension> second_from_elements(const CbfContext& context, const MimeHeader& header,
                                              const Dimension& fast) {
  const auto elements = find_count(context, header, key_elements);
  if (!elements || fast.value <= 0 || *elements % fast.value != 0) return std::nullopt;
  context.oddity(
      {ErrorCode::bad_field, std::string(key_dimension[1]), header.begin, "a dimension", "missing"},
      "derived from " + std::string(key_elements));
  return Dimension{key_elements, *elements / fast.value, header.find(key_elements)->offset};
}

std::int64_t checked_product(const CbfContext& context, const Dimensions& dimensions) {
  std::int64_t product = 1;
  for (const auto& dimension : dimensions) {
    if (!dimension) continue;
    const Wide wide = static_cast<Wide>(product) * static_cast<Wide>(dimension->value);
    if (wide > static_cast<Wide>(std::numeric_limits<std::int64_t>::max()))
      context.fail({ErrorCode::overflow, std::string(dimension->key), dimension->offset,
                    "dimensions whose product is below 2^63",
                    std::to_string(product) + " x " + std::to_string(dimension->value)});
    product = static_cast<std::int64_t>(wide);
  }
  return product;
}

}  // namespace

CbfDimensions find_dimensions(const CbfContext& context, const MimeHeader& header,
                              const CbfItems& items, std::size_t index) {
  Dimensions found = from_mime(context, header);
  if (!found[0] && !found[1] && !items.axes.empty()) found = from_items(context, items, index);
  if (found[0] && !found[1]) found[1] = second_from_elements(context, header, *found[0]);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (!found[axis] && axis < 2)
      context.fail({ErrorCode::bad_field, std::string(key_dimension[axis]), header.begin,
                    "an integer above 0", "missing"});
    if (found[axis] && found[axis]->value <= 0)
      context.fail({ErrorCode::bad_field, std::string(found[axis]->key), found[axis]->offset,
                    "an integer above 0", std::to_string(found[axis]->value)});
  }
  const std::int64_t pixels = checked_product(context, found);
  return {{found[0]->value, found[1]->value},
          found[2] ? found[2]->value : 1,
          static_cast<std::uint64_t>(pixels),
          found[0]->offset};
}

void check_pixels(const CbfContext& context, const MimeHeader& header,
                  const CbfDimensions& dimensions, const Payload& payload, std::uint64_t size) {
  // A packed run of 128 pixels takes at least 6 bits: 170.7 pixels a byte (CBFlib, section 3.3.2).
  const Wide pixels = dimensions.pixels;
  const bool packed = payload.encoding != Encoding::byte_offset;
  if (payload.encoding != Encoding::raw && pixels > static_cast<Wide>(size) * (packed ? 171 : 1))
    context.fail({ErrorCode::limit, std::string(key_dimension[0]), dimensions.offset,
                  "at most " + std::string(packed ? "171 pixels" : "1 pixel") + " a byte in " +
                      std::to_string(size) + " bytes",
                  std::to_string(dimensions.pixels) + " pixels"});
  const auto elements = find_count(context, header, key_elements);
  if (elements && static_cast<std::uint64_t>(*elements) != dimensions.pixels)
    context.fail({ErrorCode::inconsistent, std::string(key_elements),
                  header.find(key_elements)->offset,
                  std::to_string(dimensions.pixels) + ", the product of the dimensions",
                  std::to_string(*elements)});
  if (payload.encoding == Encoding::raw && pixels * size_of(payload.type) != size) {
    const MimeField* field = header.find("X-Binary-Size");
    context.fail({ErrorCode::inconsistent, "X-Binary-Size", field->offset,
                  std::to_string(dimensions.pixels) + " pixels of " +
                      std::to_string(size_of(payload.type)) + " bytes",
                  std::to_string(size) + " bytes"});
  }
}

}  // namespace quickbeam::io
