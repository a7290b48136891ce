// SPDX-License-Identifier: BSD-3-Clause
// What a set of images is, in the terms of its statistics.
#include "host/src/set_facts.hpp"

#include <cmath>
#include <string>
#include <tuple>

#include "host/src/image_set_state.hpp"
#include "host/src/thumbnail_slot.hpp"
#include "io/md5.hpp"

namespace quickbeam {
namespace {

/// Names the groups in their order: one set however its parts are shared out.
std::string set_id(const ImageSet& set) {
  std::string identities;
  for (std::size_t g = 0; g < set.groups().size(); ++g) identities += set.identity(g) + "\n";
  constexpr char digits[] = "0123456789abcdef";
  std::string id;
  for (const std::uint8_t byte : io::md5_of(std::as_bytes(std::span(identities)))) {
    id += digits[byte >> 4];
    id += digits[byte & 15];
  }
  return id;
}

std::string reading_of(const ReadPolicy& policy) {
  switch (policy.mode0) {
    case Mode0::signed_bytes:
      return "mode0=signed";
    case Mode0::unsigned_bytes:
      return "mode0=unsigned";
    case Mode0::imod:
      return "mode0=imod";
    case Mode0::automatic:
      break;
  }
  return {};
}

/// What all images of a group have in common; nothing of stacks without a set.
Optics optics_of(const ImageSet& set, std::size_t g) {
  const ImageSet::State& state = set.state();
  const io::OpticsGroup* common = nullptr;
  for (const std::uint32_t position : set.order(g)) {
    const SourceSet& source = state.source_of(position);
    const std::uint32_t group = state.image(position).group;
    if (source.by_name || group >= source.set.groups.size()) return {};
    const io::OpticsGroup& mine = source.set.groups[group];
    if (!common) common = &mine;
    if (common == &mine) continue;
    const auto facts = [](const io::OpticsGroup& o) {
      return std::tie(o.voltage_kv, o.spherical_aberration_mm, o.amplitude_contrast);
    };
    if (facts(*common) != facts(mine)) return {};
  }
  if (!common) return {};
  return {common->voltage_kv.value_or(Optics::unknown),
          common->spherical_aberration_mm.value_or(Optics::unknown),
          common->amplitude_contrast.value_or(Optics::unknown)};
}

ImageRegion region_of(const StatisticsRegion& region, const ReadPolicy& policy,
                      const ImageGroup& group) {
  const Extent extent = group.extent;
  if (region.radius && !region.file.empty())
    fail({.code = ErrorCode::usage,
          .field = "--mask",
          .expected = "a radius or a file",
          .found = "both"});
  if (region.radius) {
    if (!std::isfinite(*region.radius) || *region.radius < 0)
      fail({.code = ErrorCode::usage,
            .field = "--mask",
            .expected = "a radius in pixels, 0 or more",
            .found = std::to_string(*region.radius)});
    return ImageRegion::sphere({extent.width, extent.height / group.sections}, group.sections,
                               *region.radius);
  }
  if (region.file.empty()) return {};
  if (group.sections > 1)
    fail({.code = ErrorCode::usage,
          .field = "--mask",
          .expected = "a radius, for volumes",
          .found = region.file});
  const Image image = read_mask(region.file, policy);
  const auto text = [](Extent e) {
    return std::to_string(e.width) + " x " + std::to_string(e.height);
  };
  if (image.extent() != extent)
    fail({.code = ErrorCode::inconsistent,
          .path = region.file,
          .field = "--mask",
          .expected = text(extent) + " pixels, as the images",
          .found = text(image.extent())});
  return ImageRegion::non_zero(image);
}

}  // namespace

std::vector<GroupFacts> facts_of(const ImageSet& set, const StatisticsJob& job) {
  std::vector<GroupFacts> all;
  const std::string id = set_id(set);
  for (const ImageGroup& group : set.groups()) {
    GroupFacts facts{.set = id,
                     .index = static_cast<std::uint32_t>(all.size()),
                     .identity = set.identity(all.size()),
                     .name = group.name.substr(0, 4096),
                     .reading = reading_of(job.set.read),
                     .extent = group.extent,
                     .sections = group.sections,
                     .pixel_size_angstrom = group.pixel_size_angstrom.value_or(0),
                     .kind = kernels::moment_kind(group.type),
                     .images = group.count,
                     .region = region_of(job.region, job.set.read, group),
                     .optics = optics_of(set, all.size())};
    if (!std::isfinite(facts.pixel_size_angstrom) || facts.pixel_size_angstrom < 0)
      facts.pixel_size_angstrom = 0;
    all.push_back(std::move(facts));
  }
  return all;
}

}  // namespace quickbeam
