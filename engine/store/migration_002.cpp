#include "engine/store/migration_002.h"

#include <string>
#include <vector>

#include "engine/config/run_config.h"
#include "engine/store/configuration_key.h"
#include "engine/store/kv_type.h"
#include "engine/store/run_values.h"

namespace weft::store {

namespace {

// What kvTypeOf() reads of a run, by this schema's own columns: later ones may have others.
RunSummary shapeOf(const SQLite::Statement& row) {
  RunSummary run;
  run.id = RunId{row.getColumn(0).getInt64()};
  run.map = row.getColumn(2).getString();
  run.cache = row.getColumn(3).getString();
  run.layers = row.getColumn(4).getInt();
  run.queryHeads = row.getColumn(5).getInt();
  run.kvHeads = row.getColumn(6).getInt();
  run.headWidth = row.getColumn(7).getInt();
  run.hidden = row.getColumn(8).getInt64();
  run.kvBytesPerToken = row.getColumn(9).getDouble();
  return run;
}

}  // namespace

void completeSchema002(SQLite::Database& connection) {
  // In the order of their numbers: the run whose weights another starts from has its key first.
  SQLite::Statement runs(connection,
                         "SELECT id, config, map, cache, layers, query_heads, kv_heads, head_width, hidden, "
                         "kv_bytes_per_token FROM run ORDER BY id");
  SQLite::Statement setKeys(connection, "UPDATE run SET configuration_key = ?, text_key = ?, kv_type = ? WHERE id = ?");
  SQLite::Statement setDevice(connection, "UPDATE job SET device = ? WHERE run = ?");
  while (runs.executeStep()) {
    const RunSummary run = shapeOf(runs);
    const std::string toml = runs.getColumn(1).getString();
    const ConfigurationKeys keys = configurationKeys(connection, toml);
    setKeys.bind(1, keys.configuration);
    setKeys.bind(2, keys.text);
    setKeys.bind(3, kvTypeOf(run));
    setKeys.bind(4, run.id.value);
    setKeys.exec();
    setKeys.reset();
    const Result<config::RunConfig> config = config::parseRunConfig(toml, "config.toml");
    setDevice.bind(1, config ? config->device.device : std::string("auto"));
    setDevice.bind(2, run.id.value);
    setDevice.exec();
    setDevice.reset();
  }
  rebuildValues(connection, RunId{});
}

}  // namespace weft::store
