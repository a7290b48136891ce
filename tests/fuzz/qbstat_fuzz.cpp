// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as a .qbstat file: an Error, or numbers that can be joined and written without harm.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/crc32.hpp>

#include "host/src/qbstat.hpp"
#include "host/src/qbstat_header.hpp"

namespace {

using namespace quickbeam;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Reads all and folds every block, as merge does.
void check(const QbstatFile& file, std::size_t size) {
  for (std::size_t g = 0; g < file.groups().size(); ++g) {
    const QbstatGroup& group = file.groups()[g];
    require(!group.facts.extent.empty() && group.facts.images > 0);
    require(group.rows <= size && group.nodes.size() <= size);
    if (group.nodes.empty()) continue;
    const ImageBlocks blocks = group.facts.blocks();
    for (std::int64_t block = 0; block < blocks.count(); ++block) {
      MomentTree tree(group.facts.leaves());
      for (std::size_t n = 0; n < group.nodes.size(); ++n) {
        MomentNode node{group.nodes[n].leaves, Planes(1)};
        file.read(g, block, n, node.planes[0]);
        require(node.planes[0].pixels == blocks.pixels(block));
        tree.insert(std::move(node));
      }
      const Planes all = fold(tree.take(), group.facts.leaves());
      std::vector<double> values(all[0].pixels);
      kernels::write_mean(all[0], values);
      kernels::write_variance(all[0], 1, values);
    }
  }
  for (std::size_t g = 0; g < file.groups().size(); ++g) {
    std::uint64_t rows = 0;
    file.read_rows(g, [&](const ImageRow& row, std::string_view) {
      ++rows;
      require(row.moments.counted >= 0 && row.moments.missing >= 0);
    });
    require(rows == file.groups()[g].rows);
  }
}

void attempt(std::span<const std::byte> bytes) {
  try {
    check(QbstatFile(bytes, "fuzz.qbstat"), bytes.size());
  } catch (const Error& error) {
    require(error.info().path == "fuzz.qbstat");
  }
}

void seal(std::span<std::byte> bytes, std::uint64_t at, std::uint64_t count) {
  if (at + count + qbstat::crc_bytes > bytes.size()) return;
  const std::uint32_t crc = crc32(bytes.subspan(at, count));
  std::memcpy(bytes.data() + at + count, &crc, sizeof crc);
}

/// Behind a header that can be read.
void seal_parts(std::span<std::byte> bytes, std::uint64_t header_bytes) try {
  const QbstatFile file(bytes, "fuzz.qbstat");
  const QbstatLayout layout(file.groups(), header_bytes, "fuzz.qbstat");
  for (std::size_t g = 0; g < file.groups().size(); ++g) {
    const QbstatGroup& group = file.groups()[g];
    const ImageBlocks blocks = group.facts.blocks();
    for (std::int64_t b = 0; b < (group.nodes.empty() ? 0 : blocks.count()); ++b)
      for (std::size_t n = 0; n < group.nodes.size(); ++n)
        seal(bytes, layout.planes(group, g, b, n),
             qbstat::planes_bytes(group.facts.kind, blocks.pixels(b)));
    std::uint64_t at = layout.rows(g);
    for (std::uint64_t row = 0; row < group.rows; row += qbstat::chunk_rows) {
      std::uint32_t names = 0;
      if (at + sizeof names > bytes.size()) return;
      std::memcpy(&names, bytes.data() + at, sizeof names);
      const std::uint64_t rows = std::min(qbstat::chunk_rows, group.rows - row);
      const std::uint64_t size = qbstat::chunk_head_bytes + rows * qbstat::row_bytes + names;
      seal(bytes, at, size);
      at += size + qbstat::crc_bytes;
    }
  }
} catch (const Error&) {
}

/// Makes sizes and checksums right, so that what lies behind them is reached.
std::vector<std::byte> sealed(std::span<const std::byte> bytes) {
  std::vector<std::byte> copy(bytes.begin(), bytes.end());
  if (copy.size() < 48) return copy;
  const auto put = [&](std::size_t at, auto value) {
    std::memcpy(copy.data() + at, &value, sizeof value);
  };
  std::uint64_t header;
  std::memcpy(&header, copy.data() + 16, 8);
  header = std::clamp<std::uint64_t>(header, 48, copy.size());
  put(16, header);
  put(24, std::uint64_t{copy.size()});
  put(12, crc32(std::span(copy).subspan(16, header - 16)));
  seal_parts(copy, header);
  return copy;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  attempt(bytes);
  attempt(sealed(bytes));
  return 0;
}
