// engine/infer/likelihood.h -- log-likelihood of continuations, the one quantity behind multiple-choice tasks and
// rolling perplexity (lm-eval's "loglikelihood" and "loglikelihood_rolling").
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/nn/cache_factory.h"
#include "engine/nn/decoder.h"

namespace weft::infer {

struct LikelihoodRequest {
  std::vector<std::int64_t> context, continuation;  // neither is empty
};

struct Likelihood {
  double logLikelihood_nats = 0;  // sum over the continuation of log p(token | all before it)
  bool isGreedy = false;          // each of its tokens was the likeliest
};

struct LikelihoodOptions {
  std::int64_t window =
      128;  // tokens that the model sees at once; of a longer request the context's beginning is cut off
  std::int64_t batch = 8;
  const nn::CacheFactory* caches = nullptr;  // as in PerplexityOptions
};

// In the order of the requests. Those with the same input share a row, those of about the same length a batch; with
// dynamic RoPE scaling, where the length of the pass counts, of exactly the same. log-softmax in float32 of the compute
// type's logits, sums in float64. Throws std::invalid_argument for an empty context or continuation and for a
// continuation longer than the window. `onProgress` gets 0..1; it may throw.
std::vector<Likelihood> logLikelihoods(nn::Decoder& decoder, const std::vector<LikelihoodRequest>& requests,
                                       const LikelihoodOptions& options,
                                       const std::function<void(double)>& onProgress = {});

// A whole text as requests that score each of its tokens once, `start` standing before the first: a full window, then
// windows that each score the next `stride` tokens (0: the window) after as much of what came before as fits, window +
// 1 - stride tokens; the last one reaches back as far. lm-eval has stride = window. Empty for no ids. Throws
// std::invalid_argument for a stride above the window.
std::vector<LikelihoodRequest> rollingRequests(const std::vector<std::int64_t>& ids, std::int64_t start,
                                               std::int64_t window, std::int64_t stride = 0);

// An item of a multiple-choice task: what its choices got.
struct ScoredItem {
  std::vector<double> logLikelihoods;
  std::vector<double> characters;  // of each choice
  std::size_t answer = 0;
};

struct Accuracy {
  double value = 0;
  double standardError = 0;  // of the mean: s / sqrt(n), s with n - 1; NaN for one item
};

struct ChoiceAccuracy {
  Accuracy plain;       // acc: the answer is the likeliest choice
  Accuracy normalized;  // acc_norm: the likeliest per character
};

// A tie is the first choice's. Throws std::invalid_argument for no items.
ChoiceAccuracy choiceAccuracy(const std::vector<ScoredItem>& items);

}  // namespace weft::infer
