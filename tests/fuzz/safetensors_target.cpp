// A safetensors file: what was read is written and read again to the last bit.
#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "engine/nn/safetensors.h"
#include "tests/fuzz/targets.h"

namespace weft::fuzz {
namespace {

using Json = nlohmann::json;

std::string fileOf(const std::string& header, std::string_view buffer, std::uint64_t length) {
  std::string content;
  for (int byte = 0; byte < 8; ++byte) content.push_back(static_cast<char>(length >> (8 * byte) & 0xff));
  return content + header + std::string(buffer);
}

const Json& header() {
  static const Json value{{"__metadata__", {{"format", "pt"}, {"k", "v"}}},
                          {"a", {{"dtype", "F32"}, {"shape", {2, 3}}, {"data_offsets", {0, 24}}}},
                          {"b", {{"dtype", "I64"}, {"shape", {0, 5}}, {"data_offsets", {24, 24}}}},
                          {"c", {{"dtype", "BF16"}, {"shape", {4}}, {"data_offsets", {24, 32}}}},
                          {"d", {{"dtype", "U8"}, {"shape", Json::array()}, {"data_offsets", {32, 33}}}}};
  return value;
}

std::string fileFrom(Mutator& mutator) {
  static const std::string buffer(33, '\x41');
  static const std::vector<std::string> words{"\"F32\"",
                                              "\"BOOL\"",
                                              "\"F64\"",
                                              "[]",
                                              "[0]",
                                              "[1152921504606846976]",
                                              "18446744073709551615",
                                              "\"__metadata__\":{",
                                              "[[[["};
  const std::string good = header().dump();
  switch (mutator.below(4)) {
    case 0:
      return mutator.bytes(fileOf(good, buffer, good.size()), words);
    case 1: {
      const std::string changed = mutator.bytes(good, words);
      return fileOf(changed, buffer, changed.size());
    }
    case 2: {
      const std::string changed = mutator.json(header());
      return fileOf(changed, buffer, changed.size());
    }
    default: {
      // The right header over a buffer of another length, or a length that lies by a little.
      const std::size_t lie = mutator.below(5);
      return fileOf(good, std::string_view(buffer).substr(0, mutator.below(34)), good.size() + lie - 2);
    }
  }
}

bool isSame(const nn::TensorFile& one, const nn::TensorFile& other) {
  if (one.metadata != other.metadata || one.tensors.size() != other.tensors.size()) return false;
  for (std::size_t i = 0; i < one.tensors.size(); ++i) {
    const auto& [name, tensor] = one.tensors[i];
    const auto& [otherName, otherTensor] = other.tensors[i];
    if (name != otherName || tensor.sizes() != otherTensor.sizes() || tensor.scalar_type() != otherTensor.scalar_type())
      return false;
    if (tensor.nbytes() > 0 && std::memcmp(tensor.const_data_ptr(), otherTensor.const_data_ptr(), tensor.nbytes()) != 0)
      return false;
  }
  return true;
}

Outcome check(const std::string& content) {
  const std::filesystem::path file = scratchFile("fuzz.safetensors", content);
  const auto read = nn::readSafetensors(file);
  if (!read) return refused(read.error());
  std::size_t bytes = 0;
  for (const auto& [name, tensor] : read->tensors) bytes += tensor.nbytes();
  if (bytes > content.size())
    return broken(fmt::format("tensors of {} bytes from a file of {}", bytes, content.size()));
  const std::filesystem::path copy = scratchFile("again.safetensors", "");
  const Result<void> isWritten = nn::writeSafetensors(copy, *read);
  if (!isWritten) return broken("what was read cannot be written: " + isWritten.error().message);
  const auto again = nn::readSafetensors(copy);
  if (!again) return broken("what was written is refused: " + again.error().message);
  return isSame(*read, *again) ? Outcome{.isAccepted = true, .problem = ""}
                               : broken("written and read again, the tensors differ");
}

}  // namespace

Target safetensorsTarget() {
  return {.name = "safetensors",
          .description = "named tensors in one file",
          .executions = 3000,
          .make = fileFrom,
          .run = check};
}

}  // namespace weft::fuzz
