// SPDX-License-Identifier: BSD-3-Clause
// What every part of the CBF reader needs to report a fault or an accepted oddity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/fault_report.hpp"

namespace quickbeam::io {

using CbfFault = Fault;

/// One file being read. Borrows everything; lives for one call of parse_cbf.
class CbfContext : public FaultReport {
 public:
  CbfContext(std::span<const std::byte> bytes, const std::string& path, const ReadOptions& options,
             std::vector<std::string>& notices)
      : FaultReport("CBF", path, options.strictness, notices), bytes_(bytes), options_(options) {}

  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::uint64_t header_limit() const { return options_.header_limit; }

 private:
  std::span<const std::byte> bytes_;
  const ReadOptions& options_;
};

/// Where the run of zero bytes that ends the file begins, not before `from`: acquisition systems
/// allocate a file before they write it.
inline std::size_t zero_tail(std::string_view text, std::size_t from) {
  const std::size_t last = text.find_last_not_of('\0');
  const std::size_t begin = last == std::string_view::npos ? 0 : last + 1;
  return begin < from ? from : begin;
}

}  // namespace quickbeam::io
