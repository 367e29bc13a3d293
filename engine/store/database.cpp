#include "engine/store/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/store/run_values.h"
#include "engine/store/schema.h"

namespace weft::store {

namespace {

using Json = nlohmann::json;

constexpr const char* kNan = "NaN";

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

// What another version or hand wrote into a JSON column must not end the reading of the other rows.
Json parsedObject(const std::string& text) {
  Json value = parseJson(text, "A column", JsonDialect::Strict).value_or(Json::object());
  return value.is_object() ? value : Json::object();
}

std::string uriOf(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const char c : file.string()) {
    if (c == '?' || c == '#' || c == '%') {
      uri += fmt::format("%{:02X}", c);
    } else {
      uri += c;
    }
  }
  return uri;
}

bool hasUnmergedWrites(const std::filesystem::path& database) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(database.string() + "-wal", error);
  return !error && bytes > 0;
}

}  // namespace

Error errorOf(const SQLite::Exception& exception, const std::filesystem::path& database) {
  const std::string name = database.string();
  const std::string detail = fmt::format("SQLite {}: {}", exception.getExtendedErrorCode(), exception.what());
  switch (exception.getErrorCode()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {ErrorCode::Busy, fmt::format("{} is locked by another program; try again when it is done.", name),
              detail};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::Corrupt, fmt::format("{} is damaged or cut short; replace it by a copy that is whole.", name),
              detail};
    case SQLITE_READONLY:
      return {ErrorCode::Io,
              fmt::format("{} cannot be written; check the permissions of the file and of its folder.", name), detail};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorCode::Io,
              fmt::format("{} cannot be opened; check the permissions of the file and of its folder.", name), detail};
    case SQLITE_FULL:
      return {ErrorCode::Io, fmt::format("{} cannot be written: the disk is full.", name), detail};
    case SQLITE_IOERR:
      return {ErrorCode::Io, fmt::format("{} cannot be read or written: its disk reports an error.", name), detail};
    case SQLITE_NOMEM:
      return {ErrorCode::OutOfMemory, fmt::format("There is not enough memory to use {}.", name), detail};
    default:
      return {ErrorCode::Internal, fmt::format("The store refused a statement: {}.", exception.what()), detail};
  }
}

Error newerVersionError(const std::filesystem::path& database, std::int64_t version, int known) {
  return {ErrorCode::NewerVersion,
          fmt::format("{} was written by a newer Weft (schema {}; this one knows {}); update Weft to open it.",
                      database.string(), version, known),
          {}};
}

namespace {

SQLite::Database openImmutable(const std::filesystem::path& database);
SQLite::Database openCopy(const std::filesystem::path& database);

}  // namespace

SQLite::Database openForReading(const std::filesystem::path& database) {
  try {
    SQLite::Database connection(database, SQLite::OPEN_READONLY, kBusyTimeout_ms);
    connection.execAndGet("PRAGMA schema_version");
    return connection;
  } catch (const SQLite::Exception& exception) {
    // WAL wants its -wal and -shm beside the file even for a reader. Where the folder takes none and nobody has left
    // any, nobody writes either; where somebody left a -wal, what stands in it is part of the project.
    const bool isRefused = exception.getErrorCode() == SQLITE_CANTOPEN || exception.getErrorCode() == SQLITE_READONLY;
    if (!isRefused) throw;
  }
  return hasUnmergedWrites(database) ? openCopy(database) : openImmutable(database);
}

