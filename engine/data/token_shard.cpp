#include "engine/data/token_shard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <bit>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "engine/base/files.h"

namespace weft::data {
namespace {

static_assert(std::endian::native == std::endian::little, "shards are little endian and mapped as they are");

constexpr char kMagic[] = "WEFTTOK1";
constexpr std::int64_t kLargestTwoByteVocabulary = 65536;

struct Header {
  char magic[8];
  std::uint32_t bytesPerToken;
  std::uint32_t reserved;
  std::uint64_t tokens;
  std::uint64_t vocabulary;
  std::uint64_t hash;
};
static_assert(sizeof(Header) == 40);

// A descriptor that closes itself.
struct File {
  int descriptor = -1;
  explicit File(int opened) : descriptor(opened) {}
  ~File() {
    if (descriptor >= 0) ::close(descriptor);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
};

tl::unexpected<Error> systemError(const std::string& what, const std::filesystem::path& path) {
  return fail(ErrorCode::Io,
              fmt::format("Cannot {} the token shard '{}': {}.", what, path.string(), std::strerror(errno)));
}

Result<void> checkHeader(const Header& header, std::uint64_t fileBytes, const std::filesystem::path& path) {
  const auto no = [&](ErrorCode code, const std::string& reason) {
    return fail(code, fmt::format("'{}' {}.", path.string(), reason));
  };
  if (std::memcmp(header.magic, kMagic, 7) != 0)
    return no(ErrorCode::Corrupt, "is not a token shard: it does not begin with WEFTTOK1");
  if (header.magic[7] != kMagic[7]) {
    const bool isLater = header.magic[7] > kMagic[7] && header.magic[7] <= '9';
    return isLater ? no(ErrorCode::NewerVersion, "is a token shard of a newer Weft")
                   : no(ErrorCode::Corrupt, "is not a token shard: its version is none");
  }
  if (header.bytesPerToken != 2 && header.bytesPerToken != 4) {
    return no(ErrorCode::Corrupt,
              fmt::format("is a broken token shard: it claims {} bytes a token, not 2 or 4", header.bytesPerToken));
  }
  if (header.reserved != 0) return no(ErrorCode::Corrupt, "is a broken token shard: its reserved field is not 0");
  const std::uint64_t largest =
      header.bytesPerToken == 2 ? std::uint64_t{kLargestTwoByteVocabulary} : std::uint64_t{1} << 32;
  if (header.vocabulary == 0 || header.vocabulary > largest) {
    return no(ErrorCode::Corrupt,
              fmt::format("is a broken token shard: a vocabulary of {} does not fit {} bytes a token",
                          header.vocabulary, header.bytesPerToken));
  }
  const std::uint64_t payload = fileBytes - sizeof(Header);
  if (payload % header.bytesPerToken != 0 || payload / header.bytesPerToken != header.tokens) {
    return no(ErrorCode::Corrupt,
              fmt::format("is a truncated token shard: it should hold {} tokens of {} bytes, and has {} bytes for them",
                          header.tokens, header.bytesPerToken, payload));
  }
  return {};
}

}  // namespace

struct TokenShard::Mapping {
  std::filesystem::path path;
  void* address = MAP_FAILED;
  std::size_t bytes = 0;
  Header header{};

  ~Mapping() {
    if (address != MAP_FAILED) ::munmap(address, bytes);
  }
  const unsigned char* payload() const { return static_cast<const unsigned char*>(address) + sizeof(Header); }
  TokenId at(std::int64_t index) const {
    if (header.bytesPerToken == 2) {
      std::uint16_t id = 0;
      std::memcpy(&id, payload() + 2 * index, 2);
      return id;
    }
    TokenId id = 0;
    std::memcpy(&id, payload() + 4 * index, 4);
    return id;
  }
};

TokenShard::TokenShard(std::unique_ptr<Mapping> mapping) : m_mapping(std::move(mapping)) {}
TokenShard::TokenShard(TokenShard&&) noexcept = default;
TokenShard& TokenShard::operator=(TokenShard&&) noexcept = default;
TokenShard::~TokenShard() = default;

Result<TokenShard> TokenShard::open(const std::filesystem::path& path) {
  WEFT_ASSIGN(const InputFile file, InputFile::open(path));
  if (file.size() < sizeof(Header)) {
    return fail(ErrorCode::Corrupt,
                fmt::format("'{}' is not a token shard: it has only {} bytes.", path.string(), file.size()));
  }
  auto mapping = std::make_unique<Mapping>();
  mapping->path = path;
  mapping->bytes = static_cast<std::size_t>(file.size());
  mapping->address = ::mmap(nullptr, mapping->bytes, PROT_READ, MAP_SHARED, file.descriptor(), 0);
  if (mapping->address == MAP_FAILED) return systemError("map", path);
  std::memcpy(&mapping->header, mapping->address, sizeof(Header));
  WEFT_TRY(checkHeader(mapping->header, mapping->bytes, path));
  return TokenShard(std::move(mapping));
}

Result<void> TokenShard::verify() const {
  const std::size_t payloadBytes = m_mapping->bytes - sizeof(Header);
  if (XXH3_64bits(m_mapping->payload(), payloadBytes) != m_mapping->header.hash) {
    return fail(ErrorCode::Corrupt,
                fmt::format("'{}' is a broken token shard: its tokens do not fit its hash.", m_mapping->path.string()));
  }
  for (std::int64_t i = 0; i < size(); ++i) {
    if (m_mapping->at(i) < m_mapping->header.vocabulary) continue;
    return fail(ErrorCode::Corrupt,
                fmt::format("'{}' is a broken token shard: token {} has the id {} of a vocabulary of {}.",
                            m_mapping->path.string(), i, m_mapping->at(i), m_mapping->header.vocabulary));
  }
  return {};
}

std::int64_t TokenShard::size() const { return static_cast<std::int64_t>(m_mapping->header.tokens); }
std::uint64_t TokenShard::hash() const { return m_mapping->header.hash; }

std::int64_t TokenShard::vocabularySize() const { return static_cast<std::int64_t>(m_mapping->header.vocabulary); }

TokenId TokenShard::operator[](std::int64_t index) const {
  assert(index >= 0 && index < size());
  return m_mapping->at(index);
}

void TokenShard::copy(std::int64_t offset, std::span<std::int64_t> out) const {
  assert(offset >= 0 && offset + static_cast<std::int64_t>(out.size()) <= size());
  for (std::int64_t& id : out) id = m_mapping->at(offset++);
}

struct TokenShardWriter::State {
  std::filesystem::path path, unfinished;
  std::unique_ptr<File> file;
  Header header{};
  XXH3_state_t* hash = XXH3_createState();
  std::vector<unsigned char> buffer;
  bool isFinished = false;

