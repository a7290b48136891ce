// SPDX-License-Identifier: BSD-3-Clause
// Particle sets: a million rows as RELION 3.1 writes them, in bytes of text a second, as a fraction
// of memcpy's speed over the same count of bytes, and in bytes of memory a row.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdio>
#include <fstream>
#include <random>
#include <string>

#include "bench/memory.hpp"
#include "io/particle_set.hpp"
#include "io/set_writer.hpp"
#include "io/star_writer.hpp"

namespace quickbeam::bench {
namespace {

using namespace quickbeam::io;

constexpr std::size_t row_count = 1000000;
constexpr int plain_columns = 20;

/// 22 columns, the image name last but one, blanks as RELION pads its numbers.
std::string make_star() {
  std::mt19937 random(20261120);
  std::string text =
      "\n# version 30001\n\ndata_optics\n\nloop_ \n_rlnOpticsGroup #1 \n_rlnImagePixelSize #2 \n"
      "           1     1.250000 \n \n\n# version 30001\n\ndata_particles\n\nloop_ \n";
  for (int c = 1; c <= plain_columns; ++c)
    text += "_rlnColumn" + std::to_string(c) + " #" + std::to_string(c) + " \n";
  text += "_rlnImageName #21 \n_rlnOpticsGroup #22 \n";
  for (std::size_t row = 0; row < row_count; ++row) {
    char cell[32];
    for (int c = 0; c < plain_columns; ++c) {
      const double value = static_cast<double>(random() % 1000000000) / 1e5;
      text.append(cell,
                  static_cast<std::size_t>(std::snprintf(cell, sizeof cell, "%12.6f ", value)));
    }
    std::snprintf(cell, sizeof cell, "%06zu", row % 500 + 1);
    text += std::string(cell) + "@Extract/job007/Micrographs/" + std::to_string(row / 500) +
            "_DW.mrcs            1 \n";
  }
  return text;
}

const std::string& star() {
  static const std::string text = make_star();
  return text;
}

std::span<const std::byte> star_bytes() {
  return {reinterpret_cast<const std::byte*>(star().data()), star().size()};
}

/// Peak resident memory so far, in bytes (VmHWM), or the present (VmRSS).
double memory_of(const std::string& which) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == which + ":") {
      double kibibytes = 0;
      status >> kibibytes;
      return kibibytes * 1024;
    }
  return 0;
}

/// Gives unused memory back and lets VmHWM begin again at what is resident now.
void forget_peak() {
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
}

void report(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
  const double memcpy_seconds =
      memcpy_frame_seconds() * static_cast<double>(bytes) / (pilatus_pixels * 4.0);
  state.counters["of_memcpy"] =
      benchmark::Counter(memcpy_seconds, benchmark::Counter::kIsIterationInvariantRate);
}

/// Runs `work` once and says what it took beside the text, which is in memory already.
template <class Work>
void report_memory(benchmark::State& state, const Work& work) {
  forget_peak();
  const double before = memory_of("VmRSS");
  work();
  state.counters["memory_a_row"] = (memory_of("VmHWM") - before) / row_count;
}

void star_tables(benchmark::State& state) {
  star();
  report_memory(state, [] { benchmark::DoNotOptimize(StarDocument(star(), "a.star").tables()); });
  for (auto _ : state) benchmark::DoNotOptimize(StarDocument(star(), "a.star").tables());
  report(state, star().size());
}

void star_set(benchmark::State& state) {
  star();
  report_memory(state, [] {
    const ParticleSet set = parse_particle_set(star_bytes(), "a.star");
    benchmark::DoNotOptimize(set.images.data());
  });
  for (auto _ : state) {
    const ParticleSet set = parse_particle_set(star_bytes(), "a.star");
    benchmark::DoNotOptimize(set.images.data());
  }
  report(state, star().size());
}

void star_pass_through(benchmark::State& state) {
  const ParticleSet set = parse_particle_set(star_bytes(), "a.star");
  const GroupTarget groups[] = {{"thumbs.mrcs", 5.0, Extent{64, 64}}};
  const std::string path = "quickbeam_star_bench.star";
  report_memory(state, [&] { write_particle_set(path, set, {groups}, star_bytes()); });
  for (auto _ : state) write_particle_set(path, set, {groups}, star_bytes());
  std::remove(path.c_str());
  report(state, star().size());
}

BENCHMARK(star_tables)->Unit(benchmark::kMillisecond);
BENCHMARK(star_set)->Unit(benchmark::kMillisecond);
BENCHMARK(star_pass_through)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace quickbeam::bench
