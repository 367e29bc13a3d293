// engine/protocol/job_fields.h -- the keys of every kind of job, each described once: visit(key, member, need,
// meaning). Internal to engine/protocol.
#pragma once

#include <concepts>
#include <type_traits>

#include "engine/protocol/jobs.h"

namespace weft::protocol {

enum class Need { Optional, Required };

template <class J, class Plain>
concept IsJob = std::same_as<std::remove_const_t<J>, Plain>;

inline constexpr const char* kModelMeaning = "A checkpoint's folder";
inline constexpr const char* kTypeMeaning = "float32, bfloat16 or float64; empty: float32 on a CPU, bfloat16 on a GPU";
inline constexpr const char* kCacheMeaning =
    "The plugin that keeps K and V, \"\" for the dense cache; left out: the one of the model's own run";

template <class V, IsJob<TrainJob> J>
void describe(V& visit, J& job) {
  visit("attempt", job.attempt, Need::Optional, "The first is 1; later ones go on from the newest checkpoint");
}
template <class V, IsJob<GenerateJob> J>
void describe(V& visit, J& job) {
  visit("model", job.model, Need::Required, kModelMeaning);
  visit("prompt", job.prompt, Need::Optional, "The text to continue");
  visit("ids", job.ids, Need::Optional, "Token ids to continue, before those of the prompt");
  visit("tokens", job.tokens, Need::Optional, "At most so many are made");
  visit("temperature", job.temperature, Need::Optional, "0: always the likeliest token");
  visit("top_k", job.topK, Need::Optional, "Sample among so many likeliest; 0: among all");
  visit("seed", job.seed, Need::Optional, "Of the sampling");
  visit("dtype", job.dtype, Need::Optional, kTypeMeaning);
  visit("cache", job.cache, Need::Optional, kCacheMeaning);
}
template <class V, IsJob<LogitsJob> J>
void describe(V& visit, J& job) {
  visit("model", job.model, Need::Required, kModelMeaning);
  visit("ids", job.ids, Need::Required, "Token ids");
  visit("out", job.out, Need::Required, "The safetensors file; it gets one tensor, logits");
  visit("dtype", job.dtype, Need::Optional, "float32, bfloat16 or float64; empty: float32");
  visit("cache", job.cache, Need::Optional, kCacheMeaning);
}
template <class V, IsJob<EvaluateJob> J>
void describe(V& visit, J& job) {
  visit("model", job.model, Need::Required, kModelMeaning);
  visit("files", job.files, Need::Optional, "Texts, or the task's data; none: the model's own held-out split");
  visit("task", job.task, Need::Optional, "wikitext, or a set of multiple-choice questions (data/choice_tasks.h)");
  visit("window", job.window, Need::Optional, "Tokens that the model sees at once; 0: its training length");
  visit("stride", job.stride, Need::Optional, "Tokens between windows; 0: the window");
  visit("tokens", job.tokens, Need::Optional, "Of a text at most so many are scored; 0: all");
  visit("limit", job.limit, Need::Optional, "Of a task at most so many pages or items; 0: all");
  visit("out", job.out, Need::Optional, "A .jsonl that gets each item's choices with their log-likelihoods");
  visit("dtype", job.dtype, Need::Optional, kTypeMeaning);
  visit("cache", job.cache, Need::Optional, kCacheMeaning);
}
template <class V, IsJob<MeasureJob> J>
void describe(V& visit, J& job) {
  visit("model", job.model, Need::Optional, "A checkpoint's folder; this or config");
  visit("config", job.config, Need::Optional, "A configuration as TOML, measured with random weights");
  visit("batches", job.batches, Need::Optional, "Sequences; every one with every context");
  visit("contexts", job.contexts, Need::Optional, "Tokens of a sequence");
  visit("rounds", job.rounds, Need::Optional, "Timed rounds after one that warms up");
  visit("largest_batch", job.wantsLargestBatch, Need::Optional, "Instead: the largest batch that fits each context");
  visit("memory_bytes", job.memory_bytes, Need::Optional,
        "What weights, cache and all else may take; 0: what is available, on a CPU less a reserve");
  visit("dtype", job.dtype, Need::Optional, kTypeMeaning);
  visit("cache", job.cache, Need::Optional, kCacheMeaning);
}
template <class V, IsJob<DeviceJob> J>
void describe(V&, J&) {}
template <class V, IsJob<TrialJob> J>
void describe(V& visit, J& job) {
  visit("config", job.config, Need::Required, "A configuration as TOML; a few steps with random weights and tokens");
}
template <class V, IsJob<ImportJob> J>
void describe(V& visit, J& job) {
  visit("from", job.from, Need::Required, "Another project's model folder (interchange/import_model.h)");
  visit("out", job.out, Need::Required, "The checkpoint's folder; it must not be there yet");
}
template <class V, IsJob<ConvertJob> J>
void describe(V& visit, J& job) {
  visit("model", job.model, Need::Required, kModelMeaning);
  visit("out", job.out, Need::Required, "The checkpoint's folder; it must not be there yet");
  visit("map", job.map, Need::Required, "The map that it gets, as text");
  visit("method", job.method, Need::Optional, "first: a group takes its producer's K and V; mean: their mean");
  visit("kv_heads", job.kvHeads, Need::Optional, "Fewer KV heads, each the mean of its neighbours; 0: as they are");
  visit("allow_upward", job.allowsUpward, Need::Optional, "Layers may read from later ones");
}
template <class V, IsJob<ExportJob> J>
void describe(V& visit, J& job) {
  visit("model", job.model, Need::Required, kModelMeaning);
  visit("out", job.out, Need::Required, "The folder; it must not be there yet");
  visit("layout", job.layout, Need::Optional, "auto, llama (for maps that share nothing) or cross-layer");
  visit("dtype", job.dtype, Need::Optional, "keep, float32, bfloat16 or float16");
  visit("shard_bytes", job.shardBytes, Need::Optional, "A larger model is divided into files of at most so much");
}

}  // namespace weft::protocol
