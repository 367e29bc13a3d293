// tests/nn/reference_fixture.h -- the fixtures that implementations of their own in stock PyTorch wrote
// (tests/fixtures/decoder, tests/fixtures/upward).
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/nn/decoder.h"
#include "engine/nn/safetensors.h"
#include "engine/sharing/map_text.h"
#include "tests/nn/models.h"

namespace weft::nn::test {

// A file of cases: weights, ids, targets and what the reference makes of them.
class ReferenceFixture {
 public:
  explicit ReferenceFixture(const std::string& name) {
    Result<TensorFile> read = readSafetensors(fixture(name));
    EXPECT_TRUE(read.has_value()) << read.error().message;
    if (read) m_file = std::move(*read);
  }
  std::string text(const std::string& key) const { return m_file.metadata.at(key); }
  std::int64_t number(const std::string& key) const { return std::stoll(text(key)); }
  const torch::Tensor& tensor(const std::string& key) const {
    const torch::Tensor* found = m_file.find(key);
    if (!found) throw std::out_of_range(key);
    return *found;
  }
  std::vector<std::string> cases() const {
    std::vector<std::string> names;
    const std::string all = text("cases");
    for (std::size_t begin = 0; begin < all.size();) {
      const std::size_t end = std::min(all.find(' ', begin), all.size());
      names.push_back(all.substr(begin, end - begin));
      begin = end + 1;
    }
    return names;
  }
  // Names of all weights of a case, in file order.
  std::vector<std::string> weights(const std::string& name) const {
    std::vector<std::string> found;
    const std::string prefix = name + "/weight/";
    for (const auto& [key, tensor] : m_file.tensors) {
      if (key.starts_with(prefix)) found.push_back(key.substr(prefix.size()));
    }
    return found;
  }

  DecoderSpec spec(const std::string& name) const {
    DecoderSpec spec;
    spec.map = sharing::parseMap(text(name + ".map"), {.upward = sharing::UpwardReads::Allow}).value();
    const std::int64_t window = number(name + ".window");
    spec.shape = {
        .layers = static_cast<int>(number(name + ".layers")),
        .hidden = number("hidden"),
        .feedForward = number("feed_forward"),
        .vocabulary = number("vocabulary"),
        .queryHeads = static_cast<int>(number(name + ".query_heads")),
        .kvHeads = static_cast<int>(number(name + ".kv_heads")),
        .headWidth = static_cast<int>(number("head_width")),
        .embedding = number(name + ".tied_head") ? sharing::EmbeddingTie::Tied : sharing::EmbeddingTie::Untied,
        .kvNorm = number(name + ".tied_norm") ? sharing::KvNorm::Tied : sharing::KvNorm::Own,
        .window = window > 0 ? std::optional(window) : std::nullopt};
    return spec;
  }

  // The decoder with the case's weights, on the place's device.
  std::unique_ptr<Decoder> decoder(const std::string& name, const Place& place) const {
    return decoder(name, spec(name), place);
  }
  std::unique_ptr<Decoder> decoder(const std::string& name, const DecoderSpec& spec, const Place& place) const {
    std::unique_ptr<Decoder> made =
        std::move(Decoder::create(spec, std::nullopt, place.device, place.parameterType()).value());
    made->setComputeType(place.type);
    const torch::NoGradGuard noGrad;
    for (NamedParameter& parameter : made->parameters())
      parameter.value.copy_(tensor(name + "/weight/" + parameter.name));
    return made;
  }

 private:
  TensorFile m_file;
};

struct Tolerances {
  double value = 0, gradient = 0;
};
// float64: the fixture is stored in float32. bfloat16: see modelTolerance; gradients pass every rounding twice.
inline Tolerances tolerancesOf(const Place& place) {
  if (place.type == torch::kDouble) return {2e-7, 2e-7};
  if (place.type == torch::kFloat) return place.device == torch::kCPU ? Tolerances{1e-5, 1e-5} : Tolerances{3e-5, 3e-5};
  return {modelTolerance(torch::kBFloat16), 2 * modelTolerance(torch::kBFloat16)};
}

}  // namespace weft::nn::test
