// SPDX-License-Identifier: BSD-3-Clause
// Batches of frames on a GPU.
#include "host/src/cuda/cuda_reducer.hpp"

#include <algorithm>
#include <bit>

#include <quickbeam/core/error.hpp>

#include "kernels/ops/percentile.hpp"
#include "kernels/tone_cuda.hpp"

namespace quickbeam::cuda {
namespace {

/// Makes the device current; when the scope is left by an exception, nothing is in flight any more.
class Scope {
 public:
  Scope(int device, std::optional<Lane>& lane) : here_(device), lane_(lane) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() {
    if (!done_ && lane_) lane_->quiesce();
  }
  void done() { done_ = true; }

 private:
  CurrentDevice here_;
  std::optional<Lane>& lane_;
  bool done_ = false;
};

ByteOrder order_of(const ReduceTask& task) {
  const bool big = std::all_of(task.group.begin(), task.group.end(), [](const Payload& payload) {
    return payload.encoding == Encoding::raw && payload.order == ByteOrder::big;
  });
  return big ? ByteOrder::big : ByteOrder::little;
}

/// The percentiles that the host makes of the values at their ranks.
ReducedFacts facts_of(const kernels::cuda::ReducedFacts& found, std::span<const double> percents,
                      std::size_t pixels) {
  ReducedFacts facts;
  facts.numbers = {.valid = static_cast<std::int64_t>(pixels - found.masked),
                   .masked = static_cast<std::int64_t>(found.masked),
                   .saturated = static_cast<std::int64_t>(found.saturated),
                   .highest = found.highest};
  if (found.measured == 0) return facts;
  for (const double percent : percents) {
    const double part = kernels::percentile_position(percent, found.measured).part;
    const auto& at = found.at[facts.known];
    facts.percentiles[facts.known++] = kernels::percentile_between(at[0], at[1], part);
  }
  return facts;
}

}  // namespace

CudaReducer::CudaReducer(const ReducePlan& plan)
    : plan_(plan),
      can_fuse_(plan.group == 1 &&
                kernels::cuda::can_reduce_streams(plan.type, plan.extent, plan.spec)),
      runner_(make_piece_runner(plan)),
      memory_(shape_of(plan), plan.sharers) {}

CudaReducer::~CudaReducer() {
  if (lane_) lane_->quiesce();
}

void CudaReducer::run(std::span<ReduceTask> tasks, std::span<std::uint8_t> redo) {
  Scope scope(plan_.device, lane_);
  if (!lane_) lane_.emplace();
  in_batch_ = 0;
  for (std::size_t at = 0; at < tasks.size();) {
    reserve_for(tasks.subspan(at));
    const std::size_t n = std::min(tasks.size() - at, memory_.size().kept);
    run_batch(tasks.subspan(at, n), redo.subspan(at, n), n == tasks.size());
    at += n;
  }
  scope.done();
}

/// As many tasks as the memory keeps. Results stay only when no other batch will overwrite them.
void CudaReducer::run_batch(std::span<ReduceTask> tasks, std::span<std::uint8_t> redo,
                            bool may_stay) {
  for (std::size_t at = 0; at < tasks.size();) {
    const Piece piece = next_piece(tasks, redo, at);
    runner_->run(piece, memory_, *lane_);
    at += piece.tasks.size();
  }
  fetch(tasks, may_stay);
  lane_->wait();
  for (std::size_t i = 0; i < tasks.size(); ++i) settle(i, tasks[i], redo[i]);
  if (may_stay) in_batch_ = tasks.size();
}

bool CudaReducer::is_streams(const ReduceTask& task) const {
  return std::all_of(task.group.begin(), task.group.end(),
                     [&](const Payload& payload) { return runner_->decodes(payload.encoding); });
}

void CudaReducer::reserve_for(std::span<const ReduceTask> tasks) {
  BatchSize wanted{.kept = std::bit_ceil(std::min(tasks.size(), frames_of_a_batch))};
  for (const ReduceTask& task : tasks) {
    const bool streams = is_streams(task);
    wanted.planes |= !streams || !can_fuse_;
    std::size_t bytes = memory_.shape().pixels * size_of(plan_.type);
    if (streams) {
      bytes = 0;
      for (const Payload& payload : task.group) bytes = std::max(bytes, payload.bytes.size());
    }
    wanted.slot = std::max(wanted.slot, bytes + kernels::cuda::stream_padding);
  }
  wanted.at_once = wanted.planes ? std::min(wanted.kept, planes_of_a_batch) : wanted.kept;
  if (memory_.reserve(wanted)) upload_tables();
}

/// What stays the same from batch to batch.
void CudaReducer::upload_tables() {
  const DevicePieces& device = memory_.device();
  lane_->copy_in(device.slots, memory_.pinned().slots,
                 memory_.size().at_once * sizeof(std::uint8_t*));
  if (plan_.user_mask)
    lane_->copy_in(device.mask, plan_.user_mask->const_view().data, memory_.shape().pixels);
}

/// The tasks from `at` on that go together.
Piece CudaReducer::next_piece(std::span<ReduceTask> tasks, std::span<std::uint8_t> redo,
                              std::size_t at) const {
  Piece piece{.first = at, .streams = is_streams(tasks[at]), .order = order_of(tasks[at])};
  piece.fused = piece.streams && can_fuse_;
  std::size_t end = at + 1;
  while (end < tasks.size() && end - at < memory_.size().at_once &&
         is_streams(tasks[end]) == piece.streams && order_of(tasks[end]) == piece.order &&
         tasks[end].group.size() == tasks[at].group.size())
    ++end;
  piece.tasks = tasks.subspan(at, end - at);
  piece.redo = redo.subspan(at, end - at);
  return piece;
}

void CudaReducer::fetch(std::span<ReduceTask> tasks, bool may_stay) {
  bool any_stays = false;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    tasks[i].fetched = tasks[i].fetch || !may_stay;
    if (tasks[i].fetched)
      fetch_image(i, tasks[i]);
    else
      any_stays = true;
  }
  if (!any_stays) return;
  kernels::cuda::measure_reduced(reduced_planes(plan_, memory_, 0, tasks.size()), plan_.percents,
                                 memory_.device().facts, memory_.device().scratch, lane_->stream());
  lane_->copy_out(memory_.pinned().facts, memory_.device().facts,
                  tasks.size() * sizeof(kernels::cuda::ReducedFacts));
}

