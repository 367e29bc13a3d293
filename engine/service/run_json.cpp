// toJson: the stable keys of a run (DESIGN.md section 6).
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/service/client.h"
#include "engine/service/resolved_run.h"

namespace weft::service {

namespace {

using Json = nlohmann::ordered_json;

// JSON has no NaN; a run that diverged says so as text, as in events.jsonl.
Json number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  const bool isWhole = value == std::floor(value) && std::abs(value) < 9e15;
  return isWhole ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

Json number(const std::optional<double>& value) { return value ? number(*value) : Json(); }

}  // namespace

std::string toJson(const store::RunSummary& run) {
  const Json value{{"id", run.id.value},
                   {"name", run.name},
                   {"state", store::toString(run.state)},
                   {"failure", run.failure},
                   {"kind", run.kind},
                   {"map", run.map},
                   {"generator", run.generator},
                   {"cache", run.cache},
                   {"layers", run.layers},
                   {"hidden", run.hidden},
                   {"query_heads", run.queryHeads},
                   {"kv_heads", run.kvHeads},
                   {"head_width", run.headWidth},
                   {"parameters", run.parameters},
                   {"kv_bytes_per_token", number(run.kvBytesPerToken)},
                   {"kv_type", kvTypeOf(run)},
                   {"kv_bytes_per_token_measured", number(run.kvBytesPerTokenMeasured)},
                   {"perplexity", number(run.perplexity)},
                   {"best_perplexity", number(run.bestPerplexity)},
                   {"last_loss", number(run.lastLoss)},
                   {"best_loss", number(run.bestLoss)},
                   {"unigram_perplexity", number(run.unigramPerplexity)},
                   {"entropy_floor_nats", number(run.entropyFloor_nats)},
                   {"tokens_per_second", number(run.tokensPerSecond)},
                   {"seed", run.seed},
                   {"step", run.step},
                   {"steps", run.steps},
                   {"tokens", run.tokens},
                   {"progress", number(run.progress)},
                   {"phase", run.phase},
                   {"device", run.device},
                   {"attempt", run.attempt},
                   {"priority", run.priority},
                   {"tags", run.tags},
                   {"note", run.note},
                   {"starred", run.starred},
                   {"archived", run.archived},
                   {"baseline", run.baseline},
                   {"created", run.created},
                   {"started", run.started},
                   {"ended", run.ended}};
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weft::service
