#include "engine/data/bpe_definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/data/python_text.h"
#include "engine/data/utf8.h"

namespace weft::data {
namespace {

using Json = nlohmann::json;

// GPT-2's bytes_to_unicode: printable bytes stand for themselves, the others for U+0100 and up, in order. Code point ->
// byte, or -1.
const std::array<int, 324>& alphabet() {
  static const std::array<int, 324> table = [] {
    std::array<int, 324> bytes{};
    bytes.fill(-1);
    std::size_t next = 256;
    for (int byte = 0; byte < 256; ++byte) {
      const bool isPrintable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
      bytes[isPrintable ? static_cast<std::size_t>(byte) : next++] = byte;
    }
    return bytes;
  }();
  return table;
}

// All code points of the alphabet take one or two bytes of UTF-8.
std::optional<std::string> bytesOfToken(std::string_view token) {
  std::string bytes;
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::size_t code = static_cast<unsigned char>(token[i]);
    if (code >= 0x80) {
      if (code < 0xC2 || code > 0xDF || i + 1 >= token.size()) return std::nullopt;
      code = ((code & 0x1F) << 6) | (static_cast<unsigned char>(token[++i]) & 0x3F);
    }
    if (code >= alphabet().size() || alphabet()[code] < 0) return std::nullopt;
    bytes += static_cast<char>(alphabet()[code]);
  }
  return bytes;
}

std::string shown(std::string_view text) {
  std::string cut = shortened(text);
  replaceInvalidUtf8(cut);
  return '"' + cut + '"';
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& origin) : m_text(text), m_origin(origin) {}

  Result<BpeDefinition> parse() {
    const Result<Json> parsed =
        parseJson(m_text, "it", JsonDialect::Strict, {.bytes = static_cast<std::size_t>(kMaxTokenizerBytes)});
    if (!parsed) return no(parsed.error().message.substr(0, parsed.error().message.size() - 1));
    const Json& root = *parsed;
    if (!root.is_object()) return no("it is not a JSON object");
    const Json* model = member(root, "model");
    if (!model || !model->is_object()) return no("it has no \"model\" object");
    WEFT_TRY(readModelSettings(*model));
    WEFT_TRY(readPreTokenizer(root));
    WEFT_TRY(readNormalizer(root));
    WEFT_TRY(readDecoder(root));
    WEFT_TRY(readVocabulary(*model));
    WEFT_TRY(readAddedTokens(root));
    WEFT_TRY(fillTokens());
    WEFT_TRY(readUnknown(*model));
    WEFT_TRY(readPostProcessor(root));
    WEFT_TRY(readMerges(*model));
    return std::move(m_definition);
  }

 private:
  tl::unexpected<Error> no(const std::string& reason) const {
    return fail(ErrorCode::Corrupt,
                fmt::format("'{}' is not a BPE tokenizer.json that Weft reads: {}.", m_origin, reason));
  }

  // A member that is there and not null.
  static const Json* member(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }

  static std::string typeOf(const Json& object) {
    const Json* type = object.is_object() ? member(object, "type") : nullptr;
    return type && type->is_string() ? type->get<std::string>() : "";
  }

  Result<bool> flag(const Json& object, const char* key, const char* where, bool otherwise = false) const {
    const Json* value = member(object, key);
    if (!value) return otherwise;
    if (!value->is_boolean()) return no(fmt::format("\"{}\" of {} is not true or false", key, where));
    return value->get<bool>();
  }

