// SPDX-License-Identifier: BSD-3-Clause
// An experiment: byte-offset streams decoded in one pass, tiles chained by decoupled look-back,
// beside the two passes of the engine (index_streams, decode_streams). No CUDA type appears here.
#pragma once

#include <cstdint>

#include "kernels/byte_offset_cuda.hpp"

namespace quickbeam::bench {

/// Decodes frames of i32 to planes, as index_streams and decode_streams do. `index` is memory to
/// work in: its tiles are not those of an index afterwards. A frame whose index.tangled is not 0
/// afterwards, or whose verdict is bad, was not decoded; faults other than a wrong number of pixels
/// are not looked for. Queues work on `stream` and returns. Precondition: streams below 2^30 bytes.
/// Throws Error when a launch is refused.
void decode_chained(const kernels::cuda::StreamBatch& batch,
                    const kernels::cuda::StreamIndex& index,
                    const kernels::PixelRule<std::int32_t>& rule, std::int32_t* planes,
                    void* stream);

}  // namespace quickbeam::bench
