// SPDX-License-Identifier: BSD-3-Clause
// Statistics of stacks that are streamed through the card: images in pinned host memory in, leaves
// of the merge tree out, several threads at a time, as `quickbeam stats` does it behind its
// readers.
#include <atomic>
#include <cstring>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>

#include "bench/cuda/bench.hpp"
#include "host/src/cuda/device_leaf.hpp"

namespace quickbeam::bench {
namespace {

using kernels::ImageMoments;
using kernels::PixelMoments;

/// One thread's leaves, always of the images that lie in its pinned memory.
template <class T>
class LeafWorker {
 public:
  LeafWorker(std::size_t pixels, std::int64_t at_once, bool of_images)
      : pixels_(pixels),
        at_once_(at_once),
        leaf_(0, {pixel_type_of<T>(), pixels, 1, at_once, of_images}),
        rows_(kernels::leaf_images) {
    std::mt19937 random(20261121);
    std::vector<T> values(pixels_ * static_cast<std::size_t>(at_once_));
    for (T& v : values) v = static_cast<T>(random() % 200);
    run([&](std::byte* to) { std::memcpy(to, values.data(), values.size() * sizeof(T)); });
    check(values);
  }

  /// A leaf, of whatever its memory holds.
  void run() {
    run([](std::byte*) {});
  }

 private:
  template <class Fill>
  void run(const Fill& fill) {
    const std::size_t blocks[] = {pixels_};
    leaf_.begin(blocks);
    for (std::int64_t k = 0; k < kernels::leaf_images; k += at_once_) {
      fill(leaf_.next().data());
      leaf_.add(at_once_);
    }
    leaf_.finish({&found_, 1}, rows_);
  }

  /// The leaf must be the CPU's before its time means anything.
  void check(const std::vector<T>& images) const {
    PixelMoments expected;
    expected.reset(kernels::moment_kind(pixel_type_of<T>()), pixels_);
    for (std::int64_t k = 0; k < kernels::leaf_images; k += at_once_)
      kernels::add_images(images.data(), pixels_, static_cast<int>(at_once_), expected);
    if (means(expected) != means(found_) || variances(expected) != variances(found_))
      throw std::runtime_error("statistics of the device are not the CPU's");
  }
  std::vector<double> means(const PixelMoments& of) const {
    std::vector<double> out(pixels_);
    kernels::write_mean(of, out);
    return out;
  }
  std::vector<double> variances(const PixelMoments& of) const {
    std::vector<double> out(pixels_);
    kernels::write_variance(of, 0, out);
    return out;
  }

  std::size_t pixels_;
  std::int64_t at_once_;
  cuda::DeviceLeaf leaf_;
  PixelMoments found_;
  std::vector<ImageMoments> rows_;
};

/// As the engine: copies of about 16 MiB.
std::int64_t images_at_once(std::size_t image_bytes) {
  const std::size_t chunks = (std::size_t{16} << 20) / (image_bytes * kernels::chunk_images);
  std::int64_t at_once = kernels::chunk_images;
  while (at_once < kernels::leaf_images &&
         static_cast<std::size_t>(2 * at_once / kernels::chunk_images) <= chunks)
    at_once *= 2;
  return at_once;
}

template <class T>
void measure(const Options& options, const std::string& type, std::size_t side, bool of_images,
             unsigned threads, Report& report) {
  const std::string stage = "statistics of pixels" + std::string(of_images ? " and images" : "") +
                            " of " + type + " stacks, pinned host memory";
  if (!report.wants(stage)) return;
  const std::size_t pixels = side * side, leaves = options.tiny ? 1 : 16;
  std::vector<std::unique_ptr<LeafWorker<T>>> workers;
  for (unsigned t = 0; t < threads; ++t)
    workers.push_back(
        std::make_unique<LeafWorker<T>>(pixels, images_at_once(pixels * sizeof(T)), of_images));
  std::atomic<bool> failed{false};
  const Times times = time_on_host(options.long_effort(), [&](std::size_t) {
    std::vector<std::jthread> running;
    for (auto& worker : workers)
      running.emplace_back([&failed, leaves, w = worker.get()] {
        try {
          for (std::size_t i = 0; i < leaves; ++i) w->run();
        } catch (const std::exception&) {
          failed = true;
        }
      });
  });
  if (failed) throw std::runtime_error("a leaf failed");
  report.add({.stage = stage,
              .input = "box " + std::to_string(side),
              .batch = kernels::leaf_images,
              .threads = threads,
              .frame = times / static_cast<double>(leaves * threads * kernels::leaf_images),
              .bytes = static_cast<double>(pixels * sizeof(T)),
              .bound = bus_in,
              .goal = of_images ? Goal{} : Goal{Goal::Of::fraction, 0.85, 0.90}});
}

}  // namespace

void measure_streamed_stacks(const Options& options, std::size_t side, Report& report) {
  for (const unsigned threads : {1u, 2u, 4u}) {
    if (threads > options.threads) continue;
    measure<float>(options, "float32", side, false, threads, report);
    measure<float>(options, "float32", side, true, threads, report);
    measure<std::int16_t>(options, "int16", side, false, threads, report);
    measure<std::uint8_t>(options, "uint8", side, false, threads, report);
  }
}

}  // namespace quickbeam::bench
