// engine/step/parameters.h -- a model's parameters and their gradients, each one flat arena. The model's own tensors
// become views of the first, so that evaluation, checkpoints and the step see the same numbers. Owned by whoever
// trains; must not outlive the model.
#pragma once

#include <torch/types.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/nn/decoder.h"

namespace weft::step {

class Parameters {
 public:
  // Copies the values once. What weight decay applies to stands first, each kind in the model's order: the query, key
  // and value matrices of a layer are one matrix after the other.
  explicit Parameters(std::vector<nn::NamedParameter>& parameters);

  // Gives the tape the views of the gradient arena to add to.
  void bindTape();
  const std::vector<nn::NamedParameter>& named() const { return m_parameters; }
  // [N], in the parameters' type.
  const torch::Tensor& values() const { return m_values; }
  const torch::Tensor& gradients() const { return m_gradients; }
  // Of these, or of any arena that is laid out like them (the optimizer's moments): the part that decays, and the rest.
  torch::Tensor decaying(const torch::Tensor& arena) const { return arena.narrow(0, 0, m_decaying); }
  torch::Tensor steady(const torch::Tensor& arena) const {
    return arena.narrow(0, m_decaying, arena.size(0) - m_decaying);
  }
  // The part of an arena that belongs to a parameter of this name, in its shape; undefined for a name that is none.
  torch::Tensor view(const torch::Tensor& arena, std::string_view name) const;
  // Matrices that stand one after the other in the arena, as one of all their rows. Throws std::logic_error if they do
  // not.
  torch::Tensor rows(const torch::Tensor& arena, std::span<const std::string> names) const;

 private:
  struct Place {
    std::string name;
    std::int64_t offset = 0;
    std::vector<std::int64_t> shape;
  };
  const Place* find(std::string_view name) const;

  std::vector<nn::NamedParameter>& m_parameters;
  torch::Tensor m_values, m_gradients;
  std::int64_t m_decaying = 0;
  std::vector<Place> m_places;  // in the model's order
};

}  // namespace weft::step
