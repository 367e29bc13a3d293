// engine/store/schema.h -- whether a file is a Weft database, and how an empty or older one becomes one of today's
// schema.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace weft::store {

// In the header of every weft.db (PRAGMA application_id): "WEFT".
inline constexpr int kApplicationId = 0x57454654;

// One step from a schema to the next: SQL, and what SQL cannot say, done behind it.
struct Migration {
  // NOLINTNEXTLINE(google-explicit-constructor): a step of SQL alone is its text
  Migration(std::string text, void (*then)(SQLite::Database&) = nullptr) : sql(std::move(text)), complete(then) {}
  Migration(const char* text) : sql(text) {}
  std::string sql;
  void (*complete)(SQLite::Database&) = nullptr;  // in the same transaction; throws what SQLite throws
};
// A database of schema n has had the first n. Append-only.
const std::vector<Migration>& migrations();

enum class FileKind { Missing, Empty, Weft };
// Reads nothing but the file's header, so that a foreign file keeps every byte and gets no journal beside it.
// Corrupt "... is not a Weft project: ..."; NewerVersion if it has more than `known` schema steps; Io.
[[nodiscard]] Result<FileKind> inspectFile(const std::filesystem::path& database, int known);

// Corrupt if the database has what no Weft project has: a trigger, a view or a virtual table would be run by our own
// statements. Throws what SQLite throws.
[[nodiscard]] Result<void> refuseForeignSchema(SQLite::Database& connection, const std::filesystem::path& database);

// Brings the file to schema `steps.size()`: one IMMEDIATE transaction, after a copy `weft.db.schema-N.backup` beside an
// older one. Safe when several processes do it at once. Busy (another program holds it, or a background service of the
// older Weft works on it), Io, Corrupt.
[[nodiscard]] Result<void> migrate(const std::filesystem::path& database, const std::vector<Migration>& steps);

}  // namespace weft::store
