// engine/kernels/cpu_storage.h -- from torch's element types to those of cpu_rows.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <type_traits>

#include "engine/kernels/cpu_rows.h"

namespace weft::kernels {

template <class T>
using RowStorage = std::conditional_t<std::is_same_v<T, at::BFloat16>, Bf16, T>;
static_assert(sizeof(at::BFloat16) == sizeof(Bf16));

// A tensor's elements as rows are stored. T is the type of dispatch().
template <class T>
const RowStorage<T>* rowsOf(const at::Tensor& x) {
  return static_cast<const RowStorage<T>*>(x.const_data_ptr());
}
template <class T>
RowStorage<T>* mutableRowsOf(at::Tensor& x) {
  return static_cast<RowStorage<T>*>(x.mutable_data_ptr());
}

}  // namespace weft::kernels
