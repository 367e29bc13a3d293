#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <map>
#include <optional>

#include "engine/base/text.h"
#include "engine/config/training_request.h"
#include "engine/config/vocabulary.h"
#include "engine/data/token_shard.h"
#include "engine/device/device.h"
#include "engine/infer/perplexity.h"
#include "engine/protocol/metrics.h"
#include "engine/service/local_executor.h"
#include "engine/sharing/device_model.h"
#include "engine/sharing/generators.h"
#include "engine/sharing/map_text.h"
#include "engine/worker/jobs.h"
#include "engine/worker/model_setup.h"
#include "engine/worker/progress.h"

namespace weft::worker {

namespace {

// However training ends, even by an exception: the step that it ended at is in the context.
struct StepKeeper {
  JobContext& context;
  const train::Trainer& trainer;
  ~StepKeeper() { context.step = trainer.state().step; }
};

// Dense FLOP/s of a known GPU, for MFU; a CPU's is not known.
std::optional<double> peakOf(const Machine& machine) {
  if (!machine.device.is_cuda()) return std::nullopt;
  const std::optional<sharing::DeviceModel> model = sharing::deviceModelOf(service::localGpuModel());
  if (!model) return std::nullopt;
  return model->flopsPerSecond(device::elementType(machine.type));
}

// One training with what it needs to evaluate and measure itself.
class TrainingJob {
 public:
  TrainingJob(JobContext& context, int attempt) : m_context(context), m_attempt(attempt) {}

  Result<protocol::FinishedEvent> run() {
    WEFT_TRY(setUp());
    if (m_config.train.steps == 0) {
      WEFT_TRY(readInitialWeights());
      WEFT_ASSIGN(const double perplexity, evaluate(0, OnWish::Interrupt));
      return finish("completed", {.perplexity = perplexity});
    }
    WEFT_ASSIGN(data::TokenShard shard, data::TokenShard::open(m_data.trainShard));
    WEFT_ASSIGN(const std::unique_ptr<train::Trainer> trainer,
                train::Trainer::create(*m_decoder, m_config, std::move(shard), checkpoints()));
    WEFT_TRY(begin(*trainer));
    sayTraining(trainer->state());
    const StepKeeper keeper{m_context, *trainer};
    WEFT_ASSIGN(const train::Outcome outcome, trainer->run(hooks(), m_context.wish));
    if (outcome == train::Outcome::Stopped) return finish("stopped", trainer->state());
    if (outcome == train::Outcome::Paused) return finish("paused", trainer->state());
    return finish("completed", trainer->state());
  }

 private:
  std::filesystem::path checkpoints() const { return m_context.folder / "checkpoints"; }

  Result<void> setUp() {
    WEFT_ASSIGN(m_config, config::loadRunConfig(m_context.folder / "config.toml"));
    WEFT_TRY(config::validate(m_config));
    WEFT_ASSIGN(m_machine, setUpMachine(m_context, m_config.device));
    WEFT_ASSIGN(m_caches, nn::CacheFactory::create(m_config.cache.plugin, m_config.cache.dtype));
    WEFT_ASSIGN(m_data, prepareData(m_context, m_config.data));
    WEFT_ASSIGN(m_config.model.vocabulary,
                config::vocabularyFor(m_config.model.vocabulary, m_config.data.tokenizer, m_data.vocabularySize));
    WEFT_ASSIGN(const sharing::SharingMap map, config::sharingMap(m_config.model));
    WEFT_ASSIGN(m_decoder, nn::Decoder::create(nn::decoderSpec(m_config.model, map),
                                               static_cast<std::uint64_t>(m_config.train.seed), m_machine.device));
    m_decoder->setComputeType(m_machine.type);
    WEFT_ASSIGN(const data::TokenShard held, data::TokenShard::open(m_data.validShard));
    sayWhatIsTrained(map, held);
    m_heldOut = readIds(held, m_config.evaluation.tokens > 0 ? m_config.evaluation.tokens + 1 : 0);
    m_bytesPerToken =
        static_cast<double>(m_data.validBytes) / static_cast<double>(std::max<std::int64_t>(1, m_data.validTokens));
    return {};
  }

