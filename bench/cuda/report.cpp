// SPDX-License-Identifier: BSD-3-Clause
// Rows of measurements as a table and as JSON.
#include "bench/cuda/report.hpp"

#include <algorithm>
#include <cstdio>
#include <span>

#include "io/atomic_file.hpp"

namespace quickbeam::bench {
namespace {

using Json = nlohmann::json;

/// "", "below must", "must" or "aim".
std::string reached(const Goal& goal, double microseconds, double fraction) {
  const bool less_is_better = goal.of == Goal::Of::microseconds;
  const double value = less_is_better ? microseconds : fraction;
  const auto meets = [&](double limit) { return less_is_better ? value <= limit : value >= limit; };
  if (goal.of == Goal::Of::nothing) return "";
  return meets(goal.aim) ? "aim" : meets(goal.must) ? "must" : "below must";
}

}  // namespace

Times summarise(std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  const std::size_t n = seconds.size(), tenth = n / 10;
  return {.median = (seconds[(n - 1) / 2] + seconds[n / 2]) / 2,
          .least = seconds.front(),
          .low = seconds[tenth],
          .high = seconds[n - 1 - tenth],
          .repeats = static_cast<int>(n)};
}

Json Report::to_json(const Row& row) const {
  const double us = row.frame.median * 1e6, bandwidth = row.bytes / row.frame.median;
  Json line = {{"stage", row.stage},
               {"input", row.input},
               {"batch", row.batch},
               {"us", us},
               {"us_min", row.frame.least * 1e6},
               {"us_p10", row.frame.low * 1e6},
               {"us_p90", row.frame.high * 1e6},
               {"repeats", row.frame.repeats},
               {"bytes", row.bytes},
               {"gb_s", bandwidth / 1e9}};
  if (row.threads > 0) line["threads"] = row.threads;
  double fraction = 0;
  if (!row.bound.empty()) {
    fraction = bandwidth / bounds_.at(row.bound);
    line["bound"] = row.bound;
    line["of_bound"] = fraction;
  }
  if (row.goal.of != Goal::Of::nothing) {
    line["goal"] = row.goal.of == Goal::Of::microseconds ? "us at most" : "of_bound at least";
    line["must"] = row.goal.must;
    line["aim"] = row.goal.aim;
    line["reached"] = reached(row.goal, us, fraction);
  }
  if (!mark_.empty()) line["mark"] = mark_;
  return line;
}

void Report::add(const Row& row) {
  rows_.push_back(to_json(row));
  const Json& line = rows_.back();
  std::printf("%s%-52s %-9s b %3zu t %2u %11.2f us %9.1f GB/s", mark_.c_str(), row.stage.c_str(),
              row.input.c_str(), row.batch, row.threads, line["us"].get<double>(),
              line["gb_s"].get<double>());
  if (line.contains("of_bound"))
    std::printf(" %6.3f of %s", line["of_bound"].get<double>(), row.bound.c_str());
  if (line.contains("reached")) std::printf(" [%s]", line["reached"].get<std::string>().c_str());
  std::printf("\n");
  std::fflush(stdout);
  save();
}

void Report::fail(const std::string& what, const std::string& why) {
  failures_.push_back({{"what", what}, {"why", why}});
  std::printf("%sFAILED %s: %s\n", mark_.c_str(), what.c_str(), why.c_str());
  std::fflush(stdout);
  save();
}

void Report::save() const {
  if (path_.empty()) return;
  const std::string text = json().dump(1) + "\n";
  io::write_file(path_, std::as_bytes(std::span(text)));
}

Json Report::json() const {
  return {{"facts", facts_}, {"bounds_bytes_s", bounds_}, {"rows", rows_}, {"failures", failures_}};
}

}  // namespace quickbeam::bench
