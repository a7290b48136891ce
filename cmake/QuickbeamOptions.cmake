# SPDX-License-Identifier: BSD-3-Clause
# Every choice a builder has, in one block.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release or RelWithDebInfo" FORCE)
endif()
set(QUICKBEAM_CUDA AUTO CACHE STRING "GPU backend: AUTO uses nvcc when it is found, ON requires it, OFF leaves it out")
set_property(CACHE QUICKBEAM_CUDA PROPERTY STRINGS AUTO ON OFF)
set(QUICKBEAM_SANITIZE "" CACHE STRING "Sanitizers for every target, as given to -fsanitize= (address,undefined or thread)")
option(QUICKBEAM_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(QUICKBEAM_BUILD_BENCH "Build the benchmarks (Release only)" OFF)
option(QUICKBEAM_BUILD_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(QUICKBEAM_RUN_FROM_FOLDER "Programs look for shared libraries beside themselves first (bench/pack_gpu_build.sh)" OFF)
option(QUICKBEAM_WERROR "Treat warnings as errors" OFF)
