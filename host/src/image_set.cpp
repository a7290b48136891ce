// SPDX-License-Identifier: BSD-3-Clause
// What an open set says of its images, and how the files of sets are opened.
#include <quickbeam/image_set.hpp>

#include <algorithm>
#include <array>

#include "host/src/image_set_state.hpp"
#include "io/byte_source.hpp"
#include "io/image_file.hpp"
#include "io/image_name.hpp"

namespace quickbeam {

bool is_set(const std::string& path) {
  if (io::is_set_name(path)) return true;
  if (io::is_frame_name(path) || io::without_format_hint(path).size() != path.size()) return false;
  std::array<std::byte, 4096> head;
  const io::PlainFile file(path);
  return io::is_particle_set(std::span(head).first(file.read(0, head)), path);
}

io::StackOptions stack_options(const ReadPolicy& policy, io::Cut cut) {
  return {.strictness = policy.strict ? io::Strictness::strict : io::Strictness::lenient,
          .reading = policy.reading,
          .mode0 = policy.mode0,
          .cut = cut};
}

io::StackOptions stack_options(const ImageSetOptions& options, io::Cut cut) {
  io::StackOptions stack = stack_options(options.read, cut);
  if (options.items != ImageItems::volumes) return stack;
  stack.reading = StackReading::volume;
  stack.unit = io::ImageUnit::volume;
  return stack;
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
