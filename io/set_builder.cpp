// SPDX-License-Identifier: BSD-3-Clause
// File ids, escaping names, groups by key.
#include "io/set_builder.hpp"

#include <filesystem>
#include <limits>

#include "io/image_name.hpp"

namespace quickbeam::io {
namespace {

constexpr std::uint64_t most_images = std::numeric_limits<std::uint32_t>::max();

/// The shortest name of the same file, links not looked at.
std::string normal_name(std::string_view file) {
  return std::filesystem::path(file).lexically_normal().string();
}

void check_inside(std::string_view written, const std::string& normal) {
  const bool absolute = normal.starts_with('/');
  const bool climbs = normal == ".." || normal.starts_with("../");
  if (!absolute && !climbs) return;
  throw SetRefusal{ErrorCode::path_escape, "a name below the root folder (or --allow-outside)",
                   std::string(written)};
}

}  // namespace

void SetBuilder::reserve(std::uint64_t rows) {
  if (rows > most_images)
    fail({.code = ErrorCode::limit,
          .path = set_.path,
          .field = "rows",
          .expected = "at most " + std::to_string(most_images),
          .found = std::to_string(rows)});
  set_.rows = rows;
  set_.images.reserve(rows);
}

void SetBuilder::add_name(std::string_view name, std::uint64_t row, std::uint32_t group) {
  const auto parts = parse_image_name(name);
  if (!parts) throw SetRefusal{ErrorCode::bad_field, "N@file with N from 1 on", std::string(name)};
  add(without_format_hint(parts->file), parts->number, row, group);
}

void SetBuilder::add(std::string_view file, std::int64_t number, std::uint64_t row,
                     std::uint32_t group) {
  if (number > static_cast<std::int64_t>(most_images))
    throw SetRefusal{ErrorCode::limit, "an image number up to " + std::to_string(most_images),
                     std::to_string(number)};
  if (row >= most_images)
    throw SetRefusal{ErrorCode::limit, "at most " + std::to_string(most_images) + " rows",
                     std::to_string(row + 1)};
  set_.images.push_back(
      {file_id(file), static_cast<std::uint32_t>(number), group, static_cast<std::uint32_t>(row)});
}

std::uint32_t SetBuilder::file_id(std::string_view file) {
  if (!names_.empty() && file == last_name_) return last_id_;
  const auto [known, is_new] = names_.emplace(file, 0);
  if (is_new) {
    const std::string normal = normal_name(file);
    if (outside_ == Outside::refuse) check_inside(file, normal);
    const auto id = static_cast<std::uint32_t>(set_.files.size());
    const auto [same, is_new_file] = normal_.emplace(normal, id);
    known->second = same->second;
    if (is_new_file) set_.files.add(file);
  }
  last_name_ = file;
  return last_id_ = known->second;
}

OpticsGroup& SetBuilder::group(const std::string& key, std::uint32_t& id, bool& made) {
  const auto [known, is_new] = groups_.emplace(key, static_cast<std::uint32_t>(set_.groups.size()));
  id = known->second;
  made = is_new;
  if (is_new) {
    OpticsGroup& group = set_.groups.emplace_back();
    group.number = static_cast<std::int64_t>(set_.groups.size());
    group.name = "opticsGroup" + std::to_string(group.number);
  }
  return set_.groups[id];
}

}  // namespace quickbeam::io
