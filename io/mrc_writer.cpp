// SPDX-License-Identifier: BSD-3-Clause
// A single image as a whole MRC file in memory.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>

#include "io/check_extent.hpp"
#include "io/mrc.hpp"
#include "io/mrc_header.hpp"

namespace quickbeam::io {
namespace {

/// The type pixels of type T are stored in.
template <class T>
using Stored =
    std::conditional_t<std::is_same_v<T, std::int16_t> || std::is_same_v<T, std::uint16_t>, T,
                       float>;

template <class T>
constexpr std::int32_t mode_of() {
  if constexpr (std::is_same_v<T, std::int16_t>) return 1;
  if constexpr (std::is_same_v<T, std::uint16_t>) return 6;
  return 2;
}

template <class T>
std::span<const std::byte> encode(ImageView<const T> image, double pixel_size,
                                  Buffer<std::byte>& out) {
  using To = Stored<T>;
  const auto pixels = static_cast<std::size_t>(image.extent.pixels());
  const auto bytes = out.resize(mrc::header_bytes + pixels * sizeof(To));
  To* const values = reinterpret_cast<To*>(bytes.data() + mrc::header_bytes);
  for (std::int64_t y = 0; y < image.extent.height; ++y)
    std::transform(image.row(y), image.row(y) + image.extent.width, values + y * image.extent.width,
                   [](T v) { return static_cast<To>(v); });
  const auto header =
      mrc::make_header({.extent = image.extent,
                        .mode = mode_of<T>(),
                        .pixel_size_angstrom = pixel_size,
                        .statistics = pixel_statistics(std::span<const To>(values, pixels))});
  std::ranges::copy(header, bytes.begin());
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
