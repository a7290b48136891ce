// SPDX-License-Identifier: BSD-3-Clause
// Reads the images of a leaf and adds them up: the work of one thread, on the CPU.
#include "host/src/leaf_adder.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include <quickbeam/core/buffer.hpp>

#include "host/src/image_set_state.hpp"

namespace quickbeam {
namespace {

/// Bytes read at a time, of small images: they are added while they are in the second cache.
constexpr std::size_t read_bytes = std::size_t{1} << 20;
/// The same of a chunk of larger ones. Reading far in one go is worth more than the second cache.
constexpr std::size_t chunk_bytes = std::size_t{4} << 20;
/// Parts of images that are at least so large are read one by one, with a gap behind each: images
/// at distances of a power of two would share a few sets of the first cache.
constexpr std::size_t gap_from = std::size_t{1} << 16;
constexpr std::size_t gap_bytes = 192;

class CpuLeafAdder final : public LeafAdder {
 public:
  explicit CpuLeafAdder(const LeafSource& source)
      : set_(source.set),
        regions_(source.regions),
        failed_(source.failed),
        of_images_(source.of_images),
        reader_(source.set),
        by_blocks_(reads_by_blocks(source.set)) {}

  LeafOutcome add(const LeafTask& task, Planes& planes,
                  std::span<kernels::ImageMoments> rows) override {
    first_ = task.leaf * kernels::leaf_images;
    rows_ = rows;
    group_ = task.group;
    blocks_.emplace(set_.groups()[group_].extent);
    planes.resize(static_cast<std::size_t>(task.blocks));
    in_place_ = true;
    while (!add_blocks(task, planes) || !stayed_intact())
      if (task.first_block > 0) return LeafOutcome::begin_again;
    return LeafOutcome::added;
  }

 private:
  using Loaded = ImageReader::InPlace;

  /// False when an image failed of which an earlier block has been added.
  bool add_blocks(const LeafTask& task, Planes& planes) {
    left_out_ = failed_.within(group_, first_, first_ + std::ssize(rows_));
    if (task.first_block == 0) std::ranges::fill(rows_, kernels::ImageMoments{});
    for (std::int64_t b = 0, count = 0; b < task.blocks; b += count) {
      count = std::min(blocks_at_once(), task.blocks - b);
      const std::size_t known = left_out_.size();
      const auto here =
          std::span(planes).subspan(static_cast<std::size_t>(b), static_cast<std::size_t>(count));
      add_span(task.first_block + b, here);
      if (left_out_.size() > known && task.first_block + b > 0) return false;
    }
    return true;
  }

  /// Blocks of a chunk of images that are read together.
  std::int64_t blocks_at_once() const {
    if (!by_blocks_) return blocks_->count();
    const std::size_t block = blocks_->pixels(0) * size_of(set_.groups()[group_].type);
    return std::max<std::int64_t>(
        1, static_cast<std::int64_t>(chunk_bytes / (block * kernels::chunk_images)));
  }

  /// Adds blocks that are read together.
  void add_span(std::int64_t first_block, std::span<kernels::PixelMoments> planes) {
    const ImageGroup& facts = set_.groups()[group_];
    Rows rows = blocks_->rows(first_block);
    runs_.clear();
    for (std::int64_t i = 0; i < std::ssize(planes); ++i) {
      kernels::PixelMoments& to = planes[static_cast<std::size_t>(i)];
      to.reset(kernels::moment_kind(facts.type), blocks_->pixels(first_block + i));
      runs_.push_back(regions_[group_].runs(*blocks_, first_block + i));
      if (i > 0) rows.count += blocks_->rows(first_block + i).count;
    }
    image_bytes_ = static_cast<std::size_t>(rows.count * facts.extent.width) * size_of(facts.type);
    stride_bytes_ = image_bytes_ + (image_bytes_ >= gap_from ? gap_bytes : 0);
    const std::int64_t step = images_at_once(image_bytes_);
    buffer_.resize(stride_bytes_ * static_cast<std::size_t>(std::min(step, std::ssize(rows_))));
    for (std::int64_t at = 0; at < std::ssize(rows_); at += step) {
      const Loaded images = load(first_ + at, std::min(step, std::ssize(rows_) - at), rows);
      visit_type(facts.type, [&]<class T>(TypeTag<T>) { add_loaded<T>(images, planes); });
    }
  }

