// SPDX-License-Identifier: BSD-3-Clause
// Maps: one number a pixel, as an image file.
#include "host/src/statistics_maps.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "io/atomic_file.hpp"
#include "io/npy.hpp"
#include "io/stack_writer.hpp"

namespace quickbeam {
namespace {

using kernels::PixelMoments;

std::int64_t counted(const PixelMoments& moments, std::size_t pixel) {
  return moments.images - (moments.any_missing ? std::int64_t{moments.missing[pixel]} : 0);
}

/// `values`, NaN where nothing was counted.
void copy_counted(const PixelMoments& moments, std::span<const double> values,
                  std::span<double> out) {
  for (std::size_t p = 0; p < out.size(); ++p)
    out[p] = counted(moments, p) > 0 ? values[p] : std::numeric_limits<double>::quiet_NaN();
}

void fill(const PixelMoments& moments, StatisticsMap map, int ddof, std::span<double> out) {
  switch (map) {
    case StatisticsMap::average:
      return kernels::write_mean(moments, out);
    case StatisticsMap::variance:
      return kernels::write_variance(moments, ddof, out);
    case StatisticsMap::sd:
      kernels::write_variance(moments, ddof, out);
      for (double& value : out) value = std::sqrt(value);
      return;
    case StatisticsMap::min:
      return copy_counted(moments, moments.lowest.span(), out);
    case StatisticsMap::max:
      return copy_counted(moments, moments.highest.span(), out);
    case StatisticsMap::count:
      for (std::size_t p = 0; p < out.size(); ++p)
        out[p] = static_cast<double>(counted(moments, p));
      return;
  }
}

/// Calls take(first pixel, values) block by block.
template <class Take>
void each_block(const StatisticsResult& result, StatisticsMap map, int ddof, const Take& take) {
  const ImageBlocks blocks = result.facts.blocks();
  std::vector<double> values;
  for (std::int64_t b = 0; b < blocks.count(); ++b) {
    const std::size_t first = blocks.first_pixel(b);
    values.resize(blocks.pixels(b));
    fill(result.blocks[static_cast<std::size_t>(b)], map, ddof, values);
    if (!result.facts.region.whole())
      for (std::size_t p = 0; p < values.size(); ++p)
        if (!result.facts.region.contains(first + p)) values[p] = 0;
    take(first, std::span<const double>(values));
  }
}

void write_mrc(const std::string& path, const StatisticsResult& result, StatisticsMap map,
               int ddof) {
  std::vector<float> image(static_cast<std::size_t>(result.facts.extent.pixels()));
  each_block(result, map, ddof, [&](std::size_t first, std::span<const double> values) {
    std::ranges::transform(values, image.begin() + static_cast<std::ptrdiff_t>(first),
                           [](double value) { return static_cast<float>(value); });
  });
  const Extent section = result.facts.section();
  const std::int64_t sections = result.facts.sections;
  io::StackWriter writer(
      path, {.format = io::StackFormat::mrc,
             .extent = section,
             .contents = sections > 1 ? io::StackContents::volume : io::StackContents::image,
             .stored = io::StoredAs::float32,
             .pixel_size_angstrom = result.facts.pixel_size_angstrom,
             .expected = sections});
  for (std::int64_t z = 0; z < sections; ++z)
    writer.append(
        ConstAnyView(ImageView<const float>(image.data() + z * section.pixels(), section)));
  writer.finish();
}

void write_npy(const std::string& path, const StatisticsResult& result, StatisticsMap map,
               int ddof) {
  io::AtomicFile file(path);
  Buffer<std::byte> header;
  const std::int64_t sections = result.facts.sections;
  file.write(
      io::npy_header(PixelType::f64, result.facts.section(), sections > 1 ? sections : 0, header));
  each_block(result, map, ddof, [&](std::size_t, std::span<const double> values) {
    file.write(std::as_bytes(values));
  });
  file.commit();
}

}  // namespace

std::string_view name_of(StatisticsMap map) {
  constexpr std::array<std::string_view, 6> names = {"average", "variance", "std",
                                                     "min",     "max",      "count"};
  return names[static_cast<std::size_t>(map)];
}

std::vector<StatisticsMap> maps_of(const StatisticsOutputs& outputs) {
  std::vector<StatisticsMap> maps = {StatisticsMap::average, StatisticsMap::variance};
  if (outputs.sd) maps.push_back(StatisticsMap::sd);
  if (outputs.min) maps.push_back(StatisticsMap::min);
  if (outputs.max) maps.push_back(StatisticsMap::max);
  if (outputs.count) maps.push_back(StatisticsMap::count);
  return maps;
}

void write_map(const std::string& path, const StatisticsResult& result, StatisticsMap map,
               const StatisticsOutputs& outputs) {
  if (outputs.format == StatisticsOutputs::Format::npy)
    return write_npy(path, result, map, outputs.ddof);
  write_mrc(path, result, map, outputs.ddof);
}

}  // namespace quickbeam
