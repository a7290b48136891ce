// SPDX-License-Identifier: BSD-3-Clause
// The job of `merge`: partial statistics of any parts of any sets, joined as one run would have.
#include <algorithm>
#include <bit>
#include <chrono>
#include <list>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include <quickbeam/stack_statistics.hpp>

#include "host/src/qbstat.hpp"
#include "host/src/statistics_output.hpp"
#include "io/particle_set.hpp"

namespace quickbeam {
namespace {

/// A group in one of the files.
struct Source {
  const QbstatFile* file = nullptr;
  std::size_t group = 0;

  const QbstatGroup& get() const { return file->groups()[group]; }
};

/// A node in one of the files.
struct SourceNode {
  Source source;
  std::size_t node = 0;

  LeafRange leaves() const { return source.get().nodes[node].leaves; }
};

/// The same images, however many files their parts are in.
struct Member {
  GroupFacts facts{};
  std::vector<Source> sources{};
  std::vector<SourceNode> nodes{};  ///< by ascending leaf
  std::size_t result = 0;           ///< which of the results they go into

  /// Where the group stands among all others.
  auto place() const { return std::tie(facts.set, facts.index); }
};

[[noreturn]] void fail_inconsistent(const Source& a, const Source& b, std::string field,
                                    std::string expected, std::string found) {
  fail({.code = ErrorCode::inconsistent,
        .path = b.file->path(),
        .format = "QBSTAT",
        .field = std::move(field),
        .expected = std::move(expected) + ", as " + a.file->path(),
        .found = std::move(found)});
}

std::string text_of(const GroupFacts& facts) {
  return std::to_string(facts.images) + " images of " + std::to_string(facts.extent.width) + " x " +
         std::to_string(facts.extent.height) + " (" +
         (facts.reading.empty() ? "read as usual" : facts.reading) + ", " +
         (facts.region.whole() ? "no mask" : "with a mask") + ")";
}

/// Whether both describe the same images, read in the same way.
bool alike(const GroupFacts& a, const GroupFacts& b) {
  return a.reading == b.reading && a.extent == b.extent && a.sections == b.sections &&
         a.kind == b.kind && a.pixel_size_angstrom == b.pixel_size_angstrom &&
         a.images == b.images && a.region == b.region;
}

/// The facts with the smallest key are taken, so that it does not matter which file came first.
auto key_of(const GroupFacts& facts) {
  const auto bits = [](double value) { return std::bit_cast<std::uint64_t>(value); };
  return std::tuple(std::string_view(facts.set), facts.index, std::string_view(facts.name),
                    bits(facts.optics.voltage_kv), bits(facts.optics.spherical_aberration_mm),
                    bits(facts.optics.amplitude_contrast));
}

std::vector<Member> members_of(const std::list<QbstatFile>& files) {
  std::map<std::string, Member> by_identity;
  for (const QbstatFile& file : files)
    for (std::size_t g = 0; g < file.groups().size(); ++g) {
      const Source source{&file, g};
      const GroupFacts& facts = source.get().facts;
      Member& member = by_identity[facts.identity];
      if (member.sources.empty()) member.facts = facts;
      if (!alike(member.facts, facts))
        fail_inconsistent(member.sources.front(), source, "group " + facts.name,
                          text_of(member.facts), text_of(facts));
      if (key_of(facts) < key_of(member.facts)) member.facts = facts;
      member.sources.push_back(source);
    }
  std::vector<Member> members;
  for (auto& [identity, member] : by_identity) members.push_back(std::move(member));
  return members;
}

/// Gathers the nodes of a member in their order; each leaf may be there once.
void gather_nodes(Member& member) {
  for (const Source& source : member.sources)
    for (std::size_t n = 0; n < source.get().nodes.size(); ++n) member.nodes.push_back({source, n});
  std::ranges::sort(member.nodes, {}, [](const SourceNode& node) { return node.leaves().first; });
  for (std::size_t i = 1; i < member.nodes.size(); ++i) {
    const SourceNode &a = member.nodes[i - 1], &b = member.nodes[i];
    if (a.leaves().end() <= b.leaves().first) continue;
    fail({.code = ErrorCode::inconsistent,
          .path = b.source.file->path(),
          .format = "QBSTAT",
          .field = "group " + b.source.get().facts.name,
          .expected = "images that no other file holds",
          .found = "images " + std::to_string(b.leaves().first * kernels::leaf_images + 1) +
                   " and on, also in " + a.source.file->path()});
  }
}

/// The fewest nodes for all leaves of a member.
std::vector<NodeFacts> joined_nodes(const Member& member) {
  std::vector<NodeFacts> nodes;
  for (std::size_t i = 0; i < member.nodes.size();) {
    LeafRange whole = member.nodes[i].leaves();
    for (++i; i < member.nodes.size() && member.nodes[i].leaves().first == whole.end(); ++i)
      whole.count += member.nodes[i].leaves().count;
    for (const LeafRange node : nodes_of(whole, member.facts.leaves())) nodes.push_back({node, 0});
  }
  return nodes;
}

/// The images of all members, with their names.
class MergedRows {
 public:
  void add(std::size_t member, const ImageRow& row, std::string_view name) {
    rows_.push_back(
        {row, static_cast<std::uint32_t>(member), static_cast<std::uint32_t>(names_.size())});
    names_.add(name);
  }
  /// By member (they are in the order of their sets), then by position; images of groups of one
  /// set stand as they stood in it.
  void sort(const std::vector<Member>& members, bool by_set) {
    std::ranges::sort(rows_, [&](const Row& a, const Row& b) {
      const auto key = [&](const Row& row) {
        const GroupFacts& facts = members[row.member].facts;
        return std::tuple(by_set ? std::string_view(facts.set) : std::string_view{},
                          by_set ? 0U : row.member, row.row.position, row.member, names_[row.name]);
      };
      return key(a) < key(b);
    });
  }
  std::size_t size() const { return rows_.size(); }
  const ImageRow& row(std::size_t i) const { return rows_[i].row; }
  std::size_t member(std::size_t i) const { return rows_[i].member; }
  std::string_view name(std::size_t i) const { return names_[rows_[i].name]; }

