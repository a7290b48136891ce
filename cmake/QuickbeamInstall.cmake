# SPDX-License-Identifier: BSD-3-Clause
# What `cmake --install` puts in place: the library, host/include, the command, and a package that
# find_package(quickbeam) finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(QUICKBEAM_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/quickbeam)

file(GLOB_RECURSE quickbeam_public_headers CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/host/include/quickbeam/*.hpp ${PROJECT_SOURCE_DIR}/host/include/quickbeam/*.h)
target_sources(quickbeam_core INTERFACE FILE_SET HEADERS
  BASE_DIRS ${PROJECT_SOURCE_DIR}/host/include FILES ${quickbeam_public_headers})
set_target_properties(quickbeam_core PROPERTIES EXPORT_NAME core)

install(TARGETS quickbeam quickbeam_core EXPORT quickbeam
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS quickbeam_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(EXPORT quickbeam NAMESPACE quickbeam:: FILE quickbeamTargets.cmake
  DESTINATION ${QUICKBEAM_INSTALL_CMAKEDIR})

# A static library hands its own dependencies on to whoever links it; a shared one keeps them.
get_target_property(quickbeam_type quickbeam TYPE)
string(COMPARE EQUAL ${quickbeam_type} STATIC_LIBRARY QUICKBEAM_IS_STATIC)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/quickbeamConfig.cmake.in
  ${PROJECT_BINARY_DIR}/quickbeamConfig.cmake INSTALL_DESTINATION ${QUICKBEAM_INSTALL_CMAKEDIR}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/quickbeamConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/quickbeamConfig.cmake ${PROJECT_BINARY_DIR}/quickbeamConfigVersion.cmake
  DESTINATION ${QUICKBEAM_INSTALL_CMAKEDIR})
