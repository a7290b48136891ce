// SPDX-License-Identifier: BSD-3-Clause
// Byte-offset decoding of a PILATUS 6M frame: whole and row by row, on every SIMD target, on frames
// of several escape densities and on real ones. `of_memcpy` = time of a memcpy of the decoded frame
// over the time of the decoding, so 1 is the speed of memory and more is better.
#include <benchmark/benchmark.h>
#include <hwy/targets.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bench/memory.hpp"
#include "kernels/byte_offset.hpp"
#include "tests/paths.hpp"

namespace {

using namespace quickbeam;
using Bytes = std::vector<std::byte>;

/// Gaps of the 5 x 12 modules of a PILATUS 6M, which hold -1.
bool in_gap(int x, int y) { return x % 494 >= 487 || y % 212 >= 195; }

/// A frame as the detector writes it: few counts, gaps, some spots. `escapes` = share of pixels
/// that jump by more than a byte holds, spread evenly.
Bytes generated_stream(double escapes) {
  std::mt19937_64 random(20261120);
  std::vector<std::int32_t> pixels(bench::pilatus_pixels);
  const auto jump = static_cast<std::uint64_t>(escapes * 0.5 * 4294967296.0);  // there and back
  std::size_t i = 0;
  for (int y = 0; y < bench::pilatus_height; ++y)
    for (int x = 0; x < bench::pilatus_width; ++x, ++i) {
      const std::uint64_t bits = random();
      pixels[i] =
          in_gap(x, y) ? -1 : static_cast<std::int32_t>((bits >> 40 & 3) * (bits >> 50 & 1));
      if ((bits & 0xffffffff) < jump) pixels[i] = 500;
    }
  Buffer<std::byte> out;
  const auto bytes = kernels::encode_byte_offset(std::span<const std::int32_t>(pixels), out);
  return Bytes(bytes.begin(), bytes.end());
}

std::string output_of(const std::string& command) {
  std::string text;
  if (FILE* pipe = ::popen(command.c_str(), "r")) {
    char part[65536];
    for (std::size_t n; (n = std::fread(part, 1, sizeof part, pipe)) > 0;) text.append(part, n);
    ::pclose(pipe);
  }
  return text;
}

/// The binary section of a real frame; empty when it cannot be had. Trusts the file.
Bytes real_stream(const std::filesystem::path& path) {
  const std::string file = output_of("bzcat '" + path.string() + "'");
  const std::size_t size_at = file.find("X-Binary-Size:"), start = file.find("\x0c\x1a\x04\xd5");
  if (size_at == std::string::npos || start == std::string::npos) return {};
  const std::size_t size = std::strtoull(file.c_str() + size_at + 14, nullptr, 10);
  if (start + 4 + size > file.size()) return {};
  Bytes bytes(size);
  std::memcpy(bytes.data(), file.data() + start + 4, size);
  return bytes;
}

/// One frame, made when a benchmark first wants it: a filtered run makes only what it measures.
class Case {
 public:
  explicit Case(std::function<Bytes()> make, PixelType type = PixelType::i32)
      : make_(std::move(make)), type_(type) {}
  PixelType type() const { return type_; }
  const Bytes& stream() const {
    if (stream_.empty()) stream_ = make_();
    return stream_;
  }

 private:
  std::function<Bytes()> make_;
  PixelType type_;
  mutable Bytes stream_;
};

/// Reports bytes of pixels per second and the fraction of memcpy's speed since `start`.
void report(benchmark::State& state, double start, std::size_t pixel_bytes) {
  const auto frames = static_cast<double>(state.iterations());
  const double used = bench::cpu_seconds() - start;
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(bench::pilatus_pixels * pixel_bytes));
  const double copying = bench::memcpy_frame_seconds() * static_cast<double>(pixel_bytes) / 4;
  state.counters["of_memcpy"] = copying * frames / used;
}

