// SPDX-License-Identifier: BSD-3-Clause
// Sorts the images of a set into groups of one extent and one pixel size.
#include <algorithm>
#include <map>
#include <tuple>

#include "host/src/image_set_state.hpp"

namespace quickbeam {
namespace {

std::string safe_name(std::string name) {
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && c != '.' && c != '_' && c != '-') c = '_';
  }
  return name;
}

/// "64x64", of volumes "64x64x32".
std::string size_of_images(const ImageGroup& group) {
  const std::int64_t height = group.extent.height / group.sections;
  std::string text = std::to_string(group.extent.width) + "x" + std::to_string(height);
  if (group.sections > 1) text += "x" + std::to_string(group.sections);
  return text;
}

/// Images of one extent and one pixel size; absent pixel sizes are alike.
using GroupKey = std::tuple<std::int64_t, std::int64_t, std::int64_t, double>;

/// Gathers groups while positions go by; what is asked for is mostly what was asked for last.
class Groups {
 public:
  explicit Groups(ImageSet::State& state) : state_(state) {}

  void take(const SourceSet& source, std::uint32_t position, const io::SetImage& image) {
    const std::uint32_t file = source.first_file + image.file;
    if (&source != source_ || file != file_ || image.group != optics_)
      group_ = find(source, file, image.group);
    source_ = &source;
    file_ = file;
    optics_ = image.group;
    state_.orders[group_].push_back(position);
  }

  /// Names that tell the groups apart.
  void name() {
    std::map<std::string, int> taken;
    for (std::size_t g = 0; g < state_.groups.size(); ++g) {
      ImageGroup& group = state_.groups[g];
      group.count = static_cast<std::int64_t>(state_.orders[g].size());
      group.name = safe_name(optics_names_[g].value_or(""));
      if (group.name.empty()) group.name = size_of_images(group);
      const std::string first_choice = group.name;
      while (taken[group.name]++ != 0)
        group.name = first_choice + "_" + std::to_string(taken[first_choice]++);
    }
  }

 private:
  std::size_t find(const SourceSet& source, std::uint32_t file_id, std::uint32_t optics) {
    const SetFile& file = state_.files[file_id];
    std::optional<double> pixel_size;
    std::string name;
    if (!source.by_name && optics < source.set.groups.size()) {
      pixel_size = source.set.groups[optics].pixel_size_angstrom;
      name = source.set.groups[optics].name;
    }
    if (!pixel_size) pixel_size = file.pixel_size_angstrom;
    const GroupKey key{file.extent.width, file.extent.height, file.sections,
                       pixel_size.value_or(-1)};
    const auto [at, made] = ids_.try_emplace(key, state_.groups.size());
    if (made) {
      state_.groups.push_back({{}, file.extent, file.sections, file.read_type(), pixel_size, 0});
      state_.orders.emplace_back();
      optics_names_.emplace_back(name);
    }
    ImageGroup& group = state_.groups[at->second];
    if (group.type != file.read_type()) group.type = PixelType::f64;
    auto& known = optics_names_[at->second];
    if (known && *known != name) known.reset();
    return at->second;
  }

  ImageSet::State& state_;
  std::map<GroupKey, std::size_t> ids_;
  std::vector<std::optional<std::string>> optics_names_;  ///< none: several
  const SourceSet* source_ = nullptr;
  std::uint32_t file_ = 0, optics_ = 0;
  std::size_t group_ = 0;
};

}  // namespace

void ImageSet::State::sort_into_groups() {
  Groups sorted(*this);
  for (const SourceSet& source : sources)
    for (std::size_t p = 0; p < source.set.images.size(); ++p) {
      const io::SetImage& image = source.set.images[p];
      const SetFile& file = files[source.first_file + image.file];
      if (file.failed || image.number > file.images) continue;
      sorted.take(source, source.first_position + static_cast<std::uint32_t>(p), image);
    }
  sorted.name();
  const auto by_place = [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(file_of(a), image(a).number) < std::pair(file_of(b), image(b).number);
  };
  for (auto& order : orders)
    if (!std::is_sorted(order.begin(), order.end(), by_place))
      std::stable_sort(order.begin(), order.end(), by_place);
}

}  // namespace quickbeam
