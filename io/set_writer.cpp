// SPDX-License-Identifier: BSD-3-Clause
// Particle sets written: passed through with changed columns, or made new.
#include "io/set_writer.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>

#include "io/ascii.hpp"
#include "io/shared_columns.hpp"
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

/// What an optics group knows of the microscope.
struct OpticsFact {
  std::optional<double> OpticsGroup::*value;
  std::string_view relion, xmipp;
};
constexpr OpticsFact optics_facts[] = {
    {&OpticsGroup::voltage_kv, "_rlnVoltage", "_ctfVoltage"},
    {&OpticsGroup::spherical_aberration_mm, "_rlnSphericalAberration", "_ctfSphericalAberration"},
    {&OpticsGroup::amplitude_contrast, "_rlnAmplitudeContrast", "_ctfQ0"},
};

bool knows(const WrittenSet& written, const OpticsFact& fact) {
  return written.known(
      [&](std::size_t g) { return (written.set.groups[g].*(fact.value)).has_value(); });
}

void append(std::vector<std::string_view>& labels, const std::vector<std::string_view>& more) {
  labels.insert(labels.end(), more.begin(), more.end());
}

/// One row a group, a column for each fact that all groups have.
void write_optics(StarWriter& out, const WrittenSet& written) {
  const auto& groups = written.set.groups;
  std::vector<std::string_view> labels = {"_rlnOpticsGroupName", "_rlnOpticsGroup"};
  std::vector<const OpticsFact*> facts;
  for (const OpticsFact& fact : optics_facts)
    if (knows(written, fact)) {
      facts.push_back(&fact);
      labels.push_back(fact.relion);
    }
  const bool pixel = has_pixel_sizes(written), size = has_image_sizes(written);
  if (pixel) labels.push_back("_rlnImagePixelSize");
  if (size) labels.push_back("_rlnImageSize");
  labels.push_back("_rlnImageDimensionality");
  out.table("optics", labels);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    out.value(groups[g].name);
    out.value(groups[g].number);
    for (const OpticsFact* fact : facts) out.value(*(groups[g].*(fact->value)));
    if (pixel) out.value(*written.pixel_size(g));
    if (size) out.value(written.image_size(g)->width);
    out.value(std::int64_t{2});
    out.end_row();
  }
}

std::vector<std::string> make_star(const std::string& path, const WrittenSet& written,
                                   SharedColumns* shared) {
  StarWriter out(path);
  out.comment("version 30001");
  write_optics(out, written);
  std::vector<std::string_view> labels = {"_rlnImageName", "_rlnOpticsGroup"};
  if (shared) append(labels, shared->labels());
  out.table("particles", labels);
  each_kept(written, [&](const SetImage& image, const std::string& name) {
    out.value(name);
    out.value(written.set.groups[image.group].number);
    if (shared) shared->write(image, out);
    out.end_row();
  });
  out.commit();
  if (written.has_oblong_images()) return {oblong_notice};
  return {};
}

void make_xmd(const std::string& path, const WrittenSet& written, SharedColumns* shared) {
  std::vector<std::string_view> labels = {"_image", "_enabled"};
  const bool pixel = has_pixel_sizes(written), size = has_image_sizes(written);
  if (pixel) labels.push_back("_samplingRate");
  if (size) append(labels, {"_xSize", "_ySize"});
  std::vector<const OpticsFact*> facts;
  for (const OpticsFact& fact : optics_facts)
    if (knows(written, fact)) {
      facts.push_back(&fact);
      labels.push_back(fact.xmipp);
    }
  if (shared) append(labels, shared->labels());
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
    for (const OpticsFact* fact : facts)
      out.value(*(written.set.groups[image.group].*(fact->value)));
    if (shared) shared->write(image, out);
    out.end_row();
  });
  out.commit();
}

/// Whether the target says what a column of the source does, in columns of its own.
bool is_said(const WrittenSet& written, std::string_view label) {
  const auto is_one_of = [&](std::initializer_list<std::string_view> labels) {
    return std::ranges::find(labels, label) != labels.end();
  };
  for (const OpticsFact& fact : optics_facts)
    if (label == fact.relion || label == fact.xmipp) return knows(written, fact);
  if (is_one_of(
          {"_rlnImagePixelSize", "_rlnDetectorPixelSize", "_rlnMagnification", "_samplingRate"}))
    return has_pixel_sizes(written);
  if (is_one_of({"_rlnImageSize", "_xSize", "_ySize"})) return has_image_sizes(written);
  return label == written.set.label ||
         is_one_of({"_enabled", "_rlnOpticsGroup", "_rlnImageDimensionality"});
}

/// Names the columns that have no place in the target.
std::vector<std::string> left_behind(const WrittenSet& written, const StarDocument& document,
                                     const StarTable& particles, const SharedColumns& shared) {
  std::string labels;
  const auto look_at = [&](const StarTable* table) {
    if (table == nullptr) return;
    for (const StarLabel& label : table->labels)
      if (!shared.takes(label.text) && !is_said(written, label.text))
        labels += (labels.empty() ? "" : ", ") + printable(label.text);
  };
  if (written.set.format == SetFormat::star31) look_at(document.block("optics"));
  look_at(&particles);
  std::vector<std::string> notices;
  if (!labels.empty()) notices.push_back("not taken over from " + written.set.path + ": " + labels);
  if (auto notice = shared.notice()) notices.push_back(*std::move(notice));
  return notices;
}

/// A set of the other program, from the file it was read from.
std::vector<std::string> translate(const std::string& path, TargetKind kind,
                                   const WrittenSet& written, std::span<const std::byte> source) {
  const std::string_view text(reinterpret_cast<const char*>(source.data()), source.size());
  const StarDocument document(text, written.set.path);
  const StarTable& table = particles_of(document, written.set);
  SharedColumns shared(written, document, table);
  std::vector<std::string> notices;
  if (kind == TargetKind::star)
    notices = make_star(path, written, &shared);
  else
    make_xmd(path, written, &shared);
  for (std::string& notice : left_behind(written, document, table, shared))
    notices.push_back(std::move(notice));
  return notices;
}

}  // namespace

std::vector<std::string> write_particle_set(const std::string& path, const ParticleSet& set,
                                            const SetTarget& target,
                                            std::span<const std::byte> source) {
  const TargetKind kind = kind_of(path);
  const WrittenSet written{set, target.groups, numbers_of(path, set, target)};
  const bool relion = set.format == SetFormat::star30 || set.format == SetFormat::star31;
  const bool same_kind = kind == TargetKind::star ? relion : set.format == SetFormat::xmd;
  const bool is_text = relion || set.format == SetFormat::xmd;
  if (same_kind && !source.empty()) return pass_through_set(path, written, source);
  if (is_text && !source.empty()) return translate(path, kind, written, source);
  if (kind == TargetKind::star) return make_star(path, written, nullptr);
  make_xmd(path, written, nullptr);
  return {};
}

}  // namespace quickbeam::io
