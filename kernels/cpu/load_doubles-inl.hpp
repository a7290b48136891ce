// SPDX-License-Identifier: BSD-3-Clause
// Pixels of any type as a vector of doubles, compiled once for each SIMD target.

// Highway's include guard of a file that is compiled once per target.
#if defined(QUICKBEAM_LOAD_DOUBLES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef QUICKBEAM_LOAD_DOUBLES_INL
#undef QUICKBEAM_LOAD_DOUBLES_INL
#else
#define QUICKBEAM_LOAD_DOUBLES_INL
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {

/// Doubles of one vector, at most so many.
inline constexpr std::size_t most_doubles = 8;
using DoubleTag = hwy::HWY_NAMESPACE::CappedTag<double, most_doubles>;

/// The next Lanes(DoubleTag) pixels; integers of 64 bits are rounded to nearest.
template <class T>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<DoubleTag> load_doubles(const T* HWY_RESTRICT from) {
  namespace hn = hwy::HWY_NAMESPACE;
  const DoubleTag d;
  const hn::Rebind<T, DoubleTag> narrow;
  if constexpr (std::is_same_v<T, double>) {
    return hn::LoadU(d, from);
  } else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, std::int32_t>) {
    return hn::PromoteTo(d, hn::LoadU(narrow, from));
  } else if constexpr (sizeof(T) < 4) {
    const hn::Rebind<std::int32_t, DoubleTag> wider;
    return hn::PromoteTo(d, hn::PromoteTo(wider, hn::LoadU(narrow, from)));
  } else {  // rare: no instruction of all targets does it
    HWY_ALIGN double values[most_doubles];
    for (std::size_t i = 0; i < hn::Lanes(d); ++i) values[i] = static_cast<double>(from[i]);
    return hn::Load(d, values);
  }
}

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
