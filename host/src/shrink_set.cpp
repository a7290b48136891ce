// SPDX-License-Identifier: BSD-3-Clause
// The set of the thumbnails: the set that was read with new image names and sizes, or a new one.
#include <algorithm>
#include <filesystem>
#include <map>
#include <tuple>

#include "host/src/image_set_state.hpp"
#include "host/src/name_in_set.hpp"
#include "host/src/shrink_plan.hpp"
#include "io/file_bytes.hpp"
#include "io/set_writer.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t no_group = static_cast<std::size_t>(-1);

class ShrunkSet {
 public:
  ShrunkSet(const ShrinkJob& job, const ImageSet& images, const ShrinkPlan& plan,
            const ShrinkNumbers& numbers)
      : state_(images.state()), plan_(plan), numbers_(numbers), group_of_(numbers.all().size()) {
    for (std::size_t g = 0; g < images.groups().size(); ++g)
      for (const std::uint32_t position : images.order(g))
        group_of_[position] = static_cast<std::uint32_t>(g);
    for (const ShrunkStack& stack : plan.stacks)
      names_.push_back(name_in_set(stack.path, plan.set, job.set.root));
  }

  std::vector<std::string> write() const {
    const SourceSet& first = state_.sources.front();
    if (state_.sources.size() == 1 && !first.by_name)
      if (const auto groups = group_of_optics(first)) return pass_through(first, *groups);
    return write_new();
  }

 private:
  io::GroupTarget target_of(std::size_t group) const {
    const ShrunkStack& stack = plan_.stacks[group];
    return {names_[group], stack.pixel_size_angstrom, stack.to};
  }

  /// The group of images that each optics group is in; none where one is in several.
  std::optional<std::vector<std::size_t>> group_of_optics(const SourceSet& source) const {
    std::vector<std::size_t> groups(source.set.groups.size(), no_group);
    for (std::uint32_t i = 0; i < source.set.images.size(); ++i) {
      const std::uint32_t position = source.first_position + i;
      if (numbers_[position] == 0) continue;
      std::size_t& group = groups[source.set.images[i].group];
      if (group != no_group && group != group_of_[position]) return std::nullopt;
      group = group_of_[position];
    }
    return groups;
  }

  std::vector<std::string> pass_through(const SourceSet& source,
                                        const std::vector<std::size_t>& groups) const {
    std::vector<io::GroupTarget> targets;
    for (const std::size_t group : groups)
      targets.push_back(group == no_group ? io::GroupTarget{} : target_of(group));
    io::FileReader reader;
    const io::FileBytes bytes = reader.read(source.set.path);
    return io::write_particle_set(plan_.set, source.set,
                                  {.groups = targets, .numbers = numbers_.all()}, bytes.bytes);
  }

  /// One optics group for each of a source's in each stack.
  std::vector<std::string> write_new() const {
    io::ParticleSet set;
    set.path = plan_.set;
    std::vector<io::GroupTarget> targets;
    std::map<std::tuple<std::size_t, std::uint32_t, std::size_t>, std::uint32_t> ids;
    for (std::size_t s = 0; s < state_.sources.size(); ++s) {
      const SourceSet& source = state_.sources[s];
      for (std::uint32_t i = 0; i < source.set.images.size(); ++i) {
        const std::uint32_t position = source.first_position + i;
        io::SetImage image = source.set.images[i];
        const std::uint32_t group = group_of_[position];
        if (numbers_[position] != 0) {
          // Stacks given by name have no optics of their own.
          const std::tuple key(source.by_name ? 0 : s + 1, source.by_name ? 0 : image.group, group);
          const auto [at, made] = ids.try_emplace(key, static_cast<std::uint32_t>(targets.size()));
          if (made) {
            set.groups.push_back(optics_of(source, image.group, set.groups.size() + 1));
            targets.push_back(target_of(group));
          }
          image.group = at->second;
        } else {
          image.group = 0;
        }
        set.images.push_back(image);
      }
    }
    set.rows = set.images.size();
    std::vector<std::string> notices =
        io::write_particle_set(plan_.set, set, {.groups = targets, .numbers = numbers_.all()});
    const auto is_set = [](const SourceSet& source) { return !source.by_name; };
    if (std::any_of(state_.sources.begin(), state_.sources.end(), is_set))
      notices.push_back(plan_.set +
                        ": image names and optics only; other columns are kept where the input is "
                        "one set of the same kind");
    return notices;
  }

  static io::OpticsGroup optics_of(const SourceSet& source, std::uint32_t group,
                                   std::size_t number) {
    io::OpticsGroup optics;
    if (!source.by_name && group < source.set.groups.size()) optics = source.set.groups[group];
    optics.number = static_cast<std::int64_t>(number);
    optics.name = "opticsGroup" + std::to_string(number);
    return optics;
  }

  const ImageSet::State& state_;
  const ShrinkPlan& plan_;
  const ShrinkNumbers& numbers_;
  std::vector<std::uint32_t> group_of_;  ///< by position
  std::vector<std::string> names_;       ///< of the stacks, by group
};

}  // namespace

std::vector<std::string> write_shrunk_set(const ShrinkJob& job, const ImageSet& images,
                                          const ShrinkPlan& plan, const ShrinkNumbers& numbers) {
  return ShrunkSet(job, images, plan, numbers).write();
}

}  // namespace quickbeam
