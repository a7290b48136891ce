// SPDX-License-Identifier: BSD-3-Clause
// Sets converted: their images gathered into one stack, or the set alone in another format.
#include <algorithm>
#include <filesystem>
#include <optional>

#include <quickbeam/core/error.hpp>
#include <quickbeam/files.hpp>
#include <quickbeam/image_set.hpp>

#include "host/src/image_output.hpp"
#include "host/src/image_set_state.hpp"
#include "host/src/input_files.hpp"
#include "host/src/name_in_set.hpp"
#include "io/atomic_file.hpp"
#include "io/file_bytes.hpp"
#include "io/npy.hpp"
#include "io/set_writer.hpp"
#include "io/stack_writer.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;

/// Where gathered images go: .npy or a stack, at any place in any order.
class GatheredStack {
 public:
  GatheredStack(const std::string& path, PixelType type, Extent extent, std::int64_t count,
                double pixel_size) {
    if (!path.ends_with(".npy")) {
      const io::StackFormat format = io::stack_format_named(path);
      stack_.emplace(path, io::StackSpec{.format = format,
                                         .extent = extent,
                                         .contents = io::StackContents::images,
                                         .stored = stored_as(format, type),
                                         .pixel_size_angstrom = pixel_size,
                                         .expected = count});
      return;
    }
    npy_ = std::make_unique<io::AtomicFile>(path);
    Buffer<std::byte> header;
    npy_->write(io::npy_header(type, extent, count, header));
    first_byte_ = header.size();
  }

  void put(std::int64_t index, ConstAnyView image) {
    if (stack_) return stack_->put(index, image);
    const auto bytes = static_cast<std::size_t>(image.extent.pixels()) * size_of(image.type);
    npy_->write_at(first_byte_ + static_cast<std::uint64_t>(index) * bytes, {image.data, bytes});
  }
  std::vector<std::string> finish() {
    if (stack_) return clipped_notice(stack_->finish().clipped);
    npy_->commit();
    return {};
  }

 private:
  std::optional<io::StackWriter> stack_;
  std::unique_ptr<io::AtomicFile> npy_;
  std::uint64_t first_byte_ = 0;
};

std::string text_of(const ImageGroup& group) {
  return std::to_string(group.extent.width) + " x " + std::to_string(group.extent.height) + " (" +
         group.name + ")";
}

/// One size for all; the type and the pixel size they share, if they do.
ImageGroup common(const std::vector<ImageGroup>& groups, const std::string& source) {
  ImageGroup all = groups.front();
  for (const ImageGroup& group : groups) {
    if (group.extent != all.extent)
      fail({.code = ErrorCode::inconsistent,
            .path = source,
            .field = "images",
            .expected = "one size for a single stack",
            .found = text_of(all) + " and " + text_of(group)});
    if (group.type != all.type) all.type = PixelType::f64;
    if (group.pixel_size_angstrom != all.pixel_size_angstrom) all.pixel_size_angstrom.reset();
  }
  return all;
}

/// Reads a group in the order of its files, some megabytes at a time; writes in that of the set.
void gather(const ImageSet& set, std::size_t index, ImageReader& reader, PixelType type,
            GatheredStack& out) {
  const ImageGroup& group = set.groups()[index];
  const auto order = set.order(index);
  const auto image_bytes = static_cast<std::size_t>(group.extent.pixels()) * size_of(group.type);
  const std::int64_t batch =
      std::max<std::int64_t>(1, (std::int64_t{4} << 20) / static_cast<std::int64_t>(image_bytes));
  Buffer<std::byte> memory;
  Image as_double;
  for (std::int64_t first = 0; first < group.count; first += batch) {
    const std::int64_t count = std::min(batch, group.count - first);
    const auto bytes = memory.resize(static_cast<std::size_t>(count) * image_bytes);
    reader.read(index, first, count, {0, group.extent.height}, bytes);
    for (std::int64_t k = 0; k < count; ++k) {
      ConstAnyView image{group.type, bytes.data() + static_cast<std::size_t>(k) * image_bytes,
                         group.extent};
      if (group.type != type) {
        as_double.reshape(type, group.extent);
        visit(image, [&](auto view) {
          std::transform(view.data, view.data + group.extent.pixels(), as_double.as<double>().data,
                         [](auto v) { return static_cast<double>(v); });
        });
        image = as_double.const_view();
      }
      out.put(order[static_cast<std::size_t>(first + k)], image);
    }
  }
}

/// The file next to `target` that names its images.
std::string set_beside(const std::string& target, io::SetFormat format) {
  return fs::path(target)
      .replace_extension(format == io::SetFormat::xmd ? ".xmd" : ".star")
      .string();
}

/// Of a set read alone: its own name before each is left out.
std::vector<std::string> notices_of(const ImageSet& images, const std::string& source) {
  std::vector<std::string> notices = images.notices();
  const std::string prefix = source + ": ";
  for (std::string& notice : notices)
    if (notice.starts_with(prefix)) notice.erase(0, prefix.size());
  return notices;
}

