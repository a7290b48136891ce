// SPDX-License-Identifier: BSD-3-Clause
// The frames that are measured: simulated ones, or those of a folder.
#pragma once

#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <quickbeam/core/frame_info.hpp>
#include <quickbeam/core/payload.hpp>
#include <quickbeam/plan.hpp>

#include "host/src/frame_file.hpp"

namespace quickbeam::bench {

/// Byte-offset frames of one size, i32, in host memory and as files.
class Inputs {
 public:
  /// Simulates `count` different frames of a PILATUS 6M into `folder`; tiny ones are 61 x 97.
  static Inputs simulated(std::size_t count, bool tiny, const std::filesystem::path& folder);
  /// The uncompressed .cbf files in `folder` that have the layout of the first; may be empty.
  static Inputs from_folder(const std::filesystem::path& folder);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& paths() const { return paths_; }
  std::span<const Payload> payloads() const { return payloads_; }
  const FrameLayout& layout() const { return layout_; }
  Extent extent() const { return layout_.extent; }
  std::size_t pixels() const { return static_cast<std::size_t>(extent().pixels()); }
  /// Of the compressed pixels of a frame, on average.
  double mean_bytes() const;
  std::size_t longest() const;

 private:
  void add(const std::string& path);

  std::string name_;
  std::vector<std::string> paths_;
  std::deque<FrameFile> files_;  ///< hold the bytes
  std::vector<Payload> payloads_;
  FrameLayout layout_;
};

}  // namespace quickbeam::bench
