// SPDX-License-Identifier: BSD-3-Clause
// Grey dilation at full resolution. A large window is made of smaller ones, applied one after the
// other.
#include "kernels/cuda/dilate.cuh"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "kernels/cuda/dilate_tile.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/ops/window_axis.hpp"

namespace quickbeam::kernels::cuda {
namespace {

constexpr std::int64_t most_side = std::int64_t{1} << 26;  ///< see DilatePass
constexpr std::uint32_t most_frames = 4096;                ///< of a launch; a grid holds 65535
constexpr int most_span = 16;
/// The largest window of one pass: half of a tile's rows and three quarters of its columns are then
/// not halo.
constexpr std::int64_t most_window = 2 * most_span;

/// Frames of one size, dilated in the same way.
struct DilateFrames {
  std::uint32_t count;
  std::vector<DilatePass> passes;
};

template <int span, class W>
void launch_pass(DilateSource<W> source, DilateSink<W> sink, DilatePass pass, std::uint32_t frames,
                 void* stream) {
  const auto tiles = [](std::int32_t size, int outputs) {
    return blocks_for(static_cast<std::uint64_t>(size), static_cast<std::uint64_t>(outputs));
  };
  pass.tiles_across = tiles(pass.width, output_columns(pass.window));
  const std::uint64_t blocks =
      std::uint64_t{pass.tiles_across} * tiles(pass.height, output_rows<W>(pass.window, span));
  const std::int64_t plane = std::int64_t{pass.width} * pass.height;
  for (std::uint32_t left = frames; left > 0;) {
    const dim3 grid(static_cast<unsigned>(blocks), std::min(left, most_frames));
    launch("dilation", dilate_tiles<W, span>, grid, dim3(dilate_threads), stream, source, sink,
           pass);
    left -= grid.y;
    source.pixels += grid.y * plane;
    sink.values += grid.y * plane;
    if (sink.saturated != nullptr) sink.saturated += grid.y * plane;
  }
}

/// With the longest span that is not longer than the window.
template <class W>
void dilate_once(const DilateSource<W>& source, const DilateSink<W>& sink, const DilatePass& pass,
                 std::uint32_t frames, void* stream) {
  if (pass.window >= most_span)
    launch_pass<most_span>(source, sink, pass, frames, stream);
  else if (pass.window >= 8)
    launch_pass<8>(source, sink, pass, frames, stream);
  else if (pass.window >= 4)
    launch_pass<4>(source, sink, pass, frames, stream);
  else if (pass.window >= 2)
    launch_pass<2>(source, sink, pass, frames, stream);
  else
    launch_pass<1>(source, sink, pass, frames, stream);
}

/// The passes of a window. A dilation by windows that reach b1 and b2 before, a1 and a2 after is
/// one by a window that reaches b1 + b2 before and a1 + a2 after, at borders, too. What reaches
/// beyond the longer side of the frames is not asked for.
DilateFrames dilate_frames(Extent extent, std::uint32_t count, const ReduceSpec& spec) {
  const std::int64_t longest = std::max(extent.width, extent.height);
  if (longest > most_side)
    fail({.code = ErrorCode::unsupported,
          .format = "CUDA",
          .field = "side of planes to dilate",
          .expected = "up to " + std::to_string(most_side) + " pixels",
          .found = std::to_string(longest)});
  DilateFrames frames{count, {}};
  const WindowAxis axis = window_axis(longest, longest, spec);
  std::int64_t before = axis.before, after = axis.after();
  do {
    const std::int64_t left = std::min(before, most_window - 1);
    const std::int64_t right = std::min(after, most_window - 1 - left);
    frames.passes.push_back({static_cast<std::int32_t>(extent.width),
                             static_cast<std::int32_t>(extent.height),
                             static_cast<int>(left + right + 1), static_cast<int>(left), 0});
    before -= left;
    after -= right;
  } while (before + after > 0);
  return frames;
}

/// All passes. The last one writes to `last`, the others by turns to `turns`, the one before the
/// last to turns[1].
template <class W>
void dilate_all(const DilateFrames& frames, DilateSource<W> source, const DilateSink<W>& last,
                const std::array<W*, 2>& turns, void* stream) {
  for (std::size_t left = frames.passes.size(); left-- > 0;) {
    const DilatePass& pass = frames.passes[frames.passes.size() - 1 - left];
    const DilateSink<W> sink = left > 0 ? DilateSink<W>{turns[left % 2]} : last;
    dilate_once(source, sink, pass, frames.count, stream);
    source = {sink.values, {source.valid.lowest, largest_value<W>}};  // nothing above is left
  }
}

constexpr unsigned pixel_threads = 256;

/// The flags of valid pixels as pixels 0 and 1.
template <class W>
__global__ void __launch_bounds__(pixel_threads)
    flags_to_pixels(Planes<W> in, std::int64_t pixels, std::int32_t* flags) {
  const std::int64_t at = std::int64_t{blockIdx.x} * pixel_threads + threadIdx.x;
  if (at < pixels) flags[at] = in.valid(in.pixels[at]) && in.flags[at] != 0 ? 1 : 0;
}

/// Those pixels, dilated, as flags.
template <class W>
__global__ void __launch_bounds__(pixel_threads)
    pixels_to_flags(Planes<W> in, std::int64_t pixels, bool restore, const std::int32_t* dilated,
                    std::uint8_t* saturated) {
  const std::int64_t at = std::int64_t{blockIdx.x} * pixel_threads + threadIdx.x;
  if (at >= pixels) return;
  const bool masked = restore && !in.valid(in.pixels[at]);
  saturated[at] = !masked && dilated[at] > 0 ? 1 : 0;
}

/// Masks what is masked in `in`.
template <class W>
__global__ void __launch_bounds__(pixel_threads)
    mask_again(Planes<W> in, std::int64_t pixels, W* values, std::uint8_t* saturated) {
  const std::int64_t at = std::int64_t{blockIdx.x} * pixel_threads + threadIdx.x;
  if (at >= pixels || in.valid(in.pixels[at])) return;
  values[at] = masked_value<W>();
  if (saturated != nullptr) saturated[at] = 0;
}

/// Dilates the flags of `in`, in scratch memory and in that of the values, which are not yet there.
template <class W>
void dilate_flags(const DilateFrames& frames, const Planes<W>& in, bool restore,
                  const ReducedPlanes& out, void* scratch, void* stream) {
  const std::int64_t pixels = in.frames * in.extent.pixels();
  const dim3 grid(blocks_for(static_cast<std::uint64_t>(pixels), pixel_threads));
  const std::array<std::int32_t*, 2> turns{static_cast<std::int32_t*>(out.values),
                                           static_cast<std::int32_t*>(scratch)};
  std::int32_t* const flags = turns[frames.passes.size() % 2];
  launch("flags before dilation", flags_to_pixels<W>, grid, dim3(pixel_threads), stream, in, pixels,
         flags);
  dilate_all<std::int32_t>(frames, {flags, {0, largest_value<std::int32_t>}}, {turns[0]}, turns,
                           stream);
  launch("flags after dilation", pixels_to_flags<W>, grid, dim3(pixel_threads), stream, in, pixels,
         restore, turns[0], out.saturated);
}

}  // namespace

std::size_t dilate_planes_bytes(std::uint32_t frames, Extent extent, std::size_t pixel_bytes,
                                const ReduceSpec& spec, SaturatedBy saturated_by) {
  if (extent.empty()) return 0;
  const std::size_t pixels = frames * static_cast<std::size_t>(extent.pixels());
  if (dilate_frames(extent, frames, spec).passes.size() > 1) return pixels * pixel_bytes;
  return saturated_by == SaturatedBy::flags ? pixels * sizeof(std::int32_t) : 0;
}

template <class W>
void dilate_planes(const Planes<W>& in, const ReduceSpec& spec, const ReducedPlanes& out,
                   void* scratch, void* stream) {
  const bool restore = spec.restore == MaskRestore::yes;
  const DilateFrames frames = dilate_frames(in.extent, in.frames, spec);
  if (in.flags != nullptr) dilate_flags(frames, in, restore, out, scratch, stream);
  auto* const values = static_cast<W*>(out.values);
  std::uint8_t* const saturated = in.flags == nullptr ? out.saturated : nullptr;
  const bool at_once = frames.passes.size() == 1;
  dilate_all<W>(frames, {in.pixels, in.valid},
                {values, saturated, in.saturation, restore && at_once},
                {values, static_cast<W*>(scratch)}, stream);
  if (!restore || at_once) return;
  const std::int64_t pixels = in.frames * in.extent.pixels();
  launch("masking after dilation", mask_again<W>,
         dim3(blocks_for(static_cast<std::uint64_t>(pixels), pixel_threads)), dim3(pixel_threads),
         stream, in, pixels, values, saturated);
}

#define QUICKBEAM_DILATE_PLANES(W)                                                              \
  template void dilate_planes(const Planes<W>&, const ReduceSpec&, const ReducedPlanes&, void*, \
                              void*);
QUICKBEAM_DILATE_PLANES(std::int32_t)
QUICKBEAM_DILATE_PLANES(std::int64_t)
QUICKBEAM_DILATE_PLANES(float)
QUICKBEAM_DILATE_PLANES(double)
#undef QUICKBEAM_DILATE_PLANES

}  // namespace quickbeam::kernels::cuda
