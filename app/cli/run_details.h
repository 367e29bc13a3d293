// app/cli/run_details.h -- everything that the store knows of a run: what `weft show` prints, and what every verb that
// changes a run answers with --json.
#pragma once

#include <string>
#include <vector>

#include "app/cli/output.h"
#include "engine/base/result.h"
#include "engine/store/run_store.h"

namespace weft::cli {

struct RunDetails {
  store::RunSummary run;
  std::string toml;
  std::vector<store::Evaluation> evaluations;
  std::vector<store::Measurement> measurements;
  std::vector<store::Checkpoint> checkpoints;
  std::vector<store::Attempt> attempts;
};

[[nodiscard]] Result<RunDetails> readDetails(store::RunStore& store, store::RunSummary run);
Json detailsJson(const RunDetails& details);
// One object a run, as `weft show --json` has it, as the store knows them now.
[[nodiscard]] Result<Json> shownJson(store::RunStore& store, const std::vector<store::RunId>& ids);

}  // namespace weft::cli
