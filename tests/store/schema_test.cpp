// What is a Weft database and what is not, and how one comes to today's schema.
#include "engine/store/schema.h"

#include <sys/stat.h>

#include <cmath>
#include <fstream>

#include "engine/store/engine_lock.h"
#include "store_fixture.h"

namespace weft::store::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

int known() { return static_cast<int>(migrations().size()); }

class Schema : public StoreTest {
 protected:
  std::string bytes() const { return *readFile(database()); }

  // Both modes of opening refuse the file, leave every byte of it and put nothing beside it.
  void expectRefused(ErrorCode code, const std::string& sentence) const {
    const std::string before = bytes();
    const std::vector<std::string> files = filesIn(folder());
    for (const RunStore::Mode mode : {RunStore::Mode::ReadWrite, RunStore::Mode::ReadOnly}) {
      const Result<RunStore> store = RunStore::open(database(), mode);
      ASSERT_FALSE(store);
      EXPECT_EQ(store.error().code, code) << store.error().message;
      EXPECT_EQ(store.error().message, database().string() + sentence);
    }
    EXPECT_TRUE(bytes() == before) << "the file has changed";
    EXPECT_EQ(filesIn(folder()), files);
  }
};

TEST_F(Schema, ATextFileIsNoProject) {
  ASSERT_TRUE(writeFileAtomically(database(), std::string(5000, 'x')));
  expectRefused(ErrorCode::Corrupt, " is not a Weft project: it is no SQLite database.");
}

TEST_F(Schema, AFileShorterThanAHeaderIsNoProject) {
  ASSERT_TRUE(writeFileAtomically(database(), "SQLite format 3"));
  expectRefused(ErrorCode::Corrupt, " is not a Weft project: it is no SQLite database.");
}

TEST_F(Schema, AnotherProgramsDatabaseIsNoProject) {
  execute(database(), "CREATE TABLE address (name TEXT); INSERT INTO address VALUES ('Ada')");
  expectRefused(ErrorCode::Corrupt, " is not a Weft project: it is another program's SQLite database.");
}

