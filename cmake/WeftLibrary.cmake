# weft_library(name [HEADERS target] [LINK targets...]): a static library of every .cpp and .cu in the current folder (not
# its subfolders), with the precompiled header of HEADERS.
function(weft_library name)
  cmake_parse_arguments(arg "" "HEADERS" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp *.h)
  if(WEFT_BUILD_TORCH)
    file(GLOB kernels CONFIGURE_DEPENDS *.cu *.cuh)
    list(APPEND sources ${kernels})
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE weft_options)
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  if(arg_HEADERS)
    target_precompile_headers(${name} REUSE_FROM ${arg_HEADERS})
  endif()
endfunction()

# weft_test(name [GPU] [HEADERS target] LABELS ... LINK ...): a GoogleTest program of every .cpp in the current folder. GPU: the tests whose name has "Cuda" in it need a
# device and skip without one; they are one test of ctest, NAME.cuda with the label gpu, which is then shown as skipped. Tests
# of suites that begin with "Golden" read recorded runs (label golden); a test that begins with "Slow" is the whole of a long loop (label slow), of
# which `./dev test` runs a reduced case and `./dev test --slow` this one.
function(weft_test name)
  cmake_parse_arguments(arg "GPU" "HEADERS" "LINK;LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp *.h)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${arg_LINK} GTest::gtest GTest::gmock weft_test_main weft_options)
  target_compile_definitions(${name} PRIVATE WEFT_TEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}/tests")
  # The libraries' -fPIC instead of a program's -fPIE: else the precompiled header is refused.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  if(NOT arg_HEADERS)
    set(arg_HEADERS weft_test_main)
  endif()
  target_precompile_headers(${name} REUSE_FROM ${arg_HEADERS})
  # What is hot is in the libraries: with -Og a test compiles in two thirds of the time.
  if(NOT WEFT_SANITIZE)
    target_compile_options(${name} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-Og>)
  endif()
  # Passive: several tests run at once, and OpenMP threads that wait by spinning made small ones ten times slower.
  set(properties TIMEOUT 300 ENVIRONMENT OMP_WAIT_POLICY=passive)
  if(arg_GPU)
    add_test(NAME ${name}.cuda COMMAND ${name} --gtest_filter=*Cuda*)
    set_tests_properties(${name}.cuda PROPERTIES LABELS gpu SKIP_REGULAR_EXPRESSION "this machine has no CUDA device" RESOURCE_LOCK gpu ${properties})
    set(others ":*Cuda*")
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_FILTER "-*.Slow*:Golden*${others}"
                       PROPERTIES LABELS "${arg_LABELS}" ${properties})
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_FILTER "Golden*" TEST_LIST ${name}_golden
                       PROPERTIES LABELS golden ${properties})
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_FILTER "*.Slow*" TEST_LIST ${name}_slow
                       PROPERTIES LABELS slow TIMEOUT 5400 ENVIRONMENT OMP_WAIT_POLICY=passive)
endfunction()
