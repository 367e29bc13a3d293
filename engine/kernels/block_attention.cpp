// B batch, T tokens, H query heads, Gk and Gv heads of K and V, D head width.
#include "engine/kernels/block_attention.h"

#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/kernels/cpu_storage.h"
#include "engine/kernels/dispatch.h"

namespace weft::kernels {

namespace {

// Heads first .. first + heads - 1 of x_BTGD, counted through all sequences, at tokens begin .. end - 1.
struct HeadRange {
  std::int64_t first, heads, begin, end;
  std::int64_t tokens() const { return end - begin; }
};

// Calls row(pointer into x_BTGD, row of the range, head counted through all sequences, token) in parallel.
template <class S, class Row>
void forEachRow(const at::Tensor& x_BTGD, const HeadRange& range, const Row& row) {
  const std::int64_t headsOfOne = x_BTGD.size(2), width = x_BTGD.size(3), strideB = x_BTGD.stride(0),
                     strideT = x_BTGD.stride(1), strideG = x_BTGD.stride(2), tokens = range.tokens();
  auto* data = x_BTGD.const_data_ptr<S>();
  at::parallel_for(0, range.heads * tokens, grain(width), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t index = begin; index < end; ++index) {
      const std::int64_t head = range.first + index / tokens, token = range.begin + index % tokens;
      row(data + head / headsOfOne * strideB + token * strideT + head % headsOfOne * strideG, index, head, token);
    }
  });
}

// packed[head][token][D] = scale x, in the accumulation type.
template <class S>
void pack(const at::Tensor& x_BTGD, const HeadRange& range, double scale, at::Tensor& packed) {
  using A = Accumulate<S>;
  const std::int64_t width = x_BTGD.size(3);
  A* out = packed.mutable_data_ptr<A>();
  forEachRow<S>(x_BTGD, range, [&](const S* x, std::int64_t index, std::int64_t, std::int64_t) {
    A* to = out + index * width;
    for (std::int64_t i = 0; i < width; ++i) to[i] = static_cast<A>(x[i]) * static_cast<A>(scale);
  });
}

// The way back: x = scale packed.
template <class S>
void unpack(const at::Tensor& packed, const HeadRange& range, double scale, at::Tensor& x_BTGD) {
  using A = Accumulate<S>;
  const std::int64_t width = x_BTGD.size(3);
  const A* in = packed.const_data_ptr<A>();
  forEachRow<S>(x_BTGD, range, [&](const S* x, std::int64_t index, std::int64_t, std::int64_t) {
    S* to = const_cast<S*>(x);  // of a tensor that the caller may write
    const A* from = in + index * width;
    for (std::int64_t i = 0; i < width; ++i) to[i] = static_cast<S>(from[i] * static_cast<A>(scale));
  });
}

template <class A>
void unpackAdd(const at::Tensor& packed, const HeadRange& range, at::Tensor& x_BTGD) {
  const std::int64_t width = x_BTGD.size(3);
  const A* in = packed.const_data_ptr<A>();
  forEachRow<A>(x_BTGD, range, [&](const A* x, std::int64_t index, std::int64_t, std::int64_t) {
    A* to = const_cast<A*>(x);
    for (std::int64_t i = 0; i < width; ++i) to[i] += in[index * width + i];
  });
}

// Sizes of one product: `matrices` of [rows, keys], over heads of the packed K or V.
struct Product {
  std::int64_t firstHead, heads, rows, firstKey, keys;
};

at::Tensor keysOf(const at::Tensor& packed_GTD, const Product& product) {
  return packed_GTD.narrow(0, product.firstHead, product.heads).narrow(1, product.firstKey, product.keys);
}

}  // namespace

// The units of one round, and one block of their queries.
struct BlockAttention::Round {
  std::int64_t firstUnit, units, heads;  // heads: query heads of a unit
  std::int64_t begin, end, firstKey;     // queries begin .. end - 1 see keys firstKey .. end - 1
  const sharing::AttentionSizes& sizes;
  std::int64_t groups;

  HeadRange queries() const { return {firstUnit * heads, units * heads, begin, end}; }
  std::int64_t rows() const { return units * heads * (end - begin); }
  std::int64_t keys() const { return end - firstKey; }
  Product over(int keyHeads) const {
    const std::int64_t ofUnit = keyHeads / groups;
    return {firstUnit * ofUnit, units * ofUnit, heads / ofUnit * (end - begin), firstKey, keys()};
  }
  Seen seenBy(std::int64_t row) const {
    const std::int64_t query = begin + row % (end - begin);
    const std::int64_t first = sizes.window ? std::max<std::int64_t>(0, query - *sizes.window + 1) : 0;
    return {first - firstKey, query + 1 - firstKey, keys()};
  }
};

