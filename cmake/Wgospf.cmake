# Helpers shared by every folder: one place for warnings, sanitizers and the shape of a test.

# Flags of all code of ours. Generated protobuf code links wgospf_sanitize only.
add_library(wgospf_sanitize INTERFACE)
if(WGOSPF_SANITIZE)
  target_compile_options(wgospf_sanitize INTERFACE -fsanitize=${WGOSPF_SANITIZE} -fno-sanitize-recover=all
                         -fno-omit-frame-pointer -g1)
  target_link_options(wgospf_sanitize INTERFACE -fsanitize=${WGOSPF_SANITIZE})
endif()

add_library(wgospf_flags INTERFACE)
target_compile_options(wgospf_flags INTERFACE -Wall -Wextra -Wconversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 takes "text" + std::string for an overlapping copy (its bug 105329).
  target_compile_options(wgospf_flags INTERFACE -Wno-restrict)
endif()
target_include_directories(wgospf_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_link_libraries(wgospf_flags INTERFACE wgospf_sanitize)

# wgospf_library(NAME SOURCES... [LIBS libs...]): the library of one folder, wgospf_NAME.
function(wgospf_library name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  add_library(wgospf_${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(wgospf_${name} PUBLIC wgospf_flags ${ARG_LIBS})
endfunction()

# wgospf_test(NAME LABEL SOURCES... [LIBS libs...]): a GoogleTest program whose tests CTest lists one by one.
function(wgospf_test name label)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LIBS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE wgospf_flags ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE WGOSPF_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS ${label} TIMEOUT ${ARG_TIMEOUT})
endfunction()
