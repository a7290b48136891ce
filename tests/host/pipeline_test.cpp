// SPDX-License-Identifier: BSD-3-Clause
// The pipeline: order, bounds, failures, stopping.
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

#include <quickbeam/pipeline.hpp>

namespace quickbeam {
namespace {

const std::atomic<bool> never = false;

void pause(std::size_t i) { std::this_thread::sleep_for(std::chrono::microseconds(i * 37 % 200)); }

TEST(Pipeline, DeliversEveryItemOnceInOrder) {
  for (const unsigned threads : {0u, 1u, 2u, 7u})
    for (const std::size_t count : {0u, 1u, 2u, 31u, 200u}) {
      std::vector<std::size_t> delivered;
      Pipeline<std::size_t>(count, threads, never)
          .run(
              [] {
                return [](std::size_t i) {
                  pause(i);
                  return i * i;
                };
              },
              [&](std::size_t i, std::size_t square) {
                EXPECT_EQ(square, i * i);
                delivered.push_back(i);
              });
      ASSERT_EQ(delivered.size(), count);
      for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(delivered[i], i);
    }
}

TEST(Pipeline, WaitingResultsAreBounded) {
  std::atomic<std::size_t> begun = 0;
  std::size_t delivered = 0, most = 0;
  Pipeline<int>(300, 4, never)
      .run(
          [&] {
            return [&](std::size_t i) {
              ++begun;
              if (i % 50 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
              return 0;
            };
          },
          [&](std::size_t, int) { most = std::max(most, begun - delivered++); });
  EXPECT_LE(most, 4u * 4u);
}

TEST(Pipeline, AnExceptionEndsTheRunAndReachesTheCaller) {
  for (const unsigned threads : {1u, 4u}) {
    Pipeline<int> pipeline(1000, threads, never);
    EXPECT_THROW(pipeline.run(
                     [] {
                       return [](std::size_t i) {
                         if (i == 17) throw std::runtime_error("seventeen");
                         return 0;
                       };
                     },
                     [](std::size_t, int) {}),
                 std::runtime_error);
  }
}

TEST(Pipeline, StoppingDeliversWhatWasBegun) {
  std::atomic<bool> stop = false;
  std::atomic<std::size_t> begun = 0;
  std::size_t delivered = 0;
  Pipeline<int>(100000, 3, stop)
      .run(
          [&] {
            return [&](std::size_t i) {
              ++begun;
              if (i == 40) stop = true;
              return 0;
            };
          },
          [&](std::size_t, int) { ++delivered; });
  EXPECT_EQ(delivered, begun);
  EXPECT_LT(delivered, 1000u);
}

}  // namespace
}  // namespace quickbeam
