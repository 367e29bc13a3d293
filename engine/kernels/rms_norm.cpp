#include "engine/kernels/rms_norm.h"

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

// y and r of every row; r [rows] in the accumulation type is all that the backward pass needs besides the inputs.
void forwardCpu(const at::Tensor& x, const at::Tensor& weight, double epsilon, at::Tensor& y, at::Tensor& r) {
  const std::int64_t width = weight.size(0), rows = r.size(0);
  dispatch(x, [&](auto element) {
    using T = decltype(element);
    using A = Accumulate<T>;
    const T* xs = x.const_data_ptr<T>();
    const A* ws = weight.const_data_ptr<A>();
    T* ys = y.mutable_data_ptr<T>();
    A* rs = r.mutable_data_ptr<A>();
    at::parallel_for(0, rows, grain(width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const T* in = xs + row * width;
        A sum = 0;
        for (std::int64_t i = 0; i < width; ++i) sum += static_cast<A>(in[i]) * static_cast<A>(in[i]);
        const A scale = A(1) / std::sqrt(sum / static_cast<A>(width) + static_cast<A>(epsilon));
        rs[row] = scale;
        for (std::int64_t i = 0; i < width; ++i)
          ys[row * width + i] = static_cast<T>(static_cast<A>(in[i]) * scale * ws[i]);
      }
    });
  });
}

void backwardCpu(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& r,
                 at::Tensor& dx, at::Tensor& dweight) {
  const std::int64_t width = weight.size(0), rows = r.size(0);
  // A fixed number of partial sums, whatever the number of threads: the result is the same on every machine.
  constexpr std::int64_t kParts = 16;
  at::Tensor parts = at::zeros({kParts, width}, dweight.options());
  dispatch(x, [&](auto element) {
    using T = decltype(element);
    using A = Accumulate<T>;
    const T* dys = dy.const_data_ptr<T>();
    const T* xs = x.const_data_ptr<T>();
    const A* ws = weight.const_data_ptr<A>();
    const A* rs = r.const_data_ptr<A>();
    T* dxs = dx.mutable_data_ptr<T>();
    A* sums = parts.mutable_data_ptr<A>();
    const std::int64_t rowsOfPart = (rows + kParts - 1) / kParts;
    at::parallel_for(0, kParts, grain(width * std::max<std::int64_t>(1, rowsOfPart)),
                     [&](std::int64_t firstPart, std::int64_t lastPart) {
                       for (std::int64_t part = firstPart; part < lastPart; ++part) {
                         A* sum = sums + part * width;
                         for (std::int64_t row = rows * part / kParts; row < rows * (part + 1) / kParts; ++row) {
                           const T* gradient = dys + row * width;
                           const T* in = xs + row * width;
                           const A scale = rs[row];
                           A mean = 0;
                           for (std::int64_t i = 0; i < width; ++i)
                             mean += static_cast<A>(gradient[i]) * ws[i] * static_cast<A>(in[i]) * scale;
                           mean /= static_cast<A>(width);
                           for (std::int64_t i = 0; i < width; ++i) {
                             const A normal = static_cast<A>(in[i]) * scale;
                             dxs[row * width + i] =
                                 static_cast<T>(scale * (static_cast<A>(gradient[i]) * ws[i] - normal * mean));
                             sum[i] += static_cast<A>(gradient[i]) * normal;
                           }
                         }
                       }
                     });
  });
  dweight.copy_(parts.sum(0));
}

struct RmsNorm : torch::autograd::Function<RmsNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            double epsilon) {
    const at::Tensor x = input.contiguous(), w = weight.to(accumulateType(x.scalar_type())).contiguous();
    at::Tensor y = at::empty_like(x);
    at::Tensor r = at::empty({x.numel() / w.size(0)}, w.options());
    const c10::DeviceGuard guard(x.device());
    if (x.is_cuda()) {
      rmsNormForwardCuda({cudaElement(x), x.const_data_ptr(), w.const_data_ptr<float>(), y.mutable_data_ptr(),
                          r.mutable_data_ptr<float>(), r.size(0), w.size(0), epsilon, currentStream()});
    } else {
      forwardCpu(x, w, epsilon, y, r);
    }
    context->save_for_backward({x, w, r});
    context->saved_data["weightType"] = static_cast<std::int64_t>(weight.scalar_type());
    return y;
  }

  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &w = saved[1], &r = saved[2];
    const at::Tensor dy = gradients[0].contiguous();
    at::Tensor dx = at::empty_like(x), dweight = at::empty_like(w);
    const c10::DeviceGuard guard(x.device());
    if (x.is_cuda()) {
      constexpr std::int64_t kParts = 256;
      at::Tensor parts = at::empty({kParts, w.size(0)}, w.options());
      rmsNormBackwardCuda({cudaElement(x), dy.const_data_ptr(), x.const_data_ptr(), w.const_data_ptr<float>(),
                           r.const_data_ptr<float>(), dx.mutable_data_ptr(), parts.mutable_data_ptr<float>(), kParts,
                           r.size(0), w.size(0), currentStream()});
      dweight = parts.sum(0);
    } else {
      backwardCpu(dy, x, w, r, dx, dweight);
    }
    const auto type = static_cast<at::ScalarType>(context->saved_data["weightType"].toInt());
    return {dx, dweight.to(type), at::Tensor()};
  }
};

}  // namespace

at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight_d, double epsilon) {
  if (weight_d.dim() != 1 || weight_d.size(0) < 1 || x.dim() < 1 || x.size(-1) != weight_d.size(0)) {
    throw std::invalid_argument(fmt::format("rmsNorm: weight {} does not fit x {}", shapeText(weight_d), shapeText(x)));
  }
  checkSameDevice("rmsNorm", x, weight_d);
  return RmsNorm::apply(x, weight_d, epsilon);
}

}  // namespace weft::kernels
