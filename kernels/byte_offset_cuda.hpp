// SPDX-License-Identifier: BSD-3-Clause
// x-CBF_BYTE_OFFSET decoded on the GPU, a batch of frames at a time: first an index of each stream,
// then the pixels, to a plane, onto a sum, or into a histogram. No CUDA type appears here.
//
// All functions queue work on `stream` (a cudaStream_t) and return at once: no allocation, no
// synchronisation. Pointers are to device memory unless said. Throws Error when a launch is
// refused.
#pragma once

#include <cstddef>
#include <cstdint>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/pixel_type.hpp>

#include "kernels/ops/pixel_rule.hpp"

namespace quickbeam::kernels::cuda {

inline constexpr std::size_t stream_alignment = 16;
/// Bytes behind each stream that must be readable; their values do not matter.
inline constexpr std::size_t stream_padding = 32;

/// Encoded frames of one type and size.
struct StreamBatch {
  const std::uint8_t* const* data = nullptr;  ///< start of each stream, aligned
  const std::uint64_t* size = nullptr;        ///< bytes of each, padding not counted
  std::uint32_t frames = 0;
  PixelType type = PixelType::i32;  ///< i8, u8, i16, u16, i32 or u32
  std::uint64_t longest = 0;        ///< the largest size, below 4 GiB
  Extent extent{};
};

/// What is known of a stream after its pixels were decoded.
struct StreamVerdict {
  std::uint64_t wrapped;  ///< first pixel whose running sum wrapped; no_pixel when none did
  std::uint32_t bad;      ///< not 0: not exactly one code for each pixel, or a value out of range.
                          ///< The frame's pixels are unspecified; the CPU names the fault.
};
inline constexpr std::uint64_t no_pixel = ~std::uint64_t{0};

/// Where every tile of every stream begins: which pixel, which running sum, which byte.
struct StreamIndex {
  std::uint64_t* tiles = nullptr;     ///< [frames][tiles + 1]: ops::ChunkTotal before each tile
  std::uint64_t* chains = nullptr;    ///< [frames][tiles]: transitions, for streams full of escapes
  std::uint8_t* entries = nullptr;    ///< [frames][chunks]: skips, for streams full of escapes
  std::uint32_t* tangled = nullptr;   ///< [frames]: not 0 where `entries` is needed
  StreamVerdict* verdicts = nullptr;  ///< [frames]
  std::uint64_t tiles_per_frame = 0;
  std::uint64_t chunks_per_frame = 0;
};

/// Device memory for the index of `frames` streams of at most `longest` bytes.
std::size_t stream_index_bytes(std::uint32_t frames, std::uint64_t longest);
/// The index in `memory`, aligned to 16 bytes and at least so large.
StreamIndex stream_index(void* memory, std::uint32_t frames, std::uint64_t longest);

/// Fills the index, for any stream of less than 4 GiB; throws Error LIMIT for longer ones. The
/// verdicts are final after one of the functions below, which throw Error UNSUPPORTED when W is not
/// the WorkType of the batch's type (i32, or i64 for u32).
void index_streams(const StreamBatch& batch, const StreamIndex& index, void* stream);

/// Writes the pixels of all frames, one plane after the other.
template <class W>
void decode_streams(const StreamBatch& batch, const StreamIndex& index, const PixelRule<W>& rule,
                    W* planes, void* stream);

/// Adds each frame to its own plane of `sums` (i64, one plane after the other), as kernels::add_row
/// does: masked in one is masked in the sum (-1); `saturated` (u8 planes) becomes 1 where a valid
/// pixel is above rule.saturation. rule.clip is not looked at.
template <class W>
void add_streams(const StreamBatch& batch, const StreamIndex& index, const PixelRule<W>& rule,
                 std::int64_t* sums, std::uint8_t* saturated, void* stream);

/// Adds to histograms of raw_histogram_bins bins each, one after the other, as kernels::count_row
/// does: valid pixels up to rule.saturation, the last bin takes everything above. rule.clip is not
/// looked at.
template <class W>
void count_streams(const StreamBatch& batch, const StreamIndex& index, const PixelRule<W>& rule,
                   std::uint32_t* counts, void* stream);

}  // namespace quickbeam::kernels::cuda
