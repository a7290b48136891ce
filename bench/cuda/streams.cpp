// SPDX-License-Identifier: BSD-3-Clause
// Kernels on compressed frames that are in device memory.
#include <array>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "bench/cuda/bench.hpp"
#include "bench/cuda/device_frames.hpp"
#include "kernels/byte_offset.hpp"
#include "kernels/levels_cuda.hpp"
#include "kernels/row_ops.hpp"
#include "kernels/stream_reduce_cuda.hpp"
#include "kernels/tone_cuda.hpp"

namespace quickbeam::bench {
namespace {

using kernels::cuda::ReducedPlanes;

constexpr Goal decode_goal{Goal::Of::fraction, 0.50, 0.65};
constexpr Goal thumbnail_goal{Goal::Of::microseconds, 25, 12};

const ReduceSpec max10{.op = ReduceOp::max, .factor = 10};
const ReduceSpec mean10{.op = ReduceOp::mean, .factor = 10};
const ReduceSpec dilate10{.op = ReduceOp::dilate, .factor = 10, .window = 10};

/// Logarithmic, up to 1000 counts.
kernels::ToneSteps<std::int32_t> some_tone() {
  ToneTable table{};
  for (std::size_t k = 0; k < table.size(); ++k)
    table[k] = std::expm1(static_cast<double>(k + 1) / 254 * std::log(1000.0));
  return kernels::make_tone_steps<std::int32_t>(table);
}

/// Everything that batches of one size work in.
class Bench {
 public:
  Bench(const Options& options, const Inputs& inputs, const DeviceFrames& frames, std::size_t batch,
        Report& report)
      : options_(options),
        inputs_(inputs),
        report_(report),
        batch_(batch),
        stream_(cuda::make_stream()),
        batches_(frames, batch, stream_.get()),
        rule_(plain_rule(inputs)),
        values_(batch * reduced_pixels() * sizeof(double)),
        saturated_(batch * reduced_pixels()),
        scratch_(scratch_bytes(frames)),
        facts_(batch),
        steps_(std::vector<kernels::ToneSteps<std::int32_t>>(batch, some_tone())),
        pictures_(batch * reduced_pixels()) {
    batches_.check_verdicts();
  }

  void index() {
    add("index of streams", compressed(), [&](std::size_t turn) { queue_index(turn); });
  }
  void decode();
  void reduce(const char* name, const ReduceSpec& spec);
  void thumbnail(const char* name, const ReduceSpec& spec);
  void same_frames_again();
  void levels_and_tone();
  void counts();
  void sums();

 private:
  double compressed() const { return inputs_.mean_bytes(); }
  double pixels() const { return static_cast<double>(inputs_.pixels()); }
  std::size_t reduced_pixels() const {
    return static_cast<std::size_t>(kernels::reduced_extent(inputs_.extent(), dilate10).pixels());
  }
  std::size_t scratch_bytes(const DeviceFrames&) const {
    const auto frames = static_cast<std::uint32_t>(batch_);
    std::size_t bytes = kernels::cuda::measure_bytes(frames);
    for (const ReduceSpec& spec : {max10, mean10, dilate10})
      bytes = std::max(bytes, kernels::cuda::stream_reduce_bytes(frames, PixelType::i32,
                                                                 inputs_.extent(), spec));
    return bytes;
  }
  ReducedPlanes planes(const ReduceSpec& spec) const {
    return {.type = kernels::reduced_type<std::int32_t>(spec),
            .extent = kernels::reduced_extent(inputs_.extent(), spec),
            .frames = static_cast<std::uint32_t>(batch_),
            .values = values_.get(),
            .saturated = saturated_.get()};
  }

  void queue_index(std::size_t turn) {
    kernels::cuda::index_streams(batches_.batch(turn), batches_.index(turn), stream_.get());
  }
  void queue_reduce(std::size_t turn, const ReduceSpec& spec) {
    kernels::cuda::reduce_streams<std::int32_t>(batches_.batch(turn), batches_.index(turn), rule_,
                                                spec, planes(spec), scratch_.get(), stream_.get());
  }
  void queue_levels(const ReduceSpec& spec) {
    constexpr std::array percents{1.0, 99.9};
    kernels::cuda::measure_reduced(planes(spec), percents, facts_.get(), scratch_.get(),
                                   stream_.get());
  }
  void queue_tone(const ReduceSpec& spec) {
    kernels::cuda::apply_tone(planes(spec), steps_.get(), pictures_.get(), stream_.get());
  }
  /// `bytes` and `queue`: of a frame, and of a batch.
  void add(const std::string& stage, double bytes, const Turn& queue, Goal goal = {}) {
    if (!report_.wants(stage)) return;
    const Times times = time_on_device(stream_.get(), options_.effort(), queue);
    report_.add({.stage = stage,
                 .input = inputs_.name(),
                 .batch = batch_,
                 .frame = times / static_cast<double>(batch_),
                 .bytes = bytes,
                 .bound = device_copy,
                 .goal = goal});
  }

