// SPDX-License-Identifier: BSD-3-Clause
// Statistics as files: which ones, the table of the images, and the report.
#include "host/src/statistics_output.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <system_error>

#include "host/src/statistics_maps.hpp"
#include "io/atomic_file.hpp"
#include "io/image_name.hpp"
#include "io/star_writer.hpp"
#include "io/system_error.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::string path_in(const StatisticsOutputs& outputs, std::string_view file) {
  return (fs::path(outputs.folder) / file).string();
}

std::string table_path(const StatisticsOutputs& outputs) {
  return path_in(outputs, "particles.star");
}

std::string map_path(const StatisticsOutputs& outputs, StatisticsMap map,
                     const std::vector<std::string>& groups, std::size_t g) {
  std::string file(name_of(map));
  if (groups.size() > 1) file += "_" + groups[g];
  return path_in(outputs,
                 file + (outputs.format == StatisticsOutputs::Format::npy ? ".npy" : ".mrc"));
}

/// Whether there is all that RELION asks of optics groups: with less in it, RELION takes the table
/// for that of the particles.
bool has_optics(const std::vector<StatisticsResult>& results) {
  return std::ranges::all_of(results, [](const auto& r) {
    const Optics& optics = r.facts.optics;
    return r.facts.pixel_size_angstrom > 0 && std::isfinite(optics.voltage_kv) &&
           std::isfinite(optics.spherical_aberration_mm) &&
           std::isfinite(optics.amplitude_contrast);
  });
}

void write_optics(io::StarWriter& out, const std::vector<StatisticsResult>& results) {
  const std::string_view labels[] = {
      "_rlnOpticsGroupName",   "_rlnOpticsGroup",    "_rlnVoltage",   "_rlnSphericalAberration",
      "_rlnAmplitudeContrast", "_rlnImagePixelSize", "_rlnImageSize", "_rlnImageDimensionality"};
  out.table("optics", labels);
  std::int64_t number = 0;
  for (const StatisticsResult& result : results) {
    out.value(result.facts.name);
    out.value(++number);
    out.value(result.facts.optics.voltage_kv);
    out.value(result.facts.optics.spherical_aberration_mm);
    out.value(result.facts.optics.amplitude_contrast);
    out.value(result.facts.pixel_size_angstrom);
    out.value(result.facts.extent.width);
    out.value(std::int64_t{2});
    out.end_row();
  }
}

void write_row(io::StarWriter& out, const StatisticsRow& row, int ddof) {
  const kernels::ImageMoments& m = row.row.moments;
  const auto known = [&](double value) { return m.counted > 0 ? value : nan; };
  out.value(row.name);
  out.value(static_cast<std::int64_t>(row.group) + 1);
  out.value(known(m.lowest));
  out.value(known(m.highest));
  out.value(known(m.mean));
  out.value(m.counted > ddof ? std::sqrt(m.m2 / static_cast<double>(m.counted - ddof)) : nan);
  out.value(m.missing);
  out.end_row();
}

/// The labels are RELION's but for the last; RELION copies labels it does not know.
void write_table(const StatisticsOutputs& outputs, const std::vector<StatisticsResult>& results,
                 const StatisticsRows& rows) {
  io::StarWriter out(table_path(outputs));
  out.comment("version 30001");
  if (has_optics(results)) write_optics(out, results);
  const std::string_view labels[] = {"_rlnImageName",    "_rlnOpticsGroup",
                                     "_rlnMinimumValue", "_rlnMaximumValue",
                                     "_rlnAverageValue", "_rlnStandardDeviationValue",
                                     "_qbNonFiniteCount"};
  out.table("particles", labels);
  for (std::uint64_t i = 0; i < rows.count; ++i) write_row(out, rows.at(i), outputs.ddof);
  out.commit();
}

/// Whether both are names of one file, "3@a.stk" and "a.stk" too.
bool same_file(const std::string& output, std::string_view input) {
  input = io::without_format_hint(input);
  const auto at = input.find('@');
  std::error_code error;
  return fs::equivalent(output, input, error) ||
         (at != std::string_view::npos && fs::equivalent(output, input.substr(at + 1), error));
}

std::int64_t never_seen(const StatisticsResult& result) {
  std::int64_t count = 0;
  const ImageBlocks blocks = result.facts.blocks();
  for (std::size_t b = 0; b < result.blocks.size(); ++b) {
    const kernels::PixelMoments& moments = result.blocks[b];
    if (!moments.any_missing) continue;
    const std::size_t first = blocks.first_pixel(static_cast<std::int64_t>(b));
    for (std::size_t p = 0; p < moments.pixels; ++p)
      if (moments.missing[p] == moments.images && result.facts.region.contains(first + p)) ++count;
  }
  return count;
}

/// Of the values of a group.
struct Totals {
  double sum = 0, counted = 0;
  std::int64_t missing = 0;

  void add(double mean, double count) {
    sum += mean * count;
    counted += count;
  }
  double mean() const { return counted > 0 ? sum / counted : nan; }
};

/// Where there is no table of the images: from what is known of the pixels in the region.
Totals totals_of(const StatisticsResult& result) {
  Totals totals;
  const ImageBlocks blocks = result.facts.blocks();
  std::vector<double> mean;
  for (std::size_t b = 0; b < result.blocks.size(); ++b) {
    const kernels::PixelMoments& moments = result.blocks[b];
    mean.resize(moments.pixels);
    kernels::write_mean(moments, mean);
    for (const auto& run : result.facts.region.runs(blocks, static_cast<std::int64_t>(b)))
      for (std::size_t p = run.first; p < run.first + run.count; ++p) {
        const std::int64_t missing = moments.any_missing ? moments.missing[p] : 0;
        totals.missing += missing;
        if (moments.images > missing)
          totals.add(mean[p], static_cast<double>(moments.images - missing));
      }
  }
  return totals;
}

