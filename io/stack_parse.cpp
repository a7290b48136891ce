// SPDX-License-Identifier: BSD-3-Clause
// The checks that all stack formats share.
#include "io/stack_parse.hpp"

#include <algorithm>

#include "io/header_words.hpp"
#include "io/looks_like.hpp"

namespace quickbeam::io {
namespace {

__extension__ using Wide = unsigned __int128;
constexpr Wide most_bytes = Wide{1} << 63;

Wide end_of(const StackClaim& claim) {
  const StackLayout& layout = claim.layout;
  const Wide count = static_cast<Wide>(claim.count);
  const Wide runs = (count - 1) / static_cast<Wide>(layout.run);
  return layout.first + count * layout.image_bytes + runs * layout.header_bytes;
}

/// Images that are there in full.
std::int64_t whole_images(const StackClaim& claim, std::uint64_t size) {
  std::int64_t low = 0, high = claim.count;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (claim.layout.offset_of(middle) + claim.layout.image_bytes <= size)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

std::string count_text(std::int64_t k, std::int64_t n) {
  return n == 1 ? std::string() : " of image " + std::to_string(k) + " of " + std::to_string(n);
}

Fault cut_fault(const StackClaim& claim, std::int64_t whole, const StackHead& head) {
  const std::uint64_t begin = claim.layout.offset_of(whole);
  const std::uint64_t present = head.size > begin ? head.size - begin : 0;
  Fault fault{
      ErrorCode::truncated, "data", head.size,
      std::to_string(claim.layout.image_bytes) + " bytes" + count_text(whole + 1, claim.count),
      std::to_string(present) + " present"};
  if (claim.count > 1) fault.frame = static_cast<std::uint64_t>(whole + 1);
  return fault;
}

std::string contents_text(const StackInfo& info) {
  const std::int64_t volumes = info.count / info.volume_depth;
  if (!info.is_volume())
    return info.count == 1 ? "an image" : "a stack of " + std::to_string(info.count) + " images";
  const std::string size = std::to_string(info.extent.width) + " x " +
                           std::to_string(info.extent.height) + " x " +
                           std::to_string(info.volume_depth);
  return volumes == 1 ? "a volume of " + size
                      : "a stack of " + std::to_string(volumes) + " volumes of " + size;
}

std::string statistics_text(const HeaderStatistics& s) {
  std::string text;
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (!value) return;
    text.append(text.empty() ? "" : ", ").append(name).append(" ");
    text += number_text(static_cast<float>(*value));
  };
  add("min", s.min);
  add("max", s.max);
  add("mean", s.mean);
  add("sd", s.sd);
  return text.empty() ? "not determined" : text + " (as the header claims)";
}

}  // namespace

void describe_facts(StackInfo& info) {
  std::vector<std::pair<std::string, std::string>> facts;
  facts.emplace_back("contents", contents_text(info));
  facts.emplace_back("byte order",
                     info.order == ByteOrder::little ? "little-endian" : "big-endian");
  if (info.pixel_size_angstrom)
    facts.emplace_back("pixel size",
                       number_text(static_cast<float>(*info.pixel_size_angstrom)) + " angstrom");
  facts.emplace_back("statistics", statistics_text(info.statistics));
  info.attributes.insert(info.attributes.begin(), facts.begin(), facts.end());
}

void check_head(const StackHead& head, const FaultReport& report, std::string_view what) {
  if (head.size == 0) report.fail({ErrorCode::truncated, "file", 0, std::string(what), "0 bytes"});
  if (const auto kind = known_kind(head.bytes))
    report.fail({ErrorCode::not_this_format, "file", 0, std::string(what), *kind});
  if (head.size < StackHead::bytes_needed)
    report.fail({ErrorCode::truncated, "header", head.size,
                 std::to_string(StackHead::bytes_needed) + " bytes", std::to_string(head.size)});
}

std::uint64_t checked_image_bytes(const StackInfo& info, const Fault& overflow,
                                  const FaultReport& report) {
  const auto width = static_cast<std::uint64_t>(info.extent.width);
  const Wide bytes = static_cast<Wide>(stored_row_bytes(info.encoding, info.type, width)) *
                     static_cast<Wide>(info.extent.height);
  if (bytes >= most_bytes) report.fail(overflow);
  return static_cast<std::uint64_t>(bytes);
}

std::int64_t check_size(const StackClaim& claim, const StackHead& head, const StackOptions& options,
                        const FaultReport& report) {
  const Wide end = end_of(claim);
  if (end >= most_bytes) report.fail(claim.overflow);
  if (end > head.size) {
    const std::int64_t whole = whole_images(claim, head.size);
    const Fault fault = cut_fault(claim, whole, head);
    if (options.cut == Cut::refuse || whole == 0) report.fail(fault);
    report.notice("cut: only the first " + std::to_string(whole) + " of " +
                  std::to_string(claim.count) + " images are there in full");
    return whole;
  }
  if (end < head.size)
    report.oddity(
        {ErrorCode::inconsistent, "data", static_cast<std::uint64_t>(end), "the end of the file",
         std::to_string(head.size - static_cast<std::uint64_t>(end)) + " bytes more"},
        "they are left out");
  return claim.count;
}

}  // namespace quickbeam::io
