// Stores that may be read and not written. Root may write everything: there the checks run in a process that has become
// somebody else.
#include <sys/stat.h>
#include <unistd.h>

#include "store_fixture.h"

namespace weft::store::test {
namespace {

namespace fs = std::filesystem;

class Permissions : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_EQ(::chmod(folder().c_str(), 0755), 0);
  }
  void TearDown() override { ::chmod(folder().c_str(), 0755); }

  // The folder and the file lose their write permission; `check` runs without root's powers and says what is wrong, ""
  // if nothing.
  std::string asReader(const std::function<std::string()>& check, mode_t file = 0444) {
    ::chmod(database().c_str(), file);
    ::chmod(folder().c_str(), 0555);
    // In a folder of its own, which anybody may write: the project's may not.
    const TemporaryFolder answers = *TemporaryFolder::create("weft-answer");
    ::chmod(answers.path().c_str(), 0777);
    const fs::path answer = answers.path() / "answer";
    const int code = Child([&] {
                       std::FILE* out = std::fopen(answer.c_str(), "w");
                       constexpr uid_t kNobody = 65534;
                       if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) return 2;
                       std::fputs(check().c_str(), out);
                       std::fclose(out);
                       return 0;
                     }).wait();
    return code == 0 ? *readFile(answer) : "the check ended with code " + std::to_string(code);
  }
};

TEST_F(Permissions, AReadOnlyFolderCanBeRead) {
  {
    RunStore store = open();
    const RunId run = startRun(store, "a");
    ingest(store, run, {metricRow(1, 3.5)});
  }
  EXPECT_EQ(asReader([&]() -> std::string {
              Result<RunStore> store = RunStore::open(database(), RunStore::Mode::ReadOnly);
              if (!store) return store.error().message + " " + store.error().detail;
              const auto runs = store->runs();
              if (!runs || runs->size() != 1 || runs->front().lastLoss != 3.5)
                return "runs: " + (runs ? std::to_string(runs->size()) : runs.error().message);
              if (!store->dataVersion()) return "no data version";
              return store->metric(RunId{1}, "train/loss")->points.size() == 1 ? "" : "no points";
            }),
            "");
  EXPECT_THAT(filesIn(folder()), testing::ElementsAre("weft.db"));
}

TEST_F(Permissions, AReadOnlyFolderCanBeReadWithWhatAReaderLeftThere) {
  { RunStore store = open(); }
  {
    RunStore reader = open(RunStore::Mode::ReadOnly);
    EXPECT_TRUE(reader.runs());
  }
  ASSERT_TRUE(fs::exists(database().string() + "-wal")) << "a reader does not tidy up";
  for (const bool hasIndex : {true, false}) {
    if (!hasIndex) fs::remove(database().string() + "-shm");
    EXPECT_EQ(asReader([&]() -> std::string {
                Result<RunStore> store = RunStore::open(database(), RunStore::Mode::ReadOnly);
                return store && store->runs() ? "" : "it cannot be read";
              }),
              "")
        << hasIndex;
    ::chmod(folder().c_str(), 0755);
  }
}

TEST_F(Permissions, AReadOnlyFolderWithAnOddNameCanBeRead) {
  const fs::path odd = folder() / "50% of what? #1";
  fs::create_directory(odd);
  { ASSERT_TRUE(RunStore::open(odd / "weft.db")); }
  ::chmod(odd.c_str(), 0555);
  EXPECT_EQ(asReader([&]() -> std::string {
              const Result<RunStore> store = RunStore::open(odd / "weft.db", RunStore::Mode::ReadOnly);
              return store ? "" : store.error().message + " " + store.error().detail;
            }),
            "");
}

TEST_F(Permissions, AReadOnlyStoreIsNotOpenedForWriting) {
  { RunStore store = open(); }
  EXPECT_EQ(asReader([&] { return RunStore::open(database()).error().message; }),
            database().string() + " cannot be written; check the permissions of the file and of its folder.");
}

TEST_F(Permissions, AWritableFileInAReadOnlyFolderIsNotOpenedForWriting) {
  { RunStore store = open(); }
  EXPECT_EQ(asReader(
                [&]() -> std::string {
                  const Result<RunStore> store = RunStore::open(database());
                  return store ? "opened" : store.error().message;
                },
                0666),
            database().string() + " cannot be written; check the permissions of the file and of its folder.");
}

TEST_F(Permissions, AFileThatMayNotBeReadSaysWhatToCheck) {
  { RunStore store = open(); }
  EXPECT_EQ(asReader([&] { return RunStore::open(database(), RunStore::Mode::ReadOnly).error().message; }, 0000),
            database().string() + " cannot be opened; check the permissions of the file and of its folder.");
}

TEST_F(Permissions, WritesThatAreOnlyInTheWalAreNotOverlooked) {
  Gate written;
  Gate done;
  // Its death leaves the -wal behind.
  Child writer([&] {
    RunStore store = *RunStore::open(database());
    if (!store.addRun(newRun("a"))) return 1;
    written.open();
    done.await();
    return 0;
  });
  written.await();
  writer.kill();
  ASSERT_GT(fs::file_size(database().string() + "-wal"), 0u);
  fs::remove(database().string() + "-shm");
  EXPECT_EQ(asReader([&]() -> std::string {
              Result<RunStore> store = RunStore::open(database(), RunStore::Mode::ReadOnly);
              if (!store) return store.error().message + " " + store.error().detail;
              const auto runs = store->runs();
              if (!runs) return runs.error().message;
              return runs->size() == 1 ? "" : "opened without the newest run";
            }),
            "");
  EXPECT_GT(fs::file_size(database().string() + "-wal"), 0u) << "what was read is left as it was";
}

TEST_F(Permissions, AReaderWithoutWriteAccessSeesWhatAWriterDoes) {
  Gate written;
  Gate done;
  Child writer([&] {
    RunStore store = *RunStore::open(database());
    if (!store.addRun(newRun("a"))) return 1;
    written.open();
    done.await();
    return 0;
  });
  written.await();
  for (const char* ending : {"-wal", "-shm"}) ::chmod((database().string() + ending).c_str(), 0444);
  EXPECT_EQ(asReader([&]() -> std::string {
              Result<RunStore> store = RunStore::open(database(), RunStore::Mode::ReadOnly);
              if (!store) return store.error().message + " " + store.error().detail;
              return store->runs()->size() == 1 ? "" : "the run is missing";
            }),
            "");
  ::chmod(folder().c_str(), 0755);
  done.open();
  EXPECT_EQ(writer.wait(), 0);
}

TEST_F(StoreTest, ReadOnlyModeRefusesEveryWrite) {
  RunId run;
  {
    RunStore store = open();
    run = add(store, "a");
  }
  const std::string before = contentOf(database());
  RunStore store = open(RunStore::Mode::ReadOnly);
  for (const Result<void>& written :
       {store.setNote(run, "n"), store.setBaseline(run), store.request(RequestKind::Stop, run),
        store.moveInQueue(run, RunId{}), store.addMeasurement(run, {}), store.service().want(jobOf(store, run), "stop"),
        store.service().setEngineState({})}) {
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::Io);
    EXPECT_EQ(written.error().message,
              database().string() + " cannot be written; check the permissions of the file and of its folder.");
  }
  EXPECT_EQ(store.addRun(newRun("b")).error().code, ErrorCode::Io);
  EXPECT_EQ(contentOf(database()), before);
}

}  // namespace
}  // namespace weft::store::test
