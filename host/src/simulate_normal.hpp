// SPDX-License-Identifier: BSD-3-Clause
// Normal random numbers from hashes, a few nanoseconds each: the ziggurat (Marsaglia and Tsang,
// J. Stat. Softw. 5(8), 2000), with bits that are used once (Doornik 2005).
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "host/src/simulate_math.hpp"
#include "host/src/simulate_random.hpp"

namespace quickbeam::simulation {

/// 256 layers of equal area under exp(-x^2 / 2). The same numbers on every machine.
class NormalTable {
 public:
  NormalTable() {
    edge_[0] = area / density(base);  // the lowest layer with the tail, as wide as its area asks
    edge_[1] = base;
    for (std::size_t i = 2; i < layers; ++i)
      edge_[i] = std::sqrt(-2 * portable_log(area / edge_[i - 1] + density(edge_[i - 1])));
    edge_[layers] = 0;
    for (std::size_t i = 0; i <= layers; ++i) height_[i] = density(edge_[i]);
  }

  /// The number that belongs to 64 random bits: mean 0, variance 1.
  double operator()(std::uint64_t bits) const {
    const std::size_t layer = bits & (layers - 1);
    const double x = unit(bits) * edge_[layer];
    if (x < edge_[layer + 1]) return (bits & layers) != 0 ? -x : x;
    return rest(bits);
  }

 private:
  static constexpr std::size_t layers = 256;
  static constexpr double base = 3.6541528853610088, area = 4.92867323399e-3;

  static double density(double x) { return portable_exp(-0.5 * x * x); }

  /// Beyond the core of a layer (1.2 % of all): accepted, or drawn anew from bits of the bits.
  double rest(std::uint64_t bits) const {
    RandomSequence random(mixed(bits));
    for (;; bits = random.next()) {
      const std::size_t layer = bits & (layers - 1);
      const double sign = (bits & layers) != 0 ? -1 : 1;
      const double x = unit(bits) * edge_[layer];
      if (x < edge_[layer + 1]) return sign * x;
      if (layer == 0) return sign * tail(random);
      const double y = height_[layer] + random.next_unit() * (height_[layer + 1] - height_[layer]);
      if (y < density(x)) return sign * x;
    }
  }

  static double tail(RandomSequence& random) {
    for (;;) {
      const double x = -portable_log(random.next_unit()) / base;
      const double y = -portable_log(random.next_unit());
      if (y + y > x * x) return base + x;
    }
  }

  std::array<double, layers + 1> edge_{}, height_{};
};

}  // namespace quickbeam::simulation
