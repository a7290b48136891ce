// SPDX-License-Identifier: BSD-3-Clause
// PILATUS 6M files to measure with: simulated, and real ones when they are there.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <quickbeam/files.hpp>
#include <quickbeam/simulate.hpp>

namespace quickbeam::bench {

/// A folder of CBF files that is removed at the end of the program.
class FrameFolder {
 public:
  FrameFolder() {
    path_ =
        std::filesystem::temp_directory_path() / ("quickbeam-bench-" + std::to_string(::getpid()));
    std::filesystem::create_directories(path_);
  }
  FrameFolder(const FrameFolder&) = delete;
  FrameFolder& operator=(const FrameFolder&) = delete;
  ~FrameFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

  /// `count` simulated frames of ordinary strength.
  std::vector<std::string> simulated(int count) const {
    CrystalScan scan = make_scan(Strength::normal);
    scan.frames = count;
    const FrameSimulator simulator(scan);
    Image image(PixelType::i32, simulator.extent());
    std::vector<std::string> paths;
    for (int k = 0; k < count; ++k) {
      paths.push_back((path_ / ("sim_" + std::to_string(k) + ".cbf")).string());
      simulator.render(k, image.as<std::int32_t>());
      save_cbf(paths.back(), image.const_view(), scan_info(scan, k));
    }
    return paths;
  }

  /// Every real byte-offset frame of `data`, rewritten without outer compression; may be empty.
  std::vector<std::string> real(const std::filesystem::path& data) const {
    std::vector<std::string> paths;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(data / "cbf", ignored)) {
      const std::string name = entry.path().filename().string();
      if (!name.ends_with(".cbf.bz2") && !name.ends_with(".cbf.gz")) continue;
      const LoadedImage image = load_image({entry.path().string(), {}});
      paths.push_back((path_ / name.substr(0, name.find(".cbf") + 4)).string());
      save_cbf(paths.back(), image.pixels.const_view(), image.info);
    }
    return paths;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace quickbeam::bench
