#include "engine/nn/safetensors.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "engine/base/files.h"
#include "engine/base/mapped_file.h"

namespace weft::nn {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::uint64_t kMaximumHeader = 100'000'000;  // the format's own limit
constexpr std::uint64_t kMaximumBytes = std::uint64_t{1} << 60;
constexpr std::size_t kMaximumDimensions = 64;  // torch's own limit

struct TypeName {
  torch::ScalarType type;
  const char* name;
};
constexpr std::array<TypeName, 9> kTypes{{{torch::kFloat, "F32"},
                                          {torch::kDouble, "F64"},
                                          {torch::kHalf, "F16"},
                                          {torch::kBFloat16, "BF16"},
                                          {torch::kLong, "I64"},
                                          {torch::kInt, "I32"},
                                          {torch::kChar, "I8"},
                                          {torch::kByte, "U8"},
                                          {torch::kBool, "BOOL"}}};

const TypeName* byName(const std::string& name) {
  for (const TypeName& known : kTypes) {
    if (name == known.name) return &known;
  }
  return nullptr;
}

const TypeName* byType(torch::ScalarType type) {
  for (const TypeName& known : kTypes) {
    if (type == known.type) return &known;
  }
  return nullptr;
}

struct Entry {
  std::string name;
  const TypeName* type = nullptr;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;
};

tl::unexpected<Error> corrupt(const std::filesystem::path& path, const std::string& why) {
  return fail(ErrorCode::Corrupt, fmt::format("{} is not a whole safetensors file: {}.", path.string(), why));
}

// Whether brackets stand more than `depth` deep. Asked before parsing: 100 MB of brackets would become gigabytes of
// JSON values.
bool nestsDeeperThan(int depth, std::string_view json) {
  int open = 0;
  bool isText = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (isText && c == '\\') ++i;
    if (c == '"') isText = !isText;
    if (isText) continue;
    if (c == '{' || c == '[') ++open;
    if (c == '}' || c == ']') --open;
    if (open > depth) return true;
  }
  return false;
}

// The header as JSON; a key that stands twice is an error that the parser would otherwise hide.
Result<Json> parseHeader(const std::filesystem::path& path, std::string_view text) {
  constexpr int kDepth = 3;  // header, tensor, shape
  if (nestsDeeperThan(kDepth, text)) return corrupt(path, "its header nests deeper than the format does");
  std::vector<std::set<std::string>> keys;
  std::string duplicate;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      duplicate = parsed.get<std::string>();
    return true;
  };
  Json header = Json::parse(text, watch, false);
  if (header.is_discarded() || !header.is_object()) return corrupt(path, "its header is no JSON object");
  if (!duplicate.empty()) return corrupt(path, fmt::format("its header names \"{}\" twice", duplicate));
  return header;
}

bool readCount(const Json& value, std::uint64_t& out) {
  if (!value.is_number_unsigned()) return false;
  out = value.get<std::uint64_t>();
  return out <= kMaximumBytes;
}

Result<Entry> parseEntry(const std::filesystem::path& path, const std::string& name, const Json& value) {
  Entry entry{.name = name};
  const auto bad = [&](const std::string& why) {
    return corrupt(path, fmt::format("its tensor \"{}\" {}", name, why));
  };
  if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets")) {
    return bad("has no dtype, shape and data_offsets");
  }
  if (!value["dtype"].is_string() || !(entry.type = byName(value["dtype"].get<std::string>())))
    return bad("has an unknown dtype");
  if (!value["shape"].is_array()) return bad("has no list as shape");
  if (value["shape"].size() > kMaximumDimensions)
    return bad(fmt::format("has more than {} dimensions", kMaximumDimensions));
  std::uint64_t bytes = c10::elementSize(entry.type->type);
  bool isEmpty = false;
  for (const Json& size : value["shape"]) {
    std::uint64_t count = 0;
    if (!readCount(size, count)) return bad("has a size that is no count");
    entry.shape.push_back(static_cast<std::int64_t>(count));
    isEmpty = isEmpty || count == 0;
    // A size of 0 counts as 1: strides are products too, and those of [0, 2^60, 2^60] leave int64.
    count = std::max<std::uint64_t>(count, 1);
    if (bytes > kMaximumBytes / count) return bad("is larger than any file");
    bytes *= count;
  }
  if (isEmpty) bytes = 0;
  const Json& offsets = value["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !readCount(offsets[0], entry.begin) ||
      !readCount(offsets[1], entry.end))
    return bad("has no two data_offsets");
  if (entry.end < entry.begin || entry.end - entry.begin != bytes) {
    return bad(fmt::format("takes {} bytes by its shape, but {} to {} by its offsets", bytes, entry.begin, entry.end));
  }
  return entry;
}

}  // namespace

const torch::Tensor* TensorFile::find(const std::string& name) const {
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return &tensor;
  }
  return nullptr;
}

std::int64_t TensorInfo::bytes() const {
  std::int64_t count = static_cast<std::int64_t>(c10::elementSize(type));
  for (const std::int64_t size : shape) count *= size;
  return count;
}

