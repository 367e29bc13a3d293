// The job that scores a checkpoint: a text, the model's held-out split, WikiText or a multiple-choice task.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/data/choice_tasks.h"
#include "engine/data/corpus_reader.h"
#include "engine/data/encoded_pair.h"
#include "engine/data/token_shard.h"
#include "engine/data/utf8.h"
#include "engine/data/wikitext.h"
#include "engine/infer/likelihood.h"
#include "engine/infer/perplexity.h"
#include "engine/worker/jobs.h"
#include "engine/worker/model_setup.h"
#include "engine/worker/progress.h"

namespace weft::worker {

namespace {

using nlohmann::json;

// A model with what of the job all evaluations share.
struct Evaluation {
  ReadyModel model;
  std::vector<std::string> files;
  std::int64_t window = 0, stride = 0, tokens = 0, limit = 0;
  std::string task, out;

  nn::Decoder& decoder() { return *model.loaded.decoder; }
  const nn::CacheFactory* caches() const {
    return model.caches.changesValues(model.machine.type) ? &model.caches : nullptr;
  }
  std::int64_t batch() const { return model.loaded.config.evaluation.batchSequences; }
  infer::LikelihoodOptions likelihoodOptions() const {
    return {.window = window, .batch = batch(), .caches = caches()};
  }
  Result<std::shared_ptr<const data::Tokenizer>> tokenizer() const {
    return data::openTokenizer(model.loaded.config.data.tokenizer);
  }
};

Result<Evaluation> setUpEvaluation(JobContext& context, const protocol::EvaluateJob& job) {
  WEFT_ASSIGN(ReadyModel model, setUpModel(context, job));
  WEFT_TRY(checkWeights(*model.loaded.decoder));
  Evaluation evaluation{.model = std::move(model),
                        .files = job.files,
                        .stride = job.stride,
                        .tokens = job.tokens,
                        .limit = job.limit,
                        .task = job.task,
                        .out = job.out};
  evaluation.window = job.window > 0 ? job.window : evaluation.model.loaded.config.train.sequenceLength;
  if (job.window < 0 || evaluation.tokens < 0 || evaluation.stride < 0 || evaluation.stride > evaluation.window) {
    return fail(
        ErrorCode::InvalidInput,
        fmt::format(
            "A window of {} tokens every {} cannot be scored; they must be 0 (as the model was trained) or more, "
            "and a window must reach the next.",
            job.window, evaluation.stride));
  }
  if (evaluation.limit < 0) return fail(ErrorCode::InvalidInput, "The number of items must be 0 (all) or more.");
  return evaluation;
}

// Text as ids, with its size in the units of the other perplexities.
struct ScoredText {
  std::vector<std::int64_t> ids;
  std::int64_t bytes = 0, words = 0;
};

Result<ScoredText> readText(JobContext& context, const std::vector<std::string>& files,
                            const data::Tokenizer& tokenizer) {
  ScoredText text;
  bool isFirst = true;
  for (const std::string& file : files) {
    data::ReadNotes notes;
    const auto take = [&](std::string&& document) {
      // Between documents, as in the shards that the model was trained on.
      if (!isFirst && tokenizer.endOfText()) text.ids.push_back(*tokenizer.endOfText());
      text.bytes += static_cast<std::int64_t>(document.size());
      text.words += data::countWords(document);
      for (const data::TokenId id : isFirst ? data::encodeWithPrefix(tokenizer, document) : tokenizer.encode(document))
        text.ids.push_back(id);
      isFirst = false;
      return true;
    };
    WEFT_TRY(data::readDocuments(file, take, &notes));
    if (notes.replacedBytes > 0) warn(context, notes.sentence(file));
  }
  return text;
}

std::vector<std::int64_t> wide(const std::vector<data::TokenId>& ids) { return {ids.begin(), ids.end()}; }

// What a score must not be made of: every comparison with NaN is false, so that an accuracy would come out of it.
Result<void> checkNumber(double nats) {
  if (!std::isnan(nats)) return {};
  return fail(ErrorCode::JobFailed, "The model gives NaN instead of log-likelihoods; it cannot be scored.");
}

protocol::FinishedEvent perplexities(double nats, std::int64_t tokens, std::int64_t bytes, std::int64_t words,
                                     std::int64_t window, std::int64_t stride) {
  const infer::TextMeasures measures = infer::textMeasures(nats, bytes, words);
  const double loss_nats = nats / static_cast<double>(tokens);
  protocol::FinishedEvent finished;
  finished.summary = {
      {"token_perplexity", std::exp(loss_nats)},    {"loss_nats", loss_nats},
      {"word_perplexity", measures.wordPerplexity}, {"byte_perplexity", measures.bytePerplexity},
      {"bits_per_byte", measures.bitsPerByte},      {"tokens", static_cast<double>(tokens)},
      {"words", static_cast<double>(words)},        {"bytes", static_cast<double>(bytes)},
      {"window", static_cast<double>(window)},      {"stride", static_cast<double>(stride > 0 ? stride : window)}};
  return finished;
}

Result<protocol::FinishedEvent> scoreText(JobContext& context, Evaluation& evaluation) {
  ScoredText text;
  if (evaluation.files.empty()) {
    const config::TrainConfig& train = evaluation.model.loaded.config.train;
    if (train.steps == 0 && train.initFrom.empty()) {
      return fail(ErrorCode::InvalidInput,
                  "This model was not trained here and has no held-out split of its own; name a text to score it on.");
    }
    WEFT_ASSIGN(const data::Dataset dataset, prepareData(context, evaluation.model.loaded.config.data));
    WEFT_ASSIGN(const data::TokenShard shard, data::TokenShard::open(dataset.validShard));
    text = {readIds(shard, 0), dataset.validBytes, dataset.validWords};
  } else {
    WEFT_ASSIGN(const std::shared_ptr<const data::Tokenizer> tokenizer, evaluation.tokenizer());
    WEFT_ASSIGN(text, readText(context, evaluation.files, *tokenizer));
  }
  if (text.ids.size() < 2)
    return fail(ErrorCode::InvalidInput,
                fmt::format("The text has {} token(s), too few for a perplexity; it takes 2.", text.ids.size()));
  WEFT_TRY(checkIds(text.ids, evaluation.decoder().spec().shape.vocabulary));
  ProgressReporter report(context);
  const infer::PerplexityOptions options{.window = evaluation.window,
                                         .stride = evaluation.stride,
                                         .tokens = evaluation.tokens,
                                         .batch = evaluation.batch(),
                                         .caches = evaluation.caches()};
  const infer::Perplexity result = infer::perplexity(evaluation.decoder(), text.ids, options,
                                                     [&](double fraction) { report("evaluating", fraction); });
  WEFT_TRY(checkNumber(result.loss_nats));
  // When only a part was scored, bytes and words are taken in proportion.
  const double part = static_cast<double>(result.tokens) / static_cast<double>(text.ids.size() - 1);
  const auto bytes = std::llround(part * static_cast<double>(text.bytes)),
             words = std::llround(part * static_cast<double>(text.words));
  return perplexities(result.loss_nats * static_cast<double>(result.tokens), result.tokens, bytes, words,
                      options.window, options.stride);
}

Result<protocol::FinishedEvent> scoreWikitext(JobContext& context, Evaluation& evaluation) {
  WEFT_ASSIGN(const std::shared_ptr<const data::Tokenizer> tokenizer, evaluation.tokenizer());
  const std::optional<data::TokenId> start = data::startOfText(*tokenizer);
  if (!start)
    return fail(ErrorCode::InvalidInput, "The tokenizer " + tokenizer->name() +
                                             " has no token that stands before a text, which this task needs.");
  std::vector<infer::LikelihoodRequest> requests;
  std::int64_t words = 0, bytes = 0, pages = 0, tokens = 0;
  for (const std::string& file : evaluation.files) {
    WEFT_ASSIGN(const std::vector<data::WikitextPage> read, data::readWikitext(file));
    for (const data::WikitextPage& page : read) {
      if (evaluation.limit > 0 && pages == evaluation.limit) break;
      const std::vector<std::int64_t> ids = wide(data::encodeWithPrefix(*tokenizer, page.text));
      WEFT_TRY(checkIds(ids, evaluation.decoder().spec().shape.vocabulary));
      for (infer::LikelihoodRequest& request :
           infer::rollingRequests(ids, *start, evaluation.window, evaluation.stride)) {
        requests.push_back(std::move(request));
      }
      words += page.words;
      bytes += page.bytes;
      tokens += static_cast<std::int64_t>(ids.size());
      ++pages;
    }
  }
  ProgressReporter report(context);
  double nats = 0;
  for (const infer::Likelihood& one :
       infer::logLikelihoods(evaluation.decoder(), requests, evaluation.likelihoodOptions(),
                             [&](double fraction) { report("evaluating", fraction); })) {
    nats -= one.logLikelihood_nats;
  }
  WEFT_TRY(checkNumber(nats));
  protocol::FinishedEvent finished = perplexities(nats, tokens, bytes, words, evaluation.window, evaluation.stride);
  finished.summary["pages"] = static_cast<double>(pages);
  return finished;
}

// One line an item: its choices with what they got.
std::string sampleLine(const data::ChoiceItem& item, const infer::Likelihood* likelihoods) {
  json choices = json::array();
  for (std::size_t i = 0; i < item.choices.size(); ++i) {
    choices.push_back({{"context", item.choices[i].context},
                       {"continuation", item.choices[i].continuation},
                       {"log_likelihood", likelihoods[i].logLikelihood_nats},
                       {"is_greedy", likelihoods[i].isGreedy}});
  }
  return json{{"item", item.where}, {"answer", item.answer}, {"choices", std::move(choices)}}.dump(
             -1, ' ', false, json::error_handler_t::replace) +
         "\n";
}

void addAccuracy(protocol::FinishedEvent& finished, const std::string& name, const infer::Accuracy& accuracy) {
  finished.summary[name] = accuracy.value;
  if (std::isfinite(accuracy.standardError)) finished.summary[name + "_stderr"] = accuracy.standardError;
}

Result<protocol::FinishedEvent> scoreChoices(JobContext& context, Evaluation& evaluation,
                                             const data::ChoiceTask& task) {
  WEFT_ASSIGN(const std::shared_ptr<const data::Tokenizer> tokenizer, evaluation.tokenizer());
  std::vector<data::ChoiceItem> items;
  for (const std::string& file : evaluation.files) {
    const std::int64_t left = evaluation.limit > 0 ? evaluation.limit - static_cast<std::int64_t>(items.size()) : 0;
    if (evaluation.limit > 0 && left == 0) break;
    WEFT_ASSIGN(std::vector<data::ChoiceItem> read, data::readChoiceItems(task, file, left));
    std::move(read.begin(), read.end(), std::back_inserter(items));
  }
  std::vector<infer::LikelihoodRequest> requests;
  for (const data::ChoiceItem& item : items) {
    for (const data::Choice& choice : item.choices) {
      const Result<data::EncodedPair> pair = data::encodePair(*tokenizer, choice.context, choice.continuation);
      if (!pair) return fail(pair.error().code, item.where + ": " + pair.error().message);
      if (static_cast<std::int64_t>(pair->continuation.size()) > evaluation.window) {
        return fail(ErrorCode::InvalidInput,
                    fmt::format("{}: an answer of {} tokens does not fit a window of {}; take a larger window.",
                                item.where, pair->continuation.size(), evaluation.window));
      }
      requests.push_back({.context = wide(pair->context), .continuation = wide(pair->continuation)});
      WEFT_TRY(checkIds(requests.back().context, evaluation.decoder().spec().shape.vocabulary));
      WEFT_TRY(checkIds(requests.back().continuation, evaluation.decoder().spec().shape.vocabulary));
    }
  }
  ProgressReporter report(context);
  const std::vector<infer::Likelihood> likelihoods =
      infer::logLikelihoods(evaluation.decoder(), requests, evaluation.likelihoodOptions(),
                            [&](double fraction) { report("evaluating", fraction); });
  for (const infer::Likelihood& one : likelihoods) WEFT_TRY(checkNumber(one.logLikelihood_nats));
  std::vector<infer::ScoredItem> scored;
  std::string samples;
  std::size_t next = 0;
  for (const data::ChoiceItem& item : items) {
    samples += evaluation.out.empty() ? "" : sampleLine(item, likelihoods.data() + next);
    infer::ScoredItem one{.answer = item.answer};
    for (const data::Choice& choice : item.choices) {
      one.logLikelihoods.push_back(likelihoods[next++].logLikelihood_nats);
      one.characters.push_back(static_cast<double>(choice.characters));
    }
    scored.push_back(std::move(one));
  }
  if (!evaluation.out.empty()) WEFT_TRY(writeFileAtomically(evaluation.out, samples));
  const infer::ChoiceAccuracy accuracy = infer::choiceAccuracy(scored);
  protocol::FinishedEvent finished;
  addAccuracy(finished, "acc", accuracy.plain);
  if (task.hasNormalized) addAccuracy(finished, "acc_norm", accuracy.normalized);
  finished.summary["items"] = static_cast<double>(items.size());
  finished.summary["window"] = static_cast<double>(evaluation.window);
  return finished;
}

}  // namespace

Result<protocol::FinishedEvent> run(JobContext& context, const protocol::EvaluateJob& job) {
  const std::string& name = job.task;
  const data::ChoiceTask* choices = data::findChoiceTask(name);
  if (!name.empty() && name != data::kWikitextTask && !choices) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("There is no task '{}'; the tasks are {}.", name, join(data::taskNames(), ", ")));
  }
  WEFT_ASSIGN(Evaluation evaluation, setUpEvaluation(context, job));
  if (name.empty()) return scoreText(context, evaluation);
  if (evaluation.files.empty()) return fail(ErrorCode::InvalidInput, "The task " + name + " needs its file.");
  WEFT_ASSIGN(protocol::FinishedEvent finished,
              choices ? scoreChoices(context, evaluation, *choices) : scoreWikitext(context, evaluation));
  finished.texts["task"] = name;
  return finished;
}

}  // namespace weft::worker
