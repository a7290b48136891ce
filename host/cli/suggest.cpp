// SPDX-License-Identifier: BSD-3-Clause
// "Did you mean".
#include "host/cli/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace quickbeam::cli {
namespace {

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> names) {
  if (std::find(names.begin(), names.end(), word) != names.end()) return {};
  const std::string best = nearest(word, names);
  return best.empty() ? std::string{} : fmt::format("Did you mean '{}'?", best);
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      const std::size_t replace = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string best;
  for (const auto& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(const CLI::App& app, int argc, char** argv) {
  if (argc < 2) return {};
  const std::vector<std::string> commands = command_names(app);
  const std::string first = argv[1];
  if (std::find(commands.begin(), commands.end(), first) == commands.end())
    return did_you_mean(first, first.starts_with("--") ? option_names(app) : commands);
  const CLI::App* sub = app.get_subcommand(first);
  if (argc > 2) {
    const std::vector<std::string> nested = command_names(*sub);
    if (!nested.empty()) {
      if (std::find(nested.begin(), nested.end(), argv[2]) == nested.end())
        return did_you_mean(argv[2], nested);
      sub = sub->get_subcommand(argv[2]);
    }
  }
  const std::vector<std::string> options = option_names(*sub);
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with("--")) continue;
    const std::string hint = did_you_mean(word.substr(0, word.find('=')), options);
    if (!hint.empty()) return hint;
  }
  return {};
}

}  // namespace quickbeam::cli
