// SPDX-License-Identifier: BSD-3-Clause
// Grey dilation of planes at full resolution: the part of reduce_planes where factor is 1.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/bin_cuda.hpp"

namespace quickbeam::kernels::cuda {

/// As plane_reduce_bytes and reduce_planes. Preconditions: spec is a dilation with factor 1, and
/// there are pixels.
std::size_t dilate_planes_bytes(std::uint32_t frames, Extent extent, std::size_t pixel_bytes,
                                const ReduceSpec& spec, SaturatedBy saturated_by);

template <class W>
void dilate_planes(const Planes<W>& in, const ReduceSpec& spec, const ReducedPlanes& out,
                   void* scratch, void* stream);

}  // namespace quickbeam::kernels::cuda
