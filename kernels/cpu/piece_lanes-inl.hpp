// SPDX-License-Identifier: BSD-3-Clause
// Partial results of a piece of an image, one for each of its lanes; compiled once for each SIMD
// target.

// Highway's include guard of a file that is compiled once per target.
#if defined(QUICKBEAM_PIECE_LANES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef QUICKBEAM_PIECE_LANES_INL
#undef QUICKBEAM_PIECE_LANES_INL
#else
#define QUICKBEAM_PIECE_LANES_INL
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "kernels/cpu/load_doubles-inl.hpp"
#include "kernels/ops/moments.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

inline constexpr std::size_t piece_lanes = ops::piece_lanes;

/// A partial result for every lane of a piece.
struct Lanes {
  HWY_ALIGN double values[piece_lanes];
};

/// Asks for piece_lanes pixels, while as many others are summed. They may lie behind the image, a
/// prefetch cannot fault.
template <class T>
HWY_INLINE void ask_for(const T* next) {
  const auto* at = reinterpret_cast<const std::byte*>(next);
  for (std::size_t line = 0; line < piece_lanes * sizeof(T); line += 64) hwy::Prefetch(at + line);
}

/// ops::sum_of_lanes, vectors at a time while there are some.
HWY_INLINE double total(Lanes& lanes) {
  const DoubleTag d;
  const std::size_t n = hn::Lanes(d);
  std::size_t left = piece_lanes;
  for (; left > n; left /= 2)
    for (std::size_t i = 0; i < left / 2; i += n)
      hn::Store(hn::Add(hn::Load(d, lanes.values + i), hn::Load(d, lanes.values + i + left / 2)), d,
                lanes.values + i);
  for (; left > 1; left /= 2)
    for (std::size_t i = 0; i < left / 2; ++i)
      lanes.values[i] = lanes.values[i] + lanes.values[i + left / 2];
  return lanes.values[0];
}

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
