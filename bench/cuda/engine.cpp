// SPDX-License-Identifier: BSD-3-Clause
// The engine as a whole: frames in pinned memory to pictures, and files to PNG files.
#include <atomic>
#include <cstring>
#include <stdexcept>
#include <thread>

#include <quickbeam/thumbnails.hpp>

#include "bench/cuda/bench.hpp"

namespace quickbeam::bench {
namespace {

namespace fs = std::filesystem;

const char* const recipe_name = "seed";

/// Payloads in memory that the device copies from fastest, and a plan of one thread.
class Worker {
 public:
  Worker(const Inputs& inputs, const DeviceChoice& device, std::size_t frames, unsigned sharers)
      : host_memory_(device.backend->make_host_memory()),
        bytes_(host_memory_.get()),
        plan_(preset(recipe_name), inputs.layout(), device, nullptr,
              {.keep_reduced = false, .sharers = sharers, .host_memory = host_memory_.get()}),
        backend_(device.backend->name()) {
    constexpr std::size_t alignment = 256;
    const std::size_t slot = (inputs.longest() + alignment - 1) / alignment * alignment;
    bytes_.resize(slot * frames);
    for (std::size_t i = 0; i < frames; ++i) {
      Payload payload = inputs.payloads()[i % inputs.payloads().size()];
      std::byte* const to = bytes_.data() + i * slot;
      std::memcpy(to, payload.bytes.data(), payload.bytes.size());
      payload.bytes = {to, payload.bytes.size()};
      payloads_.push_back(payload);
    }
    for (const Payload& payload : payloads_) groups_.emplace_back(&payload, 1);
  }

  /// All frames `rounds` times, `batch` at a time.
  void run(std::size_t batch, std::size_t rounds) {
    for (std::size_t round = 0; round < rounds; ++round)
      for (std::size_t at = 0; at < groups_.size(); at += batch)
        run_batch(at, std::min(batch, groups_.size() - at));
  }
  const Image& first_picture() {
    run_batch(0, 1);
    return plan_.picture(0);
  }

 private:
  void run_batch(std::size_t first, std::size_t frames) {
    plan_.reduce_batch(std::span(groups_).subspan(first, frames));
    levels_.resize(frames);
    for (std::size_t i = 0; i < frames; ++i) {
      if (plan_.outcome(i).error || plan_.outcome(i).backend != backend_)
        throw std::runtime_error("a frame failed, or was made elsewhere: " +
                                 plan_.outcome(i).notice);
      levels_[i] = plan_.levels(i);
    }
    plan_.render_batch(levels_);
  }

