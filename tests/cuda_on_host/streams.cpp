// SPDX-License-Identifier: BSD-3-Clause
// Streams and events: work waits in a queue until a synchronisation, or a drawn moment, runs it.
#include <algorithm>

#include "tests/cuda_on_host/state.hpp"

namespace quickbeam::cuda_on_host {
namespace {

void finish(Work& work) {
  State& all = state();
  if (work.fails_with != cudaSuccess && all.broken == cudaSuccess) {
    if (work.lasting == Lasting::sticky)
      all.broken = work.fails_with;
    else
      all.surfacing = work.fails_with;
  } else if (work.run && all.broken == cudaSuccess) {  // a broken device does nothing any more
    work.run();
    check_margins(work.what);
  }
  if (work.reaches) {
    work.reaches->reached = true;
    work.reaches->when = std::chrono::steady_clock::now();
  }
}

void run_front(CUstream_st& stream) {
  if (const auto record = stream.work.front().waits_for) run_until(record);
  Work work = std::move(stream.work.front());
  stream.work.pop_front();
  finish(work);
}

/// A destroyed stream goes when its work is done.
void bury() {
  std::erase_if(state().streams, [](CUstream_st* stream) {
    const bool dead = stream->destroyed && stream->work.empty();
    if (dead) delete stream;
    return dead;
  });
}

std::vector<CUstream_st*> streams_of(int device) {
  std::vector<CUstream_st*> all;
  for (CUstream_st* stream : state().streams)
    if (stream->device == device) all.push_back(stream);
  return all;
}

}  // namespace

CUstream_st* find_stream(cudaStream_t handle) {
  State& all = state();
  if (handle == nullptr) {
    auto& stream = all.null_streams[current_device()];
    if (!stream) stream = std::make_unique<CUstream_st>();
    stream->device = current_device();
    return stream.get();
  }
  const auto found = all.streams.find(handle);
  return found == all.streams.end() || (*found)->destroyed ? nullptr : *found;
}

void run_stream(CUstream_st& stream) {
  while (!stream.work.empty()) run_front(stream);
}

void run_until(const std::shared_ptr<Record>& record) {
  while (!record->reached) run_front(*record->stream);
}

void run_device(int device) {
  for (CUstream_st* stream : streams_of(device)) run_stream(*stream);
  bury();
}

void run_some() {
  State& all = state();
  if (all.progress == Progress::late || all.streams.empty() || all.random() % 4 != 0) return;
  auto stream = all.streams.begin();
  std::advance(stream, static_cast<long>(all.random() % all.streams.size()));
  for (auto steps = 1 + all.random() % 4; steps > 0 && !(*stream)->work.empty(); --steps)
    run_front(**stream);
}

/// The default stream waits for the streams that do not refuse it, and they for it: its work runs
/// at the call, which is one of the orders allowed.
void queue(CUstream_st& stream, Work work) {
  State& all = state();
  if (state().null_streams[stream.device].get() == &stream) {
    for (CUstream_st* other : streams_of(stream.device))
      if (!(other->flags & cudaStreamNonBlocking)) run_stream(*other);
    if (work.waits_for) run_until(work.waits_for);
    finish(work);
    return;
  }
  stream.work.push_back(std::move(work));
  if (all.progress == Progress::drawn) run_some();
}

void drop_streams() {
  State& all = state();
  for (CUstream_st* stream : all.streams) delete stream;
  for (CUevent_st* event : all.events) delete event;
  all.streams.clear();
  all.events.clear();
  all.null_streams.clear();
}

}  // namespace quickbeam::cuda_on_host

using namespace quickbeam::cuda_on_host;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  const Call call("cudaStreamCreateWithFlags");
  if (call.status() != cudaSuccess) return call.status();
  if (stream == nullptr || flags > cudaStreamNonBlocking) return call.result(cudaErrorInvalidValue);
  *stream =
      new CUstream_st{.device = current_device(), .flags = flags, .destroyed = false, .work = {}};
  state().streams.insert(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t handle) {
  const Call call("cudaStreamDestroy");
  CUstream_st* const stream = handle ? find_stream(handle) : nullptr;
  if (!stream) return call.result(cudaErrorInvalidResourceHandle);
  stream->destroyed = true;  // even when the device is broken: the handle is gone
  bury();
  return call.status();
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  const Call call("cudaStreamSynchronize");
  if (call.status() != cudaSuccess) return call.status();
  CUstream_st* const stream = find_stream(handle);
  if (!stream) return call.result(cudaErrorInvalidResourceHandle);
  run_stream(*stream);
  return call.synchronised();
}

