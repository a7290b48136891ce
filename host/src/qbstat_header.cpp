// SPDX-License-Identifier: BSD-3-Clause
// The header of a .qbstat file: which groups and nodes it holds; all other sizes follow from it.
#include "host/src/qbstat_header.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include <quickbeam/crc32.hpp>

#include "host/src/little_endian.hpp"

namespace quickbeam::qbstat {
namespace {

__extension__ using Wide = unsigned __int128;

/// A carriage return and a line feed: a transfer as text shows.
constexpr std::string_view magic = "QBSTAT\r\n";
constexpr std::size_t id_characters = 32;
constexpr std::uint32_t longest_name = 4096;
constexpr std::int64_t most_images = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t longest_side = std::numeric_limits<std::int32_t>::max();

void append_name(ByteAppender& out, std::string_view name) {
  name = name.substr(0, longest_name);
  out.number(static_cast<std::uint32_t>(name.size()));
  out.text(name);
}

constexpr std::string_view sections_mark = "sections=";

/// Volumes are images to this format; that they are volumes is part of how they were read.
std::string reading_text(const GroupFacts& facts) {
  if (facts.sections == 1) return facts.reading;
  return facts.reading + (facts.reading.empty() ? "" : " ") + std::string(sections_mark) +
         std::to_string(facts.sections);
}

void append_group(ByteAppender& out, const QbstatGroup& group) {
  const GroupFacts& facts = group.facts;
  out.text(facts.set);
  out.text(facts.identity);
  out.number(facts.index);
  append_name(out, facts.name);
  append_name(out, reading_text(facts));
  out.number(facts.extent.width);
  out.number(facts.extent.height);
  out.number(facts.pixel_size_angstrom);
  out.number(facts.optics.voltage_kv);
  out.number(facts.optics.spherical_aberration_mm);
  out.number(facts.optics.amplitude_contrast);
  out.number(static_cast<std::uint32_t>(facts.kind));
  out.number(std::uint32_t{facts.region.whole() ? 0U : 1U});
  out.bytes(facts.region.bits());
  out.number(facts.images);
  out.number(group.rows);
  out.number(group.name_bytes);
  out.number(static_cast<std::uint64_t>(group.nodes.size()));
  for (const NodeFacts& node : group.nodes)
    for (const std::int64_t number : {node.leaves.first, node.leaves.count, node.images})
      out.number(number);
}

/// Takes the header apart; every length is compared with the bytes that are left.
class HeaderParser {
 public:
  HeaderParser(std::span<const std::byte> header, const std::string& path)
      : size_(header.size()), in_(header), path_(path) {}

  std::vector<QbstatGroup> parse() {
    in_.bytes(prefix_bytes);
    expect("images a chunk", kernels::chunk_images);
    expect("images a leaf", kernels::leaf_images);
    expect("pixels a block", ImageBlocks::block_pixels);
    const auto count = number<std::uint32_t>("groups");
    std::vector<QbstatGroup> groups;
    for (std::uint32_t g = 0; g < count; ++g) groups.push_back(group());
    check(in_.left() == 0, "header", "its end", "more bytes");
    return groups;
  }

 private:
  [[noreturn]] void bad(std::string_view field, std::string expected, std::string found) const {
    refuse(ErrorCode::bad_field, path_, field, size_ - in_.left(), std::move(expected),
           std::move(found));
  }
  void check(bool holds, std::string_view field, const char* expected, std::string found) const {
    if (!holds) bad(field, expected, std::move(found));
  }
  void need(std::uint64_t bytes, std::string_view field) const {
    if (bytes > in_.left())
      bad(field, std::to_string(bytes) + " bytes", std::to_string(in_.left()) + " to the end");
  }
  template <Number T>
  T number(std::string_view field) {
    need(sizeof(T), field);
    return in_.number<T>();
  }
  void expect(std::string_view field, std::int64_t value) {
    const auto found = number<std::uint32_t>(field);
    if (found != value)
      refuse(ErrorCode::unsupported, path_, field, size_ - in_.left(), std::to_string(value),
             std::to_string(found));
  }
  std::int64_t number_within(std::string_view field, std::int64_t lowest, std::int64_t highest) {
    const auto value = number<std::int64_t>(field);
    if (value < lowest || value > highest)
      bad(field, std::to_string(lowest) + " to " + std::to_string(highest), std::to_string(value));
    return value;
  }
  std::string name(std::string_view field) {
    const auto length = number<std::uint32_t>(field);
    check(length <= longest_name, field, "at most 4096 bytes", std::to_string(length));
    need(length, field);
    return std::string(in_.text(length));
  }
  std::string id(std::string_view field) {
    need(id_characters, field);
    std::string text(in_.text(id_characters));
    check(text.find_first_not_of("0123456789abcdef") == std::string::npos, field,
          "32 hexadecimal digits", text);
    return text;
  }

