// SPDX-License-Identifier: BSD-3-Clause
// Writes .qbstat files: planes as they come, then the rows of the images, the header last.
#include <algorithm>
#include <utility>

#include <quickbeam/crc32.hpp>

#include "host/src/little_endian.hpp"
#include "host/src/qbstat.hpp"
#include "host/src/qbstat_header.hpp"

namespace quickbeam {
namespace {

void append_planes(const kernels::PixelMoments& moments, ByteAppender& out) {
  if (moments.kind == kernels::MomentKind::sums) {
    out.numbers(std::span<const std::int64_t>(moments.sum.span()));
    out.numbers(std::span<const std::uint64_t>(moments.squares.span()));
  } else {
    out.numbers(std::span<const double>(moments.mean.span()));
    out.numbers(std::span<const double>(moments.m2.span()));
  }
  out.numbers(std::span<const double>(moments.lowest.span()));
  out.numbers(std::span<const double>(moments.highest.span()));
  if (moments.kind == kernels::MomentKind::moments)
    out.numbers(std::span<const std::uint32_t>(moments.missing.span()));
}

void append_row(const ImageRow& row, std::size_t name_bytes, ByteAppender& out) {
  out.number(row.position);
  out.number(static_cast<std::uint32_t>(name_bytes));
  out.number(row.moments.counted);
  out.number(row.moments.missing);
  for (const double value :
       {row.moments.mean, row.moments.m2, row.moments.lowest, row.moments.highest})
    out.number(value);
}

}  // namespace

QbstatWriter::QbstatWriter(const std::string& path, std::vector<QbstatGroup> groups)
    : file_(path), groups_(std::move(groups)) {
  for (QbstatGroup& group : groups_) group.rows = group.name_bytes = 0;
  const std::uint64_t header_bytes = qbstat::encode_header(groups_, path).size();
  layout_ = QbstatLayout(groups_, header_bytes, path);
  end_ = layout_.file_bytes();
}

void QbstatWriter::put(std::size_t group, std::int64_t block, std::size_t node,
                       const kernels::PixelMoments& moments) {
  scratch_.clear();
  ByteAppender out(scratch_);
  append_planes(moments, out);
  out.number(crc32(scratch_));
  groups_[group].nodes[node].images = moments.images;
  file_.write_at(layout_.planes(groups_[group], group, block, node), scratch_);
}

void QbstatWriter::put_rows(std::uint64_t count, const RowAt& row) {
  QbstatGroup& group = groups_[rows_done_++];
  group.rows = count;
  std::string name, names;
  std::vector<std::byte> rows;
  for (std::uint64_t first = 0; first < count; first += qbstat::chunk_rows) {
    names.clear();
    rows.clear();
    ByteAppender row_out(rows);
    for (std::uint64_t i = first; i < std::min(count, first + qbstat::chunk_rows); ++i) {
      const ImageRow moments = row(i, name);
      append_row(moments, name.size(), row_out);
      names += name;
    }
    scratch_.clear();
    ByteAppender out(scratch_);
    out.number(static_cast<std::uint32_t>(names.size()));
    out.bytes(rows);
    out.text(names);
    out.number(crc32(scratch_));
    file_.write_at(end_, scratch_);
    end_ += scratch_.size();
    group.name_bytes += names.size();
  }
}

void QbstatWriter::commit() {
  const auto header = qbstat::encode_header(groups_, {});
  file_.write_at(0, header);
  file_.commit();
}

}  // namespace quickbeam
