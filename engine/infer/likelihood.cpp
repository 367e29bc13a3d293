#include "engine/infer/likelihood.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace weft::infer {

namespace {

// What the model reads for one request: context and continuation without its last token, cut from the left to the
// window.
struct Input {
  std::vector<std::int64_t> ids;
  std::size_t request = 0;
};

std::vector<Input> inputsOf(const std::vector<LikelihoodRequest>& requests, std::int64_t window) {
  std::vector<Input> inputs;
  inputs.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const LikelihoodRequest& request = requests[i];
    if (request.context.empty() || request.continuation.empty()) {
      throw std::invalid_argument(fmt::format("likelihood: request {} has an empty context or continuation", i));
    }
    if (static_cast<std::int64_t>(request.continuation.size()) > window) {
      throw std::invalid_argument(fmt::format("likelihood: a continuation of {} tokens does not fit a window of {}",
                                              request.continuation.size(), window));
    }
    Input input{.ids = request.context, .request = i};
    input.ids.insert(input.ids.end(), request.continuation.begin(), request.continuation.end() - 1);
    const auto excess = static_cast<std::ptrdiff_t>(input.ids.size()) - static_cast<std::ptrdiff_t>(window);
    if (excess > 0) input.ids.erase(input.ids.begin(), input.ids.begin() + excess);
    inputs.push_back(std::move(input));
  }
  // Longest first: what does not fit into memory shows at once.
  std::stable_sort(inputs.begin(), inputs.end(), [](const Input& a, const Input& b) {
    return a.ids.size() != b.ids.size() ? a.ids.size() > b.ids.size() : a.ids < b.ids;
  });
  return inputs;
}

// Inputs [first, last) fill `rows` rows of one pass.
struct Batch {
  std::size_t first = 0, last = 0;
  std::vector<std::int64_t> rowOf;  // of each input
  std::int64_t rows = 0;
};

Batch nextBatch(const std::vector<Input>& inputs, std::size_t first, std::int64_t mostRows, bool mayPad) {
  Batch batch{.first = first, .last = first};
  for (; batch.last < inputs.size(); ++batch.last) {
    const std::vector<std::int64_t>& ids = inputs[batch.last].ids;
    const bool isNew = batch.last == first || ids != inputs[batch.last - 1].ids;
    if (isNew && (batch.rows == mostRows || (!mayPad && ids.size() != inputs[first].ids.size()))) break;
    if (isNew) ++batch.rows;
    batch.rowOf.push_back(batch.rows - 1);
  }
  return batch;
}

// log p of each target [N] and whether it is the likeliest, on the CPU; as many places at once as give 64 Mi logits.
std::pair<torch::Tensor, torch::Tensor> scored(nn::Decoder& decoder, const torch::Tensor& hidden_Nd,
                                               const torch::Tensor& targets_N) {
  const std::int64_t atOnce = std::max<std::int64_t>(1, (std::int64_t{64} << 20) / decoder.spec().shape.vocabulary);
  std::vector<torch::Tensor> logP, isBest;
  for (std::int64_t begin = 0; begin < hidden_Nd.size(0); begin += atOnce) {
    const std::int64_t count = std::min(atOnce, hidden_Nd.size(0) - begin);
    const torch::Tensor logits_CV = decoder.project(hidden_Nd.narrow(0, begin, count)),
                        targets_C = targets_N.narrow(0, begin, count);
    const torch::Tensor logP_CV =
        torch::log_softmax(logits_CV, -1, logits_CV.scalar_type() == torch::kDouble ? torch::kDouble : torch::kFloat);
    logP.push_back(logP_CV.gather(1, targets_C.unsqueeze(1)).squeeze(1).to(torch::kDouble));
    isBest.push_back(logP_CV.argmax(1).eq(targets_C));
  }
  return {torch::cat(logP).to(torch::kCPU), torch::cat(isBest).to(torch::kCPU)};
}

Accuracy meanOf(const std::vector<double>& hits) {
  const auto count = static_cast<double>(hits.size());
  Accuracy accuracy{.value = std::accumulate(hits.begin(), hits.end(), 0.0) / count};
  double squares = 0;
  for (const double hit : hits) squares += (hit - accuracy.value) * (hit - accuracy.value);
  accuracy.standardError = hits.size() < 2 ? std::nan("") : std::sqrt(squares / (count - 1)) / std::sqrt(count);
  return accuracy;
}

}  // namespace

