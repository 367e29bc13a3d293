// engine/store/kv_type.h -- in what a stored run keeps K and V: two runs may only be compared by bytes with this beside
// them.
#pragma once

#include <string>
#include <vector>

#include "engine/store/run_store.h"

namespace weft::store {

// RunSummary::kvType of a run whose other fields are set: "float32", "16-bit" (float16 or bfloat16: the bytes are the
// same), "float64", or the name of the run's cache plugin. "" if its numbers do not say.
std::string kvTypeOf(const RunSummary& run);
// What runs have in common: "float32"; "float32 and 16-bit" where they differ.
std::string kvTypesOf(const std::vector<const RunSummary*>& runs);

}  // namespace weft::store
