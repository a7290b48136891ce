// SPDX-License-Identifier: BSD-3-Clause
// quickbeam montage: the images of stacks and sets side by side in one picture.
#include <fmt/format.h>

#include <memory>

#include <quickbeam/montage.hpp>
#include <quickbeam/output_name.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"
#include "host/cli/inputs.hpp"
#include "host/cli/run_options.hpp"

namespace quickbeam::cli {
namespace {

constexpr std::int64_t most_by_default = 100;
const std::string default_selection = "spread:" + std::to_string(most_by_default);

struct CommandOptions {
  std::vector<std::string> inputs;
  std::string files_from, output, select, scale = "common", labels = "numbers";
  std::string levels = "pct:0.5,99.7", tone = "linear", palette = "gray";
  std::int64_t columns = 0;
  std::int32_t size = 0;
  int quality = 90;
  ReadOptions read;
  bool json = false, quiet = false;
};

MontageOptions look_of(const CommandOptions& options) {
  return {.columns = options.columns,
          .size = options.size,
          .scale = options.scale == "each" ? MontageScale::each : MontageScale::common,
          .labels = options.labels == "none" ? MontageLabels::none : MontageLabels::numbers,
          .tone = parse_tone(options.tone),
          .levels = parse_levels(options.levels),
          .palette = parse_palette(options.palette)};
}

std::vector<std::uint32_t> choose(const ImageSet& set, const CommandOptions& options) {
  const std::vector<std::uint32_t> all = readable_positions(set);
  const std::string selection = options.select.empty() ? default_selection : options.select;
  std::vector<std::uint32_t> chosen;
  for (const std::size_t index : select_indices(all.size(), selection))
    chosen.push_back(all[index]);
  return chosen;
}

Json to_json(const CommandOptions& options, const ImageSet& set, const Montage& montage) {
  Json json;
  json["output"] = printable(options.output, 4096);
  json["images"] = set.positions();
  json["width"] = montage.sheet.extent().width;
  json["height"] = montage.sheet.extent().height;
  json["columns"] = montage.columns;
  json["rows"] = montage.rows;
  json["tiles"] = Json::array();
  for (const MontageTile& tile : montage.tiles)
    json["tiles"].push_back({{"image", tile.position + std::uint64_t{1}},
                             {"name", printable(set.name_of(tile.position), 4096)},
                             {"x", tile.x},
                             {"y", tile.y},
                             {"width", tile.extent.width},
                             {"height", tile.extent.height},
                             {"low", tile.levels.low},
                             {"high", tile.levels.high}});
  return json;
}

void say(const CommandOptions& options, const ImageSet& set, const Montage& montage) {
  const auto shown = static_cast<std::int64_t>(montage.tiles.size());
  std::string text = fmt::format("{} image{}", shown, shown == 1 ? "" : "s");
  if (shown < set.positions()) text = fmt::format("{} of {} images", shown, set.positions());
  if (options.select.empty() && set.positions() > most_by_default)
    text += ", evenly spread (--select chooses others)";
  const LevelRange levels = montage.tiles.front().levels;
  if (options.scale == "common")
    text += fmt::format(", levels {:.4g} to {:.4g}", levels.low, levels.high);
  print_err("{}, {} x {} pixels -> {}\n", text, montage.sheet.extent().width,
            montage.sheet.extent().height, printable(options.output, 4096));
}

int run_montage(const CommandOptions& options) {
  if (picture_suffix(options.output).empty())
    fail({.code = ErrorCode::usage,
          .field = "--output",
          .expected = "a name ending in .png, .jpg or .jpeg",
          .found = options.output});
  const MontageOptions look = look_of(options);
  const Inputs inputs{.given = options.inputs, .files_from = options.files_from};
  const std::vector<std::string> names = inputs.resolve();
  const ImageSet set = ImageSet::open(names, options.read.set_options());
  const std::vector<std::uint32_t> positions = choose(set, options);
  const Montage montage = make_montage(set, positions, look);
  save_montage(montage, options.output, options.quality);
  for (const auto* failures : {&set.failures(), &montage.failures})
    for (const ImageSetFailure& failure : *failures)
      print_err("quickbeam: {}\n", to_string(failure.error.info()));
  if (!options.quiet) {
    for (const std::string& notice : set.notices()) print_err("{}\n", printable(notice, 4096));
    say(options, set, montage);
  }
  if (options.json) fmt::print("{}", json_text(to_json(options, set, montage)));
  return set.failures().empty() && montage.failures.empty() ? exit_done : exit_some_failed;
}

void declare_look(CLI::App& app, CommandOptions& options) {
  add_option(app, "--cols", options.columns, "Tiles in a row [by their number]")
      ->check(CLI::Range(1, 100000));
  add_option(app, "--size", options.size,
             "Longest side of a tile in pixels [that of the images, smaller for wide sheets]")
      ->check(CLI::Range(1, 16384));
  add_option(app, "--scale", options.scale,
             "common: one grey scale for all; each: one for every image [common]")
      ->check(CLI::IsMember({"common", "each"}));
  add_option(app, "--labels", options.labels, "numbers (of the images, from 1) or none [numbers]")
      ->check(CLI::IsMember({"numbers", "none"}));
  add_option(app, "--levels", options.levels,
             "pct:LO,HI, range:A,B, sigma:K or auto, of the tiles' pixels [pct:0.5,99.7]");
  add_option(app, "--tone", options.tone, "linear, log, sqrt, asinh, gamma:G or equalize [linear]");
  add_option(app, "--palette", options.palette,
             "gray, gray_r, viridis, inferno, magma, heat or jet [gray]");
  add_option(app, "--quality", options.quality, "JPEG quality, 1 to 100 [90]")
      ->check(CLI::Range(1, 100));
}

}  // namespace

std::function<int()> declare_montage(CLI::App& app) {
  auto options = std::make_shared<CommandOptions>();
  app.add_option("inputs", options->inputs,
                 "Stacks, sets (.star, .xmd, .cs, lists), frames, N@FILE, quoted patterns, @LIST");
  add_option(app, "-o,--output", options->output, "The picture: .png, .jpg or .jpeg")->required();
  add_option(app, "--select", options->select,
             "Of all images take first, last, every:N, spread:N, N, A-B (joined by commas) "
             "[spread:100]");
  declare_look(app, *options);
  add_option(app, "--files-from", options->files_from,
             "Read names from FILE, - for standard input");
  options->read.declare(app);
  options->read.declare_mode0(app);
  options->read.declare_sets(app);
  app.add_flag("--json", options->json, "Print what is where on the sheet");
  declare_quiet(app, options->quiet);
  return [options] { return run_montage(*options); };
}

}  // namespace quickbeam::cli
