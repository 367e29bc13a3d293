#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "engine/base/files.h"
#include "tests/fuzz/targets.h"

namespace weft::fuzz {

namespace fs = std::filesystem;

fs::path scratchFile(const std::string& name, std::string_view content) {
  static const TemporaryFolder folder = [] {
    // In memory where there is such a folder: thousands of small files made a busy disk ten times slower than the
    // readers.
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0);
    return TemporaryFolder::create("weft-fuzz").value();
  }();
  const fs::path file = folder.path() / name;
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  return file;
}

fs::path fixture(const std::string& name) { return fs::path(WEFT_FUZZ_SOURCE_DIR).parent_path() / "fixtures" / name; }

std::string contentOf(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace weft::fuzz
