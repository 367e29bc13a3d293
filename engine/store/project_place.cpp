#include "engine/store/project_place.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "engine/store/project.h"

namespace weft::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestName = 255;   // bytes: the limit of every file system that Linux usually has
constexpr std::size_t kLongestPath = 3900;  // bytes: PATH_MAX less room for what lies in a project

// Something that is there, whatever it is: a link that leads nowhere, too.
bool isThere(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

// The other files of a folder; a temporary file of a crashed write is one, too: better asked about than buried.
Result<void> countOthers(ProjectPlace& place) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(place.folder, error), end;
       !error && entry != end && names.size() < ProjectPlace::kManyFiles; entry.increment(error))
    names.push_back(entry->path().filename().string());
  if (error)
    return fail(ErrorCode::Io, fmt::format("{} cannot be looked into: {}.", place.folder.string(), error.message()));
  place.others = names.size();
  const auto shown = std::min<std::size_t>(names.size(), 2);
  std::partial_sort(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), names.end());
  place.examples.assign(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown));
  if (place.others > 0) place.kind = ProjectPlace::Kind::OtherFiles;
  return {};
}

// Every folder on the way down that is not there; the innermost that is must be a folder one may write in.
Result<void> findFoldersToMake(ProjectPlace& place) {
  fs::path there = place.folder;
  while (!isThere(there) && there.has_relative_path()) {
    place.toMake.insert(place.toMake.begin(), there);
    there = there.parent_path();
  }
  std::error_code error;
  const bool isFolder = fs::is_directory(there, error);
  if (error) return fail(ErrorCode::Io, fmt::format("{} cannot be looked into: {}.", there.string(), error.message()));
  if (!isFolder)
    return fail(ErrorCode::InvalidInput,
                fmt::format("{} is a file; a project is a folder in a folder.", there.string()));
  const fs::space_info space = fs::space(there, error);
  if (!error) place.freeBytes = space.available;
  if (place.kind == ProjectPlace::Kind::Free && ::access(there.c_str(), W_OK | X_OK) != 0) {
    const int code = errno;
    if (code == EROFS)
      return fail(ErrorCode::Io,
                  fmt::format("{} lies on a disk that is read-only; choose another folder.", there.string()));
    return fail(ErrorCode::Io, fmt::format("You may not write in {}; choose another folder.", there.string()));
  }
  return {};
}

}  // namespace

Result<void> checkProjectName(std::string_view name) {
  const auto wrong = [](std::string sentence) { return fail(ErrorCode::InvalidInput, std::move(sentence)); };
  if (name.empty()) return wrong("The project needs a name.");
  if (name.find('/') != std::string_view::npos)
    return wrong("A project's name has no slash: it is one folder in the parent folder.");
  if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return wrong("A project's name has no tabs, line breaks or other control characters.");
  if (name.find_first_not_of(' ') == std::string_view::npos)
    return wrong("The project needs a name that is more than blanks.");
  if (name.front() == ' ' || name.back() == ' ') return wrong("A project's name neither begins nor ends with a blank.");
  if (name.find_first_not_of('.') == std::string_view::npos) return wrong("A project's name is more than dots.");
  if (name.size() > kLongestName)
    return wrong(
        fmt::format("The name is {} bytes long; the name of a folder has at most {}.", name.size(), kLongestName));
  return {};
}

Result<ProjectPlace> examineProjectPlace(const fs::path& parent, const std::string& name) {
  WEFT_TRY(checkProjectName(name));
  if (parent.empty()) return fail(ErrorCode::InvalidInput, "The project needs a parent folder.");
  if (!parent.is_absolute())
    return fail(ErrorCode::InvalidInput,
                fmt::format("The parent folder is written from the root on, such as /home/me/research; {} is not.",
                            parent.string()));
  ProjectPlace place;
  place.folder = (parent / name).lexically_normal();
  if (place.folder.string().size() > kLongestPath)
    return fail(ErrorCode::InvalidInput, fmt::format("The path of the project is {} bytes long; it has at most {}.",
                                                     place.folder.string().size(), kLongestPath));
  std::error_code error;
  if (isThere(place.folder)) {
    if (!fs::is_directory(place.folder, error)) {
      if (error && error != std::errc::no_such_file_or_directory)
        return fail(ErrorCode::Io,
                    fmt::format("{} cannot be looked into: {}.", place.folder.string(), error.message()));
      return fail(ErrorCode::InvalidInput, fmt::format("{} is a file; a project is a folder.", place.folder.string()));
    }
    if (isThere(place.folder / "weft.db")) {
      // A foreign file of that name, or a damaged store, says so itself.
      WEFT_TRY(Project::open(place.folder));
      place.kind = ProjectPlace::Kind::Project;
    } else {
      WEFT_TRY(countOthers(place));
    }
  }
  WEFT_TRY(findFoldersToMake(place));
  return place;
}

std::string freeProjectName(const fs::path& parent, const std::string& wish) {
  // Room for the number; not in the middle of a character.
  std::string stem = wish;
  while (stem.size() > kLongestName - 8 ||
         (!stem.empty() && stem.size() < wish.size() && (static_cast<unsigned char>(wish[stem.size()]) & 0xc0) == 0x80))
    stem.pop_back();
  const auto isTaken = [&](const std::string& name) {
    std::error_code error;
    const fs::file_type type = fs::symlink_status(parent / name, error).type();
    return type != fs::file_type::not_found && type != fs::file_type::none;  // none: nobody can tell
  };
  std::string name = stem;
  for (int number = 2; isTaken(name); ++number) name = fmt::format("{}-{}", stem, number);
  return name;
}

}  // namespace weft::store