template <class Decoder, class Out>
void whole_frame(benchmark::State& state, const Case& input, std::int64_t target) {
  bench::memcpy_frame_seconds();
  const Bytes& stream = input.stream();
  hwy::SetSupportedTargetsForTest(target);
  static Buffer<Out> out(bench::pilatus_pixels);
  std::memset(out.data(), 0, out.size() * sizeof(Out));
  const double start = bench::cpu_seconds();
  for (auto _ : state) {
    Decoder decoder(stream, input.type());
    if (!decoder.read(out.data(), out.size(), out.size()) || !decoder.finish())
      state.SkipWithError("the stream is not a PILATUS 6M frame");
    benchmark::ClobberMemory();
  }
  report(state, start, sizeof(Out));
  hwy::SetSupportedTargetsForTest(0);
}

template <class Decoder>
void rows(benchmark::State& state, const Case& input, std::int64_t target) {
  bench::memcpy_frame_seconds();
  const Bytes& stream = input.stream();
  hwy::SetSupportedTargetsForTest(target);
  constexpr std::size_t width = bench::pilatus_width;
  Buffer<std::int32_t> row(width + 64);
  const double start = bench::cpu_seconds();
  for (auto _ : state) {
    Decoder decoder(stream, input.type());
    for (int y = 0; y < bench::pilatus_height; ++y) {
      decoder.read(row.data(), width, width + 64);
      benchmark::ClobberMemory();
    }
    if (!decoder.finish()) state.SkipWithError("the stream is not a PILATUS 6M frame");
  }
  report(state, start, sizeof(std::int32_t));
  hwy::SetSupportedTargetsForTest(0);
}

using Run = void (*)(benchmark::State&, const Case&, std::int64_t);

void add(const std::string& name, Run run, const Case& input, std::int64_t target) {
  benchmark::RegisterBenchmark(name.c_str(), [=, &input](benchmark::State& state) {
    run(state, input, target);
  })->Unit(benchmark::kMicrosecond);
}

/// Calls `use` with every SIMD target of this machine and "/" and its name.
template <class Use>
void for_each_target(Use&& use) {
  for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
    const std::int64_t target = left & -left;
    if (target == HWY_EMU128 || target == HWY_SCALAR) continue;  // the serial decoder again
    use(target, std::string("/") + hwy::TargetName(target));
  }
}

void add_all(const std::string& name, const Case& input) {
  using kernels::ByteOffsetDecoder;
  using kernels::SerialByteOffsetDecoder;
  for_each_target([&](std::int64_t target, const std::string& on) {
    add("byte_offset/frame/" + name + on, whole_frame<ByteOffsetDecoder, std::int32_t>, input,
        target);
    add("byte_offset/rows/" + name + on, rows<ByteOffsetDecoder>, input, target);
  });
  add("byte_offset/frame/" + name + "/serial", whole_frame<SerialByteOffsetDecoder, std::int32_t>,
      input, 0);
}

void add_types(const Case& as_i16, const Case& as_u32) {
  using kernels::ByteOffsetDecoder;
  for_each_target([&](std::int64_t target, const std::string& on) {
    add("byte_offset/frame/i16" + on, whole_frame<ByteOffsetDecoder, std::int32_t>, as_i16, target);
    add("byte_offset/frame/u32" + on, whole_frame<ByteOffsetDecoder, std::int64_t>, as_u32, target);
  });
}

/// Benchmarks are registered before main; the cases live to the end of the program.
const bool registered = [] {
  static std::deque<Case> cases;
  for (const auto& [name, share] :
       {std::pair{"0", 0.0}, {"0.02%", 0.0002}, {"1%", 0.01}, {"5%", 0.05}, {"20%", 0.2}})
    add_all(std::string("escapes:") + name,
            cases.emplace_back([share = share] { return generated_stream(share); }));
  for (const char* name : {"thau_3_2_0001", "thau_3_2_0005", "thau_3_2_0016"}) {
    const auto path =
        std::filesystem::path(test::data_folder()) / "cbf" / (name + std::string(".cbf.bz2"));
    if (std::filesystem::exists(path))
      add_all(name, cases.emplace_back([path] { return real_stream(path); }));
  }
  const auto clean = [] { return generated_stream(0); };
  add_types(cases.emplace_back(clean, PixelType::i16), cases.emplace_back(clean, PixelType::u32));
  return true;
}();

}  // namespace
