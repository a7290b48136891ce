// SPDX-License-Identifier: BSD-3-Clause
// Particles to thumbnails: the kernels on images in device memory, and the engine from pinned
// memory and back.
#include <cstring>
#include <random>
#include <stdexcept>

#include <quickbeam/backend.hpp>
#include <quickbeam/core/buffer.hpp>
#include <quickbeam/thumbnail_maker.hpp>

#include "bench/cuda/bench.hpp"
#include "bench/cuda/device_frames.hpp"
#include "kernels/shrink_cuda.hpp"

namespace quickbeam::bench {
namespace {

/// Square images and their thumbnails.
struct Sides {
  std::int64_t from, to;
  Extent in() const { return {from, from}; }
  Extent out() const { return {to, to}; }
  std::string name() const { return std::to_string(from) + " to " + std::to_string(to); }
  double bytes() const { return 4.0 * static_cast<double>(in().pixels() + out().pixels()); }
  std::size_t in_pixels() const { return static_cast<std::size_t>(in().pixels()); }
  std::size_t out_pixels() const { return static_cast<std::size_t>(out().pixels()); }
};

std::vector<float> noise(std::size_t pixels) {
  std::mt19937 random(20240611);
  std::vector<float> values(pixels);
  for (float& v : values) v = static_cast<float>(random() % 4096) - 2048;
  return values;
}

/// The tables of an axis in device memory.
struct Tables {
  DeviceBlock<kernels::AxisWeights::Window> windows;
  DeviceBlock<double> weights;
  std::int32_t widest;
  explicit Tables(const kernels::AxisWeights& axis)
      : windows(axis.windows), weights(axis.weights), widest(axis.widest) {}
  kernels::cuda::DeviceAxis get() const { return {windows.get(), weights.get(), widest}; }
};

/// Batches in turn, together more than the card's cache holds.
void measure_kernels(const Options& options, Sides sides, std::size_t batch, Report& report) {
  const std::string stage = "thumbnails " + sides.name() + " of float32, resident";
  if (!report.wants(stage)) return;
  const cuda::Stream stream = cuda::make_stream();
  const auto steps =
      kernels::thumbnail_steps(sides.in(), sides.out(), kernels::ThumbnailFilter::pil);
  constexpr std::size_t all_bytes = std::size_t{1} << 30;
  const std::size_t rounds =
      options.tiny ? 2 : std::max<std::size_t>(1, all_bytes / (batch * sides.in_pixels() * 4));
  const std::size_t all = rounds * batch;
  const DeviceBlock<float> in(all * sides.in_pixels()), out(all * sides.out_pixels());
  const DeviceBlock<float> reduced(batch * static_cast<std::size_t>(steps.reduced.pixels()));
  const DeviceBlock<float> between(
      batch * static_cast<std::size_t>(kernels::cuda::between_extent(steps).pixels()));
  const DeviceBlock<std::uint8_t> had_nan(batch);
  const std::vector<float> image = noise(sides.in_pixels());
  for (std::size_t i = 0; i < all; ++i)
    QUICKBEAM_CUDA_TRY(cudaMemcpy(in.get() + i * sides.in_pixels(), image.data(),
                                  image.size() * sizeof(float), cudaMemcpyHostToDevice));
  const Tables x(steps.x), y(steps.y);
  const auto queue = [&](std::size_t turn) {
    const std::size_t at = turn % rounds * batch;
    kernels::cuda::shrink_planes(steps, x.get(), y.get(),
                                 {.in = in.get() + at * sides.in_pixels(),
                                  .images = static_cast<std::uint32_t>(batch),
                                  .reduced = reduced.get(),
                                  .between = between.get(),
                                  .out = out.get() + at * sides.out_pixels(),
                                  .had_nan = had_nan.get()},
                                 stream.get());
  };
  const Times times = time_on_device(stream.get(), options.effort(), queue);
  report.add({.stage = stage,
              .batch = batch,
              .frame = times / static_cast<double>(batch),
              .bytes = sides.bytes(),
              .bound = device_copy});
}

/// One thread, as `quickbeam shrink` does it with a batch that was read.
void measure_engine(const Options& options, Sides sides, const char* device_name, std::size_t batch,
                    Report& report) {
  const DeviceChoice device = choose_device(device_name);
  const bool on_gpu = device.backend->name() == "cuda";
  const std::string stage = "thumbnails " + sides.name() + " of float32, " +
                            (on_gpu ? "pinned host memory and back" : "CPU");
  if (!report.wants(stage)) return;
  const auto memory = device.backend->make_host_memory();
  Buffer<float> in(memory.get());
  in.resize(batch * sides.in_pixels());
  const std::vector<float> image = noise(sides.in_pixels());
  for (std::size_t i = 0; i < batch; ++i)
    std::memcpy(in.data() + i * image.size(), image.data(), image.size() * sizeof(float));
  std::vector<float> out(batch * sides.out_pixels());
  std::vector<std::uint8_t> had_nan(batch);
  const auto maker = device.backend->make_thumbnail_maker({.from = sides.in(), .to = sides.out()});
  const Times times = time_on_host(options.long_effort(), [&](std::size_t) {
    const std::string notice = maker->run({in.span(), out, had_nan});
    if (!notice.empty()) throw std::runtime_error(notice);
  });
  report.add({.stage = stage,
              .batch = batch,
              .threads = 1,
              .frame = times / static_cast<double>(batch),
              .bytes = sides.bytes(),
              .bound = on_gpu ? bus_in : host_copy});
}

}  // namespace

void measure_particles(const Options& options, Report& report) {
  const std::vector<Sides> cases = options.tiny
                                       ? std::vector<Sides>{{20, 5}}
                                       : std::vector<Sides>{{256, 64}, {512, 64}, {120, 64}};
  const std::vector<std::size_t> batches =
      options.tiny ? std::vector<std::size_t>{2} : std::vector<std::size_t>{16, 128, 1024};
  for (const Sides& sides : cases) {
    if (options.profile) {  // the same kernels in all of them
      measure_kernels(options, sides, batches.front(), report);
      continue;
    }
    for (const std::size_t batch : batches) measure_kernels(options, sides, batch, report);
    measure_engine(options, sides, "cuda", options.tiny ? 2 : 128, report);
    measure_engine(options, sides, "cpu", options.tiny ? 2 : 128, report);
  }
}

}  // namespace quickbeam::bench
