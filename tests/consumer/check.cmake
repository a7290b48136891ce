# SPDX-License-Identifier: BSD-3-Clause
# Installs a build to an empty folder, looks at what is there, and builds and runs the consumer.
# Called by ctest with BUILD_DIR, SOURCE_DIR, WORK_DIR, GENERATOR, COMPILER, BUILD_TYPE, FLAGS.
function(must)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
set(prefix ${WORK_DIR}/prefix)
must(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${prefix})

file(GLOB_RECURSE headers RELATIVE ${prefix}/include ${prefix}/include/*)
file(GLOB_RECURSE public RELATIVE ${SOURCE_DIR}/host/include ${SOURCE_DIR}/host/include/*)
list(LENGTH public count)
if(count EQUAL 0 OR NOT "${headers}" STREQUAL "${public}")
  message(FATAL_ERROR "installed headers: ${headers}; public headers: ${public}")
endif()
# The package must work wherever the folder is moved to.
file(GLOB_RECURSE package ${prefix}/*quickbeam*.cmake)
foreach(file IN LISTS package)
  file(READ ${file} text)
  foreach(path IN ITEMS ${BUILD_DIR} ${SOURCE_DIR} ${prefix})
    string(FIND "${text}" "${path}" found)
    if(NOT found EQUAL -1)
      message(FATAL_ERROR "${file} names ${path}")
    endif()
  endforeach()
endforeach()
file(RENAME ${prefix} ${WORK_DIR}/moved)

must(${CMAKE_COMMAND} -S ${SOURCE_DIR}/tests/consumer -B ${WORK_DIR}/build -G ${GENERATOR}
  -DCMAKE_PREFIX_PATH=${WORK_DIR}/moved -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=${BUILD_TYPE}
  -DCMAKE_CXX_FLAGS=${FLAGS})
must(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
must(${WORK_DIR}/build/consumer)
must(${WORK_DIR}/moved/bin/quickbeam --help)