TEST_F(Schema, AnotherProgramsDatabaseInWalModeIsNoProjectAndKeepsItsWal) {
  SQLite::Database theirs(database(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  theirs.exec("PRAGMA journal_mode = WAL; PRAGMA application_id = 7; CREATE TABLE address (name TEXT)");
  theirs.exec("PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO address VALUES ('Ada')");
  const auto wal = fs::file_size(database().string() + "-wal");
  ASSERT_GT(wal, 0u);
  for (const RunStore::Mode mode : {RunStore::Mode::ReadWrite, RunStore::Mode::ReadOnly}) {
    EXPECT_EQ(RunStore::open(database(), mode).error().code, ErrorCode::Corrupt);
  }
  EXPECT_EQ(fs::file_size(database().string() + "-wal"), wal);
  EXPECT_EQ(theirs.execAndGet("SELECT name FROM address").getString(), "Ada");
}

TEST_F(Schema, AFolderNamedLikeTheStoreIsNoProject) {
  fs::create_directory(database());
  const Result<RunStore> store = RunStore::open(database());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().message, database().string() + " is not a Weft project: it must be a database file.");
}

TEST_F(Schema, APipeNamedLikeTheStoreIsRefusedWithoutWaitingForItsWriter) {
  ASSERT_EQ(::mkfifo(database().c_str(), 0600), 0);
  EXPECT_EQ(RunStore::open(database()).error().code, ErrorCode::Corrupt);
}

TEST_F(Schema, AStoreOfANewerWeftIsLeftAlone) {
  { RunStore store = open(); }
  execute(database(), "PRAGMA user_version = 7");
  ASSERT_EQ(known(), 2) << "a new schema: the sentence below has another number";
  expectRefused(ErrorCode::NewerVersion,
                " was written by a newer Weft (schema 7; this one knows 2); update Weft to open it.");
}

TEST_F(Schema, AStoreThatGrewNewerInItsWalIsLeftAloneToo) {
  { RunStore store = open(); }
  // The header in the file still says what was before.
  SQLite::Database newer(database(), SQLite::OPEN_READWRITE);
  newer.exec("PRAGMA user_version = 7");
  ASSERT_EQ(*inspectFile(database(), known()), FileKind::Weft);
  for (const RunStore::Mode mode : {RunStore::Mode::ReadWrite, RunStore::Mode::ReadOnly}) {
    EXPECT_EQ(RunStore::open(database(), mode).error().code, ErrorCode::NewerVersion);
  }
  EXPECT_EQ(newer.execAndGet("PRAGMA user_version").getInt(), 7);
}

TEST_F(Schema, ATruncatedStoreSaysThatItIsDamaged) {
  {
    RunStore store = open();
    for (int i = 0; i < 50; ++i) add(store, "run");
  }
  const auto size = fs::file_size(database());
  for (const auto left : {size - 4096, size / 2, std::uintmax_t{4096}, std::uintmax_t{150}}) {
    fs::resize_file(database(), left);
    const std::string before = bytes();
    for (const RunStore::Mode mode : {RunStore::Mode::ReadWrite, RunStore::Mode::ReadOnly}) {
      const Result<RunStore> store = RunStore::open(database(), mode);
      ASSERT_FALSE(store) << left << " bytes of " << size;
      EXPECT_EQ(store.error().code, ErrorCode::Corrupt);
      EXPECT_EQ(store.error().message,
                database().string() + " is damaged or cut short; replace it by a copy that is whole.");
    }
    EXPECT_TRUE(bytes() == before) << left;
  }
}

TEST_F(Schema, AStoreWithOverwrittenPagesGivesErrorsAndNoCrash) {
  {
    RunStore store = open();
    for (int i = 0; i < 50; ++i) add(store, "run");
  }
  const auto size = fs::file_size(database());
  {
    std::fstream file(database(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    const std::string noise(size - 4096, '\xa5');
    file.write(noise.data(), static_cast<std::streamsize>(noise.size()));
  }
  Result<RunStore> store = RunStore::open(database());
  if (store) {
    EXPECT_EQ(store->runs().error().code, ErrorCode::Corrupt);
    EXPECT_EQ(store->addRun(newRun("a")).error().code, ErrorCode::Corrupt);
  } else {
    EXPECT_EQ(store.error().code, ErrorCode::Corrupt);
  }
}

TEST_F(Schema, AStoreWithoutItsTablesSaysWhichIsMissing) {
  { RunStore store = open(); }
  execute(database(), "DROP TABLE metric");
  for (const RunStore::Mode mode : {RunStore::Mode::ReadWrite, RunStore::Mode::ReadOnly}) {
    const Result<RunStore> store = RunStore::open(database(), mode);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::Corrupt);
    EXPECT_EQ(store.error().message,
              database().string() +
                  " is not a whole Weft project: it has no table 'metric'; replace it by a copy that is whole.");
  }
}

TEST_F(Schema, ASchemaNumberBelowZeroIsRefused) {
  { RunStore store = open(); }
  execute(database(), "PRAGMA user_version = -5");
  EXPECT_FALSE(RunStore::open(database()));
  const Result<void> migrated = migrate(database(), migrations());
  ASSERT_FALSE(migrated);
  EXPECT_EQ(migrated.error().code, ErrorCode::Corrupt);
}

TEST_F(Schema, AnEmptyFileBecomesAStore) {
  std::ofstream(database()).close();
  EXPECT_EQ(*inspectFile(database(), known()), FileKind::Empty);
  RunStore store = open();
  EXPECT_TRUE(store.runs()->empty());
}

TEST_F(Schema, ReadingCreatesNothing) {
  EXPECT_EQ(*inspectFile(database(), known()), FileKind::Missing);
  const Result<RunStore> store = RunStore::open(database(), RunStore::Mode::ReadOnly);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::NotFound);
  EXPECT_THAT(store.error().message, HasSubstr("`weft init` makes one"));
  EXPECT_TRUE(filesIn(folder()).empty());
}

TEST_F(Schema, AStoreInAFolderThatIsNotThereSaysWhatToCheck) {
  const Result<RunStore> store = RunStore::open(folder() / "nowhere" / "weft.db");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::Io);
  EXPECT_THAT(store.error().message,
              EndsWith("cannot be opened; check the permissions of the file and of its folder."));
}

