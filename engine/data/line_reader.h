// engine/data/line_reader.h -- the lines of a plain or zstd-compressed file, one after the other, in constant memory.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "engine/base/result.h"

namespace weft::data {

enum class Compression { None, Zstd };

class LineReader {
 public:
  // Errors of InputFile::open.
  [[nodiscard]] static Result<LineReader> open(const std::filesystem::path& file, Compression compression);
  LineReader(LineReader&&) noexcept;
  ~LineReader();

  // True and the next line without its newline, false at the end. Io; Corrupt for a damaged or cut-off zstd stream and
  // for a line of more than kMaxLineBytes (a few kilobytes of zstd can hold any number of them).
  [[nodiscard]] Result<bool> next(std::string& line);
  static constexpr std::size_t kMaxLineBytes = 256u << 20;

 private:
  struct State;
  explicit LineReader(std::unique_ptr<State> state);
  std::unique_ptr<State> m_state;
};

}  // namespace weft::data