namespace {

SQLite::Database openImmutable(const std::filesystem::path& database) {
  return SQLite::Database(uriOf(std::filesystem::absolute(database)) + "?immutable=1",
                          SQLite::OPEN_READONLY | SQLite::OPEN_URI, kBusyTimeout_ms);
}

struct FileTime {
  std::uintmax_t bytes = 0;
  std::filesystem::file_time_type time;
  bool operator==(const FileTime&) const = default;
};

FileTime timeOf(const std::filesystem::path& file) {
  std::error_code error;
  FileTime is{.bytes = std::filesystem::file_size(file, error), .time = {}};
  is.time = std::filesystem::last_write_time(file, error);
  return is;
}

// The database and its -wal as they were at one moment. Throws what SQLite throws.
void copyTo(const std::filesystem::path& copy, const std::filesystem::path& database) {
  const auto refuse = [](const std::string& why) { return SQLite::Exception(why, SQLITE_CANTOPEN); };
  const std::filesystem::path log = database.string() + "-wal";
  constexpr int kAttempts = 10;
  for (int attempt = 0;; ++attempt) {
    // Its owner may be writing: what changed meanwhile is copied again.
    const FileTime databaseBefore = timeOf(database), logBefore = timeOf(log);
    std::error_code error;
    std::vector<std::pair<std::filesystem::path, std::filesystem::path>> files{{database, copy}};
    if (hasUnmergedWrites(database)) files.emplace_back(log, copy.string() + "-wal");
    for (const auto& [from, to] : files) {
      if (!error) std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing, error);
      std::error_code ignored;
      std::filesystem::permissions(to, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
                                   ignored);
    }
    if (error) throw refuse(error.message());
    if (timeOf(database) == databaseBefore && timeOf(log) == logBefore) return;
    if (attempt == kAttempts) throw SQLite::Exception("it is being written all the time", SQLITE_BUSY);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// Its -wal merged into it. The folder may go then: the connection keeps the file, and the disk gets it back with it.
SQLite::Database openMerged(const std::filesystem::path& copy) {
  {
    SQLite::Database merged(copy, SQLite::OPEN_READWRITE, kBusyTimeout_ms);
    merged.exec("PRAGMA trusted_schema = OFF");
    merged.execAndGet("PRAGMA journal_mode = DELETE");
  }
  return openImmutable(copy);
}

SQLite::Database openCopy(const std::filesystem::path& database) {
  const Result<TemporaryFolder> folder = TemporaryFolder::create("weft-store");
  if (!folder) throw SQLite::Exception(folder.error().message, SQLITE_CANTOPEN);
  const std::filesystem::path copy = folder->path() / "weft.db";
  copyTo(copy, database);
  return openMerged(copy);
}

}  // namespace

Result<SQLite::Database> openMigratedCopy(const std::filesystem::path& database) {
  WEFT_ASSIGN(const TemporaryFolder folder, TemporaryFolder::create("weft-store"));
  const std::filesystem::path copy = folder.path() / "weft.db";
  copyTo(copy, database);
  WEFT_TRY(migrate(copy, migrations()));
  return openMerged(copy);
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

void bindNumber(SQLite::Statement& statement, int index, double value) {
  if (std::isnan(value)) {
    statement.bind(index, kNan);
  } else {
    statement.bind(index, value);
  }
}

void bindNumber(SQLite::Statement& statement, int index, const std::optional<double>& value) {
  if (value) {
    bindNumber(statement, index, *value);
  } else {
    statement.bind(index);
  }
}

std::optional<double> numberAt(const SQLite::Statement& statement, int index) {
  const SQLite::Column column = statement.getColumn(index);
  if (column.isNull()) return std::nullopt;
  if (column.isText()) return std::numeric_limits<double>::quiet_NaN();
  return column.getDouble();
}

std::string textsToJson(const std::vector<std::string>& texts) { return dump(Json(texts)); }

std::vector<std::string> textsFromJson(const std::string& json) {
  std::vector<std::string> texts;
  const Json value = parseJson(json, "A column", JsonDialect::Strict).value_or(Json());
  if (!value.is_array()) return texts;
  for (const Json& item : value) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::string valuesToJson(const std::map<std::string, double>& values) {
  Json object = Json::object();
  for (const auto& [name, value] : values) {
    if (std::isfinite(value)) {
      object[name] = value;
    } else {
      object[name] = std::isnan(value) ? kNan : value > 0 ? "Infinity" : "-Infinity";
    }
  }
  return dump(object);
}

std::map<std::string, double> valuesFromJson(const std::string& json) {
  std::map<std::string, double> values;
  const Json object = parsedObject(json);
  for (const auto& [name, value] : object.items()) {
    if (value.is_number()) values[name] = value.get<double>();
    if (value == kNan) values[name] = std::numeric_limits<double>::quiet_NaN();
    if (value == "Infinity") values[name] = std::numeric_limits<double>::infinity();
    if (value == "-Infinity") values[name] = -std::numeric_limits<double>::infinity();
  }
  return values;
}

std::string labelsToJson(const std::map<std::string, std::string>& labels) { return dump(Json(labels)); }

std::map<std::string, std::string> labelsFromJson(const std::string& json) {
  std::map<std::string, std::string> labels;
  const Json object = parsedObject(json);
  for (const auto& [name, value] : object.items()) {
    if (value.is_string()) labels[name] = value.get<std::string>();
  }
  return labels;
}

void insertMeasurement(SQLite::Database& connection, RunId run, const Measurement& measurement) {
  SQLite::Statement statement(
      connection, R"(INSERT INTO measurement (run, attempt, name, time, "values", labels) VALUES (?, ?, ?, ?, ?, ?))");
  statement.bind(1, run.value);
  statement.bind(2, measurement.attempt);
  statement.bind(3, measurement.name);
  statement.bind(4, measurement.time);
  statement.bind(5, valuesToJson(measurement.values));
  statement.bind(6, labelsToJson(measurement.labels));
  statement.exec();
  putValues(connection, run, measurement);
}

void insertEvaluation(SQLite::Database& connection, RunId run, const Evaluation& evaluation, AddedBy by) {
  SQLite::Statement statement(
      connection,
      R"(INSERT INTO evaluation (run, attempt, step, split, task, loss_nats, perplexity, tokens, time, "values", by_worker)
                                             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))");
  statement.bind(1, run.value);
  statement.bind(2, evaluation.attempt);
  statement.bind(3, evaluation.step);
  statement.bind(4, evaluation.split);
  statement.bind(5, evaluation.task);
  bindNumber(statement, 6, evaluation.loss_nats);
  bindNumber(statement, 7, evaluation.perplexity);
  statement.bind(8, evaluation.tokens);
  statement.bind(9, evaluation.time);
  statement.bind(10, valuesToJson(evaluation.values));
  statement.bind(11, by == AddedBy::Worker ? 1 : 0);
  statement.exec();
  putValues(connection, run, evaluation);
}

void insertAlert(SQLite::Database& connection, const Alert& alert) {
  SQLite::Statement statement(connection, "INSERT INTO alert (run, level, message, step, time) VALUES (?, ?, ?, ?, ?)");
  statement.bind(1, alert.run.value);
  statement.bind(2, alert.level);
  statement.bind(3, alert.message);
  statement.bind(4, alert.step);
  statement.bind(5, alert.time);
  statement.exec();
}

Result<void> requireRun(SQLite::Database& connection, RunId run) {
  SQLite::Statement statement(connection, "SELECT 1 FROM run WHERE id = ?");
  statement.bind(1, run.value);
  if (statement.executeStep()) return {};
  return fail(ErrorCode::NotFound, fmt::format("There is no run {} in this project.", run.value));
}

Result<void> requireJob(SQLite::Database& connection, JobId job) {
  SQLite::Statement statement(connection, "SELECT 1 FROM job WHERE id = ?");
  statement.bind(1, job.value);
  if (statement.executeStep()) return {};
  return fail(ErrorCode::NotFound, fmt::format("There is no job {} in this project.", job.value));
}

Result<JobId> trainingOf(SQLite::Database& connection, RunId run) {
  SQLite::Statement statement(connection, "SELECT id FROM job WHERE run = ? AND kind = 'train'");
  statement.bind(1, run.value);
  if (statement.executeStep()) return JobId{statement.getColumn(0).getInt64()};
  return fail(ErrorCode::NotFound, fmt::format("There is no run {} in this project.", run.value));
}

void touchJobs(SQLite::Database& connection) { connection.exec("UPDATE change SET last = last + 1"); }

void touch(SQLite::Database& connection, RunId run, double time) {
  touchJobs(connection);
  SQLite::Statement statement(connection,
                              "UPDATE run SET revision = (SELECT last FROM change), updated = ? WHERE id = ?");
  statement.bind(1, time);
  statement.bind(2, run.value);
  statement.exec();
}

void touch(SQLite::Database& connection, JobId job) {
  SQLite::Statement statement(connection, "SELECT run FROM job WHERE id = ? AND kind = 'train'");
  statement.bind(1, job.value);
  if (statement.executeStep()) return touch(connection, RunId{statement.getColumn(0).getInt64()});
  touchJobs(connection);
}

}  // namespace weft::store
