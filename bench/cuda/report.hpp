// SPDX-License-Identifier: BSD-3-Clause
// What a measurement says: rows of times and counted bytes, beside what bounds them; as a table
// while they are made, as JSON at the end.
#pragma once

#include <cstddef>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace quickbeam::bench {

/// Of repeated measurements, in seconds.
struct Times {
  double median = 0, least = 0;
  double low = 0, high = 0;  ///< a tenth of the measurements lies below, a tenth above
  int repeats = 0;

  Times operator/(double n) const { return {median / n, least / n, low / n, high / n, repeats}; }
};

/// Precondition: at least one.
Times summarise(std::vector<double> seconds);

/// What a row must reach, and aims at.
struct Goal {
  enum class Of { nothing, microseconds, fraction };  ///< at most so long; at least such a part
  Of of = Of::nothing;
  double must = 0, aim = 0;
};

struct Row {
  std::string stage;
  std::string input{};    ///< "simulated", "real", or "" where there are no frames
  std::size_t batch = 1;  /// frames of one launch
  unsigned threads = 0;   ///< of the host, where they matter
  Times frame{};          ///< of one frame
  double bytes = 0;       ///< that must move for one frame, counted, not measured
  std::string bound{};    ///< the bandwidth (see Report::bound) it is compared with
  Goal goal{};
};

/// Collects rows. Not thread-safe.
class Report {
 public:
  /// `mark`: stands in every line, for times that mean nothing ("emulated"). `path`: a JSON file
  /// that is written anew with every row, so that what was measured outlives the program; none when
  /// empty. `stages`: a regular expression (ECMAScript) that finds the rows wanted.
  Report(std::string mark, std::string path, const std::string& stages)
      : mark_(std::move(mark)), path_(std::move(path)), stages_(stages) {}

  /// Whether a row of this name was asked for: to be looked at before it is measured.
  bool wants(const std::string& stage) const { return std::regex_search(stage, stages_); }
  /// A bandwidth measured in this run, in bytes a second.
  void set_bound(const std::string& name, double bandwidth) { bounds_[name] = bandwidth; }
  /// Prints the row. Throws std::out_of_range when its bound was not measured.
  void add(const Row& row);
  /// Something could not be measured; the rest goes on.
  void fail(const std::string& what, const std::string& why);
  void set_fact(const std::string& name, nlohmann::json value) { facts_[name] = std::move(value); }

  bool has_failures() const { return !failures_.empty(); }
  /// Rows so far.
  std::size_t size() const { return rows_.size(); }
  nlohmann::json json() const;
  void save() const;

 private:
  nlohmann::json to_json(const Row& row) const;

  std::string mark_, path_;
  std::regex stages_;
  std::map<std::string, double> bounds_;
  nlohmann::json rows_ = nlohmann::json::array(), failures_ = nlohmann::json::array();
  nlohmann::json facts_ = nlohmann::json::object();
};

}  // namespace quickbeam::bench
