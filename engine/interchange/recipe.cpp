#include "engine/interchange/recipe.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/text.h"

namespace weft::interchange {

namespace {

// Hugging Face's Llama: our names beside theirs. It has no KV norm of its own; the layout that we add to it has.
Result<Recipe> llama(const std::string& part, const std::string& layer, const std::string& kind) {
  static const std::map<std::string, std::string> names{{"attention.query_norm", "input_layernorm"},
                                                        {"attention.query", "self_attn.q_proj"},
                                                        {"attention.key", "self_attn.k_proj"},
                                                        {"attention.value", "self_attn.v_proj"},
                                                        {"attention.output", "self_attn.o_proj"},
                                                        {"attention.kv_norm", "self_attn.kv_norm"},
                                                        {"attention.query_head_norm", "self_attn.q_norm"},
                                                        {"attention.key_head_norm", "self_attn.k_norm"},
                                                        {"mlp.norm", "post_attention_layernorm"},
                                                        {"mlp.down", "mlp.down_proj"}};
  const std::string prefix = "model.layers." + layer + ".";
  if (part == "mlp.gate_up") return Recipe{{prefix + "mlp.gate_proj.weight"}, {prefix + "mlp.up_proj.weight"}};
  const auto found = names.find(part);
  if (found == names.end()) return fail(ErrorCode::Internal, "Hugging Face's Llama has no name for " + part + ".");
  return Recipe{{prefix + found->second + "." + kind}};
}

// dolomite-engine's gpt_crosslayer: block g is the g-th producer, its layers are numbered from 0. kv_attn holds, head
// by head, the rows of K, then of V; c_fc the up projection, then the gate. Older checkpoints say attn and mlp where
// newer ones say sequence_mixer and mlp_block.
Result<Recipe> crossLayer(const std::string& part, int layer, const config::ModelConfig& model,
                          const sharing::SharingMap& map) {
  const std::vector<int> producers = map.producers();
  const int source = map.layer(layer).kSource;
  const auto block = std::lower_bound(producers.begin(), producers.end(), source) - producers.begin();
  const std::string in = fmt::format("transformer.h.{}.", block), at = fmt::format("{}layers.{}.", in, layer - source);
  if (part == "attention.query_norm") return Recipe{{at + "ln_1.weight"}};
  if (part == "attention.query") return Recipe{{at + "sequence_mixer.q_attn.weight"}};
  if (part == "attention.output") return Recipe{{at + "sequence_mixer.c_proj.weight"}};
  if (part == "mlp.norm") return Recipe{{at + "ln_2.weight"}};
  if (part == "mlp.down") return Recipe{{at + "mlp_block.c_proj.weight"}};
  if (part == "attention.kv_norm") return Recipe{{in + "kv_proj.ln.weight"}};
  if (part == "mlp.gate_up") {
    return Recipe{{at + "mlp_block.c_fc.weight", model.feedForward, model.feedForward},
                  {at + "mlp_block.c_fc.weight", 0, model.feedForward}};
  }
  if (part != "attention.key" && part != "attention.value")
    return fail(ErrorCode::Internal, "gpt_crosslayer has no name for " + part + ".");
  Recipe recipe;
  const std::int64_t width = model.headWidth;
  for (int head = 0; head < model.kvHeads; ++head) {
    recipe.push_back({in + "kv_proj.kv_attn.weight", (2 * head + (part == "attention.value" ? 1 : 0)) * width, width});
  }
  return recipe;
}

}  // namespace

Result<Recipe> recipeOf(const std::string& name, Layout layout, const config::ModelConfig& model,
                        const sharing::SharingMap& map) {
  const bool isLlama = layout == Layout::Llama;
  if (name == "embedding.weight") return Recipe{{isLlama ? "model.embed_tokens.weight" : "transformer.wte.weight"}};
  if (name == "final_norm.weight") return Recipe{{isLlama ? "model.norm.weight" : "transformer.ln_f.weight"}};
  if (name == "head.weight") return Recipe{{"lm_head.weight"}};
  // layers.N.PART.weight or .bias
  const std::vector<std::string> words = split(name, '.');
  std::int64_t layer = 0;
  if (words.size() != 5 || words[0] != "layers" || !parseInteger(words[1], layer))
    return fail(ErrorCode::Internal, "There is no layout for " + name + ".");
  const std::string part = words[2] + "." + words[3];
  return isLlama ? llama(part, words[1], words[4]) : crossLayer(part, static_cast<int>(layer), model, map);
}

Result<nn::TensorInfo> planned(const std::string& name, const Recipe& recipe, const std::vector<std::int64_t>& shape,
                               const TensorSource& source) {
  nn::TensorInfo info{.name = name, .type = torch::kFloat, .shape = shape};
  std::int64_t rows = 0;
  const auto bad = [&](const std::string& why) {
    return fail(ErrorCode::Corrupt, fmt::format("{}: {}.", source.folder().string(), why));
  };
  for (std::size_t i = 0; i < recipe.size(); ++i) {
    const Piece& piece = recipe[i];
    const nn::TensorInfo* found = source.find(piece.name);
    if (!found) return bad(fmt::format("there is no tensor \"{}\", which this model needs", piece.name));
    if (!c10::isFloatingType(found->type))
      return bad(
          fmt::format("the tensor \"{}\" holds {}, no floating-point weights", piece.name, c10::toString(found->type)));
    const bool fits =
        found->shape.size() == shape.size() && std::equal(shape.begin() + 1, shape.end(), found->shape.begin() + 1);
    if (!fits || piece.begin + std::max<std::int64_t>(piece.count, 0) > found->shape[0]) {
      return bad(fmt::format("the tensor \"{}\" has the shape [{}]; with rows of [{}] it does not fit this model",
                             piece.name, fmt::join(found->shape, ", "),
                             fmt::join(shape.begin() + 1, shape.end(), ", ")));
    }
    rows += piece.count < 0 ? found->shape[0] - piece.begin : piece.count;
    if (i > 0 && found->type != info.type)
      return bad(fmt::format("the tensor \"{}\" has another element type than its neighbour", piece.name));
    info.type = found->type;
  }
  if (rows != shape[0]) {
    const bool isAlone = recipe.front().name == recipe.back().name;
    return bad(fmt::format("the tensor{} \"{}\"{} {} {} rows, and this model needs {}", isAlone ? "" : "s",
                           recipe.front().name, isAlone ? "" : fmt::format(" and \"{}\"", recipe.back().name),
                           isAlone ? "has" : "have together", rows, shape[0]));
  }
  return info;
}

Result<torch::Tensor> made(const Recipe& recipe, const TensorSource& source) {
  std::vector<torch::Tensor> parts;
  std::map<std::string, torch::Tensor> read;  // several pieces may come from one tensor
  for (const Piece& piece : recipe) {
    if (!read.contains(piece.name)) {
      WEFT_ASSIGN(read[piece.name], source.read(piece.name));
    }
    const torch::Tensor& whole = read[piece.name];
    parts.push_back(piece.count < 0 ? whole : whole.narrow(0, piece.begin, piece.count));
  }
  return parts.size() == 1 ? parts.front() : at::cat(parts, 0);
}

}  // namespace weft::interchange
