#include "engine/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace weft {

namespace {

namespace fs = std::filesystem;

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : m_number(number) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (m_number > STDERR_FILENO) ::close(m_number);
  }
  int number() const { return m_number; }

 private:
  int m_number;
};

std::string reason(int error) { return std::generic_category().message(error); }

// What stands in the way of reading it as a file; "" for a regular one.
const char* kindOf(mode_t mode) {
  if (S_ISREG(mode)) return "";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: a pointer is a text of less than 1,024 bytes.
constexpr std::string_view kLfsPointer = "version https://git-lfs.github.com/spec/v1\n";

Result<std::string> readAll(int descriptor, const std::string& name, std::uint64_t most_bytes) {
  std::string content;
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count == 0) return content;
    if (count > 0) {
      content.append(buffer.data(), static_cast<std::size_t>(count));
      if (content.size() > most_bytes)
        return fail(ErrorCode::InvalidInput,
                    name + " has more than the " + std::to_string(most_bytes) + " bytes that are read of such a file.");
    } else if (errno == EISDIR) {
      return fail(ErrorCode::Io, name + " is a folder, not a file.");
    } else if (errno != EINTR) {
      return fail(ErrorCode::Io, name + " cannot be read: " + reason(errno) + ".");
    }
  }
}

Result<void> writeAll(int descriptor, std::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t count = ::write(descriptor, content.data(), content.size());
    if (count >= 0) {
      content.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      return fail(ErrorCode::Io, name + " cannot be written: " + reason(errno) + ".");
    }
  }
  return {};
}

fs::path folderOf(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

}  // namespace

Result<InputFile> InputFile::open(const fs::path& path) {
  // Without O_NONBLOCK the opening of a pipe waits for a writer.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return fail(ErrorCode::NotFound, "There is no file " + path.string() + ".");
    if (errno == ENXIO) return fail(ErrorCode::InvalidInput, path.string() + " is a socket or a device, not a file.");
    return fail(ErrorCode::Io, path.string() + " cannot be opened: " + reason(errno) + ".");
  }
  InputFile file(path, descriptor);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0)
    return fail(ErrorCode::Io, path.string() + " cannot be looked at: " + reason(errno) + ".");
  if (const std::string kind = kindOf(status.st_mode); !kind.empty())
    return fail(ErrorCode::InvalidInput, path.string() + " is " + kind + ", not a file.");
  file.m_size = static_cast<std::uint64_t>(status.st_size);
  if (file.m_size > kLfsPointer.size() && file.m_size < 1024) {
    std::array<char, kLfsPointer.size()> head;
    WEFT_ASSIGN(const std::size_t count, file.readAt(0, head.data(), head.size()));
    if (std::string_view(head.data(), count) == kLfsPointer)
      return fail(
          ErrorCode::Corrupt,
          path.string() + " is a Git LFS pointer, not the file itself; `git lfs pull` in its folder gets that.");
  }
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : m_path(std::move(other.m_path)),
      m_descriptor(std::exchange(other.m_descriptor, -1)),
      m_size(std::exchange(other.m_size, 0)) {}

InputFile::~InputFile() {
  if (m_descriptor >= 0) ::close(m_descriptor);
}

Result<std::size_t> InputFile::readAt(std::uint64_t offset, void* out, std::size_t size) const {
  std::size_t had = 0;
  while (had < size) {
    const ssize_t count =
        ::pread(m_descriptor, static_cast<char*>(out) + had, size - had, static_cast<off_t>(offset + had));
    if (count == 0) break;
    if (count > 0) {
      had += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      return fail(ErrorCode::Io, m_path.string() + " cannot be read: " + reason(errno) + ".");
    }
  }
  return had;
}

Result<std::string> readFile(const fs::path& path, std::uint64_t most_bytes) {
  if (path == "-" || path == "/dev/stdin") return readAll(STDIN_FILENO, "standard input", most_bytes);
  WEFT_ASSIGN(const InputFile file, InputFile::open(path));
  return readAll(file.descriptor(), path.string(), most_bytes);
}

Result<std::string> readFileEnd(const fs::path& path, std::uint64_t bytes) {
  WEFT_ASSIGN(const InputFile file, InputFile::open(path));
  const std::uint64_t count = std::min(bytes, file.size());
  std::string text(count, '\0');
  WEFT_ASSIGN(const std::size_t had, file.readAt(file.size() - count, text.data(), text.size()));
  text.resize(had);
  return text;
}

