// SPDX-License-Identifier: BSD-3-Clause
// Chained scan against reduce-then-scan: frames decoded in one pass over their bytes, and in the
// engine's two, in turn in one run.
#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bench/cuda/bench.hpp"
#include "bench/cuda/chained_decode.hpp"
#include "bench/cuda/device_frames.hpp"

namespace quickbeam::bench {
namespace {

/// Decodes batches in turn into more memory than the card's cache holds.
class DecodeBench {
 public:
  DecodeBench(const Options& options, const Inputs& inputs, const DeviceFrames& frames,
              std::size_t batch)
      : inputs_(inputs),
        batch_(batch),
        rounds_(std::max<std::size_t>(1, (options.tiny ? 2 : 32) / batch)),
        stream_(cuda::make_stream()),
        batches_(frames, batch, stream_.get()),
        rule_(plain_rule(inputs)),
        out_(rounds_ * pixels_of_batch()),
        memory_(kernels::cuda::stream_index_bytes(count(), longest())),
        chain_(kernels::cuda::stream_index(memory_.get(), count(), longest())) {
    batches_.check_verdicts();
  }

  void in_one_pass(std::size_t turn) {
    decode_chained(batches_.batch(turn), chain_, rule_, out(turn), stream_.get());
  }
  void in_two_passes(std::size_t turn) {
    kernels::cuda::index_streams(batches_.batch(turn), batches_.index(turn), stream_.get());
    kernels::cuda::decode_streams<std::int32_t>(batches_.batch(turn), batches_.index(turn), rule_,
                                                out(turn), stream_.get());
  }

  /// Throws std::runtime_error when a batch has other pixels in one pass than in two.
  void check() {
    const std::size_t pixels = inputs_.pixels();
    const DeviceBlock<std::int32_t> expected(pixels_of_batch());
    in_two_passes(0);
    cuda::copy_async(expected.get(), out(0), pixels_of_batch() * sizeof(std::int32_t),
                     cudaMemcpyDeviceToDevice, stream_.get());
    cuda::clear_async(out(0), pixels_of_batch() * sizeof(std::int32_t), stream_.get());
    in_one_pass(0);
    QUICKBEAM_CUDA_TRY(cudaStreamSynchronize(stream_.get()));
    std::vector<std::int32_t> one(pixels), two(pixels);
    for (std::size_t f = 0; f < batch_; ++f) {
      for (const auto& [to, from] : {std::pair{&one, out(0)}, std::pair{&two, expected.get()}})
        QUICKBEAM_CUDA_TRY(cudaMemcpy(to->data(), from + f * pixels, pixels * sizeof(one[0]),
                                      cudaMemcpyDeviceToHost));
      if (one != two) throw std::runtime_error("the chained scan decodes other pixels");
    }
  }
  cudaStream_t stream() const { return stream_.get(); }

 private:
  std::uint32_t count() const { return static_cast<std::uint32_t>(batch_); }
  std::uint64_t longest() const { return batches_.batch(0).longest; }
  std::size_t pixels_of_batch() const { return batch_ * inputs_.pixels(); }
  std::int32_t* out(std::size_t turn) const {
    return out_.get() + turn % rounds_ * pixels_of_batch();
  }

  const Inputs& inputs_;
  std::size_t batch_, rounds_;
  cuda::Stream stream_;
  DeviceBatches batches_;
  kernels::PixelRule<std::int32_t> rule_;
  DeviceBlock<std::int32_t> out_;
  DeviceBlock<std::byte> memory_;
  kernels::cuda::StreamIndex chain_;
};

}  // namespace

void measure_chained(const Options& options, const Inputs& inputs, Report& report) {
  const std::string one = "decode to int32 in one pass, chained scan (experiment)";
  const std::string two = "decode to int32 in two passes, beside the experiment";
  if (!report.wants(one) && !report.wants(two)) return;
  const DeviceFrames frames(inputs, options.tiny ? 4 : options.profile ? 16 : 64);
  for (const std::size_t batch : options.batches()) {
    DecodeBench bench(options, inputs, frames, batch);
    bench.check();
    const auto add = [&](const std::string& stage, const Turn& queue) {
      if (!report.wants(stage)) return;
      const Times times = time_on_device(bench.stream(), options.effort(), queue);
      report.add({.stage = stage,
                  .input = inputs.name(),
                  .batch = batch,
                  .frame = times / static_cast<double>(batch),
                  .bytes = inputs.mean_bytes() + 4 * static_cast<double>(inputs.pixels()),
                  .bound = device_copy});
    };
    add(two, [&](std::size_t turn) { bench.in_two_passes(turn); });
    add(one, [&](std::size_t turn) { bench.in_one_pass(turn); });
  }
}

}  // namespace quickbeam::bench