TEST_F(Schema, ANewStoreIsMarkedAsWeftsAndUsesWal) {
  RunStore store = open();
  EXPECT_EQ(countOf(database(), "PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(countOf(database(), "PRAGMA user_version"), known());
  SQLite::Database connection(database());
  EXPECT_EQ(connection.execAndGet("PRAGMA journal_mode").getString(), "wal");
  EXPECT_EQ(readFile(database())->substr(68, 4), "WEFT");
}

TEST_F(Schema, TheLastToCloseLeavesOneFile) {
  {
    RunStore store = open();
    RunStore other = open();
    add(store, "a");
  }
  EXPECT_THAT(filesIn(folder()), ElementsAre("weft.db"));
}

// --- migrations, with steps of our own

const std::vector<Migration> kOne{"CREATE TABLE note (text TEXT);"};
const std::vector<Migration> kThree{kOne[0], "ALTER TABLE note ADD COLUMN stars INTEGER NOT NULL DEFAULT 0;",
                                    "CREATE TABLE mark (name TEXT); INSERT INTO mark SELECT text FROM note;"};

TEST_F(Schema, MigratingKeepsTheRowsAndLeavesACopyOfWhatWasBefore) {
  ASSERT_TRUE(migrate(database(), kOne));
  EXPECT_THAT(filesIn(folder()), ElementsAre("weft.db")) << "a new store needs no backup";
  execute(database(), "INSERT INTO note VALUES ('first')");
  ASSERT_TRUE(migrate(database(), kThree));
  EXPECT_EQ(countOf(database(), "PRAGMA user_version"), 3);
  EXPECT_EQ(countOf(database(), "SELECT count(*) FROM note WHERE text = 'first' AND stars = 0"), 1);
  EXPECT_EQ(countOf(database(), "SELECT count(*) FROM mark"), 1);
  const fs::path backup = database().string() + ".schema-1.backup";
  EXPECT_THAT(filesIn(folder()), ElementsAre("weft.db", "weft.db.schema-1.backup"));
  EXPECT_EQ(countOf(backup, "PRAGMA user_version"), 1);
  EXPECT_EQ(countOf(backup, "PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(countOf(backup, "SELECT count(*) FROM note"), 1);
}

TEST_F(Schema, TheCopyHoldsWhatIsOnlyInTheWalYet) {
  ASSERT_TRUE(migrate(database(), kOne));
  SQLite::Database other(database(), SQLite::OPEN_READWRITE);
  other.exec("INSERT INTO note VALUES ('fresh')");
  ASSERT_GT(fs::file_size(database().string() + "-wal"), 0u);
  ASSERT_TRUE(migrate(database(), kThree));
  EXPECT_EQ(countOf(database().string() + ".schema-1.backup", "SELECT count(*) FROM note WHERE text = 'fresh'"), 1);
}

TEST_F(Schema, AnOldCopyIsReplaced) {
  ASSERT_TRUE(migrate(database(), kOne));
  ASSERT_TRUE(writeFileAtomically(database().string() + ".schema-1.backup", "an older one"));
  ASSERT_TRUE(writeFileAtomically(database().string() + ".schema-1.backup.part", "one that was not finished"));
  ASSERT_TRUE(migrate(database(), kThree));
  EXPECT_EQ(countOf(database().string() + ".schema-1.backup", "PRAGMA user_version"), 1);
}

TEST_F(Schema, MigratingAgainChangesNothing) {
  ASSERT_TRUE(migrate(database(), kThree));
  const std::string before = contentOf(database());
  ASSERT_TRUE(migrate(database(), kThree));
  EXPECT_EQ(contentOf(database()), before);
  EXPECT_THAT(filesIn(folder()), ElementsAre("weft.db"));
}

TEST_F(Schema, AMigrationThatFailsHalfWayChangesNothing) {
  ASSERT_TRUE(migrate(database(), kOne));
  execute(database(), "INSERT INTO note VALUES ('first')");
  const std::string before = contentOf(database());
  const Result<void> migrated = migrate(
      database(), {kOne[0], kThree[1].sql + " CREATE TABLE mark (name TEXT);", "INSERT INTO nowhere VALUES (1);"});
  ASSERT_FALSE(migrated);
  EXPECT_EQ(migrated.error().code, ErrorCode::Internal);
  EXPECT_EQ(contentOf(database()), before);
  EXPECT_EQ(countOf(database(), "PRAGMA user_version"), 1);
}

TEST_F(Schema, AnOlderWeftRefusesWhatAnotherMigratedMeanwhile) {
  ASSERT_TRUE(migrate(database(), kThree));
  const Result<void> older = migrate(database(), kOne);
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, ErrorCode::NewerVersion);
  EXPECT_EQ(countOf(database(), "PRAGMA user_version"), 3);
}

TEST_F(Schema, ManyProcessesThatOpenANewStoreAtOnceMakeOne) {
  for (int round = 0; round < 5; ++round) {
    fs::remove(database());
    std::vector<std::unique_ptr<Gate>> gates;
    std::vector<std::unique_ptr<Child>> children;
    for (int i = 0; i < 6; ++i) {
      gates.push_back(std::make_unique<Gate>());
      children.push_back(std::make_unique<Child>([&, gate = gates.back().get()] {
        gate->await();
        Result<RunStore> store = RunStore::open(database());
        if (!store) std::fprintf(stderr, "%s %s\n", store.error().message.c_str(), store.error().detail.c_str());
        return store && store->addRun(newRun("of a child")) ? 0 : 1;
      }));
    }
    for (const auto& gate : gates) gate->open();
    for (const auto& child : children) EXPECT_EQ(child->wait(), 0);
    EXPECT_EQ(countOf(database(), "SELECT count(*) FROM run"), 6);
    EXPECT_EQ(countOf(database(), "SELECT count(DISTINCT position) FROM job"), 6);
  }
}

TEST_F(Schema, ManyProcessesThatMigrateAtOnceDoItOnce) {
  for (int round = 0; round < 5; ++round) {
    fs::remove(database());
    ASSERT_TRUE(migrate(database(), kOne));
    execute(database(), "INSERT INTO note VALUES ('first')");
    std::vector<std::unique_ptr<Gate>> gates;
    std::vector<std::unique_ptr<Child>> children;
    for (int i = 0; i < 6; ++i) {
      gates.push_back(std::make_unique<Gate>());
      children.push_back(std::make_unique<Child>([&, gate = gates.back().get()] {
        gate->await();
        const Result<void> migrated = migrate(database(), kThree);
        if (!migrated)
          std::fprintf(stderr, "%s %s\n", migrated.error().message.c_str(), migrated.error().detail.c_str());
        return migrated ? 0 : 1;
      }));
    }
    for (const auto& gate : gates) gate->open();
    for (const auto& child : children) EXPECT_EQ(child->wait(), 0);
    EXPECT_EQ(countOf(database(), "SELECT count(*) FROM mark"), 1);
    EXPECT_EQ(countOf(database().string() + ".schema-1.backup", "SELECT count(*) FROM note"), 1);
  }
}

TEST_F(Schema, AnOlderStoreIsNotMigratedUnderTheServiceThatWorksOnIt) {
  ASSERT_TRUE(migrate(database(), {migrations()[0]}));
  execute(database(), "INSERT INTO engine VALUES (1, 4711, 'box', 0, '[]')");
  const std::optional<EngineLock> service = EngineLock::take(folder() / "engine.lock").value();
  const Result<void> migrated = migrate(database(), migrations());
  ASSERT_FALSE(migrated);
  EXPECT_EQ(migrated.error().code, ErrorCode::Busy);
  EXPECT_EQ(migrated.error().message,
            database().string() +
                " is of an older Weft (schema 1), whose background service (process 4711) still works "
                "on it; end that process first: jobs that run go on.");
  EXPECT_EQ(countOf(database(), "PRAGMA user_version"), 1);
}

// --- from schema 1 to 2: what the first release wrote

// The columns of 001.sql, of one run in a state.
void addRunOfSchema1(const fs::path& database, const std::string& name, const std::string& state, int attempt,
                     const std::string& config) {
  execute(database,
          "INSERT INTO run (name, kind, state, wanted, failure, config, map, generator, cache, layers, "
          "query_heads, kv_heads, head_width, hidden, parameters, kv_bytes_per_token, seed, steps, tags, note, "
          "starred, archived, baseline, priority, position, attempt, created, started, ended, updated, "
          "events_offset) VALUES ('" +
              name + "', 'train', '" + state + "', '', '', '" + config +
              "', '0_0_2_2', 'cla2', '', 4, 4, 1, 32, 128, 700000, 512, 1, 20, '[\"t\"]', 'n', 1, 0, 0, 2, "
              "(SELECT count(*) + 1 FROM run), " +
              std::to_string(attempt) +
              ", 100, 110, 0, 130, 99); INSERT INTO run_summary (run, step, last_loss, phase, progress, "
              "heartbeat, promise_s, events_attempt, series_attempt) VALUES (last_insert_rowid(), 20, 3.5, "
              "'training', 0.25, 120, 30, 1, 1)");
}

std::string configOfSeed(int seed, const std::string& device) {
  return "name = \"a\"\n[model]\nlayers = 4\n[train]\nseed = " + std::to_string(seed) + "\n[device]\ndevice = \"" +
         device + "\"\n";
}

class FromSchema1 : public Schema {
 protected:
  void SetUp() override {
    Schema::SetUp();
    ASSERT_TRUE(migrate(database(), {migrations()[0]}));
    addRunOfSchema1(database(), "first", "running", 2, configOfSeed(1, "cuda:1"));
    addRunOfSchema1(database(), "second", "queued", 0, configOfSeed(2, "cuda:1"));
    addRunOfSchema1(database(), "third", "queued", 0, "this is no configuration");
    execute(database(), R"(
      INSERT INTO attempt (run, number, pid, pid_start, started, device, outcome) VALUES (1, 1, 41, 'a', 110, 'cpu', 'lost');
      INSERT INTO attempt (run, number, pid, pid_start, started, device) VALUES (1, 2, 42, 'b', 115, 'cuda:1 NVIDIA H100');
      INSERT INTO metric_name (name) VALUES ('train/loss'), ('train/gradient_norm');
      INSERT INTO metric VALUES (1, 1, 10, 4.5, 1), (1, 1, 20, 3.5, 2), (1, 2, 10, 'NaN', 1);
      INSERT INTO evaluation (run, attempt, step, split, task, loss_nats, perplexity, tokens, time, "values", by_worker)
        VALUES (1, 2, 20, 'valid', 'perplexity', 3.0, 20.0, 64, 2, '{"bits_per_byte": 1.5}', 1);
      INSERT INTO measurement (run, attempt, name, time, "values", labels)
        VALUES (1, 2, 'kv_memory', 3, '{"bytes_per_token_storage": 512}', '{}');
      INSERT INTO request (kind, run, time) VALUES ('stop', 1, 5), ('shut_down', 0, 6);
      INSERT INTO alert (run, level, message, step, time) VALUES (1, 'warning', 'w', 3, 4);
      INSERT INTO checkpoint VALUES (1, 20, 'checkpoints/step-20', 7, 2);)");
  }

  static void expectAll(RunStore& store) {
    const std::vector<RunSummary> runs = *store.runs();
    ASSERT_EQ(runs.size(), 3u);
    const RunSummary& run = runs[0];
    EXPECT_EQ(run.name, "first");
    EXPECT_EQ(run.kind, "train");
    EXPECT_EQ(run.state, RunState::Running);
    EXPECT_EQ(run.attempt, 2);
    EXPECT_EQ(run.priority, 2);
    EXPECT_EQ(run.position, 1);
    EXPECT_EQ(run.created, 100);
    EXPECT_EQ(run.started, 110);
    EXPECT_EQ(run.phase, "training");
    EXPECT_EQ(run.progress, 0.25);
    EXPECT_EQ(run.heartbeat, 120);
    EXPECT_EQ(run.lastLoss, 3.5);
    EXPECT_EQ(run.note, "n");
    EXPECT_TRUE(run.starred);
    EXPECT_EQ(run.kvType, "float32") << "4 bytes of each of 2 x 1 x 32 numbers of 2 producers";
    EXPECT_FALSE(run.configurationKey.empty());
    EXPECT_EQ(run.configurationKey, runs[1].configurationKey) << "but for its seed it is the same";
    EXPECT_EQ(run.textKey, runs[1].textKey);
    EXPECT_EQ(runs[2].configurationKey, "") << "it cannot be read";
    ASSERT_NE(run.values, nullptr);
    EXPECT_EQ(run.values->at("train/loss"), 3.5);
    EXPECT_TRUE(std::isnan(run.values->at("train/gradient_norm")));
    EXPECT_EQ(run.values->at("valid/perplexity"), 20);
    EXPECT_EQ(run.values->at("valid/bits_per_byte"), 1.5);
    EXPECT_EQ(run.values->at("kv_memory/bytes_per_token_storage"), 512);
    const Job job = *store.training({1});
    EXPECT_EQ(job.resources.device, "cuda:1");
    EXPECT_EQ(job.lanes, std::vector<std::string>{"cuda:1"});
    EXPECT_EQ(store.training({3})->resources.device, "auto");
    const ActiveJob active = *store.service().activeJob(job.id);
    EXPECT_EQ(active.attempt.pid, 42);
    EXPECT_EQ(active.attempt.pidStart, "b");
    EXPECT_EQ(active.job.promise_s, 30);
    EXPECT_EQ(store.attempts(RunId{1})->front().outcome, "lost");
    EXPECT_EQ(*store.service().eventsOffset(job.id), 99);
    const std::vector<Request> requests = *store.service().openRequests();
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0].job, job.id);
    EXPECT_EQ(requests[1].job, JobId{});
    EXPECT_EQ(store.alerts()->size(), 1u);
    EXPECT_EQ(store.checkpoints({1})->front().path, "checkpoints/step-20");
    EXPECT_EQ(store.service().queue()->front().job.run, RunId{2});
  }
};

TEST_F(FromSchema1, EveryFieldIsKeptAndWhatIsNewIsFilledIn) {
  RunStore store = *RunStore::open(database());
  expectAll(store);
  EXPECT_EQ(countOf(database().string() + ".schema-1.backup", "SELECT count(*) FROM run"), 3);
  // It goes on: numbers that follow are no one's yet, and the next attempt's events are stored behind the others.
  const RunId next = add(store, "next");
  EXPECT_EQ(next.value, 4);
  EXPECT_EQ(store.training(next)->position, 4);
  const JobId first = store.training({1})->id;
  ASSERT_TRUE(store.service().ingest({.job = first, .from = 99, .to = 120, .rows = {metricRow(30, 2.5)}}));
  EXPECT_EQ(store.run({1})->values->at("train/loss"), 2.5);
}

TEST_F(FromSchema1, ForReadingAPrivateCopyIsMigratedAndTheFileStaysAsItIs) {
  const std::string before = bytes();
  {
    Result<RunStore> store = RunStore::open(database(), RunStore::Mode::ReadOnly);
    ASSERT_TRUE(store) << store.error().message;
    expectAll(*store);
  }
  EXPECT_TRUE(bytes() == before);
  EXPECT_EQ(countOf(database(), "PRAGMA user_version"), 1);
  EXPECT_THAT(filesIn(folder()), ElementsAre("weft.db"));
}

// A foreign weft.db must not bring statements that run when ours do.
TEST_F(Schema, AStoreWithTriggersOrViewsIsNotOpened) {
  for (const auto& [statement, what] :
       {std::pair("CREATE TRIGGER t AFTER UPDATE ON run BEGIN DELETE FROM run; END", "the trigger 't'"),
        std::pair("CREATE VIEW v AS SELECT 1", "the view 'v'"),
        std::pair("CREATE VIRTUAL TABLE f USING fts5(a)", "the virtual table 'f'")}) {
    fs::remove(database());
    { ASSERT_TRUE(RunStore::open(database())); }
    execute(database(), statement);
    for (const RunStore::Mode mode : {RunStore::Mode::ReadOnly, RunStore::Mode::ReadWrite}) {
      const Result<RunStore> store = RunStore::open(database(), mode);
      ASSERT_FALSE(store) << statement;
      EXPECT_EQ(store.error().code, ErrorCode::Corrupt);
      EXPECT_THAT(store.error().message, testing::HasSubstr(what));
    }
  }
}

TEST_F(Schema, APipeBesideAStoreIsNotWaitedFor) {
  { ASSERT_TRUE(RunStore::open(database())); }
  for (const char* beside : {"-wal", "-journal"}) {
    const std::string pipe = database().string() + beside;
    fs::remove(pipe);
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_FALSE(RunStore::open(database(), RunStore::Mode::ReadOnly));
    EXPECT_FALSE(RunStore::open(database()));
    fs::remove(pipe);
  }
}

}  // namespace
}  // namespace weft::store::test
