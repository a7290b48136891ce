// SPDX-License-Identifier: BSD-3-Clause
// Opens sets: every file looked at once, images sorted into groups.
#include <algorithm>
#include <map>
#include <tuple>

#include <quickbeam/files.hpp>
#include <quickbeam/image_set.hpp>

#include "host/src/frame_file.hpp"
#include "host/src/image_set_state.hpp"
#include "io/byte_source.hpp"
#include "io/file_bytes.hpp"
#include "io/image_name.hpp"

namespace quickbeam {
namespace {

/// Stacks kept open at a time, well below the usual limit of 1024 files a process.
constexpr std::size_t most_open_files = 256;

std::string text_of(Extent extent) {
  return std::to_string(extent.width) + " x " + std::to_string(extent.height);
}

SetFile facts_of(const io::StackFile& stack) {
  const io::StackInfo& info = stack.info();
  SetFile file;
  file.images = info.count;
  file.extent = info.extent;
  file.type = info.type;
  file.pixel_size_angstrom = info.pixel_size_angstrom;
  file.stored_bytes = stack.stored_bytes();
  file.first_pixel = info.layout.first;
  file.is_stack = true;
  return file;
}

/// A file that is read whole. All its images must be alike.
SetFile facts_of_frames(const std::string& path, const ReadPolicy& policy) {
  FrameFile frames;
  frames.open(path, policy);
  const Payload first = frames.shape(0);
  for (std::int64_t k = 1; k < frames.frames(); ++k) {
    const Payload other = frames.shape(k);
    if (other.extent != first.extent || other.type != first.type)
      fail({.code = ErrorCode::unsupported,
            .path = path,
            .format = frames.file().format,
            .field = "images",
            .frame = static_cast<std::uint64_t>(k + 1),
            .expected = "images of one size and type in a file",
            .found = text_of(other.extent) + " behind " + text_of(first.extent)});
  }
  SetFile file;
  file.images = frames.frames();
  file.extent = first.extent;
  file.type = first.type;
  // NumPy's arrays are plain numbers; a detector's counts are not.
  if (frames.file().format == "CBF") file.mask = frames.file().info.mask;
  file.stored_bytes = frames.stored_bytes();
  file.first_pixel = frames.file().streams.front().offset;
  return file;
}

std::string safe_name(std::string name) {
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && c != '.' && c != '_' && c != '-') c = '_';
  }
  return name;
}

/// Makes the state, input by input.
class Opener {
 public:
  Opener(ImageSet::State& state) : state_(state) {}

  void add(std::span<const std::string> inputs) {
    std::vector<ImageAddress> names;  // not yet taken
    for (const std::string& input : inputs) {
      ImageAddress address = parse_address(input);
      bool as_set = false;
      try {
        as_set = !address.number && is_set(address.path);
      } catch (const Error&) {
        // Said when the file is opened.
      }
      if (!as_set) {
        names.push_back(std::move(address));
        continue;
      }
      add_named(names);
      names.clear();
      add_set(address.path);
    }
    add_named(names);
  }

  void sort_into_groups();

 private:
  void add_set(const std::string& path) {
    io::FileReader reader;
    const io::FileBytes bytes = reader.read(path);
    SourceSet source;
    source.set = io::parse_particle_set(
        bytes.bytes, path,
        {.root = state_.options.root,
         .outside = state_.options.allow_outside ? io::Outside::allow : io::Outside::refuse});
    if (!state_.options.root) io::find_root(source.set);
    take(std::move(source));
  }

