// SPDX-License-Identifier: BSD-3-Clause
// Statistics of stacks of images in device memory. The bytes of an image are those read once; they
// are compared with all that a copy on the device moves.
#include <random>

#include "bench/cuda/bench.hpp"
#include "bench/cuda/device_frames.hpp"
#include "kernels/moments_cuda.hpp"

namespace quickbeam::bench {
namespace {

namespace gpu = kernels::cuda;
using kernels::MomentKind;

struct Size {
  std::size_t side, images;
  std::size_t pixels() const { return side * side; }
};

/// Noise around 100; of halves their bits, values around 1.
template <class T>
std::vector<T> noisy_images(std::size_t count) {
  std::mt19937 random(20261120);
  std::normal_distribution<float> noise(100, 20);
  std::vector<T> values(count);
  for (T& v : values)
    if constexpr (std::is_same_v<T, gpu::Half>)
      v.bits = static_cast<std::uint16_t>(0x3800 + random() % 0x800);
    else
      v = static_cast<T>(noise(random));
  return values;
}

/// A stack that is a few images again and again, more than the card's cache holds.
template <class T>
class DeviceStack {
 public:
  DeviceStack(const Size& size, cudaStream_t stream) : memory_(size.images * size.pixels()) {
    const std::size_t some = std::min<std::size_t>(32, size.images);
    const DeviceBlock<T> few(noisy_images<T>(some * size.pixels()));
    for (std::size_t k = 0; k < size.images; k += some)
      cuda::copy_async(memory_.get() + k * size.pixels(), few.get(),
                       std::min(some, size.images - k) * size.pixels() * sizeof(T),
                       cudaMemcpyDeviceToDevice, stream);
    QUICKBEAM_CUDA_TRY(cudaStreamSynchronize(stream));
  }
  const T* get() const { return memory_.get(); }

 private:
  DeviceBlock<T> memory_;
};

class Leaves {
 public:
  Leaves(MomentKind kind, std::size_t pixels, std::size_t leaves)
      : doubles_(4 * pixels * leaves), words_(pixels * leaves) {
    double* const d = doubles_.get();
    const std::size_t n = pixels * leaves;
    planes_ = {.kind = kind,
               .pixels = pixels,
               .leaves = static_cast<std::uint32_t>(leaves),
               .lowest = d + 2 * n,
               .highest = d + 3 * n};
    if (kind == MomentKind::moments) {
      planes_.mean = d;
      planes_.m2 = d + n;
      planes_.missing = words_.get();
    } else {
      planes_.sum = reinterpret_cast<std::int64_t*>(d);
      planes_.squares = reinterpret_cast<std::uint64_t*>(d + n);
    }
  }
  const gpu::LeafPlanes& planes() const { return planes_; }

 private:
  DeviceBlock<double> doubles_;
  DeviceBlock<std::uint32_t> words_;
  gpu::LeafPlanes planes_;
};

/// Joins all leaves of the stack to the first, as the tree of results does.
void join_leaves(const gpu::LeafPlanes& planes, std::size_t images, cudaStream_t stream) {
  const std::size_t leaf = kernels::leaf_images;
  const auto images_of = [&](std::size_t first, std::size_t leaves) {
    return static_cast<std::int64_t>(std::min(images, (first + leaves) * leaf) - first * leaf);
  };
  for (std::size_t gap = 1; gap < planes.leaves; gap *= 2)
    for (std::size_t to = 0; to + gap < planes.leaves; to += 2 * gap)
      gpu::merge_leaves(planes, static_cast<std::uint32_t>(to + gap), images_of(to + gap, gap),
                        static_cast<std::uint32_t>(to), images_of(to, gap), stream);
}

/// Rows of stacks of one size and type.
template <class T>
class StackBench {
 public:
  StackBench(const Options& options, std::string type, const Size& size, Report& report)
      : options_(options), type_(std::move(type)), size_(size), report_(report) {}

  void run(MomentKind kind) {
    const std::string pixels = "statistics of pixels of " + type_ + " stacks";
    const std::string images = "statistics of images of " + type_ + " stacks";
    const std::string joined = pixels + ", joined to one map";
    if (!report_.wants(pixels) && !report_.wants(images) && !report_.wants(joined)) return;
    const cuda::Stream stream = cuda::make_stream();
    const DeviceStack<T> stack(size_, stream.get());
    const std::size_t leaf = kernels::leaf_images;
    const auto count = static_cast<std::uint32_t>(size_.images);
    const Leaves leaves(kind, size_.pixels(), (size_.images + leaf - 1) / leaf);
    const auto add_all = [&] {
      gpu::reset_leaves(leaves.planes(), stream.get());
      gpu::add_images(stack.get(), size_.pixels(), count, 0, leaves.planes(), stream.get());
    };
    add(pixels, {Goal::Of::fraction, 0.80, 0.90}, stream.get(), [&](std::size_t) { add_all(); });
    add(joined, {}, stream.get(), [&](std::size_t) {
      add_all();
      join_leaves(leaves.planes(), size_.images, stream.get());
    });
    const DeviceBlock<kernels::ImageMoments> each(size_.images);
    const DeviceBlock<std::byte> scratch(gpu::image_moments_bytes(size_.pixels(), count));
    add(images, {}, stream.get(), [&](std::size_t) {
      gpu::image_moments(stack.get(), size_.pixels(), size_.pixels(), count, each.get(),
                         scratch.get(), stream.get());
    });
  }

 private:
  void add(const std::string& stage, Goal goal, cudaStream_t stream, const Turn& queue) {
    if (!report_.wants(stage)) return;
    const Times times = time_on_device(stream, options_.effort(), queue);
    report_.add({.stage = stage,
                 .input = "box " + std::to_string(size_.side),
                 .batch = size_.images,
                 .frame = times / static_cast<double>(size_.images),
                 .bytes = static_cast<double>(size_.pixels() * sizeof(T)),
                 .bound = device_copy,
                 .goal = goal});
  }

  const Options& options_;
  std::string type_;
  Size size_;
  Report& report_;
};

}  // namespace

void measure_stacks(const Options& options, Report& report) {
  std::vector<Size> sizes = {{256, 4096}, {512, 1024}};
  if (options.tiny)
    sizes = {{24, 300}};  // two leaves
  else if (options.profile)
    sizes = {{256, 1024}};
  for (const Size& size : sizes) {
    StackBench<float>(options, "float32", size, report).run(MomentKind::moments);
    StackBench<gpu::Half>(options, "float16", size, report).run(MomentKind::moments);
    StackBench<std::int16_t>(options, "int16", size, report).run(MomentKind::sums);
    StackBench<std::uint8_t>(options, "uint8", size, report).run(MomentKind::sums);
  }
  if (options.profile) return;
  for (const Size& size : sizes) measure_streamed_stacks(options, size.side, report);
}

}  // namespace quickbeam::bench
