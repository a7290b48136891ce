// SPDX-License-Identifier: BSD-3-Clause
// Any pixels, extents and filters: results inside the image, or an Error.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "kernels/resample.hpp"

namespace {

using namespace quickbeam;
using namespace quickbeam::kernels;

/// Exactly as large as the image, so that the sanitizer sees a read or write beside it.
struct Picture {
  Extent extent;
  std::vector<float> pixels;
  explicit Picture(Extent size) : extent(size), pixels(static_cast<std::size_t>(size.pixels())) {}
  ImageView<float> view() { return {pixels.data(), extent}; }
};

void run(int operation, Picture& in, Extent size, double sigma) {
  Picture out(size), same(in.extent);
  const ImageView<const float> view = in.view();
  if (operation < 5) return resize(view, out.view(), static_cast<ResampleFilter>(operation));
  if (operation == 5) return gaussian_blur(view, same.view(), sigma);
  if (operation == 6) {
    const auto factor = [](std::int64_t n) { return static_cast<std::int32_t>(n + 1); };
    Picture reduced({(in.extent.width + size.width) / (size.width + 1),
                     (in.extent.height + size.height) / (size.height + 1)});
    return box_reduce(view, reduced.view(), factor(size.width), factor(size.height));
  }
  if (in.extent.empty() || size.empty()) return;
  Picture thumbnail(thumbnail_extent(in.extent, size));
  if (thumbnail.extent.width > in.extent.width || thumbnail.extent.height > in.extent.height ||
      thumbnail.extent.empty())
    std::abort();
  pil_thumbnail(view, thumbnail.view());
  if (thumbnail.extent == in.extent) return;
  Thumbnailer exact(in.extent, thumbnail.extent, ThumbnailFilter::exact);
  exact.run(view, thumbnail.view());
  exact.run(view, thumbnail.view());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 6) return 0;
  Picture in({data[1] % 80, data[2] % 80});
  const std::uint8_t* pixels = data + 6;
  for (std::size_t i = 0; i < in.pixels.size() && size > 6 + 4; ++i)
    std::memcpy(&in.pixels[i], pixels + i % (size - 6 - 4 + 1), 4);
  try {
    run(data[0] % 8, in, {data[3], data[4]}, data[5] / 16.0);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::usage) std::abort();
  }
  return 0;
}