  QbstatGroup group() {
    QbstatGroup group;
    GroupFacts& facts = group.facts;
    facts.set = id("set");
    facts.identity = id("identity");
    facts.index = number<std::uint32_t>("index of the group");
    facts.name = name("name of the group");
    reading(facts);
    facts.extent.width = number_within("width", 1, longest_side);
    facts.extent.height = number_within("height", 1, longest_side);
    check(facts.sections > 0 && facts.extent.height % facts.sections == 0, "sections",
          "a divisor of the height", std::to_string(facts.sections));
    facts.pixel_size_angstrom = number<double>("pixel size");
    check(std::isfinite(facts.pixel_size_angstrom) && facts.pixel_size_angstrom >= 0, "pixel size",
          "a length or 0", "another number");
    for (double* fact : {&facts.optics.voltage_kv, &facts.optics.spherical_aberration_mm,
                         &facts.optics.amplitude_contrast})
      *fact = number<double>("optics");
    const auto kind = number<std::uint32_t>("kind");
    check(kind <= 1, "kind", "0 or 1", std::to_string(kind));
    facts.kind = static_cast<kernels::MomentKind>(kind);
    region(facts);
    facts.images = number_within("images", 1, most_images);
    group.rows = number<std::uint64_t>("rows");
    group.name_bytes = number<std::uint64_t>("bytes of names");
    nodes(group);
    return group;
  }

  /// As reading_text gave it.
  void reading(GroupFacts& facts) {
    facts.reading = name("reading");
    const std::size_t at = facts.reading.rfind(sections_mark);
    if (at == std::string::npos || (at > 0 && facts.reading[at - 1] != ' ')) return;
    const char* const first = facts.reading.data() + at + sections_mark.size();
    const char* const last = facts.reading.data() + facts.reading.size();
    const auto [end, error] = std::from_chars(first, last, facts.sections);
    check(error == std::errc{} && end == last && facts.sections > 1, "sections",
          "a whole number above 1", facts.reading.substr(at));
    facts.reading.resize(at > 0 ? at - 1 : 0);
  }

  void region(GroupFacts& facts) {
    const auto masked = number<std::uint32_t>("region");
    check(masked <= 1, "region", "0 or 1", std::to_string(masked));
    if (masked == 0) return;
    need(ImageRegion::bytes_of(facts.extent), "region");
    facts.region =
        ImageRegion::from_bits(facts.extent, in_.bytes(ImageRegion::bytes_of(facts.extent)));
  }

  void nodes(QbstatGroup& group) {
    const auto count = number<std::uint64_t>("nodes");
    check(count <= in_.left() / 24, "nodes", "as many as there are bytes for",
          std::to_string(count));
    const std::int64_t leaves = group.facts.leaves();
    std::uint64_t images = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      NodeFacts node;
      node.leaves.first = number<std::int64_t>("first leaf");
      node.leaves.count = number<std::int64_t>("leaves of a node");
      check(is_node(node.leaves, leaves), "node", "one of the tree",
            std::to_string(node.leaves.first) + " + " + std::to_string(node.leaves.count));
      check(group.nodes.empty() || group.nodes.back().leaves.end() <= node.leaves.first, "node",
            "behind the one before", "leaf " + std::to_string(node.leaves.first));
      node.images = number_within("images of a node", 0, images_of(node.leaves, group.facts));
      images += static_cast<std::uint64_t>(node.images);
      group.nodes.push_back(node);
    }
    check(images == group.rows || group.rows == 0, "rows", "one for every image counted, or none",
          std::to_string(group.rows));
  }

  static std::int64_t images_of(LeafRange leaves, const GroupFacts& facts) {
    return std::min(leaves.end() * kernels::leaf_images, facts.images) -
           leaves.first * kernels::leaf_images;
  }

  std::size_t size_;
  ByteTaker in_;
  const std::string& path_;
};

}  // namespace

void refuse(ErrorCode code, const std::string& path, std::string_view field, std::uint64_t offset,
            std::string expected, std::string found) {
  fail({.code = code,
        .path = path,
        .format = "QBSTAT",
        .field = std::string(field),
        .offset = offset,
        .expected = std::move(expected),
        .found = std::move(found)});
}

std::vector<std::byte> encode_header(std::span<const QbstatGroup> groups, const std::string& path) {
  std::vector<std::byte> body;
  ByteAppender out(body);
  out.number(static_cast<std::uint32_t>(kernels::chunk_images));
  out.number(static_cast<std::uint32_t>(kernels::leaf_images));
  out.number(static_cast<std::uint32_t>(ImageBlocks::block_pixels));
  out.number(static_cast<std::uint32_t>(groups.size()));
  for (const QbstatGroup& group : groups) append_group(out, group);
  const std::uint64_t header_bytes = prefix_bytes + body.size();
  std::vector<std::byte> counted;
  ByteAppender sizes(counted);
  sizes.number(header_bytes);
  sizes.number(QbstatLayout(groups, header_bytes, path).file_bytes());
  sizes.bytes(body);
  std::vector<std::byte> header;
  ByteAppender all(header);
  all.text(magic);
  all.number(qbstat_version);
  all.number(crc32(counted));
  all.bytes(counted);
  return header;
}

