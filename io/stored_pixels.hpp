// SPDX-License-Identifier: BSD-3-Clause
// Pixels of any type as the values a stack stores.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include <quickbeam/core/half.hpp>
#include <quickbeam/core/image_view.hpp>

namespace quickbeam::io {

/// A float whose stored form is a half: what the statistics of a half stack are taken of.
struct HalfValue {
  std::uint16_t bits = 0;
  explicit operator double() const { return static_cast<double>(half_to_float(bits)); }
};

/// Stores numbers as To; counts the finite ones that did not fit.
template <class To>
class PixelStore {
 public:
  template <class From>
  To operator()(From value) {
    if constexpr (std::is_same_v<To, HalfValue>)
      return half(value);
    else if constexpr (std::is_same_v<To, float>)
      return real(value);
    else
      return integer(value);
  }
  std::uint64_t clipped() const { return clipped_; }

 private:
  using Limits = std::numeric_limits<To>;

  template <class From>
  To real(From value) {
    if constexpr (std::is_same_v<From, double>) {
      constexpr double most = std::numeric_limits<float>::max();
      if (std::isfinite(value) && std::abs(value) > most) {
        ++clipped_;
        return static_cast<float>(std::copysign(most, value));
      }
    }
    return static_cast<float>(value);
  }

  /// By way of a float.
  template <class From>
  HalfValue half(From value) {
    const auto real = static_cast<double>(value);
    if (std::isfinite(real) && std::abs(static_cast<float>(real)) >= half_overflow) {
      ++clipped_;
      return {float_to_half(std::copysign(half_max, static_cast<float>(real)))};
    }
    return {float_to_half(static_cast<float>(real))};
  }

  template <class From>
  To integer(From value) {
    if constexpr (std::is_floating_point_v<From>) {
      if (std::isnan(value)) return 0;
      const double rounded = std::nearbyint(static_cast<double>(value));
      if (rounded < Limits::min()) return end(Limits::min(), std::isfinite(value));
      if (rounded > Limits::max()) return end(Limits::max(), std::isfinite(value));
      return static_cast<To>(rounded);
    } else {
      if (std::cmp_less(value, Limits::min())) return end(Limits::min(), true);
      if (std::cmp_greater(value, Limits::max())) return end(Limits::max(), true);
      return static_cast<To>(value);
    }
  }
  To end(To limit, bool counts) {
    clipped_ += counts ? 1 : 0;
    return limit;
  }

  std::uint64_t clipped_ = 0;
};

}  // namespace quickbeam::io
