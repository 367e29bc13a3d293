# LibTorch and CUDA. `./dev` passes WEFT_TORCH_DIR (a folder with share/cmake/Torch) and, where there is no matching toolkit, the toolkit view.
set(WEFT_TORCH_DIR "" CACHE PATH "LibTorch: the folder that holds lib/ and share/cmake/Torch")
if(NOT WEFT_TORCH_DIR)
  message(FATAL_ERROR "WEFT_TORCH_DIR is not set: run ./dev build, or name the folder of LibTorch that holds share/cmake/Torch.")
endif()
set(CMAKE_CUDA_ARCHITECTURES 80 90)
set(TORCH_CUDA_ARCH_LIST "8.0;9.0")
# CMake 3.25 does not know C++20 for nvcc 13.
set(CMAKE_CUDA_STANDARD 17)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
# One CUDA runtime per process: torch loads libcudart.so, so ours must be that one.
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
enable_language(CUDA)
find_package(Torch REQUIRED PATHS ${WEFT_TORCH_DIR} NO_DEFAULT_PATH)
set(CMAKE_BUILD_RPATH ${WEFT_TORCH_DIR}/lib)
# torch sets architecture flags of its own; ours stand in CMAKE_CUDA_ARCHITECTURES.
string(REGEX REPLACE "-gencode;arch=[^;]*;?" "" CMAKE_CUDA_FLAGS "${CMAKE_CUDA_FLAGS}")
