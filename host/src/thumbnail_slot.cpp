// SPDX-License-Identifier: BSD-3-Clause
// What one thread of a thumbnail job does.
#include "host/src/thumbnail_slot.hpp"

#include <chrono>
#include <cmath>
#include <cstring>
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

ThumbnailSlot::ThumbnailSlot(const Shared& shared)
    : shared_(shared),
      job_(shared.job),
      files_(static_cast<std::size_t>(job_.recipe.sum_frames)),
      palette_(make_palette(job_.recipe.palette)) {}

std::vector<ThumbnailResult> ThumbnailSlot::run(std::span<const std::string> files, Stage stage) {
  std::vector<ThumbnailResult> results;
  ThumbnailResult blank;
  blank.input = files.front();
  blank.added.assign(files.begin() + 1, files.end());
  // The scale of a collection is that of all its frames, also of those not made again.
  if (stage == Stage::pictures && job_.skip && job_.skip(files, shared_.levels)) {
    blank.skipped = true;
    return {blank};
  }
  std::vector<FrameRef> frames;
  record_errors(files.front(), blank, [&] {
    for (std::size_t f = 0; f < files.size(); ++f) {
      files_[f].open(files[f], job_.read);
      for (std::int64_t k = 0; k < files_[f].frames(); ++k) frames.push_back({f, k});
    }
  });
  if (blank.error) return {blank};
  const auto group = static_cast<std::size_t>(job_.recipe.sum_frames);
  for (std::size_t at = 0; at < frames.size(); at += group) {
    const std::span<const FrameRef> all(frames);
    const auto part = all.subspan(at, std::min(group, all.size() - at));
    ThumbnailResult result;
    result.input = files_[part.front().file].path();
    if (files.size() > 1) result.added.assign(files.begin() + 1, files.end());
    result.frame = part.front().index + 1;
    result.frames_added = static_cast<std::int64_t>(part.size());
    const auto start = std::chrono::steady_clock::now();
    record_errors(result.input, result, [&] { run_group(part, stage, result); });
    result.seconds = seconds_since(start);
    result.last_of_input = at + group >= frames.size();
    results.push_back(std::move(result));
  }
  return results;
}

Plan& ThumbnailSlot::plan_for(const FrameLayout& layout) {
  if (!plan_ || !(plan_->layout() == layout)) {
    plan_.reset();  // its memory is needed for the next one
    plan_ = std::make_unique<Plan>(job_.recipe, layout, job_.device,
                                   shared_.mask ? &*shared_.mask : nullptr);
  }
  return *plan_;
}

void ThumbnailSlot::run_group(std::span<const FrameRef> group, Stage stage,
                              ThumbnailResult& result) {
  for (FrameFile& file : files_) file.release_frames();
  const FrameRef first = group.front();
  FrameFile& file = files_[first.file];
  Plan& plan = plan_for(FrameLayout::of(file.frame(first.index), file.file().info));
  result.notices = file.file().info.notices;  // opening a frame may have added to them
  const ReduceReport report = reduce(plan, group);
  if (report.wrapped_pixel) {
    check_wrap(*report.wrapped_pixel, job_.read);
    result.notices.push_back(wrap_notice(*report.wrapped_pixel));
  }
  result.levels = shared_.levels ? *shared_.levels : plan.levels();
  result.numbers = plan.numbers();
  result.extent = plan.reduced().values.extent();
  result.backend = plan.backend();
  if (stage == Stage::levels) return;
  plan.render(result.levels);
  write_outputs(plan, first, result);
}

ReduceReport ThumbnailSlot::reduce(Plan& plan, std::span<const FrameRef> group) {
  std::vector<Payload> payloads;
  for (const FrameRef& ref : group) {
    payloads.push_back(files_[ref.file].frame(ref.index));
    if (payloads.back().extent != plan.layout().extent ||
        payloads.back().type != plan.layout().type)
      fail({.code = ErrorCode::inconsistent,
            .path = files_[ref.file].path(),
            .field = "--sum",
            .expected = "frames of the same size and type as the first one",
            .found = "another size or type"});
  }
  try {
    return plan.reduce(payloads);
  } catch (const Error& error) {
    const FrameRef& ref = group[error.info().frame.value_or(0)];
    throw files_[ref.file].located(error, ref.index);
  }
}

std::string ThumbnailSlot::name_of(const FrameRef& frame, const std::string& target,
                                   std::string_view suffix) {
  const FrameFile& file = files_[frame.file];
  if (file.frames() == 1) return output_path({target, file.path(), suffix, {}});
  std::string path = output_path({target, file.path(), suffix, frame.index + 1});
  shared_.names.check_numbered(path);
  return path;
}

void ThumbnailSlot::write_outputs(const Plan& plan, const FrameRef& first,
                                  ThumbnailResult& result) {
  for (std::size_t i = 0; i < job_.recipe.pictures.size(); ++i) {
    const Picture& picture = job_.recipe.pictures[i];
    const ImageView<const std::uint8_t> indices = plan.picture(i).as<std::uint8_t>();
    const std::string path = name_of(first, job_.output, picture.suffix);
    const auto bytes = picture.format == PictureFormat::png
                           ? io::encode_png(indices, palette_, encoded_)
                           : io::encode_jpeg(indices, palette_, picture.quality, encoded_);
    write_output(path, bytes, result);
  }
  if (!job_.numeric.empty()) write_numeric(plan, first, result);
}

void ThumbnailSlot::write_numeric(const Plan& plan, const FrameRef& first,
                                  ThumbnailResult& result) {
  const std::string path = name_of(first, job_.numeric, ".npy");
  const auto& pixel_um = files_[first.file].file().info.pixel_width_um;
  const double binned_angstrom =
      pixel_um ? *pixel_um * 1e4 * plan.factor() : 0;  // 1 um = 1e4 angstrom
  write_output(path, encode_numeric(plan.reduced(), path, binned_angstrom, pixels_, encoded_),
               result);
}

}  // namespace quickbeam
