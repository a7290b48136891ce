// SPDX-License-Identifier: BSD-3-Clause
// Reduced frames to palette positions: small integers by direct lookup, floats by a table of their
// leading bits, the rest by search.
#include "kernels/tone.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include <quickbeam/core/error.hpp>

#include "kernels/ops/order_key.hpp"
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

// Three short loops over a piece that stays in L1: clamping and flags vectorise, the lookup is left
// with one load, one lookup and one store a pixel.
constexpr std::int64_t piece_size = 512;

template <class K>
struct IntegerTone {
  ToneSteps<K> steps;
  std::array<std::uint8_t, lookup_size + 1> lookup;

  explicit IntegerTone(const ToneTable& table)
      : steps(make_tone_steps<K>(table)), lookup(make_lookup(steps)) {}

  void piece(const K* values, const std::uint8_t* saturated, std::int64_t n,
             std::uint8_t* out) const {
    std::array<std::uint16_t, piece_size> clamped;
    K bits = 0;  // of all values that are not negative: large when one of them is
    for (std::int64_t x = 0; x < n; ++x) {
      const K v = values[x];
      const K positive = v < 0 ? K{0} : v;
      bits |= positive;
      const K low = v < 0 ? K{lookup_size} : v;
      clamped[static_cast<std::size_t>(x)] =
          static_cast<std::uint16_t>(low > K{lookup_size} ? K{lookup_size} : low);
    }
    for (std::int64_t x = 0; x < n; ++x) out[x] = lookup[clamped[static_cast<std::size_t>(x)]];
    for (std::int64_t x = 0; x < n; ++x)
      out[x] = saturated[x] != 0 && out[x] != masked_index ? saturated_index : out[x];
    if (bits < K{lookup_size}) return;
    for (std::int64_t x = 0; x < n; ++x)
      if (values[x] >= K{lookup_size}) out[x] = palette_index(values[x], saturated[x], steps);
  }
};

template <class K>
void tone_integers(ImageView<const K> in, ImageView<const std::uint8_t> saturated,
                   const ToneTable& table, ImageView<std::uint8_t> out) {
  const IntegerTone<K> tone(table);
  for (std::int64_t y = 0; y < in.extent.height; ++y)
    for (std::int64_t x = 0; x < in.extent.width; x += piece_size)
      tone.piece(in.row(y) + x, saturated.row(y) + x, std::min(piece_size, in.extent.width - x),
                 out.row(y) + x);
}

/// Sign, exponent and 7 bits of mantissa, so that keys ascend with the values; buckets of one key
/// are below 1 % wide.
inline std::uint32_t bucket_of(float v) { return order_key(v) >> 16; }
inline std::uint32_t bucket_of(double v) {
  constexpr double largest = std::numeric_limits<float>::max();
  return bucket_of(static_cast<float>(std::min(std::max(v, -largest), largest)));
}

/// Floats find the thresholds below their bucket in a table; at most two more have to be compared
/// unless the bucket is crowded (thresholds of an equalisation, or of a nearly flat scale).
template <class K>
class FloatTone {
 public:
  explicit FloatTone(const ToneTable& table) : steps_(make_tone_steps<K>(table)) {
    std::uint32_t bucket = 0;
    for (std::int32_t k = 0; k < steps_.reachable;) {
      const std::uint32_t next = bucket_of(steps_.at[k]);
      std::fill(below_.begin() + bucket, below_.begin() + next, static_cast<std::uint8_t>(k));
      const std::int32_t first = k;
      while (k < steps_.reachable && bucket_of(steps_.at[k]) == next) ++k;
      below_[next] = k - first > 2 ? crowded : static_cast<std::uint8_t>(first);
      bucket = next + 1;
    }
    std::fill(below_.begin() + bucket, below_.end(), static_cast<std::uint8_t>(steps_.reachable));
  }

  std::uint8_t operator()(K v, std::uint8_t saturated) const {
    std::int32_t grey = below_[bucket_of(v)];
    if (grey == crowded) [[unlikely]]
      return palette_index(v, saturated, steps_);
    grey += static_cast<std::int32_t>(steps_.at[grey] <= v);
    grey += static_cast<std::int32_t>(steps_.at[grey] <= v);
    grey = std::min(grey, steps_.reachable);
    grey = saturated != 0 ? saturated_index : grey;
    return static_cast<std::uint8_t>(shows_masked(v) ? masked_index : grey);
  }

 private:
  static constexpr std::uint8_t crowded = 255;
  ToneSteps<K> steps_;
  std::array<std::uint8_t, 65536> below_;
};

template <class K>
void tone_floats(ImageView<const K> in, ImageView<const std::uint8_t> saturated,
                 const ToneTable& table, ImageView<std::uint8_t> out) {
  const FloatTone<K> tone(table);
  for (std::int64_t y = 0; y < in.extent.height; ++y) {
    const K* values = in.row(y);
    const std::uint8_t* flags = saturated.row(y);
    std::uint8_t* row = out.row(y);
    for (std::int64_t x = 0; x < in.extent.width; ++x) row[x] = tone(values[x], flags[x]);
  }
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
      return tone_integers(in.values.as<const std::int32_t>(), saturated, table, out);
    case PixelType::i64:
      return tone_integers(in.values.as<const std::int64_t>(), saturated, table, out);
    case PixelType::f32:
      return tone_floats(in.values.as<const float>(), saturated, table, out);
    case PixelType::f64:
      return tone_floats(in.values.as<const double>(), saturated, table, out);
    default:
      fail({.code = ErrorCode::unsupported,
            .field = "tone",
            .expected = "values of int32, int64, float32 or float64",
            .found = std::string(name_of(in.values.type()))});
  }
}

}  // namespace quickbeam::kernels
