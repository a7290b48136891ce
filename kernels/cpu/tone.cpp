// SPDX-License-Identifier: BSD-3-Clause
// Reduced frames to palette positions: small integers by direct lookup, the rest by search.
#include "kernels/tone.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <quickbeam/core/error.hpp>

#include "kernels/ops/tone.hpp"

namespace quickbeam::kernels {
namespace {

// Nearly every reduced photon count lies below; the table stays inside the L1 cache.
constexpr std::uint32_t lookup_size = 4096;

/// Grey of 0 .. lookup_size-1, then masked_index for all that is clamped to lookup_size.
template <class K>
std::array<std::uint8_t, lookup_size + 1> make_lookup(const ToneSteps<K>& steps) {
  std::array<std::uint8_t, lookup_size + 1> lookup{};
  std::int32_t grey = 0;
  for (std::uint32_t v = 0; v < lookup_size; ++v) {
    while (grey < steps.reachable && steps.at[grey] <= static_cast<K>(v)) ++grey;
    lookup[v] = static_cast<std::uint8_t>(grey);
  }
  lookup[lookup_size] = masked_index;
  return lookup;
}

template <class K>
void tone_integers(ImageView<const K> in, ImageView<const std::uint8_t> saturated,
                   const ToneSteps<K>& steps, ImageView<std::uint8_t> out) {
  using Unsigned = std::make_unsigned_t<K>;
  const auto lookup = make_lookup(steps);
  for (std::int64_t y = 0; y < in.extent.height; ++y) {
    const K* values = in.row(y);
    const std::uint8_t* flags = saturated.row(y);
    std::uint8_t* row = out.row(y);
    for (std::int64_t x = 0; x < in.extent.width; ++x) {
      const K v = values[x];
      // As unsigned a negative value is huge: one minimum finds both masked and strong pixels.
      const auto clamped = std::min(static_cast<Unsigned>(v), Unsigned{lookup_size});
      std::uint8_t index = lookup[static_cast<std::size_t>(clamped)];
      if (v >= K{lookup_size}) [[unlikely]]
        index = static_cast<std::uint8_t>(grey_of(v, steps));
      // saturated_index is all ones, so it can be or-ed in without a branch.
      const bool show_saturated = flags[x] != 0 && v >= 0;
      row[x] = static_cast<std::uint8_t>(index | -static_cast<int>(show_saturated));
    }
  }
}
static_assert(saturated_index == 0xff);

template <class K>
void tone_floats(ImageView<const K> in, ImageView<const std::uint8_t> saturated,
                 const ToneSteps<K>& steps, ImageView<std::uint8_t> out) {
  for (std::int64_t y = 0; y < in.extent.height; ++y)
    for (std::int64_t x = 0; x < in.extent.width; ++x)
      out(x, y) = palette_index(in(x, y), saturated(x, y), steps);
}

void check_extents(const ReducedImage& in, ImageView<std::uint8_t> out) {
  if (in.values.extent() == out.extent && in.saturated.extent() == out.extent) return;
  fail({.code = ErrorCode::inconsistent,
        .field = "tone",
        .expected = "values, saturation flags and palette positions of one extent",
        .found = std::to_string(in.values.extent().pixels()) + ", " +
                 std::to_string(in.saturated.extent().pixels()) + " and " +
                 std::to_string(out.extent.pixels()) + " pixels"});
}

}  // namespace

void apply_tone(const ReducedImage& in, const ToneTable& table, ImageView<std::uint8_t> out) {
  check_extents(in, out);
  const ImageView<const std::uint8_t> saturated = in.saturated.as<const std::uint8_t>();
  switch (in.values.type()) {
    case PixelType::i32:
      return tone_integers(in.values.as<const std::int32_t>(), saturated,
                           make_tone_steps<std::int32_t>(table), out);
    case PixelType::i64:
      return tone_integers(in.values.as<const std::int64_t>(), saturated,
                           make_tone_steps<std::int64_t>(table), out);
    case PixelType::f32:
      return tone_floats(in.values.as<const float>(), saturated, make_tone_steps<float>(table),
                         out);
    case PixelType::f64:
      return tone_floats(in.values.as<const double>(), saturated, make_tone_steps<double>(table),
                         out);
    default:
      fail({.code = ErrorCode::unsupported,
            .field = "tone",
            .expected = "values of int32, int64, float32 or float64",
            .found = std::string(name_of(in.values.type()))});
  }
}

}  // namespace quickbeam::kernels