void check_spares_source(const std::string& written, const std::string& source) {
  std::error_code ignored;
  if (!fs::equivalent(written, source, ignored)) return;
  fail({.code = ErrorCode::usage,
        .path = source,
        .field = "target",
        .expected = "another name, for the set is written beside it",
        .found = "one that would replace the set that is read"});
}

/// A stack that is gathered from would be gone, with its other images.
void check_spares_files(const std::string& target, const ImageSet& images) {
  std::vector<std::string> paths;
  for (const SetFile& file : images.state().files) paths.push_back(file.path);
  InputFiles inputs(paths);
  if (const std::string* same = inputs.same_as(target))
    fail({.code = ErrorCode::usage,
          .path = target,
          .field = "target",
          .expected = "another name than that of a file the set takes its images from",
          .found = *same});
}

/// Images named by the user have no optics groups: those of the files' own facts become theirs.
io::ParticleSet with_groups(const ImageSet& images) {
  io::ParticleSet set = images.state().sources.front().set;
  set.groups.clear();
  for (std::size_t g = 0; g < images.groups().size(); ++g) {
    io::OpticsGroup group;
    group.name = "opticsGroup" + std::to_string(g + 1);
    group.number = static_cast<std::int64_t>(g) + 1;
    group.pixel_size_angstrom = images.groups()[g].pixel_size_angstrom;
    group.image_size = images.groups()[g].extent;
    set.groups.push_back(std::move(group));
    for (const std::uint32_t position : images.order(g))
      set.images[position].group = static_cast<std::uint32_t>(g);
  }
  return set;
}

bool is_below(const std::string& path, const std::string& folder) {
  const fs::path from = fs::absolute(folder).lexically_normal();
  const fs::path relative = fs::absolute(path).lexically_normal().lexically_relative(from);
  return !relative.empty() && *relative.begin() != "..";
}

/// Names as a set at `target` needs them: those that begin at a root it is not below, and absolute
/// ones, change.
void rename_files(io::ParticleSet& set, const std::string& target,
                  const std::optional<std::string>& root) {
  const bool same_root = set.root.empty() || root || is_below(target, set.root);
  io::NamePool names;
  for (std::size_t id = 0; id < set.files.size(); ++id) {
    const std::string name(set.files[id]);
    const bool stays = same_root && !name.starts_with('/');
    names.add(stays ? name : name_in_set(set.path_of(id), target, root));
  }
  set.files = std::move(names);
}

std::vector<std::string> write_set(const std::string& path, const io::ParticleSet& set,
                                   std::span<const io::GroupTarget> groups) {
  const bool is_text = set.format != io::SetFormat::list && set.format != io::SetFormat::cs;
  io::FileReader reader;
  io::FileBytes bytes;
  if (is_text) bytes = reader.read(set.path);
  return io::write_particle_set(path, set, {.groups = groups}, bytes.bytes);
}

}  // namespace

std::vector<std::string> gather_set(const std::string& source, const std::string& target,
                                    const ImageSetOptions& options) {
  const ImageSet images = ImageSet::open({&source, 1}, options);
  if (!images.failures().empty()) throw images.failures().front().error;
  const ImageGroup all = common(images.groups(), source);
  const bool is_list = images.state().sources.front().set.format == io::SetFormat::list;
  io::ParticleSet set =
      is_list ? with_groups(images) : io::ParticleSet(images.state().sources.front().set);
  const std::string beside = set_beside(target, set.format);
  check_spares_source(beside, source);
  check_spares_files(target, images);
  GatheredStack out(target, all.type, all.extent, images.positions(),
                    all.pixel_size_angstrom.value_or(0));
  ImageReader reader(images);
  for (std::size_t g = 0; g < images.groups().size(); ++g) gather(images, g, reader, all.type, out);
  std::vector<std::string> notices = notices_of(images, source);
  for (std::string& notice : out.finish()) notices.push_back(std::move(notice));
  const std::vector<io::GroupTarget> groups(
      set.groups.size(),
      {.stack = name_in_set(target, beside, options.root), .image_size = all.extent});
  for (std::string& notice : write_set(beside, set, groups)) notices.push_back(std::move(notice));
  notices.push_back("the set is " + beside);
  return notices;
}

std::vector<std::string> convert_set(const std::string& source, const std::string& target,
                                     const ImageSetOptions& options) {
  io::ParticleSet set;
  if (is_set(source)) {
    io::FileReader reader;
    const io::FileBytes bytes = reader.read(source);
    set = io::parse_particle_set(
        bytes.bytes, source,
        {.root = options.root,
         .outside = options.allow_outside ? io::Outside::allow : io::Outside::refuse});
    if (!options.root && set.format != io::SetFormat::list) io::find_root(set);
  }
  check_spares_source(target, source);
  std::vector<std::string> notices = set.notices;
  if (set.format == io::SetFormat::list) {  // also a stack: how many images, and what they are
    const ImageSet images = ImageSet::open({&source, 1}, options);
    if (!images.failures().empty()) throw images.failures().front().error;
    notices = notices_of(images, source);
    set = with_groups(images);
  }
  rename_files(set, target, options.root);
  const std::vector<io::GroupTarget> groups(set.groups.size());
  for (std::string& notice : write_set(target, set, groups)) notices.push_back(std::move(notice));
  return notices;
}

}  // namespace quickbeam
