#include "engine/data/line_reader.h"

#include <fmt/format.h>
#include <zstd.h>

#include <cstring>
#include <utility>
#include <vector>

#include "engine/base/files.h"

namespace weft::data {
namespace {

struct FreeStream {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

}  // namespace

struct LineReader::State {
  std::filesystem::path path;
  InputFile file;
  std::uint64_t filePosition = 0;
  std::unique_ptr<ZSTD_DStream, FreeStream> stream;  // null = plain
  std::vector<char> compressed;
  ZSTD_inBuffer input{nullptr, 0, 0};
  std::size_t frameBytesDue = 0;  // what zstd says after each step: 0 = a frame is complete
  bool mayHoldMore = false;       // zstd filled the whole output: it may have more without new input
  std::vector<char> plain = std::vector<char>(1 << 17);
  std::size_t at = 0, end = 0;
  std::int64_t line = 0;

  tl::unexpected<Error> corrupt(const std::string& reason) const {
    return fail(ErrorCode::Corrupt, fmt::format("'{}' {} (after line {}).", path.string(), reason, line));
  }

  Result<std::size_t> read(std::vector<char>& into) {
    WEFT_ASSIGN(const std::size_t bytes, file.readAt(filePosition, into.data(), into.size()));
    filePosition += bytes;
    return bytes;
  }

  // Refills `plain`; false at the end.
  Result<bool> fill() {
    at = end = 0;
    if (!stream) {
      WEFT_ASSIGN(end, read(plain));
      return end > 0;
    }
    while (end == 0) {
      if (input.pos == input.size && !mayHoldMore) {
        WEFT_ASSIGN(const std::size_t bytes, read(compressed));
        if (bytes == 0) {
          if (frameBytesDue != 0) return corrupt("ends in the middle of a zstd frame: it is cut off");
          return false;
        }
        input = {compressed.data(), bytes, 0};
      }
      ZSTD_outBuffer output{plain.data(), plain.size(), 0};
      frameBytesDue = ZSTD_decompressStream(stream.get(), &output, &input);
      if (ZSTD_isError(frameBytesDue)) {
        return corrupt(fmt::format("is not a zstd file that can be read: {}", ZSTD_getErrorName(frameBytesDue)));
      }
      // At a frame's end nothing is held back, however full the output is: to ask once more would begin the next frame,
      // which may not be there.
      mayHoldMore = frameBytesDue != 0 && output.pos == output.size;
      end = output.pos;
    }
    return true;
  }
};

LineReader::LineReader(std::unique_ptr<State> state) : m_state(std::move(state)) {}
LineReader::LineReader(LineReader&&) noexcept = default;
LineReader::~LineReader() = default;

Result<LineReader> LineReader::open(const std::filesystem::path& file, Compression compression) {
  WEFT_ASSIGN(InputFile input, InputFile::open(file));
  auto state = std::make_unique<State>(State{.path = file, .file = std::move(input)});
  if (compression == Compression::Zstd) {
    state->stream.reset(ZSTD_createDStream());
    state->compressed.resize(ZSTD_DStreamInSize());
    ZSTD_initDStream(state->stream.get());
  }
  return LineReader(std::move(state));
}

Result<bool> LineReader::next(std::string& line) {
  State& state = *m_state;
  line.clear();
  for (bool isBegun = false;; isBegun = true) {
    if (state.at == state.end) {
      WEFT_ASSIGN(const bool isFilled, state.fill());
      if (!isFilled) {
        if (!isBegun) return false;
        ++state.line;
        return true;
      }
    }
    const char* begin = state.plain.data() + state.at;
    const std::size_t available = state.end - state.at;
    const void* newline = std::memchr(begin, '\n', available);
    const std::size_t length =
        newline ? static_cast<std::size_t>(static_cast<const char*>(newline) - begin) : available;
    if (line.size() + length > kMaxLineBytes)
      return state.corrupt(fmt::format("has a line of more than {} MiB", kMaxLineBytes >> 20));
    line.append(begin, length);
    state.at += length + (newline ? 1 : 0);
    if (newline) {
      ++state.line;
      return true;
    }
  }
}

}  // namespace weft::data
