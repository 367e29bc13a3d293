// engine/interchange/export_config.h -- a [model] table of ours as a config.json that Hugging Face's transformers
// reads.
//   Llama       LlamaForCausalLM, or MistralForCausalLM where every layer has the same window; Qwen2ForCausalLM with
//               QKV biases, Qwen3ForCausalLM with QK norm: for maps that share nothing
//   CrossLayer  model_type "weft_cross_layer", for all maps: Llama's fields with sharing_pattern and what else a layer
//               may have of its own. Each field is described in resources/interchange/configuration_weft.py, which an
//               export carries with modeling_weft.py.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/config/run_config.h"

namespace weft::interchange {

enum class ExportLayout { Llama, CrossLayer };

// Why a model has no place in Llama's layout ("layer 1 reads the keys and values of layer 0"); "" where it has. A KV
// norm of its own is no reason: see export_model.h.
std::string whyNotLlama(const config::ModelConfig& model, const sharing::SharingMap& map);

struct ExportedConfig {
  std::string architecture;  // "MistralForCausalLM"
  std::string json;  // parseForeignConfig of it gives the model back; of an own KV norm in Llama's layout, without it
};
// `context`: max_position_embeddings, but for dynamic RoPE scaling, where that field says from where it scales, and for
// yarn, where it is factor times original context. `type`: of the weights, "bfloat16".
ExportedConfig exportConfig(const config::ModelConfig& model, const sharing::SharingMap& map, ExportLayout layout,
                            std::int64_t context, const std::string& type, std::optional<std::int64_t> endOfText);

// The Python files that make transformers run the layout CrossLayer.
struct ModelingFile {
  std::string name;
  std::string text;
};
const std::vector<ModelingFile>& modelingFiles();

}  // namespace weft::interchange
