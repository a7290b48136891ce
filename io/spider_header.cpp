// SPDX-License-Identifier: BSD-3-Clause
// Makes Spider headers.
#include "io/spider_header.hpp"

#include <cmath>
#include <cstring>

#include "io/header_words.hpp"
#include "io/spider_words.hpp"

namespace quickbeam::io::spider {

std::vector<std::byte> make_header(const HeaderFacts& facts) {
  const std::int64_t records = header_records(facts.extent.width);
  const std::int64_t record = 4 * facts.extent.width;
  std::vector<std::byte> bytes(static_cast<std::size_t>(records * record));
  const auto set = [&](Word word, auto value) {
    const auto stored = static_cast<float>(value);
    std::memcpy(bytes.data() + byte_of(word), &stored, 4);
  };
  const bool is_volume = facts.kind == Kind::volume, is_stack = facts.kind == Kind::stack;
  const std::int64_t slices = is_volume ? facts.sections : 1;
  const double size = facts.pixel_size_angstrom;
  const bool is_known = std::isfinite(size) && size > 0;
  set(Word::nslice, slices);
  set(Word::nrow, facts.extent.height);
  set(Word::irec, records + facts.extent.height * slices);
  set(Word::iform, is_volume ? 3 : 1);
  set(Word::nsam, facts.extent.width);
  set(Word::labrec, records);
  set(Word::scale, facts.kind == Kind::stacked_image ? 1.0 : is_known ? size : 0.0);
  set(Word::labbyt, records * record);
  set(Word::lenbyt, record);
  set(Word::istack, is_stack ? 2 : 0);
  set(Word::maxim, is_stack ? facts.sections : 0);
  set(Word::imgnum, facts.kind == Kind::stacked_image ? facts.number : 0);
  set(Word::sig, -1);
  if (facts.statistics.determined()) {
    set(Word::imami, 1);
    set(Word::fmax, facts.statistics.max);
    set(Word::fmin, facts.statistics.min);
    set(Word::av, facts.statistics.mean);
    set(Word::sig, facts.statistics.sample_sd());
  }
  return bytes;
}

}  // namespace quickbeam::io::spider
