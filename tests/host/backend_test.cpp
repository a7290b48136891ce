// SPDX-License-Identifier: BSD-3-Clause
// The list of backends and the words --device understands.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <quickbeam/backend.hpp>
#include <quickbeam/core/error.hpp>
#include <quickbeam/plan.hpp>

namespace quickbeam {
namespace {

const Backend* cuda() {
  for (const Backend* backend : backends())
    if (backend->name() == "cuda") return backend;
  return nullptr;
}

ErrorInfo refusal(const std::string& request) {
  try {
    choose_device(request);
  } catch (const Error& error) {
    return error.info();
  }
  ADD_FAILURE() << "accepted: " << request;
  return {};
}

TEST(Backends, TheCpuIsLastAndTakesAnything) {
  ASSERT_FALSE(backends().empty());
  const Backend& cpu = *backends().back();
  EXPECT_EQ(cpu.name(), "cpu");
  EXPECT_EQ(cpu.unavailable_because(0), "");
  EXPECT_FALSE(cpu.devices().empty());
  for (const PixelType type : {PixelType::i8, PixelType::u64, PixelType::f64})
    for (const ReduceOp op : {ReduceOp::max, ReduceOp::mean, ReduceOp::dilate}) {
      const ReducePlan plan{.type = type, .extent = {8, 8}, .spec = {.op = op, .factor = 2}};
      EXPECT_NE(cpu.make_reducer(plan), nullptr);
    }
}

TEST(ChooseDevice, AutoTakesTheFirstThatCanRun) {
  for (const char* const request : {"", "auto"}) {
    const DeviceChoice choice = choose_device(request);
    const Backend& best = *backends().front();
    const bool usable = best.unavailable_because(0).empty();
    EXPECT_EQ(choice.backend, usable ? &best : backends().back());
    EXPECT_EQ(choice.device(), 0);
    EXPECT_EQ(choice.notice.empty(), usable) << choice.notice;
    EXPECT_TRUE(usable || choice.notice.find(best.name()) != std::string::npos);
  }
}

TEST(ChooseDevice, TheCpuCanBeForced) {
  const DeviceChoice choice = choose_device("cpu");
  EXPECT_EQ(choice.backend, backends().back());
  EXPECT_TRUE(choice.notice.empty());
}

TEST(ChooseDevice, AForcedGpuIsTakenOrRefusedWithTheReason) {
  for (const std::string request : {"cuda", "cuda:0", "cuda:99999"}) {
    const int number = request == "cuda:99999" ? 99999 : 0;
    if (cuda() && cuda()->unavailable_because(number).empty()) {
      EXPECT_EQ(choose_device(request).backend, cuda());
      EXPECT_EQ(choose_device(request).device(), number);
      continue;
    }
    const ErrorInfo error = refusal(request);
    EXPECT_EQ(error.code, ErrorCode::device);
    EXPECT_EQ(error.field, "--device " + request);
    EXPECT_FALSE(error.found.empty());
  }
}

TEST(ChooseDevice, AnyOtherWordIsAUsageError) {
  for (const std::string request :
       {"gpu",     "cpu:0",    "cpux",     "CPU",     "cuda:", "cuda:x",
        "cuda:-1", "cuda:1x",  "cuda: 1",  "cuda:+1", "cudax", "cuda:99999999999",
        "cuda:0,", "cuda:0,0", "cuda:0;1", "cuda:,1", " cuda", "opencl:0",
        ":",       "auto:0"}) {
    const ErrorInfo error = refusal(request);
    EXPECT_EQ(error.code, ErrorCode::usage) << request;
    EXPECT_EQ(error.found, request);
    EXPECT_EQ(error.expected, "auto, cpu, cuda, cuda:N or cuda:N,M,... with different numbers");
  }
}

TEST(ChooseDevice, AFrameTellsWhereItWasDone) {
  const FrameLayout layout{.type = PixelType::u8, .extent = {8, 8}};
  const std::vector<std::byte> pixels(64);
  const Payload frame{.type = PixelType::u8, .extent = {8, 8}, .bytes = pixels};
  Plan on_cpu({}, layout, choose_device("cpu"), nullptr);
  EXPECT_EQ(on_cpu.reduce({&frame, 1}).backend, "cpu");
  const DeviceChoice best = choose_device("auto");
  Plan plan({}, layout, best, nullptr);
  EXPECT_EQ(plan.reduce({&frame, 1}).backend, best.backend->name());
}

}  // namespace
}  // namespace quickbeam
