// SPDX-License-Identifier: BSD-3-Clause
// Sum and sum of squares of every pixel over a chunk of images of 8- or 16-bit integers: exact, in
// 32 bits while the chunk lasts where that is enough; compiled once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pixel_sum_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <limits>

#include "kernels/cpu/load_doubles-inl.hpp"
#include "kernels/cpu/moment_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using IntegerTag = hn::CappedTag<std::int32_t, 16>;
using Integers = hn::Vec<IntegerTag>;

/// What a chunk adds at a few neighbouring pixels.
struct Column {
  static constexpr std::size_t most_lanes = 16;
  HWY_ALIGN std::int32_t sum[most_lanes], lowest[most_lanes], highest[most_lanes];
  HWY_ALIGN std::int64_t squares[most_lanes];
};

#if HWY_TARGET != HWY_SCALAR
using Wide = hn::RepartitionToWide<IntegerTag>;
using Bits = hn::RebindToUnsigned<Wide>;
#endif

/// Sums of squares: of 8 bits, 32 bits hold those of a chunk; of 16 bits they are added as 64 bits.
template <class T, bool narrow = sizeof(T) == 1>
class Squares {
 public:
  HWY_INLINE Squares() : sum_(hn::Zero(IntegerTag())) {}
  HWY_INLINE void add(Integers v) { sum_ = hn::Add(sum_, hn::Mul(v, v)); }
  HWY_INLINE void store(std::int64_t* out) const {
    HWY_ALIGN std::int32_t sums[Column::most_lanes];
    hn::Store(sum_, IntegerTag(), sums);
    for (std::size_t i = 0; i < hn::Lanes(IntegerTag()); ++i) out[i] = sums[i];
  }

 private:
  Integers sum_;
};

#if HWY_TARGET == HWY_SCALAR
template <class T>
class Squares<T, false> {
 public:
  HWY_INLINE void add(Integers v) { sum_ += std::int64_t{hn::GetLane(v)} * hn::GetLane(v); }
  HWY_INLINE void store(std::int64_t* out) const { *out = sum_; }

 private:
  std::int64_t sum_ = 0;
};
#else
template <class T>
class Squares<T, false> {
 public:
  HWY_INLINE Squares() : even_(hn::Zero(Wide())), odd_(hn::Zero(Wide())) {}
  HWY_INLINE void add(Integers v) {
    const auto odd = hn::BitCast(IntegerTag(), hn::ShiftRight<32>(hn::BitCast(Bits(), v)));
    even_ = hn::Add(even_, hn::MulEven(v, v));
    odd_ = hn::Add(odd_, hn::MulEven(odd, odd));
  }
  HWY_INLINE void store(std::int64_t* out) const {
    HWY_ALIGN std::int64_t even[Column::most_lanes / 2], odd[Column::most_lanes / 2];
    hn::Store(even_, Wide(), even);
    hn::Store(odd_, Wide(), odd);
    for (std::size_t i = 0; i < hn::Lanes(Wide()); ++i) {
      out[2 * i] = even[i];
      out[2 * i + 1] = odd[i];
    }
  }

 private:
  hn::Vec<Wide> even_, odd_;
};
#endif

template <class T>
HWY_INLINE void sum_column(const ImageChunk<T>& chunk, std::size_t p, Column& column) {
  const IntegerTag d;
  const hn::Rebind<T, IntegerTag> narrow;
  auto sum = hn::Zero(d);
  auto lowest = hn::Set(d, std::numeric_limits<T>::max());
  auto highest = hn::Set(d, std::numeric_limits<T>::min());
  Squares<T> squares;
  const T* from = chunk.in + p;
  for (int k = 0; k < chunk.images; ++k, from += chunk.stride) {
    const auto v = hn::PromoteTo(d, hn::LoadU(narrow, from));
    sum = hn::Add(sum, v);
    lowest = hn::Min(lowest, v);
    highest = hn::Max(highest, v);
    squares.add(v);
  }
  hn::Store(sum, d, column.sum);
  hn::Store(lowest, d, column.lowest);
  hn::Store(highest, d, column.highest);
  squares.store(column.squares);
}

/// Adds Lanes(IntegerTag) pixels to the planes from p on.
HWY_INLINE void add_column(const Column& column, std::size_t p, const SumPlanes& to) {
  const hn::CappedTag<std::int64_t, 8> d;
  const hn::Rebind<std::int32_t, decltype(d)> narrow;
  const DoubleTag df;
  for (std::size_t i = 0; i < hn::Lanes(IntegerTag()); i += hn::Lanes(d)) {
    auto* const squares = reinterpret_cast<std::int64_t*>(to.squares + p + i);
    const auto sum = hn::PromoteTo(d, hn::Load(narrow, column.sum + i));
    hn::StoreU(hn::Add(hn::LoadU(d, to.sum + p + i), sum), d, to.sum + p + i);
    hn::StoreU(hn::Add(hn::LoadU(d, squares), hn::Load(d, column.squares + i)), d, squares);
    const auto lowest = load_doubles(column.lowest + i), highest = load_doubles(column.highest + i);
    hn::StoreU(hn::Min(hn::LoadU(df, to.lowest + p + i), lowest), df, to.lowest + p + i);
    hn::StoreU(hn::Max(hn::LoadU(df, to.highest + p + i), highest), df, to.highest + p + i);
  }
}

/// The same for one pixel, without vectors.
template <class T>
void add_pixel(const ImageChunk<T>& chunk, std::size_t p, const SumPlanes& to) {
  const T* from = chunk.in + p;
  for (int k = 0; k < chunk.images; ++k, from += chunk.stride) {
    const std::int64_t v = *from;
    to.sum[p] += v;
    to.squares[p] += static_cast<std::uint64_t>(v * v);
    to.lowest[p] = ops::lower(to.lowest[p], static_cast<double>(v));
    to.highest[p] = ops::higher(to.highest[p], static_cast<double>(v));
  }
}

template <class T>
void add_sums(ImageChunk<T> chunk, std::size_t first, std::size_t last, const SumPlanes& to) {
  const std::size_t lanes = hn::Lanes(IntegerTag());
  Column column;
  std::size_t p = first;
  for (; p + lanes <= last; p += lanes) {
    sum_column(chunk, p, column);
    add_column(column, p, to);
  }
  for (; p < last; ++p) add_pixel(chunk, p, to);
}

}  // namespace

QUICKBEAM_KERNEL_TABLE(pixel_sum_table, SmallIntegerKernels, PixelSumKernel, add_sums)

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quickbeam::kernels {
QUICKBEAM_KERNEL_DISPATCH(pixel_sum_table, SmallIntegerKernels, PixelSumKernel, pixel_sum_kernels)
}  // namespace quickbeam::kernels
#endif  // HWY_ONCE
