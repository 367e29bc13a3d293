// engine/base/files.h -- whole-file reading and writing with errors as sentences.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace weft {

// The whole file. NotFound, Io. "-" reads standard input.
[[nodiscard]] Result<std::string> readFile(const std::filesystem::path& path);

// Writes to a temporary name beside `path`, syncs, renames over it, syncs the folder: after a crash the old or the new
// content is there, never a half. Io.
[[nodiscard]] Result<void> writeFileAtomically(const std::filesystem::path& path, std::string_view content);

// The same for content that comes in pieces: nothing bears the name `path` before commit(), and without it nothing is
// left.
class AtomicFile {
 public:
  [[nodiscard]] static Result<AtomicFile> create(const std::filesystem::path& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();
  [[nodiscard]] Result<void> write(std::string_view content);
  [[nodiscard]] Result<void> commit();

 private:
  AtomicFile(std::filesystem::path path, std::string temporary, int descriptor);
  std::filesystem::path m_path;
  std::string m_temporary;  // "" once committed or moved from
  int m_descriptor = -1;
};

// create_directories with a sentence. Io.
[[nodiscard]] Result<void> createFolders(const std::filesystem::path& path);

// fsync of a file or folder by path. Io.
[[nodiscard]] Result<void> syncPath(const std::filesystem::path& path);

// A folder below the system's temporary folder, removed with its content by the destructor.
class TemporaryFolder {
 public:
  [[nodiscard]] static Result<TemporaryFolder> create(std::string_view prefix = "weft");
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&& other) noexcept;
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return m_path; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : m_path(std::move(path)) {}
  std::filesystem::path m_path;
};

// Absolute and without "." and ".."; `path` itself where the current folder is not known.
std::string absolutePath(const std::string& path);

// Folder of the running executable (/proc/self/exe).
std::filesystem::path executableFolder();

}  // namespace weft
