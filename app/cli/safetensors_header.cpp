#include "app/cli/safetensors_header.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace weft::cli {

namespace {

constexpr std::uint64_t kMaximumHeader = 100'000'000;  // the reference implementation's own limit

const std::map<std::string, std::uint64_t>& elementBytes() {
  static const std::map<std::string, std::uint64_t> sizes{
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"I16", 2}, {"U16", 2}, {"F16", 2},
      {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4},     {"I64", 8},     {"U64", 8}, {"F64", 8}};
  return sizes;
}

// The product, unless it leaves 2^62.
std::optional<std::uint64_t> elementCount(const Json& shape) {
  std::uint64_t count = 1;
  for (const Json& size : shape) {
    if (!size.is_number_unsigned()) return std::nullopt;
    const auto length = size.get<std::uint64_t>();
    if (length != 0 && count > (std::uint64_t{1} << 62) / length) return std::nullopt;
    count *= length;
  }
  return count;
}

// "" if the entry is whole and lies in the file's data.
std::string problemOf(const Json& entry, std::uint64_t dataBytes) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") || !entry.contains("data_offsets")) {
    return "lacks dtype, shape or data_offsets";
  }
  const Json &dtype = entry["dtype"], &shape = entry["shape"], &offsets = entry["data_offsets"];
  if (!dtype.is_string() || !elementBytes().contains(dtype.get<std::string>())) return "has an unknown dtype";
  if (!shape.is_array() || !elementCount(shape)) return "has a shape that is none";
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned()) {
    return "has data_offsets that are none";
  }
  const auto begin = offsets[0].get<std::uint64_t>(), end = offsets[1].get<std::uint64_t>();
  if (begin > end || end > dataBytes)
    return fmt::format("ends at byte {} of {} data bytes: the file is truncated", end, dataBytes);
  const std::uint64_t size = elementBytes().at(dtype.get<std::string>());
  if (*elementCount(shape) > std::numeric_limits<std::uint64_t>::max() / size ||
      *elementCount(shape) * size != end - begin) {
    return "has a shape that does not fit its bytes";
  }
  return {};
}

}  // namespace

Result<Json> readSafetensorsHeader(const std::filesystem::path& path) {
  const auto corrupt = [&](const std::string& why) {
    return fail(ErrorCode::Corrupt, path.string() + " is not a safetensors file: " + why + ".");
  };
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    return fail(ErrorCode::NotFound, "There is no file " + path.string() + ".");
  const std::uint64_t size = std::filesystem::file_size(path, error);
  std::ifstream stream(path, std::ios::binary);
  if (error || !stream) return fail(ErrorCode::Io, path.string() + " cannot be read.");
  std::array<unsigned char, 8> prefix{};
  if (size < 8 || !stream.read(reinterpret_cast<char*>(prefix.data()), 8)) return corrupt("it has fewer than 8 bytes");
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | prefix[static_cast<std::size_t>(i)];
  if (length > size - 8)
    return corrupt(fmt::format("its header should have {} bytes, but only {} follow", length, size - 8));
  if (length > kMaximumHeader)
    return corrupt(fmt::format("its header of {} bytes is larger than {} bytes", length, kMaximumHeader));
  std::string text(length, '\0');
  if (!stream.read(text.data(), static_cast<std::streamsize>(length)))
    return fail(ErrorCode::Io, path.string() + " cannot be read.");
  const Json header = Json::parse(text, nullptr, false);
  if (!header.is_object()) return corrupt("its header is no JSON object");

  Json tensors = Json::array();
  std::uint64_t elements = 0;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const std::string problem = problemOf(entry, size - 8 - length);
    if (!problem.empty()) return corrupt("the tensor '" + name + "' " + problem);
    elements += *elementCount(entry["shape"]);
    tensors.push_back({{"name", name}, {"dtype", entry["dtype"]}, {"shape", entry["shape"]}});
  }
  return Json{{"kind", "safetensors"},
              {"bytes", size},
              {"elements", elements},
              {"metadata", header.value("__metadata__", Json::object())},
              {"tensors", std::move(tensors)}};
}

}  // namespace weft::cli