  // What the curves do not say: data, tokens, tokenizer, model, and what the memory model predicts.
  void sayWhatIsTrained(const sharing::SharingMap& map, const data::TokenShard& held) {
    const config::DataConfig& data = m_config.data;
    const std::string source =
        data.source == "synthetic" ? fmt::format("the built-in corpus, seed {}", data.syntheticSeed)
        : data.files.size() == 1   ? data.files.front()
                                   : fmt::format("{} and {} more files", data.files.front(), data.files.size() - 1);
    m_context.log.say(fmt::format("Data: {}; data set {}.", source, m_data.fingerprint));
    m_context.log.say(fmt::format("Tokenizer: {}, {} ids, hash {}.", m_data.tokenizerName,
                                  groupDigits(m_data.vocabularySize), m_data.tokenizerFingerprint));
    const Result<data::TokenShard> trained = data::TokenShard::open(m_data.trainShard);
    m_context.log.say(fmt::format("Tokens: {} to train on (xxh3 {:016x}), {} held out (xxh3 {:016x}).",
                                  groupDigits(m_data.trainTokens), trained ? trained->hash() : 0,
                                  groupDigits(m_data.validTokens), held.hash()));
    const sharing::ModelShape shape = config::shapeOf(m_config.model);
    const sharing::ElementType kept =
        device::elementType(m_config.cache.plugin.empty() ? m_caches.storedType(m_machine.type) : m_machine.type);
    const auto cost = sharing::cost(shape, map, {.cacheType = kept, .context = m_config.train.sequenceLength});
    if (const auto peak = peakOf(m_machine); peak && cost) m_peakTokensPerSecond = *peak / cost->flops.train;
    const std::string pattern = sharing::describeGenerator(map);
    m_context.log.say(fmt::format("Model: {} parameters, {} layers, map {}{}; {} KV bytes per token in {}{}.",
                                  groupDigits(m_decoder->parameterCount()), shape.layers, sharing::toText(map),
                                  pattern.empty() ? "" : " (" + pattern + ")",
                                  cost ? groupDigits(cost->kv.bytesPerToken) : "unknown", sharing::toString(kept),
                                  m_config.cache.plugin.empty() ? "" : " before the cache " + m_config.cache.plugin));
    sharing::TrainingRequest request = config::trainingRequest(m_config.train, device::elementType(m_machine.type));
    request.attention = sharing::trainingAttention(map, request.computeType, device::processor(m_machine.device));
    const auto memory = sharing::trainingMemory(shape, map, request);
    if (!memory || m_config.train.steps == 0) return;
    const auto bytes = [](std::int64_t count) { return formatBytes(static_cast<double>(count)); };
    m_context.log.say(
        fmt::format("Predicted memory of a training step: {} at least ({} parameters, gradients and moments, {} "
                    "activations, {} workspace), {} x {} tokens at once.",
                    bytes(memory->peak()), bytes(memory->resident()), bytes(memory->activations.total()),
                    bytes(memory->workspace), groupDigits(request.microBatch), groupDigits(request.sequence)));
  }

  void sayTraining(const train::TrainingState& state) const {
    const config::TrainConfig& train = m_config.train;
    const std::string from = state.step == 0 ? "Trains" : fmt::format("Goes on from step {}", groupDigits(state.step));
    m_context.log.say(fmt::format("{} to step {}, {} sequences of {} tokens a step, seed {}.", from,
                                  groupDigits(train.steps), groupDigits(train.batchSequences),
                                  groupDigits(train.sequenceLength), train.seed));
  }

  Result<void> readInitialWeights() {
    if (m_config.train.initFrom.empty()) return {};
    return nn::loadWeights(m_config.train.initFrom, *m_decoder);
  }

  // From the newest checkpoint of an earlier attempt, else from the start.
  Result<void> begin(train::Trainer& trainer) {
    if (m_attempt <= 1) return readInitialWeights();
    WEFT_ASSIGN(const train::Resumed resumed, trainer.resume());
    const std::int64_t step = trainer.state().step;
    for (const Error& refused : resumed.refused) {
      m_context.events.write(protocol::AlertEvent{
          .step = step, .message = fmt::format("{} The run continues from step {} instead.", refused.message, step)});
    }
    if (resumed.found) return {};
    m_context.events.write(
        protocol::AlertEvent{.message = "There was no checkpoint to continue from: the run begins again at step 0."});
    return readInitialWeights();
  }

  train::TrainerHooks hooks() {
    train::TrainerHooks hooks;
    hooks.onStep = [this](const train::StepReport& report) { onStep(report); };
    hooks.onWarning = [this](const train::Warning& warning, std::int64_t step) {
      m_context.events.write(protocol::AlertEvent{.step = step, .message = warning.sentence});
    };
    // A checkpoint follows a wish to stop, and a resumed run would miss the evaluation: so it is finished first.
    hooks.evaluate = [this](std::int64_t step) { return evaluate(step, OnWish::GoOn); };
    hooks.onCheckpoint = [this](const train::SavedCheckpoint& saved, const train::TrainingState& state) {
      m_context.events.write(
          protocol::CheckpointEvent{.step = state.step,
                                    .path = std::filesystem::relative(saved.folder, m_context.folder).string(),
                                    .bytes = saved.bytes});
      m_context.events.sync();
    };
    return hooks;
  }