Result<fs::path> fileWithin(const fs::path& folder, const std::string& name) {
  std::error_code error;
  const fs::path path = folder / name;
  if (fs::symlink_status(path, error).type() == fs::file_type::not_found) return path;
  const auto lies = [](const fs::path& file, const fs::path& in) {
    const fs::path relative = file.lexically_relative(in);
    return !relative.empty() && *relative.begin() != "..";
  };
  const fs::path home = fs::canonical(folder, error), real = error ? fs::path() : fs::canonical(path, error);
  if (!error && lies(real, home)) return path;
  if (!error && home.parent_path().filename() == "snapshots" && lies(real, home.parent_path().parent_path() / "blobs"))
    return path;
  return fail(ErrorCode::InvalidInput, path.string() + " is a link out of its folder, to " +
                                           (real.empty() ? std::string("nowhere") : real.string()) +
                                           "; put the file itself there.");
}

AtomicFile::AtomicFile(fs::path path, std::string temporary, int descriptor)
    : m_path(std::move(path)), m_temporary(std::move(temporary)), m_descriptor(descriptor) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : m_path(std::move(other.m_path)),
      m_temporary(std::exchange(other.m_temporary, {})),
      m_descriptor(std::exchange(other.m_descriptor, -1)) {}

AtomicFile::~AtomicFile() {
  if (m_descriptor >= 0) ::close(m_descriptor);
  if (!m_temporary.empty()) ::unlink(m_temporary.c_str());
}

Result<AtomicFile> AtomicFile::create(const fs::path& path) {
  // mkstemp: two processes that write the same file at once must not share a temporary name.
  std::string temporary = path.string() + ".XXXXXX";
  const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return fail(ErrorCode::Io, path.string() + " cannot be written: " + reason(errno) + ".");
  return AtomicFile(path, std::move(temporary), descriptor);
}

Result<void> AtomicFile::write(std::string_view content) { return writeAll(m_descriptor, content, m_path.string()); }

Result<void> AtomicFile::commit() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(m_descriptor, 0666 & ~mask) != 0 || ::fsync(m_descriptor) != 0 ||
      ::rename(m_temporary.c_str(), m_path.c_str()) != 0) {
    return fail(ErrorCode::Io, m_path.string() + " cannot be written: " + reason(errno) + ".");
  }
  m_temporary.clear();
  return syncPath(folderOf(m_path));
}

Result<void> writeFileAtomically(const fs::path& path, std::string_view content) {
  WEFT_ASSIGN(AtomicFile file, AtomicFile::create(path));
  WEFT_TRY(file.write(content));
  return file.commit();
}

Result<void> createFolders(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail(ErrorCode::Io, "The folder " + path.string() + " cannot be made: " + error.message() + ".");
  if (!fs::is_directory(path, error))
    return fail(ErrorCode::Io, "The folder " + path.string() + " cannot be made: a file has that name.");
  return {};
}

Result<void> syncPath(const fs::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return fail(ErrorCode::Io, path.string() + " cannot be opened: " + reason(errno) + ".");
  // EINVAL: the file system has nothing to sync for this kind of file.
  if (::fsync(file.number()) != 0 && errno != EINVAL)
    return fail(ErrorCode::Io, path.string() + " cannot be synced: " + reason(errno) + ".");
  return {};
}

Result<TemporaryFolder> TemporaryFolder::create(std::string_view prefix) {
  std::error_code error;
  const fs::path parent = fs::temp_directory_path(error);
  if (error)
    return fail(ErrorCode::Io,
                "The system's temporary folder cannot be used: " + error.message() + " (TMPDIR names another).");
  std::string name = (parent / (std::string(prefix) + "-XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr)
    return fail(ErrorCode::Io, "No folder can be made in " + parent.string() + ": " + reason(errno) + ".");
  return TemporaryFolder(fs::path(name));
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept : m_path(std::exchange(other.m_path, {})) {}

TemporaryFolder& TemporaryFolder::operator=(TemporaryFolder&& other) noexcept {
  std::swap(m_path, other.m_path);
  return *this;
}

TemporaryFolder::~TemporaryFolder() {
  if (m_path.empty()) return;
  std::error_code ignored;  // a destructor has nobody to tell
  fs::remove_all(m_path, ignored);
}

std::string absolutePath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

fs::path executableFolder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program.parent_path();
}

}  // namespace weft
