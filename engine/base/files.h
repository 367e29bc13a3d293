// engine/base/files.h -- whole-file reading and writing with errors as sentences.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace weft {

// An open regular file: the one way in for every file that Weft reads. Opening never waits, and what is no regular file
// is refused before a byte of it is asked for: a pipe would never end, a device might not either.
class InputFile {
 public:
  // NotFound; InvalidInput for a folder, pipe, socket or device; Corrupt for a Git LFS pointer in a file's place; Io.
  [[nodiscard]] static Result<InputFile> open(const std::filesystem::path& path);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();
  std::uint64_t size() const { return m_size; }  // when it was opened
  int descriptor() const { return m_descriptor; }
  // At most `size` bytes from `offset` on; fewer only at the file's end, where there are none left 0. Io.
  [[nodiscard]] Result<std::size_t> readAt(std::uint64_t offset, void* out, std::size_t size) const;

 private:
  InputFile(std::filesystem::path path, int descriptor) : m_path(std::move(path)), m_descriptor(descriptor) {}
  std::filesystem::path m_path;
  int m_descriptor = -1;
  std::uint64_t m_size = 0;
};

// The whole file. Errors of InputFile::open; InvalidInput if it has more than `most_bytes`. "-" and /dev/stdin read
// standard input, whatever it is.
[[nodiscard]] Result<std::string> readFile(const std::filesystem::path& path,
                                           std::uint64_t most_bytes = std::numeric_limits<std::uint64_t>::max());

// The last `bytes` of a file, or all of a shorter one. Errors of InputFile::open.
[[nodiscard]] Result<std::string> readFileEnd(const std::filesystem::path& path, std::uint64_t bytes);

// `folder` / `name`, for a folder that came from outside: a link in it may lead to another file of the folder, but not
// out of it, where it could name anything that the reader may read. The one layout that is let through is Hugging
// Face's own cache, whose snapshots/REVISION holds links into ../../blobs. A name that is not there is returned as it
// is. InvalidInput naming the link and where it leads.
[[nodiscard]] Result<std::filesystem::path> fileWithin(const std::filesystem::path& folder, const std::string& name);

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
