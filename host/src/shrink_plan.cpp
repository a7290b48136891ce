// SPDX-License-Identifier: BSD-3-Clause
// Plans a shrink: output names and their checks, thumbnail sizes, image numbers.
#include "host/src/shrink_plan.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include <quickbeam/files.hpp>
#include <quickbeam/output_name.hpp>

#include "host/src/image_set_state.hpp"
#include "host/src/input_files.hpp"
#include "io/ascii.hpp"
#include "io/image_name.hpp"
#include "io/stack_spec.hpp"
#include "kernels/resample.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t largest_size = 1 << 20;

std::string suffix_of(const std::string& path) {
  std::string suffix = fs::path(path).extension().string();
  for (char& c : suffix) c = io::ascii_lower(c);
  return suffix;
}

[[noreturn]] void refuse(std::string field, std::string expected, std::string found) {
  fail({.code = ErrorCode::usage,
        .field = std::move(field),
        .expected = std::move(expected),
        .found = std::move(found)});
}

void check_options(const ShrinkJob& job, const std::string& set) {
  if (job.size < 1 || job.size > largest_size)
    refuse("--size", "1 to " + std::to_string(largest_size) + " pixels", std::to_string(job.size));
  if (job.set.items == ImageItems::volumes)
    refuse("items", "sections, which are images", "volumes");
  if (!io::is_stack_target(job.output))
    refuse("-o", "a stack to write: .mrcs, .mrc, .st, .stk or .spi",
           job.output.empty() ? "nothing" : job.output);
  if (const std::string suffix = suffix_of(set); suffix != ".star" && suffix != ".xmd")
    refuse("--set", "a set to write: .star or .xmd", set);
}

/// "out.mrcs" -> "out_GROUP.mrcs".
std::string with_group(const std::string& output, const std::string& group) {
  const fs::path path(output);
  return (path.parent_path() / (path.stem().string() + "_" + group + path.extension().string()))
      .string();
}

std::string text_of(Extent extent) {
  return std::to_string(extent.width) + " x " + std::to_string(extent.height);
}

/// The longer side is the one that becomes the size asked for, and tells the shrink.
double shrink_of(Extent from, Extent to) {
  return static_cast<double>(std::max(from.width, from.height)) /
         static_cast<double>(std::max(to.width, to.height));
}

std::vector<std::string> names_of_inputs(const ShrinkJob& job, const ImageSet& images) {
  std::vector<std::string> names;
  for (const std::string& input : job.inputs) names.push_back(parse_address(input).path);
  for (const SetFile& file : images.state().files) names.push_back(file.path);
  for (std::string& name : names) name.resize(io::without_format_hint(name).size());
  return names;
}

/// Two names are one where a file system that knows no capital letters would take them for one.
std::string folded(const std::string& path) {
  std::string text = fs::absolute(path).lexically_normal().string();
  for (char& c : text) c = io::ascii_lower(c);
  return text;
}

void check_outputs(const ShrinkJob& job, const ImageSet& images,
                   const std::vector<std::string>& outputs) {
  const std::vector<std::string> names = names_of_inputs(job, images);
  InputFiles inputs(names);
  std::map<std::string, std::string> taken;
  for (const std::string& output : outputs) {
    const auto refuse_name = [&](std::string expected, std::string found) {
      fail({.code = ErrorCode::inconsistent,
            .path = output,
            .field = "output name",
            .expected = std::move(expected),
            .found = std::move(found)});
    };
    const auto [owner, fresh] = taken.emplace(folded(output), output);
    if (!fresh) refuse_name("a name for each output", "the output " + owner->second + " too");
    if (const std::string* same = inputs.same_as(output))
      refuse_name("a file other than the inputs", "the input " + *same);
  }
}

}  // namespace

ShrinkPlan::ShrinkPlan(const ShrinkJob& job, const ImageSet& images) {
  set = job.set_output.empty() ? fs::path(job.output).replace_extension(".star").string()
                               : job.set_output;
  check_options(job, set);
  std::vector<std::string> outputs = {set};
  for (const ImageGroup& group : images.groups()) {
    ShrunkStack stack{
        .path = images.groups().size() == 1 ? job.output : with_group(job.output, group.name),
        .group = group.name,
        .from = group.extent,
        .to = kernels::thumbnail_extent(group.extent, {job.size, job.size}),
        .images = group.count};
    if (group.pixel_size_angstrom)
      stack.pixel_size_angstrom = *group.pixel_size_angstrom * shrink_of(stack.from, stack.to);
    if (stack.from == stack.to)
      notices.push_back(stack.path + ": images of " + text_of(stack.from) +
                        " pixels are copied, for nothing is enlarged");
    outputs.push_back(stack.path);
    stacks.push_back(std::move(stack));
  }
  check_outputs(job, images, outputs);
}

void ShrinkPlan::make_folders() const {
  const auto make = [](const std::string& output) {
    const fs::path folder = fs::path(output).parent_path();
    make_output_folder(folder.empty() ? "." : folder.string());
  };
  make(set);
  for (const ShrunkStack& stack : stacks) make(stack.path);
}

ShrinkNumbers::ShrinkNumbers(const ImageSet& images)
    : images_(images),
      numbers_(static_cast<std::size_t>(images.positions())),
      counts_(images.groups().size()) {
  for (std::size_t g = 0; g < counts_.size(); ++g) {
    for (const std::uint32_t position : images.order(g)) numbers_[position] = 1;
    number(g);
  }
}

void ShrinkNumbers::leave_out(std::size_t group, std::span<const std::uint32_t> positions) {
  for (const std::uint32_t position : positions) numbers_[position] = 0;
  number(group);
}

void ShrinkNumbers::number(std::size_t group) {
  const auto order = images_.order(group);
  std::vector<std::uint32_t> positions(order.begin(), order.end());
  std::sort(positions.begin(), positions.end());
  std::uint32_t next = 0;
  for (const std::uint32_t position : positions)
    if (numbers_[position] != 0) numbers_[position] = ++next;
  counts_[group] = next;
}

}  // namespace quickbeam
