#include "engine/nn/attention.h"

#include "tests/operation_checks.h"

namespace weft::nn {
namespace {

using namespace weft::test;

// softmax(q k^T / sqrt(D)) v, one query at a time over the keys it may see.
torch::Tensor formula(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                      const Visibility& visibility) {
  const std::int64_t heads = q.size(1), tokens = q.size(2), keys = k.size(2);
  std::vector<torch::Tensor> rows;
  for (std::int64_t h = 0; h < heads; ++h) {
    const torch::Tensor keys_BSD = k.select(1, h / (heads / k.size(1))),
                        values_BSD = v.select(1, h / (heads / v.size(1)));
    for (std::int64_t t = 0; t < tokens; ++t) {
      std::vector<std::int64_t> seen;
      for (std::int64_t s = 0; s < keys; ++s) {
        const std::int64_t position =
            visibility.keyPositions_S.defined() ? visibility.keyPositions_S[s].item<std::int64_t>() : s;
        const std::int64_t distance = visibility.firstQuery + t - position;
        if (distance >= 0 && (!visibility.window || distance < *visibility.window)) seen.push_back(s);
      }
      const torch::Tensor index = torch::tensor(seen, torch::kLong);
      const torch::Tensor scores =
          (keys_BSD.index_select(1, index) * q.select(1, h).select(1, t).unsqueeze(1)).sum(-1) / std::sqrt(q.size(3));
      rows.push_back((torch::softmax(scores, -1).unsqueeze(-1) * values_BSD.index_select(1, index)).sum(1));
    }
  }
  return torch::stack(rows, 1).view({q.size(0), heads, tokens, q.size(3)});
}

struct Shape {
  std::int64_t batch, heads, keyGroups, valueGroups, tokens, keys, width;
};

// bfloat16: scores up to 4 rounded to 2^-8 of themselves are weights wrong by 4 * 2^-8; weights, values and gradients
// are rounded again.
double allowed(const Place& place) { return (place.type == torch::kBFloat16 ? 8 : 2) * tolerance(place.type); }

void expectEqualsFormula(const Place& place, const Shape& shape, const Visibility& visibility) {
  const std::vector<Input> inputs{
      {Role::Activation, randomTensor({shape.batch, shape.heads, shape.tokens, shape.width}, 1)},
      {Role::Activation, randomTensor({shape.batch, shape.keyGroups, shape.keys, shape.width}, 2)},
      {Role::Activation, randomTensor({shape.batch, shape.valueGroups, shape.keys, shape.width}, 3)}};
  const auto operation = [&](const auto& in) {
    Visibility here = visibility;
    if (here.keyPositions_S.defined()) here.keyPositions_S = here.keyPositions_S.to(in[0].device());
    return attention(in[0], in[1], in[2], here);
  };
  expectFormula(
      operation, [&](const auto& in) { return formula(in[0], in[1], in[2], visibility); }, place, inputs,
      fmt::format("heads {}/{}/{}, {} queries from {}, {} keys, window {}", shape.heads, shape.keyGroups,
                  shape.valueGroups, shape.tokens, visibility.firstQuery, shape.keys, visibility.window.value_or(0)),
      allowed(place));
}

class Attention : public KernelTest {};
WEFT_INSTANTIATE_PLACES(Attention);

TEST_P(Attention, EqualsItsFormulaForEveryGrouping) {
  // Width 8 and equal counts is where CUDA takes its fused path in bfloat16.
  for (const auto& [keyGroups, valueGroups] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{4, 4}, {2, 2}, {1, 1}, {2, 4}, {4, 1}}) {
    expectEqualsFormula(GetParam(), {2, 4, keyGroups, valueGroups, 7, 7, 8}, {});
    expectEqualsFormula(GetParam(), {1, 4, keyGroups, valueGroups, 1, 1, 8}, {});
  }
}

TEST_P(Attention, EqualsItsFormulaForQueriesBehindACache) {
  expectEqualsFormula(GetParam(), {2, 4, 2, 2, 1, 9, 8}, {.firstQuery = 8});
  expectEqualsFormula(GetParam(), {2, 4, 2, 2, 3, 9, 8}, {.firstQuery = 6});
  expectEqualsFormula(GetParam(), {1, 3, 1, 1, 1, 130, 16}, {.firstQuery = 129});
}

TEST_P(Attention, EqualsItsFormulaForWindowsOfEverySize) {
  for (const std::int64_t window : {1, 2, 6, 7, 8, 100}) {
    expectEqualsFormula(GetParam(), {2, 4, 2, 1, 7, 7, 8}, {.window = window});
    expectEqualsFormula(GetParam(), {2, 4, 2, 2, 1, 7, 8}, {.firstQuery = 6, .window = window});
    expectEqualsFormula(GetParam(), {2, 4, 2, 2, 3, 7, 8}, {.firstQuery = 4, .window = window});
  }
}

TEST_P(Attention, EqualsItsFormulaForKeysThatAreNotAllThere) {
  const torch::Tensor positions = torch::tensor({0, 3, 4, 7, 8}, torch::kLong);
  expectEqualsFormula(GetParam(), {2, 4, 2, 2, 2, 5, 8}, {.firstQuery = 7, .keyPositions_S = positions});
  expectEqualsFormula(GetParam(), {2, 4, 2, 2, 1, 5, 8}, {.firstQuery = 8, .keyPositions_S = positions, .window = 5});
}

TEST_P(Attention, EqualsItsFormulaForOddWidths) { expectEqualsFormula(GetParam(), {3, 6, 3, 2, 5, 5, 7}, {}); }

TEST_P(Attention, TellsTheProbabilitiesItUsed) {
  const auto random = [&](at::IntArrayRef shape, std::uint64_t seed) {
    return randomTensor(shape, seed).to(GetParam().options());
  };
  const torch::Tensor q = random({2, 4, 5, 8}, 4), k = random({2, 2, 5, 8}, 5), v = random({2, 2, 5, 8}, 6);
  torch::Tensor probabilities;
  const torch::Tensor out = attention(q, k, v, {.window = 3}, &probabilities);
  ASSERT_EQ(probabilities.sizes(), torch::IntArrayRef({2, 4, 5, 5}));
  EXPECT_TRUE(isClose(probabilities.sum(-1), torch::ones({2, 4, 5}, torch::kDouble), 4 * tolerance(GetParam().type)));
  const torch::Tensor values = exact(v).repeat_interleave(2, 1);
  EXPECT_TRUE(isClose(out, torch::matmul(exact(probabilities), values), allowed(GetParam())));
  EXPECT_EQ(probabilities[0][0][4][1].item<double>(), 0) << "outside the window";
  EXPECT_GT(probabilities[0][0][4][2].item<double>(), 0);
}

TEST(AttentionEmpty, IsEmptyForNoQueriesAndNoSequences) {
  EXPECT_EQ(attention(torch::ones({2, 4, 0, 6}), torch::ones({2, 2, 0, 6}), torch::ones({2, 2, 0, 6}), {}).sizes(),
            torch::IntArrayRef({2, 4, 0, 6}));
  EXPECT_EQ(attention(torch::ones({0, 4, 3, 6}), torch::ones({0, 2, 3, 6}), torch::ones({0, 2, 3, 6}), {}).sizes(),
            torch::IntArrayRef({0, 4, 3, 6}));
}

TEST(AttentionBackward, EqualsFiniteDifferencesInFloat64) {
  const torch::Tensor weights = randomTensor({1, 4, 3, 3}, 7);
  for (const std::optional<std::int64_t> window : {std::optional<std::int64_t>(), std::optional<std::int64_t>(2)}) {
    expectGradientsOfFiniteDifferences(
        [&](const auto& in) { return (attention(in[0], in[1], in[2], {.window = window}) * weights).sum(); },
        {randomTensor({1, 4, 3, 3}, 8), randomTensor({1, 2, 3, 3}, 9), randomTensor({1, 1, 3, 3}, 10)});
  }
}

TEST(AttentionErrors, NameTheShapesThatDoNotFit) {
  const torch::Tensor q = torch::ones({2, 4, 3, 6});
  EXPECT_THROW(attention(q, torch::ones({2, 3, 3, 6}), torch::ones({2, 3, 3, 6}), {}), std::invalid_argument)
      << "3 KV heads for 4 query heads";
  EXPECT_THROW(attention(q, torch::ones({2, 2, 3, 6}), torch::ones({2, 2, 4, 6}), {}), std::invalid_argument)
      << "more values than keys";
  EXPECT_THROW(attention(q, torch::ones({2, 2, 3, 5}), torch::ones({2, 2, 3, 5}), {}), std::invalid_argument)
      << "another width";
  EXPECT_THROW(attention(q, torch::ones({1, 2, 3, 6}), torch::ones({1, 2, 3, 6}), {}), std::invalid_argument)
      << "another batch";
  EXPECT_THROW(attention(q, torch::ones({2, 0, 3, 6}), torch::ones({2, 0, 3, 6}), {}), std::invalid_argument)
      << "no KV heads";
  EXPECT_THROW(attention(q[0], torch::ones({2, 2, 3, 6}), torch::ones({2, 2, 3, 6}), {}), std::invalid_argument)
      << "no batch";
}

}  // namespace
}  // namespace weft::nn
