// engine/interchange/partial_folder.h -- a folder beside `out` that becomes `out` when it is whole, and vanishes if it
// does not.
#pragma once

#include <filesystem>

#include "engine/base/result.h"

namespace weft::interchange {

class PartialFolder {
 public:
  // InvalidInput if `out` is there and not an empty folder.
  [[nodiscard]] static Result<void> checkFree(const std::filesystem::path& out);
  [[nodiscard]] static Result<PartialFolder> create(const std::filesystem::path& out);
  PartialFolder(PartialFolder&& other) noexcept;
  PartialFolder& operator=(PartialFolder&&) = delete;
  ~PartialFolder();
  const std::filesystem::path& path() const { return m_path; }
  [[nodiscard]] Result<void> commit();

 private:
  PartialFolder(std::filesystem::path out, std::filesystem::path path);
  std::filesystem::path m_out, m_path;
};

}  // namespace weft::interchange
