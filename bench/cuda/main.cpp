// SPDX-License-Identifier: BSD-3-Clause
// cuda_bench: every stage of the GPU engine measured on the card at hand, each beside the bandwidth
// that bounds it, measured in the same run. bench/README.md says what the rows are.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>

#include "bench/cuda/bench.hpp"

namespace {

using namespace quickbeam;
using namespace quickbeam::bench;

#ifdef QUICKBEAM_CUDA_ON_HOST
constexpr bool emulated = true;
#else
constexpr bool emulated = false;
#endif

constexpr const char* usage =
    "usage: cuda_bench [--json FILE] [--frames DIR] [--threads N] [--tiny] [--profile]\n"
    "                  [--parts PARTS] [--stages REGEX]\n"
    "  --json    written anew with every row\n"
    "  --frames  a folder of uncompressed PILATUS .cbf files, measured beside simulated ones\n"
    "  --threads most threads of the host (default: one a core)\n"
    "  --tiny    sizes that only show that the program works\n"
    "  --profile each kernel once or twice, for a profiler; nothing of the host\n"
    "  --parts   of host, streams, planes, pinned, files, stacks, particles, chained,\n"
    "            joined by commas\n"
    "  --stages  only rows whose stage matches, and the bandwidths\n";

/// A folder that goes with the program.
class Workplace {
 public:
  Workplace()
      : path_(std::filesystem::temp_directory_path() /
              ("quickbeam-cuda-bench-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  ~Workplace() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

[[noreturn]] void refuse(const std::string& option, const std::string& value) {
  fail({.code = ErrorCode::usage,
        .field = option,
        .expected = "what the usage below says",
        .found = value});
}

std::set<std::string> parts_of(const std::string& list) {
  std::set<std::string> parts;
  std::istringstream in(list);
  for (std::string part; std::getline(in, part, ',');) {
    if (!part_names.contains(part)) refuse("--parts", part);
    parts.insert(part);
  }
  return parts;
}

/// Throws Error USAGE.
Options options_of(int argc, char** argv) {
  Options options;
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--tiny" || name == "--profile") {
      (name == "--tiny" ? options.tiny : options.profile) = true;
      continue;
    }
    if (i + 1 == argc) refuse(std::string(name), "nothing");
    const std::string value = argv[++i];
    if (name == "--json")
      options.json = value;
    else if (name == "--frames")
      options.frames = value;
    else if (name == "--threads")
      options.threads = static_cast<unsigned>(std::stoul(value));
    else if (name == "--parts")
      options.parts = parts_of(value);
    else if (name == "--stages")
      options.stages = value;
    else
      refuse(std::string(name), value);
  }
  return options;
}

void describe_card(Report& report) {
  const cudaDeviceProp card = cuda::properties_of(0);
  int driver = 0, runtime = 0;
  QUICKBEAM_CUDA_TRY(cudaDriverGetVersion(&driver));
  QUICKBEAM_CUDA_TRY(cudaRuntimeGetVersion(&runtime));
  report.set_fact("emulated", emulated);
  report.set_fact("card", std::string(card.name));
  report.set_fact("compute", std::to_string(card.major) + "." + std::to_string(card.minor));
  report.set_fact("multiprocessors", card.multiProcessorCount);
  report.set_fact("l2_bytes", card.l2CacheSize);
  report.set_fact("memory_bytes", card.totalGlobalMem);
  report.set_fact("cuda_driver", driver);
  report.set_fact("cuda_runtime", runtime);
  report.set_fact("host_threads", std::thread::hardware_concurrency());
}

void describe(const Inputs& inputs, Report& report) {
  report.set_fact("frames_" + inputs.name(), {{"count", inputs.paths().size()},
                                              {"mean_bytes", inputs.mean_bytes()},
                                              {"width", inputs.extent().width},
                                              {"height", inputs.extent().height}});
}

/// What one part throws is its failure; the others go on. `of`: which frames, if any.
void attempt(const Options& options, const std::string& what, const std::string& of, Report& report,
             const std::function<void()>& part) {
  if (!options.wants_part(what)) return;
  try {
    part();
  } catch (const std::exception& error) {
    report.fail(what + of, error.what());
  }
}

void measure(const Options& options, const Inputs& inputs, Stages which, Report& report) {
  describe(inputs, report);
  const std::string name = " (" + inputs.name() + ")";
  const auto part = [&](const char* what, const std::function<void()>& measure_it) {
    attempt(options, what, name, report, measure_it);
  };
  if (which == Stages::all && !options.profile)
    part("host", [&] { measure_host(options, inputs, report); });
  part("streams", [&] { measure_streams(options, inputs, which, report); });
  if (which == Stages::all) part("planes", [&] { measure_planes(options, inputs, report); });
  if (options.profile) return;
  part("pinned", [&] { measure_pinned(options, inputs, report); });
  part("files", [&] { measure_files(options, inputs, report); });
}

void measure_real(const Options& options, Report& report) {
  try {
    const Inputs real = Inputs::from_folder(options.frames);
    if (real.paths().empty()) throw std::runtime_error("no byte-offset i32 .cbf files there");
    measure(options, real, Stages::main_ones, report);
  } catch (const std::exception& error) {
    report.fail("real frames", error.what());
  }
}

bool wants_frames(const Options& options) {
  return std::any_of(part_names.begin(), part_names.end(), [&](const std::string& part) {
    return part != "stacks" && part != "particles" && options.wants_part(part);
  });
}

int run(Options options) {
  const std::string reason = cuda::unusable_because(0);
  if (!reason.empty()) {
    std::fprintf(stderr, "cuda_bench: no GPU can be used: %s\n", reason.c_str());
    return 4;
  }
  Report report(emulated ? "emulated, no time: " : "", options.json, options.stages);
  describe_card(report);
  const Workplace workplace;
  options.workplace = workplace.path();
  measure_copies(options, report);
  const std::size_t bandwidths = report.size();
  attempt(options, "stacks", "", report, [&] { measure_stacks(options, report); });
  std::optional<Inputs> simulated;
  if (wants_frames(options)) {
    const std::size_t frames = options.tiny ? 3 : options.profile ? 8 : 32;
    simulated = Inputs::simulated(frames, options.tiny, options.workplace);
    measure(options, *simulated, Stages::all, report);
  }
  attempt(options, "particles", "", report, [&] { measure_particles(options, report); });
  if (simulated && !options.frames.empty()) measure_real(options, report);
  // Last: should its blocks wait for each other for ever, nothing else is lost.
  if (simulated)
    attempt(options, "chained", "", report, [&] { measure_chained(options, *simulated, report); });
  if (report.size() == bandwidths && !report.has_failures())
    report.fail("--stages " + options.stages, "no row has such a stage");
  report.save();
  return report.has_failures() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(options_of(argc, argv));
  } catch (const Error& error) {
    const bool misused = error.code() == ErrorCode::usage;
    std::fprintf(stderr, "cuda_bench: %s\n%s", error.what(), misused ? usage : "");
    return misused ? 2 : 1;
  } catch (const std::exception& error) {  // std::regex_error too
    std::fprintf(stderr, "cuda_bench: %s\n", error.what());
    return 1;
  }
}
