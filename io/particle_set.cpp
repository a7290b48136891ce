// SPDX-License-Identifier: BSD-3-Clause
// Finds out what kind of set a file is, and where its files are.
#include "io/particle_set.hpp"

#include <array>
#include <filesystem>
#include <limits>

#include "io/ascii.hpp"
#include "io/set_builder.hpp"
#include "io/star.hpp"

namespace quickbeam::io {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view npy_magic = "\x93NUMPY", compressed_cs_magic =
                                                        "\x95"
                                                        "CSDAT";

/// The suffix, in small letters, that of a compressed file left out: ".star" of "a.STAR.gz".
std::string suffix_of(std::string_view path) {
  for (const std::string_view packed : {".gz", ".bz2"})
    if (path.ends_with(packed)) path.remove_suffix(packed.size());
  std::string suffix = fs::path(path).extension().string();
  for (char& c : suffix) c = ascii_lower(c);
  return suffix;
}

bool is_list_name(std::string_view path) {
  const std::string suffix = suffix_of(path);
  return suffix == ".txt" || suffix == ".lst" || suffix == ".list";
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

std::string_view name_of(SetFormat format) {
  constexpr std::array<std::string_view, 5> names = {
      "RELION 3.0 STAR", "RELION 3.1 STAR", "Xmipp metadata", "cryoSPARC .cs", "list of images"};
  return names[static_cast<std::size_t>(format)];
}

std::string ParticleSet::path_of(std::size_t id) const {
  const std::string_view name = files[id];
  if (root.empty() || name.starts_with('/')) return std::string(name);
  return root + (root.ends_with('/') ? "" : "/") + std::string(name);
}

bool is_set_name(std::string_view path) {
  const std::string suffix = suffix_of(path);
  return suffix == ".star" || suffix == ".xmd" || suffix == ".cs" || is_list_name(path);
}

bool is_particle_set(std::span<const std::byte> bytes, std::string_view path) {
  std::string_view text = text_of(bytes);
  if (is_set_name(path) || text.starts_with(compressed_cs_magic)) return true;
  if (text.starts_with("###CBF")) return false;  // CIF too: data blocks behind comments
  while (!text.empty() && (text[0] == '#' || text[0] == '\n' || text[0] == '\r' || text[0] == ' '))
    (void)take_until(text, '\n');
  return text.starts_with("data_");
}

ParticleSet parse_particle_set(std::span<const std::byte> bytes, const std::string& path,
                               const SetOptions& options) {
  ParticleSet set;
  set.path = path;
  set.root = options.root.value_or("");
  SetBuilder builder(set, options.outside);
  const std::string_view text = text_of(bytes);
  if (text.starts_with(compressed_cs_magic))
    fail({.code = ErrorCode::unsupported,
          .path = path,
          .format = "CS",
          .field = "magic",
          .offset = 0,
          .expected = "a .cs file in NumPy's format",
          .found = "the compressed CSDAT format"});
  if (text.starts_with(npy_magic) || suffix_of(path) == ".cs")
    read_cs_set(bytes, builder);
  else if (is_list_name(path))
    read_list_set(text, builder);
  else
    read_star_set(StarDocument(text, path), builder);
  return set;
}

void find_root(ParticleSet& set) {
  if (!set.root.empty() || set.files.size() == 0) return;
  const fs::path first(set.files[0]);
  if (first.is_absolute() || is_there(first)) return;
  std::error_code ignored;
  const fs::path folder = fs::absolute(set.path, ignored).parent_path();
  for (fs::path root = folder; !root.empty(); root = root.parent_path()) {
    if (is_there(root / first)) {
      set.root = root.string();
      set.notices.push_back(
          "files are read from " + set.root +
          ", as the first is not below the current folder; --root says otherwise");
      return;
    }
    if (root == root.parent_path()) return;
  }
}

ParticleSet set_of_stacks(std::span<const std::string> paths) {
  ParticleSet set;
  set.label = "stack";
  SetBuilder builder(set, Outside::allow);
  builder.reserve(paths.size());
  std::uint32_t group = 0;
  bool made = false;
  builder.group("", group, made);
  for (std::size_t i = 0; i < paths.size(); ++i) builder.add(paths[i], 0, i, group);
  return set;
}

void expand_stacks(ParticleSet& set, std::span<const std::uint64_t> counts) {
  std::uint64_t total = 0;
  for (const auto& image : set.images) {
    const std::uint64_t count = image.number == 0 ? counts[image.file] : 1;
    // Counts come from headers: sums of them may wrap.
    if (count > std::numeric_limits<std::uint32_t>::max() ||
        (total += count) > std::numeric_limits<std::uint32_t>::max())
      fail({.code = ErrorCode::limit,
            .path = set.path,
            .field = "images",
            .expected = "at most " + std::to_string(std::numeric_limits<std::uint32_t>::max()),
            .found = std::to_string(total) + " and more"});
  }
  std::vector<SetImage> images;
  images.reserve(total);
  for (const auto& image : set.images) {
    if (image.number != 0) images.push_back(image);
    for (std::uint32_t n = 1; image.number == 0 && n <= counts[image.file]; ++n)
      images.push_back({image.file, n, image.group, image.row});
  }
  set.images = std::move(images);
}

void drop_unused_files(ParticleSet& set) {
  constexpr std::uint32_t unused = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> ids(set.files.size(), unused);
  for (const SetImage& image : set.images) ids[image.file] = 0;
  NamePool files;
  for (std::size_t old = 0; old < ids.size(); ++old) {
    if (ids[old] == unused) continue;
    ids[old] = static_cast<std::uint32_t>(files.size());
    files.add(set.files[old]);
  }
  for (SetImage& image : set.images) image.file = ids[image.file];
  set.files = std::move(files);
}

void fail_beyond_stack(const ParticleSet& set, std::size_t position,
                       std::uint64_t images_in_stack) {
  const SetImage& image = set.images[position];
  fail({.code = ErrorCode::inconsistent,
        .path = set.path,
        .format = set.format == SetFormat::cs ? "CS" : "STAR",
        .field = set.label + " of row " + std::to_string(image.row + std::uint64_t{1}),
        .frame = image.number,
        .expected = "a number from 1 to " + std::to_string(images_in_stack) + " in " +
                    set.path_of(image.file),
        .found = std::to_string(image.number)});
}

}  // namespace quickbeam::io
