#include "engine/store/schema.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <system_error>
#include <thread>

#include "engine/base/files.h"
#include "engine/store/database.h"

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

tl::unexpected<Error> newerVersion(const fs::path& database, std::int64_t version, int known) {
  return fail(ErrorCode::NewerVersion,
              fmt::format("{} was written by a newer Weft (schema {}; this one knows {}).", database.string(), version, known));
}

Result<FileKind> inspectOnce(const fs::path& database, int known) {
  std::error_code error;
  const fs::file_status status = fs::status(database, error);
  if (status.type() == fs::file_type::not_found) return FileKind::Missing;
  if (status.type() != fs::file_type::regular) {
    return fail(ErrorCode::Corrupt, fmt::format("{} is not a Weft project: it must be a database file.", database.string()));
  }
  std::ifstream file(database, std::ios::binary);
  if (!file) return fail(ErrorCode::Io, fmt::format("{} cannot be opened for reading; check its permissions.", database.string()));
  std::array<char, kHeaderBytes> header{};
  file.read(header.data(), header.size());
  if (file.gcount() == 0) return FileKind::Empty;
  if (file.gcount() < static_cast<std::streamsize>(kHeaderBytes) || std::memcmp(header.data(), kMagic, sizeof kMagic) != 0) {
    return fail(ErrorCode::Corrupt, fmt::format("{} is not a Weft project: it is no SQLite database.", database.string()));
  }
  if (bigEndian32(header.data() + kApplicationIdAt) != kApplicationId) {
    return fail(ErrorCode::Corrupt, fmt::format("{} is not a Weft project: it is another program's SQLite database.", database.string()));
  }
  const std::int64_t version = bigEndian32(header.data() + kUserVersionAt);
  if (version > known) return newerVersion(database, version, known);
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
      constexpr int kBusy = 5;
      if (exception.getErrorCode() != kBusy || Clock::now() > deadline) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

int schemaOf(SQLite::Database& connection) { return connection.execAndGet("PRAGMA user_version").getInt(); }

// The committed state: another connection may read it while ours holds the write lock.
Result<void> backUp(const fs::path& database, int version) {
  const std::string target = fmt::format("{}.schema-{}.backup", database.string(), version);
  std::error_code error;
  fs::remove(target, error);  // VACUUM INTO refuses a file that is there
  SQLite::Database source(database, SQLite::OPEN_READONLY, kBusyTimeout_ms);
  SQLite::Statement copy(source, "VACUUM INTO ?");
  copy.bind(1, target);
  copy.exec();
  return syncPath(target);
}

bool isBeingWritten(const fs::path& database) {
  std::error_code error;
  return fs::exists(database.string() + "-journal", error);
}

}  // namespace

Result<FileKind> inspectFile(const fs::path& database, int known) {
  Result<FileKind> kind = inspectOnce(database, known);
  // Another process may be writing the very first page: what looks foreign is looked at twice.
  for (int attempt = 0; attempt < 3 && !kind && kind.error().code == ErrorCode::Corrupt && isBeingWritten(database); ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    kind = inspectOnce(database, known);
  }
  return kind;
}

Result<void> migrate(const fs::path& database, const std::vector<std::string>& steps) {
  const int known = static_cast<int>(steps.size());
  return guarded(database, [&]() -> Result<void> {
    SQLite::Database connection(database, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeout_ms);
    if (schemaOf(connection) < known) {
      // The first schema is written with the rollback journal: so the file's header says "Weft" before a -wal file ever exists.
      SQLite::Transaction transaction(connection, SQLite::TransactionBehavior::IMMEDIATE);
      const int version = schemaOf(connection);
      if (version > 0 && version < known) WEFT_TRY(backUp(database, version));
      for (int step = version; step < known; ++step) connection.exec(steps[static_cast<std::size_t>(step)]);
      if (version < known) {
        connection.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
        connection.exec(fmt::format("PRAGMA user_version = {}", known));
      }
      transaction.commit();
    }
    const int version = schemaOf(connection);
    if (version > known) return newerVersion(database, version, known);
    switchToWal(connection);
    return {};
  });
}

}  // namespace weft::store