  std::map<std::string, double> valuesOf(const train::StepReport& report) const {
    std::map<std::string, double> values{{protocol::kTrainLoss, report.loss_nats},
                                         {protocol::kLearningRate, report.learningRate},
                                         {protocol::kGradientNorm, report.gradientNorm},
                                         {protocol::kTokensPerSecond, report.tokensPerSecond},
                                         {protocol::kStepTime, report.stepTime_s}};
    if (m_peakTokensPerSecond > 0) values[protocol::kMfu] = report.tokensPerSecond / m_peakTokensPerSecond;
    const device::MemoryReading memory = device::readMemory(m_machine.device);
    if (const auto bytes = memory.reserved ? memory.reserved : memory.device)
      values[protocol::kMemory] = static_cast<double>(*bytes);
    return values;
  }

  void onStep(const train::StepReport& report) {
    using Clock = std::chrono::steady_clock;
    m_context.events.write(
        protocol::MetricEvent{.step = report.step, .tokens = report.tokens, .values = valuesOf(report)});
    // Twice a second is enough for a progress bar.
    if (Clock::now() - m_lastProgress < std::chrono::milliseconds(500) && report.step != m_config.train.steps) return;
    m_lastProgress = Clock::now();
    const double stepTime_s = static_cast<double>(m_config.train.batchSequences * m_config.train.sequenceLength) /
                              std::max(1e-9, report.tokensPerSecond);
    m_context.events.write(protocol::ProgressEvent{
        .phase = "training",
        .done = static_cast<double>(report.step),
        .total = static_cast<double>(m_config.train.steps),
        .heartbeat_s = std::max(30.0, 20 * stepTime_s * static_cast<double>(m_config.train.logEvery))});
  }

  // Perplexity of the held-out split; through the run's cache if that changes what is read, so that its error counts.
  Result<double> evaluate(std::int64_t step, OnWish onWish) {
    ProgressReporter report(m_context, onWish);
    const infer::PerplexityOptions options{.window = m_config.train.sequenceLength,
                                           .batch = m_config.evaluation.batchSequences,
                                           .caches = m_caches.changesValues(m_machine.type) ? &m_caches : nullptr};
    const infer::Perplexity result = infer::perplexity(*m_decoder, m_heldOut, options, [&](double fraction) {
      // Amid a training what counts is how far that is.
      const bool isTraining = m_config.train.steps > 0;
      report("evaluating", isTraining ? static_cast<double>(step) : fraction,
             isTraining ? static_cast<double>(m_config.train.steps) : 1);
    });
    const double bytes = m_bytesPerToken * static_cast<double>(result.tokens);
    protocol::EvaluationEvent event{
        .step = step, .loss_nats = result.loss_nats, .perplexity = result.perplexity, .tokens = result.tokens};
    event.values = {{"unigram_perplexity", m_data.unigramPerplexity},
                    {"bits_per_byte",
                     infer::textMeasures(result.loss_nats * static_cast<double>(result.tokens), std::llround(bytes), 0)
                         .bitsPerByte}};
    if (m_data.entropyFloor_nats) event.values["entropy_floor_nats"] = *m_data.entropyFloor_nats;
    m_context.events.write(event);
    return result.perplexity;
  }

  Result<protocol::FinishedEvent> finish(const std::string& outcome, const train::TrainingState& state) {
    if (outcome == "completed") {
      const std::int64_t context =
          m_config.cache.measureContext > 0 ? m_config.cache.measureContext : m_config.train.sequenceLength;
      m_context.events.write(protocol::ProgressEvent{.phase = "measuring KV memory", .done = 1, .total = 1});
      const infer::KvMemory memory =
          infer::measureKvMemory(*m_decoder, m_caches, {.batch = m_config.cache.measureBatch, .context = context});
      m_context.events.write(kvMemoryEvent(memory, m_config.cache.plugin, m_caches.storedType(m_machine.type)));
    }
    protocol::FinishedEvent finished{.outcome = outcome};
    finished.summary = {{"step", static_cast<double>(state.step)},
                        {"tokens", static_cast<double>(state.tokens)},
                        {"parameters", static_cast<double>(m_decoder->parameterCount())}};
    if (state.perplexity) finished.summary["perplexity"] = *state.perplexity;
    return finished;
  }

  JobContext& m_context;
  int m_attempt;
  config::RunConfig m_config;
  Machine m_machine;
  nn::CacheFactory m_caches;
  data::Dataset m_data;
  std::unique_ptr<nn::Decoder> m_decoder;
  std::vector<std::int64_t> m_heldOut;
  double m_bytesPerToken = 1;
  double m_peakTokensPerSecond = 0;  // at all FLOP/s that the device has; 0: not known
  std::chrono::steady_clock::time_point m_lastProgress;
};

}  // namespace

Result<protocol::FinishedEvent> run(JobContext& context, const protocol::TrainJob& job) {
  return TrainingJob(context, job.attempt).run();
}

}  // namespace weft::worker
