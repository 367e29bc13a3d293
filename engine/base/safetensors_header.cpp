#include "engine/base/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "engine/base/json.h"
#include "engine/base/text.h"

namespace weft {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::uint64_t kMaximumHeader = 100'000'000;  // the format's own limit
constexpr int kMaximumDepth = 127;                     // the reference implementation's

// safetensors 0.8.0, enum Dtype.
constexpr std::array<std::pair<std::string_view, std::uint64_t>, 22> kTypes{{
    {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
    {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
    {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64},
}};

tl::unexpected<Error> corrupt(const std::filesystem::path& path, const std::string& why) {
  return fail(ErrorCode::Corrupt, fmt::format("{} is not a whole safetensors file: {}.", path.string(), why));
}

// a * b, unless it leaves 64 bits.
std::optional<std::uint64_t> product(std::uint64_t a, std::uint64_t b) {
  if (b != 0 && a > std::numeric_limits<std::uint64_t>::max() / b) return std::nullopt;
  return a * b;
}

// The header as JSON; a key that stands twice is an error that the parser would otherwise hide.
Result<Json> parseHeader(const std::filesystem::path& path, std::string_view text) {
  const std::string excess = excessOf(text, {.bytes = kMaximumHeader, .depth = kMaximumDepth});
  if (!excess.empty()) return corrupt(path, "its header " + excess);
  std::vector<std::set<std::string>> keys;
  std::string duplicate;
  bool isTwice = false;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
      duplicate = parsed.get<std::string>();
      isTwice = true;
    }
    return true;
  };
  // The parser would pass over a byte-order mark, and take a NUL for the end.
  const bool isPlain = !text.starts_with("\xEF\xBB\xBF") && text.find('\0') == std::string_view::npos;
  Json header = isPlain ? Json::parse(text, watch, false) : Json();
  if (header.is_discarded() || !header.is_object()) return corrupt(path, "its header is no JSON object");
  if (isTwice) return corrupt(path, fmt::format("its header names \"{}\" twice", shortened(duplicate)));
  return header;
}

bool readCount(const Json& value, std::uint64_t& out) {
  if (!value.is_number_unsigned()) return false;
  out = value.get<std::uint64_t>();
  return true;
}

Result<SafetensorsEntry> parseEntry(const std::filesystem::path& path, const std::string& name, const Json& value) {
  SafetensorsEntry entry{.name = name};
  const auto bad = [&](const std::string& why) {
    return corrupt(path, fmt::format("its tensor \"{}\" {}", shortened(name), why));
  };
  // serde, which the reference reads it with, takes a list of the three as well.
  const bool isList = value.is_array() && value.size() == 3;
  const bool isObject =
      value.is_object() && value.contains("dtype") && value.contains("shape") && value.contains("data_offsets");
  if (!isList && !isObject) return bad("has no dtype, shape and data_offsets");
  const Json &type = isList ? value[0] : value["dtype"], &shape = isList ? value[1] : value["shape"],
             &offsets = isList ? value[2] : value["data_offsets"];
  if (!type.is_string() || elementBits(type.get<std::string>()) == 0)
    return bad(
        fmt::format("has an unknown dtype, {}", shortened(type.dump(-1, ' ', false, Json::error_handler_t::replace))));
  entry.type = type.get<std::string>();
  if (!shape.is_array()) return bad("has no list as shape");
  // In this order and with these overflows, as the reference multiplies.
  std::optional<std::uint64_t> count = 1;
  for (const Json& one : shape) {
    std::uint64_t size = 0;
    if (!readCount(one, size)) return bad("has a size that is no count");
    entry.shape.push_back(size);
    if (count) count = product(*count, size);
  }
  const std::optional<std::uint64_t> bits = count ? product(*count, elementBits(entry.type)) : std::nullopt;
  if (!bits) return bad("is larger than any file");
  if (*bits % 8 != 0) return bad(fmt::format("has {} elements of {}, which are no whole bytes", *count, entry.type));
  if (!offsets.is_array() || offsets.size() != 2 || !readCount(offsets[0], entry.begin) ||
      !readCount(offsets[1], entry.end))
    return bad("has no two data_offsets");
  if (entry.end < entry.begin || entry.end - entry.begin != *bits / 8) {
    return bad(
        fmt::format("takes {} bytes by its shape, but {} to {} by its offsets", *bits / 8, entry.begin, entry.end));
  }
  return entry;
}

Result<std::map<std::string, std::string>> parseMetadata(const std::filesystem::path& path, const Json& value) {
  std::map<std::string, std::string> metadata;
  if (value.is_null()) return metadata;
  if (!value.is_object()) return corrupt(path, "its __metadata__ is no object");
  for (const auto& [key, entry] : value.items()) {
    if (!entry.is_string()) return corrupt(path, fmt::format("its __metadata__ \"{}\" is no string", shortened(key)));
    metadata[key] = entry.get<std::string>();
  }
  return metadata;
}

}  // namespace

std::uint64_t SafetensorsEntry::elements() const {
  std::uint64_t count = 1;
  for (const std::uint64_t size : shape) count *= size;
  return count;
}

std::uint64_t elementBits(const std::string& type) {
  for (const auto& [name, bits] : kTypes) {
    if (type == name) return bits;
  }
  return 0;
}

Result<SafetensorsHeader> readSafetensorsHeader(const MappedFile& file, const std::filesystem::path& path) {
  if (file.size() < 8)
    return corrupt(path, fmt::format("it has {} bytes, not even the 8 of the header's length", file.size()));
  std::array<unsigned char, 8> length{};
  WEFT_TRY(file.copy(0, length.data(), length.size()));
  std::uint64_t headerSize = 0;
  for (std::size_t byte = 0; byte < length.size(); ++byte)
    headerSize |= static_cast<std::uint64_t>(length[byte]) << (8 * byte);
  if (headerSize > kMaximumHeader || headerSize > file.size() - 8) {
    return corrupt(path, fmt::format("its header should have {} bytes, and the file has {}{}", headerSize, file.size(),
                                     headerSize > kMaximumHeader ? "; a header has at most 100,000,000" : ""));
  }
  std::string text(headerSize, '\0');
  WEFT_TRY(file.copy(8, text.data(), headerSize));
  WEFT_ASSIGN(const Json json, parseHeader(path, text));
  const std::uint64_t bufferSize = file.size() - 8 - headerSize;

  SafetensorsHeader header{.fileBytes = file.size(), .bufferBegin = 8 + headerSize};
  for (const auto& [name, value] : json.items()) {
    if (name == "__metadata__") {
      WEFT_ASSIGN(header.metadata, parseMetadata(path, value));
      continue;
    }
    WEFT_ASSIGN(SafetensorsEntry entry, parseEntry(path, name, value));
    if (entry.end > bufferSize) {
      return corrupt(path, fmt::format("its tensor \"{}\" ends at byte {}, and its buffer has {}: it is truncated",
                                       shortened(name), entry.end, bufferSize));
    }
    header.tensors.push_back(std::move(entry));
  }
  std::stable_sort(header.tensors.begin(), header.tensors.end(),
                   [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
                     return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
                   });
  std::uint64_t expected = 0;
  for (const SafetensorsEntry& entry : header.tensors) {
    if (entry.begin != expected)
      return corrupt(path, fmt::format("there is a hole or an overlap at its tensor \"{}\"", shortened(entry.name)));
    expected = entry.end;
  }
  if (expected != bufferSize)
    return corrupt(path, fmt::format("{} bytes behind its last tensor belong to none", bufferSize - expected));
  return header;
}

}  // namespace weft