 private:
  struct Row {
    ImageRow row;
    std::uint32_t member = 0, name = 0;
  };
  std::vector<Row> rows_;
  io::NamePool names_;
};

class Merge {
 public:
  Merge(std::span<const std::string> paths, const StatisticsOutputs& outputs,
        const std::atomic<bool>* stop)
      : paths_(paths), outputs_(outputs), stop_(stop) {
    if (paths.empty())
      fail({.code = ErrorCode::usage,
            .field = "inputs",
            .expected = "at least one .qbstat file",
            .found = "none"});
    for (const std::string& path : paths) files_.emplace_back(path);
    members_ = members_of(files_);
    for (Member& member : members_) gather_nodes(member);
    std::ranges::sort(members_, [](const Member& a, const Member& b) {
      return std::pair(a.place(), std::string_view(a.facts.identity)) <
             std::pair(b.place(), std::string_view(b.facts.identity));
    });
    make_results();
  }

  StatisticsReport run() {
    std::vector<std::string> names;
    for (const StatisticsResult& result : results_) names.push_back(result.facts.name);
    file_names_ = file_names_of(names);
    check_outputs(outputs_, file_names_, paths_);
    const auto start = std::chrono::steady_clock::now();
    if (!outputs_.partial.empty()) partial_.emplace(outputs_.partial, partial_groups());
    for (std::size_t r = 0; r < results_.size(); ++r) join_result(r);
    for (std::size_t m = 0; m < members_.size(); ++m)
      for (const Source& source : members_[m].sources)
        source.file->read_rows(source.group, [&](const ImageRow& row, std::string_view name) {
          rows_.add(m, row, name);
        });
    report_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    report_.stopped = stopped();
    if (!report_.stopped) write();
    return std::move(report_);
  }

 private:
  bool stopped() const { return stop_ && *stop_; }

