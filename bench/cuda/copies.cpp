// SPDX-License-Identifier: BSD-3-Clause
// The bandwidths that everything else is compared with, measured in the same run.
#include <cstring>
#include <vector>

#include <quickbeam/core/buffer.hpp>

#include "bench/cuda/bench.hpp"
#include "bench/cuda/device_frames.hpp"

namespace quickbeam::bench {
namespace {

/// `moved`: bytes of one copy that count. The fastest repeat is the bound: what the card can do.
void add_bound(Report& report, const std::string& name, const Times& times, double moved) {
  report.set_bound(name, moved / times.least);
  report.add({.stage = name, .frame = times, .bytes = moved});
}

void measure_bus(const Options& options, std::size_t bytes, Report& report) {
  const cuda::Stream stream = cuda::make_stream();
  const DeviceBlock<std::byte> device(bytes);
  const cuda::PinnedMemory host = cuda::pinned_memory(bytes);
  std::memset(host.get(), 1, bytes);
  const auto copy = [&](void* to, const void* from, std::size_t size, cudaMemcpyKind kind) {
    return time_on_device(stream.get(), options.effort(), [=, &stream](std::size_t) {
      cuda::copy_async(to, from, size, kind, stream.get());
    });
  };
  add_bound(report, bus_in, copy(device.get(), host.get(), bytes, cudaMemcpyHostToDevice),
            static_cast<double>(bytes));
  add_bound(report, bus_out, copy(host.get(), device.get(), bytes, cudaMemcpyDeviceToHost),
            static_cast<double>(bytes));
  // Pieces as the engine copies them: a compressed frame in, a picture out.
  for (const auto& [name, bound, to_device, size] :
       {std::tuple{"a piece of 6.2 MB to the device", bus_in, true, bytes / 40},
        std::tuple{"a piece of 62 kB to the host", bus_out, false, bytes / 4000}}) {
    const Times times = to_device ? copy(device.get(), host.get(), size, cudaMemcpyHostToDevice)
                                  : copy(host.get(), device.get(), size, cudaMemcpyDeviceToHost);
    report.add({.stage = name, .frame = times, .bytes = static_cast<double>(size), .bound = bound});
  }
}

void measure_device_copy(const Options& options, std::size_t bytes, Report& report) {
  const cuda::Stream stream = cuda::make_stream();
  const DeviceBlock<std::byte> from(bytes), to(bytes);
  cuda::clear_async(from.get(), bytes, stream.get());
  // The card's clocks rise only under load.
  for (int i = 0; i < (options.tiny || options.profile ? 1 : 500); ++i)
    cuda::copy_async(to.get(), from.get(), bytes, cudaMemcpyDeviceToDevice, stream.get());
  const Times times = time_on_device(stream.get(), options.effort(), [&](std::size_t) {
    cuda::copy_async(to.get(), from.get(), bytes, cudaMemcpyDeviceToDevice, stream.get());
  });
  add_bound(report, device_copy, times, 2.0 * static_cast<double>(bytes));
}

void measure_host_copy(const Options& options, Report& report) {
  const std::size_t bytes = options.tiny ? 100'000 : std::size_t{2463} * 2527 * 4;
  Buffer<std::byte> from(bytes), to(bytes);
  std::memset(from.data(), 1, bytes);
  const Times times = time_on_host(options.effort(), [&](std::size_t) {
    std::memcpy(to.data(), from.data(), bytes);
    asm volatile("" : : "r"(to.data()) : "memory");
  });
  add_bound(report, host_copy, times, 2.0 * static_cast<double>(bytes));
}

}  // namespace

void measure_copies(const Options& options, Report& report) {
  const std::size_t bytes = options.tiny ? std::size_t{1} << 18 : std::size_t{250'000'000};
  measure_device_copy(options, options.tiny ? bytes : std::size_t{1} << 30, report);
  measure_bus(options, bytes, report);
  measure_host_copy(options, report);
}

}  // namespace quickbeam::bench
