// SPDX-License-Identifier: BSD-3-Clause
// The job behind `quickbeam shrink`: group by group, images in batches, thumbnails to their place.
#include <quickbeam/shrink.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include <quickbeam/pipeline.hpp>

#include "host/src/image_set_state.hpp"
#include "host/src/image_shrinker.hpp"
#include "host/src/shrink_plan.hpp"
#include "io/stack_writer.hpp"

namespace quickbeam {
namespace {

/// Pixels that a thread reads at once: with a device, enough to hide what a batch costs.
constexpr std::int64_t batch_bytes = std::int64_t{4} << 20;
constexpr std::int64_t device_batch_bytes = std::int64_t{32} << 20;
constexpr std::int64_t most_images = 4096;

bool is_device(const DeviceChoice& choice) { return choice.backend->frames_at_once() > 1; }

ShrinkJob with_device(ShrinkJob job) {
  if (!job.device.backend) job.device = choose_device("auto");
  // A device wants a batch on its way, one at work and one being written, whatever the cores.
  const unsigned fewest = is_device(job.device) ? 3 : 1;
  if (job.threads == 0) job.threads = std::max(fewest, std::thread::hardware_concurrency());
  return job;
}

/// How the stack of a group is written.
io::StackSpec spec_of(const ShrunkStack& stack, ShrinkScale scale, std::int64_t images) {
  io::StackSpec spec{.format = io::stack_format_named(stack.path),
                     .extent = stack.to,
                     .pixel_size_angstrom = stack.pixel_size_angstrom.value_or(0),
                     .expected = images};
  if (images == 1 && !io::is_stack_name(stack.path)) spec.contents = io::StackContents::image;
  if (scale == ShrinkScale::minmax8 && spec.format == io::StackFormat::mrc)
    spec.stored = io::StoredAs::uint16;
  return spec;
}

/// What a pass over a group found.
struct PassResult {
  std::vector<std::uint32_t> newly_failed;  ///< positions
  std::uint64_t non_finite = 0;
  std::int64_t images_with_non_finite = 0;
};

class ShrinkRun {
 public:
  ShrinkRun(const ShrinkJob& job, const std::function<void(std::int64_t, std::int64_t)>& on_images)
      : job_(with_device(job)),
        on_images_(on_images),
        images_(ImageSet::open(job_.inputs, job_.set)),
        plan_(job_, images_),
        numbers_(images_) {
    report_.backend = job_.device.backend->name();
    report_.stacks = plan_.stacks;
    report_.set = plan_.set;
    report_.failures = images_.failures();
    report_.notices = images_.notices();
    report_.notices.insert(report_.notices.end(), plan_.notices.begin(), plan_.notices.end());
    for (const ImageSetFailure& failure : report_.failures) report_.failed += failure.images;
    if (job_.on_failure == OnFailure::stop && !report_.failures.empty())
      throw report_.failures.front().error;
  }

  ShrinkReport preview() { return std::move(report_); }

  ShrinkReport run() {
    const auto start = std::chrono::steady_clock::now();
    plan_.make_folders();
    std::vector<std::optional<io::StackWriter>> writers;
    for (std::size_t g = 0; g < plan_.stacks.size() && !stopped(); ++g)
      writers.push_back(shrink_group(g));
    report_.stopped = stopped();
    if (!report_.stopped) finish(writers);
    const std::chrono::duration<double> used = std::chrono::steady_clock::now() - start;
    report_.seconds = used.count();
    return std::move(report_);
  }

 private:
  bool stopped() const { return job_.stop && *job_.stop; }

  /// The stack of a group, still without its header; none when no image of it could be read.
  std::optional<io::StackWriter> shrink_group(std::size_t group) {
    const std::int64_t done = report_.done;
    while (numbers_.count(group) > 0) {
      report_.done = done;
      io::StackWriter writer(plan_.stacks[group].path,
                             spec_of(plan_.stacks[group], job_.scale, numbers_.count(group)));
      const PassResult result = pass(group, writer);
      if (stopped()) return std::nullopt;
      if (result.newly_failed.empty()) {
        report_.non_finite += result.non_finite;
        report_.images_with_non_finite += result.images_with_non_finite;
        return writer;
      }
      // The numbers behind a failed image change: once more without it.
      numbers_.leave_out(group, result.newly_failed);
    }
    report_.done = done;
    return std::nullopt;
  }

