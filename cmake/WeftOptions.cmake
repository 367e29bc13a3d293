# Language, output folders, warnings and sanitizers: what every target shares.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
# Line tables only: a backtrace names file and line, objects stay small, links stay short. Assertions are alive in the
# presets dev, asan and ci, those of the standard library and of Qt too; a release has none.
set(WEFT_OPTIMISATION "-O2" CACHE STRING "Of RelWithDebInfo; the preset ci, which is compiled from nothing, takes -O1")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "${WEFT_OPTIMISATION} -g1 -D_GLIBCXX_ASSERTIONS -DQT_FORCE_ASSERTS")
if(WEFT_SANITIZE)
  # The sanitizers' own code multiplies what there is to optimise: a test of the store takes 12 s to compile with -O1, 6 s
  # with -O0 (4 s without sanitizers). Only what computes with torch is worth the -O1.
  set(level "-O0")
  if(WEFT_BUILD_TORCH)
    set(level "-O1")
  endif()
  string(REPLACE "${WEFT_OPTIMISATION}" "${level}" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
endif()

find_program(WEFT_CCACHE ccache)
if(WEFT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # pch_defines,time_macros: without them ccache refuses every file that uses a precompiled header. nohashdir and base_dir: a second checkout or
  # build folder reuses the first one's objects.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${WEFT_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${launcher})
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
endif()
find_program(WEFT_MOLD mold)
if(WEFT_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(weft_options INTERFACE)
target_compile_options(weft_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wconversion -Wno-missing-field-initializers>)
if(WEFT_WERROR)
  target_compile_options(weft_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
# What a sanitized twin is compiled with (WeftLibrary.cmake). What links it, a test, is compiled as ever.
add_library(weft_sanitizers INTERFACE)
target_compile_options(weft_sanitizers INTERFACE
                       "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=address,undefined;-fno-omit-frame-pointer>")
if(WEFT_SANITIZE)
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=address,undefined;-fno-omit-frame-pointer>")
  add_link_options(-fsanitize=address,undefined)
endif()
