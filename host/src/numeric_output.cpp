// SPDX-License-Identifier: BSD-3-Clause
// The reduced counts as a file for other programs.
#include "host/src/numeric_output.hpp"

#include <cstring>

#include <quickbeam/core/error.hpp>

#include "io/mrc.hpp"
#include "io/npy.hpp"
#include "kernels/planes.hpp"

namespace quickbeam {
namespace {

/// A copy of the values in which masked is -1 for floats too.
ConstAnyView with_minus_one(const Image& values, Buffer<std::byte>& pixels) {
  const ConstAnyView view = values.const_view();
  if (!is_floating(view.type)) return view;
  pixels.resize(static_cast<std::size_t>(view.extent.pixels()) * size_of(view.type));
  kernels::masked_as_minus_one(view, {view.type, pixels.data(), view.extent});
  return {view.type, pixels.data(), view.extent};
}

std::span<const std::byte> encode_npy(ConstAnyView view, Buffer<std::byte>& out) {
  const std::size_t header = io::npy_header(view.type, view.extent, 0, out).size();
  const std::size_t bytes = static_cast<std::size_t>(view.extent.pixels()) * size_of(view.type);
  out.grow(header + bytes);
  if (bytes != 0) std::memcpy(out.data() + header, view.data, bytes);
  return out.span();
}

}  // namespace

std::span<const std::byte> encode_pixels(ConstAnyView pixels, const std::string& path,
                                         double pixel_size_angstrom, Buffer<std::byte>& out) {
  if (path.ends_with(".npy")) return encode_npy(pixels, out);
  if (path.ends_with(".mrc")) return io::encode_mrc(pixels, pixel_size_angstrom, out);
  fail({.code = ErrorCode::usage,
        .field = "--numeric",
        .expected = "a name ending in .npy or .mrc",
        .found = path});
}

std::span<const std::byte> encode_numeric(const ReducedImage& image, const std::string& path,
                                          double pixel_size_angstrom, Buffer<std::byte>& pixels,
                                          Buffer<std::byte>& out) {
  return encode_pixels(with_minus_one(image.values, pixels), path, pixel_size_angstrom, out);
}

}  // namespace quickbeam
