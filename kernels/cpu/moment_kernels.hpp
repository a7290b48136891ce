// SPDX-License-Identifier: BSD-3-Clause
// The SIMD steps of the statistics: tables of functions, one for each instruction set, of which the
// best for this machine is picked at run time. All give the bits of kernels/ops/moments.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>

#include "kernels/moments.hpp"
#include "kernels/ops/moments.hpp"

namespace quickbeam::kernels {

/// The images of one chunk: pixel p of image k is in[k * stride + p].
template <class T>
struct ImageChunk {
  const T* in;
  std::size_t stride;
  int images;  ///< 1 to chunk_images
};

/// Where the pixels first .. last - 1 are counted, and what was counted before.
struct MomentPlanes {
  double *mean, *m2, *lowest, *highest;
  std::uint32_t* missing;
  std::int64_t images;  ///< without this chunk
  bool any_missing;
};
struct SumPlanes {
  std::int64_t* sum;
  std::uint64_t* squares;
  double *lowest, *highest;
};

/// Adds a chunk to the pixels first .. last - 1; true when one of its values was not finite. Types
/// with exact squares in one pass, the others in two.
template <class T>
struct PixelMomentKernel {
  bool (*add)(ImageChunk<T> chunk, std::size_t first, std::size_t last, const MomentPlanes& to);
};
/// The same by exact sums. T: integers of 8 and 16 bits.
template <class T>
struct PixelSumKernel {
  void (*add)(ImageChunk<T> chunk, std::size_t first, std::size_t last, const SumPlanes& to);
};
/// Statistics of a piece of each of at most chunk_images images: pixel p of image k is in[k *
/// stride
/// + p]. 1 <= count <= ops::piece_pixels; of 8 and 16 bits by exact sums.
template <class T>
struct PieceKernel {
  void (*moments)(const T* in, std::size_t stride, std::size_t images, std::size_t count,
                  ops::Moments* out);
};

template <template <class> class Kernel>
using SmallIntegerKernels = std::tuple<Kernel<std::int8_t>, Kernel<std::uint8_t>,
                                       Kernel<std::int16_t>, Kernel<std::uint16_t>>;
/// Of the types with exact squares, and of the others.
template <template <class> class Kernel>
using SquareKernels =
    decltype(std::tuple_cat(SmallIntegerKernels<Kernel>(), std::tuple<Kernel<float>>()));
template <template <class> class Kernel>
using TwoPassKernels = std::tuple<Kernel<std::int32_t>, Kernel<std::uint32_t>, Kernel<std::int64_t>,
                                  Kernel<std::uint64_t>, Kernel<double>>;
template <template <class> class Kernel>
using AllKernels = decltype(std::tuple_cat(SquareKernels<Kernel>(), TwoPassKernels<Kernel>()));

/// The tables for the best instruction set of this machine.
const SquareKernels<PixelMomentKernel>& pixel_square_kernels();
const TwoPassKernels<PixelMomentKernel>& pixel_moment_kernels();
const SmallIntegerKernels<PixelSumKernel>& pixel_sum_kernels();
const AllKernels<PieceKernel>& piece_kernels();

// The end of a file that Highway compiles once for each instruction set: the table of `step<T>`
// there, and once the function that picks a table.
#define QUICKBEAM_KERNEL_TABLE(table, Kernels, Kernel, step)                            \
  template <class... T>                                                                 \
  constexpr std::tuple<Kernel<T>...> table_of(const std::tuple<Kernel<T>...>*) {        \
    return {Kernel<T>{step<T>}...};                                                     \
  }                                                                                     \
  const Kernels<Kernel>* table() {                                                      \
    static constexpr auto all = table_of(static_cast<const Kernels<Kernel>*>(nullptr)); \
    return &all;                                                                        \
  }
#define QUICKBEAM_KERNEL_DISPATCH(table, Kernels, Kernel, kernels) \
  HWY_EXPORT(table);                                               \
  const Kernels<Kernel>& kernels() { return *HWY_DYNAMIC_DISPATCH(table)(); }

}  // namespace quickbeam::kernels
