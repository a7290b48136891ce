// SPDX-License-Identifier: BSD-3-Clause
// Stacks image by image: converted, measured, written at their place.
#include "io/stack_writer.hpp"

#include <algorithm>
#include <utility>

#include <quickbeam/core/error.hpp>

#include "io/mrc_header.hpp"
#include "io/spider_header.hpp"
#include "io/stack_writer_state.hpp"
#include "io/stored_pixels.hpp"

namespace quickbeam::io {
namespace {

/// Calls f with the C++ type that values are stored as.
template <class F>
decltype(auto) visit_stored(StoredAs stored, F&& f) {
  switch (stored) {
    case StoredAs::int8:
      return f(TypeTag<std::int8_t>{});
    case StoredAs::uint8:
      return f(TypeTag<std::uint8_t>{});
    case StoredAs::int16:
      return f(TypeTag<std::int16_t>{});
    case StoredAs::uint16:
      return f(TypeTag<std::uint16_t>{});
    case StoredAs::half:
      return f(TypeTag<HalfValue>{});
    case StoredAs::float32:
      break;
  }
  return f(TypeTag<float>{});
}

std::string size_text(Extent extent) {
  return std::to_string(extent.width) + " x " + std::to_string(extent.height);
}

}  // namespace

void StackWriterState::check_put(std::int64_t index, ConstAnyView image) const {
  const std::int64_t last = std::max(count, spec.expected - 1);
  ErrorInfo info;
  info.path = path;
  info.format = name_of(spec.format);
  if (index < 0 || index > last) {
    info.code = ErrorCode::usage;
    info.field = "image";
    info.expected = "1 to " + std::to_string(last + 1);
    info.found = std::to_string(index + 1);
    fail(std::move(info));
  }
  if (image.extent != spec.extent) {
    info.code = ErrorCode::inconsistent;
    info.field = "image size";
    info.frame = static_cast<std::uint64_t>(index + 1);
    info.expected = size_text(spec.extent);
    info.found = size_text(image.extent);
    fail(std::move(info));
  }
  check_count(spec, index + 1, path);
}

PixelStatistics StackWriterState::convert(ConstAnyView image) {
  return visit_stored(spec.stored, [&](auto tag) {
    using To = typename decltype(tag)::type;
    const auto pixels = static_cast<std::size_t>(spec.extent.pixels());
    To* const values = reinterpret_cast<To*>(stored.resize(layout.image_bytes).data());
    PixelStore<To> store;
    visit(image, [&](auto view) {
      for (std::int64_t y = 0; y < view.extent.height; ++y)
        std::transform(view.row(y), view.row(y) + view.extent.width, values + y * view.extent.width,
                       [&](auto v) { return store(v); });
    });
    clipped += store.clipped();
    return pixel_statistics(std::span<const To>(values, pixels));
  });
}

void StackWriterState::put(std::int64_t index, ConstAnyView image) {
  check_put(index, image);
  const PixelStatistics statistics = convert(image);
  const std::uint64_t at = layout.offset_of(index);
  if (layout.header_bytes != 0)
    write_at(at - layout.header_bytes, spider::make_header({.extent = spec.extent,
                                                            .kind = spider::Kind::stacked_image,
                                                            .number = index + 1,
                                                            .statistics = statistics}));
  write_at(at, stored.span());
  const auto place = static_cast<std::size_t>(index);
  if (images.size() <= place) images.resize(place + 1);
  if (index >= known && images[place].values() == 0) ++written;
  images[place] = statistics;
  count = std::max(count, index + 1);
}

void StackWriterState::check_complete() const {
  if (count > 0 && written == count) return;
  const auto gap = std::find_if(images.begin() + std::min(known, std::ssize(images)), images.end(),
                                [](const auto& image) { return image.values() == 0; });
  fail({.code = count == 0 ? ErrorCode::bad_field : ErrorCode::inconsistent,
        .path = path,
        .format = std::string(name_of(spec.format)),
        .field = "images",
        .expected = count == 0 ? "at least 1" : "all " + std::to_string(count) + " to be written",
        .found = count == 0 ? "none"
                            : "image " + std::to_string(gap - images.begin() + 1) + " missing"});
}

StackReport StackWriterState::finish() {
  check_complete();
  StackReport report{.count = count, .clipped = clipped};
  for (const auto& image : images) report.statistics.merge(image);
  write_at(0, is_update() ? updated_header(*this) : new_header(*this, report.statistics));
  std::visit([](auto& open) { open->commit(); }, file);
  return report;
}

std::vector<std::byte> new_header(const StackWriterState& state,
                                  const PixelStatistics& statistics) {
  const StackSpec& spec = state.spec;
  const bool is_volume = spec.contents == StackContents::volume;
  if (spec.format == StackFormat::spider)
    return spider::make_header(
        {.extent = spec.extent,
         .kind = is_volume                                ? spider::Kind::volume
                 : spec.contents == StackContents::images ? spider::Kind::stack
                                                          : spider::Kind::image,
         .sections = state.count,
         .pixel_size_angstrom = spec.pixel_size_angstrom,
         // The main header of a stack speaks of no image.
         .statistics = spec.contents == StackContents::images ? PixelStatistics{} : statistics});
  const auto header =
      mrc::make_header({.extent = spec.extent,
                        .sections = state.count,
                        .mode = stored_type(spec.stored).mrc_mode,
                        .bytes = spec.stored == StoredAs::uint8 ? mrc::Bytes::unsigned_values
                                                                : mrc::Bytes::signed_values,
                        .kind = is_volume ? mrc::Kind::volume : mrc::Kind::stack,
                        .pixel_size_angstrom = spec.pixel_size_angstrom,
                        .statistics = statistics});
  return {header.begin(), header.end()};
}

StackWriter::StackWriter(std::unique_ptr<StackWriterState> state) : state_(std::move(state)) {}
StackWriter::StackWriter(StackWriter&&) noexcept = default;
StackWriter& StackWriter::operator=(StackWriter&&) noexcept = default;
StackWriter::~StackWriter() = default;

StackWriter::StackWriter(const std::string& path, const StackSpec& spec) {
  check_spec(spec, path);
  state_ = std::make_unique<StackWriterState>(
      StackWriterState{.path = path,
                       .spec = spec,
                       .layout = layout_of(spec),
                       .file = std::make_unique<AtomicFile>(path)});
}

const StackSpec& StackWriter::spec() const { return state_->spec; }
std::int64_t StackWriter::count() const { return state_->count; }
void StackWriter::put(std::int64_t index, ConstAnyView image) { state_->put(index, image); }
StackReport StackWriter::finish() { return state_->finish(); }

}  // namespace quickbeam::io
