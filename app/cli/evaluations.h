// app/cli/evaluations.h -- evaluations of runs (texts, WikiText, multiple-choice tasks) as JSON and as a table, the
// same for eval, show and compare.
#pragma once

#include <string>
#include <vector>

#include "app/cli/output.h"
#include "engine/store/run_store.h"

namespace weft::cli {

struct EvaluatedRun {
  std::string name;  // "" where there is only one
  std::vector<store::Evaluation> evaluations;
};

// task, data, step, and every value that was found.
Json evaluationJson(const store::Evaluation& evaluation);
// Rows of one task and data stand together; "" where there is nothing.
std::string evaluationTable(const std::vector<EvaluatedRun>& runs);

}  // namespace weft::cli
