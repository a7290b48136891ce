// SPDX-License-Identifier: BSD-3-Clause
// Stacks that are there already: images added or replaced in place.
#include <algorithm>
#include <array>
#include <cstring>

#include <quickbeam/core/error.hpp>

#include "io/byte_source.hpp"
#include "io/header_words.hpp"
#include "io/mrc_header.hpp"
#include "io/spider_words.hpp"
#include "io/stack_writer_state.hpp"

namespace quickbeam::io {
namespace {

[[noreturn]] void refuse(const StackFile& file, std::string expected, std::string found) {
  fail({.code = ErrorCode::unsupported,
        .path = file.path(),
        .format = file.info().format,
        .field = "update in place",
        .expected = std::move(expected),
        .found = std::move(found)});
}

/// What the file would have been made with; refuses what this writer would write otherwise.
StackSpec spec_of(const StackFile& file) {
  const StackInfo& info = file.info();
  const StoredType* const type = stored_type(info.encoding, info.type);
  if (file.compression() != Compression::none) refuse(file, "a plain file", "a compressed one");
  if (info.order != ByteOrder::little) refuse(file, "little-endian values", "big-endian ones");
  if (info.is_volume()) refuse(file, "a stack of images", "a volume");
  if (type == nullptr)
    refuse(file, "float32, int8, uint8, int16, uint16 or half",
           std::string(name_of(info.encoding)) + " " + std::string(name_of(info.type)));
  StackSpec spec;
  spec.format = info.format == name_of(StackFormat::mrc) ? StackFormat::mrc : StackFormat::spider;
  spec.extent = info.extent;
  spec.stored = type->stored;
  spec.pixel_size_angstrom = info.pixel_size_angstrom.value_or(0);
  if (spec.format == StackFormat::spider) {
    const StackLayout ours = layout_of(spec);
    if (info.layout.run != 1) refuse(file, "a stack of images", "a stack of volumes");
    if (info.layout.header_bytes != ours.header_bytes)
      refuse(file, "a stack with headers of " + std::to_string(ours.header_bytes) + " bytes",
             info.layout.header_bytes == 0 ? "a plain image"
                                           : std::to_string(info.layout.header_bytes) + " bytes");
  }
  return spec;
}

template <class T>
void patch(std::vector<std::byte>& header, std::size_t word, T value) {
  static_assert(sizeof value == 4);
  std::memcpy(header.data() + byte_of(word), &value, 4);
}

/// MZ follows NZ where it did; then the cell grows with it. What bytes are is written down, for the
/// statistics that it was read from are no more.
void update_mrc(std::vector<std::byte>& header, std::int32_t sections, StoredAs stored) {
  const HeaderWords old(header, ByteOrder::little);
  const std::int32_t nz = old.i(mrc::nz), mz = old.i(mrc::mz);
  if (mz == nz && mz > 1) {
    const float cell = old.f(mrc::cella + 2);
    patch(header, mrc::cella + 2, cell / static_cast<float>(mz) * static_cast<float>(sections));
    patch(header, mrc::mz, sections);
  }
  patch(header, mrc::nz, sections);
  const auto words = std::span(header).first<mrc::header_bytes>();
  mrc::clear_statistics(words);
  if (stored == StoredAs::int8) mrc::stamp_bytes(words, mrc::Bytes::signed_values);
  if (stored == StoredAs::uint8) mrc::stamp_bytes(words, mrc::Bytes::unsigned_values);
}

void update_spider(std::vector<std::byte>& header, std::int64_t images) {
  patch(header, spider::maxim, static_cast<float>(images));
  for (const std::size_t word : {spider::imami, spider::fmax, spider::fmin, spider::av})
    patch(header, word, 0.0F);
  patch(header, spider::sig, -1.0F);
}

}  // namespace

std::vector<std::byte> updated_header(const StackWriterState& state) {
  std::vector<std::byte> header = state.old_header;
  if (state.spec.format == StackFormat::mrc)
    update_mrc(header, static_cast<std::int32_t>(state.count), state.spec.stored);
  else
    update_spider(header, state.count);
  return header;
}

StackWriter StackWriter::update(const std::string& path) {
  auto lock = std::make_unique<UpdateFile>(path);  // before the header is read: it may be changing
  const StackFile file = StackFile::open(path, {.reading = StackReading::stack});
  const StackInfo& info = file.info();
  std::vector<std::byte> header(mrc::header_bytes);  // and all that is changed of a Spider header
  PlainFile(path).read(0, header);
  auto state = std::make_unique<StackWriterState>(StackWriterState{.path = path,
                                                                   .spec = spec_of(file),
                                                                   .layout = info.layout,
                                                                   .file = std::move(lock),
                                                                   .old_header = std::move(header),
                                                                   .known = info.count,
                                                                   .count = info.count,
                                                                   .written = info.count});
  // One run: MRC sections follow each other without end.
  if (state->spec.format == StackFormat::mrc) state->layout.run = layout_of(state->spec).run;
  return StackWriter(std::move(state));
}

}  // namespace quickbeam::io
