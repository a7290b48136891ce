// SPDX-License-Identifier: BSD-3-Clause
// Reads images of a set in long runs, straight into place where they stand as they are needed.
#include <algorithm>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/image_set.hpp>
#include <quickbeam/mapped_files.hpp>

#include "host/src/frame_file.hpp"
#include "host/src/image_set_state.hpp"
#include "io/mapped_file.hpp"
#include "kernels/row_decoder.hpp"

namespace quickbeam {
namespace {

/// Consecutive images of one file.
struct Run {
  std::uint32_t file = 0;
  std::int64_t first = 0, count = 0;  ///< first: from 0
};

Run run_at(const ImageSet::State& state, std::span<const std::uint32_t> order) {
  Run run{state.file_of(order[0]), std::int64_t{state.image(order[0]).number} - 1, 1};
  while (run.count < static_cast<std::int64_t>(order.size())) {
    const std::uint32_t position = order[static_cast<std::size_t>(run.count)];
    if (state.file_of(position) != run.file ||
        state.image(position).number != run.first + run.count + 1)
      break;
    ++run.count;
  }
  return run;
}

}  // namespace

struct ImageReader::State {
  explicit State(const ImageSet& of) : set(of) {}

  void read(const Run& run, const ImageGroup& group, Rows rows, std::span<std::byte> out) {
    const SetFile& file = set.state().files[run.file];
    if (file.is_stack)
      read_stack(stack_of(run.file), run, group, rows, out);
    else
      read_frames(run, group, rows, out);
  }

  std::optional<InPlace> in_place(const Run& run, const ImageGroup& group, Rows rows) {
    if (mapped_bytes > most_mapped_bytes) release();
    const SetFile& file = set.state().files[run.file];
    if (!file.stack || !is_as_it_is(file.stack->info(), group)) return std::nullopt;
    const auto found = file.stack->in_place(run.first, run.count, rows.first, rows.count);
    if (!found) return std::nullopt;
    mapped.push_back(*found);
    mapped_bytes += found->bytes;
    return InPlace{found->first, static_cast<std::size_t>(found->stride)};
  }

  bool was_intact() {
    release();
    const bool intact = std::ranges::all_of(looked_at, &io::MappedFile::is_intact);
    looked_at.clear();
    return intact;
  }

 private:
  /// Of mapped files, what one reader holds before it gives it back. Giving back costs time, as all
  /// cores are told.
  static constexpr std::size_t most_mapped_bytes = std::size_t{8} << 20;

  static bool is_as_it_is(const io::StackInfo& info, const ImageGroup& group) {
    return info.encoding == Encoding::raw && info.order == ByteOrder::little &&
           info.type == group.type;
  }

  void release() {
    for (const io::StackFile::InPlace& part : mapped) {
      part.file->release(part.begin, part.bytes);
      if (looked_at.empty() || looked_at.back() != part.file) looked_at.push_back(part.file);
    }
    mapped.clear();
    mapped_bytes = 0;
  }

  const io::StackFile& stack_of(std::uint32_t file) {
    const SetFile& facts = set.state().files[file];
    if (facts.stack) return *facts.stack;
    if (!reopened || reopened_file != file) {
      reopened = io::StackFile::open(
          facts.path,
          stack_options(set.state().options, facts.cut ? io::Cut::keep_whole : io::Cut::refuse));
      reopened_file = file;
      check_unchanged(facts, reopened->info().extent, reopened->info().count);
    }
    return *reopened;
  }

  static void check_unchanged(const SetFile& facts, Extent extent, std::int64_t images) {
    if (extent == facts.extent && images >= facts.images) return;
    fail({.code = ErrorCode::inconsistent,
          .path = facts.path,
          .field = "images",
          .expected = "what was there when the set was opened",
          .found = "another file"});
  }

