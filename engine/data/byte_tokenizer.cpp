#include "engine/data/byte_tokenizer.h"

namespace weft::data {

std::vector<TokenId> ByteTokenizer::encode(std::string_view utf8) const {
  std::vector<TokenId> ids(utf8.size());
  for (std::size_t i = 0; i < utf8.size(); ++i) ids[i] = static_cast<unsigned char>(utf8[i]);
  return ids;
}

std::string ByteTokenizer::decode(std::span<const TokenId> ids) const {
  std::string bytes;
  bytes.reserve(ids.size());
  for (const TokenId id : ids) {
    if (id < 256) bytes += static_cast<char>(id);
  }
  return bytes;
}

}  // namespace weft::data
