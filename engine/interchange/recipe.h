// engine/interchange/recipe.h -- how one tensor of ours is put together from tensors of another layout: whole ones, or
// some of their rows, in order.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/config/run_config.h"
#include "engine/interchange/foreign_config.h"
#include "engine/interchange/tensor_source.h"

namespace weft::interchange {

struct Piece {
  std::string name;
  std::int64_t begin = 0, count = -1;  // rows of dimension 0; -1: all
};
using Recipe = std::vector<Piece>;

// The pieces of the parameter `name` of nn::Decoder ("layers.3.mlp.gate_up.weight") in a model of this layout. Internal
// for a name that has none.
[[nodiscard]] Result<Recipe> recipeOf(const std::string& name, Layout layout, const config::ModelConfig& model,
                                      const sharing::SharingMap& map);

// What the recipe makes: name, element type and shape. Corrupt naming the tensor that is missing, misshapen or no
// floating-point number; `shape` is what the decoder needs.
[[nodiscard]] Result<nn::TensorInfo> planned(const std::string& name, const Recipe& recipe,
                                             const std::vector<std::int64_t>& shape, const TensorSource& source);
[[nodiscard]] Result<torch::Tensor> made(const Recipe& recipe, const TensorSource& source);

}  // namespace weft::interchange
