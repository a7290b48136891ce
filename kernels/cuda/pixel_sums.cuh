// SPDX-License-Identifier: BSD-3-Clause
// Exact sums of 8- and 16-bit integers at the pixels of a thread over the images of a leaf. Where a
// word holds several pixels, it is read at once and its range found without taking it apart.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include "kernels/moments.hpp"

namespace quickbeam::kernels::cuda {

/// Images whose pixels are read together.
inline constexpr int images_at_once = 16;

/// Of at least one image.
struct PixelSum {
  std::int64_t sum;
  std::uint64_t squares;
  std::int32_t lowest, highest;
};

/// The square of an integer of 16 bits, signed or not, added by one instruction.
__device__ inline void add_square(std::int32_t value, std::uint64_t& squares) {
  squares += static_cast<std::uint64_t>(std::int64_t{value} * value);
}

/// Adds words of `images` images with sums.add<count>(words), count of images_at_once or 1.
template <class Sums, class Word>
__device__ void add_words(const Word* in, std::size_t stride, int images, Sums& sums) {
  for (; images >= images_at_once; images -= images_at_once, in += images_at_once * stride) {
    Word words[images_at_once];
#pragma unroll
    for (int k = 0; k < images_at_once; ++k) words[k] = in[static_cast<std::size_t>(k) * stride];
    sums.add(words);
  }
  for (; images > 0; --images, in += stride) {
    const Word word[1] = {*in};
    sums.add(word);
  }
}

/// Lowest and highest of each byte of words, in halves: bytes 0 and 2 below, 1 and 3 above, where
/// the lower byte of a half decides nothing but between equal upper ones.
struct ByteRange {
  std::uint32_t lowest_even = 0xffffffff, lowest_odd = 0xffffffff;
  std::uint32_t highest_even = 0, highest_odd = 0;

  __device__ void add(std::uint32_t word) {
    const std::uint32_t even = word & 0x00ff00ffu;
    lowest_even = __vminu2(lowest_even, even);
    highest_even = __vmaxu2(highest_even, even);
    lowest_odd = __vminu2(lowest_odd, word);
    highest_odd = __vmaxu2(highest_odd, word);
  }
};

/// One pixel.
template <class T>
class OneSum {
 public:
  using Word = T;
  static constexpr unsigned count = 1;

  __device__ OneSum(const Word* in, std::size_t stride, int images) : lowest_(*in), highest_(*in) {
    add_words(in, stride, images, *this);
  }
  template <int images>
  __device__ void add(const Word (&values)[images]) {
#pragma unroll
    for (int k = 0; k < images; ++k) {
      const std::int32_t v = values[k];
      sum_ += v;
      add_square(v, squares_);
      lowest_ = min(lowest_, v);
      highest_ = max(highest_, v);
    }
  }
  __device__ PixelSum operator[](unsigned) const { return {sum_, squares_, lowest_, highest_}; }

 private:
  std::int32_t sum_ = 0, lowest_, highest_;
  std::uint64_t squares_ = 0;
};

/// Two neighbouring pixels of 16 bits. T: std::int16_t, std::uint16_t.
template <class T>
class TwoSums {
 public:
  using Word = std::uint32_t;
  static constexpr unsigned count = 2;

  __device__ TwoSums(const Word* in, std::size_t stride, int images) : lowest_(*in), highest_(*in) {
    add_words(in, stride, images, *this);
  }
  template <int images>
  __device__ void add(const Word (&words)[images]) {
#pragma unroll
    for (int k = 0; k < images; ++k) {
#pragma unroll
      for (unsigned e = 0; e < count; ++e) {
        const std::int32_t v = value(words[k], e);
        sum_[e] += v;
        add_square(v, squares_[e]);
      }
      if constexpr (std::is_signed_v<T>) {
        lowest_ = __vmins2(lowest_, words[k]);
        highest_ = __vmaxs2(highest_, words[k]);
      } else {
        lowest_ = __vminu2(lowest_, words[k]);
        highest_ = __vmaxu2(highest_, words[k]);
      }
    }
  }
  __device__ PixelSum operator[](unsigned e) const {
    return {sum_[e], squares_[e], value(lowest_, e), value(highest_, e)};
  }

 private:
  __device__ static std::int32_t value(Word word, unsigned e) {
    return static_cast<T>(word >> (16 * e));
  }

  std::int32_t sum_[count] = {};
  std::uint64_t squares_[count] = {};
  Word lowest_, highest_;
};

/// Four neighbouring bytes: the words of four images become words of four values of one pixel,
/// whose sum and sum of squares are one dot product each. Signed values are raised by 128
/// meanwhile. T: std::int8_t, std::uint8_t.
template <class T>
class FourSums {
 public:
  using Word = std::uint32_t;
  static constexpr unsigned count = 4;

  __device__ FourSums(const Word* in, std::size_t stride, int images) : images_(images) {
    add_words(in, stride, images, *this);
  }
  template <int images>
  __device__ void add(const Word (&words)[images]) {
    if constexpr (images == 1) {
      const Word word = words[0] ^ raising;
      range_.add(word);
#pragma unroll
      for (unsigned e = 0; e < count; ++e) add_values(word >> (8 * e) & 0xffu, e);
    } else {
#pragma unroll
      for (int k = 0; k < images; k += 4)
        add_four(words[k] ^ raising, words[k + 1] ^ raising, words[k + 2] ^ raising,
                 words[k + 3] ^ raising);
    }
  }
  __device__ PixelSum operator[](unsigned e) const {
    const std::int64_t sum = sum_[e], n = images_;
    const auto squares = static_cast<std::int64_t>(squares_[e]);
    const unsigned shift = 8 * e;  // odd pixels are the upper bytes of halves
    const Word lowest = e % 2 == 0 ? range_.lowest_even : range_.lowest_odd;
    const Word highest = e % 2 == 0 ? range_.highest_even : range_.highest_odd;
    return {sum - raised * n,
            static_cast<std::uint64_t>(squares - 2 * raised * sum + raised * raised * n),
            static_cast<std::int32_t>(lowest >> shift & 0xffu) - raised,
            static_cast<std::int32_t>(highest >> shift & 0xffu) - raised};
  }

 private:
  static constexpr std::int32_t raised = std::is_signed_v<T> ? 128 : 0;
  static constexpr Word raising = std::is_signed_v<T> ? 0x80808080u : 0;

  __device__ void add_four(Word a, Word b, Word c, Word d) {
    range_.add(a);
    range_.add(b);
    range_.add(c);
    range_.add(d);
    const Word ab_low = __byte_perm(a, b, 0x5140), ab_high = __byte_perm(a, b, 0x7362);
    const Word cd_low = __byte_perm(c, d, 0x5140), cd_high = __byte_perm(c, d, 0x7362);
    add_values(__byte_perm(ab_low, cd_low, 0x5410), 0);
    add_values(__byte_perm(ab_low, cd_low, 0x7632), 1);
    add_values(__byte_perm(ab_high, cd_high, 0x5410), 2);
    add_values(__byte_perm(ab_high, cd_high, 0x7632), 3);
  }

  /// Up to four values of pixel `e`; the others are 0.
  __device__ void add_values(Word values, unsigned e) {
    static_assert(leaf_images * 255u * 255u < 0xffffffffu);
    sum_[e] = __dp4a(values, 0x01010101u, sum_[e]);
    squares_[e] = __dp4a(values, values, squares_[e]);
  }

  int images_;
  std::uint32_t sum_[count] = {}, squares_[count] = {};
  ByteRange range_;
};

}  // namespace quickbeam::kernels::cuda
