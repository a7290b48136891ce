// SPDX-License-Identifier: BSD-3-Clause
// What files and sets are, without their pixels; and the statistics of their pixels.
#include <algorithm>
#include <filesystem>
#include <limits>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/error.hpp>
#include <quickbeam/files.hpp>

#include "host/src/frame_file.hpp"
#include "host/src/image_output.hpp"
#include "host/src/image_set_state.hpp"
#include "io/file_bytes.hpp"
#include "io/particle_set.hpp"
#include "io/pixel_statistics.hpp"
#include "io/star.hpp"

namespace quickbeam {
namespace {

std::string_view name_of(io::Compression compression) {
  constexpr std::string_view names[] = {"none", "gzip", "bzip2"};
  return names[static_cast<std::size_t>(compression)];
}

StreamDescription describe(const io::Stream& stream) {
  const Payload& p = stream.payload;
  const std::uint64_t bytes =
      is_plain(p.encoding)
          ? stored_image_bytes(p.encoding, p.type, p.extent) * static_cast<std::uint64_t>(p.depth)
          : p.bytes.size();
  return {p.encoding, p.type, p.extent, p.depth, stream.offset, bytes, !stream.md5.empty()};
}

FileDescription describe_images(const std::string& path, const ReadPolicy& policy) {
  FrameFile file;
  file.open(path, policy);
  FileDescription d{.format = file.file().format,
                    .compression = std::string(name_of(file.compression())),
                    .stored_bytes = file.stored_bytes(),
                    .unpacked_bytes = file.unpacked_bytes(),
                    .header = file.file().header,
                    .attributes = file.file().attributes,
                    .info = file.file().info,
                    .streams = {},
                    .frames = file.frames(),
                    .groups = {},
                    .stacks = {}};
  for (const auto& stream : file.file().streams) d.streams.push_back(describe(stream));
  if (const io::StackFile* const stack = file.stack()) {
    d.pixel_size_angstrom = stack->info().pixel_size_angstrom;
    d.volume_depth = stack->info().volume_depth;
    const io::HeaderStatistics& claimed = stack->info().statistics;
    d.claimed = {claimed.min, claimed.max, claimed.mean, claimed.sd};
  }
  return d;
}

/// "_rlnImageName, _rlnOpticsGroup": the columns of the table of particles.
std::string columns_of(const io::ParticleSet& set, std::string_view text) {
  if (set.format == io::SetFormat::cs || set.format == io::SetFormat::list) return "";
  const io::StarDocument document(text, set.path);
  const io::StarTable* const table = document.with_label(set.label);
  std::string columns;
  if (table != nullptr)
    for (const io::StarLabel& label : table->labels)
      columns += (columns.empty() ? "" : ", ") + printable(label.text);
  return columns;
}

void add_groups(const io::ParticleSet& set, FileDescription& d) {
  for (const io::OpticsGroup& group : set.groups)
    d.groups.push_back({group.name, 0, group.image_size, group.pixel_size_angstrom,
                        group.voltage_kv, group.spherical_aberration_mm, group.amplitude_contrast});
  std::error_code ignored;
  for (std::size_t id = 0; id < set.files.size(); ++id)
    d.stacks.push_back(
        {std::string(set.files[id]), 0, !std::filesystem::exists(set.path_of(id), ignored)});
  for (const io::SetImage& image : set.images) {
    if (image.group < d.groups.size()) ++d.groups[image.group].count;
    d.stacks[image.file].count += image.number == 0 && set.format == io::SetFormat::list ? 0 : 1;
  }
  const auto same = [&](const SetGroup& group) {
    return group.pixel_size_angstrom == d.groups.front().pixel_size_angstrom;
  };
  if (!d.groups.empty() && std::all_of(d.groups.begin(), d.groups.end(), same))
    d.pixel_size_angstrom = d.groups.front().pixel_size_angstrom;
}

FileDescription describe_set(const std::string& path, const ImageSetOptions& options) {
  io::FileReader reader;
  const io::FileBytes bytes = reader.read(path);
  io::ParticleSet set = io::parse_particle_set(
      bytes.bytes, path,
      {.root = options.root,
       .outside = options.allow_outside ? io::Outside::allow : io::Outside::refuse});
  if (!options.root) io::find_root(set);
  FileDescription d{.format = std::string(io::name_of(set.format)),
                    .compression = std::string(name_of(bytes.compression)),
                    .stored_bytes = bytes.stored_size,
                    .unpacked_bytes = bytes.bytes.size(),
                    .header = {},
                    .attributes = {},
                    .info = {},
                    .streams = {},
                    .frames = static_cast<std::int64_t>(set.images.size()),
                    .groups = {},
                    .stacks = {}};
  if (set.disabled() > 0) d.attributes.emplace_back("disabled", std::to_string(set.disabled()));
  d.attributes.emplace_back("image names in", set.label);
  const std::string_view text(reinterpret_cast<const char*>(bytes.bytes.data()),
                              bytes.bytes.size());
  if (const std::string columns = columns_of(set, text); !columns.empty())
    d.attributes.emplace_back("columns", columns);
  d.info.notices = set.notices;
  add_groups(set, d);
  return d;
}

/// Joins the pixels of a group, some images at a time.
void measure_group(ImageReader& reader, std::size_t index, const ImageGroup& group,
                   Buffer<std::byte>& memory, io::PixelStatistics& all) {
  constexpr std::int64_t most_bytes = std::int64_t{4} << 20;
  const std::int64_t image_bytes =
      group.extent.pixels() * static_cast<std::int64_t>(size_of(group.type));
  const std::int64_t batch = std::max<std::int64_t>(1, most_bytes / image_bytes);
  for (std::int64_t first = 0; first < group.count; first += batch) {
    const std::int64_t count = std::min(batch, group.count - first);
    const auto bytes = memory.resize(static_cast<std::size_t>(count * image_bytes));
    reader.read(index, first, count, {0, group.extent.height}, bytes);
    visit_type(group.type, [&]<class T>(TypeTag<T>) {
      all.merge(io::pixel_statistics(
          std::span<const T>(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T))));
    });
  }
}

Recipe count_recipe() {
  Recipe recipe = preset("standard");
  set_option(recipe, "reduce", "none");
  return recipe;
}

/// No level is too low for a density.
Recipe density_recipe() {
  Recipe recipe = count_recipe();
  recipe.tone = {ToneCurve::linear};
  recipe.palette = PaletteName::gray;
  recipe.floor = std::numeric_limits<double>::lowest();
  return recipe;
}

}  // namespace

