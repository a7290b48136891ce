// SPDX-License-Identifier: BSD-3-Clause
// Separable weighted filters on float32 images: resizing as Pillow does it, and the Gaussian blur.
#pragma once

#include <cstdint>
#include <memory>

#include <quickbeam/core/image_view.hpp>

namespace quickbeam::kernels {

/// box, bilinear, hamming, bicubic (a = -0.5) and lanczos (3 lobes), as Pillow names them.
enum class ResampleFilter : std::uint8_t { box, bilinear, hamming, bicubic, lanczos };

/// Resizes `in` to the extent of `out` as Pillow's Image.resize does for mode "F" (support scaled
/// by the shrink, normalised double-precision weights, horizontal pass then vertical pass, a
/// float32 image between). NaN pixels are masked: left out and the weights renormalised; an output
/// pixel whose nearest input pixel is masked is NaN. Where the negative lobes of bicubic and
/// lanczos leave less than 1/8 of the weight, the nearest pixel is taken: dividing by so little
/// would only magnify noise. Exact: fixed order of double sums; without NaN equal to Pillow 9.4 to
/// 1e-6. `out` may not overlap `in`. Throws Error USAGE for an empty input, LIMIT for a side beyond
/// 2^31-1; an empty `out` does nothing.
void resize(ImageView<const float> in, ImageView<float> out, ResampleFilter filter);

/// Box reduction by integer factors as Pillow's Image.reduce (edge blocks are partial), NaN left
/// out; a block of NaN only is NaN. `out` has the extent ceil(in / factor), else Error USAGE.
/// Exact: sums in double, columns first, times 1 / pixels. Pillow sums up to four pixels in float32
/// at a time.
void box_reduce(ImageView<const float> in, ImageView<float> out, std::int32_t factor_x,
                std::int32_t factor_y);

/// The extent Pillow's Image.thumbnail gives an image to fit into `box`: the aspect is kept as well
/// as whole pixels can, and nothing is enlarged. Preconditions: neither is empty.
Extent thumbnail_extent(Extent in, Extent box);

enum class ThumbnailFilter : std::uint8_t {
  pil,   ///< Pillow's Image.thumbnail (bicubic, reducing_gap 2): when an axis shrinks by 4 or more,
         ///< box_reduce by half the shrink first, then resize
  exact  ///< bicubic resize alone
};

/// Makes thumbnails of many images of one extent: weights and buffers are made once. Not
/// thread-safe: one a thread.
class Thumbnailer {
 public:
  /// Throws Error as resize does; an empty `out` does nothing.
  Thumbnailer(Extent in, Extent out, ThumbnailFilter filter);
  Thumbnailer(Thumbnailer&&) noexcept;
  Thumbnailer& operator=(Thumbnailer&&) noexcept;
  ~Thumbnailer();

  /// NaN as in resize and box_reduce; returns whether there were any. `out` may not overlap `in`.
  /// Allocates nothing, but for the first image with NaN. Throws Error USAGE for other extents than
  /// those it was made for.
  bool run(ImageView<const float> in, ImageView<float> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One thumbnail with ThumbnailFilter::pil. NaN and errors as there.
void pil_thumbnail(ImageView<const float> in, ImageView<float> out);

/// Gaussian blur with SciPy's gaussian_filter kernel (truncate 4 sigma, reflect borders);
/// NaN left out with renormalised weights and kept NaN in the output. `out` may not overlap `in`.
/// sigma 0 copies. Without NaN equal to SciPy to 1e-5. Throws Error USAGE for a sigma that is not
/// in 0 .. 1000 or extents that differ.
void gaussian_blur(ImageView<const float> in, ImageView<float> out, double sigma);

}  // namespace quickbeam::kernels
