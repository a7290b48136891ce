// SPDX-License-Identifier: BSD-3-Clause
// From compressed frames to reduced ones on the GPU in one pass over the bytes: no frame of full
// size in memory. No CUDA type appears here.
#pragma once

#include <cstddef>
#include <cstdint>

#include <quickbeam/core/reduce_spec.hpp>

#include "kernels/bin_cuda.hpp"
#include "kernels/byte_offset_cuda.hpp"

namespace quickbeam::kernels::cuda {

/// Whether reduce_streams can make it of frames of this stored type and size: else decode_streams
/// and reduce_planes do. It cannot where nothing is made smaller, and where the cells of a row
/// (two for each output column at most) do not fit into shared memory.
bool can_reduce_streams(PixelType type, Extent extent, const ReduceSpec& spec);

/// Device memory reduce_streams works in.
std::size_t stream_reduce_bytes(std::uint32_t frames, PixelType type, Extent extent,
                                const ReduceSpec& spec);

/// Decodes, masks and reduces the frames of an indexed batch. W as in decode_streams. Exact: the
/// values and flags of the CPU, bit for bit; all pixels are looked at, so the verdicts are final.
/// Queues and returns; `scratch` is aligned to 16 bytes. Preconditions: can_reduce_streams;
/// rule.valid begins at 0, as valid_range makes it of integers.
template <class W>
void reduce_streams(const StreamBatch& batch, const StreamIndex& index, const PixelRule<W>& rule,
                    const ReduceSpec& spec, const ReducedPlanes& out, void* scratch, void* stream);

}  // namespace quickbeam::kernels::cuda
