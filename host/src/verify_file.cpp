// SPDX-License-Identifier: BSD-3-Clause
// One file after the other against the reference.
#include "host/src/verify_file.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <new>
#include <utility>

#include "host/src/backends.hpp"
#include "host/src/verify_statistics.hpp"
#include "host/src/verify_thumbnail.hpp"
#include "kernels/reduce.hpp"

namespace quickbeam {
namespace {

struct Reduction {
  VerifyStage stage;
  ReduceSpec spec;
};

/// Every reduction there is, at the factor and the window the recipe has on such frames.
std::vector<Reduction> reductions(const Recipe& recipe, Extent frame) {
  const ReduceSpec own = resolved_spec(recipe, frame);
  const auto blocks = [&](ReduceOp op, SumScale scale = SumScale::none) {
    return ReduceSpec{.op = op, .factor = own.factor, .edge = own.edge, .sum_scale = scale};
  };
  const std::int32_t window =
      own.op == ReduceOp::dilate ? own.window : std::max<std::int32_t>(2, own.factor);
  const auto dilation = [&](std::int32_t step) {
    return ReduceSpec{
        .op = ReduceOp::dilate, .factor = step, .window = window, .restore = own.restore};
  };
  return {{VerifyStage::decode, {.op = ReduceOp::max, .factor = 1}},
          {VerifyStage::max, blocks(ReduceOp::max)},
          {VerifyStage::min, blocks(ReduceOp::min)},
          {VerifyStage::sum, blocks(ReduceOp::sum)},
          {VerifyStage::scaled_sum, blocks(ReduceOp::sum, SumScale::valid_fraction)},
          {VerifyStage::mean, blocks(ReduceOp::mean)},
          {VerifyStage::dilate_sampled, dilation(own.factor)},
          {VerifyStage::dilate_full, dilation(1)}};
}

/// Throws Error when the mask or the factor does not fit the frames.
void check_fits(const ReducePlan& plan) {
  if (plan.user_mask && plan.user_mask->extent() != plan.extent)
    fail({.code = ErrorCode::inconsistent,
          .field = "--mask",
          .expected = "the size of the frame",
          .found = "another size"});
  if (kernels::reduced_extent(plan.extent, plan.spec).empty())
    fail({.code = ErrorCode::limit,
          .field = "--factor",
          .expected = "a block no larger than the frame (or --edge partial)",
          .found = std::to_string(plan.spec.factor)});
}

std::string pixel_text(const std::optional<std::uint64_t>& pixel) {
  return pixel ? std::to_string(*pixel) : "none";
}

std::uint64_t pixels_of(const Image& image) {
  return static_cast<std::uint64_t>(image.extent().pixels());
}

}  // namespace

/// One frame, as the engine gets it and as the reference decoded it.
struct FileVerifier::Frame {
  std::int64_t index;  ///< in the file, from 0
  Payload payload;
  ConstAnyView stored;
  /// Of the stream, when it is this frame alone.
  std::optional<std::optional<std::uint64_t>> wrapped;
};

FileVerifier::FileVerifier(const Recipe& recipe, const ReadPolicy& read, const Image* mask,
                           std::vector<std::unique_ptr<VerifySubject>> subjects)
    : recipe_(recipe), read_(read), mask_(mask), subjects_(std::move(subjects)) {}

VerifyReport FileVerifier::run(const std::string& path) {
  report_ = {};
  report_.rows = empty_rows(subjects_.size());
  report_.files = 1;
  try {
    file_.open(path, read_);
  } catch (const Error& error) {
    report_.failures.push_back({file_.located(error, 0).info(), false});
    return std::move(report_);
  }
  if (file_.stack() != nullptr) {
    run_stack();
    return std::move(report_);
  }
  std::int64_t frame = 0;
  for (const auto& stream : file_.file().streams) {
    run_stream(stream.payload, frame);
    frame += stream.payload.depth;
  }
  return std::move(report_);
}

/// Image by image, for all of them could be more than memory.
void FileVerifier::run_stack() {
  for (std::int64_t k = 0; k < file_.frames(); ++k) {
    file_.release_frames();
    Payload image;
    try {
      image = file_.frame(k);
    } catch (const Error& error) {  // no fault of a target
      report_.failures.push_back({file_.located(error, k).info(), false});
      continue;
    }
    run_stream(image, k);
  }
  if (!report_.failures.empty()) return;
  run_statistics();
  run_thumbnails();
}

/// Of the whole stack. The images are decoded again for each pass of the reference.
void FileVerifier::run_statistics() {
  ReferenceStatistics reference;
  const auto pass = [&](auto&& take) {
    for (std::int64_t k = 0; k < file_.frames(); ++k) {
      file_.release_frames();
      const Payload image = file_.frame(k);
      const ReferenceStream decoded = decode_reference(image);
      take(decoded.image(0, image.extent));
    }
  };
  pass([&](ConstAnyView image) { reference.first(image); });
  pass([&](ConstAnyView image) { reference.second(image); });
  const auto computed = [&](const DeviceChoice& device, unsigned threads) {
    return compute_in_memory(
        {.inputs = {file_.path()}, .set = {.read = read_}, .threads = threads, .device = device});
  };
  const ComputedStatistics expected = computed(choose_device("cpu"), 1);
  std::vector<ComputedStatistics> found(subjects_.size());
  for (std::size_t i = 0; i < subjects_.size(); ++i)
    if (compares_stacks(i)) found[i] = computed(subjects_[i]->device(), 3);
  const auto each = [&](VerifyStage stage, auto&& compare) {
    std::size_t i = 0;
    each_subject(stage, 0, [&](VerifySubject& subject, Comparison& comparison) {
      while (subjects_[i].get() != &subject) ++i;
      if (!compares_stacks(i)) return;
      const auto& notices = found[i].notices;
      ReduceOutcome outcome;
      outcome.backend = notices.empty() ? subject.backend() : cpu_backend().name();
      if (!notices.empty()) outcome.notice = notices.front();
      if (comparison.done_by(subject.backend(), outcome)) compare(found[i], comparison);
    });
  };
  each(VerifyStage::stack_pixels, [&](const ComputedStatistics& of, Comparison& comparison) {
    compare_pixels(reference, of.results.at(0), comparison);
  });
  each(VerifyStage::stack_images, [&](const ComputedStatistics& of, Comparison& comparison) {
    compare_images(reference, of.images.at(0), comparison);
  });
  each(VerifyStage::stack_bits, [&](const ComputedStatistics& of, Comparison& comparison) {
    compare_statistics(expected, of, comparison);
  });
}

bool FileVerifier::compares_stacks(std::size_t subject) const {
  return subjects_[subject] && subjects_[subject]->device().backend != nullptr;
}

/// Every image alone, so that the reference is in memory once.
void FileVerifier::run_thumbnails() {
  const Extent extent = file_.shape(0).extent;
  for (const ThumbnailSpec& spec : verified_thumbnails(extent)) {
    std::map<const VerifySubject*, ThumbnailSubject> makers;
    for (std::size_t i = 0; i < subjects_.size(); ++i)
      if (compares_stacks(i)) makers.try_emplace(subjects_[i].get(), subjects_[i]->device(), spec);
    for (std::int64_t k = 0; k < file_.frames(); ++k) {
      file_.release_frames();
      const Payload image = file_.frame(k);
      const ReferenceStream decoded = decode_reference(image);
      const Image expected = reference_thumbnail(decoded.image(0, extent), spec);
      each_subject(VerifyStage::thumbnails, k, [&](VerifySubject& subject, Comparison& comparison) {
        const auto maker = makers.find(&subject);
        if (maker == makers.end()) return;
        ReduceOutcome outcome;
        const Image found =
            maker->second.make(decoded.image(0, extent), outcome.backend, outcome.notice);
        if (comparison.done_by(subject.backend(), outcome))
          comparison.images(expected.const_view(), found.const_view());
      });
    }
  }
}

void FileVerifier::run_stream(const Payload& stream, std::int64_t first_frame) {
  const ReducePlan plan = plan_of(stream);
  try {
    check_fits(plan);
  } catch (const Error& error) {  // no fault of a target
    report_.failures.push_back({file_.located(error, first_frame).info(), false});
    return;
  }
  ReferenceStream reference;
  try {
    reference = decode_reference(stream);
  } catch (const Error& error) {
    for (std::int64_t k = 0; k < stream.depth; ++k) expect_failure(error, first_frame + k, plan);
    return;
  }
  compare_stored(stream, reference, first_frame);
  for (std::int64_t k = 0; k < stream.depth; ++k) {
    Frame frame{first_frame + k, {}, reference.image(k, stream.extent), {}};
    try {
      frame.payload = file_.frame(frame.index);
    } catch (const Error& error) {  // the engine cannot decode what the reference can
      each_subject(VerifyStage::errors, frame.index, [&](VerifySubject&, Comparison& comparison) {
        comparison.text("error", "none", error.what());
      });
      continue;
    }
    if (stream.depth == 1) frame.wrapped = reference.wrapped;
    run_frame(frame);
  }
}

void FileVerifier::run_frame(const Frame& frame) {
  const ReducePlan plan = plan_of(frame.payload);
  Reference reference(plan);
  reference.take(frame.stored);
  compare_reductions(frame, reference);
  compare_picture(frame, reference_picture(recipe_, plan.extent, reference));
  ++report_.frames;
}

ReducePlan FileVerifier::plan_of(const Payload& payload) const {
  const FrameInfo& info = file_.file().info;
  ReducePlan plan{.type = payload.type,
                  .extent = payload.extent,
                  .spec = resolved_spec(recipe_, payload.extent),
                  .mask_rule = info.mask,
                  .user_mask = mask_};
  if (recipe_.saturation_from == SaturationFrom::header) plan.saturation = info.count_cutoff;
  if (recipe_.saturation_from == SaturationFrom::value) plan.saturation = recipe_.saturation;
  return plan;
}

template <class Work>
void FileVerifier::each_subject(VerifyStage stage, std::int64_t frame, Work&& work) {
  VerifyRow& row = report_.rows[static_cast<std::size_t>(stage)];
  for (std::size_t i = 0; i < subjects_.size(); ++i) {
    if (!subjects_[i]) continue;
    Comparison comparison(row.cells[i], file_.path(), frame + 1);
    work(*subjects_[i], comparison);
  }
}

template <class Work>
void FileVerifier::each_working(VerifyStage stage, std::int64_t frame, std::uint64_t values,
                                Work&& work) {
  each_subject(stage, frame, [&](VerifySubject& subject, Comparison& comparison) {
    try {
      work(subject, comparison);
    } catch (const Error& error) {
      comparison.nothing(values, error.what());
    }
  });
}

void FileVerifier::compare_stored(const Payload& stream, const ReferenceStream& reference,
                                  std::int64_t frame) {
  each_working(VerifyStage::stored, frame, pixels_of(reference.stored),
               [&](VerifySubject& subject, Comparison& comparison) {
                 Image found;
                 std::optional<std::uint64_t> wrapped;
                 if (!subject.decode(stream, found, wrapped)) return;
                 comparison.images(reference.stored.const_view(), found.const_view());
                 comparison.text("first pixel that wraps", pixel_text(reference.wrapped),
                                 pixel_text(wrapped));
               });
}

void FileVerifier::compare_reductions(const Frame& frame, const Reference& reference) {
  for (const auto& [stage, spec] : reductions(recipe_, frame.payload.extent)) {
    const ReducedImage expected = reference.reduce(spec);
    ReducePlan plan = plan_of(frame.payload);
    plan.spec = spec;
    const bool decode = stage == VerifyStage::decode;
    each_working(stage, frame.index, 2 * pixels_of(expected.values),
                 [&](VerifySubject& subject, Comparison& comparison) {
                   ReducedImage found;
                   const ReduceOutcome outcome = subject.reduce(plan, frame.payload, found);
                   if (!comparison.done_by(subject.backend(), outcome)) return;
                   comparison.reduced(expected, found);
                   if (decode && frame.wrapped)
                     comparison.text("first pixel that wraps", pixel_text(*frame.wrapped),
                                     pixel_text(outcome.wrapped_pixel));
                 });
  }
}

void FileVerifier::compare_picture(const Frame& frame, const VerifyPicture& expected) {
  std::vector<std::optional<VerifyPicture>> found;  // one a target that runs
  each_working(VerifyStage::counts, frame.index, 2 * pixels_of(expected.reduced.values),
               [&](VerifySubject& subject, Comparison& comparison) {
                 found.emplace_back();
                 SubjectPicture picture = subject.picture(recipe_, file_.file().info,
                                                          plan_of(frame.payload), frame.payload);
                 if (!comparison.done_by(subject.backend(), picture.outcome)) return;
                 comparison.reduced(expected.reduced, picture.made.reduced);
                 comparison.numbers(expected.numbers, picture.made.numbers);
                 found.back() = std::move(picture.made);
               });
  const auto rest = [&](VerifyStage stage, auto&& compare) {
    auto next = found.begin();
    each_subject(stage, frame.index, [&](VerifySubject&, Comparison& comparison) {
      if (const auto& picture = *next++) compare(comparison, *picture);
    });
  };
  rest(VerifyStage::levels, [&](Comparison& comparison, const VerifyPicture& picture) {
    comparison.levels(expected.levels, picture.levels);
  });
  rest(VerifyStage::tone, [&](Comparison& comparison, const VerifyPicture& picture) {
    for (std::size_t i = 0; i < expected.positions.size(); ++i)
      comparison.images(expected.positions[i].const_view(), picture.positions.at(i).const_view());
  });
  rest(VerifyStage::files, [&](Comparison& comparison, const VerifyPicture& picture) {
    for (std::size_t i = 0; i < expected.files.size(); ++i)
      comparison.bytes(expected.files[i], picture.files.at(i),
                       recipe_.pictures[i].suffix + " file");
  });
}

/// The frame cannot be decoded: every subject must say so, in the same words.
void FileVerifier::expect_failure(const Error& error, std::int64_t frame, const ReducePlan& plan) {
  const ErrorInfo expected = file_.located(error, frame).info();
  report_.failures.push_back({expected, true});
  each_subject(VerifyStage::errors, frame, [&](VerifySubject& subject, Comparison& comparison) {
    std::string found = "none";
    try {
      ReducedImage image;
      subject.reduce(plan, file_.frame(frame), image);
    } catch (const Error& thrown) {
      found = comparable(file_.located(thrown, frame).info());
    }
    comparison.text("error", comparable(expected), found);
  });
}

std::vector<VerifyRow> empty_rows(std::size_t targets) {
  std::vector<VerifyRow> rows;
  for (const std::string_view stage : verify_stages())
    rows.push_back({stage, std::vector<VerifyCell>(targets)});
  return rows;
}

}  // namespace quickbeam
