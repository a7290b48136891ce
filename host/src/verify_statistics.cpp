// SPDX-License-Identifier: BSD-3-Clause
// The statistics of a stack against two plain passes over its images, and against themselves.
#include "host/src/verify_statistics.hpp"

#include <algorithm>
#include <cmath>

namespace quickbeam {
namespace {

using Value = ReferenceStatistics::Value;

template <class Take>
void each_pixel(ConstAnyView image, const Take& take) {
  visit(image, [&](auto view) {
    std::size_t p = 0;
    for (std::int64_t y = 0; y < view.extent.height; ++y)
      for (std::int64_t x = 0; x < view.extent.width; ++x)
        take(p++, static_cast<double>(view(x, y)));
  });
}

void count(double value, Value& to) {
  if (!std::isfinite(value)) {
    ++to.missing;
    return;
  }
  to.lowest = to.count == 0 ? value : std::min(to.lowest, value);
  to.highest = to.count == 0 ? value : std::max(to.highest, value);
  to.sum += value;
  ++to.count;
}

void deviate(double value, Value& to) {
  if (std::isfinite(value)) to.squares += (value - to.mean()) * (value - to.mean());
}

/// What the engine found, in the terms of the reference.
struct Found {
  std::int64_t count = 0;
  double mean = 0, m2 = 0, lowest = 0, highest = 0;
};

void compare(const Value& reference, const Found& found, const std::string& place,
             Comparison& comparison) {
  const auto n = static_cast<double>(reference.count);
  const double size = std::max(std::abs(reference.lowest), std::abs(reference.highest));
  const auto m2 = static_cast<double>(reference.squares);
  comparison.real("count of " + place, n, static_cast<double>(found.count), 0);
  if (reference.count == 0) return;
  comparison.real("mean of " + place, static_cast<double>(reference.mean()), found.mean,
                  1e-13 * size);
  comparison.real("M2 of " + place, m2, found.m2, 1e-12 * m2 + 1e-14 * std::sqrt(n * m2) * size);
  comparison.real("minimum of " + place, reference.lowest, found.lowest, 0);
  comparison.real("maximum of " + place, reference.highest, found.highest, 0);
}

/// Pixel p of a block.
Found found_in(const kernels::PixelMoments& block, std::size_t p, std::span<const double> means,
               std::span<const double> variances) {
  const std::int64_t missing = block.any_missing ? std::int64_t{block.missing[p]} : 0;
  const std::int64_t n = block.images - missing;
  if (n == 0) return {};
  return {n, means[p], variances[p] * static_cast<double>(n), block.lowest[p], block.highest[p]};
}

template <class T>
std::span<const std::byte> bytes_of(const Buffer<T>& buffer) {
  return std::as_bytes(std::span<const T>(buffer.span()));
}

}  // namespace

void ReferenceStatistics::first(ConstAnyView image) {
  pixels.resize(static_cast<std::size_t>(image.extent.pixels()));
  Value& whole = images.emplace_back();
  each_pixel(image, [&](std::size_t p, double value) {
    count(value, pixels[p]);
    count(value, whole);
  });
}

void ReferenceStatistics::second(ConstAnyView image) {
  Value& whole = images[seen_++];
  each_pixel(image, [&](std::size_t p, double value) {
    deviate(value, pixels[p]);
    deviate(value, whole);
  });
}

void compare_pixels(const ReferenceStatistics& reference, const StatisticsResult& found,
                    Comparison& comparison) {
  const std::int64_t width = found.facts.extent.width;
  std::size_t at = 0;
  std::vector<double> means, variances;
  for (const kernels::PixelMoments& block : found.blocks) {
    means.resize(block.pixels);
    variances.resize(block.pixels);
    kernels::write_mean(block, means);
    kernels::write_variance(block, 0, variances);
    for (std::size_t p = 0; p < block.pixels; ++p, ++at) {
      const auto pixel = static_cast<std::int64_t>(at);
      compare(reference.pixels.at(at), found_in(block, p, means, variances),
              "pixel x " + std::to_string(pixel % width) + ", y " + std::to_string(pixel / width),
              comparison);
    }
  }
  comparison.real("pixels", static_cast<double>(reference.pixels.size()), static_cast<double>(at),
                  0);
}

void compare_images(const ReferenceStatistics& reference,
                    const std::vector<kernels::ImageMoments>& found, Comparison& comparison) {
  comparison.real("images", static_cast<double>(reference.images.size()),
                  static_cast<double>(found.size()), 0);
  for (std::size_t k = 0; k < std::min(found.size(), reference.images.size()); ++k) {
    const kernels::ImageMoments& m = found[k];
    const std::string place = "image " + std::to_string(k + 1);
    compare(reference.images[k], {m.counted, m.mean, m.m2, m.lowest, m.highest}, place, comparison);
    comparison.real("values of " + place + " that are not finite",
                    static_cast<double>(reference.images[k].missing),
                    static_cast<double>(m.missing), 0);
  }
}

void compare_statistics(const ComputedStatistics& expected, const ComputedStatistics& found,
                        Comparison& comparison) {
  for (std::size_t g = 0; g < expected.results.size(); ++g) {
    const Planes &a = expected.results[g].blocks, &b = found.results.at(g).blocks;
    for (std::size_t i = 0; i < a.size(); ++i) {
      comparison.bytes(bytes_of(a[i].mean), bytes_of(b.at(i).mean), "means");
      comparison.bytes(bytes_of(a[i].m2), bytes_of(b[i].m2), "M2");
      comparison.bytes(bytes_of(a[i].sum), bytes_of(b[i].sum), "sums");
      comparison.bytes(bytes_of(a[i].squares), bytes_of(b[i].squares), "sums of squares");
      comparison.bytes(bytes_of(a[i].lowest), bytes_of(b[i].lowest), "minima");
      comparison.bytes(bytes_of(a[i].highest), bytes_of(b[i].highest), "maxima");
      comparison.bytes(bytes_of(a[i].missing), bytes_of(b[i].missing), "counts");
    }
    comparison.bytes(std::as_bytes(std::span(expected.images[g])),
                     std::as_bytes(std::span(found.images.at(g))), "statistics of images");
  }
}

}  // namespace quickbeam