std::vector<Likelihood> logLikelihoods(nn::Decoder& decoder, const std::vector<LikelihoodRequest>& requests,
                                       const LikelihoodOptions& options,
                                       const std::function<void(double)>& onProgress) {
  if (options.window < 1 || options.batch < 1)
    throw std::invalid_argument("likelihood: window and batch must be at least 1");
  const torch::NoGradGuard noGrad;
  // Padding stands behind a row's own tokens, which never see it; only the length of the pass could tell.
  const bool mayPad = decoder.spec().ropeScaling.kind != kernels::RopeKind::Dynamic;
  const std::vector<Input> inputs = inputsOf(requests, options.window);
  std::vector<Likelihood> results(requests.size());
  for (std::size_t first = 0; first < inputs.size();) {
    const Batch batch = nextBatch(inputs, first, options.batch, mayPad);
    const auto length = static_cast<std::int64_t>(inputs[first].ids.size());
    torch::Tensor ids_BT = torch::zeros({batch.rows, length}, torch::kLong);
    std::vector<std::int64_t> places, targets;  // into the rows laid end to end; one a scored token
    for (std::size_t i = batch.first; i < batch.last; ++i) {
      const std::vector<std::int64_t>& ids = inputs[i].ids;
      const std::int64_t row = batch.rowOf[i - batch.first];
      std::copy(ids.begin(), ids.end(), ids_BT.mutable_data_ptr<std::int64_t>() + row * length);
      const std::vector<std::int64_t>& continuation = requests[inputs[i].request].continuation;
      const auto begin = row * length + static_cast<std::int64_t>(ids.size() - continuation.size());
      for (std::size_t k = 0; k < continuation.size(); ++k) places.push_back(begin + static_cast<std::int64_t>(k));
      targets.insert(targets.end(), continuation.begin(), continuation.end());
    }
    std::unique_ptr<nn::KvCache> cache;
    if (options.caches) cache = options.caches->make(decoder.cacheSpec(batch.rows, length));
    const torch::Tensor hidden_Nd = decoder.hidden(ids_BT.to(decoder.device()), cache.get()).flatten(0, 1);
    const torch::Tensor targets_N = torch::tensor(targets, torch::kLong).to(decoder.device());
    // Only the scored places meet the vocabulary.
    const torch::Tensor chosen_Nd = hidden_Nd.index_select(0, torch::tensor(places, torch::kLong).to(decoder.device()));
    const auto [logP_N, isBest_N] = scored(decoder, chosen_Nd, targets_N);
    std::int64_t n = 0;
    for (std::size_t i = batch.first; i < batch.last; ++i) {
      Likelihood& result = results[inputs[i].request];
      result.isGreedy = true;
      for (std::size_t k = 0; k < requests[inputs[i].request].continuation.size(); ++k, ++n) {
        result.logLikelihood_nats += logP_N.const_data_ptr<double>()[n];
        result.isGreedy = result.isGreedy && isBest_N.const_data_ptr<bool>()[n];
      }
    }
    first = batch.last;
    if (onProgress) onProgress(static_cast<double>(first) / static_cast<double>(inputs.size()));
  }
  return results;
}

std::vector<LikelihoodRequest> rollingRequests(const std::vector<std::int64_t>& ids, std::int64_t start,
                                               std::int64_t window, std::int64_t stride) {
  if (stride <= 0) stride = window;
  if (window < 1 || stride > window)
    throw std::invalid_argument(fmt::format("likelihood: a stride of {} does not fit a window of {}", stride, window));
  std::vector<std::int64_t> all{start};
  all.insert(all.end(), ids.begin(), ids.end());
  const auto count = static_cast<std::int64_t>(ids.size());
  std::vector<LikelihoodRequest> requests;
  for (std::int64_t scored = 0; scored < count;) {
    const std::int64_t end = std::min(count, scored + (scored == 0 ? window : stride));
    // Tokens begin .. end of `all`, which is one longer than the text: `window` are read, the last of them to predict
    // the last.
    const std::int64_t begin = std::max<std::int64_t>(0, end - window);
    requests.push_back({.context = {all.begin() + begin, all.begin() + scored + 1},
                        .continuation = {all.begin() + scored + 1, all.begin() + end + 1}});
    scored = end;
  }
  return requests;
}

ChoiceAccuracy choiceAccuracy(const std::vector<ScoredItem>& items) {
  if (items.empty()) throw std::invalid_argument("likelihood: there are no items to score");
  std::vector<double> hits, normalizedHits;
  for (const ScoredItem& item : items) {
    std::size_t best = 0, bestNormalized = 0;
    const auto perCharacter = [&](std::size_t i) { return item.logLikelihoods[i] / item.characters[i]; };
    for (std::size_t i = 1; i < item.logLikelihoods.size(); ++i) {
      if (item.logLikelihoods[i] > item.logLikelihoods[best]) best = i;
      if (perCharacter(i) > perCharacter(bestNormalized)) bestNormalized = i;
    }
    hits.push_back(best == item.answer ? 1 : 0);
    normalizedHits.push_back(bestNormalized == item.answer ? 1 : 0);
  }
  return {.plain = meanOf(hits), .normalized = meanOf(normalizedHits)};
}

}  // namespace weft::infer
