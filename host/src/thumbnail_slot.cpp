// SPDX-License-Identifier: BSD-3-Clause
// What one thread of a thumbnail job does.
#include "host/src/thumbnail_slot.hpp"

#include <chrono>
#include <cmath>
#include <cstring>
#include <iterator>
#include <new>

#include <quickbeam/crc32.hpp>
#include "host/src/numeric_output.hpp"
#include "io/atomic_file.hpp"
#include "kernels/planes.hpp"
#include "kernels/row_decoder.hpp"

namespace quickbeam {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Runs `work`; what it throws becomes the error of the result.
template <class Work>
void record_errors(const std::string& path, ThumbnailResult& result, Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    result.error = error.info();
    if (result.error->path.empty()) result.error->path = path;
  } catch (const std::bad_alloc&) {
    result.error = ErrorInfo{.code = ErrorCode::limit,
                             .path = path,
                             .field = "memory",
                             .expected = "enough for this frame",
                             .found = "none left"};
  }
}

void write_output(const std::string& path, std::span<const std::byte> bytes,
                  ThumbnailResult& result) {
  io::write_file(path, bytes);
  result.outputs.push_back({path, bytes.size(), crc32(bytes)});
}

}  // namespace

Image read_mask(const std::string& path, const ReadPolicy& policy) {
  FrameFile file;
  file.open(path, policy);
  const Payload payload = file.frame(0);
  Image values(payload.type, payload.extent);
  const auto bytes = static_cast<std::size_t>(payload.extent.pixels()) * size_of(payload.type);
  kernels::decode_all(payload, {values.view().data, bytes});
  Image mask(PixelType::u8, payload.extent);
  kernels::flag_nonzero(values.const_view(), mask.as<std::uint8_t>());
  return mask;
}

ThumbnailSlot::ThumbnailSlot(const Shared& shared, std::size_t number)
    : shared_(shared),
      job_(shared.job),
      device_(shared.job.device),
      host_memory_(job_.device.backend->make_host_memory()),
      palette_(make_palette(job_.recipe.palette)) {
  device_.devices = {job_.device.device(number)};
}

std::vector<ThumbnailResult> ThumbnailSlot::run(std::span<const std::string> files, Stage stage) {
  std::vector<ThumbnailResult> results;
  std::vector<Work> all;
  while (files_.size() < files.size()) files_.emplace_back(host_memory_.get());
  const auto group = static_cast<std::size_t>(job_.recipe.sum_frames);
  for (std::size_t at = 0; at < files.size(); at += group) {
    auto works =
        open_group(files.subspan(at, std::min(group, files.size() - at)), at, stage, results);
    std::move(works.begin(), works.end(), std::back_inserter(all));
  }
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t most = job_.device.backend->frames_at_once();
    std::size_t end = at + 1;
    while (end < all.size() && end - at < most && all[end].layout == all[at].layout) ++end;
    const auto batch = read_images(std::span(all).subspan(at, end - at), results);
    at = end;
    if (batch.empty()) continue;
    // What is thrown here is no fault of one frame: memory, most likely.
    ThumbnailResult fault;
    record_errors(results[batch.front().result].input, fault,
                  [&] { run_batch(batch, stage, results); });
    for (const Work& work : batch)
      if (fault.error && !results[work.result].error) results[work.result].error = fault.error;
  }
  return results;
}

/// Opens the files of a sum and makes a work, and a result, of every `sum_frames` frames in them.
std::vector<ThumbnailSlot::Work> ThumbnailSlot::open_group(std::span<const std::string> files,
                                                           std::size_t first_file, Stage stage,
                                                           std::vector<ThumbnailResult>& results) {
  ThumbnailResult blank;
  blank.input = files.front();
  blank.added.assign(files.begin() + 1, files.end());
  // The scale of a collection is that of all its frames, also of those not made again.
  if (stage == Stage::pictures && job_.skip && job_.skip(files, shared_.levels)) {
    blank.skipped = true;
    results.push_back(std::move(blank));
    return {};
  }
  std::vector<FrameRef> frames;
  record_errors(files.front(), blank, [&] {
    for (std::size_t f = first_file; f < first_file + files.size(); ++f) {
      files_[f].open(files[f - first_file], job_.read);
      for (std::int64_t k = 0; k < files_[f].frames(); ++k) frames.push_back({f, k});
    }
  });
  if (!blank.error) return works_of(frames, files.size(), results);
  results.push_back(std::move(blank));
  return {};
}

