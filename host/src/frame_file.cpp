// SPDX-License-Identifier: BSD-3-Clause
// A file opened as a row of frames.
#include "host/src/frame_file.hpp"

#include <algorithm>
#include <optional>

#include "host/src/image_set_state.hpp"
#include "kernels/row_decoder.hpp"

namespace quickbeam {

void FrameFile::open(const std::string& path, const ReadPolicy& policy) {
  path_ = path;
  policy_ = policy;
  for (Decoded& stream : decoded_) stream.ready = false;
  file_ = {};
  stack_.reset();
  release_frames();
  if (!io::is_frame_name(path))
    stack_ = io::StackFile::try_open(path, stack_options(policy, io::Cut::refuse));
  if (stack_) {
    file_ = io::describe(stack_->info());
    return;
  }
  const auto strictness = policy.strict ? io::Strictness::strict : io::Strictness::lenient;
  bytes_ = reader_.read(path);
  file_ = io::parse_image_file(bytes_.bytes, path, {.strictness = strictness});
  if (policy.md5 == Md5Policy::off) return;
  for (const auto& stream : file_.streams) {
    try {
      io::check_md5(stream, path, file_.format);
    } catch (const Error& error) {
      if (policy.md5 == Md5Policy::error) throw;
      file_.info.notices.emplace_back(error.what());
    }
  }
}

FrameFile::Place FrameFile::place_of(std::int64_t index) const {
  for (std::size_t s = 0; s < file_.streams.size(); ++s) {
    const std::int64_t depth = file_.streams[s].payload.depth;
    if (index < depth) return {s, index};
    index -= depth;
  }
  fail({.code = ErrorCode::usage,
        .path = path_,
        .field = "frame",
        .expected = "at most " + std::to_string(frames() - 1),
        .found = std::to_string(index + frames())});
}

Payload FrameFile::frame(std::int64_t index) {
  const auto [stream, slice] = place_of(index);
  if (stack_) return stack_frame(index);
  Payload payload = file_.streams[stream].payload;
  if (payload.depth == 1) return payload;
  if (!is_plain(payload.encoding)) {
    try {
      payload.bytes = decoded(stream);
    } catch (const Error& error) {
      throw located(error, index);
    }
    payload.encoding = Encoding::raw;
    payload.order = ByteOrder::little;
  }
  const auto bytes =
      static_cast<std::size_t>(stored_image_bytes(payload.encoding, payload.type, payload.extent));
  payload.bytes = payload.bytes.subspan(static_cast<std::size_t>(slice) * bytes, bytes);
  payload.depth = 1;
  return payload;
}

Payload FrameFile::shape(std::int64_t index) {
  if (!stack_) return frame(index);
  (void)place_of(index);
  return stack_->payload({});
}

Payload FrameFile::stack_frame(std::int64_t index) {
  const auto held = stack_frames_.begin() + static_cast<std::ptrdiff_t>(held_);
  auto frame = std::find_if(stack_frames_.begin(), held,
                            [&](const StackFrame& f) { return f.index == index; });
  if (frame == held) {
    if (frame == stack_frames_.end()) frame = stack_frames_.emplace(frame);
    frame->index = index;
    stack_->read(index, 1, frame->bytes.resize(stack_->info().layout.image_bytes));
    ++held_;
  }
  return stack_->payload(frame->bytes.span());
}

io::Compression FrameFile::compression() const {
  return stack_ ? stack_->compression() : bytes_.compression;
}

std::uint64_t FrameFile::stored_bytes() const {
  return stack_ ? stack_->stored_bytes() : bytes_.stored_size;
}

std::uint64_t FrameFile::unpacked_bytes() const {
  return stack_ ? stack_->unpacked_bytes() : bytes_.bytes.size();
}

std::span<const std::byte> FrameFile::decoded(std::size_t stream) {
  if (decoded_.size() <= stream) decoded_.resize(stream + 1);
  Decoded& memory = decoded_[stream];
  if (!memory.ready) {
    const Payload& payload = file_.streams[stream].payload;
    const auto total = static_cast<std::uint64_t>(payload.extent.pixels() * payload.depth);
    memory.pixels.resize(total * size_of(payload.type));
    if (const auto wrapped = kernels::decode_all(payload, memory.pixels.span())) {
      check_wrap(*wrapped, policy_);
      file_.info.notices.push_back(wrap_notice(*wrapped));
    }
    memory.ready = true;
  }
  return memory.pixels.span();
}

Error FrameFile::located(const Error& error, std::int64_t index) const {
  ErrorInfo info = error.info();
  if (info.path.empty()) {
    info.path = path_;
    if (info.format.empty()) info.format = file_.format;
    if (info.offset)
      *info.offset += stack_ ? stack_->info().layout.offset_of(index)
                             : file_.streams[place_of(index).stream].offset;
    info.frame.reset();
    if (frames() > 1) info.frame = static_cast<std::uint64_t>(index + 1);
  }
  return Error(std::move(info));
}

std::string wrap_notice(std::uint64_t pixel) {
  return "the running sum leaves the element type at pixel " + std::to_string(pixel) +
         " and wraps around";
}

void check_wrap(std::uint64_t pixel, const ReadPolicy& policy) {
  if (!policy.strict) return;
  fail({.code = ErrorCode::bad_stream,
        .field = "x-CBF_BYTE_OFFSET",
        .expected = "values within the element type",
        .found = "a running sum outside it at pixel " + std::to_string(pixel)});
}

}  // namespace quickbeam
