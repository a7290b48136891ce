// SPDX-License-Identifier: BSD-3-Clause
// Values as unsigned integers that ascend with them, for sorting and selecting by digits.
#pragma once

#include <cstdint>
#include <type_traits>

#include <quickbeam/core/macros.hpp>

namespace quickbeam::kernels {

/// Unsigned integers of the width of V.
template <class V>
using OrderKey = std::conditional_t<sizeof(V) == 4, std::uint32_t, std::uint64_t>;

/// Keys of values compare as the values do; -0 has the key of +0. Integers are their own keys.
/// Precondition: integers are not negative. NaN has some key. V: i32, i64, f32, f64.
template <class V>
QUICKBEAM_HD constexpr OrderKey<V> order_key(V value) {
  using K = OrderKey<V>;
  if constexpr (std::is_floating_point_v<V>) {
    constexpr K sign = K{1} << (8 * sizeof(K) - 1);
    const K bits = __builtin_bit_cast(K, value + V{0});
    const K negative = K{0} - (bits >> (8 * sizeof(K) - 1));
    return bits ^ (negative | sign);
  } else {
    return static_cast<K>(value);
  }
}

/// The value of a key.
template <class V>
QUICKBEAM_HD constexpr V value_of_key(OrderKey<V> key) {
  using K = OrderKey<V>;
  if constexpr (std::is_floating_point_v<V>) {
    constexpr K sign = K{1} << (8 * sizeof(K) - 1);
    return __builtin_bit_cast(V, (key & sign) != 0 ? key ^ sign : ~key);
  } else {
    return static_cast<V>(key);
  }
}

}  // namespace quickbeam::kernels
