# A Debian package of the installed tree: `cpack -G DEB` in the build directory. The driver runs kernels
# through an OpenCL implementation, which is recommended, not needed, where there are real GPUs.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME zesvm)
set(CPACK_PACKAGE_VENDOR "the zesvm authors")
set(CPACK_PACKAGE_CONTACT "the zesvm authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The project's own libraries are in the package.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "pocl-opencl-icd, llvm-spirv-14")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libze-dev, clang-14, gfortran")
include(CPack)
