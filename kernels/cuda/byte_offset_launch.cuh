// SPDX-License-Identifier: BSD-3-Clause
// How kernels over indexed byte-offset streams are launched: for which types, on which grid.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/mask.hpp>

#include "kernels/byte_offset_cuda.hpp"
#include "kernels/cuda/launch.cuh"

namespace quickbeam::kernels::cuda {

/// The types whose streams are decoded on the GPU: sums are kept modulo 2^32.
template <class T>
inline constexpr bool is_stream_type = std::is_integral_v<T> && sizeof(T) <= 4;

/// Calls f(TypeTag<T>{}) with the stored type of a batch that is decoded to W. Throws Error for any
/// other type.
template <class W, class F>
void visit_stream_type(PixelType type, F&& f) {
  visit_type(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (is_stream_type<T> && std::is_same_v<WorkType<T>, W>)
      f(tag);
    else
      fail({.code = ErrorCode::unsupported,
            .format = "CUDA",
            .field = "byte-offset streams of this type",
            .expected = "integers of up to 32 bits, decoded to their working type",
            .found = std::string(name_of(type))});
  });
}

}  // namespace quickbeam::kernels::cuda
