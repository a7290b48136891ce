// SPDX-License-Identifier: BSD-3-Clause
// Writes MRC2014 (Cheng et al., J. Struct. Biol. 192, 146-150, 2015); word numbers are its own.
#include "io/mrc.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>

#include "io/check_extent.hpp"

namespace quickbeam::io {

namespace {

static_assert(std::endian::native == std::endian::little,
              "pixels are copied as they lie in memory");

constexpr std::size_t header_bytes = 1024;

enum class Mode : std::int32_t { int16 = 1, float32 = 2, uint16 = 6 };

/// The type pixels of type T are stored in.
template <class T>
using Stored =
    std::conditional_t<std::is_same_v<T, std::int16_t> || std::is_same_v<T, std::uint16_t>, T,
                       float>;

template <class T>
constexpr Mode mode_of() {
  if constexpr (std::is_same_v<T, std::int16_t>) return Mode::int16;
  if constexpr (std::is_same_v<T, std::uint16_t>) return Mode::uint16;
  return Mode::float32;
}

/// Of the stored values. The initial ones are MRC2014's "not determined", which is what remains
/// when a pixel is not finite: a reader that wants statistics then takes its own.
struct Statistics {
  double min = 0, max = -1, mean = -2, rms = -1;
};

/// Two passes, in double: the deviations are taken from the true mean.
template <class T>
Statistics statistics_of(std::span<const T> values) {
  const auto n = static_cast<double>(values.size());
  double min = std::numeric_limits<double>::infinity(), max = -min, sum = 0, squares = 0;
  for (const T stored : values) {
    const auto value = static_cast<double>(stored);
    min = std::min(min, value);
    max = std::max(max, value);
    sum += value;
  }
  if (!std::isfinite(sum)) return {};  // floats summed in double cannot overflow by themselves
  const double mean = sum / n;
  for (const T stored : values) {
    const double deviation = static_cast<double>(stored) - mean;
    squares += deviation * deviation;
  }
  return {min, max, mean, std::sqrt(squares / n)};
}

/// The header, addressed by MRC2014 word number (1-based, 4 bytes each).
class Header {
 public:
  explicit Header(std::byte* bytes) : bytes_(bytes) { std::memset(bytes, 0, header_bytes); }
  void set(std::size_t word, std::int32_t value) { store(word, value); }
  void set(std::size_t word, double value) { store(word, static_cast<float>(value)); }
  void set_text(std::size_t word, std::string_view text) {
    std::memcpy(bytes_ + 4 * (word - 1), text.data(), text.size());
  }

 private:
  template <class T>
  void store(std::size_t word, T value) {
    static_assert(sizeof value == 4);
    std::memcpy(bytes_ + 4 * (word - 1), &value, 4);
  }
  std::byte* bytes_;
};

void write_header(std::byte* bytes, Extent extent, Mode mode, double pixel_size,
                  const Statistics& statistics) {
  const auto nx = static_cast<std::int32_t>(extent.width);
  const auto ny = static_cast<std::int32_t>(extent.height);
  const double angstrom = std::isfinite(pixel_size) && pixel_size > 0 ? pixel_size : 0.0;
  Header header(bytes);
  header.set(1, nx);
  header.set(2, ny);
  header.set(3, 1);  // NZ
  header.set(4, static_cast<std::int32_t>(mode));
  header.set(8, nx);  // MX, MY, MZ
  header.set(9, ny);
  header.set(10, 1);
  header.set(11, nx * angstrom);  // CELLA
  header.set(12, ny * angstrom);
  header.set(13, angstrom);
  for (const std::size_t angle : {14u, 15u, 16u}) header.set(angle, 90.0);  // CELLB
  for (const std::int32_t axis : {1, 2, 3})                                 // MAPC, MAPR, MAPS
    header.set(16 + static_cast<std::size_t>(axis), axis);
  header.set(20, statistics.min);
  header.set(21, statistics.max);
  header.set(22, statistics.mean);
  header.set(28, 20141);  // NVERSION; ISPG (word 23) 0 = an image
  header.set_text(53, "MAP ");
  header.set_text(54, "DD");  // MACHST 44 44 00 00: little-endian
  header.set(55, statistics.rms);
  header.set(56, 1);  // NLABL
  header.set_text(57, "quickbeam");
}

template <class T>
std::span<const std::byte> encode(ImageView<const T> image, double pixel_size,
                                  Buffer<std::byte>& out) {
  using To = Stored<T>;
  const auto pixels = static_cast<std::size_t>(image.extent.pixels());
  const auto bytes = out.resize(header_bytes + pixels * sizeof(To));
  To* const values = reinterpret_cast<To*>(bytes.data() + header_bytes);
  for (std::int64_t y = 0; y < image.extent.height; ++y)
    std::transform(image.row(y), image.row(y) + image.extent.width, values + y * image.extent.width,
                   [](T v) { return static_cast<To>(v); });
  write_header(bytes.data(), image.extent, mode_of<T>(), pixel_size,
               statistics_of<To>({values, pixels}));
  return bytes;
}

}  // namespace

std::span<const std::byte> encode_mrc(ConstAnyView image, double pixel_size_angstrom,
                                      Buffer<std::byte>& out) {
  check_extent(image.extent, std::numeric_limits<std::int32_t>::max(), "MRC");
  return visit(image, [&]<class T>(ImageView<const T> view) {
    return encode<T>(view, pixel_size_angstrom, out);
  });
}

}  // namespace quickbeam::io
