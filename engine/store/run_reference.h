// engine/store/run_reference.h -- the runs that somebody means by a number, a name or a label as run_labels.h writes
// it. RunStore::findRun is defined here too: the one answer to "which run?" that every face gives.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/store/run_store.h"

namespace weft::store {

// As RunStore::findRun, but a name that several runs bear means all of them that are not archived, oldest first: for
// comparisons, where the seeds of a configuration are one name. A label that fits several is still a question.
[[nodiscard]] Result<std::vector<RunSummary>> findRunsMeant(RunStore& store, const std::string& text);

}  // namespace weft::store
