// SPDX-License-Identifier: BSD-3-Clause
// Random numbers that are hashes of what they are for, and photon counts drawn from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/src/simulate_math.hpp"

namespace quickbeam::simulation {

/// What a random number is for: keeps the streams of one seed apart.
enum class Stream : std::uint64_t {
  orientation,
  intensity,
  bad_pixel,
  dither,
  background,
  spot,
  particle_pose,
  particle_noise
};

/// The output function of SplitMix64 (Steele, Lea, Flood 2014, figure 16): a bijection whose bits
/// all depend on all bits of x.
constexpr std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// Number `index` of the SplitMix64 sequence that starts at `key`.
constexpr std::uint64_t random_at(std::uint64_t key, std::uint64_t index) {
  return mixed(key + (index + 1) * 0x9e3779b97f4a7c15u);
}

/// A key made of a seed, a purpose and any number of integers.
template <class... Integers>
constexpr std::uint64_t key_of(std::uint64_t seed, Stream stream, Integers... parts) {
  std::uint64_t key = random_at(mixed(seed), static_cast<std::uint64_t>(stream));
  ((key = random_at(key, static_cast<std::uint64_t>(parts))), ...);
  return key;
}

/// Uniform in the open interval (0, 1).
constexpr double unit(std::uint64_t bits) {
  return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
}

/// A short sequence of random numbers for one purpose.
class RandomSequence {
 public:
  explicit constexpr RandomSequence(std::uint64_t key) : key_(key) {}
  constexpr std::uint64_t next() { return random_at(key_, index_++); }
  constexpr double next_unit() { return unit(next()); }

 private:
  std::uint64_t key_, index_ = 0;
};

/// A photon count with mean `rate` (0 to 1e9).
///
/// Exact (inversion) below 500; above, a normal number with the skewness put in (Cornish-Fisher),
/// which no histogram of fewer than millions of counts can tell apart.
inline double poisson(double rate, RandomSequence& random) {
  if (!(rate > 0)) return 0;
  if (rate < 500) {
    double left = random.next_unit(), share = portable_exp(-rate), count = 0;
    // 2000 counts are 67 standard deviations away at least: the end is reached by rounding only.
    while (left > share && count < 2000) {
      left -= share;
      count += 1;
      share *= rate / count;
    }
    return count;
  }
  const double radius = std::sqrt(-2 * portable_log(random.next_unit()));
  const double z = radius * portable_sincos(360 * random.next_unit()).cos;
  const double value = std::floor(rate + std::sqrt(rate) * z + (z * z - 1) / 6 + 0.5);
  return value > 0 ? value : 0;
}

/// Fast photon counts for the background: rates rounded to levels, one table for each.
///
/// The levels are equally spaced in the square root of the rate, where Poisson noise is about 0.5
/// whatever the rate: a hundredth of that is beyond what one frame can show.
class PoissonTables {
 public:
  static constexpr double step = 0.005;
  static constexpr std::uint16_t highest_level = 4000;  ///< 400 counts a pixel

  static constexpr double rate(std::uint16_t level) { return (level * step) * (level * step); }

  /// Tables for the levels 0 to `last`.
  explicit PoissonTables(std::uint16_t last) {
    for (std::uint32_t level = 0; level <= last; ++level)
      add_level(rate(static_cast<std::uint16_t>(level)));
  }

  /// The count that belongs to 32 random bits.
  std::int32_t draw(std::uint16_t level, std::uint32_t bits) const {
    const std::uint32_t* bounds = bounds_.data() + first_[level];
    std::int32_t count = guide_[level * std::size_t{256} + (bits >> 24)];
    while (bits > bounds[count]) ++count;
    return count;
  }

 private:
  /// Appends the cumulative shares, in units of 2^-32, and for each value of the top 8 random bits
  /// the lowest count they can mean.
  void add_level(double rate) {
    const std::size_t first = bounds_.size();
    first_.push_back(static_cast<std::uint32_t>(first));
    double share = portable_exp(-rate), total = share;
    for (double count = 1; total < 1 - 0x1p-33 && (count < rate || share > 0x1p-40); ++count) {
      bounds_.push_back(static_cast<std::uint32_t>(total * 0x1p32));
      share *= rate / count;
      total += share;
    }
    bounds_.push_back(0xffffffffu);
    std::uint16_t count = 0;
    for (std::uint32_t top = 0; top < 256; ++top) {
      while (bounds_[first + count] < (top << 24)) ++count;
      guide_.push_back(count);
    }
  }

  std::vector<std::uint32_t> first_, bounds_;
  std::vector<std::uint16_t> guide_;
};

}  // namespace quickbeam::simulation
