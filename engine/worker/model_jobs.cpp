// The jobs that read a checkpoint: generate, logits.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/data/encoded_pair.h"
#include "engine/device/device.h"
#include "engine/infer/generate.h"
#include "engine/interchange/end_tokens.h"
#include "engine/nn/safetensors.h"
#include "engine/service/sampling.h"
#include "engine/worker/jobs.h"
#include "engine/worker/model_setup.h"
#include "engine/worker/progress.h"

namespace weft::worker {

Result<protocol::FinishedEvent> run(JobContext& context, const protocol::GenerateJob& job) {
  WEFT_TRY(service::checkSampling(job.temperature, job.topK));
  WEFT_ASSIGN(ReadyModel model, setUpModel(context, job));
  WEFT_TRY(checkWeights(*model.loaded.decoder));
  const std::string& named = model.loaded.config.data.tokenizer;
  std::shared_ptr<const data::Tokenizer> tokenizer;  // null: the model takes ids and gives ids
  if (named != config::kNoTokenizer || job.prompt) {
    WEFT_ASSIGN(tokenizer, data::openTokenizer(named));
  }
  std::vector<std::int64_t> prompt = job.ids;
  if (job.prompt) {
    for (const data::TokenId id : data::encodeWithPrefix(*tokenizer, *job.prompt)) prompt.push_back(id);
  }
  if (prompt.empty() && tokenizer && tokenizer->endOfText()) prompt.push_back(*tokenizer->endOfText());
  // The model's own ends; of one that names none, its tokenizer's.
  WEFT_ASSIGN(const auto ends, interchange::endTokensOfCheckpoint(job.model));
  std::vector<std::int64_t> stopTokens = ends.value_or(std::vector<std::int64_t>());
  if (stopTokens.empty() && tokenizer && tokenizer->endOfText()) stopTokens = {*tokenizer->endOfText()};
  const infer::GenerateOptions options{.tokens = job.tokens,
                                       .temperature = job.temperature,
                                       .topK = job.topK,
                                       .seed = static_cast<std::uint64_t>(job.seed),
                                       .stopTokens = std::move(stopTokens)};
  WEFT_TRY(checkIds(prompt, model.loaded.decoder->spec().shape.vocabulary));
  if (options.tokens < 1)
    return fail(ErrorCode::InvalidInput,
                fmt::format("{} tokens cannot be generated; ask for at least 1.", options.tokens));
  ProgressReporter report(context);
  std::int64_t count = 0;
  const infer::Generated made = infer::generate(
      *model.loaded.decoder, model.caches, prompt, options,
      [&](std::int64_t) { report("generating", static_cast<double>(++count) / static_cast<double>(options.tokens)); });
  std::vector<data::TokenId> ids(made.ids.begin(), made.ids.end());
  protocol::FinishedEvent finished;
  finished.summary = {{"kv_bytes", static_cast<double>(made.kvBytes)}, {"tokens", static_cast<double>(ids.size())}};
  finished.texts = {{"ids", nlohmann::json(ids).dump()}, {"text", tokenizer ? tokenizer->decode(ids) : ""}};
  return finished;
}

Result<protocol::FinishedEvent> run(JobContext& context, const protocol::LogitsJob& job) {
  WEFT_ASSIGN(ReadyModel model, setUpModel(context, job));
  WEFT_TRY(checkIds(job.ids, model.loaded.decoder->spec().shape.vocabulary));
  // Logits are for comparing: exact unless asked otherwise.
  if (job.dtype.empty()) model.loaded.decoder->setComputeType(torch::kFloat);
  const torch::NoGradGuard noGrad;
  const torch::Tensor ids_BT = torch::tensor(job.ids, torch::kLong).unsqueeze(0).to(model.machine.device);
  const torch::Tensor logits_TV = model.loaded.decoder->logits(ids_BT).squeeze(0).to(torch::kFloat).to(torch::kCPU);
  nn::TensorFile file;
  file.tensors.emplace_back("logits", logits_TV);
  WEFT_TRY(nn::writeSafetensors(job.out, file));
  protocol::FinishedEvent finished;
  finished.texts = {{"shape", nlohmann::json(logits_TV.sizes().vec()).dump()}, {"out", job.out}};
  return finished;
}

}  // namespace weft::worker
