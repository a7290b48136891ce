# SPDX-License-Identifier: BSD-3-Clause
# The paths that tests and benchmarks know, in one object: tests/paths.hpp says why.
set(QUICKBEAM_TEST_DATA "${PROJECT_SOURCE_DIR}/../shared/data" CACHE PATH "Real frames and stacks; tests that need them are skipped when it is absent")
add_library(quickbeam_test_paths STATIC ${PROJECT_SOURCE_DIR}/tests/paths.cpp)
target_include_directories(quickbeam_test_paths PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(quickbeam_test_paths PRIVATE quickbeam_core)
target_compile_definitions(quickbeam_test_paths PRIVATE
  QUICKBEAM_TEST_DATA="${QUICKBEAM_TEST_DATA}" QUICKBEAM_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
  QUICKBEAM_COMMAND="$<TARGET_FILE:quickbeam_cli>")