  const Options& options_;
  const Inputs& inputs_;
  Report& report_;
  std::size_t batch_;
  cuda::Stream stream_;
  DeviceBatches batches_;
  kernels::PixelRule<std::int32_t> rule_;
  DeviceBlock<std::byte> values_;
  DeviceBlock<std::uint8_t> saturated_;
  DeviceBlock<std::byte> scratch_;
  DeviceBlock<kernels::cuda::ReducedFacts> facts_;
  DeviceBlock<kernels::ToneSteps<std::int32_t>> steps_;
  DeviceBlock<std::uint8_t> pictures_;
};

/// What the host decodes must be what the device decoded, before its time means anything.
void check_decoded(const Inputs& inputs, const std::int32_t* planes) {
  std::vector<std::int32_t> found(inputs.pixels()), expected(inputs.pixels() + 64);
  QUICKBEAM_CUDA_TRY(cudaDeviceSynchronize());
  QUICKBEAM_CUDA_TRY(
      cudaMemcpy(found.data(), planes, found.size() * sizeof(found[0]), cudaMemcpyDeviceToHost));
  kernels::ByteOffsetDecoder decoder(inputs.payloads()[0].bytes, PixelType::i32);
  if (!decoder.read(expected.data(), inputs.pixels(), expected.size()) ||
      !std::equal(found.begin(), found.end(), expected.begin()))
    throw std::runtime_error("the device decodes other pixels than the host");
}

/// Planes are written in turn to more memory than the cache holds.
void Bench::decode() {
  const std::size_t rounds = std::max<std::size_t>(1, (options_.tiny ? 2 : 32) / batch_);
  const DeviceBlock<std::int32_t> out(rounds * batch_ * inputs_.pixels());
  const auto queue = [&](std::size_t turn) {
    kernels::cuda::decode_streams<std::int32_t>(
        batches_.batch(turn), batches_.index(turn), rule_,
        out.get() + turn % rounds * batch_ * inputs_.pixels(), stream_.get());
  };
  queue(0);
  check_decoded(inputs_, out.get());
  const double bytes = compressed() + 4 * pixels();
  add("decode to int32, index ready", bytes, queue);
  if (options_.profile) return;  // the index has its own row
  const auto both = [&](std::size_t turn) {
    queue_index(turn);
    queue(turn);
  };
  add("index + decode to int32", bytes, both, batch_ >= 8 ? decode_goal : Goal{});
}

void Bench::reduce(const char* name, const ReduceSpec& spec) {
  add(std::string("decode fused with ") + name + ", index ready", compressed(),
      [&](std::size_t turn) { queue_reduce(turn, spec); });
  if (options_.profile) return;
  add(std::string("index + decode fused with ") + name, compressed(), [&](std::size_t turn) {
    queue_index(turn);
    queue_reduce(turn, spec);
  });
}

/// All but the choice of levels, which is the host's: its table is there already.
void Bench::thumbnail(const char* name, const ReduceSpec& spec) {
  const auto queue = [&](std::size_t turn) {
    queue_index(turn);
    queue_reduce(turn, spec);
    queue_levels(spec);
    queue_tone(spec);
  };
  add(std::string("compressed to 8-bit thumbnail, ") + name, compressed(), queue,
      batch_ >= 16 ? thumbnail_goal : Goal{});
}

/// The same batch again and again: what the cache is worth.
void Bench::same_frames_again() {
  add("index + decode fused with max 10 x 10, the same frames again", compressed(),
      [&](std::size_t) {
        queue_index(0);
        queue_reduce(0, max10);
      });
}

void Bench::levels_and_tone() {
  const auto reduced = static_cast<double>(reduced_pixels());
  queue_reduce(0, max10);
  add("levels of reduced frames", 5 * reduced, [&](std::size_t) { queue_levels(max10); });
  add("tone of reduced frames", 6 * reduced, [&](std::size_t) { queue_tone(max10); });
}

void Bench::counts() {
  const DeviceBlock<std::uint32_t> counts(batch_ * kernels::raw_histogram_bins);
  cuda::clear_async(counts.get(), batch_ * kernels::raw_histogram_bins * 4, stream_.get());
  add("histograms of raw pixels, index ready", compressed(), [&](std::size_t turn) {
    kernels::cuda::count_streams<std::int32_t>(batches_.batch(turn), batches_.index(turn), rule_,
                                               counts.get(), stream_.get());
  });
}

void Bench::sums() {
  const std::size_t all = batch_ * inputs_.pixels();
  const DeviceBlock<std::int64_t> sums(all);
  const DeviceBlock<std::uint8_t> flags(all);
  cuda::clear_async(sums.get(), all * 8, stream_.get());
  cuda::clear_async(flags.get(), all, stream_.get());
  add("frames added, index ready", compressed() + 16 * pixels(), [&](std::size_t turn) {
    kernels::cuda::add_streams<std::int32_t>(batches_.batch(turn), batches_.index(turn), rule_,
                                             sums.get(), flags.get(), stream_.get());
  });
}

}  // namespace

void measure_streams(const Options& options, const Inputs& inputs, Stages which, Report& report) {
  const DeviceFrames frames(inputs, options.tiny ? 4 : options.profile ? 16 : 64);
  for (const std::size_t size : options.batches()) {
    if (which == Stages::main_ones && size != options.batches().back() && size != 16) continue;
    Bench bench(options, inputs, frames, size, report);
    bench.decode();
    if (!options.profile) {  // kernels that the rows below have too
      bench.thumbnail("max 10 x 10", max10);
      bench.thumbnail("sampled dilation 10", dilate10);
      if (which == Stages::main_ones) continue;
      bench.same_frames_again();
    }
    bench.index();
    bench.reduce("max 10 x 10", max10);
    bench.reduce("mean 10 x 10", mean10);
    bench.reduce("sampled dilation 10", dilate10);
    bench.levels_and_tone();
    if (size <= 4 || options.profile) bench.sums();
    if (size <= 8 || options.profile) bench.counts();
  }
}

}  // namespace quickbeam::bench
