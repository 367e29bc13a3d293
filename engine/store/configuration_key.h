// engine/store/configuration_key.h -- what makes runs comparable, as two short texts that a run keeps from its first
// moment (its configuration never changes): no reader parses a configuration to group 10,000 runs. Internal to
// engine/store.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>

#include "engine/store/run_store.h"

namespace weft::store {

// The first 128 bits of a hash, in hex, of:
//   configuration: every field of it but name, tags and train.seed (a field that came later only where it is set).
//     Weights that a run starts from count as the configuration of the run that made them and their step (the int8
//     twins of three seeds are one configuration, too);
//   text: what its perplexity is of, the fields of data and evaluation.tokens.
struct ConfigurationKeys {
  std::string configuration, text;  // "" both, if the configuration cannot be read
};
ConfigurationKeys configurationKeys(SQLite::Database& connection, const std::string& configToml);

}  // namespace weft::store
