// SPDX-License-Identifier: BSD-3-Clause
// Device memory that others have taken: batches get smaller, then the CPU helps out, and afterwards
// the device works as before.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "host/src/cuda/runtime.hpp"
#include "host/src/device_health.hpp"
#include "tests/cuda/engine_frames.hpp"
#include "tests/cuda/seed.hpp"
#ifdef QUICKBEAM_CUDA_ON_HOST
#include "tests/cuda_on_host/emulation.hpp"
#endif

namespace quickbeam::tests {
namespace {

#ifdef QUICKBEAM_CUDA_ON_HOST
constexpr Extent extent{201, 199};
constexpr std::size_t smallest_piece = std::size_t{1} << 12;
#else
constexpr Extent extent{2463, 2527};
constexpr std::size_t smallest_piece = std::size_t{1} << 16;
#endif

/// Takes device memory in halving pieces until less than `left` bytes can be had.
class MemoryHog {
 public:
  explicit MemoryHog(std::size_t left) {
    for (std::size_t piece = cuda::free_device_memory(); piece >= smallest_piece;) {
      const std::size_t free = cuda::free_device_memory();
      if (free <= left) return;
      piece = std::min(piece, free - left);
      if (!try_take(piece)) piece /= 2;
    }
  }

 private:
  bool try_take(std::size_t bytes) {
    try {
      taken_.push_back(cuda::device_memory(bytes));
      return true;
    } catch (const Error& error) {
      if (error.info().code != ErrorCode::limit) throw;
      return false;
    }
  }
  std::vector<cuda::DeviceMemory> taken_;
};

class EngineMemory : public ::testing::Test {
 protected:
  EngineMemory() {
#ifdef QUICKBEAM_CUDA_ON_HOST
    cuda_on_host::reset();
    cuda_on_host::set_devices(1, std::size_t{16} << 20);
#endif
    forget_device_health();
    recipe_.reduce = {.op = ReduceOp::max, .factor = 10};
    for (std::uint32_t i = 0; i < 8; ++i)
      frames_.emplace_back(extent, static_cast<std::uint32_t>(test_seed(i)), Stored::stream);
  }
#ifdef QUICKBEAM_CUDA_ON_HOST
  ~EngineMemory() override { cuda_on_host::reset(); }
#endif

  std::string run(const char* backend) {
    const std::string notices =
        expect_cpu_results(recipe_, batch_of(frames_), choose_device("cuda"), false, backend);
    EXPECT_EQ(dead_because(0), "") << "short of memory is not dead";
    return notices;
  }
  std::size_t stream_bytes() const { return frames_[0].payload().bytes.size(); }

  Recipe recipe_;
  std::vector<TestFrame<std::int32_t>> frames_;
};

TEST_F(EngineMemory, IsTakenByOthersAndGivenBack) {
  EXPECT_EQ(run("cuda"), "");
  {
    // Room for some frames, and not for all.
    const MemoryHog hog(4 * stream_bytes());
    EXPECT_EQ(run("cuda"), "");
  }
  {
    const MemoryHog hog(0);
    const std::string notices = run("");
    EXPECT_NE(notices.find("too little memory"), std::string::npos) << notices;
  }
  EXPECT_EQ(run("cuda"), "");
}

}  // namespace
}  // namespace quickbeam::tests
