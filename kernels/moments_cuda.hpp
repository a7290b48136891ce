// SPDX-License-Identifier: BSD-3-Clause
// Statistics of stacks in device memory: the definitions of kernels/moments.hpp, bit for bit. No
// CUDA type appears here, so that host code can call it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/moments.hpp"

namespace quickbeam::kernels::cuda {

/// An IEEE 754 binary16 as it is stored. Its statistics are those of its value as a float.
struct Half {
  std::uint16_t bits;
};

/// PixelMoments of leaves of leaf_images images, in device memory: arrays [leaves][pixels]. What is
/// not of the kind is null.
struct LeafPlanes {
  MomentKind kind = MomentKind::moments;
  std::size_t pixels = 0;
  std::uint32_t leaves = 0;
  double *mean = nullptr, *m2 = nullptr;
  std::int64_t* sum = nullptr;
  std::uint64_t* squares = nullptr;
  double *lowest = nullptr, *highest = nullptr;
  std::uint32_t* missing = nullptr;  ///< MomentKind::moments
};

/// Queues on `stream` (a cudaStream_t), as all below: no allocation, no synchronisation; they throw
/// Error when a launch is refused. Nothing counted yet in any leaf.
void reset_leaves(const LeafPlanes& planes, void* stream);

/// Adds images of device memory: pixel p of image k is in[k * stride + p]. Image k of the call goes
/// to leaf (before + k) / leaf_images. Fastest with several leaves in a call. Exact: the bits of
/// the CPU's add_images. Precondition: before is a multiple of chunk_images, so many images were
/// added, and there is a leaf for each. T: the types of PixelType, and Half.
template <class T>
void add_images(const T* in, std::size_t stride, std::uint32_t images, std::int64_t before,
                const LeafPlanes& to, void* stream);

/// Joins leaf `later` to leaf `to`, of which so many images were counted: the bits of merge.
void merge_leaves(const LeafPlanes& planes, std::uint32_t later, std::int64_t later_images,
                  std::uint32_t to, std::int64_t to_images, void* stream);

/// Device memory image_moments works in, aligned to 16 bytes.
std::size_t image_moments_bytes(std::size_t pixels, std::uint32_t images);

/// Statistics of each of the images, to out[images] (device memory). Exact: the bits of the CPU's.
template <class T>
void image_moments(const T* in, std::size_t stride, std::size_t pixels, std::uint32_t images,
                   ImageMoments* out, void* scratch, void* stream);

}  // namespace quickbeam::kernels::cuda