namespace {

// Every round: first all blocks of the first units, then of the next.
template <class Round, class Visit>
void forEachRound(const sharing::AttentionSizes& sizes, const sharing::AttentionBlocks& blocks, const Visit& visit) {
  const std::int64_t units = sizes.batch * blocks.groups;
  for (std::int64_t unit = 0; unit < units; unit += blocks.unitsAtOnce) {
    for (std::int64_t begin = 0; begin < sizes.sequence; begin += blocks.queries) {
      visit(Round{.firstUnit = unit,
                  .units = std::min(blocks.unitsAtOnce, units - unit),
                  .heads = sizes.queryHeads / blocks.groups,
                  .begin = begin,
                  .end = std::min(begin + blocks.queries, sizes.sequence),
                  .firstKey = sizes.window ? std::max<std::int64_t>(0, begin - *sizes.window + 1) : 0,
                  .sizes = sizes,
                  .groups = blocks.groups});
    }
  }
}

}  // namespace

BlockAttention::BlockAttention(const sharing::AttentionSizes& sizes, at::Tensor workspace)
    : m_sizes(sizes), m_blocks(sharing::attentionBlocks(sizes)), m_workspace(std::move(workspace)) {}

at::Tensor BlockAttention::take(std::int64_t& used, at::IntArrayRef shape) const {
  const std::int64_t size = c10::multiply_integers(shape);
  if (used + size > m_workspace.numel()) {
    throw std::invalid_argument(
        fmt::format("attention in blocks: a workspace of {} elements is too small", m_workspace.numel()));
  }
  at::Tensor taken = m_workspace.narrow(0, used, size).view(shape);
  used += size;
  return taken;
}

void BlockAttention::checkInputs(const AttentionInputs& inputs) const {
  const auto fits = [&](const at::Tensor& x, int heads) {
    return x.dim() == 4 && x.size(0) == m_sizes.batch && x.size(1) == m_sizes.sequence && x.size(2) == heads &&
           x.size(3) == m_sizes.headWidth && (x.stride(3) == 1 || x.size(3) == 1);
  };
  if (!fits(inputs.q_BTHD, m_sizes.queryHeads) || !fits(inputs.k_BTGD, m_sizes.keyHeads) ||
      !fits(inputs.v_BTGD, m_sizes.valueHeads)) {
    throw std::invalid_argument(fmt::format(
        "attention in blocks: q {}, k {} and v {} do not fit {} x {} tokens, {} query, {} key and {} value heads of {}",
        shapeText(inputs.q_BTHD), shapeText(inputs.k_BTGD), shapeText(inputs.v_BTGD), m_sizes.batch, m_sizes.sequence,
        m_sizes.queryHeads, m_sizes.keyHeads, m_sizes.valueHeads, m_sizes.headWidth));
  }
}

void BlockAttention::forward(const AttentionInputs& inputs, at::Tensor& out_BTHD, at::Tensor& logSums_BHT) {
  checkInputs(inputs);
  const std::int64_t tokens = m_sizes.sequence, width = m_sizes.headWidth;
  const std::int64_t allKeys = m_sizes.batch * m_sizes.keyHeads, allValues = m_sizes.batch * m_sizes.valueHeads;
  const double scale = 1 / std::sqrt(static_cast<double>(width));
  dispatch(inputs.q_BTHD, [&](auto element) {
    using S = decltype(element);
    using A = Accumulate<S>;
    std::int64_t used = 0;
    at::Tensor k_GTD = take(used, {allKeys, tokens, width}), v_GTD = take(used, {allValues, tokens, width});
    pack<S>(inputs.k_BTGD, {0, allKeys, 0, tokens}, 1, k_GTD);
    pack<S>(inputs.v_BTGD, {0, allValues, 0, tokens}, 1, v_GTD);
    A* logSums = logSums_BHT.mutable_data_ptr<A>();
    const CpuRows<RowStorage<A>>& row = cpuRows<RowStorage<A>>();
    forEachRound<Round>(m_sizes, m_blocks, [&](const Round& round) {
      const Product keys = round.over(m_sizes.keyHeads), values = round.over(m_sizes.valueHeads);
      std::int64_t taken = used;
      at::Tensor q = take(taken, {keys.heads, keys.rows, width}),
                 scores = take(taken, {keys.heads, keys.rows, keys.keys}),
                 read = take(taken, {values.heads, values.rows, width});
      pack<S>(inputs.q_BTHD, round.queries(), scale, q);
      at::bmm_out(scores, q, keysOf(k_GTD, keys).transpose(1, 2));
      A* tile = scores.mutable_data_ptr<A>();
      const std::int64_t size = round.keys(), block = round.end - round.begin;
      at::parallel_for(0, round.rows(), grain(size), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t index = begin; index < end; ++index) {
          const std::int64_t head = round.firstUnit * round.heads + index / block, query = round.begin + index % block;
          logSums[head * tokens + query] = row.softmax(tile + index * size, round.seenBy(index));
        }
      });
      at::bmm_out(read, scores.view({values.heads, values.rows, size}), keysOf(v_GTD, values));
      unpack<S>(read, round.queries(), 1, out_BTHD);
    });
  });
}

