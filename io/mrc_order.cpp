// SPDX-License-Identifier: BSD-3-Clause
// Tells byte orders apart by plausibility: many files in use have no machine stamp, or a wrong one.
#include "io/mrc_order.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "io/ascii.hpp"
#include "io/file_name.hpp"
#include "io/header_words.hpp"
#include "io/looks_like.hpp"
#include "io/mrc.hpp"
#include "io/mrc_words.hpp"

namespace quickbeam::io {
namespace mrc {
namespace {

using namespace std::string_view_literals;

constexpr std::int32_t longest_side = 1 << 20;
/// Also those that are recognised only to be refused by name.
constexpr std::int32_t known_modes[] = {0, 1, 2, 3, 4, 5, 6, 12, 16, 17, 101};

std::array<std::int32_t, 3> axes_of(const HeaderWords& words) {
  return {words.i(Word::mapc), words.i(Word::mapc + 1), words.i(Word::mapc + 2)};
}

/// Whether a header makes sense in this byte order. Sides have a limit; the number of sections has
/// none.
bool is_plausible(const HeaderWords& words) {
  const auto side = [&](std::size_t word) {
    return 0 < words.i(word) && words.i(word) < longest_side;
  };
  const auto axes = axes_of(words);
  return std::ranges::find(known_modes, words.i(Word::mode)) != std::end(known_modes) &&
         side(Word::nx) && side(Word::ny) && words.i(Word::nz) > 0 &&
         (is_permutation(axes) || axes == std::array<std::int32_t, 3>{});
}

/// A plausible header whose pixels, at the least they could take, do not fit into the file.
bool fits(const HeaderWords& words, std::uint64_t size) {
  __extension__ using Wide = __int128;
  const Wide least =
      static_cast<Wide>(words.i(Word::nx)) * words.i(Word::ny) * words.i(Word::nz) / 2;
  return least + static_cast<Wide>(header_bytes) + std::max(0, words.i(Word::nsymbt)) <=
         static_cast<Wide>(size);
}

std::optional<ByteOrder> stamped_order(const HeaderWords& words) {
  const std::string_view stamp = words.text(Word::machst, 4);
  if (stamp.starts_with("\x44\x44"sv) || stamp.starts_with("\x44\x41"sv)) return ByteOrder::little;
  if (stamp.starts_with("\x11\x11"sv)) return ByteOrder::big;
  return std::nullopt;
}

bool has_map_id(const HeaderWords& words) {
  return words.text(Word::map_id, 3) == "MAP"sv;  // some end it in a zero
}

std::string stamp_text(std::string_view stamp) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : stamp) {
    const auto byte = static_cast<unsigned char>(c);
    (text += text.empty() ? "" : " ") += {digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

void check_marks(const HeaderWords& words, const FaultReport& report) {
  const bool little = words.order() == ByteOrder::little;
  if (words.text(Word::map_id, 4) != "MAP "sv)
    report.oddity({ErrorCode::bad_field, "MAP", byte_of(Word::map_id), "\"MAP \"",
                   "\"" + printable(words.text(Word::map_id, 4)) + "\""},
                  "read as MRC by the rest of the header");
  if (stamped_order(words) != words.order())
    report.oddity({ErrorCode::bad_field, "MACHST", byte_of(Word::machst),
                   little ? "44 44 00 00" : "11 11 00 00", stamp_text(words.text(Word::machst, 4))},
                  little ? "little-endian by the rest of the header"
                         : "big-endian by the rest of the header");
}

}  // namespace

bool is_permutation(const std::array<std::int32_t, 3>& axes) {
  auto sorted = axes;
  std::ranges::sort(sorted);
  return sorted == std::array<std::int32_t, 3>{1, 2, 3};
}

bool is_stack_name(std::string_view path) {
  return has_suffix(path, ".mrcs") || has_suffix(path, ".st");
}

ByteOrder byte_order(const StackHead& head, const FaultReport& report) {
  const HeaderWords little(head.bytes, ByteOrder::little), big(head.bytes, ByteOrder::big);
  bool as_little = is_plausible(little), as_big = is_plausible(big);
  if (!as_little && !as_big && !has_map_id(little))
    report.fail({ErrorCode::not_this_format, "file", 0, "an MRC header", looks_like(head.bytes)});
  if (as_little && as_big && fits(little, head.size) != fits(big, head.size)) {
    as_little = fits(little, head.size);
    as_big = !as_little;
  }
  ByteOrder order = as_little ? ByteOrder::little : ByteOrder::big;
  if (as_little == as_big) {
    const auto stamp = stamped_order(little);
    if (!stamp && as_little)
      report.fail({ErrorCode::ambiguous, "byte order", byte_of(Word::machst),
                   "a machine stamp, for the header makes sense in either order",
                   stamp_text(little.text(Word::machst, 4))});
    order = stamp.value_or(ByteOrder::little);
  }
  check_marks(order == ByteOrder::little ? little : big, report);
  return order;
}

}  // namespace mrc

bool is_mrc(std::span<const std::byte> head) {
  if (head.size() < mrc::header_bytes) return false;
  const HeaderWords little(head, ByteOrder::little), big(head, ByteOrder::big);
  if (little.text(mrc::Word::map_id, 4) == "MAP ") return true;
  return (mrc::is_plausible(little) && mrc::is_permutation(mrc::axes_of(little))) ||
         (mrc::is_plausible(big) && mrc::is_permutation(mrc::axes_of(big)));
}

}  // namespace quickbeam::io
