// Greedy generation is Hugging Face's, token for token (tests/fixtures/hf_llama).
#include "engine/infer/generate.h"
#include "tests/infer/models.h"
#include "tests/nn/hf_llama_fixture.h"

using namespace weft;
using namespace weft::infer_test;

class HfLlamaGeneration : public InferTest, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Files, HfLlamaGeneration,
                         ::testing::Values("llama.safetensors", "scaled.safetensors", "qwen.safetensors"));

TEST_P(HfLlamaGeneration, IsOursGreedilyForFortyTokens) {
  const nn::test::HfLlamaFixture theirs(GetParam());
  ASSERT_GE(theirs.cases().size(), 5u);
  for (const std::string& name : theirs.cases()) {
    const auto decoder = theirs.decoder(name, {});
    const std::vector<std::int64_t> expected = theirs.ids(name + "/greedy");
    ASSERT_GE(expected.size(), 32u);
    const infer::GenerateOptions options{.tokens = static_cast<std::int64_t>(expected.size())};
    EXPECT_EQ(infer::generate(*decoder, cacheOf(""), theirs.ids(name + "/prompt"), options).ids, expected) << name;
  }
}