  void add_named(std::span<const ImageAddress> names) {
    if (names.empty()) return;
    std::vector<std::string> paths;
    for (const ImageAddress& name : names) paths.push_back(name.path);
    SourceSet source{.set = io::set_of_stacks(paths), .by_name = true};
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::int64_t number = names[i].number.value_or(0);
      if (number > std::numeric_limits<std::uint32_t>::max())
        fail_number(names[i].path, number, std::numeric_limits<std::uint32_t>::max());
      source.set.images[i].number = static_cast<std::uint32_t>(number);
    }
    take(std::move(source));
  }

  [[noreturn]] static void fail_number(const std::string& path, std::int64_t number,
                                       std::int64_t most) {
    fail({.code = ErrorCode::inconsistent,
          .path = path,
          .field = "image number",
          .expected = "1 to " + std::to_string(most),
          .found = std::to_string(number)});
  }

  void take(SourceSet source) {
    io::ParticleSet& set = source.set;
    source.first_file = static_cast<std::uint32_t>(state_.files.size());
    source.first_position = state_.positions;
    for (const std::string& notice : set.notices)
      state_.notices.push_back(set.path.empty() ? notice : set.path + ": " + notice);
    std::vector<std::uint64_t> counts(set.files.size());
    for (std::size_t id = 0; id < counts.size(); ++id) {
      state_.files.push_back(look_at(set.path_of(id)));
      counts[id] = static_cast<std::uint64_t>(state_.files.back().images);
    }
    if (set.format == io::SetFormat::list) io::expand_stacks(set, counts);
    check_numbers(source, counts);
    if (set.images.size() > std::numeric_limits<std::uint32_t>::max() - state_.positions)
      fail({.code = ErrorCode::limit,
            .field = "images",
            .expected = "at most 4294967295 in all",
            .found = "more"});
    state_.positions += static_cast<std::uint32_t>(set.images.size());
    state_.sources.push_back(std::move(source));
  }

  SetFile look_at(const std::string& path) {
    SetFile file;
    try {
      file = open_file(path, io::Cut::refuse);
    } catch (const Error& error) {
      failure_of_[static_cast<std::uint32_t>(state_.files.size())] = state_.failures.size();
      state_.failures.push_back({path, error, 0});
      file.failed = error.code() != ErrorCode::truncated || !open_cut(path, file);
    }
    file.path = path;
    return file;
  }

  SetFile open_file(const std::string& path, io::Cut cut) {
    auto stack = io::StackFile::try_open(path, stack_options(state_.options.read, cut));
    if (!stack) return facts_of_frames(path, state_.options.read);
    SetFile file = facts_of(*stack);
    for (const std::string& notice : stack->info().notices)
      state_.notices.push_back(path + ": " + notice);
    if (open_++ < most_open_files)
      file.stack = std::make_shared<const io::StackFile>(*std::move(stack));
    return file;
  }

  /// The images that a cut stack still holds; false when there are none.
  bool open_cut(const std::string& path, SetFile& file) {
    try {
      file = open_file(path, io::Cut::keep_whole);
      file.cut = true;
    } catch (const Error&) {
      return false;  // what was said of the file first is what is wrong with it
    }
    return true;
  }

  void check_numbers(SourceSet& source, std::span<const std::uint64_t> counts) {
    io::ParticleSet& set = source.set;
    for (std::size_t p = 0; p < set.images.size(); ++p) {
      io::SetImage& image = set.images[p];
      const std::uint32_t file = source.first_file + image.file;
      const SetFile& facts = state_.files[file];
      if (facts.failed || (facts.cut && image.number > counts[image.file])) {
        ++state_.failures[failure_of_.at(file)].images;
        continue;
      }
      if (image.number == 0 && counts[image.file] == 1) image.number = 1;
      if (image.number >= 1 && image.number <= counts[image.file]) continue;
      if (source.by_name)
        fail_number(set.path_of(image.file), image.number,
                    static_cast<std::int64_t>(counts[image.file]));
      io::fail_beyond_stack(set, p, counts[image.file]);
    }
  }

  ImageSet::State& state_;
  std::size_t open_ = 0;
  std::map<std::uint32_t, std::size_t> failure_of_;  ///< by file
};

