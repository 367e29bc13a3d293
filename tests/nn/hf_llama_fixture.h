// tests/nn/hf_llama_fixture.h -- what Hugging Face's Llama, Qwen2 and Qwen3 compute (tests/fixtures/hf_llama), under
// this engine's names.
#pragma once

#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/config/run_config.h"
#include "engine/nn/checkpoint.h"
#include "engine/nn/safetensors.h"
#include "tests/torch_checks.h"

namespace weft::nn::test {

class HfLlamaFixture {
 public:
  explicit HfLlamaFixture(const std::string& file) {
    Result<TensorFile> read = readSafetensors(weft::test::fixture("hf_llama/" + file));
    EXPECT_TRUE(read.has_value()) << read.error().message;
    if (read) m_file = std::move(*read);
  }

  std::vector<std::string> cases() const {
    std::istringstream stream(m_file.metadata.at("cases"));
    return {std::istream_iterator<std::string>(stream), {}};
  }
  const torch::Tensor& tensor(const std::string& key) const {
    const torch::Tensor* found = m_file.find(key);
    if (!found) throw std::out_of_range(key);
    return *found;
  }
  std::vector<std::int64_t> ids(const std::string& key) const {
    const torch::Tensor& found = tensor(key);
    return {found.const_data_ptr<std::int64_t>(), found.const_data_ptr<std::int64_t>() + found.numel()};
  }
  // The value of CASE.field, or `otherwise`.
  std::string text(const std::string& name, const std::string& field, const std::string& otherwise = "") const {
    const auto found = m_file.metadata.find(name + "." + field);
    return found == m_file.metadata.end() ? otherwise : found->second;
  }

  // The case as a [model] table of ours, checked as a run's is.
  config::ModelConfig model(const std::string& name) const {
    config::RunConfig run;
    run.model.sharing = "identity";
    run.model.ownKvNorm = false;
    const std::string prefix = name + ".";
    for (const auto& [key, value] : m_file.metadata) {
      if (!key.starts_with(prefix) || key == prefix + "like" || key == prefix + "sequence") continue;
      const Result<void> set = config::setField(run, "model." + key.substr(prefix.size()), value);
      EXPECT_TRUE(set.has_value()) << set.error().message;
    }
    const Result<void> valid = config::validate(run);
    EXPECT_TRUE(valid.has_value()) << name << ": " << valid.error().message;
    return run.model;
  }

  // Hugging Face's tensor for a parameter of ours; `kind` is "weight" or "gradient".
  torch::Tensor of(const std::string& name, const std::string& kind, const std::string& parameter) const {
    const std::string like = kind == "weight" ? text(name, "like", name) : name;
    const std::size_t last = parameter.rfind('.');
    const auto theirs = [&](const std::string& their) {
      return tensor(like + "/" + kind + "/" + their + parameter.substr(last));
    };  // .weight, .bias
    if (parameter == "embedding.weight") return theirs("model.embed_tokens");
    if (parameter == "final_norm.weight") return theirs("model.norm");
    if (parameter == "head.weight") return theirs("lm_head");
    const std::size_t dot = parameter.find('.', std::string("layers.").size());
    const std::string layer = "model." + parameter.substr(0, dot + 1), part = parameter.substr(dot + 1, last - dot - 1);
    if (part == "mlp.gate_up") return torch::cat({theirs(layer + "mlp.gate_proj"), theirs(layer + "mlp.up_proj")});
    static const std::map<std::string, std::string> names{{"attention.query_norm", "input_layernorm"},
                                                          {"attention.query", "self_attn.q_proj"},
                                                          {"attention.query_head_norm", "self_attn.q_norm"},
                                                          {"attention.key", "self_attn.k_proj"},
                                                          {"attention.key_head_norm", "self_attn.k_norm"},
                                                          {"attention.value", "self_attn.v_proj"},
                                                          {"attention.output", "self_attn.o_proj"},
                                                          {"mlp.norm", "post_attention_layernorm"},
                                                          {"mlp.down", "mlp.down_proj"}};
    return theirs(layer + names.at(part));
  }
  // Elements in all of the case's tensors of a kind: the mapping above must miss none.
  std::int64_t elements(const std::string& name, const std::string& kind) const {
    std::int64_t count = 0;
    const std::string prefix = (kind == "weight" ? text(name, "like", name) : name) + "/" + kind + "/";
    for (const auto& [key, tensor] : m_file.tensors) count += key.starts_with(prefix) ? tensor.numel() : 0;
    return count;
  }

  std::unique_ptr<Decoder> decoder(const std::string& name, const weft::test::Place& place) const {
    const config::ModelConfig shape = model(name);
    const DecoderSpec spec = decoderSpec(shape, config::sharingMap(shape).value());
    std::unique_ptr<Decoder> made =
        std::move(Decoder::create(spec, std::nullopt, place.device, place.parameterType()).value());
    made->setComputeType(place.type);
    const torch::NoGradGuard noGrad;
    for (NamedParameter& parameter : made->parameters()) {
      const torch::Tensor theirs = of(name, "weight", parameter.name);
      if (theirs.sizes() != parameter.value.sizes()) throw std::invalid_argument(parameter.name);
      parameter.value.copy_(theirs);
    }
    return made;
  }

 private:
  TensorFile m_file;
};

}  // namespace weft::nn::test
