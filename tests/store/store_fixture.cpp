#include "store_fixture.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

namespace weft::store::test {

namespace fs = std::filesystem;

NewRun newRun(const std::string& name) {
  NewRun run;
  run.name = name;
  run.configToml = "name = '" + name + "'\n";
  run.map = "0_0_2_2";
  run.generator = "cla2";
  run.cache = "int8";
  run.layers = 4;
  run.queryHeads = 8;
  run.kvHeads = 2;
  run.headWidth = 16;
  run.hidden = 128;
  run.parameters = 1'234'567'890'123;
  run.seed = -3;
  run.steps = 200;
  run.kvBytesPerToken = 128.5;
  run.tags = {"a tag", "zweite Marke"};
  return run;
}

JobId jobOf(RunStore& store, RunId run) {
  const Result<Job> job = store.training(run);
  return job ? job->id : JobId{-1};
}

MetricRow metricRow(std::int64_t step, double loss) {
  return {.time = 1000.0 + static_cast<double>(step),
          .step = step,
          .tokens = 512 * step,
          .values = {{"train/loss", loss}, {"train/tokens_per_second", 1e6 / static_cast<double>(step + 1)}}};
}

EvaluationRow evaluationRow(std::int64_t step, double perplexity) {
  return {{.step = step,
           .split = "valid",
           .task = "perplexity",
           .loss_nats = perplexity / 10,
           .perplexity = perplexity,
           .tokens = 4096,
           .time = 2000.0 + static_cast<double>(step),
           .values = {{"bits_per_byte", 1.5}}}};
}

void StoreTest::SetUp() {
  Result<TemporaryFolder> folder = TemporaryFolder::create("weft-store");
  ASSERT_TRUE(folder) << folder.error().message;
  m_folder.emplace(*std::move(folder));
}

RunStore StoreTest::open(RunStore::Mode mode) const {
  const bool isNew = !fs::exists(database());
  Result<RunStore> store = RunStore::open(database(), mode);
  if (!store) throw std::runtime_error(store.error().message + " " + store.error().detail);
  // The numbers of jobs are not those of runs.
  if (isNew) execute(database(), "UPDATE sqlite_sequence SET seq = 100 WHERE name = 'job' AND seq = 0");
  return *std::move(store);
}

RunId StoreTest::add(RunStore& store, const std::string& name, int priority) const {
  NewRun run = newRun(name);
  run.priority = priority;
  const Result<RunId> id = store.addRun(run);
  EXPECT_TRUE(id) << id.error().message;
  return id.value_or(RunId{});
}

RunId StoreTest::startRun(RunStore& store, const std::string& name) const {
  const RunId run = add(store, name);
  const Result<std::optional<int>> attempt = store.service().take(jobOf(store, run));
  EXPECT_TRUE(attempt && *attempt == 1);
  EXPECT_TRUE(store.service().attemptStarted({.job = jobOf(store, run), .pid = 42, .pidStart = "7", .lanes = {"cpu"}}));
  hello(store, run, 1);
  return run;
}

void StoreTest::hello(RunStore& store, RunId run, int attempt) const {
  ingest(store, run, {HelloRow{.time = 999, .attempt = attempt, .build = "b", .torch = "2.9", .device = "cpu"}});
}

void StoreTest::ingest(RunStore& store, RunId run, const std::vector<Row>& rows) const {
  const Result<std::int64_t> from = store.service().eventsOffset(jobOf(store, run));
  ASSERT_TRUE(from) << from.error().message;
  const Result<void> stored = store.service().ingest(
      {.job = jobOf(store, run), .from = *from, .to = *from + static_cast<std::int64_t>(rows.size()), .rows = rows});
  EXPECT_TRUE(stored) << stored.error().message << " " << stored.error().detail;
}

int StoreTest::nextAttempt(RunStore& store, RunId run) const {
  EXPECT_TRUE(store.service().attemptEnded({.job = jobOf(store, run), .state = RunState::Queued, .outcome = "lost"}));
  const Result<std::optional<int>> attempt = store.service().take(jobOf(store, run));
  return attempt && *attempt ? **attempt : 0;
}

std::int64_t countOf(const fs::path& database, const std::string& query) {
  SQLite::Database connection(database, SQLite::OPEN_READWRITE, 10'000);  // the last to close leaves no -wal then
  return connection.execAndGet(query).getInt64();
}

void execute(const fs::path& database, const std::string& sql) {
  SQLite::Database connection(database, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 10'000);
  connection.exec(sql);
}

std::string contentOf(const fs::path& database) {
  static const std::set<std::string> kVolatile{"run.created",     "run.updated",  "run.revision", "job.created",
                                               "job.started",     "job.ended",    "change.last",  "job.events_offset",
                                               "attempt.started", "attempt.ended"};
  SQLite::Database connection(database, SQLite::OPEN_READWRITE, 10'000);  // the last to close leaves no -wal then
  std::string content;
  SQLite::Statement tables(connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  while (tables.executeStep()) {
    const std::string table = tables.getColumn(0).getString();
    SQLite::Statement rows(connection, fmt::format("SELECT * FROM {}", table));
    while (rows.executeStep()) {
      content += table + ":";
      for (int column = 0; column < rows.getColumnCount(); ++column) {
        if (kVolatile.contains(table + "." + rows.getColumnName(column))) continue;
        const SQLite::Column value = rows.getColumn(column);
        content += " ";
        if (value.isBlob()) {
          for (const char byte : value.getString()) content += fmt::format("{:02x}", static_cast<unsigned char>(byte));
        } else {
          content += value.isFloat() ? fmt::format("{}", value.getDouble()) : value.getString();
        }
      }
      content += "\n";
    }
  }
  return content;
}

std::vector<std::string> filesIn(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

Child::Child(const std::function<int()>& work) : m_pid(::fork()) {
  if (m_pid != 0) return;
  int code = 99;
  try {
    code = work();
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "child: %s\n", exception.what());
  }
  ::_exit(code);
}

Child::~Child() {
  if (m_pid > 0) kill();
}

int Child::wait() {
  int status = 0;
  ::waitpid(m_pid, &status, 0);
  m_pid = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void Child::kill() {
  ::kill(m_pid, SIGKILL);
  wait();
}

Gate::Gate() { EXPECT_EQ(::pipe(m_ends), 0); }

Gate::~Gate() {
  ::close(m_ends[0]);
  ::close(m_ends[1]);
}

void Gate::open() { EXPECT_EQ(::write(m_ends[1], "g", 1), 1); }

void Gate::await() {
  char byte = 0;
  EXPECT_EQ(::read(m_ends[0], &byte, 1), 1);
}

}  // namespace weft::store::test