  Result<void> readModelSettings(const Json& model) {
    const Json* type = member(model, "type");
    // Files of 2019 and 2020 leave the type out.
    if (type && typeOf(model) != "BPE") return no(fmt::format("its model is {}, not \"BPE\"", shown(type->dump())));
    if (const Json* dropout = member(model, "dropout")) {
      if (!dropout->is_number() || dropout->get<double>() != 0)
        return no("its model has a dropout, so that its ids are random");
    }
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      const Json* value = member(model, key);
      if (value && (!value->is_string() || !value->get_ref<const std::string&>().empty())) {
        return no(fmt::format("its model has a \"{}\", which neither byte-level nor SentencePiece's BPE has", key));
      }
    }
    WEFT_ASSIGN(m_definition.fallsBackToBytes, flag(model, "byte_fallback", "the model"));
    WEFT_ASSIGN(m_definition.fusesUnknown, flag(model, "fuse_unk", "the model"));
    WEFT_ASSIGN(m_definition.ignoresMerges, flag(model, "ignore_merges", "the model"));
    return {};
  }

  bool isOfCharacters() const { return m_definition.alphabet == Alphabet::Characters; }

  // {"String": "x"}; nullptr for a regular expression.
  static const std::string* patternString(const Json& step) {
    const Json* pattern = member(step, "pattern");
    const Json* text = pattern && pattern->is_object() ? member(*pattern, "String") : nullptr;
    return text && text->is_string() ? &text->get_ref<const std::string&>() : nullptr;
  }
  static const std::string* textOf(const Json& step, const char* key) {
    const Json* text = member(step, key);
    return text && text->is_string() ? &text->get_ref<const std::string&>() : nullptr;
  }

  // A step, or the steps of a "Sequence" whose list is called `key`.
  Result<std::vector<const Json*>> stepsOf(const Json& step, const char* key, const char* where) const {
    if (typeOf(step) != "Sequence") return std::vector<const Json*>{&step};
    const Json* parts = member(step, key);
    if (!parts || !parts->is_array()) return no(fmt::format("its {} is a sequence without \"{}\"", where, key));
    if (parts->size() > 8) return no(fmt::format("its {} is a sequence of more than 8", where));
    std::vector<const Json*> steps;
    for (const Json& part : *parts) steps.push_back(&part);
    return steps;
  }

  Result<void> readNormalizer(const Json& root) {
    const Json* normalizer = member(root, "normalizer");
    if (!normalizer) return {};
    WEFT_ASSIGN(const std::vector<const Json*> steps, stepsOf(*normalizer, "normalizers", "normalizer"));
    for (const Json* step : steps) {
      const std::string type = typeOf(*step);
      const bool isAlone = steps.size() == 1;
      const std::string *prepended = textOf(*step, "prepend"), *from = patternString(*step),
                        *to = textOf(*step, "content");
      if (!isOfCharacters() && isAlone && type == "NFC") {
        m_definition.normalizesToNfc = true;
      } else if (isOfCharacters() && type == "Prepend" && prepended) {
        m_definition.normalizer.push_back({NormalizerStep::Kind::Prepend, "", *prepended});
      } else if (isOfCharacters() && type == "Replace" && from && !from->empty() && to) {
        m_definition.normalizer.push_back({NormalizerStep::Kind::Replace, *from, *to});
      } else {
        return no(fmt::format("its normalizer is {}; Weft reads {} and none", shown(type),
                              isOfCharacters() ? "\"Prepend\" and \"Replace\" of a text" : "\"NFC\""));
      }
    }
    return {};
  }

  Result<void> readPreTokenizer(const Json& root) {
    const Json* preTokenizer = member(root, "pre_tokenizer");
    WEFT_ASSIGN(const std::vector<const Json*> steps,
                preTokenizer ? stepsOf(*preTokenizer, "pretokenizers", "pre_tokenizer") : std::vector<const Json*>{});
    const auto isOf = [](const char* type) { return [type](const Json* step) { return typeOf(*step) == type; }; };
    const bool isByteLevel = std::any_of(steps.begin(), steps.end(), isOf("ByteLevel"));
    const Json* decoder = member(root, "decoder");
    const bool decodesByteLevel = decoder && typeOf(*decoder) == "ByteLevel";
    // Without that step the file is of characters, unless it is a byte-level one that lost it.
    if (!isByteLevel && decodesByteLevel) {
      if (steps.empty()) return no("it has no \"pre_tokenizer\", and its decoder is \"ByteLevel\"");
    } else if (!isByteLevel && std::none_of(steps.begin(), steps.end(), isOf("Digits"))) {
      m_definition.alphabet = Alphabet::Characters;
      return readCharacterSteps(steps);
    }
    for (const Json* step : steps) {
      if (m_hasByteLevel) return no("its pre_tokenizer goes on after \"ByteLevel\"");
      WEFT_TRY(readSplitter(*step, steps.size() == 1));
    }
    if (!m_hasByteLevel) return no("its pre_tokenizer does not end with \"ByteLevel\"");
    return {};
  }

  // None; "Metaspace"; or Gemma's split at blanks, which its normaliser has left none of.
  Result<void> readCharacterSteps(const std::vector<const Json*>& steps) {
    for (const Json* step : steps) {
      const std::string type = typeOf(*step);
      const std::string* pattern = patternString(*step);
      if (type == "Metaspace" && steps.size() == 1) {
        WEFT_TRY(readMetaspace(*step));
      } else if (type == "Split" && steps.size() == 1 && pattern && *pattern == " ") {
        m_splitsAtBlanks = true;
      } else if (type == "Split" && !pattern) {
        WEFT_TRY(readPattern(*step));  // which says what is known
        return no("its pre_tokenizer does not end with \"ByteLevel\"");
      } else {
        return no(
            fmt::format("its pre_tokenizer has a {} step; Weft reads \"ByteLevel\" (after \"Split\" and "
                        "\"Digits\") and \"Metaspace\"",
                        shown(type)));
      }
    }
    return {};
  }

  Result<void> readMetaspace(const Json& step) {
    Metaspace metaspace;
    const std::string* mark = textOf(step, "replacement");
    if (!mark || mark->empty() || mark->size() > 4) return no("its \"Metaspace\" has no character as replacement");
    metaspace.mark = *mark;
    WEFT_ASSIGN(const bool addsPrefix, flag(step, "add_prefix_space", "\"Metaspace\"", true));
    WEFT_ASSIGN(metaspace.splits, flag(step, "split", "\"Metaspace\"", true));
    const Json* scheme = member(step, "prepend_scheme");
    const std::string name = !scheme               ? (addsPrefix ? "always" : "never")
                             : scheme->is_string() ? scheme->get<std::string>()
                                                   : "";
    if (name != "always" && name != "first" && name != "never")
      return no("the prepend_scheme of its \"Metaspace\" is none of always, first and never");
    metaspace.prefix = name == "always"  ? Metaspace::Prefix::Always
                       : name == "first" ? Metaspace::Prefix::First
                                         : Metaspace::Prefix::Never;
    m_definition.metaspace = std::move(metaspace);
    return {};
  }

  Result<void> readSplitter(const Json& part, bool isAlone) {
    const std::string type = typeOf(part);
    if (type == "ByteLevel") {
      m_hasByteLevel = true;
      WEFT_ASSIGN(m_definition.addsPrefixSpace, flag(part, "add_prefix_space", "the pre_tokenizer", true));
      WEFT_ASSIGN(const bool usesPattern, flag(part, "use_regex", "the pre_tokenizer", true));
      if (m_definition.addsPrefixSpace && !isAlone)
        return no("its pre_tokenizer adds a prefix space after another step, which Weft does not do");
      if (usesPattern) m_definition.splitters.push_back(Splitter::Gpt2);
      return {};
    }
    if (type == "Digits") {
      WEFT_ASSIGN(const bool isIndividual, flag(part, "individual_digits", "the pre_tokenizer"));
      m_definition.splitters.push_back(isIndividual ? Splitter::EachDigit : Splitter::DigitRuns);
      return {};
    }
    if (type == "Split") return readPattern(part);
    return no(fmt::format("its pre_tokenizer has a {} step; Weft reads \"ByteLevel\", \"Split\" and \"Digits\"",
                          shown(type)));
  }

  Result<void> readPattern(const Json& part) {
    static const std::unordered_map<std::string, Splitter> kPatterns{
        {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", Splitter::Gpt2},
        {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
         Splitter::Llama3},
        {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
         Splitter::Qwen2},
    };
    const Json* pattern = member(part, "pattern");
    const Json* expression = pattern && pattern->is_object() ? member(*pattern, "Regex") : nullptr;
    if (!expression || !expression->is_string()) return no("its \"Split\" step has no regular expression");
    const auto found = kPatterns.find(expression->get_ref<const std::string&>());
    if (found == kPatterns.end()) {
      return no(fmt::format("Weft does not know its splitting pattern {} (it knows those of GPT-2, Llama 3 and Qwen 2)",
                            shown(expression->get_ref<const std::string&>())));
    }
    const Json* behavior = member(part, "behavior");
    const std::string how = behavior && behavior->is_string() ? behavior->get<std::string>() : "";
    WEFT_ASSIGN(const bool isInverted, flag(part, "invert", "the pre_tokenizer"));
    // The patterns match every character, so keeping the matches and dropping what lies between them is the same.
    const bool isSupported = (how == "Isolated") || (how == "Removed" && isInverted);
    if (!isSupported)
      return no(fmt::format("its \"Split\" step has the behavior {}; Weft reads \"Isolated\"", shown(how)));
    m_definition.splitters.push_back(found->second);
    return {};
  }

  Result<void> readDecoder(const Json& root) {
    const Json* decoder = member(root, "decoder");
    if (isOfCharacters()) return readCharacterDecoder(decoder);
    if (decoder && typeOf(*decoder) != "ByteLevel")
      return no(fmt::format("its decoder is {}, not \"ByteLevel\"", shown(typeOf(*decoder))));
    return {};
  }

  Result<void> readCharacterDecoder(const Json* decoder) {
    // The split of Gemma does nothing where no blank is left.
    const auto& steps = m_definition.normalizer;
    if (m_splitsAtBlanks && std::none_of(steps.begin(), steps.end(), [](const NormalizerStep& step) {
          return step.kind == NormalizerStep::Kind::Replace && step.from == " ";
        }))
      return no("its pre_tokenizer splits at blanks, which its normalizer does not replace");
    if (!decoder) return no("it has no decoder, so that its tokens are no text");
    WEFT_ASSIGN(const std::vector<const Json*> parts, stepsOf(*decoder, "decoders", "decoder"));
    CharacterDecoder& made = m_definition.decoder;
    for (const Json* part : parts) {
      const std::string type = typeOf(*part);
      const std::string *from = patternString(*part), *content = textOf(*part, "content");
      const Json *start = member(*part, "start"), *stop = member(*part, "stop");
      if (type == "Replace" && from && !from->empty() && content && *content == " " && made.mark.empty()) {
        made.mark = *from;
      } else if (type == "Metaspace" && textOf(*part, "replacement") && made.mark.empty()) {
        made.mark = *textOf(*part, "replacement");
        const std::string* scheme = textOf(*part, "prepend_scheme");
        WEFT_ASSIGN(const bool addsPrefix, flag(*part, "add_prefix_space", "the decoder", true));
        if (scheme ? *scheme != "never" : addsPrefix) made.strip = CharacterDecoder::Strip::MarksOfFirstToken;
      } else if (type == "ByteFallback") {
        made.joinsBytes = true;
      } else if (type == "Strip" && content && *content == " " && start && start->is_number_unsigned() &&
                 start->get<std::uint64_t>() < 100 && stop && *stop == 0) {
        made.strip = CharacterDecoder::Strip::Blanks;
        made.blanks = start->get<std::size_t>();
      } else if (type != "Fuse") {
        return no(
            fmt::format("its decoder has a {} step; Weft reads SentencePiece's \"Replace\", \"ByteFallback\", "
                        "\"Fuse\" and \"Strip\", \"Metaspace\" and \"ByteLevel\"",
                        shown(type)));
      }
    }
    return {};
  }

  Result<void> readVocabulary(const Json& model) {
    const Json* vocabulary = member(model, "vocab");
    if (!vocabulary || !vocabulary->is_object()) return no("its model has no \"vocab\" object");
    if (static_cast<std::int64_t>(vocabulary->size()) > kMaxVocabulary)
      return no(fmt::format("it has more than {} tokens", kMaxVocabulary));
    m_ids.reserve(vocabulary->size());
    for (const auto& [token, id] : vocabulary->items()) {
      if (!isId(id))
        return no(fmt::format("the id of the token {} is {}, not a number below {}", shown(token), shown(id.dump()),
                              kMaxVocabulary));
      m_ids.emplace(token, id.get<TokenId>());
    }
    return {};
  }

  static bool isId(const Json& value) {
    return value.is_number_unsigned() && value.get<std::uint64_t>() < static_cast<std::uint64_t>(kMaxVocabulary);
  }

  Result<void> readAddedTokens(const Json& root) {
    const Json* list = member(root, "added_tokens");
    if (!list) return {};
    if (!list->is_array()) return no("its \"added_tokens\" are not a list");
    if (static_cast<std::int64_t>(list->size()) > kMaxVocabulary)
      return no(fmt::format("it has more than {} tokens", kMaxVocabulary));
    std::unordered_set<std::string> contents;  // a token that is added twice is added once
    TokenId nextAdded = 0;
    for (const Json& entry : *list) {
      if (!entry.is_object()) return no("one of its \"added_tokens\" is not an object");
      const Json* content = member(entry, "content");
      const Json* id = member(entry, "id");
      if (!content || !content->is_string() || content->get_ref<const std::string&>().empty())
        return no("one of its \"added_tokens\" has no content");
      AddedToken token{.content = content->get<std::string>()};
      if (token.content.size() > kMaxAddedTokenBytes) {
        return no(fmt::format("its added token {} has more than {} bytes", shown(token.content), kMaxAddedTokenBytes));
      }
      if (!id || !isId(*id))
        return no(fmt::format("its added token {} has no id below {}", shown(token.content), kMaxVocabulary));
      const std::string where = "the added token " + shown(token.content);
      WEFT_ASSIGN(token.isSpecial, flag(entry, "special", where.c_str()));
      WEFT_ASSIGN(token.isNormalized, flag(entry, "normalized", where.c_str()));
      WEFT_ASSIGN(token.isSingleWord, flag(entry, "single_word", where.c_str()));
      WEFT_ASSIGN(token.stripsLeft, flag(entry, "lstrip", where.c_str()));
      WEFT_ASSIGN(token.stripsRight, flag(entry, "rstrip", where.c_str()));
      if (!contents.insert(token.content).second) continue;
      // tokenizers 0.23, AddedVocabulary::add_tokens: the id of the vocabulary, else the next; the file's is not asked.
      const auto known = m_ids.find(token.content);
      const auto vocabulary = static_cast<TokenId>(m_ids.size());
      token.id = known != m_ids.end() ? known->second : std::max(vocabulary, nextAdded);
      nextAdded = std::max(nextAdded, token.id + 1);
      m_definition.addedTokens.push_back(std::move(token));
    }
    return {};
  }

  // Two tokens of the vocabulary with one id are refused; an id that no token has is a row of the embedding that
  // nothing reaches. An added token may share the id of a token of the vocabulary (where ids have holes), and is
  // printed then.
  Result<void> fillTokens() {
    std::vector<std::string>& tokens = m_definition.tokens;
    TokenId size = 0;
    for (const auto& [token, id] : m_ids) size = std::max(size, id + 1);
    for (const AddedToken& token : m_definition.addedTokens) size = std::max(size, token.id + 1);
    tokens.resize(size);
    std::vector<const std::string*> owners(size, nullptr);
    std::unordered_set<std::string> added;
    for (const AddedToken& token : m_definition.addedTokens) added.insert(token.content);
    m_definition.modelTokens.reserve(m_ids.size());
    for (const auto& [token, id] : m_ids) {
      if (owners[id])
        return no(fmt::format("the tokens {} and {} have the same id {}", shown(std::min(token, *owners[id])),
                              shown(std::max(token, *owners[id])), id));
      owners[id] = &token;
      std::optional<std::string> bytes = isOfCharacters() ? std::optional(token) : bytesOfToken(token);
      // A special token of the vocabulary stands there as it is written, which need not be of the alphabet.
      const bool isAdded = added.contains(token);
      if ((!bytes || bytes->empty()) && !isAdded)
        return no(fmt::format("the token {} is not written in the byte-level alphabet", shown(token)));
      if (!bytes || bytes->empty()) continue;
      tokens[id] = *bytes;
      m_definition.modelTokens.emplace_back(*std::move(bytes), id);
    }
    // tokenizers 0.23 prints one of characters as it is looked for.
    for (const AddedToken& token : m_definition.addedTokens)
      tokens[token.id] = token.isNormalized ? normalized(token.content, m_definition.normalizer) : token.content;
    std::sort(m_definition.modelTokens.begin(), m_definition.modelTokens.end(),
              [](const auto& a, const auto& b) { return a.second < b.second; });
    return isOfCharacters() ? Result<void>() : requireAllBytes();
  }

  // What a character without a token becomes.
  Result<void> readUnknown(const Json& model) {
    if (!isOfCharacters()) return {};
    if (m_definition.fallsBackToBytes) {
      for (int byte = 0; byte < 256; ++byte) {
        const std::string token = byteFallbackToken(static_cast<unsigned char>(byte));
        if (!m_ids.contains(token)) return no(fmt::format("its model falls back to bytes, but has no token {}", token));
      }
      return {};
    }
    const std::string* name = textOf(model, "unk_token");
    const auto found = name ? m_ids.find(*name) : m_ids.end();
    if (found == m_ids.end())
      return no(
          "a character that its vocabulary lacks would be lost: it has no \"byte_fallback\" and no \"unk_token\"");
    m_definition.unknown = found->second;
    return {};
  }

  Result<void> requireAllBytes() const {
    std::array<bool, 256> isThere{};
    for (const auto& [token, id] : m_ids) {
      const std::optional<std::string> bytes = bytesOfToken(token);
      if (bytes && bytes->size() == 1) isThere[static_cast<unsigned char>((*bytes)[0])] = true;
    }
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const bool occursInUtf8 = byte < 0xC0 || (byte >= 0xC2 && byte <= 0xF4);
      if (occursInUtf8 && !isThere[byte]) return no(fmt::format("it has no token for the byte 0x{:02X}", byte));
    }
    return {};
  }

  // "TemplateProcessing", alone or in a "Sequence"; other post-processors only move offsets.
  Result<void> readPostProcessor(const Json& root) {
    const Json* processor = member(root, "post_processor");
    if (!processor) return {};
    if (typeOf(*processor) != "Sequence") return readTemplate(*processor);
    const Json* parts = member(*processor, "processors");
    if (!parts || !parts->is_array()) return no("its post_processor is a sequence without \"processors\"");
    for (const Json& part : *parts) WEFT_TRY(readTemplate(part));
    return {};
  }

  Result<void> readTemplate(const Json& processor) {
    if (typeOf(processor) != "TemplateProcessing") return {};
    const Json* single = member(processor, "single");
    const Json* specials = member(processor, "special_tokens");
    if (!single || !single->is_array()) return no("its post_processor is a template without \"single\"");
    for (const Json& part : *single) {
      const Json* special = part.is_object() ? member(part, "SpecialToken") : nullptr;
      if (!special) return {};  // the text; what follows it ends a text and does not begin one
      const Json* name = special->is_object() ? member(*special, "id") : nullptr;
      const Json* token = name && name->is_string() && specials && specials->is_object()
                              ? member(*specials, name->get<std::string>().c_str())
                              : nullptr;
      const Json* ids = token && token->is_object() ? member(*token, "ids") : nullptr;
      if (!ids || !ids->is_array()) return no("its post_processor has a special token without \"ids\"");
      for (const Json& id : *ids) {
        if (!isId(id) || id.get<TokenId>() >= m_definition.tokens.size()) {
          return no(fmt::format("its post_processor puts the id {} before a text, but there are only {} tokens",
                                shown(id.dump()), m_definition.tokens.size()));
        }
        if (m_definition.prefix.size() >= 8) return no("its post_processor puts more than 8 tokens before a text");
        m_definition.prefix.push_back(id.get<TokenId>());
      }
    }
    return {};
  }

  Result<void> readMerges(const Json& model) {
    const Json* merges = member(model, "merges");
    if (!merges || !merges->is_array()) return no("its model has no \"merges\" list");
    m_definition.merges.reserve(merges->size());
    for (const Json& entry : *merges) {
      const std::size_t number = m_definition.merges.size() + 1;
      std::string left, right;
      if (entry.is_string()) {
        const auto& text = entry.get_ref<const std::string&>();
        const std::size_t space = text.find(' ');
        if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
          return no(fmt::format("merge {}, {}, is not two tokens with a space between them", number, shown(text)));
        }
        left = text.substr(0, space);
        right = text.substr(space + 1);
      } else if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
        left = entry[0].get<std::string>();
        right = entry[1].get<std::string>();
      } else {
        return no(fmt::format("merge {} is not a pair of tokens", number));
      }
      Merge merge;
      for (const auto& [token, id] :
           {std::pair{left, &merge.left}, {right, &merge.right}, {left + right, &merge.result}}) {
        const auto found = m_ids.find(token);
        if (found == m_ids.end())
          return no(fmt::format("merge {} needs the token {}, which its vocabulary lacks", number, shown(token)));
        *id = found->second;
      }
      m_definition.merges.push_back(merge);
    }
    return {};
  }

  std::string_view m_text;
  const std::string& m_origin;
  BpeDefinition m_definition;
  std::unordered_map<std::string, TokenId> m_ids;  // of the model's vocabulary, tokens in the byte-level alphabet
  bool m_hasByteLevel = false, m_splitsAtBlanks = false;
};

}  // namespace

std::string normalized(std::string_view stretch, const std::vector<NormalizerStep>& steps) {
  std::string text(stretch);
  for (const NormalizerStep& step : steps) {
    if (step.kind == NormalizerStep::Kind::Prepend)
      text.insert(0, step.to);
    else
      text = replaceAll(text, step.from, step.to);
  }
  return text;
}

std::string byteFallbackToken(unsigned char byte) { return fmt::format("<0x{:02X}>", byte); }

std::string byteLevelCharacter(unsigned char byte) {
  const auto code = static_cast<unsigned>(std::find(alphabet().begin(), alphabet().end(), byte) - alphabet().begin());
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
}

Result<BpeDefinition> parseBpeDefinition(std::string_view text, const std::string& origin) {
  return Parser(text, origin).parse();
}

}  // namespace weft::data