std::vector<ThumbnailSlot::Work> ThumbnailSlot::works_of(std::span<const FrameRef> frames,
                                                         std::size_t files,
                                                         std::vector<ThumbnailResult>& results) {
  std::vector<Work> works;
  const auto group = static_cast<std::size_t>(job_.recipe.sum_frames);
  for (std::size_t at = 0; at < frames.size(); at += group) {
    const auto part = frames.subspan(at, std::min(group, frames.size() - at));
    Work work{.frames = {part.begin(), part.end()}, .payloads = {}, .result = results.size()};
    ThumbnailResult& result = results.emplace_back();
    result.input = files_[part.front().file].path();
    for (std::size_t f = 1; f < files; ++f)
      result.added.push_back(files_[frames.front().file + f].path());
    result.frame = part.front().index + 1;
    result.frames_added = static_cast<std::int64_t>(part.size());
    result.last_of_input = at + group >= frames.size();
    record_errors(result.input, result, [&] { find_payloads(work, result); });
    if (!result.error) works.push_back(std::move(work));
  }
  return works;
}

void ThumbnailSlot::find_payloads(Work& work, ThumbnailResult& result) {
  for (const FrameRef& ref : work.frames) {
    FrameFile& file = files_[ref.file];
    const Payload payload = file.shape(ref.index);
    if (work.payloads.empty()) {
      work.layout = FrameLayout::of(payload, file.file().info);
      (void)plan_for(work.layout);  // a recipe that does not fit is this frame's fault
      result.notices = file.file().info.notices;  // opening a frame may have added to them
    } else if (payload.extent != work.layout.extent || payload.type != work.layout.type) {
      fail({.code = ErrorCode::inconsistent,
            .path = file.path(),
            .field = "--sum",
            .expected = "frames of the same size and type as the first one",
            .found = "another size or type"});
    }
    work.payloads.push_back(payload);
  }
}

/// Images of stacks are read when their batch comes, for all of them could be more than memory.
/// Returns the works whose images could be read.
std::span<ThumbnailSlot::Work> ThumbnailSlot::read_images(std::span<Work> batch,
                                                          std::vector<ThumbnailResult>& results) {
  for (FrameFile& file : files_) file.release_frames();
  std::size_t kept = 0;
  for (Work& work : batch) {
    ThumbnailResult& result = results[work.result];
    record_errors(result.input, result, [&] {
      for (std::size_t i = 0; i < work.frames.size(); ++i)
        if (FrameFile& file = files_[work.frames[i].file]; file.stack() != nullptr)
          work.payloads[i] = file.frame(work.frames[i].index);
    });
    if (!result.error) std::swap(batch[kept++], work);
  }
  return batch.first(kept);
}

Plan& ThumbnailSlot::plan_for(const FrameLayout& layout) {
  if (!plan_ || !(plan_->layout() == layout)) {
    plan_.reset();  // its memory is needed for the next one
    plan_ = std::make_unique<Plan>(job_.recipe, layout, device_,
                                   shared_.mask ? &*shared_.mask : nullptr,
                                   PlanOptions{.keep_reduced = !job_.numeric.empty(),
                                               .sharers = shared_.slots,
                                               .host_memory = host_memory_.get()});
  }
  return *plan_;
}

