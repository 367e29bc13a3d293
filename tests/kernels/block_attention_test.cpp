// Attention in blocks against the whole matrix, written in plain torch in float64.
#include "engine/kernels/block_attention.h"

#include "engine/kernels/dispatch.h"
#include "tests/operation_checks.h"

namespace weft::kernels {
namespace {

using namespace weft::test;

torch::Tensor formula(const torch::Tensor& q_BTHD, const torch::Tensor& k_BTGD, const torch::Tensor& v_BTGD,
                      const std::optional<std::int64_t>& window) {
  const auto heads = [&](const torch::Tensor& x_BTGD) {
    return x_BTGD.repeat_interleave(q_BTHD.size(2) / x_BTGD.size(2), 2).transpose(1, 2);
  };
  const std::int64_t tokens = q_BTHD.size(1);
  const torch::Tensor age = torch::arange(tokens).unsqueeze(1) - torch::arange(tokens).unsqueeze(0);
  torch::Tensor seen = age.ge(0);
  if (window) seen = seen.logical_and(age.lt(*window));
  const torch::Tensor scores =
      torch::matmul(heads(q_BTHD), heads(k_BTGD).transpose(2, 3)) / std::sqrt(static_cast<double>(q_BTHD.size(3)));
  return torch::matmul(
             torch::softmax(scores.masked_fill(seen.logical_not(), -std::numeric_limits<double>::infinity()), -1),
             heads(v_BTGD))
      .transpose(1, 2);
}

struct Case {
  std::int64_t batch, tokens;
  int queryHeads, keyHeads, valueHeads, width;
  std::optional<std::int64_t> window;
  sharing::AttentionSizes sizes() const {
    return {.batch = batch,
            .sequence = tokens,
            .queryHeads = queryHeads,
            .keyHeads = keyHeads,
            .valueHeads = valueHeads,
            .headWidth = width,
            .window = window};
  }
};

const std::vector<Case> kCases{{1, 1, 1, 1, 1, 2, {}},    {2, 5, 4, 2, 2, 6, {}},     {3, 33, 6, 1, 1, 8, {}},
                               {1, 130, 4, 4, 4, 16, {}}, {2, 257, 4, 2, 1, 10, {}},  {2, 64, 12, 4, 6, 4, {}},
                               {1, 300, 4, 1, 1, 8, 1},   {2, 300, 4, 2, 2, 8, 40},   {1, 300, 4, 1, 2, 8, 1000},
                               {40, 64, 8, 2, 2, 8, {}},  {1, 700, 16, 1, 1, 46, {}}, {1, 40, 2, 1, 1, 512, 17}};

class BlockAttentionOnCpu : public ::testing::TestWithParam<torch::ScalarType> {};
INSTANTIATE_TEST_SUITE_P(Types, BlockAttentionOnCpu, ::testing::Values(torch::kDouble, torch::kFloat, torch::kBFloat16),
                         [](const auto& type) { return std::string(c10::toString(type.param)); });

TEST_P(BlockAttentionOnCpu, EqualsTheWholeMatrixForwardAndBackward) {
  const torch::ScalarType type = GetParam(), sums = accumulateType(type);
  for (const Case& one : kCases) {
    SCOPED_TRACE(fmt::format("{} x {} tokens, {} query, {} key, {} value heads of {}, window {}", one.batch, one.tokens,
                             one.queryHeads, one.keyHeads, one.valueHeads, one.width, one.window.value_or(0)));
    // Heads of one projection, side by side: none of them lies by itself.
    const int all = one.queryHeads + one.keyHeads + one.valueHeads;
    const torch::Tensor projected = randomTensor({one.batch, one.tokens, all, one.width}, 3).to(type);
    const auto part = [&](int first, int heads) { return projected.narrow(2, first, heads); };
    const AttentionInputs inputs{part(0, one.queryHeads), part(one.queryHeads, one.keyHeads),
                                 part(one.queryHeads + one.keyHeads, one.valueHeads)};
    torch::Tensor q = exact(inputs.q_BTHD).requires_grad_(), k = exact(inputs.k_BTGD).requires_grad_(),
                  v = exact(inputs.v_BTGD).requires_grad_();
    const torch::Tensor expected = formula(q, k, v, one.window);
    const torch::Tensor dout = randomTensor(expected.sizes(), 4).to(type);
    expected.backward(exact(dout));

    const sharing::AttentionBlocks blocks = sharing::attentionBlocks(one.sizes());
    BlockAttention attention(one.sizes(), torch::empty({blocks.backward()}, sums));
    torch::Tensor out = torch::empty(expected.sizes(), type),
                  logSums = torch::empty({one.batch, one.queryHeads, one.tokens}, sums);
    attention.forward(inputs, out, logSums);
    EXPECT_TRUE(isClose(out, expected.detach(), 2 * tolerance(type)));
    torch::Tensor dq = torch::empty(q.sizes(), type), dk = torch::ones(k.sizes(), sums),
                  dv = torch::ones(v.sizes(), sums);
    attention.backward(inputs, out, dout, logSums, {.dq_BTHD = dq, .dk_BTGD = dk, .dv_BTGD = dv});
    // In bfloat16 delta is made of an output that was rounded.
    const double allowed = type == torch::kBFloat16 ? 4 * tolerance(type) : 20 * tolerance(type);
    EXPECT_TRUE(isClose(dq, q.grad(), allowed));
    EXPECT_TRUE(isClose(dk - 1, k.grad(), allowed)) << "added to what was there";
    EXPECT_TRUE(isClose(dv - 1, v.grad(), allowed));
  }
}

TEST(BlockAttention, RefusesShapesAndWorkspacesThatDoNotFit) {
  const sharing::AttentionSizes sizes{.batch = 1, .sequence = 4, .queryHeads = 2, .headWidth = 8};
  const torch::Tensor q = torch::ones({1, 4, 2, 8}), k = torch::ones({1, 4, 1, 8});
  torch::Tensor out = torch::empty_like(q), logSums = torch::empty({1, 2, 4});
  const std::int64_t enough = sharing::attentionBlocks(sizes).forward();
  EXPECT_NO_THROW(BlockAttention(sizes, torch::empty({enough})).forward({q, k, k}, out, logSums));
  EXPECT_THROW(BlockAttention(sizes, torch::empty({enough - 1})).forward({q, k, k}, out, logSums),
               std::invalid_argument);
  EXPECT_THROW(BlockAttention(sizes, torch::empty({enough})).forward({q, q, k}, out, logSums), std::invalid_argument);
  EXPECT_THROW(BlockAttention(sizes, torch::empty({enough})).forward({q, k, k.narrow(1, 0, 3)}, out, logSums),
               std::invalid_argument);
}

TEST(BlockAttention, NeedsMemoryLinearInTheSequence) {
  for (const std::optional<std::int64_t> window : {std::optional<std::int64_t>(), std::optional<std::int64_t>(512)}) {
    const auto bytesAt = [&](std::int64_t tokens) {
      return static_cast<double>(
          sharing::attentionBlocks(
              {.batch = 1, .sequence = tokens, .queryHeads = 16, .headWidth = 128, .window = window})
              .backward());
    };
    EXPECT_LT(bytesAt(1 << 17), 17 * bytesAt(1 << 13));
  }
}

}  // namespace
}  // namespace weft::kernels
