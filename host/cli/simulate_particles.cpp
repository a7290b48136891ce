// SPDX-License-Identifier: BSD-3-Clause
// quickbeam simulate particles: a particle stack and its set to try things on.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>
#include <thread>

#include <quickbeam/output_name.hpp>
#include <quickbeam/simulate_particles.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"
#include "host/cli/run_options.hpp"

namespace quickbeam::cli {
namespace {

/// A type and the values that fill it well.
struct TypeRow {
  const char* name;
  ParticleType type;
  double signal, offset;
};
constexpr TypeRow type_rows[] = {
    {"float32", ParticleType::float32, 1, 0}, {"float16", ParticleType::float16, 1, 0},
    {"int16", ParticleType::int16, 100, 0},   {"uint16", ParticleType::uint16, 100, 1000},
    {"int8", ParticleType::int8, 12, 0},      {"uint8", ParticleType::uint8, 12, 100},
};

struct ParticleOptions {
  std::string output, prefix = "particles", type = "float32", format = "mrcs";
  ParticleExperiment experiment;
  std::optional<double> signal, noise, offset;
  double snr = 0.5;
  bool xmd = false;
  unsigned threads = 0;
  Verbosity verbosity;
};

const TypeRow& row_of(const std::string& name) {
  return *std::find_if(std::begin(type_rows), std::end(type_rows),
                       [&](const TypeRow& row) { return row.name == name; });
}

ParticleExperiment experiment_of(const ParticleOptions& options) {
  ParticleExperiment experiment = options.experiment;
  const TypeRow& row = row_of(options.type);
  experiment.signal_sd = options.signal.value_or(row.signal);
  experiment.noise_sd = options.noise.value_or(experiment.signal_sd / std::sqrt(options.snr));
  experiment.offset = options.offset.value_or(row.offset);
  return experiment;
}

int run_particles(const ParticleOptions& options) {
  const ParticleExperiment experiment = experiment_of(options);
  make_output_folder(options.output);
  watch_interrupts();
  const std::string stem = options.output + "/" + options.prefix;
  const ParticleFiles files{.stack = stem + "." + options.format,
                            .star = stem + ".star",
                            .xmd = options.xmd ? stem + ".xmd" : "",
                            .type = row_of(options.type).type};
  Progress progress(options.verbosity.shows_progress(), static_cast<std::size_t>(experiment.count),
                    "images");
  const unsigned threads =
      options.threads ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  const ParticleReport report =
      write_particles(experiment, files, threads, interrupted(), [&] { progress.step(false); });
  progress.clear();
  if (report.stopped) {
    print_err("interrupted: nothing was written\n");
    return exit_interrupted;
  }
  if (report.clipped > 0)
    print_err("{} of {} pixels are outside {} and were set to its ends\n", report.clipped,
              experiment.count * experiment.box_px * experiment.box_px, options.type);
  if (!options.verbosity.quiet)
    print_err("{} images of {} x {} {} -> {}\n", report.written, experiment.box_px,
              experiment.box_px, options.type, printable(files.star, 4096));
  return exit_done;
}

void declare_look(CLI::App& app, ParticleOptions& options) {
  ParticleExperiment& experiment = options.experiment;
  add_option(app, "--pixel-size", experiment.pixel_size_angstrom, "Angstrom a pixel [3]");
  add_option(app, "--diameter", experiment.diameter_angstrom,
             "Of the virus in angstrom [0.8 of the box]");
  add_option(app, "--shift", experiment.shift_px,
             "How far particles lie from the centre at most, pixels on each axis [3]");
  add_option(app, "--signal", options.signal,
             "Standard deviation of the images before the noise [1; 16 bits: 100; 8 bits: 12]");
  auto* snr =
      add_option(app, "--snr", options.snr, "Variance of the signal / that of the noise [0.5]")
          ->check(CLI::PositiveNumber);
  add_option(app, "--noise", options.noise, "Standard deviation of the noise, in place of --snr")
      ->excludes(snr);
  add_option(app, "--offset", options.offset,
             "Added to every pixel, as in images that nobody normalised "
             "[0; uint16: 1000; uint8: 100]");
}

}  // namespace

std::function<int()> declare_simulate_particles(CLI::App& app) {
  auto options = std::make_shared<ParticleOptions>();
  add_option(app, "-o,--output", options->output, "Folder for the stack and its set")->required();
  add_option(app, "-n,--count", options->experiment.count, "Number of images [10]")
      ->check(CLI::Range(1, 2147483647));
  add_option(app, "--seed", options->experiment.seed, "The same seed gives the same images [1]");
  add_option(app, "--box", options->experiment.box_px, "Width and height in pixels [120]")
      ->check(CLI::Range(8, 8192));
  declare_look(app, *options);
  std::vector<std::string> names;
  for (const TypeRow& row : type_rows) names.emplace_back(row.name);
  add_option(app, "--type", options->type,
             "float32, float16, int16, uint16, int8 or uint8 [float32]")
      ->check(CLI::IsMember(names));
  add_option(app, "--format", options->format,
             "mrcs, or stk: a Spider stack, which holds float32 only [mrcs]")
      ->check(CLI::IsMember({"mrcs", "stk"}));
  app.add_flag("--xmd", options->xmd, "Write the set for Xmipp too");
  add_option(app, "--prefix", options->prefix, "Name of the files [particles]");
  declare_threads(app, options->threads);
  options->verbosity.declare(app);
  return [options] { return run_particles(*options); };
}

}  // namespace quickbeam::cli
