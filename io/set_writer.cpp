// SPDX-License-Identifier: BSD-3-Clause
// Particle sets written: passed through with changed columns, or made new.
#include "io/set_writer.hpp"

#include <map>

#include "io/ascii.hpp"
#include "io/star_writer.hpp"
#include "io/written_set.hpp"

namespace quickbeam::io {
namespace {

[[noreturn]] void refuse(const std::string& path, std::string field, std::string expected,
                         std::string found) {
  fail({.code = ErrorCode::usage,
        .path = path,
        .format = "STAR",
        .field = std::move(field),
        .expected = std::move(expected),
        .found = std::move(found)});
}

enum class TargetKind : std::uint8_t { star, xmd };

TargetKind kind_of(const std::string& path) {
  const auto ends = [&](std::string_view suffix) {
    return path.size() > suffix.size() &&
           ascii_equal(std::string_view(path).substr(path.size() - suffix.size()), suffix);
  };
  if (ends(".star")) return TargetKind::star;
  if (ends(".xmd")) return TargetKind::xmd;
  refuse(path, "suffix", ".star or .xmd", "another");
}

/// New image numbers by position, 0 = left out.
std::vector<std::uint32_t> numbers_of(const std::string& path, const ParticleSet& set,
                                      const SetTarget& target) {
  if (target.groups.size() != set.groups.size())
    refuse(path, "groups", std::to_string(set.groups.size()), std::to_string(target.groups.size()));
  if (!target.numbers.empty()) {
    if (target.numbers.size() != set.images.size())
      refuse(path, "image numbers", std::to_string(set.images.size()),
             std::to_string(target.numbers.size()));
    return {target.numbers.begin(), target.numbers.end()};
  }
  std::map<std::string_view, std::uint32_t> counts;
  std::vector<std::uint32_t*> count_of;
  for (const auto& group : target.groups) count_of.push_back(&counts[group.stack]);
  std::vector<std::uint32_t> numbers;
  numbers.reserve(set.images.size());
  for (const auto& image : set.images) numbers.push_back(++*count_of[image.group]);
  return numbers;
}

/// Calls take(image, new name) for every image that is not left out.
template <class Take>
void each_kept(const WrittenSet& written, const Take& take) {
  for (std::uint32_t i = 0; i < written.set.images.size(); ++i)
    if (written.numbers[i] != 0) take(written.set.images[i], written.name_of(i));
}

bool has_pixel_sizes(const WrittenSet& written) {
  return written.known([&](std::size_t g) { return written.pixel_size(g).has_value(); });
}

bool has_image_sizes(const WrittenSet& written) {
  return written.known([&](std::size_t g) { return written.image_size(g).has_value(); });
}

/// One row a group, a column for each fact that all groups have.
void write_optics(StarWriter& out, const WrittenSet& written) {
  using Fact = std::optional<double> OpticsGroup::*;
  const auto& groups = written.set.groups;
  std::vector<std::string_view> labels = {"_rlnOpticsGroupName", "_rlnOpticsGroup"};
  std::vector<Fact> facts;
  const auto offer = [&](Fact fact, std::string_view label) {
    if (!written.known([&](std::size_t g) { return (groups[g].*fact).has_value(); })) return;
    labels.push_back(label);
    facts.push_back(fact);
  };
  offer(&OpticsGroup::voltage_kv, "_rlnVoltage");
  offer(&OpticsGroup::spherical_aberration_mm, "_rlnSphericalAberration");
  offer(&OpticsGroup::amplitude_contrast, "_rlnAmplitudeContrast");
  const bool pixel = has_pixel_sizes(written), size = has_image_sizes(written);
  if (pixel) labels.push_back("_rlnImagePixelSize");
  if (size) labels.push_back("_rlnImageSize");
  labels.push_back("_rlnImageDimensionality");
  out.table("optics", labels);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    out.value(groups[g].name);
    out.value(groups[g].number);
    for (const Fact fact : facts) out.value(*(groups[g].*fact));
    if (pixel) out.value(*written.pixel_size(g));
    if (size) out.value(written.image_size(g)->width);
    out.value(std::int64_t{2});
    out.end_row();
  }
}

std::vector<std::string> make_star(const std::string& path, const WrittenSet& written) {
  StarWriter out(path);
  out.comment("version 30001");
  write_optics(out, written);
  const std::string_view labels[] = {"_rlnImageName", "_rlnOpticsGroup"};
  out.table("particles", labels);
  each_kept(written, [&](const SetImage& image, const std::string& name) {
    out.value(name);
    out.value(written.set.groups[image.group].number);
    out.end_row();
  });
  out.commit();
  if (written.has_oblong_images()) return {oblong_notice};
  return {};
}

void make_xmd(const std::string& path, const WrittenSet& written) {
  std::vector<std::string_view> labels = {"_image", "_enabled"};
  const bool pixel = has_pixel_sizes(written), size = has_image_sizes(written);
  if (pixel) labels.push_back("_samplingRate");
  if (size) labels.insert(labels.end(), {"_xSize", "_ySize"});
  StarWriter out(path, StarStyle::xmipp);
  out.comment("XMIPP_STAR_1 * ");
  out.table("noname", labels);
  each_kept(written, [&](const SetImage& image, const std::string& name) {
    out.value(name);
    out.value(std::int64_t{1});
    if (pixel) out.value(*written.pixel_size(image.group));
    if (size) {
      out.value(written.image_size(image.group)->width);
      out.value(written.image_size(image.group)->height);
    }
    out.end_row();
  });
  out.commit();
}

}  // namespace

std::vector<std::string> write_particle_set(const std::string& path, const ParticleSet& set,
                                            const SetTarget& target,
                                            std::span<const std::byte> source) {
  const TargetKind kind = kind_of(path);
  const WrittenSet written{set, target.groups, numbers_of(path, set, target)};
  const bool relion = set.format == SetFormat::star30 || set.format == SetFormat::star31;
  const bool same_kind = kind == TargetKind::star ? relion : set.format == SetFormat::xmd;
  if (same_kind && !source.empty()) return pass_through_set(path, written, source);
  if (kind == TargetKind::star) return make_star(path, written);
  make_xmd(path, written);
  return {};
}

}  // namespace quickbeam::io