Result<void> writeSafetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                              const std::vector<TensorInfo>& infos,
                              const std::function<Result<torch::Tensor>(std::size_t)>& tensor) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::int64_t offset = 0;
  for (const TensorInfo& info : infos) {
    const TypeName* type = byType(info.type);
    if (!type) {
      return fail(ErrorCode::Unsupported,
                  fmt::format("The tensor \"{}\" has elements of type {}, which safetensors has no name for.",
                              info.name, c10::toString(info.type)));
    }
    if (header.contains(info.name) || info.name == "__metadata__") {
      return fail(ErrorCode::Internal, fmt::format("The tensor name \"{}\" is taken; every tensor of {} needs its own.",
                                                   info.name, path.string()));
    }
    header[info.name] = {
        {"dtype", type->name}, {"shape", info.shape}, {"data_offsets", {offset, offset + info.bytes()}}};
    offset += info.bytes();
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // the buffer begins aligned, as the format asks
  std::string length;
  for (int byte = 0; byte < 8; ++byte) length.push_back(static_cast<char>(text.size() >> (8 * byte) & 0xff));
  WEFT_ASSIGN(AtomicFile file, AtomicFile::create(path));
  WEFT_TRY(file.write(length));
  WEFT_TRY(file.write(text));
  for (std::size_t index = 0; index < infos.size(); ++index) {
    WEFT_ASSIGN(const torch::Tensor made, tensor(index));
    if (made.scalar_type() != infos[index].type || made.sizes() != at::IntArrayRef(infos[index].shape)) {
      return fail(ErrorCode::Internal, fmt::format("The tensor \"{}\" is not as it was announced.", infos[index].name));
    }
    const torch::Tensor plain = made.detach().to(torch::kCPU).contiguous();
    WEFT_TRY(file.write({static_cast<const char*>(plain.const_data_ptr()), plain.nbytes()}));
  }
  return file.commit();
}

Result<void> writeSafetensors(const std::filesystem::path& path, const TensorFile& file) {
  std::vector<TensorInfo> infos;
  for (const auto& [name, tensor] : file.tensors) infos.push_back({name, tensor.scalar_type(), tensor.sizes().vec()});
  return writeSafetensors(path, file.metadata, infos,
                          [&](std::size_t index) -> Result<torch::Tensor> { return file.tensors[index].second; });
}

struct SafetensorsReader::File {
  MappedFile mapped;
  std::uint64_t begin = 0;  // of the buffer
  std::vector<Entry> entries;
  std::vector<TensorInfo> infos;
  std::map<std::string, std::string> metadata;
};

SafetensorsReader::SafetensorsReader(std::unique_ptr<File> file) : m_file(std::move(file)) {}
SafetensorsReader::SafetensorsReader(SafetensorsReader&&) noexcept = default;
SafetensorsReader& SafetensorsReader::operator=(SafetensorsReader&&) noexcept = default;
SafetensorsReader::~SafetensorsReader() = default;
const std::vector<TensorInfo>& SafetensorsReader::tensors() const { return m_file->infos; }
const std::map<std::string, std::string>& SafetensorsReader::metadata() const { return m_file->metadata; }

Result<SafetensorsReader> SafetensorsReader::open(const std::filesystem::path& path) {
  WEFT_ASSIGN(MappedFile input, MappedFile::open(path));
  if (input.size() < 8)
    return corrupt(path, fmt::format("it has {} bytes, not even the 8 of the header's length", input.size()));
  std::array<unsigned char, 8> length{};
  WEFT_TRY(input.copy(0, length.data(), length.size()));
  std::uint64_t headerSize = 0;
  for (std::size_t byte = 0; byte < length.size(); ++byte)
    headerSize |= static_cast<std::uint64_t>(length[byte]) << (8 * byte);
  if (headerSize > kMaximumHeader || headerSize > input.size() - 8) {
    return corrupt(path, fmt::format("its header should have {} bytes, and the file has {}", headerSize, input.size()));
  }
  std::string text(headerSize, '\0');
  WEFT_TRY(input.copy(8, text.data(), headerSize));
  WEFT_ASSIGN(const Json header, parseHeader(path, text));
  const std::uint64_t bufferSize = input.size() - 8 - headerSize;

  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      if (!value.is_object()) return corrupt(path, "its __metadata__ is no object");
      for (const auto& [key, entry] : value.items()) {
        if (!entry.is_string()) return corrupt(path, fmt::format("its __metadata__ \"{}\" is no string", key));
        metadata[key] = entry.get<std::string>();
      }
      continue;
    }
    WEFT_ASSIGN(Entry entry, parseEntry(path, name, value));
    if (entry.end > bufferSize)
      return corrupt(
          path, fmt::format("its tensor \"{}\" ends at byte {}, and its buffer has {}", name, entry.end, bufferSize));
    entries.push_back(std::move(entry));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t expected = 0;
  std::vector<TensorInfo> infos;
  for (const Entry& entry : entries) {
    if (entry.begin != expected)
      return corrupt(path, fmt::format("there is a hole or an overlap at its tensor \"{}\"", entry.name));
    expected = entry.end;
    infos.push_back({entry.name, entry.type->type, entry.shape});
  }
  if (expected != bufferSize)
    return corrupt(path, fmt::format("{} bytes behind its last tensor belong to none", bufferSize - expected));
  return SafetensorsReader(std::make_unique<File>(
      File{std::move(input), 8 + headerSize, std::move(entries), std::move(infos), std::move(metadata)}));
}

Result<torch::Tensor> SafetensorsReader::read(std::size_t index) const {
  const Entry& entry = m_file->entries.at(index);
  torch::Tensor tensor = torch::empty(entry.shape, entry.type->type);
  WEFT_TRY(m_file->mapped.copy(m_file->begin + entry.begin, tensor.mutable_data_ptr(), tensor.nbytes()));
  return tensor;
}

Result<TensorFile> readSafetensors(const std::filesystem::path& path) {
  WEFT_ASSIGN(const SafetensorsReader reader, SafetensorsReader::open(path));
  TensorFile file{.tensors = {}, .metadata = reader.metadata()};
  for (std::size_t index = 0; index < reader.tensors().size(); ++index) {
    WEFT_ASSIGN(torch::Tensor tensor, reader.read(index));
    file.tensors.emplace_back(reader.tensors()[index].name, std::move(tensor));
  }
  return file;
}

}  // namespace weft::nn