FileDescription describe_file(const std::string& path, const ReadPolicy& policy) {
  return describe_file(path, ImageSetOptions{.read = policy});
}

FileDescription describe_file(const std::string& path, const ImageSetOptions& options) {
  return is_set(path) ? describe_set(path, options) : describe_images(path, options.read);
}

MeasuredPixels measure_pixels(const std::string& input, const ImageSetOptions& options) {
  const ImageSet set = ImageSet::open({&input, 1}, options);
  if (!set.failures().empty()) throw set.failures().front().error;
  ImageReader reader(set);
  Buffer<std::byte> memory;
  io::PixelStatistics all;
  for (std::size_t g = 0; g < set.groups().size(); ++g)
    measure_group(reader, g, set.groups()[g], memory, all);
  MeasuredPixels measured{
      .images = set.positions(), .count = all.count, .left_out = all.non_finite};
  if (all.count > 0) measured.summary = {all.min, all.max, all.mean, all.sd()};
  return measured;
}

Recipe picture_recipe(const ImageAddress& source, const ImageSetOptions& options) {
  const bool counts =
      !is_set(source.path) && describe_images(source.path, options.read).info.mask.negatives;
  return counts ? count_recipe() : density_recipe();
}

Recipe picture_recipe(const LoadedImage& image) {
  return image.info.mask.negatives ? count_recipe() : density_recipe();
}

}  // namespace quickbeam
