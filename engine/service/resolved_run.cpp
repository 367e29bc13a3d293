#include "engine/service/resolved_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>

#include "engine/base/text.h"
#include "engine/config/training_request.h"
#include "engine/config/vocabulary.h"
#include "engine/data/byte_tokenizer.h"
#include "engine/data/tokenizer.h"
#include "engine/service/local_executor.h"
#include "engine/sharing/map_text.h"

namespace weft::service {

namespace {

using sharing::ElementType;

Result<std::int64_t> vocabularyOf(const config::DataConfig& data, const Surroundings& surroundings) {
  if (data.tokenizer == "byte") return data::ByteTokenizer().vocabularySize();
  if (surroundings.tokenizerVocabulary) return *surroundings.tokenizerVocabulary;
  WEFT_ASSIGN(const auto tokenizer, data::openTokenizer(data.tokenizer));
  return tokenizer->vocabularySize();
}

}  // namespace

std::string ResolvedRun::tokenizerWords() const {
  if (config.model.vocabulary != tokenizerVocabulary) return "a vocabulary of " + groupDigits(config.model.vocabulary);
  if (config.data.tokenizer == "byte") return fmt::format("the byte tokenizer's {} ids", tokenizerVocabulary);
  return fmt::format("this tokenizer's {} ids", groupDigits(tokenizerVocabulary));
}

Result<RunTypes> typesOf(const config::RunConfig& config, const std::vector<Lane>& lanes) {
  RunTypes types;
  const bool hasGpu = !lanes.empty() && lanes.front() != "cpu";
  types.isOnCpu = config.device.device == "cpu" || (config.device.device == "auto" && !hasGpu);
  const auto resolved = [&](const std::string& name) -> Result<ElementType> {
    if (name == "auto") return types.isOnCpu ? ElementType::Float32 : ElementType::BFloat16;
    return sharing::parseElementType(name);
  };
  WEFT_ASSIGN(types.compute, resolved(config.device.dtype));
  WEFT_ASSIGN(types.cache, resolved(config.cache.dtype == "model" ? config.device.dtype : config.cache.dtype));
  return types;
}

const char* deviceWords(const RunTypes& types) { return types.isOnCpu ? "this CPU" : "a CUDA device"; }

std::string bytesPerTokenWords(const sharing::ModelShape& shape, const sharing::SharingMap& map, ElementType asked,
                               const RunTypes& here) {
  const auto drawn = sharing::cost(shape, map, {.cacheType = asked, .context = 1}),
             run = sharing::cost(shape, map, {.cacheType = here.cache, .context = 1});
  if (!drawn || !run) return {};
  const std::string first = fmt::format("{} B in {}", groupDigits(drawn->kv.bytesPerToken), sharing::toString(asked));
  if (asked == here.cache) return fmt::format("{}, as on {}", first, deviceWords(here));
  return fmt::format("{}, {} B in {} on {}", first, groupDigits(run->kv.bytesPerToken), sharing::toString(here.cache),
                     deviceWords(here));
}

Result<ResolvedRun> resolveRun(const config::RunConfig& config, const Surroundings& surroundings) {
  WEFT_TRY(config::validate(config));
  ResolvedRun run;
  run.config = config;
  WEFT_ASSIGN(run.tokenizerVocabulary, vocabularyOf(config.data, surroundings));
  WEFT_ASSIGN(run.config.model.vocabulary,
              config::vocabularyFor(config.model.vocabulary, config.data.tokenizer, run.tokenizerVocabulary));
  WEFT_ASSIGN(run.map, config::sharingMap(run.config.model));
  run.config.model.sharing = sharing::toText(run.map);
  run.shape = config::shapeOf(run.config.model);
  WEFT_ASSIGN(run.types, typesOf(config, surroundings.lanes.empty() ? localLanes() : surroundings.lanes));
  WEFT_ASSIGN(run.cost, sharing::cost(run.shape, run.map,
                                      {.cacheType = run.types.cache, .context = config.train.sequenceLength}));
  return run;
}

sharing::TrainingRequest trainingRequestOf(const ResolvedRun& run) {
  sharing::TrainingRequest request = config::trainingRequest(run.config.train, run.types.compute);
  request.attention = sharing::trainingAttention(
      run.map, request.computeType, run.types.isOnCpu ? sharing::Processor::Cpu : sharing::Processor::Cuda);
  return request;
}

}  // namespace weft::service
