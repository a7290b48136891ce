// SPDX-License-Identifier: BSD-3-Clause
// What the cores of the host do, for the division of work between them and the card.
#include <atomic>
#include <stdexcept>
#include <thread>

#include "bench/cuda/bench.hpp"
#include "io/picture.hpp"
#include "kernels/byte_offset.hpp"

namespace quickbeam::bench {
namespace {

/// Every core its own frames into its own memory.
void measure_decoding(const Options& options, const Inputs& inputs, unsigned threads,
                      Report& report) {
  const std::string stage = threads == 1 ? "decode to int32, one core of the host"
                                         : "decode to int32, cores of the host at once";
  if (!report.wants(stage)) return;
  constexpr std::size_t frames = 8;  // of a thread
  std::vector<std::vector<std::int32_t>> out(threads,
                                             std::vector<std::int32_t>(inputs.pixels() + 64));
  std::atomic<bool> failed{false};
  const auto decode = [&](unsigned thread) {
    for (std::size_t i = 0; i < frames; ++i) {
      const auto& bytes = inputs.payloads()[(thread + i) % inputs.payloads().size()].bytes;
      kernels::ByteOffsetDecoder decoder(bytes, PixelType::i32);
      if (!decoder.read(out[thread].data(), inputs.pixels(), out[thread].size())) failed = true;
    }
  };
  const Times times = time_on_host(options.effort(), [&](std::size_t) {
    std::vector<std::jthread> others;
    for (unsigned t = 1; t < threads; ++t) others.emplace_back(decode, t);
    decode(0);
  });
  if (failed) throw std::runtime_error("a frame cannot be decoded");
  report.add({.stage = stage,
              .input = inputs.name(),
              .threads = threads,
              .frame = times / static_cast<double>(frames * threads),
              .bytes = inputs.mean_bytes() + 4 * static_cast<double>(inputs.pixels()),
              .bound = host_copy});
}

/// Of one thread, while `threads` of them do the same.
void measure_png(const Options& options, const Inputs& inputs, unsigned threads, Report& report) {
  const std::string stage = "PNG encoding, per core";
  if (!report.wants(stage)) return;
  Plan plan(preset("seed"), inputs.layout(), choose_device("cpu"), nullptr);
  plan.reduce({&inputs.payloads()[0], 1});
  plan.render(plan.levels());
  const Image& picture = plan.picture(0);
  const Palette palette = make_palette(PaletteName::gray_r);
  constexpr int pictures = 50;
  const auto encode = [&] {
    Buffer<std::byte> out;
    for (int i = 0; i < pictures; ++i)
      io::encode_png(picture.as<const std::uint8_t>(), palette, out);
  };
  const auto run = [&](std::size_t) {
    std::vector<std::jthread> others;
    for (unsigned t = 0; t < threads; ++t) others.emplace_back(encode);
  };
  report.add({.stage = stage,
              .input = inputs.name(),
              .threads = threads,
              .frame = time_on_host(options.effort(), run) / pictures,
              .bytes = static_cast<double>(picture.extent().pixels())});
}

}  // namespace

void measure_host(const Options& options, const Inputs& inputs, Report& report) {
  for (const unsigned threads : thread_counts(options.threads)) {
    measure_decoding(options, inputs, threads, report);
    measure_png(options, inputs, threads, report);
  }
}

}  // namespace quickbeam::bench
