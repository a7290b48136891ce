// SPDX-License-Identifier: BSD-3-Clause
// Opens sets: every file looked at once.
#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include <quickbeam/files.hpp>
#include <quickbeam/image_set.hpp>

#include "host/src/frame_file.hpp"
#include "host/src/image_output.hpp"
#include "host/src/image_set_state.hpp"
#include "io/file_bytes.hpp"

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
  file.sections = info.sections;
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

/// Inputs in a row that become one source: files by their names, or chosen images of one set.
struct InputRun {
  bool of_set = false;
  std::vector<ImageAddress> inputs{};
  std::set<std::int64_t> numbers{};  ///< of a set: a row of its table is taken once

  bool takes(const ImageAddress& input, bool is_of_set) const {
    if (inputs.empty() || is_of_set != of_set) return false;
    return !of_set || (input.number && inputs.front().number && input.path == inputs.front().path &&
                       !numbers.contains(*input.number));
  }
  void push(ImageAddress input) {
    if (input.number) numbers.insert(*input.number);
    inputs.push_back(std::move(input));
  }
};

/// Makes the state, input by input.
class Opener {
 public:
  Opener(ImageSet::State& state) : state_(state) {}

  void add(std::span<const std::string> inputs) {
    InputRun run;
    for (const std::string& text : inputs) {
      ImageAddress input = parse_address(text);
      const bool of_set = is_of_set(input.path);
      if (!run.takes(input, of_set)) {
        add_run(run);
        run = {.of_set = of_set};
      }
      run.push(std::move(input));
    }
    add_run(run);
  }

 private:
  /// The answer is kept: thousands of images may be of one file.
  bool is_of_set(const std::string& path) {
    if (path == last_path_) return last_is_set_;
    last_path_ = path;
    try {
      last_is_set_ = is_set(path);
    } catch (const Error&) {
      last_is_set_ = false;  // why is said when the file is opened
    }
    return last_is_set_;
  }

  void add_run(const InputRun& run) {
    if (run.inputs.empty()) return;
    if (!run.of_set) return add_named(run.inputs);
    std::vector<std::int64_t> numbers;
    for (const ImageAddress& input : run.inputs)
      if (input.number) numbers.push_back(*input.number);
    add_set(run.inputs.front().path, numbers);
  }

  /// All images of a set, or those with these numbers, from 1.
  void add_set(const std::string& path, std::span<const std::int64_t> numbers) {
    if (state_.options.items == ImageItems::volumes)
      fail({.code = ErrorCode::usage,
            .path = path,
            .field = "volumes",
            .expected = "files of volumes by their names",
            .found = "a set, which names images"});
    io::FileReader reader;
    const io::FileBytes bytes = reader.read(path);
    SourceSet source;
    source.set = io::parse_particle_set(
        bytes.bytes, path,
        {.root = state_.options.root,
         .outside = state_.options.allow_outside ? io::Outside::allow : io::Outside::refuse});
    if (!state_.options.root) io::find_root(source.set);
    // What a number means in a list is known when its stacks have been counted.
    const bool is_list = source.set.format == io::SetFormat::list;
    if (!numbers.empty() && !is_list) {
      choose(source.set, numbers);
      io::drop_unused_files(source.set);
    }
    take(std::move(source), is_list ? numbers : std::span<const std::int64_t>());
  }

  static void choose(io::ParticleSet& set, std::span<const std::int64_t> numbers) {
    std::vector<io::SetImage> chosen;
    for (const std::int64_t number : numbers) {
      if (number > std::ssize(set.images)) fail_beyond(set.path, std::ssize(set.images), number);
      chosen.push_back(set.images[static_cast<std::size_t>(number - 1)]);
    }
    set.images = std::move(chosen);
  }

  void add_named(std::span<const ImageAddress> names) {
    std::vector<std::string> paths;
    for (const ImageAddress& name : names) paths.push_back(name.path);
    SourceSet source{.set = io::set_of_stacks(paths), .by_name = true};
    for (std::size_t i = 0; i < names.size(); ++i) {
      constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
      const std::int64_t number = names[i].number.value_or(0);
      if (number > most) fail_beyond(names[i].path, most, number);
      source.set.images[i].number = static_cast<std::uint32_t>(number);
    }
    take(std::move(source), {});
  }

  /// `numbers`: of the images of a list that are meant; none = all.
  void take(SourceSet source, std::span<const std::int64_t> numbers) {
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
    if (!numbers.empty()) check_counted(source, std::ranges::max(numbers));
    if (set.format == io::SetFormat::list) io::expand_stacks(set, counts);
    if (!numbers.empty()) choose(set, numbers);
    check_numbers(source, counts);
    if (set.images.size() > std::numeric_limits<std::uint32_t>::max() - state_.positions)
      fail({.code = ErrorCode::limit,
            .field = "images",
            .expected = "at most 4294967295 in all",
            .found = "more"});
    state_.positions += static_cast<std::uint32_t>(set.images.size());
    state_.sources.push_back(std::move(source));
  }

  /// Image numbers of a list mean nothing behind a stack that could not be counted.
  void check_counted(const SourceSet& source, std::int64_t number) const {
    for (const io::SetImage& image : source.set.images) {
      if (number <= 0) return;
      const std::uint32_t file = source.first_file + image.file;
      const auto failure = failure_of_.find(file);
      if (image.number == 0 && failure != failure_of_.end())
        throw state_.failures[failure->second].error;
      number -= image.number == 0 ? state_.files[file].images : 1;
    }
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
    auto stack = io::StackFile::try_open(path, stack_options(state_.options, cut));
    if (!stack && state_.options.items == ImageItems::volumes)
      fail({.code = ErrorCode::unsupported,
            .path = path,
            .field = "volumes",
            .expected = "MRC or Spider",
            .found = "another format"});
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
        fail_beyond(set.path_of(image.file), static_cast<std::int64_t>(counts[image.file]),
                    image.number);
      io::fail_beyond_stack(set, p, counts[image.file]);
    }
  }

  ImageSet::State& state_;
  std::size_t open_ = 0;
  std::string last_path_;
  bool last_is_set_ = false;
  std::map<std::uint32_t, std::size_t> failure_of_;  ///< by file
};

}  // namespace

ImageSet ImageSet::open(std::span<const std::string> inputs, const ImageSetOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  Opener(*state).add(inputs);
  state->sort_into_groups();
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

}  // namespace quickbeam
