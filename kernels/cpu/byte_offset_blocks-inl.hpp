// SPDX-License-Identifier: BSD-3-Clause
// Blocks of 64 one-byte codes to 64 pixels, compiled once for each SIMD target.

// Highway's include guard of a file that is compiled once per target.
#if defined(QUICKBEAM_BYTE_OFFSET_BLOCKS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef QUICKBEAM_BYTE_OFFSET_BLOCKS_INL
#undef QUICKBEAM_BYTE_OFFSET_BLOCKS_INL
#else
#define QUICKBEAM_BYTE_OFFSET_BLOCKS_INL
#endif

#include <hwy/highway.h>

#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels/cpu/byte_offset_sums-inl.hpp"
#include "kernels/ops/byte_offset.hpp"

// The extra name is explained in byte_offset_sums-inl.hpp.
#if HWY_TARGET == HWY_AVX3_DL
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512vnni")
#else
HWY_BEFORE_NAMESPACE();
#endif
namespace quickbeam::kernels::HWY_NAMESPACE {

inline constexpr std::size_t block = 64;
/// Bytes ahead of the block being decoded that are asked for, two pages: the hardware's own
/// prefetcher stops at the end of a page. Measured: bench/README.md. May lie behind the stream, a
/// prefetch cannot fault.
inline constexpr std::size_t read_ahead = 8192;

#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

/// Adds the sum so far to running sums and stores them as 32-bit pixels (`put`), then to itself the
/// last of them (`advance`). When `checked`, notices pixels x for which x + bias has a bit outside
/// of `inside`.
template <bool checked>
class Store32 {
 public:
  using Out = std::int32_t;
  Store32(Out value, Out bias, Out inside)
      : value_(hn::Set(D32(), value)),
        bias_(hn::Set(D32(), bias)),
        outside_(hn::Set(D32(), ~inside)),
        seen_(hn::Zero(D32())) {}

  HWY_INLINE void put(V32 sums, Out* out) {
    const V32 pixels = hn::Add(value_, sums);
    hn::StoreU(pixels, D32(), out);
    if constexpr (checked) seen_ = hn::Or(seen_, hn::Add(pixels, bias_));
  }
  HWY_INLINE void advance(V32 sums) { value_ = hn::Add(value_, broadcast_last(sums)); }
  HWY_INLINE bool left_range() const {
    if constexpr (!checked) return false;
    return !hn::AllTrue(D32(), hn::Eq(hn::And(seen_, outside_), hn::Zero(D32())));
  }

 private:
  V32 value_, bias_, outside_, seen_;
};

/// The same for 64-bit pixels.
template <bool checked>
class Store64 {
 public:
  using Out = std::int64_t;
  Store64(Out value, Out bias, Out inside)
      : value_(hn::Set(D64(), value)),
        bias_(hn::Set(D64(), bias)),
        outside_(hn::Set(D64(), ~inside)),
        seen_(hn::Zero(D64())) {}

  HWY_INLINE void put(V32 sums, Out* out) {
    const hn::Half<D32> half;
    const V64 low = hn::Add(value_, hn::PromoteTo(D64(), hn::LowerHalf(half, sums)));
    const V64 high = hn::Add(value_, hn::PromoteTo(D64(), hn::UpperHalf(half, sums)));
    hn::StoreU(low, D64(), out);
    hn::StoreU(high, D64(), out + hn::Lanes(D64()));
    if constexpr (checked) seen_ = hn::Or(seen_, hn::Or(hn::Add(low, bias_), hn::Add(high, bias_)));
  }
  HWY_INLINE void advance(V32 sums) {
    const hn::Half<D32> half;
    value_ = hn::Add(value_, hn::PromoteTo(D64(), hn::LowerHalf(half, broadcast_last(sums))));
  }
  HWY_INLINE bool left_range() const {
    if constexpr (!checked) return false;
    return !hn::AllTrue(D64(), hn::Eq(hn::And(seen_, outside_), hn::Zero(D64())));
  }

 private:
  V64 value_, bias_, outside_, seen_;
};

HWY_INLINE bool has_escape(const std::uint8_t* from) {
  const auto escape = hn::Set(D8(), ops::escape_byte);
  auto found = hn::Eq(hn::LoadU(D8(), from), escape);
  for (std::size_t i = hn::Lanes(D8()); i < block; i += hn::Lanes(D8()))
    found = hn::Or(found, hn::Eq(hn::LoadU(D8(), from + i), escape));
  return !hn::AllFalse(D8(), found);
}

/// Bit i tells whether byte i is 0x80.
HWY_INLINE std::uint64_t escapes(const std::uint8_t* from) {
  const auto escape = hn::Set(D8(), ops::escape_byte);
  std::uint8_t bits[16] = {};  // StoreMaskBits may write 8 bytes
  for (std::size_t i = 0; i < block; i += hn::Lanes(D8()))
    hn::StoreMaskBits(D8(), hn::Eq(hn::LoadU(D8(), from + i), escape), bits + i / 8);
  return ops::load_little<8>(bits);
}

/// How far a run of blocks came.
struct Run {
  std::size_t pixels;     ///< right pixels stored
  std::uint64_t escapes;  ///< of the block that ended the run; 0 if none did
  bool left_range;        ///< the next block has a pixel outside of the type, or so it seems: the
                          ///< bytes of an escape are summed up like all others
};

/// Decodes one block, two vectors at a time: the second waits for the sums of the first, and only
/// once for the pixels before both. Measured against one at a time: AVX2 12 %, SSE4 18 % less time.
template <class Store>
HWY_INLINE void store_block(const std::uint8_t* from, typename Store::Out* out, Store& store) {
  const std::size_t n = hn::Lanes(D32());
  for (std::size_t i = 0; i < block; i += 2 * n) {
    const V32 first = running_sums(from + i);
    const V32 second = hn::Add(running_sums(from + i + n), broadcast_last(first));
    store.put(first, out + i);
    store.put(second, out + i + n);
    store.advance(second);
  }
}

/// Decodes up to `blocks` blocks to `out`, until one with an escape or a pixel outside of the type.
template <class Store>
HWY_INLINE Run run_blocks(const std::uint8_t* from, typename Store::Out* out, std::size_t blocks,
                          Store store) {
  for (std::size_t b = 0; b < blocks; ++b, from += block, out += block) {
    store_block(from, out, store);
    hwy::Prefetch(from + read_ahead);
    if (HWY_UNLIKELY(store.left_range())) return {b * block, 0, true};
    if (HWY_UNLIKELY(has_escape(from))) {
      const std::uint64_t found = escapes(from);
      const auto clean = static_cast<std::size_t>(std::countr_zero(found));
      return {b * block + clean, found, false};
    }
  }
  return {blocks * block, 0, false};
}

#endif  // not scalar

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
