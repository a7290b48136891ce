// SPDX-License-Identifier: BSD-3-Clause
// How a reader reports a fault of a file, or an oddity it accepts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "io/image_file.hpp"

namespace quickbeam::io {

/// Where a fault is; the path and the format are added by FaultReport.
struct Fault {
  ErrorCode code;
  std::string field;
  std::uint64_t offset;
  std::string expected;
  std::string found;
  std::optional<std::uint64_t> frame{};  ///< from 1; absent = the report's own
};

/// Faults of one file being read. Borrows everything; lives as long as the reading.
class FaultReport {
 public:
  static constexpr std::size_t notice_limit = 64;  ///< a hostile header could make thousands

  FaultReport(std::string_view format, const std::string& path, Strictness strictness,
              std::vector<std::string>& notices)
      : format_(format), path_(path), strictness_(strictness), notices_(notices) {}

  /// Frames in the parts before the present one; errors name it when it is not 0.
  void set_frame(std::uint64_t frame) { frame_ = frame; }

  [[noreturn]] void fail(Fault fault) const { quickbeam::fail(error_of(std::move(fault))); }

  /// An oddity that does not stop a lenient reader: one notice, or the error under strict.
  void oddity(Fault fault, std::string_view consequence) const {
    ErrorInfo info = error_of(std::move(fault));
    if (strictness_ == Strictness::strict) quickbeam::fail(std::move(info));
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
  ErrorInfo error_of(Fault fault) const {
    ErrorInfo info;
    info.code = fault.code;
    info.path = path_;
    info.format = format_;
    info.field = std::move(fault.field);
    info.offset = fault.offset;
    info.frame = fault.frame;
    if (!info.frame && frame_ != 0) info.frame = frame_;
    info.expected = std::move(fault.expected);
    info.found = std::move(fault.found);
    return info;
  }

  std::string_view format_;
  const std::string& path_;
  Strictness strictness_;
  std::vector<std::string>& notices_;
  std::uint64_t frame_ = 0;
};

}  // namespace quickbeam::io
