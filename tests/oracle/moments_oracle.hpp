// SPDX-License-Identifier: BSD-3-Clause
// Statistics of a list of values, twice: as one would explain them, in long double, and as
// kernels/moments.hpp defines them to the last bit. Shares no code with the kernels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace quickbeam::oracle {

/// Of the finite values of a list; all 0 when there is none.
template <class Number>
struct Statistics {
  std::size_t counted = 0, missing = 0;
  Number mean = 0, m2 = 0;
  double lowest = 0, highest = 0;
};

template <class Number>
Statistics<Number> without_sums(const std::vector<double>& values, std::vector<double>& finite) {
  Statistics<Number> out;
  for (const double v : values)
    if (std::isfinite(v)) finite.push_back(v);
  out.counted = finite.size();
  out.missing = values.size() - finite.size();
  if (finite.empty()) return out;
  out.lowest = *std::min_element(finite.begin(), finite.end());
  out.highest = *std::max_element(finite.begin(), finite.end());
  return out;
}

/// Two passes in long double.
inline Statistics<long double> statistics(const std::vector<double>& values) {
  std::vector<double> finite;
  auto out = without_sums<long double>(values, finite);
  if (finite.empty()) return out;
  for (const double v : finite) out.mean += static_cast<long double>(v);
  out.mean /= static_cast<long double>(finite.size());
  for (const double v : finite)
    out.m2 += (static_cast<long double>(v) - out.mean) * (static_cast<long double>(v) - out.mean);
  return out;
}

/// Chan's formula: the statistics of `a` followed by `b`.
inline Statistics<double> joined(const Statistics<double>& a, const Statistics<double>& b) {
  Statistics<double> out = a.counted == 0 ? b : a;
  out.missing = a.missing + b.missing;
  if (a.counted == 0 || b.counted == 0) return out;
  const auto na = static_cast<double>(a.counted), nb = static_cast<double>(b.counted);
  const double part = nb / (na + nb), difference = b.mean - a.mean;
  out.counted = a.counted + b.counted;
  out.mean = a.mean + difference * part;
  out.m2 = (a.m2 + b.m2) + (difference * difference) * (na * part);
  out.lowest = std::min(a.lowest, b.lowest);
  out.highest = std::max(a.highest, b.highest);
  return out;
}

/// Two passes in double over values that are dealt to `lanes` sums in turn; the sums of the lanes
/// are added by halves.
inline Statistics<double> in_lanes(const std::vector<double>& values, std::size_t lanes) {
  std::vector<double> finite;
  auto out = without_sums<double>(values, finite);
  if (finite.empty()) return out;
  const auto total = [&](auto&& term) {
    std::vector<double> sums(lanes, 0.0);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (std::isfinite(values[i])) sums[i % lanes] += term(values[i]);
    for (; sums.size() > 1; sums.resize(sums.size() / 2))
      for (std::size_t i = 0; i < sums.size() / 2; ++i) sums[i] += sums[sums.size() / 2 + i];
    return sums[0];
  };
  out.mean = total([](double v) { return v; }) / static_cast<double>(out.counted);
  out.m2 = total([&](double v) { return (v - out.mean) * (v - out.mean); });
  return out;
}

/// The same of values whose squares are exact in double, in one pass: count, sum and sum of squares
/// of each lane, of which M2 is made with the products' errors, joined around the mean of all.
inline Statistics<double> of_squares(const std::vector<double>& values, std::size_t lanes) {
  std::vector<double> finite;
  auto out = without_sums<double>(values, finite);
  if (finite.empty()) return out;
  std::vector<double> count(lanes), sum(lanes), squares(lanes), m2(lanes);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    count[i % lanes] += 1;
    sum[i % lanes] += values[i];
    squares[i % lanes] += values[i] * values[i];
  }
  const auto by_halves = [](std::vector<double> v) {
    for (; v.size() > 1; v.resize(v.size() / 2))
      for (std::size_t i = 0; i < v.size() / 2; ++i) v[i] += v[v.size() / 2 + i];
    return v[0];
  };
  out.mean = by_halves(sum) / static_cast<double>(out.counted);
  for (std::size_t l = 0; l < lanes; ++l) {
    if (count[l] == 0) continue;
    const double minuend = count[l] * squares[l], subtrahend = sum[l] * sum[l];
    const double lost = std::fma(count[l], squares[l], -minuend);
    const double too_much = std::fma(sum[l], sum[l], -subtrahend);
    const double delta = sum[l] / count[l] - out.mean;
    m2[l] = std::max(0.0, ((minuend - subtrahend) + (lost - too_much)) / count[l]);
    m2[l] += (delta * delta) * count[l];
  }
  out.m2 = by_halves(m2);
  return out;
}

/// How the statistics of a group are made.
enum class Passes { one, two };

/// Groups of `size` values, each in lanes, joined in order. Of a pixel over a stack: groups of 16,
/// one lane. Of an image: groups of 512, 32 lanes. One pass: where squares are exact.
inline Statistics<double> in_groups(const std::vector<double>& values, std::size_t size,
                                    std::size_t lanes, Passes passes) {
  Statistics<double> out;
  for (std::size_t first = 0; first < values.size(); first += size) {
    const std::size_t last = std::min(values.size(), first + size);
    const std::vector<double> group(values.begin() + static_cast<std::ptrdiff_t>(first),
                                    values.begin() + static_cast<std::ptrdiff_t>(last));
    out = joined(out, passes == Passes::one ? of_squares(group, lanes) : in_lanes(group, lanes));
  }
  return out;
}

}  // namespace quickbeam::oracle