  ~State() {
    XXH3_freeState(hash);
    if (!isFinished && file) ::unlink(unfinished.c_str());
  }

  Result<void> write(const void* data, std::size_t bytes) {
    const auto* next = static_cast<const unsigned char*>(data);
    while (bytes > 0) {
      const ssize_t written = ::write(file->descriptor, next, bytes);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return systemError("write", unfinished);
      next += written;
      bytes -= static_cast<std::size_t>(written);
    }
    return {};
  }
};

TokenShardWriter::TokenShardWriter(std::unique_ptr<State> state) : m_state(std::move(state)) {}
TokenShardWriter::TokenShardWriter(TokenShardWriter&&) noexcept = default;
TokenShardWriter::~TokenShardWriter() = default;

Result<TokenShardWriter> TokenShardWriter::create(const std::filesystem::path& path, std::int64_t vocabularySize) {
  if (vocabularySize < 1 || vocabularySize > (std::int64_t{1} << 32)) {
    return fail(
        ErrorCode::InvalidInput,
        fmt::format("A token shard cannot have a vocabulary of {}: 1 to 2^32 tokens are possible.", vocabularySize));
  }
  auto state = std::make_unique<State>();
  state->path = path;
  state->unfinished = path.string() + fmt::format(".{}.unfinished", ::getpid());
  state->file =
      std::make_unique<File>(::open(state->unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (state->file->descriptor < 0) {
    state->file.reset();
    return systemError("create", state->unfinished);
  }
  std::memcpy(state->header.magic, kMagic, sizeof(state->header.magic));
  state->header.bytesPerToken = vocabularySize <= kLargestTwoByteVocabulary ? 2 : 4;
  state->header.vocabulary = static_cast<std::uint64_t>(vocabularySize);
  XXH3_64bits_reset(state->hash);
  // Its place; finish() fills it in.
  WEFT_TRY(state->write(&state->header, sizeof(Header)));
  return TokenShardWriter(std::move(state));
}

Result<void> TokenShardWriter::append(std::span<const TokenId> ids) {
  State& state = *m_state;
  const std::size_t width = state.header.bytesPerToken;
  constexpr std::size_t kPiece = 1 << 16;
  for (std::size_t start = 0; start < ids.size(); start += kPiece) {
    const std::span<const TokenId> piece = ids.subspan(start, std::min(kPiece, ids.size() - start));
    state.buffer.resize(piece.size() * width);
    for (std::size_t i = 0; i < piece.size(); ++i) {
      if (piece[i] >= state.header.vocabulary) {
        return fail(ErrorCode::InvalidInput, fmt::format("The token id {} does not fit the shard's vocabulary of {}.",
                                                         piece[i], state.header.vocabulary));
      }
      // Little endian: the low bytes come first.
      std::memcpy(state.buffer.data() + i * width, &piece[i], width);
    }
    XXH3_64bits_update(state.hash, state.buffer.data(), state.buffer.size());
    WEFT_TRY(state.write(state.buffer.data(), state.buffer.size()));
    state.header.tokens += piece.size();
  }
  return {};
}

Result<void> TokenShardWriter::finish() {
  State& state = *m_state;
  state.header.hash = XXH3_64bits_digest(state.hash);
  if (::pwrite(state.file->descriptor, &state.header, sizeof(Header), 0) != static_cast<ssize_t>(sizeof(Header))) {
    return systemError("write", state.unfinished);
  }
  if (::fsync(state.file->descriptor) != 0) return systemError("sync", state.unfinished);
  if (::rename(state.unfinished.c_str(), state.path.c_str()) != 0) return systemError("name", state.path);
  state.isFinished = true;
  return syncPath(state.path.parent_path().empty() ? std::filesystem::path(".") : state.path.parent_path());
}

std::int64_t TokenShardWriter::size() const { return static_cast<std::int64_t>(m_state->header.tokens); }

}  // namespace weft::data
