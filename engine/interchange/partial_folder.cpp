#include "engine/interchange/partial_folder.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include "engine/base/files.h"

namespace weft::interchange {

namespace fs = std::filesystem;

Result<void> PartialFolder::checkFree(const fs::path& out) {
  std::error_code error;
  if (!fs::exists(out, error) || (fs::is_directory(out, error) && fs::is_empty(out, error))) return {};
  return fail(ErrorCode::InvalidInput,
              fmt::format("{} is there already; name a folder that is not, or an empty one.", out.string()));
}

Result<PartialFolder> PartialFolder::create(const fs::path& out) {
  WEFT_TRY(createFolders(out.has_parent_path() ? out.parent_path() : fs::path(".")));
  std::string name = out.string() + ".partial-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    return fail(ErrorCode::Io, fmt::format("No folder can be made beside {}.", out.string()));
  return PartialFolder(out, name);
}

PartialFolder::PartialFolder(fs::path out, fs::path path) : m_out(std::move(out)), m_path(std::move(path)) {}
PartialFolder::PartialFolder(PartialFolder&& other) noexcept
    : m_out(std::move(other.m_out)), m_path(std::exchange(other.m_path, {})) {}

PartialFolder::~PartialFolder() {
  std::error_code ignored;
  if (!m_path.empty()) fs::remove_all(m_path, ignored);
}

Result<void> PartialFolder::commit() {
  std::error_code error;
  fs::permissions(m_path,
                  fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read |
                      fs::perms::others_exec,
                  error);
  fs::remove(m_out, error);  // an empty one
  fs::rename(m_path, m_out, error);
  if (error)
    return fail(ErrorCode::Io, fmt::format("{} cannot be given its name: {}.", m_out.string(), error.message()));
  m_path.clear();
  return {};
}

}  // namespace weft::interchange
