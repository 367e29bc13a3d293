#include "engine/store/schema.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <thread>

#include "engine/base/files.h"
#include "engine/store/database.h"
#include "engine/store/engine_lock.h"

namespace weft::store {

namespace {

namespace fs = std::filesystem;

// https://www.sqlite.org/fileformat.html section 1.3: big-endian fields of the first 100 bytes.
constexpr std::size_t kHeaderBytes = 100;
constexpr std::size_t kUserVersionAt = 60;
constexpr std::size_t kApplicationIdAt = 68;
constexpr char kMagic[16] = {'S', 'Q', 'L', 'i', 't', 'e', ' ', 'f', 'o', 'r', 'm', 'a', 't', ' ', '3', '\0'};

std::int64_t bigEndian32(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

struct Header {
  std::int64_t fileBytes = 0;
  std::array<char, kHeaderBytes> bytes{};
};

// Read by SQLite's own file handle, which takes no lock and makes no file. A descriptor of ours must never be closed on
// this file: POSIX drops the locks that the other connections of this process hold on it, and the next process to leave
// deletes the -wal that they write to (https://www.sqlite.org/howtocorrupt.html section 2.2).
Result<Header> readHeader(const fs::path& database) {
  return guarded(database, [&]() -> Result<Header> {
    SQLite::Database connection(database, SQLite::OPEN_READONLY);
    sqlite3_file* file = nullptr;
    connection.check(sqlite3_file_control(connection.getHandle(), "main", SQLITE_FCNTL_FILE_POINTER, &file));
    Header header;
    sqlite3_int64 size = 0;
    int code = file->pMethods->xFileSize(file, &size);
    if (code == SQLITE_OK) code = file->pMethods->xRead(file, header.bytes.data(), kHeaderBytes, 0);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) {
      return fail(ErrorCode::Io, fmt::format("{} cannot be read: its disk reports an error.", database.string()),
                  fmt::format("SQLite {}", code));
    }
    header.fileBytes = size;
    return header;
  });
}

Result<FileKind> inspectOnce(const fs::path& database, int known) {
  std::error_code error;
  const fs::file_status status = fs::status(database, error);
  if (status.type() == fs::file_type::not_found) return FileKind::Missing;
  if (status.type() != fs::file_type::regular) {
    return fail(ErrorCode::Corrupt,
                fmt::format("{} is not a Weft project: it must be a database file.", database.string()));
  }
  for (const char* beside : {"-wal", "-shm", "-journal"}) {
    const fs::file_type type = fs::status(database.string() + beside, error).type();
    if (type == fs::file_type::not_found || type == fs::file_type::regular) continue;
    return fail(ErrorCode::Corrupt, fmt::format("{} is not opened: {}{} beside it is no file.", database.string(),
                                                database.filename().string(), beside));
  }
  WEFT_ASSIGN(const Header header, readHeader(database));
  if (header.fileBytes == 0) return FileKind::Empty;
  if (header.fileBytes < static_cast<std::int64_t>(kHeaderBytes) ||
      std::memcmp(header.bytes.data(), kMagic, sizeof kMagic) != 0) {
    return fail(ErrorCode::Corrupt,
                fmt::format("{} is not a Weft project: it is no SQLite database.", database.string()));
  }
  if (bigEndian32(header.bytes.data() + kApplicationIdAt) != kApplicationId) {
    return fail(ErrorCode::Corrupt,
                fmt::format("{} is not a Weft project: it is another program's SQLite database.", database.string()));
  }
  const std::int64_t version = bigEndian32(header.bytes.data() + kUserVersionAt);
  if (version > known) return tl::unexpected(newerVersionError(database, version, known));
  return FileKind::Weft;
}

// SQLite does not ask the busy handler when the journal mode changes under another connection's lock.
void switchToWal(SQLite::Database& connection) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(kBusyTimeout_ms);
  for (;;) {
    try {
      SQLite::Statement statement(connection, "PRAGMA journal_mode = WAL");
      statement.executeStep();
      return;
    } catch (const SQLite::Exception& exception) {
      if (exception.getErrorCode() != SQLITE_BUSY || Clock::now() > deadline) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

int schemaOf(SQLite::Database& connection) { return connection.execAndGet("PRAGMA user_version").getInt(); }

// The committed state: another connection may read it while ours holds the write lock.
Result<void> backUp(const fs::path& database, int version) {
  const std::string target = fmt::format("{}.schema-{}.backup", database.string(), version);
  const std::string unfinished = target + ".part";
  std::error_code error;
  fs::remove(unfinished, error);  // VACUUM INTO refuses a file that is there
  SQLite::Database source(database, SQLite::OPEN_READONLY, kBusyTimeout_ms);
  SQLite::Statement copy(source, "VACUUM INTO ?");
  copy.bind(1, unfinished);
  copy.exec();
  WEFT_TRY(syncPath(unfinished));
  fs::rename(unfinished, target, error);
  if (error) return fail(ErrorCode::Io, fmt::format("The backup {} cannot be made: {}.", target, error.message()));
  return syncPath(database.parent_path().empty() ? fs::path(".") : database.parent_path());
}

// Its statements would fail from this moment on, and it would hold the lock for ever.
Result<void> requireNoService(SQLite::Database& connection, const fs::path& database, int version) {
  if (!EngineLock::isHeld(database.parent_path() / "engine.lock")) return {};
  std::string process;
  if (connection.tableExists("engine")) {
    SQLite::Statement statement(connection, "SELECT pid FROM engine");
    if (statement.executeStep()) process = fmt::format(" (process {})", statement.getColumn(0).getInt64());
  }
  return fail(ErrorCode::Busy,
              fmt::format("{} is of an older Weft (schema {}), whose background service{} still works on it; end that "
                          "process first: jobs that run go on.",
                          database.string(), version, process));
}

bool isBeingWritten(const fs::path& database) {
  std::error_code error;
  return fs::exists(database.string() + "-journal", error);
}

}  // namespace

Result<FileKind> inspectFile(const fs::path& database, int known) {
  Result<FileKind> kind = inspectOnce(database, known);
  // Another process may be writing the very first page: what looks foreign is looked at twice.
  for (int attempt = 0; attempt < 3 && !kind && kind.error().code == ErrorCode::Corrupt && isBeingWritten(database);
       ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    kind = inspectOnce(database, known);
  }
  return kind;
}

Result<void> refuseForeignSchema(SQLite::Database& connection, const fs::path& database) {
  SQLite::Statement statement(connection,
                              "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view') OR (type = "
                              "'table' AND rootpage = 0) LIMIT 1");
  if (!statement.executeStep()) return {};
  const std::string type = statement.getColumn(0).getString();
  return fail(
      ErrorCode::Corrupt,
      fmt::format("{} is not opened: it has the {} '{}', which no Weft project has; somebody changed it.",
                  database.string(), type == "table" ? "virtual table" : type, statement.getColumn(1).getString()));
}

Result<void> migrate(const fs::path& database, const std::vector<Migration>& steps) {
  const int known = static_cast<int>(steps.size());
  return guarded(database, [&]() -> Result<void> {
    SQLite::Database connection(database, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeout_ms);
    // SQLite opens for reading what it may not write.
    if (sqlite3_db_readonly(connection.getHandle(), "main") == 1) {
      return fail(
          ErrorCode::Io,
          fmt::format("{} cannot be written; check the permissions of the file and of its folder.", database.string()));
    }
    WEFT_TRY(refuseForeignSchema(connection, database));
    if (schemaOf(connection) < known) {
      // The first schema is written with the rollback journal: so the file's header says "Weft" before a -wal file ever
      // exists.
      SQLite::Transaction transaction(connection, SQLite::TransactionBehavior::IMMEDIATE);
      const int version = schemaOf(connection);
      if (version < 0)
        return fail(ErrorCode::Corrupt,
                    fmt::format("{} is not a Weft project: its schema is {}.", database.string(), version));
      if (version > 0 && version < known) {
        WEFT_TRY(requireNoService(connection, database, version));
        WEFT_TRY(backUp(database, version));
      }
      for (int step = version; step < known; ++step) {
        const Migration& migration = steps[static_cast<std::size_t>(step)];
        connection.exec(migration.sql);
        if (migration.complete != nullptr) migration.complete(connection);
      }
      if (version < known) {
        connection.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
        connection.exec(fmt::format("PRAGMA user_version = {}", known));
      }
      transaction.commit();
    }
    const int version = schemaOf(connection);
    if (version > known) return tl::unexpected(newerVersionError(database, version, known));
    switchToWal(connection);
    return {};
  });
}

}  // namespace weft::store
