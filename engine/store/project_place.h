// engine/store/project_place.h -- what is where a new project is wanted: nothing yet, a project, or somebody else's
// files. Looks, makes nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace weft::store {

struct ProjectPlace {
  enum class Kind {
    Free,        // nothing has the name, or an empty folder has it
    Project,     // a Weft project, which can be opened
    OtherFiles,  // a folder with files that are no project's: never made among them
  };
  Kind kind = Kind::Free;
  std::filesystem::path folder;  // absolute: parent / name
  std::vector<std::filesystem::path>
      toMake;                 // the folders that are not there yet, the outermost first; the project's own is the last
  std::uintmax_t others = 0;  // OtherFiles: how many entries, counted up to kManyFiles
  std::vector<std::string> examples;  // OtherFiles: the first two by name
  std::uintmax_t freeBytes = 0;       // on its disk; 0 if that is not known
  static constexpr std::uintmax_t kManyFiles = 1000;
};

// A project's name is its folder's. InvalidInput, one sentence: empty, a slash, only dots, a blank at an end, a control
// character, over 255 bytes.
[[nodiscard]] Result<void> checkProjectName(std::string_view name);

// `parent` is an absolute folder, there or still to be made. InvalidInput: a bad name, a parent that is relative or a
// file, a file of that name; Io: no right to write there, an unreadable folder; what Project::open says of a weft.db
// that is no store of ours.
[[nodiscard]] Result<ProjectPlace> examineProjectPlace(const std::filesystem::path& parent, const std::string& name);

// `wish`, or the first of wish-2, wish-3, ... that nothing in `parent` bears.
std::string freeProjectName(const std::filesystem::path& parent, const std::string& wish);

}  // namespace weft::store
