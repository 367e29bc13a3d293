// engine/interchange/foreign_config.h -- a config.json of another project as a [model] table of ours.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/config/run_config.h"

namespace weft::interchange {

// How the weights are named and laid out.
enum class Layout {
  Llama,      // Hugging Face's Llama, Mistral, Qwen2, Qwen3; LCKV's Llama (layers without k_proj and v_proj);
              // weft_cross_layer, which we export
  CrossLayer  // dolomite-engine's gpt_crosslayer, by the authors of Cross-Layer Attention
};

struct ForeignConfig {
  std::string architecture;  // "LlamaForCausalLM"; the model_type where none is named
  Layout layout = Layout::Llama;
  config::ModelConfig model;
  std::int64_t context = 2048;  // max_position_embeddings
  std::string quantization;     // "fp8", ...: how the weights are said to be stored; "" as numbers
};

// A field that is missing has the value that the class has in transformers 5 (Mistral: 8 KV heads; Qwen3: a head of
// 128); of two spellings of one field that disagree none is chosen, but for rope_scaling, which wins over
// rope_parameters there. Errors of parseJson. InvalidInput naming the field: no JSON object, a number out of range,
// something that this decoder does not have (a bias that is said to be there, another activation or normalisation,
// partial rotary positions, a RoPE scaling that we do not know). Unsupported: another model_type.
[[nodiscard]] Result<ForeignConfig> parseForeignConfig(std::string_view json, const std::string& origin);

}  // namespace weft::interchange
