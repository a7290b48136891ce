// SPDX-License-Identifier: BSD-3-Clause
// The job of `stats`: leaves shared out among threads, joined by the merge tree, band by band.
#include <quickbeam/stack_statistics.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include <quickbeam/files.hpp>

#include "host/src/leaf_adder.hpp"
#include "host/src/qbstat.hpp"
#include "host/src/set_facts.hpp"
#include "host/src/statistics_output.hpp"
#include "host/src/statistics_run.hpp"

namespace quickbeam {
namespace {

/// Pixels of each image that are worked on at a time, which bounds the memory of big images; more
/// where each band costs a decode of the whole image. Results do not depend on it.
std::int64_t band_pixels(const ImageSet& set, Extent extent) {
  constexpr std::int64_t usual = std::int64_t{1} << 18;
  if (reads_by_blocks(set)) return usual;
  return std::clamp(extent.pixels() / 6, usual, 4 * usual);
}

/// Runs `work` on that many threads; throws what the first of them threw.
template <class Work>
void on_threads(unsigned threads, const Work& work) {
  std::exception_ptr failure;
  std::mutex mutex;
  const auto guarded = [&](unsigned i) {
    try {
      work(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> pool;
  for (unsigned i = 1; i < threads; ++i) pool.emplace_back(guarded, i);
  guarded(0);
  for (std::thread& thread : pool) thread.join();
  if (failure) std::rethrow_exception(failure);
}

void check_part(const StatisticsJob& job) {
  constexpr std::int64_t most_parts = 1'000'000'000;  // far more than leaves
  if (job.part >= 1 && job.part <= job.parts && job.parts <= most_parts) return;
  fail({.code = ErrorCode::usage,
        .field = "--part",
        .expected = "K/N with K from 1 to N",
        .found = std::to_string(job.part) + "/" + std::to_string(job.parts)});
}

class StatisticsRun {
 public:
  using OnImages = std::function<void(std::int64_t, std::int64_t)>;

  StatisticsRun(const StatisticsJob& job, const OnImages& on_images)
      : job_(job),
        on_images_(on_images),
        set_(ImageSet::open(job.inputs, job.set)),
        facts_(facts_of(set_, job)),
        failed_(set_, job.on_failure),
        device_(job.device.backend ? job.device : choose_device("auto")) {
    for (const GroupFacts& facts : facts_) {
      regions_.push_back(facts.region);
      names_.push_back(facts.name);
      parts_.push_back(part_of(facts.leaves(), job.part, job.parts));
      results_.push_back({.facts = facts, .total = facts.images});
      rows_.emplace_back(static_cast<std::size_t>(images_of(rows_.size())));
    }
    file_names_ = file_names_of(names_);
  }

  StatisticsReport run() {
    report_.backend = device_.backend->name();
    if (!device_.notice.empty()) report_.notices.push_back(device_.notice);
    if (job_.on_failure == OnFailure::stop && !set_.failures().empty())
      throw set_.failures().front().error;
    check_outputs(job_.outputs, file_names_, job_.inputs);
    keeps_results_ = !job_.outputs.folder.empty() || !job_.outputs.table;
    if (!job_.outputs.partial.empty()) partial_.emplace(job_.outputs.partial, partial_groups());
    const auto start = std::chrono::steady_clock::now();
    read_groups();
    report_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    report_.stopped = stopped();
    if (!report_.stopped) write();
    return std::move(report_);
  }

  ComputedStatistics compute() {
    read_groups();
    take_notices();
    return {std::move(results_), std::move(rows_), failed_.by_file(), std::move(report_.notices)};
  }

  StatisticsPreview preview() const {
    StatisticsPreview preview{{}, statistics_paths(job_.outputs, file_names_), set_.failures()};
    StatisticsReport report;
    report_groups(results_, {}, report);
    preview.groups = std::move(report.groups);
    return preview;
  }

 private:
  bool stopped() const { return job_.stop && *job_.stop; }

  std::int64_t first_image(std::size_t g) const { return parts_[g].first * kernels::leaf_images; }
  std::int64_t images_of(std::size_t g) const {
    return std::min(parts_[g].end() * kernels::leaf_images, facts_[g].images) - first_image(g);
  }

  std::vector<QbstatGroup> partial_groups() const {
    std::vector<QbstatGroup> groups;
    for (std::size_t g = 0; g < facts_.size(); ++g) {
      QbstatGroup group{.facts = facts_[g]};
      for (const LeafRange leaves : nodes_of(parts_[g], facts_[g].leaves()))
        group.nodes.push_back({leaves, 0});
      groups.push_back(std::move(group));
    }
    return groups;
  }

  void read_groups() {
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    std::int64_t most_leaves = 1;
    for (std::size_t g = 0; g < facts_.size(); ++g) {
      most_leaves = std::max(most_leaves, parts_[g].count);
      units_ += images_of(g) * facts_[g].blocks().count();
      images_ += images_of(g);
    }
    threads_ = static_cast<unsigned>(
        std::min<std::int64_t>(job_.threads == 0 ? cores : job_.threads, most_leaves));
    for (unsigned i = 0; i < threads_; ++i)
      adders_.push_back(device_.backend->make_leaf_adder({.set = set_,
                                                          .regions = regions_,
                                                          .failed = failed_,
                                                          .device = device_.device(i),
                                                          .of_images = job_.outputs.table}));
    for (std::size_t g = 0; g < facts_.size() && !stopped(); ++g)
      while (parts_[g].count > 0 && read_group(g) == LeafOutcome::begin_again)
        results_[g].blocks.clear();
  }

  LeafOutcome read_group(std::size_t g) {
    const ImageBlocks blocks = facts_[g].blocks();
    const auto at_once = std::max<std::int64_t>(
        1, band_pixels(set_, blocks.extent()) / static_cast<std::int64_t>(blocks.pixels(0)));
    for (std::int64_t first = 0; first < blocks.count(); first += at_once) {
      const LeafTask band{g, 0, first, std::min(at_once, blocks.count() - first)};
      MomentTree tree(facts_[g].leaves());
      if (read_band(band, tree) == LeafOutcome::begin_again) return LeafOutcome::begin_again;
      if (stopped()) return LeafOutcome::added;
      keep(band, tree.take());
    }
    return LeafOutcome::added;
  }

  LeafOutcome read_band(const LeafTask& band, MomentTree& tree) {
    std::atomic<std::int64_t> next = parts_[band.group].first;
    std::atomic<bool> again = false, broken = false;
    on_threads(threads_, [&](unsigned i) {
      try {
        for (std::int64_t leaf = next++; leaf < parts_[band.group].end(); leaf = next++) {
          if (stopped() || again || broken) return;
          if (add_leaf(band, leaf, *adders_[i], tree) == LeafOutcome::begin_again) again = true;
        }
      } catch (...) {
        broken = true;
        throw;
      }
    });
    return again ? LeafOutcome::begin_again : LeafOutcome::added;
  }

  LeafOutcome add_leaf(LeafTask task, std::int64_t leaf, LeafAdder& adder, MomentTree& tree) {
    task.leaf = leaf;
    const std::int64_t at = leaf * kernels::leaf_images - first_image(task.group);
    const std::int64_t count =
        std::min<std::int64_t>(kernels::leaf_images, images_of(task.group) - at);
    const auto rows = std::span(rows_[task.group])
                          .subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(count));
    Planes planes = tree.spare();
    if (adder.add(task, planes, rows) == LeafOutcome::begin_again) return LeafOutcome::begin_again;
    tree.insert({{leaf, 1}, std::move(planes)});
    progress(count * task.blocks);
    return LeafOutcome::added;
  }

  void progress(std::int64_t units) {
    const std::lock_guard lock(progress_);
    units_done_ += units;
    // A group that begins again is counted twice.
    const double share =
        std::min(1.0, static_cast<double>(units_done_) / static_cast<double>(units_));
    if (on_images_)
      on_images_(static_cast<std::int64_t>(share * static_cast<double>(images_)), images_);
  }

  void take_notices() {
    for (const auto& adder : adders_)
      if (std::string notice = adder->take_notice(); !notice.empty())
        report_.notices.push_back(std::move(notice));
  }

  /// What a band came to: to the file, to the result, or both.
  void keep(const LeafTask& band, std::vector<MomentNode> nodes) {
    if (partial_)
      for (std::size_t n = 0; n < nodes.size(); ++n)
        for (std::int64_t b = 0; b < band.blocks; ++b)
          partial_->put(band.group, band.first_block + b, n,
                        nodes[n].planes[static_cast<std::size_t>(b)]);
    if (keeps_results_)
      results_[band.group].add(band.first_block,
                               fold(std::move(nodes), facts_[band.group].leaves()));
  }

  /// Where the image at a position of the set is, if it was read.
  struct Place {
    std::uint32_t position = 0, group = 0, index = 0;
  };

  std::vector<Place> places(std::size_t g) const {
    std::vector<Place> places;
    const auto order = set_.order(g);
    const std::int64_t first = first_image(g), count = std::max<std::int64_t>(0, images_of(g));
    const auto failed = failed_.within(g, first, first + count);
    for (std::int64_t i = 0; i < count; ++i)
      if (!std::ranges::binary_search(failed, first + i))
        places.push_back({order[static_cast<std::size_t>(first + i)], static_cast<std::uint32_t>(g),
                          static_cast<std::uint32_t>(i)});
    std::ranges::sort(places, {}, &Place::position);
    return places;
  }

  ImageRow row_of(const Place& place) const {
    return {place.position, rows_[place.group][place.index]};
  }

  void write() {
    std::vector<Place> all;
    for (std::size_t g = 0; g < facts_.size(); ++g) {
      const auto mine = places(g);
      results_[g].images = std::ssize(mine);
      report_.bytes += static_cast<std::uint64_t>(std::ssize(mine) * facts_[g].extent.pixels()) *
                       size_of(set_.groups()[g].type);
      if (partial_)
        partial_->put_rows(job_.outputs.table ? mine.size() : 0,
                           [&](std::uint64_t i, std::string& name) {
                             name = set_.name_of(mine[i].position);
                             return row_of(mine[i]);
                           });
      if (job_.outputs.table) all.insert(all.end(), mine.begin(), mine.end());
    }
    std::ranges::sort(all, {}, &Place::position);
    const auto row_at = [&](std::uint64_t i) {
      return StatisticsRow{row_of(all[i]), all[i].group, {}};
    };
    const auto named_row_at = [&](std::uint64_t i) {
      return StatisticsRow{row_of(all[i]), all[i].group, set_.name_of(all[i].position)};
    };
    take_notices();
    report_groups(results_, {all.size(), row_at}, report_);
    report_.failures = set_.failures();
    for (auto& failure : failed_.by_file()) report_.failures.push_back(std::move(failure));
    report_.notices.insert(report_.notices.begin(), set_.notices().begin(), set_.notices().end());
    if (!job_.outputs.folder.empty())
      report_.outputs =
          write_statistics(job_.outputs, results_, file_names_, {all.size(), named_row_at});
    if (!partial_) return;
    partial_->commit();
    report_.outputs.push_back(job_.outputs.partial);
  }

  const StatisticsJob& job_;
  const OnImages& on_images_;
  ImageSet set_;
  std::vector<GroupFacts> facts_;
  FailedImages failed_;
  std::vector<ImageRegion> regions_;
  std::vector<std::string> names_, file_names_;
  std::vector<LeafRange> parts_;
  std::vector<StatisticsResult> results_;
  std::vector<std::vector<kernels::ImageMoments>> rows_;  ///< by group and place in the part
  std::optional<QbstatWriter> partial_;
  bool keeps_results_ = true;
  unsigned threads_ = 1;
  std::vector<std::unique_ptr<LeafAdder>> adders_;
  std::mutex progress_;
  std::int64_t units_ = 0, units_done_ = 0, images_ = 0;
  DeviceChoice device_;
  StatisticsReport report_;
};

}  // namespace

StatisticsReport compute_statistics(
    const StatisticsJob& job, const std::function<void(std::int64_t, std::int64_t)>& on_images) {
  check_part(job);
  return StatisticsRun(job, on_images).run();
}

ComputedStatistics compute_in_memory(const StatisticsJob& job) {
  check_part(job);
  return StatisticsRun(job, {}).compute();
}

StatisticsPreview preview_statistics(const StatisticsJob& job) {
  check_part(job);
  return StatisticsRun(job, {}).preview();
}

}  // namespace quickbeam
