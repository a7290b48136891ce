// SPDX-License-Identifier: BSD-3-Clause
// The job of `verify`: files shared out among threads, their reports added up in order.
#include <quickbeam/verify.hpp>

#include <algorithm>
#include <thread>

#include <quickbeam/pipeline.hpp>

#include "host/src/backends.hpp"
#include "host/src/thumbnail_slot.hpp"
#include "host/src/verify_file.hpp"

namespace quickbeam {
namespace {

bool runs(const VerifyTarget& target) { return target.backend && target.not_run.empty(); }

unsigned thread_count(const VerifyJob& job) {
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  const std::size_t wanted = job.threads == 0 ? cores : job.threads;
  return static_cast<unsigned>(std::clamp<std::size_t>(job.inputs.size(), 1, wanted));
}

void add(VerifyReport& all, VerifyReport&& part) {
  for (std::size_t row = 0; row < all.rows.size(); ++row)
    for (std::size_t i = 0; i < all.targets.size(); ++i)
      merge(all.rows[row].cells[i], part.rows[row].cells[i]);
  all.files += part.files;
  all.frames += part.frames;
  for (VerifyFailure& failure : part.failures) all.failures.push_back(std::move(failure));
}

std::uint64_t total(const VerifyReport& report, std::size_t target,
                    std::uint64_t VerifyCell::*member) {
  std::uint64_t sum = 0;
  for (const VerifyRow& row : report.rows) sum += row.cells[target].*member;
  return sum;
}

}  // namespace

std::vector<VerifyTarget> verify_targets(std::string_view device) {
  std::vector<VerifyTarget> targets{{"cpu", &cpu_backend(), 0, {}}};
  if (device == "cpu") return targets;
  if (!device.empty() && device != "auto") {
    const DeviceChoice choice = choose_device(device);
    for (const int number : choice.devices)
      targets.push_back({std::string(choice.backend->name()) + ":" + std::to_string(number),
                         choice.backend,
                         number,
                         {}});
    return targets;
  }
  for (const Backend* backend : backends())
    if (backend != &cpu_backend())
      targets.push_back(
          {std::string(backend->name()), backend, 0, backend->unavailable_because(0)});
  if (targets.size() == 1)
    targets.push_back({"cuda", nullptr, 0, "this build has no CUDA backend"});
  return targets;
}

std::vector<std::string_view> verify_stages() {
  return {"stored pixels",
          "decoded, masked",
          "maximum",
          "minimum",
          "sum",
          "scaled sum",
          "mean",
          "dilation, sampled",
          "dilation, full resolution",
          "recipe: counts",
          "recipe: levels",
          "recipe: greys",
          "recipe: picture bytes",
          "statistics: pixels",
          "statistics: images",
          "statistics: bits",
          "thumbnails",
          "errors"};
}

std::uint64_t VerifyReport::values(std::size_t target) const {
  return total(*this, target, &VerifyCell::values);
}

std::uint64_t VerifyReport::differences(std::size_t target) const {
  return total(*this, target, &VerifyCell::differences);
}

std::uint64_t VerifyReport::elsewhere(std::size_t target) const {
  return total(*this, target, &VerifyCell::elsewhere);
}

bool VerifyReport::equal() const {
  bool compared = false;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!runs(targets[i])) continue;
    if (values(i) == 0 || differences(i) != 0 || elsewhere(i) != 0) return false;
    compared = true;
  }
  return compared;
}

VerifyReport verify(const VerifyJob& job, const std::function<void()>& on_file) {
  validate(job.recipe);
  if (job.recipe.sum_frames != 1)
    fail({.code = ErrorCode::usage,
          .field = "--sum",
          .expected = "1: verify compares single frames",
          .found = std::to_string(job.recipe.sum_frames)});
  VerifyReport all;
  all.targets = job.targets.empty() ? verify_targets("auto") : job.targets;
  all.rows = empty_rows(all.targets.size());
  std::optional<Image> mask;
  if (!job.mask.empty()) mask = read_mask(job.mask, job.read);
  std::atomic<bool> stop = false;
  Pipeline<VerifyReport> pipeline(job.inputs.size(), thread_count(job), stop);
  pipeline.run(
      [&] {
        std::vector<std::unique_ptr<VerifySubject>> subjects;
        for (const VerifyTarget& target : all.targets)
          subjects.push_back(runs(target) ? make_subject(target) : nullptr);
        auto verifier = std::make_unique<FileVerifier>(
            job.recipe, job.read, mask ? &*mask : nullptr, std::move(subjects));
        return [&job, &stop, verifier = std::move(verifier)](std::size_t i) {
          if (job.stop && *job.stop) stop = true;
          return verifier->run(job.inputs[i]);
        };
      },
      [&](std::size_t, VerifyReport part) {
        add(all, std::move(part));
        if (on_file) on_file();
      });
  all.stopped = job.stop && *job.stop;
  return all;
}

}  // namespace quickbeam
