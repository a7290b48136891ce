// SPDX-License-Identifier: BSD-3-Clause
// Makes MRC headers.
#include "io/mrc_header.hpp"

#include <cmath>
#include <cstring>

#include "io/header_words.hpp"

namespace quickbeam::io::mrc {
namespace {

struct Shown {
  double min = 0, max = -1, mean = -2, rms = -1;  // MRC2014's "not determined"
};

Shown shown(const HeaderFacts& facts) {
  const PixelStatistics& s = facts.statistics;
  const bool other_sign = facts.mode == 0 && s.max > 127;
  if (!s.determined() || other_sign) return {};
  return {s.min, s.max, s.mean, s.sd()};
}

}  // namespace

std::array<std::byte, header_bytes> make_header(const HeaderFacts& facts) {
  const auto width = static_cast<std::int32_t>(facts.extent.width);
  const auto height = static_cast<std::int32_t>(facts.extent.height);
  const auto sections = static_cast<std::int32_t>(facts.sections);
  const bool is_volume = facts.kind == Kind::volume;
  const std::int32_t depth = is_volume ? sections : 1;
  const double size = facts.pixel_size_angstrom;
  const double angstrom = std::isfinite(size) && size > 0 ? size : 0.0;
  const Shown statistics = shown(facts);
  HeaderWriter<header_bytes> header;
  header.set(Word::nx, width);
  header.set(Word::ny, height);
  header.set(Word::nz, sections);
  header.set(Word::mode, facts.mode);
  header.set(Word::mx, width);
  header.set(Word::mx + 1, height);
  header.set(Word::mz, depth);
  header.set(Word::cella, width * angstrom);
  header.set(Word::cella + 1, height * angstrom);
  header.set(Word::cella + 2, depth * angstrom);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    header.set(Word::cellb + axis, 90.0);
    header.set(Word::mapc + axis, static_cast<std::int32_t>(axis + 1));
  }
  header.set(Word::dmin, statistics.min);
  header.set(Word::dmax, statistics.max);
  header.set(Word::dmean, statistics.mean);
  header.set(Word::ispg, is_volume ? 1 : 0);
  header.set(Word::nversion, 20141);
  header.set_text(Word::map_id, "MAP ");
  header.set_text(Word::machst, "DD");  // 44 44 00 00: little-endian
  header.set(Word::rms, statistics.rms);
  header.set(Word::nlabl, 1);
  header.set_text(Word::labels, "quickbeam");
  std::array<std::byte, header_bytes> bytes = header.bytes();
  if (facts.mode == 0) stamp_bytes(bytes, facts.bytes);
  return bytes;
}

void stamp_bytes(std::span<std::byte, header_bytes> header, Bytes bytes) {
  const std::int32_t flags = bytes == Bytes::signed_values ? imod_signed_flag : 0;
  std::memcpy(header.data() + byte_of(Word::imod_stamp), &imod_stamp_value, 4);
  std::memcpy(header.data() + byte_of(Word::imod_flags), &flags, 4);
}

void clear_statistics(std::span<std::byte, header_bytes> header) {
  const Shown none;
  const auto set = [&](Word word, double value) {
    const auto stored = static_cast<float>(value);
    std::memcpy(header.data() + byte_of(word), &stored, 4);
  };
  set(Word::dmin, none.min);
  set(Word::dmax, none.max);
  set(Word::dmean, none.mean);
  set(Word::rms, none.rms);
}

}  // namespace quickbeam::io::mrc
