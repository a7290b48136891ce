// SPDX-License-Identifier: BSD-3-Clause
// STAR files the slow and obvious way: lines, and words cut at blanks; no quotes, no comments in
// rows.
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace quickbeam::oracle {

struct StarLines {
  std::vector<std::string> labels;
  std::vector<std::vector<std::string>> rows;

  /// The values of one column.
  std::vector<std::string> column(const std::string& label) const {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < labels.size(); ++i)
      if (labels[i] == label)
        for (const auto& row : rows) values.push_back(row.at(i));
    return values;
  }
};

/// Loops by block name.
inline std::map<std::string, StarLines> star_lines(const std::string& text) {
  std::map<std::string, StarLines> tables;
  std::istringstream lines(text);
  std::string block;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::vector<std::string> row;
    for (std::string word; words >> word;) row.push_back(word);
    if (row.empty() || row[0][0] == '#' || row[0] == "loop_") continue;
    if (row[0].rfind("data_", 0) == 0)
      block = row[0].substr(5);
    else if (row[0][0] == '_')
      tables[block].labels.push_back(row[0]);
    else
      tables[block].rows.push_back(row);
  }
  return tables;
}

}  // namespace quickbeam::oracle
