# SPDX-License-Identifier: BSD-3-Clause
# Compiles every header alone: one generated source a header, which includes it twice.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
  ${PROJECT_SOURCE_DIR}/host/*.hpp ${PROJECT_SOURCE_DIR}/io/*.hpp ${PROJECT_SOURCE_DIR}/kernels/*.hpp
  ${PROJECT_SOURCE_DIR}/tests/*.hpp ${PROJECT_SOURCE_DIR}/bench/*.hpp)
list(FILTER headers EXCLUDE REGEX "/cuda/|/cuda_on_host/|/emulated/")  # these need a CUDA
foreach(header IN LISTS headers)
  string(REGEX REPLACE "^host/include/" "" name ${header})
  string(MAKE_C_IDENTIFIER ${header} file)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${file}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${name}\"\n#include \"${name}\"\n")
  list(APPEND header_sources ${source})
endforeach()
add_library(quickbeam_headers_test OBJECT ${header_sources})
target_include_directories(quickbeam_headers_test PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(quickbeam_headers_test PRIVATE quickbeam_core PkgConfig::hwy CLI11::CLI11 fmt::fmt
  nlohmann_json::nlohmann_json GTest::gtest)
target_compile_options(quickbeam_headers_test PRIVATE -O0)  # only whether they compile is asked
