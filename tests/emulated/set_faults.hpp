// SPDX-License-Identifier: BSD-3-Clause
// What the tests of jobs over sets on an emulated device share: whatever fails there, the files are
// those of the CPU.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <quickbeam/backend.hpp>

#include "host/src/device_health.hpp"
#include "io/stack_writer.hpp"
#include "tests/cuda_on_host/emulation.hpp"
#include "tests/host/temporary_folder.hpp"

namespace quickbeam::tests {

/// Job: has `set`, `threads` and `device`. Report: has `notices`. A fixture of such a job sets
/// expected_ to what the CPU gives.
template <class Job, class Report>
class SetFaults : public ::testing::Test {
 protected:
  SetFaults() {
    cuda_on_host::reset();
    forget_device_health();
    job_.set.root = folder_.path();
    job_.threads = 2;
  }
  ~SetFaults() override { forget_device_health(); }

  /// Runs job_, fills report_ and returns the bytes of all files written.
  virtual std::string files() = 0;
  std::string run(const DeviceChoice& device) {
    job_.device = device;
    return files();
  }

  /// `count` images of whole numbers from `lowest` on; those that has_nan chooses have one NaN.
  std::string write_stack(const std::string& name, const io::StackSpec& spec, int count, int lowest,
                          const std::function<bool(int)>& has_nan) {
    std::mt19937 random(7);
    io::StackWriter writer(folder_ / name, spec);
    for (int k = 0; k < count; ++k) {
      std::vector<float> pixels(static_cast<std::size_t>(spec.extent.pixels()));
      for (float& v : pixels) v = static_cast<float>(random() % 1000) + static_cast<float>(lowest);
      if (has_nan(k)) pixels[17] = std::numeric_limits<float>::quiet_NaN();
      writer.append(ConstAnyView(ImageView<const float>(pixels.data(), spec.extent)));
    }
    writer.finish();
    return folder_ / name;
  }

  /// What is said of devices.
  std::string notices() const {
    std::string all;
    for (const std::string& notice : report_.notices)
      if (notice.starts_with("cuda")) all += notice + "\n";
    return all;
  }

  /// The first six calls of each name fail in turn, for good; `check` is told which.
  void fail_each_of(
      std::initializer_list<const char*> calls,
      const std::function<void(int)>& check = [](int) {}) {
    for (const char* const call : calls)
      for (int nth = 1; nth <= 6; ++nth) {
        SCOPED_TRACE(::testing::Message() << call << " number " << nth);
        EXPECT_EQ(cuda_on_host::reset(), "");
        forget_device_health();
        const DeviceChoice device = choose_device("cuda");
        cuda_on_host::fail_call(call, nth, cudaErrorLaunchFailure, cuda_on_host::Lasting::sticky);
        EXPECT_EQ(run(device), expected_);
        EXPECT_TRUE(nth > 1 || notices().find("stopped working") != std::string::npos) << notices();
        check(nth);
        if (HasFailure()) return;
      }
  }

  /// Devices of `bytes` of memory, then of less and less, down to 4 KiB.
  void shrink_memory(
      std::size_t bytes, const std::function<std::size_t(std::size_t)>& less,
      const std::function<void()>& check = [] {}) {
    bool gave_up = false, worked = false;
    for (; bytes >= 4096; bytes = less(bytes)) {
      SCOPED_TRACE(bytes);
      EXPECT_EQ(cuda_on_host::reset(), "");
      forget_device_health();
      cuda_on_host::set_devices(1, bytes);
      EXPECT_EQ(run(choose_device("cuda")), expected_);
      EXPECT_EQ(dead_because(0), "");
      const bool is_short = notices().find("too little memory") != std::string::npos;
      EXPECT_TRUE(is_short || notices().empty()) << notices();
      check();
      gave_up |= is_short;
      worked |= !is_short;
    }
    EXPECT_TRUE(gave_up && worked);
  }

  void share_between_two_devices() {
    EXPECT_EQ(cuda_on_host::reset(), "");
    cuda_on_host::set_devices(2);
    job_.threads = 4;
    EXPECT_EQ(run(choose_device("cuda:0,1")), expected_);
    EXPECT_EQ(cuda_on_host::reset(), "");
  }

  void expect_no_fault() {
    EXPECT_EQ(run(choose_device("cuda")), expected_);
    EXPECT_EQ(notices(), "");
    EXPECT_GE(cuda_on_host::calls("cudaLaunchKernelEx"), 5);
    EXPECT_EQ(cuda_on_host::reset(), "");
  }

  test::TemporaryFolder folder_;
  Job job_;
  Report report_;
  std::string expected_;
};

}  // namespace quickbeam::tests
