// SPDX-License-Identifier: BSD-3-Clause
// The paths as the build gives them (cmake/QuickbeamTestPaths.cmake).
#include "tests/paths.hpp"

namespace quickbeam::test {

std::string source_folder() { return QUICKBEAM_SOURCE_DIR; }
std::string data_folder() { return QUICKBEAM_TEST_DATA; }
std::string command_path() { return QUICKBEAM_COMMAND; }

#ifdef QUICKBEAM_EMULATED_COMMAND
std::string emulated_command_path() { return QUICKBEAM_EMULATED_COMMAND; }
std::string emulated_bench_path() { return QUICKBEAM_EMULATED_BENCH; }
std::string emulated_tests_path() { return QUICKBEAM_EMULATED_TESTS; }
#endif

}  // namespace quickbeam::test