  void read_stack(const io::StackFile& stack, const Run& run, const ImageGroup& group, Rows rows,
                  std::span<std::byte> out) {
    const io::StackInfo& info = stack.info();
    if (is_as_it_is(info, group)) {
      stack.read_rows(run.first, run.count, rows.first, rows.count, out);
      return;
    }
    const auto width = static_cast<std::uint64_t>(info.extent.width);
    const std::uint64_t bytes = stored_row_bytes(info.encoding, info.type, width) *
                                static_cast<std::uint64_t>(rows.count * run.count);
    stored.resize(static_cast<std::size_t>(bytes));
    stack.read_rows(run.first, run.count, rows.first, rows.count, stored.span());
    Payload payload = stack.payload(stored.span(), run.count);
    payload.extent.height = rows.count;
    decode(payload, group.type, std::nullopt, out);
  }

  void read_frames(const Run& run, const ImageGroup& group, Rows rows, std::span<std::byte> out) {
    const SetFile& facts = set.state().files[run.file];
    if (frames.path() != facts.path) {
      frames.open(facts.path, set.state().options.read);
      check_unchanged(facts, frames.shape(0).extent, frames.frames());
    }
    const std::size_t row_bytes =
        static_cast<std::size_t>(group.extent.width) * size_of(group.type);
    const std::size_t part = row_bytes * static_cast<std::size_t>(rows.count);
    for (std::int64_t k = run.first; k < run.first + run.count; ++k, out = out.subspan(part)) {
      frames.release_frames();
      const Payload payload = frames.frame(k);
      try {
        if (rows.count == group.extent.height) {
          decode(payload, group.type, facts.mask, out.first(part));
          continue;
        }
        whole.resize(row_bytes * static_cast<std::size_t>(group.extent.height));
        decode(payload, group.type, facts.mask, whole.span());
      } catch (const Error& error) {
        throw frames.located(error, k);
      }
      const auto from = whole.span().subspan(static_cast<std::size_t>(rows.first) * row_bytes);
      std::copy_n(from.begin(), part, out.begin());
    }
  }

  static void decode(const Payload& payload, PixelType type, const std::optional<MaskRule>& mask,
                     std::span<std::byte> out) {
    if (type == payload.type && !mask) {
      (void)kernels::decode_all(payload, out);
      return;
    }
    (void)kernels::decode_to_doubles(
        payload, mask, {reinterpret_cast<double*>(out.data()), out.size() / sizeof(double)});
  }

 public:
  const ImageSet& set;
  FrameFile frames;
  std::optional<io::StackFile> reopened;
  std::uint32_t reopened_file = 0;
  Buffer<std::byte> stored, whole;
  std::vector<io::StackFile::InPlace> mapped;      ///< not given back yet
  std::vector<const io::MappedFile*> looked_at{};  ///< of what was
  std::size_t mapped_bytes = 0;
};

ImageReader::ImageReader(const ImageSet& set) : state_(std::make_unique<State>(set)) {}
ImageReader::~ImageReader() = default;
ImageReader::ImageReader(ImageReader&&) noexcept = default;

void ImageReader::read(std::size_t group, std::int64_t first, std::int64_t count, Rows rows,
                       std::span<std::byte> out) {
  const ImageGroup& of = state_->set.groups()[group];
  const std::size_t image_bytes =
      static_cast<std::size_t>(of.extent.width * rows.count) * size_of(of.type);
  auto order = state_->set.order(group).subspan(static_cast<std::size_t>(first),
                                                static_cast<std::size_t>(count));
  while (!order.empty()) {
    const Run run = run_at(state_->set.state(), order);
    const auto images = static_cast<std::size_t>(run.count);
    state_->read(run, of, rows, out.first(images * image_bytes));
    out = out.subspan(images * image_bytes);
    order = order.subspan(images);
  }
}

std::optional<ImageReader::InPlace> ImageReader::in_place(std::size_t group, std::int64_t first,
                                                          std::int64_t count, Rows rows) {
  const auto order = state_->set.order(group).subspan(static_cast<std::size_t>(first),
                                                      static_cast<std::size_t>(count));
  if (order.empty()) return std::nullopt;
  const Run run = run_at(state_->set.state(), order);
  if (run.count != count) return std::nullopt;
  try {
    return state_->in_place(run, state_->set.groups()[group], rows);
  } catch (const Error&) {
    return std::nullopt;  // read says so again, and of which image
  }
}

bool ImageReader::was_intact() { return state_->was_intact(); }

void allow_mapped_files() { io::allow_mapped_files(); }

}  // namespace quickbeam