Prefix decode_prefix(std::span<const std::byte> prefix, std::uint64_t file_bytes,
                     const std::string& path) {
  ByteTaker in(prefix);
  const std::string_view begins = in.text(std::min(in.left(), magic.size()));
  if (begins.empty() || begins != magic.substr(0, begins.size()))
    refuse(ErrorCode::not_this_format, path, "magic", 0, "QBSTAT", printable(begins));
  const auto truncated = [&](std::uint64_t expected) {
    refuse(ErrorCode::truncated, path, "size", file_bytes, std::to_string(expected) + " bytes",
           std::to_string(file_bytes));
  };
  if (prefix.size() < prefix_bytes) truncated(prefix_bytes);
  const auto version = in.number<std::uint32_t>();
  if (version != qbstat_version)
    refuse(ErrorCode::unsupported, path, "version", 8, std::to_string(qbstat_version),
           std::to_string(version));
  Prefix found{.crc = in.number<std::uint32_t>(), .header_bytes = in.number<std::uint64_t>()};
  const auto promised = in.number<std::uint64_t>();
  if (found.header_bytes < prefix_bytes || found.header_bytes > promised)
    refuse(ErrorCode::bad_field, path, "bytes of the header", 16,
           "at least " + std::to_string(prefix_bytes) + " and within the file",
           std::to_string(found.header_bytes));
  if (file_bytes < promised) truncated(promised);
  if (file_bytes > promised)
    refuse(ErrorCode::inconsistent, path, "size", 24, std::to_string(promised) + " bytes",
           std::to_string(file_bytes));
  return found;
}

std::vector<QbstatGroup> decode_header(std::span<const std::byte> header, const Prefix& prefix,
                                       const std::string& path) {
  if (crc32(header.subspan(16)) != prefix.crc)
    refuse(ErrorCode::checksum, path, "header", 12, "its CRC-32", "another");
  auto groups = HeaderParser(header, path).parse();
  const std::uint64_t expected = QbstatLayout(groups, header.size(), path).file_bytes();
  ByteTaker promised(header.subspan(24));
  if (const auto found = promised.number<std::uint64_t>(); found != expected)
    refuse(ErrorCode::inconsistent, path, "size", 24, std::to_string(expected) + " bytes",
           std::to_string(found));
  return groups;
}

}  // namespace quickbeam::qbstat

namespace quickbeam {

QbstatLayout::QbstatLayout(std::span<const QbstatGroup> groups, std::uint64_t header_bytes,
                           const std::string& path) {
  using namespace qbstat;
  Wide at = header_bytes;
  const auto advance = [&](Wide bytes) {
    at += bytes;
    if (at > std::numeric_limits<std::int64_t>::max())
      refuse(ErrorCode::overflow, path, "size", 0, "fewer than 2^63 bytes", "more");
    return static_cast<std::uint64_t>(at);
  };
  for (const QbstatGroup& group : groups) {
    const auto pixels = static_cast<Wide>(group.facts.extent.width) *
                        static_cast<std::uint64_t>(group.facts.extent.height);
    const auto blocks = static_cast<std::uint64_t>(group.facts.blocks().count());
    const Wide node = pixels * planes_bytes(group.facts.kind, 1) + Wide{blocks} * crc_bytes;
    planes_.push_back(static_cast<std::uint64_t>(at));
    // The product of at most 2^68 and 2^32 fits; sums of it are checked one by one.
    advance(group.nodes.empty() ? 0 : node * group.nodes.size());
  }
  for (const QbstatGroup& group : groups) {
    rows_.push_back(static_cast<std::uint64_t>(at));
    const Wide chunks = (Wide{group.rows} + chunk_rows - 1) / chunk_rows;
    advance(Wide{group.rows} * row_bytes + group.name_bytes +
            chunks * (chunk_head_bytes + crc_bytes));
  }
  rows_.push_back(static_cast<std::uint64_t>(at));
}

std::uint64_t QbstatLayout::planes(const QbstatGroup& group, std::size_t g, std::int64_t block,
                                   std::size_t node) const {
  using namespace qbstat;
  const ImageBlocks blocks = group.facts.blocks();
  const std::uint64_t before = planes_bytes(group.facts.kind, blocks.first_pixel(block)) +
                               static_cast<std::uint64_t>(block) * crc_bytes;
  const std::uint64_t here = planes_bytes(group.facts.kind, blocks.pixels(block)) + crc_bytes;
  return planes_[g] + before * group.nodes.size() + here * node;
}

}  // namespace quickbeam
