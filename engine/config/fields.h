// engine/config/fields.h -- the one table of fields: what reading, writing, setting and flattening a configuration walk
// through. A visitor is called with (name, member) for each field in file order; RunConfig's tables come as (name,
// struct). Each describe() serves the struct and the const struct: `S` is either.
#pragma once

#include <concepts>
#include <type_traits>

#include "engine/config/run_config.h"

namespace weft::config {

template <class S, class Plain>
concept Is = std::same_as<std::remove_const_t<S>, Plain>;

template <class Visitor, Is<ModelConfig> S>
void describe(Visitor& visit, S& model) {
  visit("layers", model.layers);
  visit("hidden", model.hidden);
  visit("feed_forward", model.feedForward);
  visit("query_heads", model.queryHeads);
  visit("kv_heads", model.kvHeads);
  visit("head_width", model.headWidth);
  visit("vocabulary", model.vocabulary);
  visit("sharing", model.sharing);
  visit("allow_upward", model.allowUpward);
  visit("forward_passes", model.forwardPasses);
  visit("backward_passes", model.backwardPasses);
  visit("window", model.window);
  visit("tie_embeddings", model.tieEmbeddings);
  visit("own_kv_norm", model.ownKvNorm);
  visit("qkv_bias", model.qkvBias);
  visit("qk_norm", model.qkNorm);
  visit("norm_epsilon", model.normEpsilon);
  visit("rope_theta", model.ropeTheta);
  visit("rope_scaling", model.ropeScaling);
  visit("rope_factor", model.ropeFactor);
  visit("rope_original_context", model.ropeOriginalContext);
  visit("rope_low_frequency_factor", model.ropeLowFrequencyFactor);
  visit("rope_high_frequency_factor", model.ropeHighFrequencyFactor);
  visit("rope_beta_fast", model.ropeBetaFast);
  visit("rope_beta_slow", model.ropeBetaSlow);
  visit("rope_attention_factor", model.ropeAttentionFactor);
  visit("rope_mscale", model.ropeMscale);
  visit("rope_mscale_all_dim", model.ropeMscaleAllDim);
  visit("rope_truncate", model.ropeTruncate);
  visit("init_std", model.initStd);
  visit("scaled_init", model.scaledInit);
}

template <class Visitor, Is<DataConfig> S>
void describe(Visitor& visit, S& data) {
  visit("source", data.source);
  visit("files", data.files);
  visit("valid_files", data.validFiles);
  visit("valid_fraction", data.validFraction);
  visit("tokenizer", data.tokenizer);
  visit("synthetic_tokens", data.syntheticTokens);
  visit("synthetic_seed", data.syntheticSeed);
}

template <class Visitor, Is<TrainConfig> S>
void describe(Visitor& visit, S& train) {
  visit("steps", train.steps);
  visit("sequence_length", train.sequenceLength);
  visit("batch_sequences", train.batchSequences);
  visit("micro_batch", train.microBatch);
  visit("learning_rate", train.learningRate);
  visit("warmup_fraction", train.warmupFraction);
  visit("final_fraction", train.finalFraction);
  visit("beta1", train.beta1);
  visit("beta2", train.beta2);
  visit("epsilon", train.epsilon);
  visit("weight_decay", train.weightDecay);
  visit("clip_norm", train.clipNorm);
  visit("seed", train.seed);
  visit("data_seed", train.dataSeed);
  visit("stop_when", train.stopWhen);
  visit("evaluate_every", train.evaluateEvery);
  visit("checkpoint_every", train.checkpointEvery);
  visit("log_every", train.logEvery);
  visit("init_from", train.initFrom);
}

template <class Visitor, Is<EvaluationConfig> S>
void describe(Visitor& visit, S& evaluation) {
  visit("tokens", evaluation.tokens);
  visit("batch_sequences", evaluation.batchSequences);
}

template <class Visitor, Is<CacheConfig> S>
void describe(Visitor& visit, S& cache) {
  visit("plugin", cache.plugin);
  visit("dtype", cache.dtype);
  visit("measure_batch", cache.measureBatch);
  visit("measure_context", cache.measureContext);
}

template <class Visitor, Is<DeviceConfig> S>
void describe(Visitor& visit, S& device) {
  visit("device", device.device);
  visit("dtype", device.dtype);
  visit("threads", device.threads);
}

template <class Visitor, Is<RunConfig> S>
void describe(Visitor& visit, S& run) {
  visit("name", run.name);
  visit("tags", run.tags);
  visit("model", run.model);
  visit("data", run.data);
  visit("train", run.train);
  visit("evaluation", run.evaluation);
  visit("cache", run.cache);
  visit("device", run.device);
}

// A member that is a table of its own.
template <class T>
concept Table = Is<T, ModelConfig> || Is<T, DataConfig> || Is<T, TrainConfig> || Is<T, EvaluationConfig> ||
    Is<T, CacheConfig> || Is<T, DeviceConfig>;

}  // namespace weft::config
