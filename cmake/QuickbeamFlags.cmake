# SPDX-License-Identifier: BSD-3-Clause
# The flags of every quickbeam target, on one INTERFACE target.
#
# -ffp-contract=off and --fmad=false: a*b+c must round the same way in g++ and nvcc, or the exact
# operations would not be equal on the CPU and the GPU (docs/decisions/0003-exactness.md).
add_library(quickbeam_flags INTERFACE)
target_compile_features(quickbeam_flags INTERFACE cxx_std_20)
target_compile_options(quickbeam_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off -Wall -Wextra -Wpedantic -Wshadow>
  # g++ 12 sees overlapping copies in std::string's operator+ (GCC bug 105651).
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>
  # CMake 3.25 knows no CUDA C++20 for this nvcc, so the option is passed by hand.
  $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20 --fmad=false -Xcompiler=-Wall,-Wextra,-Wno-restrict,-ffp-contract=off>)
# The engine itself also converts between integers only on purpose; tests may be careless.
add_library(quickbeam_strict INTERFACE)
target_compile_options(quickbeam_strict INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wconversion -Wsign-conversion>)
if(QUICKBEAM_WERROR)
  target_compile_options(quickbeam_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Werror> $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings -Xcompiler=-Werror>)
endif()
if(QUICKBEAM_SANITIZE)
  target_compile_options(quickbeam_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${QUICKBEAM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all>)
  target_link_options(quickbeam_flags INTERFACE -fsanitize=${QUICKBEAM_SANITIZE})
  # Instrumented code hides initialisations from g++: its manual expects false warnings here.
  target_compile_options(quickbeam_flags INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized>)
endif()
if(QUICKBEAM_BUILD_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "QUICKBEAM_BUILD_FUZZ needs clang (libFuzzer): configure with CMAKE_CXX_COMPILER=clang++, or use the preset 'fuzz'")
  endif()
  target_compile_options(quickbeam_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=fuzzer-no-link>)
endif()
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(QUICKBEAM_RUN_FROM_FOLDER)
  set(CMAKE_INSTALL_RPATH "$ORIGIN")
  set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
  add_link_options(-Wl,--disable-new-dtags)  # an rpath that holds for libraries of libraries too
endif()