  PassResult pass(std::size_t group, io::StackWriter& writer) {
    const ImageGroup& of = images_.groups()[group];
    const std::int64_t image_bytes =
        of.extent.pixels() * static_cast<std::int64_t>(size_of(of.type));
    const std::int64_t fair = (of.count + job_.threads - 1) / job_.threads;
    const std::int64_t bytes = is_device(job_.device) ? device_batch_bytes : batch_bytes;
    const std::int64_t step =
        std::max<std::int64_t>(1, std::min({bytes / image_bytes, most_images, fair}));
    const std::int64_t batches = (of.count + step - 1) / step;
    std::atomic<bool> stop = false;
    std::atomic<std::size_t> turn = 0;
    PassResult result;
    const auto slots = static_cast<unsigned>(std::min<std::int64_t>(job_.threads, batches));
    const auto devices = static_cast<unsigned>(job_.device.devices.size());
    const unsigned sharers = (slots + devices - 1) / devices;
    Pipeline<ShrunkBatch> pipeline(static_cast<std::size_t>(batches), slots, stop);
    pipeline.run(
        [&] {
          auto shrinker = std::make_unique<ImageShrinker>(job_, images_, group,
                                                          plan_.stacks[group].to, turn++, sharers);
          return [&, shrinker = std::move(shrinker)](std::size_t i) {
            if (stopped()) stop = true;
            const std::int64_t first = static_cast<std::int64_t>(i) * step;
            return shrinker->run(first, std::min(step, of.count - first));
          };
        },
        [&](std::size_t i, const ShrunkBatch& batch) {
          take(group, images_.order(group).subspan(i * static_cast<std::size_t>(step)), batch,
               writer, result);
        });
    return result;
  }

  /// Writes the thumbnails of a batch where they belong.
  void take(std::size_t group, std::span<const std::uint32_t> positions, const ShrunkBatch& batch,
            io::StackWriter& writer, PassResult& result) {
    const Extent to = plan_.stacks[group].to;
    const auto pixels = static_cast<std::size_t>(to.pixels());
    if (!batch.notice.empty()) report_.notices.push_back(batch.notice);
    for (std::size_t i = 0; i < batch.errors.size(); ++i) {
      const std::uint32_t number = numbers_[positions[i]];
      if (number == 0) continue;
      if (batch.errors[i]) {
        fail_image(positions[i], *batch.errors[i]);
        result.newly_failed.push_back(positions[i]);
        continue;
      }
      ++report_.done;
      result.non_finite += batch.non_finite[i];
      result.images_with_non_finite += batch.non_finite[i] != 0;
      if (result.newly_failed.empty())
        writer.put(std::int64_t{number} - 1,
                   ConstAnyView(ImageView<const float>(batch.pixels.data() + i * pixels, to)));
    }
    if (on_images_) on_images_(report_.done, images_.positions());
  }

  void fail_image(std::uint32_t position, const Error& error) {
    if (job_.on_failure == OnFailure::stop) throw error;
    ++report_.failed;
    const std::string& path = images_.state().files[images_.state().file_of(position)].path;
    const auto [at, fresh] = failure_of_.try_emplace(path, report_.failures.size());
    if (fresh) report_.failures.push_back({path, error, 0});
    ++report_.failures[at->second].images;
  }

  void finish(std::vector<std::optional<io::StackWriter>>& writers) {
    if (std::none_of(writers.begin(), writers.end(), [](const auto& w) { return w.has_value(); }))
      throw report_.failures.front().error;
    report_.stacks.clear();
    for (std::size_t g = 0; g < writers.size(); ++g) {
      if (!writers[g]) continue;
      writers[g]->finish();
      report_.stacks.push_back(plan_.stacks[g]);
      report_.stacks.back().images = numbers_.count(g);
    }
    for (std::string& notice : write_shrunk_set(job_, images_, plan_, numbers_))
      report_.notices.push_back(std::move(notice));
  }

  ShrinkJob job_;
  const std::function<void(std::int64_t, std::int64_t)>& on_images_;
  ImageSet images_;
  ShrinkPlan plan_;
  ShrinkNumbers numbers_;
  std::map<std::string, std::size_t> failure_of_;  ///< by path: in report_.failures
  ShrinkReport report_;
};

}  // namespace

ShrinkReport shrink_images(const ShrinkJob& job,
                           const std::function<void(std::int64_t, std::int64_t)>& on_images) {
  return ShrinkRun(job, on_images).run();
}

ShrinkReport preview_shrink(const ShrinkJob& job) { return ShrinkRun(job, {}).preview(); }

}  // namespace quickbeam
