// SPDX-License-Identifier: BSD-3-Clause
// Running sums of a vector of signed bytes, compiled once for each SIMD target.

// Highway's include guard of a file that is compiled once per target.
#if defined(QUICKBEAM_BYTE_OFFSET_SUMS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef QUICKBEAM_BYTE_OFFSET_SUMS_INL
#undef QUICKBEAM_BYTE_OFFSET_SUMS_INL
#else
#define QUICKBEAM_BYTE_OFFSET_SUMS_INL
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

// Highway 1.0.3 tests for AVX512-VNNI before it chooses this target, but does not name it to the
// compiler.
#if HWY_TARGET == HWY_AVX3_DL
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512vnni")
#else
HWY_BEFORE_NAMESPACE();
#endif
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

// Without VNNI, 512-bit vectors gain little on the processors that have them (fewer ports for
// them).
#if HWY_TARGET == HWY_AVX3_DL
inline constexpr std::size_t sums_at_once = 16;
#elif HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
inline constexpr std::size_t sums_at_once = 8;
#else
inline constexpr std::size_t sums_at_once = 4;
#endif

using D8 = hn::CappedTag<std::uint8_t, 4 * sums_at_once>;
using D32 = hn::CappedTag<std::int32_t, sums_at_once>;
using D64 = hn::Repartition<std::int64_t, D32>;
using V32 = hn::Vec<D32>;
using V64 = hn::Vec<D64>;

/// Weights of the bytes 4 * group .. 4 * group + 3 in each running sum: 1 up to the sum's own byte.
struct alignas(64) Triangle {
  constexpr explicit Triangle(std::size_t group) {
    for (std::size_t sum = 0; sum < sums_at_once; ++sum)
      for (std::size_t i = 0; i < 4; ++i) weight[4 * sum + i] = 4 * group + i <= sum;
  }
  std::uint8_t weight[4 * sums_at_once] = {};
};

inline std::int32_t load_four(const std::uint8_t* from) {
  std::int32_t four;
  std::memcpy(&four, from, sizeof four);
  return four;
}

#if HWY_TARGET == HWY_AVX3_DL

/// Running sums of the 16 signed bytes at `from`: four dot products with a triangle of ones.
HWY_INLINE V32 running_sums(const std::uint8_t* from) {
  static constexpr Triangle triangle[4] = {Triangle(0), Triangle(1), Triangle(2), Triangle(3)};
  __m512i sums = _mm512_setzero_si512();
  for (std::size_t i = 0; i < 4; ++i)
    sums = _mm512_dpbusd_epi32(sums, _mm512_load_si512(triangle[i].weight),
                               _mm512_set1_epi32(load_four(from + 4 * i)));
  return V32{sums};
}

HWY_INLINE V32 broadcast_last(V32 v) {
  return V32{_mm512_permutexvar_epi32(_mm512_set1_epi32(15), v.raw)};
}

#elif HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2

/// Running sums of the 8 signed bytes at `from`: products with a triangle of ones, added up.
HWY_INLINE V32 running_sums(const std::uint8_t* from) {
  static constexpr Triangle triangle[2] = {Triangle(0), Triangle(1)};
  __m256i pairs[2];
  for (std::size_t i = 0; i < 2; ++i)
    pairs[i] = _mm256_maddubs_epi16(
        _mm256_load_si256(reinterpret_cast<const __m256i*>(triangle[i].weight)),
        _mm256_set1_epi32(load_four(from + 4 * i)));
  return V32{_mm256_madd_epi16(_mm256_add_epi16(pairs[0], pairs[1]), _mm256_set1_epi16(1))};
}

HWY_INLINE V32 broadcast_last(V32 v) {
  return V32{_mm256_permutevar8x32_epi32(v.raw, _mm256_set1_epi32(7))};
}

#elif HWY_ARCH_X86

/// Running sums of the 4 signed bytes at `from`, as above.
HWY_INLINE V32 running_sums(const std::uint8_t* from) {
  static constexpr Triangle triangle(0);
  const __m128i pairs =
      _mm_maddubs_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(triangle.weight)),
                        _mm_set1_epi32(load_four(from)));
  return V32{_mm_madd_epi16(pairs, _mm_set1_epi16(1))};
}

HWY_INLINE V32 broadcast_last(V32 v) { return hn::Broadcast<3>(v); }

#else

/// Running sums of the 4 signed bytes at `from`, by shifts and adds.
HWY_INLINE V32 running_sums(const std::uint8_t* from) {
  const hn::Rebind<std::int8_t, D32> bytes;
  const V32 deltas =
      hn::PromoteTo(D32(), hn::LoadU(bytes, reinterpret_cast<const std::int8_t*>(from)));
  const V32 pairs = hn::Add(deltas, hn::ShiftLeftLanes<1>(D32(), deltas));
  return hn::Add(pairs, hn::ShiftLeftLanes<2>(D32(), pairs));
}

HWY_INLINE V32 broadcast_last(V32 v) { return hn::Broadcast<3>(v); }

#endif

#endif  // not scalar

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