  /// Groups of one size, pixel size and kind of sum become one; which is the first does not depend
  /// on the order of the files.
  void make_results() {
    std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t, double, kernels::MomentKind>,
             std::size_t>
        known;
    for (Member& member : members_) {
      const GroupFacts& facts = member.facts;
      const auto [at, is_new] =
          known.emplace(std::tuple(facts.extent.width, facts.extent.height, facts.sections,
                                   facts.pixel_size_angstrom, facts.kind),
                        results_.size());
      if (is_new) results_.push_back({.facts = facts});
      member.result = at->second;
      StatisticsResult& result = results_[member.result];
      if (result.facts.region != facts.region)
        fail({.code = ErrorCode::inconsistent,
              .path = member.sources.front().file->path(),
              .format = "QBSTAT",
              .field = "mask",
              .expected = "one mask in all files",
              .found = "another in group " + facts.name});
      result.total += facts.images;
      for (const SourceNode& node : member.nodes)
        result.images += node.source.get().nodes[node.node].images;
    }
  }

  std::vector<QbstatGroup> partial_groups() const {
    std::vector<QbstatGroup> groups;
    for (const Member& member : members_)
      groups.push_back({.facts = member.facts, .nodes = joined_nodes(member)});
    return groups;
  }

  void join_result(std::size_t r) {
    std::vector<std::size_t> mine;
    for (std::size_t m = 0; m < members_.size(); ++m)
      if (members_[m].result == r && !members_[m].nodes.empty()) mine.push_back(m);
    // By identity: what they are, not where they stood.
    std::ranges::sort(mine, {},
                      [&](std::size_t m) { return std::string_view(members_[m].facts.identity); });
    const std::int64_t blocks = results_[r].facts.blocks().count();
    for (std::int64_t block = 0; block < blocks && !stopped(); ++block)
      for (const std::size_t m : mine) join_block(m, block);
  }

  void join_block(std::size_t m, std::int64_t block) {
    const Member& member = members_[m];
    MomentTree tree(member.facts.leaves());
    for (const SourceNode& from : member.nodes) {
      Planes planes = tree.spare();
      planes.resize(1);
      from.source.file->read(from.source.group, block, from.node, planes[0]);
      tree.insert({from.leaves(), std::move(planes)});
    }
    std::vector<MomentNode> nodes = tree.take();
    if (partial_)
      for (std::size_t n = 0; n < nodes.size(); ++n) partial_->put(m, block, n, nodes[n].planes[0]);
    if (!outputs_.folder.empty())
      results_[member.result].add(block, fold(std::move(nodes), member.facts.leaves()));
  }

  void write() {
    if (partial_) write_partial_rows();
    rows_.sort(members_, true);
    const auto row_at = [&](std::uint64_t i) {
      return StatisticsRow{rows_.row(i), members_[rows_.member(i)].result,
                           std::string(rows_.name(i))};
    };
    const StatisticsRows rows{rows_.size(), row_at};
    report_groups(results_, rows, report_);
    if (outputs_.table) notice_missing_rows();
    if (!outputs_.folder.empty())
      report_.outputs = write_statistics(outputs_, results_, file_names_, rows);
    if (!partial_) return;
    partial_->commit();
    report_.outputs.push_back(outputs_.partial);
  }

  void notice_missing_rows() {
    std::int64_t images = 0;
    for (const StatisticsResult& result : results_) images += result.images;
    const std::int64_t missing = images - static_cast<std::int64_t>(rows_.size());
    if (missing > 0)
      report_.notices.push_back(std::to_string(missing) + " of " + std::to_string(images) +
                                " images are in no table: they come from files made with "
                                "--no-table");
  }

  void write_partial_rows() {
    rows_.sort(members_, false);
    std::size_t first = 0;
    for (std::size_t m = 0; m < members_.size(); ++m) {
      std::size_t end = first;
      while (end < rows_.size() && rows_.member(end) == m) ++end;
      partial_->put_rows(end - first, [&](std::uint64_t i, std::string& name) {
        name = rows_.name(first + i);
        return rows_.row(first + i);
      });
      first = end;
    }
  }

  std::span<const std::string> paths_;
  const StatisticsOutputs& outputs_;
  const std::atomic<bool>* stop_;
  std::list<QbstatFile> files_;
  std::vector<Member> members_;
  std::vector<StatisticsResult> results_;
  std::vector<std::string> file_names_;
  std::optional<QbstatWriter> partial_;
  MergedRows rows_;
  StatisticsReport report_;
};

}  // namespace

StatisticsReport merge_statistics(std::span<const std::string> files,
                                  const StatisticsOutputs& outputs, const std::atomic<bool>* stop) {
  return Merge(files, outputs, stop).run();
}

}  // namespace quickbeam
