// SPDX-License-Identifier: BSD-3-Clause
// What an open set says of its images.
#include <quickbeam/image_set.hpp>

#include <algorithm>

#include "host/src/image_set_state.hpp"
#include "io/image_name.hpp"

namespace quickbeam {

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
