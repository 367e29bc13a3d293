#include "engine/kernels/swiglu.h"

#include <c10/core/DeviceGuard.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "engine/kernels/cuda_kernels.h"
#include "engine/kernels/dispatch.h"

namespace weft::kernels {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

void forwardCpu(const at::Tensor& gateUp, at::Tensor& y) {
  const std::int64_t width = y.size(-1), rows = y.numel() / width;
  dispatch(gateUp, [&](auto element) {
    using T = decltype(element);
    using A = Accumulate<T>;
    const T* in = gateUp.const_data_ptr<T>();
    T* out = y.mutable_data_ptr<T>();
    at::parallel_for(0, rows, grain(width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const T* gate = in + row * 2 * width;
        for (std::int64_t i = 0; i < width; ++i) {
          const A z = static_cast<A>(gate[i]);
          out[row * width + i] = static_cast<T>(z / (A(1) + std::exp(-z)) * static_cast<A>(gate[width + i]));
        }
      }
    });
  });
}

void backwardCpu(const at::Tensor& dy, const at::Tensor& gateUp, at::Tensor& dgateUp) {
  const std::int64_t width = dy.size(-1), rows = dy.numel() / width;
  dispatch(gateUp, [&](auto element) {
    using T = decltype(element);
    using A = Accumulate<T>;
    const T* in = gateUp.const_data_ptr<T>();
    const T* gradients = dy.const_data_ptr<T>();
    T* out = dgateUp.mutable_data_ptr<T>();
    at::parallel_for(0, rows, grain(width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const T* gate = in + row * 2 * width;
        T* dgate = out + row * 2 * width;
        for (std::int64_t i = 0; i < width; ++i) {
          const A z = static_cast<A>(gate[i]), up = static_cast<A>(gate[width + i]),
                  gradient = static_cast<A>(gradients[row * width + i]);
          const A s = A(1) / (A(1) + std::exp(-z));
          dgate[i] = static_cast<T>(gradient * up * s * (A(1) + z * (A(1) - s)));
          dgate[width + i] = static_cast<T>(gradient * z * s);
        }
      }
    });
  });
}

struct SwiGlu : torch::autograd::Function<SwiGlu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input) {
    const at::Tensor gateUp = input.contiguous();
    std::vector<std::int64_t> shape = gateUp.sizes().vec();
    shape.back() /= 2;
    at::Tensor y = at::empty(shape, gateUp.options());
    const c10::DeviceGuard guard(gateUp.device());
    if (gateUp.is_cuda()) {
      swigluForwardCuda({cudaElement(gateUp), gateUp.const_data_ptr(), nullptr, y.mutable_data_ptr(),
                         y.numel() / y.size(-1), y.size(-1), currentStream()});
    } else {
      forwardCpu(gateUp, y);
    }
    context->save_for_backward({gateUp});
    return y;
  }

  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const at::Tensor gateUp = context->get_saved_variables()[0], dy = gradients[0].contiguous();
    at::Tensor dgateUp = at::empty_like(gateUp);
    const c10::DeviceGuard guard(gateUp.device());
    if (gateUp.is_cuda()) {
      swigluBackwardCuda({cudaElement(gateUp), gateUp.const_data_ptr(), dy.const_data_ptr(), dgateUp.mutable_data_ptr(),
                          dy.numel() / dy.size(-1), dy.size(-1), currentStream()});
    } else {
      backwardCpu(dy, gateUp, dgateUp);
    }
    return {dgateUp};
  }
};

}  // namespace

at::Tensor swiglu(const at::Tensor& gateUp) {
  if (gateUp.dim() < 1 || gateUp.size(-1) < 2 || gateUp.size(-1) % 2 != 0) {
    throw std::invalid_argument(
        fmt::format("swiglu: {} has no even last size to split into gate and up", shapeText(gateUp)));
  }
  return SwiGlu::apply(gateUp);
}

}  // namespace weft::kernels
