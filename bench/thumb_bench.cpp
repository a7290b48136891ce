// SPDX-License-Identifier: BSD-3-Clause
// The fused stage and the whole way: encoded bytes to a reduced image, files to picture files.
// `of_memcpy` = time of a memcpy of the decoded frame over the time of the stage.
#include <benchmark/benchmark.h>
#include <hwy/targets.h>
#include <unistd.h>

#include <memory>

#include <quickbeam/plan.hpp>
#include <quickbeam/thumbnails.hpp>

#include "bench/frames.hpp"
#include "bench/memory.hpp"
#include "host/src/frame_file.hpp"
#include "tests/paths.hpp"

namespace {

using namespace quickbeam;

const bench::FrameFolder& folder() {
  static const bench::FrameFolder made;
  return made;
}

const std::vector<std::string>& frames(bool real) {
  static const std::vector<std::string> simulated = folder().simulated(20);
  static const std::vector<std::string> measured = folder().real(test::data_folder());
  return real ? measured : simulated;
}

void report(benchmark::State& state, double start) {
  const double used = bench::cpu_seconds() - start;
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(bench::pilatus_pixels * 4));
  state.counters["of_memcpy"] =
      bench::memcpy_frame_seconds() * static_cast<double>(state.iterations()) / used;
}

/// Decode and reduce, no frame in memory: one frame of each file in turn, payloads resident in
/// memory, more of them than the caches hold.
void fused(benchmark::State& state, const char* options, bool real,
           std::int64_t target = hwy::SupportedTargets()) {
  if (frames(real).empty()) return state.SkipWithError("no real frames (QUICKBEAM_TEST_DATA)");
  std::vector<FrameFile> files(frames(real).size());
  for (std::size_t i = 0; i < files.size(); ++i) files[i].open(frames(real)[i]);
  Recipe recipe = preset("seed");
  if (std::string_view(options) != "seed") {
    recipe = preset("standard");
    set_option(recipe, "reduce", options);
    set_option(recipe, "factor", "10");
  }
  bench::memcpy_frame_seconds();
  hwy::SetSupportedTargetsForTest(target);  // before the plan, which chooses its kernels
  Plan plan(recipe, FrameLayout::of(files[0].frame(0), files[0].file().info), choose_device("cpu"),
            nullptr);
  std::size_t next = 0;
  const double start = bench::cpu_seconds();
  for (auto _ : state) {
    const Payload payload = files[next++ % files.size()].frame(0);
    plan.reduce({&payload, 1});
  }
  report(state, start);
  hwy::SetSupportedTargetsForTest(0);
}

/// Levels, tone, PNG of one reduced frame.
void finishing(benchmark::State& state) {
  FrameFile file;
  file.open(frames(false)[0]);
  const Payload payload = file.frame(0);
  Plan plan(preset("seed"), FrameLayout::of(payload, file.file().info), choose_device("cpu"),
            nullptr);
  plan.reduce({&payload, 1});
  const double start = bench::cpu_seconds();
  for (auto _ : state) plan.render(plan.levels());
  report(state, start);
}

/// Files in the page cache to PNG files, wall clock; items = frames.
void files_to_files(benchmark::State& state, bool real) {
  if (frames(real).empty()) return state.SkipWithError("no real frames (QUICKBEAM_TEST_DATA)");
  ThumbnailJob job;
  job.recipe = preset("seed");
  job.inputs = frames(real);
  job.output = (folder().path() / "out").string();
  job.device = choose_device("cpu");
  job.threads = static_cast<unsigned>(state.range(0));
  std::int64_t done = 0;
  for (auto _ : state) done += make_thumbnails(job, nullptr).done;
  state.SetItemsProcessed(done);
}

BENCHMARK_CAPTURE(fused, seed_simulated, "seed", false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fused, seed_real, "seed", true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fused, max10_simulated, "max", false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fused, max10_real, "max", true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fused, sum10_real, "sum", true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fused, mean10_real, "mean", true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fused, seed_real_avx2, "seed", true, HWY_AVX2)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fused, max10_real_avx2, "max", true, HWY_AVX2)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fused, seed_simulated_avx2, "seed", false, HWY_AVX2)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(finishing)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(files_to_files, simulated, false)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(files_to_files, real, true)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
