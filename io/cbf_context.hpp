// SPDX-License-Identifier: BSD-3-Clause
// What every part of the CBF reader needs to report a fault or an accepted oddity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "io/image_file.hpp"

namespace quickbeam::io {

/// Where a fault is; the path and the format are added by CbfContext.
struct CbfFault {
  ErrorCode code;
  std::string field;
  std::uint64_t offset;
  std::string expected;
  std::string found;
};

/// One file being read. Borrows everything; lives for one call of parse_cbf.
class CbfContext {
 public:
  static constexpr std::size_t notice_limit = 64;  ///< a hostile header could make thousands

  CbfContext(std::span<const std::byte> bytes, const std::string& path, const ReadOptions& options,
             std::vector<std::string>& notices)
      : bytes_(bytes), path_(path), options_(options), notices_(notices) {}

  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::uint64_t header_limit() const { return options_.header_limit; }

  /// Frames in the sections before the present one; errors name it from the second section on.
  void set_frame(std::uint64_t frame) { frame_ = frame; }

  [[noreturn]] void fail(CbfFault fault) const { quickbeam::fail(error_of(std::move(fault))); }

  /// An oddity that does not stop a lenient reader: one notice, or the error under strict.
  void oddity(CbfFault fault, std::string_view consequence) const {
    ErrorInfo info = error_of(std::move(fault));
    if (options_.strictness == Strictness::strict) quickbeam::fail(std::move(info));
    info.path.clear();
    info.format.clear();
    std::string line = to_string(info);
    line.resize(line.rfind(" ["));
    notice(line + "; " + std::string(consequence));
  }

  /// Something worth saying that is no fault.
  void notice(std::string line) const {
    if (notices_.size() < notice_limit) notices_.push_back(std::move(line));
    if (notices_.size() == notice_limit) notices_.back() = "further notices left out";
  }

 private:
  ErrorInfo error_of(CbfFault fault) const {
    ErrorInfo info;
    info.code = fault.code;
    info.path = path_;
    info.format = "CBF";
    info.field = std::move(fault.field);
    info.offset = fault.offset;
    if (frame_ != 0) info.frame = frame_;
    info.expected = std::move(fault.expected);
    info.found = std::move(fault.found);
    return info;
  }

  std::span<const std::byte> bytes_;
  const std::string& path_;
  const ReadOptions& options_;
  std::vector<std::string>& notices_;
  std::uint64_t frame_ = 0;
};

/// Where the run of zero bytes that ends the file begins, not before `from`: acquisition systems
/// allocate a file before they write it.
inline std::size_t zero_tail(std::string_view text, std::size_t from) {
  const std::size_t last = text.find_last_not_of('\0');
  const std::size_t begin = last == std::string_view::npos ? 0 : last + 1;
  return begin < from ? from : begin;
}

}  // namespace quickbeam::io
