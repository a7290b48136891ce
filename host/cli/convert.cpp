// SPDX-License-Identifier: BSD-3-Clause
// quickbeam convert: images, stacks and sets in another format.
#include <fmt/format.h>

#include <map>
#include <memory>

#include <quickbeam/files.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"
#include "host/cli/run_options.hpp"

namespace quickbeam::cli {
namespace {

struct ConvertOptions {
  std::string source, target;
  ReadOptions read;
  std::map<std::string, std::string> look;
  bool quiet = false;
};

int run_convert(const ConvertOptions& options) {
  const ImageAddress source = parse_address(options.source);
  const ImageSetOptions reading = options.read.set_options();
  Recipe recipe = picture_recipe(source, reading);
  for (const auto& [name, value] : options.look)
    if (!value.empty()) set_option(recipe, name, value);
  const auto notices = convert_file(source, options.target, recipe, reading);
  if (!options.quiet)
    for (const auto& notice : notices)
      print_err("{}: {}\n", printable(options.source, 4096), notice);
  return exit_done;
}

}  // namespace

std::function<int()> declare_convert(CLI::App& app) {
  auto options = std::make_shared<ConvertOptions>();
  app.add_option("source", options->source, "A readable file or set, or N@FILE for its N-th image")
      ->required();
  app.add_option("target", options->target,
                 "The file to write: .npy (exact type), .mrc, .mrcs, .stk or .spi (of all images), "
                 ".cbf, .png or .jpeg (of one), .star or .xmd (of a set); or N@STACK, to add or "
                 "replace one image")
      ->required();
  for (const char* name : {"tone", "levels", "palette", "quality"})
    add_option(app, std::string("--") + name, options->look[name],
               "Of pictures, as for quickbeam thumb");
  options->read.declare(app);
  options->read.declare_mode0(app);
  options->read.declare_reading(app);
  options->read.declare_sets(app);
  declare_quiet(app, options->quiet);
  return [options] { return run_convert(*options); };
}

}  // namespace quickbeam::cli
