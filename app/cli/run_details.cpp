#include "app/cli/run_details.h"

#include <utility>

#include "app/cli/run_table.h"
#include "engine/config/run_config.h"

namespace weft::cli {

namespace {

Json configJson(const std::string& toml) {
  Json fields = Json::object();
  if (const Result<config::RunConfig> config = config::parseRunConfig(toml, "config.toml")) {
    for (const auto& [key, value] : config::flatten(*config)) fields[key] = value;
  }
  return fields;
}

}  // namespace

Result<RunDetails> readDetails(store::RunStore& store, store::RunSummary run) {
  RunDetails details;
  details.run = std::move(run);
  WEFT_ASSIGN(details.toml, store.configToml(details.run.id));
  WEFT_ASSIGN(details.evaluations, store.evaluations(details.run.id));
  WEFT_ASSIGN(details.measurements, store.measurements(details.run.id));
  WEFT_ASSIGN(details.checkpoints, store.checkpoints(details.run.id));
  WEFT_ASSIGN(details.attempts, store.attempts(details.run.id));
  return details;
}

Json detailsJson(const RunDetails& details) {
  Json value = runJson(details.run);
  value["config"] = configJson(details.toml);
  Json evaluations = Json::array(), measurements = Json::array(), checkpoints = Json::array(), attempts = Json::array();
  for (const store::Evaluation& one : details.evaluations) {
    evaluations.push_back({{"step", one.step},
                           {"split", one.split},
                           {"task", one.task},
                           {"loss_nats", one.loss_nats},
                           {"perplexity", one.perplexity},
                           {"tokens", one.tokens},
                           {"values", one.values}});
  }
  for (const store::Measurement& one : details.measurements)
    measurements.push_back({{"name", one.name}, {"values", one.values}, {"labels", one.labels}});
  for (const store::Checkpoint& one : details.checkpoints)
    checkpoints.push_back({{"step", one.step}, {"path", one.path}, {"bytes", one.bytes}});
  for (const store::Attempt& one : details.attempts) {
    attempts.push_back({{"number", one.number},
                        {"device", one.device},
                        {"torch", one.torch},
                        {"build", one.build},
                        {"outcome", one.outcome},
                        {"message", one.message},
                        {"started", one.started},
                        {"ended", one.ended}});
  }
  value["evaluations"] = std::move(evaluations);
  value["measurements"] = std::move(measurements);
  value["checkpoints"] = std::move(checkpoints);
  value["attempts"] = std::move(attempts);
  return value;
}

Result<Json> shownJson(store::RunStore& store, const std::vector<store::RunId>& ids) {
  Json list = Json::array();
  for (const store::RunId id : ids) {
    WEFT_ASSIGN(store::RunSummary run, store.run(id));
    WEFT_ASSIGN(const RunDetails details, readDetails(store, std::move(run)));
    list.push_back(detailsJson(details));
  }
  return list;
}

}  // namespace weft::cli
