// engine/store/database.h -- one connection and what every statement of this folder needs. Internal to engine/store.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/run_store.h"

namespace weft::store {

// What a SQLite exception means to a person.
Error errorOf(const SQLite::Exception& exception, const std::filesystem::path& database);
// Every way of opening the store says the same.
Error newerVersionError(const std::filesystem::path& database, std::int64_t version, int known);

// Runs `work` (which returns a Result) and makes SQLite's exceptions errors: the edge of the library.
template <class Work>
auto guarded(const std::filesystem::path& database, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const SQLite::Exception& exception) {
    return tl::unexpected<Error>(errorOf(exception, database));
  }
}

// Waits for other writers this long. Every transaction of Weft takes milliseconds: more means a stuck process or disk.
inline constexpr int kBusyTimeout_ms = 20'000;

// A connection that only reads, also where nothing can be written beside the file. Throws what SQLite throws.
SQLite::Database openForReading(const std::filesystem::path& database);

// A private copy of an older store, brought to today's schema, only for reading. Errors of migrate(); throws what
// SQLite throws.
[[nodiscard]] Result<SQLite::Database> openMigratedCopy(const std::filesystem::path& database);

double now();  // seconds since 1970

// Every row of a statement, each made a value.
template <class Make>
auto rowsOf(SQLite::Statement& statement, Make&& make) {
  std::vector<decltype(make(statement))> rows;
  while (statement.executeStep()) rows.push_back(make(statement));
  return rows;
}

// NaN travels as the text 'NaN', SQLite would make it NULL.
void bindNumber(SQLite::Statement& statement, int index, double value);
void bindNumber(SQLite::Statement& statement, int index, const std::optional<double>& value);  // nullopt: NULL
std::optional<double> numberAt(const SQLite::Statement& statement, int index);

const char* toString(RequestKind kind);  // "stop", ...
std::optional<RequestKind> parseRequestKind(const std::string& name);

std::string textsToJson(const std::vector<std::string>& texts);
std::vector<std::string> textsFromJson(const std::string& json);
std::string valuesToJson(const std::map<std::string, double>& values);
std::map<std::string, double> valuesFromJson(const std::string& json);
std::string labelsToJson(const std::map<std::string, std::string>& labels);
std::map<std::string, std::string> labelsFromJson(const std::string& json);

// The rows that are added from several sides. Inside the caller's transaction.
void insertMeasurement(SQLite::Database& connection, RunId run, const Measurement& measurement);
enum class AddedBy { Face, Worker };
void insertEvaluation(SQLite::Database& connection, RunId run, const Evaluation& evaluation, AddedBy by);
void insertAlert(SQLite::Database& connection, const Alert& alert);  // its id is given by the store
// The run, its empty summary and its training; numbers, place in the queue, times of creation and keys are given here.
struct InsertedRun {
  RunId run;
  JobId training;
};
InsertedRun insertRun(SQLite::Database& connection, const NewRun& run);
// NotFound "There is no run 7."
Result<void> requireRun(SQLite::Database& connection, RunId run);
Result<void> requireJob(SQLite::Database& connection, JobId job);
// The number of the run's training; NotFound.
Result<JobId> trainingOf(SQLite::Database& connection, RunId run);

// Every write that a reader of runs or jobs sees says so, so that readers need only look at what is new.
void touch(SQLite::Database& connection, RunId run, double time = now());  // and the jobs
void touch(SQLite::Database& connection, JobId job);                       // and the run whose training it is
void touchJobs(SQLite::Database& connection);                              // no run is other than before

struct RunStore::Database {
  std::filesystem::path path;
  SQLite::Database connection;

  // One IMMEDIATE transaction around `work`; rolled back if it fails or SQLite does.
  template <class Work>
  auto write(Work&& work) -> decltype(work(connection)) {
    return guarded(path, [&]() -> decltype(work(connection)) {
      SQLite::Transaction transaction(connection, SQLite::TransactionBehavior::IMMEDIATE);
      auto result = work(connection);
      if (result) transaction.commit();
      return result;
    });
  }
  // One read transaction: every statement of `work` sees the same moment.
  template <class Work>
  auto read(Work&& work) -> decltype(work(connection)) {
    return guarded(path, [&]() -> decltype(work(connection)) {
      SQLite::Transaction transaction(connection);
      auto result = work(connection);
      transaction.commit();
      return result;
    });
  }
};

}  // namespace weft::store
