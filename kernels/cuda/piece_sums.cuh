// SPDX-License-Identifier: BSD-3-Clause
// Exact sums of pieces of an image of 8- and 16-bit integers by a warp: in any order, so that a
// lane takes what it can read at once.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include "kernels/cuda/pixel_sums.cuh"
#include "kernels/cuda/warp_fold.cuh"
#include "kernels/ops/moments.hpp"

namespace quickbeam::kernels::cuda {

/// Two halves, the lowest and the highest of what was added: as unsigned numbers in the order of
/// the values, the highest one inverted, so that both are folded by one minimum.
using PackedRange = std::uint32_t;

__device__ inline PackedRange fold_ranges(PackedRange a, PackedRange b) { return __vminu2(a, b); }

/// Of the lowest and the highest of the lower and of the upper halves of words.
__device__ inline PackedRange packed_range(std::uint32_t lowest, std::uint32_t highest) {
  return fold_ranges(__byte_perm(lowest, ~highest, 0x5410), __byte_perm(lowest, ~highest, 0x7632));
}

/// Sums of a lane over a piece. Signed bytes are raised by 128, words of 16 bits are not.
template <class T>
class LaneSums;

template <class T>
requires(sizeof(T) == 1) class LaneSums<T> {
 public:
  using Squares = std::uint32_t;
  static constexpr std::int32_t raised = std::is_signed_v<T> ? 128 : 0;

  /// Four values.
  __device__ void add_word(std::uint32_t word) {
    if constexpr (std::is_signed_v<T>) word ^= 0x80808080u;
    sum_ = __dp4a(word, 0x01010101u, sum_);
    squares_ = __dp4a(word, word, squares_);
    range_.add(word);
  }
  __device__ void add(T value) {
    const auto v = static_cast<std::uint32_t>(value + raised);
    sum_ += v;
    squares_ += v * v;
    range_.add(v * 0x01010101u);
  }
  __device__ std::int32_t sum() const { return static_cast<std::int32_t>(sum_); }
  __device__ Squares squares() const { return squares_; }
  __device__ PackedRange range() const {
    return packed_range(__vminu2(range_.lowest_even, range_.lowest_odd >> 8 & 0x00ff00ffu),
                        __vmaxu2(range_.highest_even, range_.highest_odd >> 8 & 0x00ff00ffu));
  }
  __device__ static std::int32_t value_of(std::uint32_t ordered) {
    return static_cast<std::int32_t>(ordered) - raised;
  }

 private:
  static_assert(ops::piece_pixels * 255u * 255u < 0xffffffffu);
  std::uint32_t sum_ = 0, squares_ = 0;
  ByteRange range_;
};

template <class T>
requires(sizeof(T) == 2) class LaneSums<T> {
 public:
  using Squares = std::uint64_t;
  static constexpr std::int32_t raised = 0;

  /// Two values.
  __device__ void add_word(std::uint32_t word) {
    const std::int32_t low = static_cast<T>(word), high = static_cast<T>(word >> 16);
    sum_ += low + high;
    add_square(low, squares_);
    add_square(high, squares_);
    find_range(word);
  }
  __device__ void add(T value) {
    sum_ += value;
    add_square(value, squares_);
    const std::uint32_t half = static_cast<std::uint16_t>(value);
    find_range(half | half << 16);
  }
  __device__ std::int32_t sum() const { return sum_; }
  __device__ Squares squares() const { return squares_; }
  __device__ PackedRange range() const {
    return packed_range(lowest_ ^ ordering, highest_ ^ ordering);
  }
  __device__ static std::int32_t value_of(std::uint32_t ordered) {
    return static_cast<T>(ordered ^ (ordering & 0xffffu));
  }

 private:
  static constexpr std::uint32_t ordering = std::is_signed_v<T> ? 0x80008000u : 0;

  __device__ void find_range(std::uint32_t word) {
    if constexpr (std::is_signed_v<T>) {
      lowest_ = __vmins2(lowest_, word);
      highest_ = __vmaxs2(highest_, word);
    } else {
      lowest_ = __vminu2(lowest_, word);
      highest_ = __vmaxu2(highest_, word);
    }
  }

  std::int32_t sum_ = 0;
  std::uint64_t squares_ = 0;
  std::uint32_t lowest_ = ~ordering, highest_ = ordering;
};

/// In lane l the statistics of piece l / (32 / pieces), of `count` values each.
template <unsigned pieces, class T>
__device__ ops::Moments moments_of_lanes(const LaneSums<T> (&lane)[pieces], int count) {
  using Lane = LaneSums<T>;
  std::int32_t sums[pieces];
  typename Lane::Squares squares[pieces];
  PackedRange ranges[pieces];
#pragma unroll
  for (unsigned p = 0; p < pieces; ++p) {
    sums[p] = lane[p].sum();
    squares[p] = lane[p].squares();
    ranges[p] = lane[p].range();
  }
  constexpr std::int64_t raised = Lane::raised;
  const std::int64_t n = count, sum = fold_each(sums, Add{});
  const auto of_squares = static_cast<std::int64_t>(fold_each(squares, Add{}));
  const PackedRange range = fold_each(ranges, fold_ranges);
  return ops::moments_of(
      ops::Sums{n, sum - raised * n,
                static_cast<std::uint64_t>(of_squares - 2 * raised * sum + raised * raised * n),
                Lane::value_of(range & 0xffffu), Lane::value_of(~range >> 16)});
}

/// A piece of `count` integers: the result in every lane.
template <class T>
__device__ ops::Moments moments_of_integers(const T* in, int count) {
  const int lane = static_cast<int>(lane_of_warp());
  LaneSums<T> sums[1];
  if (count == ops::piece_pixels) {
#pragma unroll
    for (int at = 0; at < ops::piece_pixels; at += ops::piece_lanes) sums[0].add(in[at + lane]);
  } else {
    for (int at = lane; at < count; at += ops::piece_lanes) sums[0].add(in[at]);
  }
  return moments_of_lanes(sums, count);
}

/// `pieces` whole pieces, one after the other. Precondition: `in` is aligned to 16 bytes.
template <unsigned pieces, class T>
__device__ ops::Moments moments_of_whole(const T* in) {
  constexpr unsigned reads = ops::piece_pixels * sizeof(T) / (warp_size * sizeof(uint4));
  const uint4* const quads = reinterpret_cast<const uint4*>(in) + lane_of_warp();
  uint4 read[pieces * reads];
#pragma unroll
  for (unsigned i = 0; i < pieces * reads; ++i) read[i] = quads[i * warp_size];
  LaneSums<T> lane[pieces];
#pragma unroll
  for (unsigned i = 0; i < pieces * reads; ++i) {
    LaneSums<T>& sums = lane[i / reads];
    sums.add_word(read[i].x);
    sums.add_word(read[i].y);
    sums.add_word(read[i].z);
    sums.add_word(read[i].w);
  }
  return moments_of_lanes(lane, ops::piece_pixels);
}

}  // namespace quickbeam::kernels::cuda
