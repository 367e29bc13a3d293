// The jobs that read a checkpoint: generate, logits, evaluate.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/base/files.h"
#include "engine/data/corpus_reader.h"
#include "engine/data/token_shard.h"
#include "engine/data/utf8.h"
#include "engine/device/device.h"
#include "engine/infer/generate.h"
#include "engine/infer/perplexity.h"
#include "engine/nn/safetensors.h"
#include "engine/worker/jobs.h"
#include "engine/worker/model_setup.h"
#include "engine/worker/progress.h"

namespace weft::worker {

namespace {

Result<void> checkIds(const std::vector<std::int64_t>& ids, std::int64_t vocabulary) {
  for (const std::int64_t id : ids) {
    if (id < 0 || id >= vocabulary)
      return fail(ErrorCode::InvalidInput, fmt::format("The id {} is outside the model's vocabulary of {}.", id, vocabulary));
  }
  if (ids.empty()) return fail(ErrorCode::InvalidInput, "There are no token ids to read; give at least one.");
  return {};
}

// The text that the job names, as ids, with its size in the units of the other perplexities.
struct ScoredText {
  std::vector<std::int64_t> ids;
  std::int64_t bytes = 0, words = 0;
};

Result<ScoredText> readText(const std::vector<std::string>& files, const data::Tokenizer& tokenizer) {
  ScoredText text;
  for (const std::string& file : files) {
    WEFT_TRY(data::readDocuments(file, [&](std::string&& document) {
      // Between documents, as in the shards that the model was trained on.
      if (tokenizer.endOfText() && !text.ids.empty()) text.ids.push_back(*tokenizer.endOfText());
      text.bytes += static_cast<std::int64_t>(document.size());
      text.words += data::countWords(document);
      for (const data::TokenId id : tokenizer.encode(document)) text.ids.push_back(id);
      return true;
    }));
  }
  return text;
}

}  // namespace

Result<service::FinishedEvent> runGenerate(JobContext& context) {
  WEFT_ASSIGN(ReadyModel model, setUpModel(context));
  WEFT_ASSIGN(const std::shared_ptr<const data::Tokenizer> tokenizer, data::openTokenizer(model.loaded.config.data.tokenizer));
  std::vector<std::int64_t> prompt = context.job.integers("ids");
  if (context.job.has("prompt")) {
    for (const data::TokenId id : tokenizer->encode(context.job.text("prompt"))) prompt.push_back(id);
  }
  if (prompt.empty() && tokenizer->endOfText()) prompt.push_back(*tokenizer->endOfText());
  const infer::GenerateOptions options{.tokens = context.job.integer("tokens", 64),
                                       .temperature = context.job.number("temperature", 0),
                                       .topK = context.job.integer("top_k", 0),
                                       .seed = static_cast<std::uint64_t>(context.job.integer("seed", 1)),
                                       .stopToken = tokenizer->endOfText() ? static_cast<std::int64_t>(*tokenizer->endOfText()) : -1};
  WEFT_TRY(context.job.check());
  WEFT_TRY(checkIds(prompt, model.loaded.decoder->spec().shape.vocabulary));
  if (options.tokens < 1) return fail(ErrorCode::InvalidInput, fmt::format("{} tokens cannot be generated; ask for at least 1.", options.tokens));
  ProgressReporter report(context);
  std::int64_t count = 0;
  const infer::Generated made = infer::generate(*model.loaded.decoder, model.caches, prompt, options, [&](std::int64_t) {
    report("generating", static_cast<double>(++count) / static_cast<double>(options.tokens));
  });
  std::vector<data::TokenId> ids(made.ids.begin(), made.ids.end());
  service::FinishedEvent finished;
  finished.summary = {{"kv_bytes", static_cast<double>(made.kvBytes)}, {"tokens", static_cast<double>(ids.size())}};
  finished.texts = {{"ids", nlohmann::json(ids).dump()}, {"text", tokenizer->decode(ids)}};
  return finished;
}

Result<service::FinishedEvent> runLogits(JobContext& context) {
  WEFT_ASSIGN(ReadyModel model, setUpModel(context));
  const std::vector<std::int64_t> ids = context.job.integers("ids");
  WEFT_TRY(context.job.check());
  WEFT_ASSIGN(const std::string out, context.job.require("out"));
  WEFT_TRY(checkIds(ids, model.loaded.decoder->spec().shape.vocabulary));
  // Logits are for comparing: exact unless asked otherwise.
  if (context.job.text("dtype").empty()) model.loaded.decoder->setComputeType(torch::kFloat);
  const torch::NoGradGuard noGrad;
  const torch::Tensor ids_BT = torch::tensor(ids, torch::kLong).unsqueeze(0).to(model.machine.device);
  const torch::Tensor logits_TV = model.loaded.decoder->logits(ids_BT).squeeze(0).to(torch::kFloat).to(torch::kCPU);
  nn::TensorFile file;
  file.tensors.emplace_back("logits", logits_TV);
  WEFT_TRY(nn::writeSafetensors(out, file));
  service::FinishedEvent finished;
  finished.texts = {{"shape", nlohmann::json(logits_TV.sizes().vec()).dump()}, {"out", out}};
  return finished;
}

Result<service::FinishedEvent> runEvaluate(JobContext& context) {
  WEFT_ASSIGN(ReadyModel model, setUpModel(context));
  const config::RunConfig& config = model.loaded.config;
  const std::vector<std::string> files = context.job.texts("files");
  const std::int64_t window = context.job.integer("window", 0), tokens = context.job.integer("tokens", 0);
  infer::PerplexityOptions options{.window = window > 0 ? window : config.train.sequenceLength,
                                   .stride = context.job.integer("stride", 0),
                                   .tokens = tokens,
                                   .batch = config.evaluation.batchSequences,
                                   .caches = model.caches.changesValues(model.machine.type) ? &model.caches : nullptr};
  WEFT_TRY(context.job.check());
  if (window < 0 || tokens < 0 || options.stride < 0 || options.stride > options.window) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("A window of {} tokens every {} cannot be scored; they must be 0 (as the model was trained) or more, "
                            "and a window must reach the next.",
                            window, options.stride));
  }
  ScoredText text;
  if (files.empty()) {
    WEFT_ASSIGN(const data::Dataset dataset, prepareData(context, config.data));
    WEFT_ASSIGN(const data::TokenShard shard, data::TokenShard::open(dataset.validShard));
    text = {readIds(shard, 0), dataset.validBytes, dataset.validWords};
  } else {
    WEFT_ASSIGN(const std::shared_ptr<const data::Tokenizer> tokenizer, data::openTokenizer(config.data.tokenizer));
    WEFT_ASSIGN(text, readText(files, *tokenizer));
  }
  if (text.ids.size() < 2)
    return fail(ErrorCode::InvalidInput, fmt::format("The text has {} token(s), too few for a perplexity; it takes 2.", text.ids.size()));
  WEFT_TRY(checkIds(text.ids, model.loaded.decoder->spec().shape.vocabulary));
  ProgressReporter report(context);
  const infer::Perplexity result =
      infer::perplexity(*model.loaded.decoder, text.ids, options, [&](double fraction) { report("evaluating", fraction); });
  // When only a part was scored, bytes and words are taken in proportion.
  const double part = static_cast<double>(result.tokens) / static_cast<double>(text.ids.size() - 1);
  const auto bytes = std::llround(part * static_cast<double>(text.bytes)), words = std::llround(part * static_cast<double>(text.words));
  const infer::TextMeasures measures = infer::textMeasures(result.loss_nats * static_cast<double>(result.tokens), bytes, words);
  service::FinishedEvent finished;
  finished.summary = {
      {"token_perplexity", result.perplexity},         {"loss_nats", result.loss_nats},
      {"word_perplexity", measures.wordPerplexity},    {"byte_perplexity", measures.bytePerplexity},
      {"bits_per_byte", measures.bitsPerByte},         {"tokens", static_cast<double>(result.tokens)},
      {"words", static_cast<double>(words)},           {"bytes", static_cast<double>(bytes)},
      {"window", static_cast<double>(options.window)}, {"stride", static_cast<double>(options.stride > 0 ? options.stride : options.window)}};
  return finished;
}

}  // namespace weft::worker
