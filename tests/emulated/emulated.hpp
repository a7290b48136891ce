// SPDX-License-Identifier: BSD-3-Clause
// The fixture of tests that look at the emulation itself: fresh before, nothing left behind.
#pragma once

#include <gtest/gtest.h>

#include "tests/cuda_on_host/emulation.hpp"

namespace quickbeam::tests {

class Emulated : public ::testing::Test {
 protected:
  Emulated() { cuda_on_host::reset(); }
  ~Emulated() override {
    EXPECT_EQ(cuda_on_host::alive(), "");
    cuda_on_host::reset();
  }
};

}  // namespace quickbeam::tests