  /// Whether nothing was lost that was looked at where it lay; if something was, the leaf is read.
  bool stayed_intact() {
    if (!in_place_ || reader_.was_intact()) return true;
    in_place_ = false;
    return false;
  }

  /// Whole chunks.
  static std::int64_t images_at_once(std::size_t bytes) {
    const auto chunks = static_cast<std::int64_t>(read_bytes / (bytes * kernels::chunk_images));
    return kernels::chunk_images *
           std::clamp<std::int64_t>(chunks, 1, kernels::leaf_images / kernels::chunk_images);
  }

  /// Adds the images that places_ tells: all at once when none is left out, else chunk by chunk.
  template <class T>
  void add_loaded(const Loaded& images, std::span<kernels::PixelMoments> planes) {
    const std::size_t stride = images.stride / sizeof(T);
    const auto chunk_of = [&](std::size_t k) {
      return (places_[k] - first_) / kernels::chunk_images;
    };
    const bool complete = !places_.empty() &&
                          (places_.front() - first_) % kernels::chunk_images == 0 &&
                          places_.back() - places_.front() + 1 == std::ssize(places_);
    for (std::size_t i = 0, end = 0; i < places_.size(); i = end) {
      end = complete ? places_.size() : i + 1;
      while (end < places_.size() && chunk_of(end) == chunk_of(i)) ++end;
      const T* in = reinterpret_cast<const T*>(images.first) + i * stride;
      for (std::size_t b = 0; b < planes.size(); in += planes[b++].pixels)
        add_block(in, stride, i, end, b, planes[b]);
    }
  }

  /// Adds images begin .. end - 1 of those loaded, of which block `b` begins at `in`.
  template <class T>
  void add_block(const T* in, std::size_t stride, std::size_t begin, std::size_t end, std::size_t b,
                 kernels::PixelMoments& to) {
    const auto count = static_cast<int>(end - begin);
    if (!of_images_) return kernels::add_images(in, stride, count, to);
    each_.assign(end - begin, {});
    const bool whole = runs_[b].size() == 1 && runs_[b][0].count == to.pixels;
    for (std::size_t k = begin; k < end; ++k) each_[k - begin] = row(k);
    kernels::add_images(in, stride, count, to,
                        whole ? std::span(each_) : std::span<kernels::ImageMoments>());
    for (std::size_t k = begin; k < end; ++k, in += stride) {
      if (!whole)
        kernels::merge(moments_of(std::span<const T>(in, to.pixels), runs_[b]), each_[k - begin]);
      row(k) = each_[k - begin];
    }
  }

  kernels::ImageMoments& row(std::size_t k) {
    return rows_[static_cast<std::size_t>(places_[k] - first_)];
  }

  /// Of the pixels in the runs alone.
  template <class T>
  kernels::ImageMoments moments_of(std::span<const T> pixels,
                                   std::span<const ImageRegion::Run> runs) {
    const auto inside = gathered_.resize(pixels.size_bytes());
    T* const out = reinterpret_cast<T*>(inside.data());
    std::size_t count = 0;
    for (const ImageRegion::Run& run : runs) {
      std::memcpy(out + count, pixels.data() + run.first, run.count * sizeof(T));
      count += run.count;
    }
    return kernels::image_moments(std::span<const T>(out, count));
  }

  /// Those of the images that can be had, where they lie or in the buffer; places_ says which.
  Loaded load(std::int64_t first, std::int64_t count, Rows rows) {
    places_.clear();
    const std::int64_t end = first + count;
    const bool is_complete = next_left_out(first) >= end;
    if (const auto found = in_place_ && is_complete ? reader_.in_place(group_, first, count, rows)
                                                    : std::nullopt) {
      for (std::int64_t place = first; place < end; ++place) places_.push_back(place);
      return *found;
    }
    for (std::int64_t at = first, stop = 0; at < end; at = stop + 1) {
      stop = std::min(end, next_left_out(at));
      if (stop > at) load_run(at, stop - at, rows);
    }
    return {buffer_.data(), stride_bytes_};
  }

