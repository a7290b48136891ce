// SPDX-License-Identifier: BSD-3-Clause
// Frames to measure with.
#include "bench/cuda/inputs.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include <quickbeam/files.hpp>
#include <quickbeam/simulate.hpp>

namespace quickbeam::bench {
namespace {

CrystalScan scan_of(std::size_t count, bool tiny) {
  CrystalScan scan = make_scan(Strength::normal);
  scan.frames = static_cast<std::int64_t>(count);
  if (tiny) scan.detector = {.modules_x = 1, .modules_y = 2, .module = {61, 40}};
  return scan;
}

}  // namespace

Inputs Inputs::simulated(std::size_t count, bool tiny, const std::filesystem::path& folder) {
  const FrameSimulator simulator(scan_of(count, tiny));
  const auto path_of = [&](std::size_t i) {
    return folder / ("sim_" + std::to_string(i) + ".cbf");
  };
  std::atomic<std::size_t> next{0};
  const auto render_some = [&] {
    Image image(PixelType::i32, simulator.extent());
    for (std::size_t i = next++; i < count; i = next++) {
      const auto frame = static_cast<std::int64_t>(i);
      simulator.render(frame, image.as<std::int32_t>());
      save_cbf(path_of(i), image.const_view(), scan_info(simulator.scan(), frame), Digest::no);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < std::thread::hardware_concurrency(); ++t)
      threads.emplace_back(render_some);
  }
  Inputs inputs;
  inputs.name_ = "simulated";
  for (std::size_t i = 0; i < count; ++i) inputs.add(path_of(i));
  return inputs;
}

Inputs Inputs::from_folder(const std::filesystem::path& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".cbf") paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  Inputs inputs;
  inputs.name_ = "real";
  for (const std::string& path : paths) inputs.add(path);
  return inputs;
}

/// Leaves out what is not byte-offset i32, or not like the first.
void Inputs::add(const std::string& path) {
  FrameFile& file = files_.emplace_back();
  file.open(path);
  const Payload payload = file.frame(0);
  const FrameLayout layout = FrameLayout::of(payload, file.file().info);
  const bool fits = payload.encoding == Encoding::byte_offset && payload.type == PixelType::i32 &&
                    (payloads_.empty() || layout == layout_);
  if (!fits) return files_.pop_back();
  layout_ = layout;
  paths_.push_back(path);
  payloads_.push_back(payload);
}

double Inputs::mean_bytes() const {
  double sum = 0;
  for (const Payload& payload : payloads_) sum += static_cast<double>(payload.bytes.size());
  return sum / static_cast<double>(payloads_.size());
}

std::size_t Inputs::longest() const {
  std::size_t most = 0;
  for (const Payload& payload : payloads_) most = std::max(most, payload.bytes.size());
  return most;
}

}  // namespace quickbeam::bench