/// Images of one extent and one pixel size; absent pixel sizes are alike.
using GroupKey = std::tuple<std::int64_t, std::int64_t, double>;

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
      if (group.name.empty())
        group.name = std::to_string(group.extent.width) + "x" + std::to_string(group.extent.height);
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
    const GroupKey key{file.extent.width, file.extent.height, pixel_size.value_or(-1)};
    const auto [at, made] = ids_.try_emplace(key, state_.groups.size());
    if (made) {
      state_.groups.push_back({{}, file.extent, file.read_type(), pixel_size, 0});
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

void Opener::sort_into_groups() {
  Groups groups(state_);
  for (const SourceSet& source : state_.sources)
    for (std::size_t p = 0; p < source.set.images.size(); ++p) {
      const io::SetImage& image = source.set.images[p];
      const SetFile& file = state_.files[source.first_file + image.file];
      if (file.failed || image.number > file.images) continue;
      groups.take(source, source.first_position + static_cast<std::uint32_t>(p), image);
    }
  groups.name();
  const auto by_place = [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(state_.file_of(a), state_.image(a).number) <
           std::pair(state_.file_of(b), state_.image(b).number);
  };
  for (auto& order : state_.orders)
    if (!std::is_sorted(order.begin(), order.end(), by_place))
      std::stable_sort(order.begin(), order.end(), by_place);
}

}  // namespace

bool is_set(const std::string& path) {
  if (io::is_set_name(path)) return true;
  if (io::is_frame_name(path) || io::without_format_hint(path).size() != path.size()) return false;
  std::array<std::byte, 4096> head;
  const io::PlainFile file(path);
  return io::is_particle_set(std::span(head).first(file.read(0, head)), path);
}

io::StackOptions stack_options(const ReadPolicy& policy, io::Cut cut) {
  return {.strictness = policy.strict ? io::Strictness::strict : io::Strictness::lenient,
          .mode0 = policy.mode0,
          .cut = cut};
}

const SourceSet& ImageSet::State::source_of(std::uint32_t position) const {
  const auto behind = std::upper_bound(
      sources.begin(), sources.end(), position,
      [](std::uint32_t p, const SourceSet& source) { return p < source.first_position; });
  return *(behind - 1);
}

const io::SetImage& ImageSet::State::image(std::uint32_t position) const {
  const SourceSet& source = source_of(position);
  return source.set.images[position - source.first_position];
}

std::uint32_t ImageSet::State::file_of(std::uint32_t position) const {
  const SourceSet& source = source_of(position);
  return source.first_file + source.set.images[position - source.first_position].file;
}

ImageSet::ImageSet(std::unique_ptr<State> state) : state_(std::move(state)) {}
ImageSet::ImageSet(ImageSet&&) noexcept = default;
ImageSet& ImageSet::operator=(ImageSet&&) noexcept = default;
ImageSet::~ImageSet() = default;

ImageSet ImageSet::open(std::span<const std::string> inputs, const ImageSetOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  Opener opener(*state);
  opener.add(inputs);
  opener.sort_into_groups();
  if (state->groups.empty()) {
    if (!state->failures.empty()) throw state->failures.front().error;
    fail({.code = ErrorCode::usage,
          .path = inputs.empty() ? "" : inputs.front(),
          .field = "images",
          .expected = "at least one",
          .found = "none"});
  }
  return ImageSet(std::move(state));
}

const std::vector<ImageGroup>& ImageSet::groups() const { return state_->groups; }
const std::vector<ImageSetFailure>& ImageSet::failures() const { return state_->failures; }
const std::vector<std::string>& ImageSet::notices() const { return state_->notices; }
std::int64_t ImageSet::positions() const { return state_->positions; }

std::span<const std::uint32_t> ImageSet::order(std::size_t group) const {
  return state_->orders[group];
}

std::string ImageSet::name_of(std::uint32_t position) const {
  const SourceSet& source = state_->source_of(position);
  const io::SetImage& image = state_->image(position);
  const std::string_view file = source.set.files[image.file];
  const SetFile& facts = state_->files[state_->file_of(position)];
  if (facts.images == 1 && source.by_name) return std::string(file);
  return io::image_name(image.number, file);
}

}  // namespace quickbeam