  std::int64_t next_left_out(std::int64_t place) const {
    const auto next = std::ranges::lower_bound(left_out_, place);
    return next == left_out_.end() ? std::numeric_limits<std::int64_t>::max() : *next;
  }

  void load_run(std::int64_t first, std::int64_t count, Rows rows) {
    if (stride_bytes_ == image_bytes_) try {
        reader_.read(group_, first, count, rows, room_for(count));
        for (std::int64_t k = 0; k < count; ++k) places_.push_back(first + k);
        return;
      } catch (const Error&) {  // one by one shows which it is
      }
    for (std::int64_t place = first; place < first + count; ++place) try {
        reader_.read(group_, place, 1, rows, room_for(1));
        places_.push_back(place);
      } catch (const Error& error) {
        failed_.add(group_, place, error);
        left_out_.insert(std::ranges::lower_bound(left_out_, place), place);
      }
  }

  /// Behind the images that are there.
  std::span<std::byte> room_for(std::int64_t images) {
    return buffer_.span().subspan(places_.size() * stride_bytes_,
                                  static_cast<std::size_t>(images) * image_bytes_);
  }

  const ImageSet& set_;
  std::span<const ImageRegion> regions_;
  FailedImages& failed_;
  bool of_images_;
  bool in_place_ = true;  ///< whether images are looked at where they lie, if they can be
  ImageReader reader_;
  bool by_blocks_;
  Buffer<std::byte> buffer_, gathered_;
  std::size_t image_bytes_ = 0, stride_bytes_ = 0;  ///< of what is read of an image, in the buffer
  std::size_t group_ = 0;
  std::int64_t first_ = 0;  ///< place of the leaf's first image
  std::span<kernels::ImageMoments> rows_;
  std::optional<ImageBlocks> blocks_;
  std::vector<std::vector<ImageRegion::Run>> runs_;  ///< of the blocks read together
  std::vector<kernels::ImageMoments> each_;
  std::vector<std::int64_t> places_, left_out_;
};

}  // namespace

void FailedImages::add(std::size_t group, std::int64_t place, const Error& error) {
  if (on_failure_ == OnFailure::stop) throw error;
  const std::uint32_t position = set_.order(group)[static_cast<std::size_t>(place)];
  std::string path = error.info().path.empty() ? set_.name_of(position) : error.info().path;
  const std::lock_guard lock(mutex_);
  failures_.emplace(std::pair(group, place), Failure{std::move(path), error});
}

std::vector<std::int64_t> FailedImages::within(std::size_t group, std::int64_t first,
                                               std::int64_t end) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::int64_t> places;
  for (auto at = failures_.lower_bound({group, first});
       at != failures_.end() && at->first < std::pair(group, end); ++at)
    places.push_back(at->first.second);
  return places;
}

std::size_t FailedImages::count() const {
  const std::lock_guard lock(mutex_);
  return failures_.size();
}

std::vector<ImageSetFailure> FailedImages::by_file() const {
  const std::lock_guard lock(mutex_);
  std::vector<ImageSetFailure> files;
  std::map<std::string_view, std::size_t> index;
  for (const auto& [place, failure] : failures_) {
    const auto [known, is_new] = index.emplace(failure.path, files.size());
    if (is_new) files.push_back({failure.path, failure.error, 0});
    ++files[known->second].images;
  }
  return files;
}

bool reads_by_blocks(const ImageSet& set) {
  return std::ranges::all_of(set.state().files,
                             [](const SetFile& file) { return file.failed || file.stack; });
}

std::unique_ptr<LeafAdder> make_cpu_leaf_adder(const LeafSource& source) {
  return std::make_unique<CpuLeafAdder>(source);
}

}  // namespace quickbeam
