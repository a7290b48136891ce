// SPDX-License-Identifier: BSD-3-Clause
// Plain lists: a stack or an image ("3@a.mrcs") a line.
#include "io/ascii.hpp"
#include "io/image_name.hpp"
#include "io/set_builder.hpp"
#include "io/star_tokens.hpp"

namespace quickbeam::io {
namespace {

/// A list in a list could name itself; how deep that went would have to be limited, and one level
/// is all anyone has asked for.
void refuse_nested(std::string_view name) {
  for (const std::string_view suffix : {".txt", ".lst", ".list", ".star", ".xmd", ".cs"})
    if (name.size() >= suffix.size() &&
        ascii_equal(name.substr(name.size() - suffix.size()), suffix))
      throw SetRefusal{ErrorCode::limit, "an image or a stack: lists go one level deep",
                       std::string(name)};
}

}  // namespace

void read_list_set(std::string_view text, SetBuilder& builder) {
  ParticleSet& set = builder.set();
  set.format = SetFormat::list;
  set.label = "name";
  const StarText source{text, set.path};
  check_star_characters(source);
  if (text.starts_with("#LSX"))
    source.fail(ErrorCode::unsupported, "file", 0, "one image or stack a line",
                "an EMAN2 list (#LSX)");
  std::uint32_t group = 0;
  bool made = false;
  builder.group("", group, made);
  std::uint64_t row = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view name = trimmed(take_until(rest, '\n'));
    if (name.empty() || name.front() == '#') continue;
    try {
      refuse_nested(name);
      builder.add_name(name, row++, group);
    } catch (const SetRefusal& refusal) {
      source.fail(refusal.code, set.label, static_cast<std::size_t>(name.data() - text.data()),
                  refusal.expected, refusal.found);
    }
  }
  set.rows = row;
}

}  // namespace quickbeam::io
