// tests/store/store_fixture.h -- a project folder for one test, runs to put into it, and a second way to look at the
// file.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/store/run_store.h"
#include "engine/store/service_writer.h"

namespace weft::store::test {

// A queued run with every field filled in.
NewRun newRun(const std::string& name);

// The run's training; one that is not there for a run that is not there.
JobId jobOf(RunStore& store, RunId run);

MetricRow metricRow(std::int64_t step, double loss);
EvaluationRow evaluationRow(std::int64_t step, double perplexity);

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override;

  std::filesystem::path folder() const { return m_folder->path(); }
  std::filesystem::path database() const { return folder() / "weft.db"; }
  // Fails the test if it cannot be opened.
  RunStore open(RunStore::Mode mode = RunStore::Mode::ReadWrite) const;
  RunId add(RunStore& store, const std::string& name, int priority = 0) const;
  // A run of attempt 1 whose worker has said hello.
  RunId startRun(RunStore& store, const std::string& name) const;
  void hello(RunStore& store, RunId run, int attempt) const;
  // Stores `rows` behind what is stored already; one byte of events.jsonl a row.
  void ingest(RunStore& store, RunId run, const std::vector<Row>& rows) const;
  // The attempt ends and the run is taken again.
  int nextAttempt(RunStore& store, RunId run) const;

  std::optional<TemporaryFolder> m_folder;
};

// One number from the file, past RunStore.
std::int64_t countOf(const std::filesystem::path& database, const std::string& query);
void execute(const std::filesystem::path& database, const std::string& sql);
// Every table as text, without the times at which the store itself wrote and without the offset.
std::string contentOf(const std::filesystem::path& database);
std::vector<std::string> filesIn(const std::filesystem::path& folder);

// A process of its own that runs `work` and ends with its result. SQLite's locks and caches do not survive a fork: no
// store may be open here when one is made.
class Child {
 public:
  explicit Child(const std::function<int()>& work);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();
  int wait();   // its exit code, -1 if it died of a signal
  void kill();  // SIGKILL, and waits

 private:
  pid_t m_pid = -1;
};

// What one process tells another: "go". Made before the fork.
class Gate {
 public:
  Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate();
  void open();
  void await();

 private:
  int m_ends[2] = {-1, -1};
};

}  // namespace weft::store::test