  std::unique_ptr<std::pmr::memory_resource> host_memory_;
  Buffer<std::byte> bytes_;
  Plan plan_;
  std::string_view backend_;
  std::vector<Payload> payloads_;
  std::vector<FrameGroup> groups_;
  std::vector<LevelRange> levels_;
};

bool same_pictures(const Image& a, const Image& b) {
  return a.extent() == b.extent() &&
         std::memcmp(a.const_view().data, b.const_view().data,
                     static_cast<std::size_t>(a.extent().pixels())) == 0;
}

/// Seconds for every worker, each in a thread of its own, to take its frames `rounds` times.
Times time_workers(const Effort& effort, std::vector<std::unique_ptr<Worker>>& workers,
                   std::size_t batch, std::size_t rounds) {
  std::atomic<bool> failed{false};
  const Times times = time_on_host(effort, [&](std::size_t) {
    std::vector<std::jthread> threads;
    for (auto& worker : workers)
      threads.emplace_back([&failed, batch, rounds, w = worker.get()] {
        try {
          w->run(batch, rounds);
        } catch (const std::exception&) {
          failed = true;
        }
      });
  });
  if (failed) throw std::runtime_error("a worker failed");
  return times;
}

void measure_resident(const Options& options, const Inputs& inputs, const char* device_name,
                      unsigned threads, std::size_t batch, Report& report) {
  const DeviceChoice device = choose_device(device_name);
  const bool on_gpu = device.backend->name() == "cuda";
  const std::string stage =
      on_gpu ? "pinned host memory to thumbnails on the host" : "host memory to thumbnails, CPU";
  if (!report.wants(stage)) return;
  const std::size_t each = options.tiny ? 4 : 32;
  const std::size_t rounds = options.tiny ? 1 : on_gpu ? std::max(2u, 32 / threads) : 2;
  std::vector<std::unique_ptr<Worker>> workers;
  for (unsigned t = 0; t < threads; ++t)
    workers.push_back(std::make_unique<Worker>(inputs, device, each, threads));
  Worker on_cpu(inputs, choose_device("cpu"), 1, 1);
  if (!same_pictures(workers[0]->first_picture(), on_cpu.first_picture()))
    throw std::runtime_error("the picture is not the CPU's");
  const Times times = time_workers(options.long_effort(), workers, batch, rounds);
  report.add({.stage = stage,
              .input = inputs.name(),
              .batch = batch,
              .threads = threads,
              .frame = times / static_cast<double>(each * rounds * threads),
              .bytes = inputs.mean_bytes(),
              .bound = bus_in,
              .goal = on_gpu && batch > 1 ? Goal{Goal::Of::fraction, 0.80, 0.90} : Goal{}});
}

/// One frame, from the call to its picture.
void measure_latency(const Options& options, const Inputs& inputs, const char* device,
                     Report& report) {
  const std::string stage = std::string("latency of one frame in memory, ") + device;
  if (!report.wants(stage)) return;
  Worker worker(inputs, choose_device(device), 1, 1);
  Effort effort = options.effort();
  if (!options.tiny) effort.repeats = 100;
  report.add({.stage = stage,
              .input = inputs.name(),
              .threads = 1,
              .frame = time_on_host(effort, [&](std::size_t) { worker.run(1, 1); }),
              .bytes = inputs.mean_bytes(),
              .bound = bus_in});
}

/// `count` names for the input files: links to them, so that the page cache holds each once.
std::vector<std::string> linked(const Inputs& inputs, std::size_t count, const fs::path& folder) {
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    names.push_back((folder / ("f_" + std::to_string(i) + ".cbf")).string());
    fs::create_symlink(fs::absolute(inputs.paths()[i % inputs.paths().size()]), names.back());
  }
  return names;
}

ThumbnailJob job_of(std::vector<std::string> inputs, const fs::path& out, const char* device,
                    unsigned threads) {
  ThumbnailJob job;
  job.recipe = preset(recipe_name);
  job.inputs = std::move(inputs);
  job.output = out.string();
  job.device = choose_device(device);
  job.threads = threads;
  return job;
}

/// Runs jobs at the same time. Throws when a file was not made.
void run_jobs(const std::vector<ThumbnailJob>& jobs, std::size_t files) {
  std::atomic<std::int64_t> done{0};
  {
    std::vector<std::jthread> threads;
    for (const ThumbnailJob& job : jobs)
      threads.emplace_back([&done, &job] { done += make_thumbnails(job, nullptr).done; });
  }
  if (done != static_cast<std::int64_t>(files)) throw std::runtime_error("not all files were made");
}

/// Frames a second.
double measure_jobs(const Options& options, const Inputs& inputs, const std::string& stage,
                    const std::vector<ThumbnailJob>& jobs, unsigned threads, Report& report) {
  std::size_t files = 0;
  for (const ThumbnailJob& job : jobs) files += job.inputs.size();
  Effort effort = options.long_effort();
  effort.repeats = 3;
  const Times times = time_on_host(effort, [&](std::size_t) { run_jobs(jobs, files); }) /
                      static_cast<double>(files);
  report.add({.stage = stage,
              .input = inputs.name(),
              .batch = 1,
              .threads = threads,
              .frame = times,
              .bytes = inputs.mean_bytes(),
              .bound = bus_in});
  return 1 / times.median;
}

/// CPU and GPU at once: the GPU has `share` of the threads, and each so many files as it makes of
/// them in the same time, as far as the rates with all threads tell.
void measure_both(const Options& options, const Inputs& inputs, const std::string& with_cuda,
                  double share, double cpu_rate, double gpu_rate, const fs::path& links,
                  Report& report) {
  const auto all = std::max(2u, options.threads);
  const auto of_gpu = static_cast<unsigned>(std::clamp(all * share, 1.0, all - 1.0));
  const auto names = linked(inputs, options.tiny ? 4 : 512, links);
  const double gpu = gpu_rate * of_gpu, cpu = cpu_rate * (all - of_gpu);
  const auto to_cpu =
      static_cast<std::ptrdiff_t>(static_cast<double>(names.size()) * cpu / (cpu + gpu));
  const auto cut = names.begin() + std::clamp<std::ptrdiff_t>(to_cpu, 1, std::ssize(names) - 1);
  measure_jobs(
      options, inputs,
      "files to PNG files, cpu and cuda at once, " + with_cuda + " of the threads with cuda",
      {job_of({names.begin(), cut}, links / "out", "cpu", all - of_gpu),
       job_of({cut, names.end()}, links / "out", "cuda", of_gpu)},
      all, report);
}

}  // namespace

std::vector<unsigned> thread_counts(unsigned most) {
  std::vector<unsigned> counts;
  for (unsigned n = 1; n < most; n *= 2) counts.push_back(n);
  counts.push_back(most);
  return counts;
}

void measure_pinned(const Options& options, const Inputs& inputs, Report& report) {
  for (const char* const device : {"cuda", "cpu"}) measure_latency(options, inputs, device, report);
  const std::size_t batch = choose_device("cuda").backend->frames_at_once();
  for (const unsigned threads : {1u, 2u, 3u, 4u, 8u})
    if (threads <= options.threads)
      measure_resident(options, inputs, "cuda", threads, batch, report);
  for (const unsigned threads : thread_counts(options.threads))
    measure_resident(options, inputs, "cpu", threads, 1, report);
}

void measure_files(const Options& options, const Inputs& inputs, Report& report) {
  // All or none: the last row divides the files by what the others say.
  if (!report.wants("files to PNG files, cpu and cuda at once")) return;
  const fs::path links = options.workplace / "files";
  double rate[2] = {};  // with all threads: CPU, GPU
  for (const unsigned threads : thread_counts(options.threads)) {
    const auto names = linked(inputs, options.tiny ? 4 : std::min(512u, 128 * threads), links);
    for (const bool gpu : {false, true})
      rate[gpu] = measure_jobs(
          options, inputs, std::string("files to PNG files, ") + (gpu ? "cuda" : "cpu"),
          {job_of(names, links / "out", gpu ? "cuda" : "cpu", threads)}, threads, report);
  }
  for (const auto& [with_cuda, share] :
       {std::pair{"a quarter", 0.25}, std::pair{"half", 0.5}, std::pair{"three quarters", 0.75}})
    measure_both(options, inputs, with_cuda, share, rate[0], rate[1], links, report);
  fs::remove_all(links);
}

}  // namespace quickbeam::bench