void add_notices(const StatisticsGroup& group, std::vector<std::string>& notices) {
  if (group.images < group.total)
    notices.push_back("group " + group.name + ": " + std::to_string(group.images) + " of " +
                      std::to_string(group.total) + " images are there");
  if (group.pixels_never_seen > 0)
    notices.push_back("group " + group.name + ": " + std::to_string(group.pixels_never_seen) +
                      " pixels have no finite value in any image, and are NaN in the maps");
}

}  // namespace

void StatisticsResult::add(std::int64_t first_block, Planes planes) {
  blocks.resize(static_cast<std::size_t>(facts.blocks().count()));
  for (std::size_t i = 0; i < planes.size(); ++i) {
    kernels::PixelMoments& to = blocks[static_cast<std::size_t>(first_block) + i];
    if (to.pixels == 0)
      to = std::move(planes[i]);
    else if (planes[i].images != 0)
      kernels::merge(planes[i], to);
  }
}

std::vector<std::string> file_names_of(const std::vector<std::string>& groups) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (std::string name : groups) {
    for (char& c : name) {
      const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                         (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
      if (!plain) c = '_';
    }
    name.resize(std::min<std::size_t>(name.size(), 100));  // file names end at 255 bytes
    std::string unique = name;
    for (int k = 2; !taken.insert(unique).second; ++k) unique = name + "_" + std::to_string(k);
    names.push_back(unique);
  }
  return names;
}

std::vector<std::string> statistics_paths(const StatisticsOutputs& outputs,
                                          const std::vector<std::string>& groups) {
  std::vector<std::string> paths;
  if (!outputs.folder.empty()) {
    for (std::size_t g = 0; g < groups.size(); ++g)
      for (const StatisticsMap map : maps_of(outputs))
        paths.push_back(map_path(outputs, map, groups, g));
    if (outputs.table) paths.push_back(table_path(outputs));
  }
  if (!outputs.partial.empty()) paths.push_back(outputs.partial);
  return paths;
}

void check_outputs(const StatisticsOutputs& outputs, const std::vector<std::string>& groups,
                   std::span<const std::string> inputs) {
  if (outputs.folder.empty() && outputs.partial.empty())
    fail({.code = ErrorCode::usage,
          .field = "-o",
          .expected = "a folder, or a file name with --partial",
          .found = "neither"});
  if (outputs.ddof != 0 && outputs.ddof != 1)
    fail({.code = ErrorCode::usage,
          .field = "--ddof",
          .expected = "0 or 1",
          .found = std::to_string(outputs.ddof)});
  std::error_code error;
  if (!outputs.folder.empty()) fs::create_directories(outputs.folder, error);
  if (error) io::fail_system(outputs.folder, "mkdir", error.value());
  for (const std::string& path : statistics_paths(outputs, groups)) {
    for (const std::string& input : inputs)
      if (same_file(path, input))
        fail({.code = ErrorCode::inconsistent,
              .path = path,
              .field = "output",
              .expected = "a file that is not an input",
              .found = input});
    io::AtomicFile tried(path);  // removed without commit()
  }
}

std::vector<std::string> write_statistics(const StatisticsOutputs& outputs,
                                          const std::vector<StatisticsResult>& results,
                                          const std::vector<std::string>& groups,
                                          const StatisticsRows& rows) {
  std::vector<std::string> paths;
  for (std::size_t g = 0; g < results.size(); ++g) {
    if (results[g].blocks.empty()) continue;
    for (const StatisticsMap map : maps_of(outputs)) {
      paths.push_back(map_path(outputs, map, groups, g));
      write_map(paths.back(), results[g], map, outputs);
    }
  }
  if (!outputs.table) return paths;
  write_table(outputs, results, rows);
  paths.push_back(table_path(outputs));
  return paths;
}

void report_groups(const std::vector<StatisticsResult>& results, const StatisticsRows& rows,
                   StatisticsReport& report) {
  std::vector<Totals> totals(results.size());
  std::vector<std::int64_t> images(results.size());
  for (std::uint64_t i = 0; i < rows.count; ++i) {
    const StatisticsRow row = rows.at(i);
    ++images[row.group];
    totals[row.group].missing += row.row.moments.missing;
    if (row.row.moments.counted > 0) totals[row.group].add(row.row.moments.mean, 1);
  }
  for (std::size_t g = 0; g < results.size(); ++g) {
    const StatisticsResult& result = results[g];
    if (images[g] < result.images) totals[g] = totals_of(result);
    StatisticsGroup group{.name = result.facts.name,
                          .extent = result.facts.section(),
                          .sections = result.facts.sections,
                          .images = result.images,
                          .total = result.total,
                          .missing_values = totals[g].missing,
                          .pixels_never_seen = never_seen(result),
                          .mean = totals[g].mean()};
    if (result.facts.pixel_size_angstrom > 0)
      group.pixel_size_angstrom = result.facts.pixel_size_angstrom;
    add_notices(group, report.notices);
    report.groups.push_back(std::move(group));
  }
}

}  // namespace quickbeam
