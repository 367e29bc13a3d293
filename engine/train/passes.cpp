#include "engine/train/passes.h"

namespace weft::train {

Passes::Passes(nn::Decoder& decoder, step::Parameters& parameters, std::int64_t microBatch, std::int64_t sequence)
    : m_decoder(decoder), m_parameters(parameters) {
  if (step::isWrittenOut(decoder.spec(), decoder.device())) {
    m_program.emplace(decoder, parameters, microBatch, sequence);
  } else {
    parameters.bindTape();
  }
}

void Passes::begin() {
  if (m_program) {
    m_program->takeParameters();
    return;
  }
  const torch::NoGradGuard noGrad;
  m_parameters.gradients().zero_();
  m_loss = torch::zeros({}, m_parameters.gradients().options());
}

void Passes::add(const torch::Tensor& rows, double share) {
  const std::int64_t length = rows.size(1) - 1;
  const torch::Tensor ids_BT = rows.narrow(1, 0, length), targets_BT = rows.narrow(1, 1, length);
  if (m_program) {
    m_program->accumulate(ids_BT, targets_BT, share);
    return;
  }
  const torch::Tensor loss = m_decoder.loss(ids_BT, targets_BT) * share;
  loss.backward();
  m_loss += loss.detach();
}

torch::Tensor Passes::finish() {
  if (!m_program) return m_loss;
  m_program->finishGradients();
  return torch::scalar_tensor(m_program->loss_nats(), torch::TensorOptions().dtype(torch::kDouble));
}

}  // namespace weft::train
