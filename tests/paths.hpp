// SPDX-License-Identifier: BSD-3-Clause
// Where this build's programs and this source tree are. Only paths.cpp is compiled with the paths,
// so that every other object is the same in all checkouts, and a compiler cache serves them all.
#pragma once

#include <string>

namespace quickbeam::test {

/// The top of the source tree.
std::string source_folder();
/// The folder of real frames and stacks, which need not exist (the CMake option
/// QUICKBEAM_TEST_DATA).
std::string data_folder();
/// The built `quickbeam`.
std::string command_path();

/// On the emulated CUDA runtime: `quickbeam`, `cuda_bench`, and the tests. Not in a fuzz build.
std::string emulated_command_path();
std::string emulated_bench_path();
std::string emulated_tests_path();

}  // namespace quickbeam::test
