// SPDX-License-Identifier: BSD-3-Clause
// Reads .qbstat files, which may come from anywhere: nothing in them is believed unchecked.
#include "host/src/qbstat.hpp"

#include <algorithm>
#include <utility>

#include <quickbeam/crc32.hpp>

#include "host/src/little_endian.hpp"
#include "host/src/qbstat_header.hpp"

namespace quickbeam {
namespace {

using kernels::MomentKind;
using kernels::PixelMoments;

/// Bytes with their CRC-32 behind them; taken off.
std::span<const std::byte> checked(std::span<const std::byte> bytes, const std::string& path,
                                   std::string_view field, std::uint64_t offset) {
  const auto body = bytes.first(bytes.size() - qbstat::crc_bytes);
  if (crc32(body) != ByteTaker(bytes.last(qbstat::crc_bytes)).number<std::uint32_t>())
    qbstat::refuse(ErrorCode::checksum, path, field, offset, "its CRC-32", "another");
  return body;
}

/// Sums that can come from that many values of 16 bits; with others, later sums could overflow.
bool plausible_sums(const PixelMoments& moments) {
  const auto images = static_cast<std::uint64_t>(moments.images);
  for (std::size_t p = 0; p < moments.pixels; ++p) {
    const std::int64_t sum = moments.sum[p];
    const std::uint64_t size =
        sum < 0 ? ~static_cast<std::uint64_t>(sum) + 1 : static_cast<std::uint64_t>(sum);
    // Images are fewer than 2^32, so the products fit.
    if (size > images * 0xffff || moments.squares[p] > images * (0xfffeULL << 16 | 1)) return false;
  }
  return true;
}

bool plausible_counts(const PixelMoments& moments) {
  return std::ranges::all_of(moments.missing.span(),
                             [&](std::uint32_t missing) { return missing <= moments.images; });
}

void take_planes(std::span<const std::byte> bytes, PixelMoments& moments) {
  ByteTaker in(bytes);
  if (moments.kind == MomentKind::sums) {
    in.numbers(moments.sum.span());
    in.numbers(moments.squares.span());
  } else {
    in.numbers(moments.mean.span());
    in.numbers(moments.m2.span());
  }
  in.numbers(moments.lowest.span());
  in.numbers(moments.highest.span());
  if (moments.kind == MomentKind::moments) {
    in.numbers(moments.missing.span());
    moments.any_missing =
        std::ranges::any_of(moments.missing.span(), [](std::uint32_t n) { return n != 0; });
  }
}

struct StoredRow {
  ImageRow row{};
  std::uint32_t name_bytes = 0;
};

StoredRow take_row(ByteTaker& in) {
  StoredRow stored;
  stored.row.position = in.number<std::uint32_t>();
  stored.name_bytes = in.number<std::uint32_t>();
  kernels::ImageMoments& moments = stored.row.moments;
  moments.counted = in.number<std::int64_t>();
  moments.missing = in.number<std::int64_t>();
  for (double* value : {&moments.mean, &moments.m2, &moments.lowest, &moments.highest})
    *value = in.number<double>();
  return stored;
}

}  // namespace

QbstatFile::QbstatFile(const std::string& path)
    : path_(path), source_(std::make_unique<io::PlainFile>(path)) {
  open();
}

QbstatFile::QbstatFile(std::span<const std::byte> bytes, std::string path)
    : path_(std::move(path)), source_(std::make_unique<io::MemoryBytes>(bytes)) {
  open();
}

void QbstatFile::open() {
  const std::uint64_t size = source_->size();
  const auto head = bytes_at(0, std::min<std::uint64_t>(size, qbstat::prefix_bytes), "header");
  const qbstat::Prefix prefix = qbstat::decode_prefix(head, size, path_);
  const auto header = bytes_at(0, prefix.header_bytes, "header");
  groups_ = qbstat::decode_header(header, prefix, path_);
  layout_ = QbstatLayout(groups_, prefix.header_bytes, path_);
}

std::vector<std::byte> QbstatFile::bytes_at(std::uint64_t offset, std::uint64_t count,
                                            std::string_view field) const {
  std::vector<std::byte> bytes(static_cast<std::size_t>(count));
  const std::uint64_t got = source_->read(offset, bytes);
  if (got != count)
    qbstat::refuse(ErrorCode::truncated, path_, field, offset + got,
                   std::to_string(count) + " bytes", std::to_string(got));
  return bytes;
}

void QbstatFile::read(std::size_t group, std::int64_t block, std::size_t node,
                      PixelMoments& moments) const {
  const QbstatGroup& from = groups_[group];
  const std::size_t pixels = from.facts.blocks().pixels(block);
  const std::uint64_t offset = layout_.planes(from, group, block, node);
  const auto bytes =
      bytes_at(offset, qbstat::planes_bytes(from.facts.kind, pixels) + qbstat::crc_bytes, "planes");
  moments.reset(from.facts.kind, pixels);
  moments.images = from.nodes[node].images;
  take_planes(checked(bytes, path_, "planes", offset), moments);
  if (moments.kind == MomentKind::sums ? !plausible_sums(moments) : !plausible_counts(moments))
    qbstat::refuse(ErrorCode::bad_field, path_, "planes", offset,
                   "what " + std::to_string(moments.images) + " images can give", "more");
}

void QbstatFile::read_rows(std::size_t group, const TakeRow& take) const {
  const QbstatGroup& from = groups_[group];
  std::uint64_t at = layout_.rows(group);
  const std::uint64_t end = layout_.rows(group + 1);
  const auto bad = [&](std::string expected) {
    qbstat::refuse(ErrorCode::bad_field, path_, "rows", at, std::move(expected), "another");
  };
  for (std::uint64_t first = 0; first < from.rows; first += qbstat::chunk_rows) {
    const std::uint64_t rows = std::min(qbstat::chunk_rows, from.rows - first);
    const auto head = bytes_at(at, qbstat::chunk_head_bytes, "rows");
    const std::uint64_t names = ByteTaker(head).number<std::uint32_t>();
    const std::uint64_t bytes =
        qbstat::chunk_head_bytes + rows * qbstat::row_bytes + names + qbstat::crc_bytes;
    if (bytes > end - at) bad("names that end with the rows");
    const auto chunk = bytes_at(at, bytes, "rows");
    const auto body = checked(chunk, path_, "rows", at).subspan(qbstat::chunk_head_bytes);
    ByteTaker in(body), in_names(body.subspan(rows * qbstat::row_bytes));
    for (std::uint64_t i = 0; i < rows; ++i) {
      const StoredRow stored = take_row(in);
      const auto& moments = stored.row.moments;
      const std::int64_t pixels = from.facts.extent.pixels();
      if (stored.name_bytes > in_names.left()) bad("names that end with the rows");
      if (moments.counted < 0 || moments.missing < 0 || moments.counted > pixels ||
          moments.missing > pixels - moments.counted)
        bad("counts within the image");
      take(stored.row, in_names.text(stored.name_bytes));
    }
    at += bytes;
  }
  if (at != end) bad("names that end with the rows");
}

}  // namespace quickbeam
