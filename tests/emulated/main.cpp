// SPDX-License-Identifier: BSD-3-Clause
// The tests under the emulation: no test leaves anything behind on the pretended device, and each
// begins with a fresh one.
#include <gtest/gtest.h>

#include "tests/cuda_on_host/emulation.hpp"

namespace {

class NothingIsLeft : public ::testing::EmptyTestEventListener {
  void OnTestEnd(const ::testing::TestInfo&) override {
    EXPECT_EQ(quickbeam::cuda_on_host::reset(), "");
  }
};

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  ::testing::UnitTest::GetInstance()->listeners().Append(new NothingIsLeft);
  return RUN_ALL_TESTS();
}