cudaError_t cudaStreamQuery(cudaStream_t handle) {
  const Call call("cudaStreamQuery");
  if (call.status() != cudaSuccess) return call.status();
  CUstream_st* const stream = find_stream(handle);
  if (!stream) return call.result(cudaErrorInvalidResourceHandle);
  if (!stream->work.empty() && state().random() % 2 == 0) run_front(*stream);
  if (const cudaError_t error = call.synchronised(); error != cudaSuccess) return error;
  return call.result(stream->work.empty() ? cudaSuccess : cudaErrorNotReady);
}

cudaError_t cudaDeviceSynchronize() {
  const Call call("cudaDeviceSynchronize");
  if (call.status() != cudaSuccess) return call.status();
  run_device(current_device());
  return call.synchronised();
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned) {
  const Call call("cudaStreamWaitEvent");
  if (call.status() != cudaSuccess) return call.status();
  CUstream_st* const stream = find_stream(handle);
  if (!stream || !state().events.contains(event))
    return call.result(cudaErrorInvalidResourceHandle);
  if (!event->record || event->record->reached) return cudaSuccess;
  Work work{.what = "wait for an event", .run = {}, .waits_for = event->record};
  call.mark(work);
  queue(*stream, std::move(work));
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  const Call call("cudaEventCreateWithFlags");
  if (call.status() != cudaSuccess) return call.status();
  if (event == nullptr || flags > (cudaEventBlockingSync | cudaEventDisableTiming))
    return call.result(cudaErrorInvalidValue);
  *event = new CUevent_st{.device = current_device(), .flags = flags, .record = {}};
  state().events.insert(*event);
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const Call call("cudaEventDestroy");
  if (state().events.erase(event) == 0) return call.result(cudaErrorInvalidResourceHandle);
  delete event;
  return call.status();
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  const Call call("cudaEventRecord");
  if (call.status() != cudaSuccess) return call.status();
  CUstream_st* const stream = find_stream(handle);
  if (!stream || !state().events.contains(event) || event->device != stream->device)
    return call.result(cudaErrorInvalidResourceHandle);
  event->record = std::make_shared<Record>(Record{.stream = stream});
  Work work{.what = "record an event", .run = {}, .reaches = event->record};
  call.mark(work);
  queue(*stream, std::move(work));
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const Call call("cudaEventSynchronize");
  if (call.status() != cudaSuccess) return call.status();
  if (!state().events.contains(event)) return call.result(cudaErrorInvalidResourceHandle);
  if (event->record) run_until(event->record);
  return call.synchronised();
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  const Call call("cudaEventQuery");
  if (call.status() != cudaSuccess) return call.status();
  if (!state().events.contains(event)) return call.result(cudaErrorInvalidResourceHandle);
  const auto record = event->record;
  if (record && !record->reached && state().random() % 2 == 0) run_front(*record->stream);
  if (const cudaError_t error = call.synchronised(); error != cudaSuccess) return error;
  return call.result(record && !record->reached ? cudaErrorNotReady : cudaSuccess);
}

/// The time on the host between the two records: it says nothing about any GPU.
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
  const Call call("cudaEventElapsedTime");
  if (call.status() != cudaSuccess) return call.status();
  const State& all = state();
  if (!all.events.contains(from) || !all.events.contains(to) || !from->record || !to->record ||
      ((from->flags | to->flags) & cudaEventDisableTiming))
    return call.result(cudaErrorInvalidResourceHandle);
  if (!from->record->reached || !to->record->reached) return call.result(cudaErrorNotReady);
  *milliseconds =
      std::chrono::duration<float, std::milli>(to->record->when - from->record->when).count();
  return cudaSuccess;
}
