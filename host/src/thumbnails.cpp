// SPDX-License-Identifier: BSD-3-Clause
// The job behind `quickbeam thumb`: one slot a thread, from the file's bytes to the renamed
// picture.
#include <quickbeam/thumbnails.hpp>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>

#include <quickbeam/pipeline.hpp>

#include "host/src/output_check.hpp"
#include "host/src/thumbnail_slot.hpp"

namespace quickbeam {
namespace {

using Results = std::vector<ThumbnailResult>;

/// A GPU wants a batch on its way, one at work and one being written, whatever the cores.
constexpr unsigned fewest_for_a_device = 3;

unsigned thread_count(const ThumbnailJob& job) {
  if (job.threads != 0) return job.threads;
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  return job.device.backend->frames_at_once() > 1 ? std::max(cores, fewest_for_a_device) : cores;
}

/// A target that names a file says by its suffix what the picture is to be.
void match_format(ThumbnailJob& job) {
  const std::string_view suffix = picture_suffix(job.output);
  if (!suffix.empty()) set_option(job.recipe, "format", suffix == ".png" ? "png" : "jpeg");
}

/// The run of one job: its items are groups of `sum_frames` consecutive files.
class Run {
 public:
  Run(const ThumbnailJob& job, const std::function<void(const ThumbnailResult&)>& on_result)
      : job_(job), on_result_(on_result) {
    if (!job_.device.backend) job_.device = choose_device("auto");
    threads_ = thread_count(job_);
    match_format(job_);
    validate(job_.recipe);
    names_.emplace(job_);
    if (!job_.mask.empty()) mask_ = read_mask(job_.mask, job_.read);
  }

  ThumbnailSummary run() {
    if (job_.recipe.levels_from == LevelsFrom::collection) shared_levels_ = collect_levels();
    if (!failure_stop_) pass(Stage::pictures, [&](const ThumbnailResult& r) { deliver(r); });
    summary_.stopped = stopped();
    return summary_;
  }

 private:
  bool stopped() const { return stop_ || (job_.stop && *job_.stop); }

  /// Files that a slot takes at once: whole sums, and no more than keep every thread busy.
  std::size_t files_per_item() const {
    const auto group = static_cast<std::size_t>(job_.recipe.sum_frames);
    const std::size_t groups = (job_.inputs.size() + group - 1) / group;
    const std::size_t fair = (groups + threads_ - 1) / threads_;
    const std::size_t most = job_.device.backend->frames_at_once() / group;
    return group * std::max<std::size_t>(1, std::min(most, fair));
  }

  std::size_t items() const {
    const std::size_t files = files_per_item();
    return (job_.inputs.size() + files - 1) / files;
  }

  std::span<const std::string> item(std::size_t i) const {
    const std::size_t files = files_per_item();
    const std::span<const std::string> all(job_.inputs);
    return all.subspan(i * files, std::min(files, all.size() - i * files));
  }

  template <class Deliver>
  void pass(Stage stage, Deliver&& deliver) {
    const auto slots = static_cast<unsigned>(std::min<std::size_t>(threads_, items()));
    std::atomic<std::size_t> made = 0;
    Pipeline<Results> pipeline(items(), slots, stop_);
    pipeline.run(
        [&] {
          return [this, stage,
                  slot = std::make_unique<ThumbnailSlot>(
                      ThumbnailSlot::Shared{job_, *names_, mask_, shared_levels_, slots}, made++)](
                     std::size_t i) {
            if (job_.stop && *job_.stop) stop_ = true;
            return slot->run(item(i), stage);
          };
        },
        [&](std::size_t, Results results) {
          for (const auto& result : results) deliver(result);
        });
  }

  /// One scale that fits every frame: the lowest low and the highest high among them.
  std::optional<LevelRange> collect_levels() {
    std::optional<LevelRange> all;
    pass(Stage::levels, [&](const ThumbnailResult& r) {
      if (r.error || r.skipped || r.numbers.valid == 0) return;
      if (!all) all = r.levels;
      all->low = std::min(all->low, r.levels.low);
      all->high = std::max(all->high, r.levels.high);
    });
    return all;
  }

  void deliver(const ThumbnailResult& result) {
    if (result.skipped)
      ++summary_.skipped;
    else if (result.error)
      ++summary_.failed;
    else
      ++summary_.done;
    if (result.error && job_.on_failure == OnFailure::stop) failure_stop_ = stop_ = true;
    if (on_result_) on_result_(result);
  }

  ThumbnailJob job_;
  const std::function<void(const ThumbnailResult&)>& on_result_;
  unsigned threads_ = 1;
  std::optional<PlannedNames> names_;
  std::optional<Image> mask_;
  std::optional<LevelRange> shared_levels_;
  std::atomic<bool> stop_ = false;
  bool failure_stop_ = false;
  ThumbnailSummary summary_;
};

}  // namespace

ThumbnailSummary make_thumbnails(const ThumbnailJob& job,
                                 const std::function<void(const ThumbnailResult&)>& on_result) {
  return Run(job, on_result).run();
}

}  // namespace quickbeam
