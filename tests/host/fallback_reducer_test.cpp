// SPDX-License-Identifier: BSD-3-Clause
// A device that fails in every way it can: the frames come out as the CPU makes them.
#include <gtest/gtest.h>

#include <vector>

#include "host/src/backends.hpp"
#include "host/src/device_health.hpp"
#include "host/src/fallback_reducer.hpp"

namespace quickbeam {
namespace {

constexpr Extent extent{4, 2};
constexpr int number = 7;

/// Writes 100 + its call into every pixel, or fails as it is told.
class PretendDevice final : public DeviceReducer {
 public:
  struct Script {
    std::optional<ErrorCode> run_fails{}, tone_fails{};
    std::vector<std::size_t> redo{};  ///< frames left to the CPU
    bool stays = false;               ///< frames stay on the device
    int runs = 0, tones = 0;
  };
  explicit PretendDevice(Script& script) : script_(script) {}

  void run(std::span<ReduceTask> tasks, std::span<std::uint8_t> redo) override {
    ++script_.runs;
    if (script_.run_fails) fail({.code = *script_.run_fails, .field = "call", .found = "a fault"});
    for (const std::size_t i : script_.redo) redo[i] = 1;
    for (ReduceTask& task : tasks) {
      task.outcome = {.backend = "pretend"};
      task.fetched = !script_.stays;
      task.image->values.reshape(PixelType::i32, extent);
      for (int i = 0; i < 8; ++i) task.image->values.as<std::int32_t>().data[i] = 100;
    }
  }
  void tone(std::span<const ToneTask> tasks) override {
    ++script_.tones;
    if (script_.tone_fails)
      fail({.code = *script_.tone_fails, .field = "call", .found = "a fault"});
    for (const ToneTask& task : tasks) task.picture.data[0] = 77;
  }

 private:
  Script& script_;
};

class Fallback : public testing::Test {
 protected:
  void SetUp() override { forget_device_health(); }
  void TearDown() override { forget_device_health(); }

  FallbackReducer make(PretendDevice::Script& script) {
    const ReducePlan plan{.type = PixelType::i32, .extent = extent};
    return {"pretend:7", number, std::make_unique<PretendDevice>(script),
            cpu_backend().make_reducer(plan)};
  }

  /// Three frames whose pixels are all 0, all 1, all 2.
  std::span<ReduceTask> tasks() {
    tasks_.assign(3, {});
    for (std::size_t i = 0; i < 3; ++i) {
      pixels_[i].assign(8, static_cast<std::int32_t>(i));
      payloads_[i] = {.type = PixelType::i32,
                      .extent = extent,
                      .bytes = std::as_bytes(std::span<const std::int32_t>(pixels_[i]))};
      tasks_[i].group = {&payloads_[i], 1};
      tasks_[i].image = &images_[i];
    }
    return tasks_;
  }

  std::int32_t first_value(std::size_t i) const {
    return images_[i].values.as<std::int32_t>().data[0];
  }

  std::vector<ReduceTask> tasks_;
  std::vector<std::int32_t> pixels_[3];
  Payload payloads_[3];
  ReducedImage images_[3];
};

TEST_F(Fallback, AWorkingDeviceDoesItAll) {
  PretendDevice::Script script;
  make(script).run(tasks());
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(tasks_[i].outcome.backend, "pretend");
    EXPECT_EQ(first_value(i), 100);
  }
}

TEST_F(Fallback, FramesTheDeviceRefusesAreDoneByTheCpuAlone) {
  PretendDevice::Script script{.redo = {1}};
  make(script).run(tasks());
  EXPECT_EQ(first_value(0), 100);
  EXPECT_EQ(first_value(1), 1);
  EXPECT_EQ(first_value(2), 100);
  EXPECT_EQ(tasks_[1].outcome.backend, "cpu");
  EXPECT_EQ(tasks_[1].outcome.notice, "");
}

TEST_F(Fallback, ABrokenDeviceIsLeftForGoodAndThatIsSaidOnce) {
  PretendDevice::Script script{.run_fails = ErrorCode::device};
  FallbackReducer reducer = make(script);
  for (int turn = 0; turn < 2; ++turn) {
    reducer.run(tasks());
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(first_value(i), static_cast<std::int32_t>(i));
      EXPECT_EQ(tasks_[i].outcome.backend, "cpu");
      EXPECT_FALSE(tasks_[i].outcome.error);
    }
    EXPECT_EQ(tasks_[0].outcome.notice,
              turn == 0 ? "pretend:7 stopped working (call: a fault); the CPU takes over" : "");
  }
  EXPECT_EQ(script.runs, 1);
  EXPECT_EQ(dead_because(number), "call: a fault");
  EXPECT_EQ(dead_because(number + 1), "");
  FallbackReducer another = make(script);
  another.run(tasks());
  EXPECT_EQ(script.runs, 1) << "a dead device was asked again";
}

TEST_F(Fallback, TooLittleMemoryIsSaidOnceAndTheDeviceIsTriedAgain) {
  PretendDevice::Script script{.run_fails = ErrorCode::limit};
  FallbackReducer reducer = make(script);
  reducer.run(tasks());
  EXPECT_EQ(tasks_[0].outcome.notice,
            "pretend:7 has too little memory for a frame (call); the CPU does it");
  EXPECT_EQ(first_value(2), 2);
  reducer.run(tasks());
  EXPECT_EQ(tasks_[0].outcome.notice, "");
  script.run_fails.reset();
  reducer.run(tasks());
  EXPECT_EQ(first_value(2), 100);
  EXPECT_EQ(script.runs, 3);
}

TEST_F(Fallback, PicturesLostWithTheDeviceAreMadeAgainFromTheFrames) {
  PretendDevice::Script script{.tone_fails = ErrorCode::device, .stays = true};
  FallbackReducer reducer = make(script);
  reducer.run(tasks());
  Image picture(PixelType::u8, extent);
  ToneTable table{};
  for (std::size_t k = 0; k < table.size(); ++k) table[k] = static_cast<double>(k) + 0.5;
  const ToneTask task{.task = 2, .table = &table, .picture = picture.as<std::uint8_t>()};
  reducer.tone({&task, 1});
  for (int i = 0; i < 8; ++i) EXPECT_EQ(picture.as<std::uint8_t>().data[i], 2);  // 0.5 and 1.5
  EXPECT_EQ(tasks_[2].outcome.backend, "cpu");
  EXPECT_NE(tasks_[2].outcome.notice, "");
  EXPECT_EQ(tasks_[1].outcome.backend, "pretend");
}

TEST_F(Fallback, AFrameThatIsBrokenItselfGetsTheCpusError) {
  PretendDevice::Script script{.redo = {0}};
  const auto all = tasks();
  payloads_[0].bytes = payloads_[0].bytes.first(31);
  make(script).run(all);
  ASSERT_TRUE(tasks_[0].outcome.error);
  EXPECT_EQ(tasks_[0].outcome.error->code, ErrorCode::truncated);
  EXPECT_FALSE(tasks_[1].outcome.error);
}

TEST_F(Fallback, NoTasksAreNoWork) {
  PretendDevice::Script script{.run_fails = ErrorCode::device};
  make(script).run({});
  EXPECT_EQ(script.runs, 0);
}

}  // namespace
}  // namespace quickbeam
