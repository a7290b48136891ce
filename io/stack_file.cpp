// SPDX-License-Identifier: BSD-3-Clause
// Opens stacks and reads runs of images, many in one system call.
#include "io/stack_file.hpp"

#include <algorithm>
#include <new>
#include <string_view>

#include <quickbeam/core/error.hpp>

#include "io/image_name.hpp"
#include "io/looks_like.hpp"
#include "io/spider.hpp"
#include "io/stack_formats.hpp"
#include "io/stack_images.hpp"
#include "io/unpack_head.hpp"

namespace quickbeam::io {
namespace {

/// What RELION and Xmipp put behind a name where the suffix says too little.
std::optional<StackReading> reading_hinted(std::string_view hint) {
  if (hint == ":mrcs" || hint == ":st") return StackReading::stack;
  if (hint == ":mrc" || hint == ":map") return StackReading::volume;
  return std::nullopt;
}

/// What a compressed file may hold beyond the pixels its header promises.
constexpr std::uint64_t packed_slack = std::uint64_t{1} << 20;

std::vector<std::byte> head_of(const ByteSource& source, std::size_t bytes) {
  std::vector<std::byte> head(
      static_cast<std::size_t>(std::min<std::uint64_t>(bytes, source.size())));
  head.resize(static_cast<std::size_t>(source.read(0, head)));
  return head;
}

/// Beyond the last pixel.
std::uint64_t end_of(const StackInfo& info) {
  return info.layout.offset_of(info.count - 1) + info.layout.image_bytes;
}

std::optional<StackInfo> parse_head(const StackHead& head, const StackOptions& options) {
  const StackFormatReader* const format = find_stack_format(head.bytes, head.path);
  if (format == nullptr) return std::nullopt;
  return format->parse(head, options);
}

[[noreturn]] void fail_not_a_stack(const std::string& path) {
  fail({.code = ErrorCode::not_this_format,
        .path = path,
        .field = "file",
        .offset = 0,
        .expected = stack_format_names(),
        .found = "neither its first bytes nor its name"});
}

/// The first image's own header, where there is one.
void check_first_image(StackInfo& info, const ByteSource& source, const std::string& path,
                       Strictness strictness) {
  const StackLayout& layout = info.layout;
  if (layout.header_bytes == 0) return;
  const FaultReport report(info.format, path, strictness, info.notices);
  const std::uint64_t at = layout.first - layout.header_bytes;
  std::array<std::byte, spider_checked_bytes> header{};
  source.read(at, header);
  check_spider_image(info, header, at, 1, report);
}

/// Makes each volume one image: its sections follow each other without a gap.
void join_sections(StackInfo& info, const std::string& path) {
  const std::int64_t depth = info.volume_depth;
  if (depth == 1) return;
  const auto refuse = [&](ErrorCode code, const char* expected, const char* found) {
    fail({.code = code,
          .path = path,
          .format = info.format,
          .field = "sections",
          .expected = std::to_string(depth) + expected,
          .found = found});
  };
  if (info.layout.run % depth != 0)
    refuse(ErrorCode::unsupported, " sections of a volume behind one header", "images of a stack");
  if (info.count < depth) refuse(ErrorCode::truncated, " sections, for one volume", "fewer");
  info.count /= depth;
  info.extent.height *= depth;
  info.layout.image_bytes *= static_cast<std::uint64_t>(depth);
  info.layout.run /= depth;
  info.sections = depth;
}

}  // namespace

ImageFile describe(const StackInfo& info) {
  ImageFile file;
  file.format = info.format;
  file.attributes = info.attributes;
  file.info.notices = info.notices;
  file.info.mask = {.negatives = false, .top_values = false};  // densities, not counts
  if (info.pixel_size_angstrom)
    file.info.pixel_width_um = file.info.pixel_height_um = *info.pixel_size_angstrom / 1e4;
  Stream& all = file.streams.emplace_back();
  all.payload.encoding = info.encoding;
  all.payload.order = info.order;
  all.payload.type = info.type;
  all.payload.extent = info.extent;
  all.payload.depth = info.count;
  all.offset = info.layout.first;
  return file;
}

std::optional<StackFile> StackFile::open_source(std::string path,
                                                std::unique_ptr<ByteSource> source,
                                                const StackOptions& options) {
  const auto bytes = head_of(*source, StackHead::bytes_needed);
  auto info = parse_head({bytes, source->size(), path}, options);
  if (!info) return std::nullopt;
  StackFile file;
  check_first_image(*info, *source, path, options.strictness);
  describe_facts(*info);
  if (options.unit == ImageUnit::volume) join_sections(*info, path);
  file.path_ = std::move(path);
  file.info_ = *std::move(info);
  file.stored_bytes_ = source->size();
  file.source_ = std::move(source);
  return file;
}

/// The head says how many bytes there may be, before memory for them is taken.
std::optional<StackFile> StackFile::open_packed(std::string path, const ByteSource& packed,
                                                const StackOptions& options) {
  const std::uint64_t most = options.limits.max_unpacked_bytes;
  const auto stored = head_of(packed, head_bytes_stored);
  const auto head = unpack_head(stored, StackHead::bytes_needed);
  if (find_stack_format(head, path) == nullptr) return std::nullopt;
  FileLimits limits = options.limits;
  if (head.size() == StackHead::bytes_needed) {
    StackOptions lenient = options;
    lenient.strictness = Strictness::lenient;
    constexpr std::uint64_t unknown = std::uint64_t{1} << 62;
    const auto info = parse_head({head, unknown, path}, lenient);
    limits.max_unpacked_bytes = std::min(most, end_of(*info) + packed_slack);
  }
  auto reader = std::make_unique<FileReader>();
  const FileBytes bytes = reader->read(path, limits);
  auto file = open_source(std::move(path), std::make_unique<MemoryBytes>(bytes.bytes), options);
  if (!file) return std::nullopt;
  file->compression_ = bytes.compression;
  file->stored_bytes_ = bytes.stored_size;
  file->unpacked_ = std::move(reader);
  return file;
}

std::optional<StackFile> StackFile::try_open(const std::string& path, const StackOptions& options) {
  if (const std::size_t plain = without_format_hint(path).size(); plain != path.size()) {
    StackOptions hinted = options;
    hinted.reading = reading_hinted(std::string_view(path).substr(plain)).value_or(options.reading);
    return try_open(path.substr(0, plain), hinted);
  }
  auto plain = std::make_unique<PlainFile>(path);
  if (compression_of(head_of(*plain, 16)) != Compression::none)
    return open_packed(path, *plain, options);
  return open_source(path, std::move(plain), options);
}

StackFile StackFile::open(const std::string& path, const StackOptions& options) {
  if (auto file = try_open(path, options)) return *std::move(file);
  fail_not_a_stack(path);
}

StackFile StackFile::over(std::span<const std::byte> bytes, const std::string& path,
                          const StackOptions& options) {
  if (auto file = open_source(path, std::make_unique<MemoryBytes>(bytes), options))
    return *std::move(file);
  fail_not_a_stack(path);
}

void StackFile::read(std::int64_t first, std::int64_t count, std::span<std::byte> out) const {
  if (first < 0 || count < 0 || first > info_.count || count > info_.count - first ||
      out.size() != static_cast<std::uint64_t>(count) * info_.layout.image_bytes)
    fail({.code = ErrorCode::usage,
          .path = path_,
          .format = info_.format,
          .field = "images",
          .expected = "images 1 to " + std::to_string(info_.count) + " and room for them",
          .found = std::to_string(count) + " from " + std::to_string(first + 1) + " on, into " +
                   std::to_string(out.size()) + " bytes"});
  StackImages(info_, *source_, path_).read(first, count, out);
}

void StackFile::read_rows(std::int64_t first, std::int64_t count, std::int64_t first_row,
                          std::int64_t rows, std::span<std::byte> out) const {
  const std::int64_t height = info_.extent.height;
  if (first_row == 0 && rows == height) return read(first, count, out);
  const std::uint64_t row_bytes = info_.layout.image_bytes / static_cast<std::uint64_t>(height);
  if (first < 0 || count < 0 || first > info_.count || count > info_.count - first ||
      first_row < 0 || rows <= 0 || first_row > height || rows > height - first_row ||
      out.size() != static_cast<std::uint64_t>(count * rows) * row_bytes)
    fail({.code = ErrorCode::usage,
          .path = path_,
          .format = info_.format,
          .field = "rows",
          .expected = "rows 0 to " + std::to_string(height - 1) + " of images 1 to " +
                      std::to_string(info_.count) + " and room for them",
          .found = std::to_string(rows) + " rows from " + std::to_string(first_row) + " on of " +
                   std::to_string(count) + " images from " + std::to_string(first + 1) + " on"});
  StackImages(info_, *source_, path_)
      .read_parts(first, static_cast<std::uint64_t>(first_row) * row_bytes,
                  static_cast<std::size_t>(static_cast<std::uint64_t>(rows) * row_bytes), out);
}

std::optional<StackFile::InPlace> StackFile::in_place(std::int64_t first, std::int64_t count,
                                                      std::int64_t first_row,
                                                      std::int64_t rows) const {
  const StackLayout& layout = info_.layout;
  const std::int64_t height = info_.extent.height;
  const MappedFile* const file = source_->mapped();
  if (!file || first < 0 || count <= 0 || count > info_.count - first || first_row < 0 ||
      rows <= 0 || rows > height - first_row)
    return std::nullopt;
  const bool with_headers = layout.header_bytes != 0;
  if (with_headers && layout.run != 1 && count > layout.run - first % layout.run)
    return std::nullopt;
  const std::uint64_t row_bytes = layout.image_bytes / static_cast<std::uint64_t>(height);
  const std::uint64_t stride =
      layout.image_bytes + (with_headers && layout.run == 1 ? layout.header_bytes : 0);
  const std::uint64_t part = static_cast<std::uint64_t>(rows) * row_bytes;
  const std::uint64_t begin =
      layout.offset_of(first) + static_cast<std::uint64_t>(first_row) * row_bytes;
  const std::size_t alignment = size_of(info_.type);
  if (count > 1 && stride > 2 * part) return std::nullopt;
  if (begin % alignment != 0 || stride % alignment != 0) return std::nullopt;
  const auto bytes =
      static_cast<std::size_t>(static_cast<std::uint64_t>(count - 1) * stride + part);
  const auto found = file->in_memory(begin, bytes);
  if (found.empty()) return std::nullopt;
  if (rows == height) StackImages(info_, *source_, path_).check_headers(first, count);
  return InPlace{found.data(), stride, file, begin, bytes};
}

Payload StackFile::payload(std::span<const std::byte> stored, std::int64_t count) const {
  Payload payload;
  payload.encoding = info_.encoding;
  payload.order = info_.order;
  payload.type = info_.type;
  payload.extent = info_.extent;
  payload.depth = count;
  payload.bytes = stored;
  return payload;
}

std::vector<std::byte> StackFile::extended_header() const {
  std::vector<std::byte> bytes(static_cast<std::size_t>(info_.extended_bytes));
  bytes.resize(static_cast<std::size_t>(source_->read(info_.extended_offset, bytes)));
  return bytes;
}

}  // namespace quickbeam::io
