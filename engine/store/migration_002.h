// engine/store/migration_002.h -- what 002.sql cannot say: keys and KV types of the runs that are there, the devices
// that their configurations ask for, and their values. Internal to engine/store.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

namespace weft::store {

// In the migration's transaction. A configuration that cannot be read leaves its run without keys.
void completeSchema002(SQLite::Database& connection);

}  // namespace weft::store
