// engine/store/run_reference.h -- the run that somebody means by a number, a name or a label as run_labels.h writes it.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/store/run_store.h"

namespace weft::store {

struct RunReference {
  RunSummary run;
  // Where the name alone does not say which: "3 runs are named MQA: MQA s1, MQA s2 and MQA s3. This is MQA s3, the
  // newest." Else empty.
  std::string remark;
};

// A number; else a name (the newest of that name); else "NAME s2", "NAME:s2", "NAME cla2 s2" or any words of the label
// that fit one run only. NotFound as RunStore::findRun; InvalidInput naming the runs if the words fit several.
[[nodiscard]] Result<RunReference> findRunReference(RunStore& store, const std::string& text);

// As above, but a name that several runs bear means all of them that are not archived, oldest first.
[[nodiscard]] Result<std::vector<RunSummary>> findRunsMeant(RunStore& store, const std::string& text);

}  // namespace weft::store
