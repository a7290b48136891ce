// SPDX-License-Identifier: BSD-3-Clause
// Frames for the tests of plans: made of counts, encoded, and as the oracle sees them.
#pragma once

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include <quickbeam/plan.hpp>

#include "kernels/byte_offset.hpp"
#include "tests/oracle/reduce_oracle.hpp"

namespace quickbeam::test {

inline constexpr Extent extent{53, 41};
inline constexpr double cutoff = 500;

/// Counts with a masked band, lone masked pixels and a few saturated ones.
template <class T>
std::vector<T> some_frame(std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<T> pixels;
  for (std::int64_t i = 0; i < extent.pixels(); ++i) {
    const bool masked = i % extent.width / 9 == 2 || random() % 40 == 0;
    const auto count = static_cast<int>(random() % 50 == 0 ? 400 + random() % 300 : random() % 9);
    pixels.push_back(static_cast<T>(masked ? -1 : count));
  }
  return pixels;
}

/// The frame as the oracle sees it: masked below 0, or at the top of an unsigned type.
template <class T>
oracle::Frame<WorkType<T>> seen(const std::vector<T>& pixels) {
  using W = WorkType<T>;
  oracle::Frame<W> frame;
  frame.width = extent.width;
  frame.height = extent.height;
  frame.pixels.assign(pixels.begin(), pixels.end());
  frame.highest = std::is_unsigned_v<T> ? static_cast<W>(std::numeric_limits<T>::max() - 2)
                                        : static_cast<W>(std::numeric_limits<T>::max());
  frame.saturation = static_cast<W>(cutoff);
  return frame;
}

/// An encoded frame that owns its bytes.
template <class T>
class Encoded {
 public:
  Encoded(const std::vector<T>& pixels, Encoding encoding) {
    payload_.type = pixel_type_of<T>();
    payload_.extent = extent;
    payload_.encoding = encoding;
    bytes_.resize(pixels.size() * sizeof(T));
    std::memcpy(bytes_.data(), pixels.data(), pixels.size() * sizeof(T));
    payload_.bytes = bytes_.span();
    if constexpr (std::is_integral_v<T>)
      if (encoding == Encoding::byte_offset)
        payload_.bytes = kernels::encode_byte_offset<T>(pixels, bytes_);
  }
  Payload payload() const { return payload_; }

 private:
  Payload payload_;
  Buffer<std::byte> bytes_;
};

template <class T>
Plan make_plan(const Recipe& recipe, const Image* mask = nullptr) {
  return {recipe,
          {.type = pixel_type_of<T>(), .extent = extent, .count_cutoff = cutoff},
          choose_device("cpu"),
          mask};
}

template <class T>
ReduceOutcome reduce(Plan& plan, const std::vector<T>& pixels, Encoding encoding = Encoding::raw) {
  const Encoded<T> frame(pixels, encoding);
  return plan.reduce(std::vector{frame.payload()});
}

/// The reduced values as doubles, masked ones NaN.
inline std::vector<double> values_of(const Plan& plan) {
  std::vector<double> out;
  visit(plan.reduced().values.const_view(), [&](auto view) {
    for (std::int64_t i = 0; i < view.extent.pixels(); ++i) {
      const auto v = view.data[i];
      using V = std::remove_const_t<decltype(v)>;
      const bool masked = std::is_integral_v<V> && v < 0;
      out.push_back(masked ? std::nan("") : static_cast<double>(v));
    }
  });
  return out;
}

}  // namespace quickbeam::test
