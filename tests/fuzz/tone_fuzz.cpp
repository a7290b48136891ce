// SPDX-License-Identifier: BSD-3-Clause
// Any tone, levels and pixels give an ascending table and the greys that counting gives.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <quickbeam/core/error.hpp>
#include <quickbeam/levels.hpp>

#include "kernels/tone.hpp"

namespace {

using namespace quickbeam;

template <class T>
T take(const std::uint8_t*& data, std::size_t& size) {
  T value{};
  const std::size_t n = std::min(size, sizeof value);
  if (n != 0) std::memcpy(&value, data, n);
  data += n;
  size -= n;
  return value;
}

void require(bool holds) {
  if (!holds) std::abort();
}

template <class T>
void check(const ReducedImage& image, const ToneTable& table) {
  Image out(PixelType::u8, image.values.extent());
  kernels::apply_tone(image, table, out.as<std::uint8_t>());
  for (std::int64_t i = 0; i < image.values.extent().pixels(); ++i) {
    const T v = image.values.as<T>().data[i];
    const int index = out.as<std::uint8_t>().data[i];
    const bool masked = std::is_floating_point_v<T> ? v != v : v < 0;
    require(masked == (index == masked_index));
    if (masked || image.saturated.as<std::uint8_t>().data[i]) continue;
    const auto reaches = [v](double t) {
      if constexpr (std::is_integral_v<T>)
        return t < 0x1p63 && (t < -0x1p63 || v >= static_cast<std::int64_t>(std::ceil(t)));
      else
        return static_cast<double>(v) >= t;
    };
    require(index == std::count_if(table.begin(), table.end(), reaches));
  }
}

template <class T>
void tone_everything(const std::uint8_t* data, std::size_t size) {
  const auto curve = static_cast<ToneCurve>(take<std::uint8_t>(data, size) % 6);
  const Tone tone{curve, std::abs(take<float>(data, size)) + 0.001};
  const Levels levels{static_cast<LevelsMode>(take<std::uint8_t>(data, size) % 4),
                      take<double>(data, size), take<double>(data, size), take<float>(data, size)};
  const Extent extent{static_cast<std::int64_t>(size / sizeof(T)), 1};
  ReducedImage image{Image(pixel_type_of<T>(), extent), Image(PixelType::u8, extent)};
  if (!extent.empty()) std::memcpy(image.values.as<T>().data, data, size / sizeof(T) * sizeof(T));
  for (std::int64_t i = 0; i < extent.pixels(); ++i)
    image.saturated.as<std::uint8_t>().data[i] = data[i] % 8 == 0;
  const LevelRange range = compute_levels(image, levels, tone);
  const ToneTable table = curve == ToneCurve::equalize
                              ? make_equalize_table(image, range.low, range.high)
                              : make_tone_table(tone, range.low, range.high);
  require(std::is_sorted(table.begin(), table.end()));
  check<T>(image, table);
}

void parse_everything(std::string_view text) {
  try {
    require(parse_tone(to_string(parse_tone(text))) == parse_tone(text));
  } catch (const Error& error) {
    require(error.code() == ErrorCode::usage);
  }
  try {
    require(parse_levels(to_string(parse_levels(text))) == parse_levels(text));
  } catch (const Error& error) {
    require(error.code() == ErrorCode::usage);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto kind = take<std::uint8_t>(data, size);
  try {
    switch (kind % 5) {
      case 0:
        tone_everything<std::int32_t>(data, size);
        break;
      case 1:
        tone_everything<std::int64_t>(data, size);
        break;
      case 2:
        tone_everything<float>(data, size);
        break;
      case 3:
        tone_everything<double>(data, size);
        break;
      default:
        parse_everything({reinterpret_cast<const char*>(data), size});
    }
  } catch (const Error& error) {
    require(error.code() == ErrorCode::usage);
  }
  return 0;
}