void BlockAttention::backward(const AttentionInputs& inputs, const at::Tensor& out_BTHD, const at::Tensor& dout_BTHD,
                              const at::Tensor& logSums_BHT, AttentionGradients gradients) {
  checkInputs(inputs);
  const std::int64_t tokens = m_sizes.sequence, width = m_sizes.headWidth;
  const std::int64_t allKeys = m_sizes.batch * m_sizes.keyHeads, allValues = m_sizes.batch * m_sizes.valueHeads;
  const double scale = 1 / std::sqrt(static_cast<double>(width));
  dispatch(inputs.q_BTHD, [&](auto element) {
    using S = decltype(element);
    using A = Accumulate<S>;
    std::int64_t used = 0;
    at::Tensor k_GTD = take(used, {allKeys, tokens, width}), v_GTD = take(used, {allValues, tokens, width}),
               dk_GTD = take(used, {allKeys, tokens, width}), dv_GTD = take(used, {allValues, tokens, width});
    pack<S>(inputs.k_BTGD, {0, allKeys, 0, tokens}, 1, k_GTD);
    pack<S>(inputs.v_BTGD, {0, allValues, 0, tokens}, 1, v_GTD);
    dk_GTD.zero_();
    dv_GTD.zero_();
    const A* logSums = logSums_BHT.const_data_ptr<A>();
    const CpuRows<RowStorage<A>>& row = cpuRows<RowStorage<A>>();
    forEachRound<Round>(m_sizes, m_blocks, [&](const Round& round) {
      const Product keys = round.over(m_sizes.keyHeads), values = round.over(m_sizes.valueHeads);
      const std::int64_t size = round.keys(), block = round.end - round.begin;
      std::int64_t taken = used;
      at::Tensor q = take(taken, {keys.heads, keys.rows, width}), scores = take(taken, {keys.heads, keys.rows, size}),
                 dread = take(taken, {values.heads, values.rows, width}),
                 dscores = take(taken, {values.heads, values.rows, size}),
                 dq = take(taken, {keys.heads, keys.rows, width}), delta = take(taken, {round.rows()});
      pack<S>(inputs.q_BTHD, round.queries(), scale, q);
      pack<S>(dout_BTHD, round.queries(), 1, dread);
      A *tile = scores.mutable_data_ptr<A>(), *dtile = dscores.mutable_data_ptr<A>(),
        *deltas = delta.mutable_data_ptr<A>();
      const A* douts = dread.const_data_ptr<A>();
      forEachRow<S>(out_BTHD, round.queries(), [&](const S* out, std::int64_t index, std::int64_t, std::int64_t) {
        A sum = 0;
        for (std::int64_t i = 0; i < width; ++i) sum += static_cast<A>(out[i]) * douts[index * width + i];
        deltas[index] = sum;
      });
      at::bmm_out(scores, q, keysOf(k_GTD, keys).transpose(1, 2));
      at::bmm_out(dscores, dread, keysOf(v_GTD, values).transpose(1, 2));
      at::parallel_for(0, round.rows(), grain(size), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t index = begin; index < end; ++index) {
          const std::int64_t head = round.firstUnit * round.heads + index / block, query = round.begin + index % block;
          row.softmaxBackward(tile + index * size, dtile + index * size, logSums[head * tokens + query], deltas[index],
                              round.seenBy(index));
        }
      });
      at::Tensor dv = keysOf(dv_GTD, values), dk = keysOf(dk_GTD, keys);
      at::baddbmm_out(dv, dv, scores.view({values.heads, values.rows, size}).transpose(1, 2), dread);
      const at::Tensor dscoresOfKeys = dscores.view({keys.heads, keys.rows, size});
      at::bmm_out(dq, dscoresOfKeys, keysOf(k_GTD, keys));
      at::baddbmm_out(dk, dk, dscoresOfKeys.transpose(1, 2), q);
      unpack<S>(dq, round.queries(), scale, gradients.dq_BTHD);
    });
    unpackAdd<A>(dk_GTD, {0, allKeys, 0, tokens}, gradients.dk_BTGD);
    unpackAdd<A>(dv_GTD, {0, allValues, 0, tokens}, gradients.dv_BTGD);
  });
}

}  // namespace weft::kernels
