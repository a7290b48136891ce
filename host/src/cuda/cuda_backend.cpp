// SPDX-License-Identifier: BSD-3-Clause
// The GPU: rows are decoded on the CPU into pinned memory, the frame is copied, reduced on the
// device and the small result copied back. (Decoding on the device is work to come.)
#include <cstring>

#include "host/src/backends.hpp"
#include "host/src/cuda/runtime.hpp"
#include "host/src/frame_rows.hpp"
#include "kernels/bin_cuda.hpp"

namespace quickbeam {
namespace {

/// A frame of working pixels W on its way to the device and back.
template <class W>
class DeviceFrame {
 public:
  DeviceFrame(const ReducePlan& plan, ValidRange<W> valid, W saturation, bool flagged)
      : plan_(plan), valid_(valid), saturation_(saturation), stream_(cuda::make_stream()) {
    const auto pixels = static_cast<std::size_t>(plan.extent.pixels());
    host_pixels_ = cuda::pinned_memory(pixels * sizeof(W));
    device_pixels_ = cuda::device_memory(pixels * sizeof(W));
    if (flagged) {
      host_flags_ = cuda::pinned_memory(pixels);
      device_flags_ = cuda::device_memory(pixels);
    }
    const Extent out = kernels::reduced_extent(plan.extent, plan.spec);
    const auto reduced = static_cast<std::size_t>(out.pixels());
    device_values_ = cuda::device_memory(reduced * size_of(type()));
    device_saturated_ = cuda::device_memory(reduced);
  }

  W* row(std::int64_t y) { return static_cast<W*>(host_pixels_.get()) + y * plan_.extent.width; }
  std::uint8_t* flags_row(std::int64_t y) {
    return static_cast<std::uint8_t*>(host_flags_.get()) + y * plan_.extent.width;
  }

  /// Copies, reduces, copies back; returns when `out` is filled.
  void run(ReducedImage& out) {
    const auto pixels = static_cast<std::size_t>(plan_.extent.pixels());
    copy(device_pixels_.get(), host_pixels_.get(), pixels * sizeof(W), cudaMemcpyHostToDevice);
    if (host_flags_) copy(device_flags_.get(), host_flags_.get(), pixels, cudaMemcpyHostToDevice);
    const Extent extent = kernels::reduced_extent(plan_.extent, plan_.spec);
    kernels::cuda::reduce_planes<W>(
        {.pixels = static_cast<const W*>(device_pixels_.get()),
         .flags = static_cast<const std::uint8_t*>(device_flags_.get()),
         .frames = 1,
         .extent = plan_.extent,
         .valid = valid_,
         .saturation = saturation_},
        plan_.spec,
        {.type = type(),
         .extent = extent,
         .frames = 1,
         .values = device_values_.get(),
         .saturated = static_cast<std::uint8_t*>(device_saturated_.get())},
        nullptr, stream_.get());
    out.values.reshape(type(), extent);
    out.saturated.reshape(PixelType::u8, extent);
    const auto reduced = static_cast<std::size_t>(extent.pixels());
    copy(out.values.view().data, device_values_.get(), reduced * size_of(type()),
         cudaMemcpyDeviceToHost);
    copy(out.saturated.view().data, device_saturated_.get(), reduced, cudaMemcpyDeviceToHost);
    QUICKBEAM_CUDA_TRY(cudaStreamSynchronize(stream_.get()));
  }

 private:
  PixelType type() const { return kernels::reduced_type<W>(plan_.spec); }
  void copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    QUICKBEAM_CUDA_TRY(cudaMemcpyAsync(to, from, bytes, kind, stream_.get()));
  }

  ReducePlan plan_;
  ValidRange<W> valid_;
  W saturation_;
  cuda::Stream stream_;
  cuda::PinnedMemory host_pixels_, host_flags_;
  cuda::DeviceMemory device_pixels_, device_flags_, device_values_, device_saturated_;
};

template <class T>
class CudaReducer final : public Reducer {
  using W = typename FrameRows<T>::W;
  using Sum = typename FrameRows<T>::Sum;

 public:
  explicit CudaReducer(const ReducePlan& plan)
      : extent_(plan.extent), device_(plan.device), rows_(plan) {
    const cuda::CurrentDevice here(device_);
    if (rows_.is_group())
      sums_.emplace(plan, rows_.valid_sums(), std::numeric_limits<Sum>::max(), true);
    else
      frame_.emplace(plan, rows_.valid(), rows_.saturation(), false);
  }

  ReduceReport run(std::span<const Payload> group, const ReduceExtras& extras,
                   ReducedImage& out) override {
    rows_.open(group);
    const auto width = static_cast<std::size_t>(extent_.width);
    for (std::int64_t y = 0; y < extent_.height; ++y) {
      if (sums_) {
        std::memcpy(sums_->row(y), rows_.sum_row(y, extras), width * sizeof(Sum));
        std::memcpy(sums_->flags_row(y), rows_.saturated_row(), width);
      } else {
        std::memcpy(frame_->row(y), rows_.row(y, extras), width * sizeof(W));
      }
    }
    const ReduceReport report = rows_.finish();
    const cuda::CurrentDevice here(device_);
    if (sums_)
      sums_->run(out);
    else
      frame_->run(out);
    return report;
  }

  void count(std::span<const Payload> group, std::span<std::uint64_t> counts) override {
    rows_.count(group, counts);
  }

 private:
  Extent extent_;
  int device_;
  FrameRows<T> rows_;
  std::optional<DeviceFrame<W>> frame_;
  std::optional<DeviceFrame<Sum>> sums_;
};

class CudaBackend final : public Backend {
 public:
  std::string_view name() const override { return "cuda"; }

  std::string unavailable_because(int device) const override {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess) {
      (void)cudaGetLastError();
      return std::string(cudaGetErrorString(status)) + " (" + cudaGetErrorName(status) + ")";
    }
    if (count == 0) return "no CUDA device";
    if (device < count) return {};
    return "there is no device " + std::to_string(device) + ", only " + std::to_string(count);
  }

  std::vector<std::string> devices() const override {
    std::vector<std::string> lines;
    int count = 0;
    QUICKBEAM_CUDA_TRY(cudaGetDeviceCount(&count));
    for (int i = 0; i < count; ++i) {
      cudaDeviceProp properties{};
      QUICKBEAM_CUDA_TRY(cudaGetDeviceProperties(&properties, i));
      lines.push_back("cuda:" + std::to_string(i) + ": " + properties.name + ", compute " +
                      std::to_string(properties.major) + "." + std::to_string(properties.minor) +
                      ", " + std::to_string(properties.totalGlobalMem >> 20) + " MiB");
    }
    return lines;
  }

  std::unique_ptr<Reducer> make_reducer(const ReducePlan& plan) const override {
    return visit_type(plan.type, [&](auto tag) -> std::unique_ptr<Reducer> {
      return std::make_unique<CudaReducer<typename decltype(tag)::type>>(plan);
    });
  }
};

}  // namespace

const Backend& cuda_backend() {
  static const CudaBackend backend;
  return backend;
}

}  // namespace quickbeam