void CudaReducer::fetch_image(std::size_t i, ReduceTask& task) {
  const auto planes = reduced_planes(plan_, memory_, i, 1);
  const auto pixels = static_cast<std::size_t>(planes.extent.pixels());
  task.image->values.reshape(planes.type, planes.extent);
  task.image->saturated.reshape(PixelType::u8, planes.extent);
  lane_->copy_out(task.image->values.view().data, planes.values, pixels * size_of(planes.type));
  lane_->copy_out(task.image->saturated.view().data, planes.saturated, pixels);
}

/// What the device found out about a frame, once it is done.
void CudaReducer::settle(std::size_t i, ReduceTask& task, std::uint8_t& redo) const {
  task.outcome = {.backend = "cuda"};
  task.facts.reset();
  if (!task.fetched)
    task.facts =
        facts_of(memory_.pinned().facts[i], plan_.percents, memory_.shape().reduced_pixels);
  if (!is_streams(task)) return;
  for (std::size_t k = 0; k < task.group.size(); ++k) {
    const auto& verdict = memory_.pinned().verdicts[k * memory_.size().kept + i];
    if (verdict.bad != 0) redo = 1;
    if (verdict.wrapped != kernels::cuda::no_pixel && !task.outcome.wrapped_pixel)
      task.outcome.wrapped_pixel = verdict.wrapped;
  }
}

void CudaReducer::tone(std::span<const ToneTask> tasks) {
  Scope scope(plan_.device, lane_);
  switch (value_type_of(plan_)) {
    case PixelType::i32:
      tone_as<std::int32_t>(tasks);
      break;
    case PixelType::i64:
      tone_as<std::int64_t>(tasks);
      break;
    case PixelType::f32:
      tone_as<float>(tasks);
      break;
    default:
      tone_as<double>(tasks);
  }
  scope.done();
}

/// All frames of the batch in one launch; the pictures of those not asked for are not fetched.
template <class K>
void CudaReducer::tone_as(std::span<const ToneTask> tasks) {
  auto* const steps = reinterpret_cast<kernels::ToneSteps<K>*>(memory_.pinned().steps);
  std::fill_n(steps, in_batch_, kernels::ToneSteps<K>{});
  for (const ToneTask& task : tasks) steps[task.task] = kernels::make_tone_steps<K>(*task.table);
  const DevicePieces& device = memory_.device();
  lane_->copy_in(device.steps, steps, in_batch_ * sizeof(kernels::ToneSteps<K>));
  kernels::cuda::apply_tone(reduced_planes(plan_, memory_, 0, in_batch_), device.steps,
                            device.pictures, lane_->stream());
  const std::size_t pixels = memory_.shape().reduced_pixels;
  for (const ToneTask& task : tasks)
    lane_->copy_out(task.picture.data, device.pictures + task.task * pixels, pixels);
  lane_->wait();
}

}  // namespace quickbeam::cuda
