// SPDX-License-Identifier: BSD-3-Clause
// Warp-wide operations: every lane named in the mask must come, or the kernel is reported.
// __activemask is left out: it cannot be right when one lane runs at a time.
#pragma once

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "cuda_on_host/thread.hpp"

namespace quickbeam::cuda_on_host {

inline unsigned lane_id() { return thread_rank() % 32; }

/// What a lane brings, and what it takes away.
template <class T>
struct Lane {
  T value{};
  unsigned lanes = 0;  ///< a set of lanes, or the lane to read from
  T result{};
};

/// Calls combine(lane*[32]) once with null for absent lanes, then returns the caller's result.
template <class T, class F>
Lane<T> among_lanes(unsigned mask, Where where, Lane<T> mine, F) {
  static_assert(std::is_empty_v<F>);
  meet_warp(mask, where, &mine, [](void* const* slots, unsigned) {
    Lane<T>* lanes[32];
    for (int i = 0; i < 32; ++i) lanes[i] = static_cast<Lane<T>*>(slots[i]);
    F{}(lanes);
  });
  return mine;
}

template <class T>
T shuffle(unsigned mask, T value, unsigned from, Where where) {
  static_assert(std::is_arithmetic_v<T> && sizeof(T) >= 4, "CUDA shuffles 4 and 8 byte numbers");
  Lane<T> mine{value, from};
  return among_lanes(mask, where, mine,
                     [](Lane<T>** lanes) {
                       for (int i = 0; i < 32; ++i) {
                         if (!lanes[i]) continue;
                         const Lane<T>* source = lanes[lanes[i]->lanes];
                         if (!source)
                           fail_kernel("a shuffle reads from a lane that is not in its mask");
                         lanes[i]->result = source->value;
                       }
                     })
      .result;
}

/// The first lane of the caller's segment of `width` lanes.
inline unsigned segment_of(int width) {
  if (width < 1 || width > 32 || (width & (width - 1)) != 0)
    fail_kernel("the width of a shuffle is not a power of two up to 32");
  return lane_id() & ~static_cast<unsigned>(width - 1);
}

template <class T, class Op>
T reduce_lanes(unsigned mask, T value, Op, Where where) {
  return among_lanes(mask, where, Lane<T>{value},
                     [](Lane<T>** lanes) {
                       T total{};
                       bool first = true;
                       for (int i = 0; i < 32; ++i) {
                         if (!lanes[i]) continue;
                         total =
                             first ? lanes[i]->value : static_cast<T>(Op{}(total, lanes[i]->value));
                         first = false;
                       }
                       for (int i = 0; i < 32; ++i)
                         if (lanes[i]) lanes[i]->result = total;
                     })
      .result;
}

}  // namespace quickbeam::cuda_on_host

inline void __syncwarp(unsigned mask = 0xffffffffu, quickbeam::cuda_on_host::Where where =
                                                        quickbeam::cuda_on_host::Where::here()) {
  quickbeam::cuda_on_host::meet_warp(mask, where, nullptr, nullptr);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32,
              quickbeam::cuda_on_host::Where where = quickbeam::cuda_on_host::Where::here()) {
  using namespace quickbeam::cuda_on_host;
  const unsigned from = segment_of(width) + (static_cast<unsigned>(lane) & unsigned(width - 1));
  return shuffle(mask, value, from, where);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 quickbeam::cuda_on_host::Where where = quickbeam::cuda_on_host::Where::here()) {
  using namespace quickbeam::cuda_on_host;
  const unsigned first = segment_of(width), me = lane_id();
  return shuffle(mask, value, me - first >= delta ? me - delta : me, where);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   quickbeam::cuda_on_host::Where where = quickbeam::cuda_on_host::Where::here()) {
  using namespace quickbeam::cuda_on_host;
  const unsigned first = segment_of(width), me = lane_id();
  const bool inside = delta < unsigned(width) && me - first + delta < unsigned(width);
  return shuffle(mask, value, inside ? me + delta : me, where);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32,
                  quickbeam::cuda_on_host::Where where = quickbeam::cuda_on_host::Where::here()) {
  using namespace quickbeam::cuda_on_host;
  const unsigned first = segment_of(width), me = lane_id();
  const unsigned from = me ^ (static_cast<unsigned>(lanes) & 31u);
  // A later segment is out of reach, an earlier one is not (the PTX definition of shfl.bfly).
  return shuffle(mask, value, from < first + unsigned(width) ? from : me, where);
}

inline unsigned __ballot_sync(
    unsigned mask, int predicate,
    quickbeam::cuda_on_host::Where where = quickbeam::cuda_on_host::Where::here()) {
  using namespace quickbeam::cuda_on_host;
  return among_lanes(mask, where, Lane<int>{predicate != 0},
                     [](Lane<int>** lanes) {
                       unsigned set = 0;
                       for (int i = 0; i < 32; ++i)
                         if (lanes[i] && lanes[i]->value) set |= 1u << i;
                       for (int i = 0; i < 32; ++i)
                         if (lanes[i]) lanes[i]->lanes = set;
                     })
      .lanes;
}
inline int __any_sync(
    unsigned mask, int predicate,
    quickbeam::cuda_on_host::Where where = quickbeam::cuda_on_host::Where::here()) {
  return __ballot_sync(mask, predicate, where) != 0;
}
inline int __all_sync(
    unsigned mask, int predicate,
    quickbeam::cuda_on_host::Where where = quickbeam::cuda_on_host::Where::here()) {
  return __ballot_sync(mask, predicate, where) == mask;
}
template <class T>
unsigned __match_any_sync(
    unsigned mask, T value,
    quickbeam::cuda_on_host::Where where = quickbeam::cuda_on_host::Where::here()) {
  using namespace quickbeam::cuda_on_host;
  return among_lanes(
             mask, where, Lane<T>{value},
             [](Lane<T>** lanes) {
               for (int i = 0; i < 32; ++i) {
                 if (!lanes[i]) continue;
                 lanes[i]->lanes = 0;
                 for (int j = 0; j < 32; ++j)  // by bits, as CUDA compares
                   if (lanes[j] && std::memcmp(&lanes[j]->value, &lanes[i]->value, sizeof(T)) == 0)
                     lanes[i]->lanes |= 1u << j;
               }
             })
      .lanes;
}

#define QUICKBEAM_REDUCE_SYNC(name, T, expression)                                     \
  inline T __reduce_##name##_sync(                                                     \
      unsigned mask, T value,                                                          \
      quickbeam::cuda_on_host::Where where = quickbeam::cuda_on_host::Where::here()) { \
    return quickbeam::cuda_on_host::reduce_lanes(                                      \
        mask, value, [](T a, T b) { return static_cast<T>(expression); }, where);      \
  }
QUICKBEAM_REDUCE_SYNC(add, unsigned, a + b)
QUICKBEAM_REDUCE_SYNC(add, int, static_cast<unsigned>(a) + static_cast<unsigned>(b))
QUICKBEAM_REDUCE_SYNC(min, unsigned, std::min(a, b))
QUICKBEAM_REDUCE_SYNC(min, int, std::min(a, b))
QUICKBEAM_REDUCE_SYNC(max, unsigned, std::max(a, b))
QUICKBEAM_REDUCE_SYNC(max, int, std::max(a, b))
QUICKBEAM_REDUCE_SYNC(and, unsigned, a& b)
QUICKBEAM_REDUCE_SYNC(or, unsigned, a | b)
QUICKBEAM_REDUCE_SYNC(xor, unsigned, a ^ b)
#undef QUICKBEAM_REDUCE_SYNC
