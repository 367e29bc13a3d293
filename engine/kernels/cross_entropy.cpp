#include "engine/kernels/cross_entropy.h"

#include <c10/core/DeviceGuard.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <limits>

#include "engine/kernels/cuda_kernels.h"
#include "engine/kernels/dispatch.h"

namespace weft::kernels {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// Loss of every row (0 where not counted) and, when `gradient` is defined, softmax - one-hot written into it.
void rowsCpu(const at::Tensor& logits, const at::Tensor& targets, at::Tensor& losses, at::Tensor& gradient) {
  const std::int64_t rows = logits.size(0), width = logits.size(1);
  const std::int64_t* target = targets.const_data_ptr<std::int64_t>();
  for (std::int64_t row = 0; row < rows; ++row) {
    if (target[row] >= width)
      throw std::out_of_range(
          fmt::format("crossEntropy: target {} in row {} is not below the {} classes", target[row], row, width));
  }
  dispatch(logits, [&](auto element) {
    using T = decltype(element);
    using A = Accumulate<T>;
    const T* in = logits.const_data_ptr<T>();
    A* loss = losses.mutable_data_ptr<A>();
    T* out = gradient.defined() ? gradient.mutable_data_ptr<T>() : nullptr;
    at::parallel_for(0, rows, grain(width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const T* x = in + row * width;
        T* dx = out ? out + row * width : nullptr;
        if (target[row] < 0) {
          loss[row] = 0;
          for (std::int64_t i = 0; dx && i < width; ++i) dx[i] = T(0);
          continue;
        }
        A largest = -std::numeric_limits<A>::infinity();
        for (std::int64_t i = 0; i < width; ++i) largest = std::max(largest, static_cast<A>(x[i]));
        A sum = 0;
        for (std::int64_t i = 0; i < width; ++i) sum += std::exp(static_cast<A>(x[i]) - largest);
        // The two large numbers first: added to log(sum) one by one they would swallow it.
        loss[row] = std::log(sum) - (static_cast<A>(x[target[row]]) - largest);
        if (!dx) continue;
        const A scale = A(1) / sum;
        for (std::int64_t i = 0; i < width; ++i)
          dx[i] = static_cast<T>(std::exp(static_cast<A>(x[i]) - largest) * scale);
        dx[target[row]] = static_cast<T>(std::exp(static_cast<A>(x[target[row]]) - largest) * scale - A(1));
      }
    });
  });
}

enum class Gradient { Skip, Make };

struct CrossEntropy : torch::autograd::Function<CrossEntropy> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& targets,
                            Gradient wanted) {
    const at::Tensor logits = input.contiguous(), target = targets.contiguous();
    const at::TensorOptions options = logits.options().dtype(accumulateType(logits.scalar_type()));
    at::Tensor losses = at::empty({logits.size(0)}, options), gradient;
    // The gradient is made together with the loss: the logits are read while they are in cache, and only one tensor of
    // their size is kept.
    if (wanted == Gradient::Make) gradient = at::empty_like(logits);
    const c10::DeviceGuard guard(logits.device());
    if (logits.is_cuda()) {
      crossEntropyCuda({cudaElement(logits), logits.const_data_ptr(), target.const_data_ptr<std::int64_t>(),
                        losses.mutable_data_ptr<float>(), gradient.defined() ? gradient.mutable_data_ptr() : nullptr,
                        logits.size(0), logits.size(1), currentStream()});
    } else {
      rowsCpu(logits, target, losses, gradient);
    }
    const at::Tensor count = target.ge(0).sum().to(options.dtype()).clamp_min(1);
    if (gradient.defined()) context->save_for_backward({gradient, count});
    return losses.sum() / count;
  }

  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    // The scale stays in the accumulation type ([1], not a scalar, so that it decides the type of the product): rounded
    // to bfloat16 it would make every gradient of a batch wrong by the same factor.
    at::Tensor dlogits = at::empty_like(saved[0]);
    at::mul_out(dlogits, saved[0], (gradients[0] / saved[1]).reshape({1}));
    return {dlogits, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor crossEntropy(const at::Tensor& logits_NV, const at::Tensor& targets_N) {
  if (logits_NV.dim() != 2 || targets_N.dim() != 1 || logits_NV.size(0) != targets_N.size(0)) {
    throw std::invalid_argument(
        fmt::format("crossEntropy: targets {} do not fit logits {}", shapeText(targets_N), shapeText(logits_NV)));
  }
  checkSameDevice("crossEntropy", logits_NV, targets_N);
  return CrossEntropy::apply(logits_NV, targets_N,
                             at::GradMode::is_enabled() && logits_NV.requires_grad() ? Gradient::Make : Gradient::Skip);
}

}  // namespace weft::kernels
