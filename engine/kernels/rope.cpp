#include "engine/kernels/rope.h"

#include <c10/core/DeviceGuard.h>
#include <torch/csrc/autograd/custom_function.h>

#include "engine/kernels/cuda_kernels.h"
#include "engine/kernels/dispatch.h"

namespace weft::kernels {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// sign = 1 rotates, -1 rotates back. x may be strided in its first three dimensions (a slice of a fused projection).
at::Tensor rotateCpu(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, int sign) {
  at::Tensor y = at::empty(x.sizes(), x.options());
  const std::int64_t batch = x.size(0), heads = x.size(1), tokens = x.size(2), width = x.size(3), half = width / 2;
  const std::int64_t strideB = x.stride(0), strideH = x.stride(1), strideT = x.stride(2);
  dispatch(x, [&](auto element) {
    using T = decltype(element);
    using A = Accumulate<T>;
    const T* in = x.const_data_ptr<T>();
    const A* c = cos.const_data_ptr<A>();
    const A* s = sin.const_data_ptr<A>();
    T* out = y.mutable_data_ptr<T>();
    at::parallel_for(0, batch * heads * tokens, grain(width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t t = row % tokens, h = row / tokens % heads, b = row / tokens / heads;
        const T* from = in + b * strideB + h * strideH + t * strideT;
        T* to = out + row * width;
        for (std::int64_t i = 0; i < half; ++i) {
          const A first = static_cast<A>(from[i]), second = static_cast<A>(from[i + half]);
          const A cosine = c[t * half + i], sine = static_cast<A>(sign) * s[t * half + i];
          to[i] = static_cast<T>(first * cosine - second * sine);
          to[i + half] = static_cast<T>(second * cosine + first * sine);
        }
        if (width % 2 != 0) to[width - 1] = from[width - 1];
      }
    });
  });
  return y;
}

at::Tensor rotate(const at::Tensor& input, const at::Tensor& cos, const at::Tensor& sin, int sign) {
  const at::Tensor x = input.stride(3) == 1 ? input : input.contiguous();
  if (!x.is_cuda()) return rotateCpu(x, cos, sin, sign);
  if (x.size(3) < 2) return x.clone();  // nothing to rotate, and the CUDA kernel has one thread a pair
  const c10::DeviceGuard guard(x.device());
  at::Tensor y = at::empty(x.sizes(), x.options());
  ropeCuda({cudaElement(x), x.const_data_ptr(), y.mutable_data_ptr(), cos.const_data_ptr<float>(),
            sin.const_data_ptr<float>(), sign, x.size(0), x.size(1), x.size(2), x.size(3), x.stride(0), x.stride(1),
            x.stride(2), currentStream()});
  return y;
}

struct Rope : torch::autograd::Function<Rope> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& cos,
                            const at::Tensor& sin) {
    context->save_for_backward({cos, sin});
    return rotate(x, cos, sin, 1);
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    return {rotate(gradients[0], saved[0], saved[1], -1), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

RopeTable ropeTable(const at::Tensor& positions_T, const RopeFrequencies& frequencies, at::ScalarType type) {
  if (positions_T.dim() != 1)
    throw std::invalid_argument(fmt::format("ropeTable: positions {} are not [tokens]", shapeText(positions_T)));
  const at::Tensor angles =
      at::outer(positions_T.to(at::kDouble), frequencies.radiansPerToken_F.to(positions_T.device()));
  const at::ScalarType stored = accumulateType(type);
  if (frequencies.attentionFactor == 1) return {angles.cos().to(stored), angles.sin().to(stored)};
  return {angles.cos().mul_(frequencies.attentionFactor).to(stored),
          angles.sin().mul_(frequencies.attentionFactor).to(stored)};
}

RopeTable ropeTable(const at::Tensor& positions_T, std::int64_t headWidth, double theta, at::ScalarType type) {
  return ropeTable(positions_T, ropeFrequencies(headWidth, theta, {}), type);
}

at::Tensor rope(const at::Tensor& x_BHTD, const RopeTable& table) {
  const at::Tensor &cos = table.cos_TD, &sin = table.sin_TD;
  if (x_BHTD.dim() != 4 || cos.dim() != 2 || cos.size(0) != x_BHTD.size(2) || cos.size(1) != x_BHTD.size(3) / 2 ||
      sin.sizes() != cos.sizes()) {
    throw std::invalid_argument(fmt::format("rope: a table {} does not fit x {}", shapeText(cos), shapeText(x_BHTD)));
  }
  const at::ScalarType needed = accumulateType(x_BHTD.scalar_type());
  if (cos.scalar_type() != needed || sin.scalar_type() != needed) {
    throw std::invalid_argument(fmt::format("rope: a table of {} does not fit x of {}; it must be made for that type",
                                            c10::toString(cos.scalar_type()), c10::toString(x_BHTD.scalar_type())));
  }
  checkSameDevice("rope", x_BHTD, cos);
  return Rope::apply(x_BHTD, cos.contiguous(), sin.contiguous());
}

}  // namespace weft::kernels
