// engine/base/mapped_file.h -- a file in the address space, read without a copy through the kernel's buffers, and
// without the risk that mappings have: a file that somebody cuts short, or a disk that fails, is an error here and not
// the end of the process.
#pragma once

#include <cstdint>
#include <filesystem>

#include "engine/base/files.h"
#include "engine/base/result.h"

namespace weft {

class MappedFile {
 public:
  // Errors of InputFile::open (base/files.h): a pipe by that name is refused, not waited for.
  [[nodiscard]] static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  std::uint64_t size() const { return m_size; }  // when it was opened
  // Fills `out` with the `size` bytes from `offset` on, which lie within size(). Corrupt if the file has become shorter
  // since, or if a page of it cannot be read: touching it raises SIGBUS, which is caught for the copying thread alone;
  // a SIGBUS of any other thread goes to the handler that was installed before.
  [[nodiscard]] Result<void> copy(std::uint64_t offset, void* out, std::uint64_t size) const;

 private:
  MappedFile(std::filesystem::path path, InputFile file);
  std::filesystem::path m_path;
  InputFile m_file;
  const void* m_address = nullptr;  // null for an empty file
  std::uint64_t m_size = 0;
};

}  // namespace weft
