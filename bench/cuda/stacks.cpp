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

template <class T>
void measure_type(const Options& options, const std::string& type, MomentKind kind,
                  const Size& size, Report& report) {
  const cuda::Stream stream = cuda::make_stream();
  const DeviceStack<T> stack(size, stream.get());
  const std::size_t leaf = kernels::leaf_images;
  const auto images = static_cast<std::uint32_t>(size.images);
  const Leaves leaves(kind, size.pixels(), (size.images + leaf - 1) / leaf);
  const DeviceBlock<kernels::ImageMoments> each(size.images);
  const DeviceBlock<std::byte> scratch(gpu::image_moments_bytes(size.pixels(), images));
  const auto add = [&](const std::string& stage, Goal goal, const Turn& queue) {
    const Times times = time_on_device(stream.get(), options.effort(), queue);
    report.add({.stage = stage + " of " + type + " stacks",
                .input = "box " + std::to_string(size.side),
                .batch = size.images,
                .frame = times / static_cast<double>(size.images),
                .bytes = static_cast<double>(size.pixels() * sizeof(T)),
                .bound = device_copy,
                .goal = goal});
  };
  add("statistics of pixels", {Goal::Of::fraction, 0.80, 0.90}, [&](std::size_t) {
    gpu::reset_leaves(leaves.planes(), stream.get());
    gpu::add_images(stack.get(), size.pixels(), images, 0, leaves.planes(), stream.get());
  });
  add("statistics of images", {}, [&](std::size_t) {
    gpu::image_moments(stack.get(), size.pixels(), size.pixels(), images, each.get(), scratch.get(),
                       stream.get());
  });
}

}  // namespace

void measure_stacks(const Options& options, Report& report) {
  const std::vector<Size> sizes =
      options.tiny ? std::vector<Size>{{24, 40}} : std::vector<Size>{{256, 4096}, {512, 1024}};
  for (const Size& size : sizes) {
    measure_type<float>(options, "float32", MomentKind::moments, size, report);
    measure_type<gpu::Half>(options, "float16", MomentKind::moments, size, report);
    measure_type<std::int16_t>(options, "int16", MomentKind::sums, size, report);
    measure_type<std::uint8_t>(options, "uint8", MomentKind::sums, size, report);
  }
}

}  // namespace quickbeam::bench
