#include "engine/step/parameters.h"

#include <fmt/format.h>

#include <stdexcept>

namespace weft::step {

Parameters::Parameters(std::vector<nn::NamedParameter>& parameters) : m_parameters(parameters) {
  const torch::NoGradGuard noGrad;
  std::int64_t count = 0;
  for (const nn::NamedParameter& parameter : parameters) count += parameter.value.numel();
  const torch::TensorOptions options = parameters.front().value.options().requires_grad(false);
  m_values = torch::empty({count}, options);
  m_gradients = torch::zeros({count}, options);
  m_places.resize(parameters.size());
  std::int64_t offset = 0;
  for (const bool decays : {true, false}) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      nn::NamedParameter& parameter = parameters[i];
      if (parameter.decays != decays) continue;
      m_places[i] = {parameter.name, offset, parameter.value.sizes().vec()};
      const torch::Tensor place = m_values.narrow(0, offset, parameter.value.numel()).view(parameter.value.sizes());
      place.copy_(parameter.value);
      parameter.value.set_data(place);
      offset += place.numel();
    }
    if (decays) m_decaying = offset;
  }
}

void Parameters::bindTape() {
  for (nn::NamedParameter& parameter : m_parameters) parameter.value.mutable_grad() = view(m_gradients, parameter.name);
}

const Parameters::Place* Parameters::find(std::string_view name) const {
  for (const Place& place : m_places) {
    if (place.name == name) return &place;
  }
  return nullptr;
}

torch::Tensor Parameters::view(const torch::Tensor& arena, std::string_view name) const {
  const Place* place = find(name);
  return place ? arena.narrow(0, place->offset, c10::multiply_integers(place->shape)).view(place->shape)
               : torch::Tensor();
}

torch::Tensor Parameters::rows(const torch::Tensor& arena, std::span<const std::string> names) const {
  const Place* first = find(names.front());
  std::int64_t rows = 0;
  for (const std::string& name : names) {
    const Place* place = find(name);
    if (!first || !place || place->shape.size() != 2 || place->shape[1] != first->shape[1] ||
        place->offset != first->offset + rows * first->shape[1])
      throw std::logic_error(fmt::format("parameters: \"{}\" does not stand behind \"{}\"", name, names.front()));
    rows += place->shape[0];
  }
  return arena.narrow(0, first->offset, rows * first->shape[1]).view({rows, first->shape[1]});
}

}  // namespace weft::step
