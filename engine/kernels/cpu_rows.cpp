#include "engine/kernels/cpu_rows.h"

namespace weft::kernels {

// cpu_rows_plain.cpp, cpu_rows_avx2.cpp, cpu_rows_avx512.cpp
template <class S>
const CpuRows<S>& cpuRowsPlain();
template <class S>
const CpuRows<S>& cpuRowsAvx2();
template <class S>
const CpuRows<S>& cpuRowsAvx512();

template <class S>
std::vector<CpuRowsVersion<S>> cpuRowsVersions() {
  std::vector<CpuRowsVersion<S>> versions{{"plain", &cpuRowsPlain<S>()}};
  const bool hasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (hasAvx2) versions.push_back({"avx2", &cpuRowsAvx2<S>()});
  if (hasAvx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    versions.push_back({"avx512", &cpuRowsAvx512<S>()});
  return versions;
}

template <class S>
const CpuRows<S>& cpuRows() {
  static const CpuRows<S>& widest = *cpuRowsVersions<S>().back().rows;
  return widest;
}

template const CpuRows<float>& cpuRows<float>();
template const CpuRows<double>& cpuRows<double>();
template const CpuRows<Bf16>& cpuRows<Bf16>();
template std::vector<CpuRowsVersion<float>> cpuRowsVersions<float>();
template std::vector<CpuRowsVersion<double>> cpuRowsVersions<double>();
template std::vector<CpuRowsVersion<Bf16>> cpuRowsVersions<Bf16>();

}  // namespace weft::kernels
