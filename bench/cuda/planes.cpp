// SPDX-License-Identifier: BSD-3-Clause
// Kernels on frames of full size in device memory.
#include "bench/cuda/bench.hpp"
#include "bench/cuda/device_frames.hpp"
#include "kernels/bin_cuda.hpp"

namespace quickbeam::bench {
namespace {

struct Case {
  const char* stage;
  ReduceSpec spec;
  double bytes;  ///< a pixel
  Goal goal;
};

/// The flags of saturated pixels (a byte a pixel at full size) are written beside and not counted.
const Case cases[] = {
    {"dilation 10 x 10 of int32, full size",
     {.op = ReduceOp::dilate, .factor = 1, .window = 10},
     8,
     {Goal::Of::fraction, 0.50, 0.60}},
    {"max 10 x 10 of int32 frames", {.op = ReduceOp::max, .factor = 10}, 4, {}},
    {"mean 10 x 10 of int32 frames", {.op = ReduceOp::mean, .factor = 10}, 4, {}},
    {"sampled dilation 10 of int32 frames",
     {.op = ReduceOp::dilate, .factor = 10, .window = 10},
     4,
     {}},
};

/// Frames `turn`, `turn + 1` ... of `rounds` times `batch` planes, decoded from the inputs.
class DecodedFrames {
 public:
  DecodedFrames(const Inputs& inputs, std::size_t batch, std::size_t rounds, cudaStream_t stream)
      : each_(batch * inputs.pixels()), rounds_(rounds), memory_(rounds * each_) {
    const DeviceFrames frames(inputs, batch);
    const DeviceBatches batches(frames, batch, stream);
    for (std::size_t round = 0; round < rounds; ++round)
      kernels::cuda::decode_streams<std::int32_t>(batches.batch(0), batches.index(0), {},
                                                  memory_.get() + round * each_, stream);
    batches.check_verdicts();
  }
  const std::int32_t* at(std::size_t turn) const { return memory_.get() + turn % rounds_ * each_; }

 private:
  std::size_t each_, rounds_;
  DeviceBlock<std::int32_t> memory_;
};

void measure_batch(const Options& options, const Inputs& inputs, std::size_t batch,
                   Report& report) {
  const cuda::Stream stream = cuda::make_stream();
  const std::size_t rounds = std::max<std::size_t>(1, (options.tiny ? 2 : 16) / batch);
  const DecodedFrames in(inputs, batch, rounds, stream.get());
  // Reduced values may be doubles: every round begins where they can lie, whatever the frame's
  // size.
  const std::size_t all = (batch * inputs.pixels() + 63) / 64 * 64;
  const DeviceBlock<std::int32_t> values(rounds * all);
  const DeviceBlock<std::uint8_t> flags(rounds * all);
  const auto frames = static_cast<std::uint32_t>(batch);
  for (const Case& c : cases) {
    if (!report.wants(c.stage)) continue;
    const DeviceBlock<std::byte> scratch(kernels::cuda::plane_reduce_bytes(
        frames, inputs.extent(), sizeof(std::int32_t), c.spec, kernels::cuda::SaturatedBy::value));
    const auto queue = [&](std::size_t turn) {
      const std::size_t at = turn % rounds * all;
      kernels::cuda::reduce_planes<std::int32_t>(
          {.pixels = in.at(turn),
           .frames = frames,
           .extent = inputs.extent(),
           .valid = valid_range<std::int32_t>(inputs.layout().mask),
           .saturation = INT32_MAX},
          c.spec,
          {.type = kernels::reduced_type<std::int32_t>(c.spec),
           .extent = kernels::reduced_extent(inputs.extent(), c.spec),
           .frames = frames,
           .values = values.get() + at,
           .saturated = flags.get() + at},
          scratch.get(), stream.get());
    };
    const Times times = time_on_device(stream.get(), options.effort(), queue);
    report.add({.stage = c.stage,
                .input = inputs.name(),
                .batch = batch,
                .frame = times / static_cast<double>(batch),
                .bytes = c.bytes * static_cast<double>(inputs.pixels()),
                .bound = device_copy,
                .goal = c.goal});
  }
}

}  // namespace

void measure_planes(const Options& options, const Inputs& inputs, Report& report) {
  std::vector<std::size_t> batches = {1, 4, 16};
  if (options.tiny)
    batches = {1};
  else if (options.profile)
    batches = {16};
  for (const std::size_t batch : batches) measure_batch(options, inputs, batch, report);
}

}  // namespace quickbeam::bench
