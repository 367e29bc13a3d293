// tests/ui/scale_fixture.h -- projects of years in a second: the runs of a small project copied in SQL, and curves of
// any length.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <QString>
#include <string>
#include <vector>

#include "tests/ui/window_fixture.h"

namespace weft::ui::test {

// The columns of a table without those of `leaveOut`, as the schema has them: "name, kind, state".
inline std::string columnsOf(SQLite::Database& database, const std::string& table, const std::string& leaveOut) {
  SQLite::Statement info(database, "PRAGMA table_info(" + table + ")");
  std::string columns;
  while (info.executeStep()) {
    const std::string name = info.getColumn(1).getString();
    if (name != leaveOut && !(name == "id" && table != "run")) columns += ", \"" + name + "\"";
  }
  return columns;
}

// Every run `copies` times in all, with what is stored of it: its curves, evaluations and measurements. Each copy has a
// seed of its own.
inline void copyRuns(const TestProject& project, int copies) {
  SQLite::Database database(project.project().database(), SQLite::OPEN_READWRITE);
  database.exec("PRAGMA synchronous = OFF");
  SQLite::Transaction transaction(database);
  const std::int64_t base = database.execAndGet("SELECT max(id) FROM run").getInt64();
  const std::string numbers =
      "WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < " + std::to_string(copies - 1) + ") ";
  for (const auto& [table, key] : std::vector<std::pair<std::string, std::string>>{{"run", "id"},
                                                                                   {"run_summary", "run"},
                                                                                   {"run_value", "run"},
                                                                                   {"job", "run"},
                                                                                   {"metric", "run"},
                                                                                   {"evaluation", "run"},
                                                                                   {"measurement", "run"}}) {
    const std::string rest = columnsOf(database, table, key);
    database.exec(numbers + "INSERT INTO " + table + " (" + key + rest + ") SELECT " + key + " + n.k * " +
                  std::to_string(base) + rest + " FROM n JOIN " + table + " ORDER BY 1");
  }
  database.exec("UPDATE run SET baseline = 0, seed = 1 + (id - 1) / " + std::to_string(base) + " WHERE id > " +
                std::to_string(base));
  transaction.commit();
}

// Gives the runs of `where` (an SQL condition on run) curves of `points` points of a noisy, falling loss and of two
// more metrics, a point a step.
inline void stretchCurves(const TestProject& project, const std::string& where, std::int64_t points) {
  SQLite::Database database(project.project().database(), SQLite::OPEN_READWRITE);
  database.exec("PRAGMA synchronous = OFF");
  SQLite::Transaction transaction(database);
  const std::string count = std::to_string(points);
  database.exec(
      "INSERT OR IGNORE INTO metric_name (name) VALUES ('train/loss'), ('train/learning_rate'), "
      "('train/gradient_norm')");
  database.exec("DELETE FROM metric WHERE run IN (SELECT id FROM run WHERE " + where + ")");
  database.exec("WITH RECURSIVE s (step) AS (SELECT 1 UNION ALL SELECT step + 1 FROM s WHERE step < " + count +
                ") INSERT INTO metric (run, metric, step, value, time) "
                "SELECT run.id, metric_name.id, step, "
                // Noise that is the same everywhere: the low bits of a product.
                "2.5 + 0.02 * run.id + 4.0 / (1 + 20.0 * step / " +
                count +
                ") + ((step * 2654435761 + run.id * 40503) % 1000) / 2500.0, 1790000000.0 + step "
                "FROM run JOIN metric_name JOIN s WHERE metric_name.name IN ('train/loss', 'train/learning_rate', "
                "'train/gradient_norm') AND run.id IN "
                "(SELECT id FROM run WHERE " +
                where + ") ORDER BY 1, 2, 3");
  database.exec("UPDATE run SET steps = " + count + " WHERE " + where);
  database.exec("UPDATE run_summary SET step = " + count + ", tokens = 2048 * " + count +
                " WHERE run IN (SELECT id FROM run WHERE " + where + ")");
  transaction.commit();
}

// The four configurations of the demo, finished.
inline void fillWithDemo(TestProject& project) {
  const auto add = [&](const char* name, const char* generator, int kvHeads, int headWidth, double bytes,
                       double perplexity) {
    project.addFinished({.name = name,
                         .generator = generator,
                         .kvHeads = kvHeads,
                         .headWidth = headWidth,
                         .kvBytesPerToken = bytes,
                         .perplexity = perplexity,
                         .steps = 60});
  };
  add("MHA", "identity", 4, 32, 4096, 7.1);
  add("MQA", "identity", 1, 32, 1024, 7.0);
  add("MQA-CLA2", "cla2", 1, 32, 512, 7.2);
  add("H16-MQA", "identity", 1, 16, 512, 7.3);
}

}  // namespace weft::ui::test
