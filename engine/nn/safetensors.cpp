#include "engine/nn/safetensors.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/files.h"
#include "engine/base/mapped_file.h"
#include "engine/base/safetensors_header.h"

namespace weft::nn {

namespace {

using Json = nlohmann::ordered_json;
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

// A tensor of the file as one of torch's, which has fewer types and smaller numbers than the format.
Result<TensorInfo> infoOf(const std::filesystem::path& path, const SafetensorsEntry& entry) {
  const auto corrupt = [&](const std::string& why) {
    return fail(ErrorCode::Corrupt, fmt::format("{} is not a whole safetensors file: its tensor \"{}\" {}.",
                                                path.string(), entry.name, why));
  };
  const TypeName* type = byName(entry.type);
  if (!type) {
    return fail(
        ErrorCode::Unsupported,
        fmt::format("{}: the tensor \"{}\" is stored in {}, which is not read here; take the model's weights in "
                    "F32, BF16 or F16.",
                    path.string(), entry.name, entry.type));
  }
  if (entry.shape.size() > kMaximumDimensions)
    return corrupt(fmt::format("has more than {} dimensions", kMaximumDimensions));
  TensorInfo info{.name = entry.name, .type = type->type, .shape = {}};
  std::uint64_t bytes = c10::elementSize(type->type);
  for (const std::uint64_t size : entry.shape) {
    // A size of 0 counts as 1: strides are products too, and those of [0, 2^60, 2^60] leave int64.
    const std::uint64_t count = std::max<std::uint64_t>(size, 1);
    if (bytes > kMaximumBytes / count) return corrupt("is larger than any file");
    bytes *= count;
    info.shape.push_back(static_cast<std::int64_t>(size));
  }
  return info;
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
  SafetensorsHeader header;
  std::vector<TensorInfo> infos;
};

SafetensorsReader::SafetensorsReader(std::unique_ptr<File> file) : m_file(std::move(file)) {}
SafetensorsReader::SafetensorsReader(SafetensorsReader&&) noexcept = default;
SafetensorsReader& SafetensorsReader::operator=(SafetensorsReader&&) noexcept = default;
SafetensorsReader::~SafetensorsReader() = default;
const std::vector<TensorInfo>& SafetensorsReader::tensors() const { return m_file->infos; }
const std::map<std::string, std::string>& SafetensorsReader::metadata() const { return m_file->header.metadata; }

Result<SafetensorsReader> SafetensorsReader::open(const std::filesystem::path& path) {
  WEFT_ASSIGN(MappedFile input, MappedFile::open(path));
  WEFT_ASSIGN(SafetensorsHeader header, readSafetensorsHeader(input, path));
  std::vector<TensorInfo> infos;
  for (const SafetensorsEntry& entry : header.tensors) {
    WEFT_ASSIGN(TensorInfo info, infoOf(path, entry));
    infos.push_back(std::move(info));
  }
  return SafetensorsReader(std::make_unique<File>(File{std::move(input), std::move(header), std::move(infos)}));
}

Result<torch::Tensor> SafetensorsReader::read(std::size_t index) const {
  const TensorInfo& info = m_file->infos.at(index);
  torch::Tensor tensor = torch::empty(info.shape, info.type);
  WEFT_TRY(m_file->mapped.copy(m_file->header.bufferBegin + m_file->header.tensors[index].begin,
                               tensor.mutable_data_ptr(), tensor.nbytes()));
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
