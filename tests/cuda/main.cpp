// SPDX-License-Identifier: BSD-3-Clause
// The tests on a real GPU: each is skipped where none can be used, and fails there when
// QUICKBEAM_EXPECT_DEVICE=cuda says that one should be.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "host/src/cuda/runtime.hpp"

namespace {

// Not an Environment: its skip leaves tests without the "SKIPPED" that ctest looks for.
class NeedsDevice : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override {
    static const std::string reason = quickbeam::cuda::unusable_because(0);
    if (reason.empty()) return;
    const char* const expected = std::getenv("QUICKBEAM_EXPECT_DEVICE");
    if (expected != nullptr && std::string_view(expected) == "cuda")
      FAIL() << "QUICKBEAM_EXPECT_DEVICE=cuda, and no GPU can be used: " << reason;
    GTEST_SKIP() << "no GPU can be used: " << reason;
  }
};

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  ::testing::UnitTest::GetInstance()->listeners().Append(new NeedsDevice);
  return RUN_ALL_TESTS();
}