/// Frames of one layout, at most as many as the plan takes at once.
void ThumbnailSlot::run_batch(std::span<Work> batch, Stage stage,
                              std::vector<ThumbnailResult>& results) {
  const auto start = std::chrono::steady_clock::now();
  Plan& plan = plan_for(batch.front().layout);
  std::vector<FrameGroup> groups;
  for (const Work& work : batch) groups.emplace_back(work.payloads);
  plan.reduce_batch(groups);
  std::vector<LevelRange> levels(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i)
    if (!plan.outcome(i).error) levels[i] = shared_.levels ? *shared_.levels : plan.levels(i);
  if (stage == Stage::pictures) plan.render_batch(levels);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    ThumbnailResult& result = results[batch[i].result];
    result.levels = levels[i];
    record_errors(result.input, result, [&] { finish_frame(plan, i, batch[i], stage, result); });
  }
  const double seconds = seconds_since(start) / static_cast<double>(batch.size());
  for (const Work& work : batch) results[work.result].seconds = seconds;
}

/// Reports and files of one frame of the batch, or its error.
void ThumbnailSlot::finish_frame(const Plan& plan, std::size_t frame, const Work& work, Stage stage,
                                 ThumbnailResult& result) {
  check_outcome(plan.outcome(frame), work, result);
  result.numbers = plan.numbers(frame);
  result.extent = plan.reduced_extent();
  result.backend = plan.outcome(frame).backend;
  if (stage == Stage::pictures) write_outputs(plan, frame, work.frames.front(), result);
}

/// Turns what the plan says of a frame into errors, in the words of its file, and notices.
void ThumbnailSlot::check_outcome(const ReduceOutcome& outcome, const Work& work,
                                  ThumbnailResult& result) {
  if (outcome.error) {
    const FrameRef& ref = work.frames[outcome.error->frame.value_or(0)];
    throw files_[ref.file].located(Error(*outcome.error), ref.index);
  }
  if (!outcome.notice.empty()) result.notices.push_back(outcome.notice);
  if (!outcome.wrapped_pixel) return;
  check_wrap(*outcome.wrapped_pixel, job_.read);
  result.notices.push_back(wrap_notice(*outcome.wrapped_pixel));
}

std::string ThumbnailSlot::name_of(const FrameRef& frame, const std::string& target,
                                   std::string_view suffix) {
  const FrameFile& file = files_[frame.file];
  if (file.frames() == 1) return output_path({target, file.path(), suffix, {}});
  std::string path = output_path({target, file.path(), suffix, frame.index + 1});
  shared_.names.check_numbered(path);
  return path;
}

void ThumbnailSlot::write_outputs(const Plan& plan, std::size_t frame, const FrameRef& first,
                                  ThumbnailResult& result) {
  for (std::size_t i = 0; i < job_.recipe.pictures.size(); ++i) {
    const Picture& picture = job_.recipe.pictures[i];
    const ImageView<const std::uint8_t> indices = plan.picture(i, frame).as<std::uint8_t>();
    const std::string path = name_of(first, job_.output, picture.suffix);
    const auto bytes = picture.format == PictureFormat::png
                           ? io::encode_png(indices, palette_, encoded_)
                           : io::encode_jpeg(indices, palette_, picture.quality, encoded_);
    write_output(path, bytes, result);
  }
  if (!job_.numeric.empty()) write_numeric(plan, frame, first, result);
}

void ThumbnailSlot::write_numeric(const Plan& plan, std::size_t frame, const FrameRef& first,
                                  ThumbnailResult& result) {
  const std::string path = name_of(first, job_.numeric, ".npy");
  const auto& pixel_um = files_[first.file].file().info.pixel_width_um;
  const double binned_angstrom =
      pixel_um ? *pixel_um * 1e4 * plan.factor() : 0;  // 1 um = 1e4 angstrom
  write_output(path, encode_numeric(plan.reduced(frame), path, binned_angstrom, pixels_, encoded_),
               result);
}

}  // namespace quickbeam
