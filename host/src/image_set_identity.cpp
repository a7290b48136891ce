// SPDX-License-Identifier: BSD-3-Clause
// What tells the images of one set from those of another.
#include <string>
#include <string_view>

#include <quickbeam/image_set.hpp>

#include "host/src/image_set_state.hpp"
#include "io/md5.hpp"

namespace quickbeam {
namespace {

/// What tells a file from another of the same name.
std::string facts_text(std::string_view name, const SetFile& file) {
  std::string text(name);
  for (const std::uint64_t number :
       {file.stored_bytes, file.first_pixel, static_cast<std::uint64_t>(file.images)})
    text += " " + std::to_string(number);
  return text + " " + std::to_string(file.extent.width) + " x " +
         std::to_string(file.extent.height) + " " + std::string(name_of(file.type)) + "\n";
}

std::string hexadecimal(const io::Md5Digest& digest) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest) (text += digits[byte >> 4]) += digits[byte & 15];
  return text;
}

}  // namespace

std::string ImageSet::identity(std::size_t group) const {
  std::string text;
  std::uint32_t last = 0;
  for (const std::uint32_t position : order(group)) {
    const std::uint32_t id = state_->file_of(position);
    const SetFile& file = state_->files[id];
    if (text.empty() || id != last)
      text += facts_text(state_->source_of(position).set.files[state_->image(position).file], file);
    text += std::to_string(state_->image(position).number) + "\n";
    last = id;
  }
  return hexadecimal(io::md5_of(std::as_bytes(std::span(text))));
}

}  // namespace quickbeam
