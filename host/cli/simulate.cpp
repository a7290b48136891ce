// SPDX-License-Identifier: BSD-3-Clause
// quickbeam simulate: data to try things on. Here: frames, a collection of a detector's.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <thread>

#include <quickbeam/files.hpp>
#include <quickbeam/output_name.hpp>
#include <quickbeam/pipeline.hpp>
#include <quickbeam/simulate.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"
#include "host/cli/run_options.hpp"

namespace quickbeam::cli {
namespace {

struct SimulateOptions {
  std::string output, prefix = "frame", strength = "normal";
  std::int64_t count = 10;
  std::uint64_t seed = 1;
  int modules_x = 5, modules_y = 12;
  double increment = 0, ice = 0, start = 0;
  unsigned threads = 0;
  Verbosity verbosity;
};

CrystalScan make_scan(const SimulateOptions& options) {
  CrystalScan scan = quickbeam::make_scan(options.strength == "weak"     ? Strength::weak
                                          : options.strength == "strong" ? Strength::strong
                                                                         : Strength::normal);
  scan.seed = options.seed;
  scan.frames = options.count;
  scan.start_angle_deg = options.start;
  if (options.increment > 0) scan.angle_increment_deg = options.increment;
  scan.ice_per_degree = options.ice;
  scan.detector.modules_x = options.modules_x;
  scan.detector.modules_y = options.modules_y;
  return scan;
}

std::string path_of(const SimulateOptions& options, std::size_t frame) {
  return fmt::format("{}/{}_{:05}.cbf", options.output, options.prefix, frame + 1);
}

int run_frames(const SimulateOptions& options) {
  const CrystalScan scan = make_scan(options);
  const FrameSimulator simulator(scan);
  make_output_folder(options.output);
  watch_interrupts();
  const auto count = static_cast<std::size_t>(scan.frames);
  Progress progress(options.verbosity.shows_progress(), count);
  std::size_t written = 0;
  const unsigned threads =
      options.threads ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  Pipeline<bool> pipeline(count, threads, interrupted());
  pipeline.run(
      [&] {
        return [&, image =
                       std::make_shared<Image>(PixelType::i32, simulator.extent())](std::size_t k) {
          const auto frame = static_cast<std::int64_t>(k);
          simulator.render(frame, image->as<std::int32_t>());
          save_cbf(path_of(options, k), image->const_view(), scan_info(scan, frame));
          return true;
        };
      },
      [&](std::size_t, bool) {
        ++written;
        progress.step(false);
      });
  progress.clear();
  if (!options.verbosity.quiet)
    print_err("{} frames of {} x {} -> {}\n", written, simulator.extent().width,
              simulator.extent().height, printable(options.output, 4096));
  return interrupted() ? exit_interrupted : exit_done;
}

}  // namespace

std::function<int()> declare_simulate(CLI::App& app) {
  app.require_subcommand(1);
  CLI::App* frames =
      app.add_subcommand("frames", "A rotating crystal on a PILATUS detector, as CBF");
  CLI::App* particles =
      app.add_subcommand("particles", "Noisy projections of a virus, as a stack and a STAR file");
  // A callback, for else settings meant for one are checked by the other.
  for (CLI::App* const sub : {frames, particles}) sub->parse_complete_callback([] {});
  return [particles, run_frames = declare_simulate_frames(*frames),
          run_particles = declare_simulate_particles(*particles)] {
    return particles->parsed() ? run_particles() : run_frames();
  };
}

std::function<int()> declare_simulate_frames(CLI::App& app) {
  auto options = std::make_shared<SimulateOptions>();
  add_option(app, "-o,--output", options->output, "Folder for the frames")->required();
  add_option(app, "-n,--count", options->count, "Number of frames [10]")
      ->check(CLI::Range(1, 1000000));
  add_option(app, "--seed", options->seed, "The same seed gives the same frames [1]");
  add_option(app, "--strength", options->strength, "weak, normal or strong [normal]")
      ->check(CLI::IsMember({"weak", "normal", "strong"}));
  add_option(app, "--start", options->start, "Angle of the first frame in degrees [0]");
  add_option(app, "--increment", options->increment,
             "Rotation of a frame in degrees [by strength]");
  add_option(app, "--ice", options->ice, "Strength of ice rings, counts per degree [0]");
  add_option(app, "--modules-x", options->modules_x, "Detector modules across [5]")
      ->check(CLI::Range(1, 40));
  add_option(app, "--modules-y", options->modules_y, "Detector modules down [12]")
      ->check(CLI::Range(1, 80));
  add_option(app, "--prefix", options->prefix, "Start of the file names [frame]");
  declare_threads(app, options->threads);
  options->verbosity.declare(app);
  return [options] { return run_frames(*options); };
}

}  // namespace quickbeam::cli
