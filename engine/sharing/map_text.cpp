#include "engine/sharing/map_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/sharing/foreign_forms.h"
#include "engine/sharing/generators.h"
#include "engine/sharing/map_words.h"

namespace weft::sharing {

namespace {

struct Span {
  std::size_t begin = 0, end = 0;
};

// One token of a part: what it reads, window, what its producer is, and where it stands in the text.
struct Token {
  int source = 0;
  Reading reading;
  Window window;
  std::optional<int> heads, width;
  bool isValueKey = false;
  std::optional<Residual> residual;
  Span span;
};

template <class T>
using Parsed = tl::expected<T, MapTextError>;

tl::unexpected<MapTextError> wrong(std::string message, Span span, int layer = -1,
                                   std::optional<std::string> fix = {}) {
  return tl::unexpected<MapTextError>(MapTextError{Error{ErrorCode::InvalidInput, presentable(std::move(message)), {}},
                                                   span.begin, span.end, layer, std::move(fix)});
}

bool isDigit(char letter) { return letter >= '0' && letter <= '9'; }
bool isSpace(char letter) { return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r'; }

// Reads one token's characters from left to right.
class TokenReader {
 public:
  TokenReader(std::string_view text, Span span, int layer)
      : m_text(text), m_span(span), m_at(span.begin), m_layer(layer) {}

  Parsed<Token> read() {
    Token token;
    token.span = m_span;
    Parsed<Reading> reading = readSources();
    if (!reading) return tl::unexpected(std::move(reading).error());
    // Its sources as a map has them: the layer itself where it is one of them.
    LayerSharing layer;
    layer.kReading = layer.vReading = *std::move(reading);
    layer = canonical(std::move(layer), m_layer);
    token.source = layer.kSource;
    token.reading = std::move(layer.kReading);
    if (take('s')) {
      token.window.kind = Window::Kind::Model;
      if (isAtDigit()) {
        token.window.kind = Window::Kind::Own;
        if (!takeNumber(token.window.positions))
          return wrong(fmt::format("Layer {}: the window after 's' is too large a number.", m_layer), m_span, m_layer);
      }
    }
    if (take('h')) {
      int heads = 0;
      if (!takeInt(heads)) {
        return wrong(fmt::format("Layer {}: 'h' needs a number of KV heads after it, like h2.", m_layer), m_span,
                     m_layer);
      }
      token.heads = heads;
    }
    if (take('d')) {
      int width = 0;
      if (!takeInt(width))
        return wrong(fmt::format("Layer {}: 'd' needs a head width after it, like d512.", m_layer), m_span, m_layer);
      token.width = width;
    }
    token.isValueKey = take('=');
    if (take('r')) {
      Residual residual;
      if (!takeInt(residual.source)) {
        return wrong(fmt::format("Layer {}: 'r' needs the layer whose KV is added after it, like r0 or r0c.", m_layer),
                     m_span, m_layer);
      }
      if (take('c')) residual.gate = Residual::Gate::Channel;
      token.residual = residual;
    }
    if (m_at != m_span.end) {
      return wrong(fmt::format("Layer {}: '{}' is not understood here; a token is a source, then s or s1024, then h2, "
                               "d512, =, r0.",
                               m_layer, shortened(m_text.substr(m_at, m_span.end - m_at))),
                   {m_at, m_span.end}, m_layer);
    }
    return token;
  }

 private:
  // One source, or several parts: 1,0:2-3 side by side, 0+3 mixed.
  Parsed<Reading> readSources() {
    Reading reading;
    std::optional<char> mark;
    do {
      if (reading.parts.size() > static_cast<std::size_t>(SharingMap::kMaximumParts)) {
        return wrong(fmt::format("Layer {} has more than {} parts, the most that are possible.", m_layer,
                                 SharingMap::kMaximumParts),
                     m_span, m_layer);
      }
      HeadRange part;
      if (!takeInt(part.source)) return wrong(sourceComplaint(), m_span, m_layer);
      if (take(':')) {
        std::int64_t last = 0;
        if (!takeInt(part.first)) return wrong(rangeComplaint(part.source), m_span, m_layer);
        last = part.first;
        if (take('-')) {
          int named = 0;
          if (!takeInt(named)) return wrong(rangeComplaint(part.source), m_span, m_layer);
          last = named;
        }
        if (last < part.first || last - part.first >= std::numeric_limits<int>::max())
          return wrong(rangeComplaint(part.source), m_span, m_layer);
        part.count = static_cast<int>(last - part.first + 1);
      }
      reading.parts.push_back(part);
      if (m_at >= m_span.end || (m_text[m_at] != ',' && m_text[m_at] != '+')) return reading;
      if (mark && *mark != m_text[m_at]) {
        return wrong(
            fmt::format("Layer {} joins its parts by ',' and by '+'; heads stand side by side (1,0:2-3) or are "
                        "mixed (0+3), not both.",
                        m_layer),
            m_span, m_layer);
      }
      mark = m_text[m_at++];
      reading.join = *mark == '+' ? Reading::Join::Mixture : Reading::Join::SideBySide;
    } while (true);
  }

  std::string sourceComplaint() const {
    const std::string_view shown = m_text.substr(m_span.begin, m_span.end - m_span.begin);
    if (shown.empty())
      return fmt::format("Layer {} has no source: a layer's number must stand between two '_'.", m_layer);
    return fmt::format("Layer {}: '{}' is no layer number; write the source layer, like 0 or 0s1024h2.", m_layer,
                       shortened(shown));
  }
  std::string rangeComplaint(int source) const {
    return fmt::format("Layer {}: after '{}:' stand the first and the last KV head, like {}:0-1, or one head alone.",
                       m_layer, source, source);
  }

  bool isAtDigit() const { return m_at < m_span.end && isDigit(m_text[m_at]); }
  bool take(char letter) {
    if (m_at >= m_span.end || m_text[m_at] != letter) return false;
    ++m_at;
    return true;
  }
  bool takeNumber(std::int64_t& value) {
    const std::size_t begin = m_at;
    while (isAtDigit()) ++m_at;
    return parseInteger(m_text.substr(begin, m_at - begin), value);
  }

  bool takeInt(int& value) {
    std::int64_t number = 0;
    if (!takeNumber(number) || number > std::numeric_limits<int>::max()) return false;
    value = static_cast<int>(number);
    return true;
  }

  std::string_view m_text;
  Span m_span;
  std::size_t m_at;
  int m_layer;
};

Parsed<std::vector<Token>> readTokens(std::string_view text, Span part) {
  std::vector<Token> tokens;
  for (std::size_t begin = part.begin;;) {
    const std::size_t end = std::min(text.find('_', begin), part.end);
    if (tokens.size() >= static_cast<std::size_t>(SharingMap::kMaximumLayers)) {
      return wrong(
          fmt::format("The map has more than {} layers, the most that are possible.", SharingMap::kMaximumLayers),
          {begin, part.end});
    }
    Parsed<Token> token = TokenReader(text, {begin, end}, static_cast<int>(tokens.size())).read();
    if (!token) return tl::unexpected(std::move(token).error());
    tokens.push_back(*token);
    if (end == part.end) return tokens;
    begin = end + 1;
  }
}

// The map as read, with where each layer's K and V source stand.
struct Draft {
  std::vector<LayerSharing> layers;
  std::vector<Span> keySpans, valueSpans;
};

Parsed<Draft> joinedDraft(std::string_view text, Span part) {
  Parsed<std::vector<Token>> tokens = readTokens(text, part);
  if (!tokens) return tl::unexpected(std::move(tokens).error());
  Draft draft;
  for (const Token& token : *tokens) {
    draft.layers.push_back({.kSource = token.source,
                            .vSource = token.source,
                            .window = token.window,
                            .kvHeads = token.heads,
                            .headWidth = token.width,
                            .isValueKey = token.isValueKey,
                            .kReading = token.reading,
                            .vReading = token.reading,
                            .residual = token.residual});
    draft.keySpans.push_back(token.span);
    draft.valueSpans.push_back(token.span);
  }
  return draft;
}

// The mark of what a producer is (h2, d512, =, r0) that stands first in this token; empty: none.
std::string firstMark(const Token& token) {
  if (token.heads) return fmt::format("h{}", *token.heads);
  if (token.width) return fmt::format("d{}", *token.width);
  if (token.isValueKey) return "=";
  return token.residual ? fmt::format("r{}", token.residual->source) : std::string();
}

// What the k part says of layer `index`, completed by its v token: what a producer is stands where it produces, K
// before V; only h may stand in both.
Parsed<LayerSharing> joinedLayer(const Token& key, const Token& value, int index) {
  const bool producesKey = key.source == index, producesValueAlone = !producesKey && value.source == index;
  const Token& own = producesValueAlone ? value : key;
  LayerSharing layer{.kSource = key.source,
                     .vSource = value.source,
                     .window = key.window,
                     .kvHeads = own.heads,
                     .headWidth = own.width,
                     .isValueKey = own.isValueKey,
                     .kReading = key.reading,
                     .vReading = value.reading,
                     .residual = own.residual};
  if (const std::string mark = firstMark(key); producesValueAlone && !mark.empty()) {
    return wrong(fmt::format("Layer {} produces V alone: its {}'{}' belong{} to the v part.", index,
                             key.heads ? "KV heads " : "", mark, key.heads ? "" : "s"),
                 key.span, index);
  }
  if (value.window.kind != Window::Kind::Full) {
    if (!producesValueAlone)
      return wrong(fmt::format("Layer {}: the window belongs to the k part.", index), value.span, index);
    if (key.window.kind != Window::Kind::Full && key.window != value.window) {
      return wrong(
          fmt::format("Layer {} has one window in the k part and another in the v part; it can have only one.", index),
          value.span, index);
    }
    layer.window = value.window;
  }
  if (producesValueAlone) return layer;
  Token rest = value;
  if (producesKey && value.source == index) {
    layer.vHeads = value.heads;
    rest.heads.reset();
  }
  if (const std::string mark = firstMark(rest); !mark.empty()) {
    return wrong(fmt::format("Layer {}: '{}' belongs to the k part, unless the layer produces V alone.", index, mark),
                 value.span, index);
  }
  return layer;
}

Parsed<Draft> separateDraft(std::string_view text, Span whole) {
  const std::size_t k = text.find("k:"), v = text.find("v:");
  if (k == std::string_view::npos || v == std::string_view::npos) {
    return wrong(fmt::format("The text has a {} part but no {} part: write k:0_0_2_2 v:0_1_1_3.",
                             k == std::string_view::npos ? 'v' : 'k', k == std::string_view::npos ? 'k' : 'v'),
                 whole);
  }
  const auto part = [&](std::size_t mark, std::size_t other) {
    Span span{mark + 2, other > mark ? other : whole.end};
    while (span.begin < span.end && isSpace(text[span.begin])) ++span.begin;
    while (span.end > span.begin && isSpace(text[span.end - 1])) --span.end;
    return span;
  };
  Parsed<std::vector<Token>> keys = readTokens(text, part(k, v));
  if (!keys) return tl::unexpected(std::move(keys).error());
  Parsed<std::vector<Token>> values = readTokens(text, part(v, k));
  if (!values) return tl::unexpected(std::move(values).error());
  if (keys->size() != values->size()) {
    return wrong(fmt::format("The k part has {} layers and the v part {}; they must have equally many.", keys->size(),
                             values->size()),
                 whole);
  }
  Draft draft;
  for (std::size_t i = 0; i < keys->size(); ++i) {
    Parsed<LayerSharing> layer = joinedLayer((*keys)[i], (*values)[i], static_cast<int>(i));
    if (!layer) return tl::unexpected(std::move(layer).error());
    draft.layers.push_back(*layer);
    draft.keySpans.push_back((*keys)[i].span);
    draft.valueSpans.push_back((*values)[i].span);
  }
  return draft;
}

Parsed<Draft> listDraft(std::string_view text, Span whole) {
  if (const std::string excess = excessOf(text.substr(whole.begin, whole.end - whole.begin), {}); !excess.empty())
    return wrong("The map " + excess + ".", whole);
  const nlohmann::json list =
      parseJson(text.substr(whole.begin, whole.end - whole.begin), "The map").value_or(nlohmann::json());
  if (!list.is_array())
    return wrong("The text begins like a JSON list but is none; a list looks like [0, 0, 2, 2].", whole);
  Draft draft;
  for (const nlohmann::json& item : list) {
    const int layer = static_cast<int>(draft.layers.size());
    if (!item.is_number_integer() || item.get<double>() < 0 || item.get<double>() > std::numeric_limits<int>::max()) {
      return wrong(fmt::format("Layer {}: {} is no layer number.", layer,
                               shortened(item.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))),
                   whole, layer);
    }
    draft.layers.push_back({.kSource = item.get<int>(), .vSource = item.get<int>(), .window = {}, .kvHeads = {}});
    draft.keySpans.push_back(whole);
    draft.valueSpans.push_back(whole);
  }
  return draft;
}

Parsed<SharingMap> generatedMap(std::string_view name, Span span, const ParseOptions& options) {
  if (!options.layers) {
    const Result<SharingMap> known = generate(name, SharingMap::kMaximumLayers);
    if (known)
      return wrong(fmt::format("The pattern '{}' needs the number of layers (--layers N).", shortened(name)), span);
  }
  Result<SharingMap> map = generate(name, options.layers.value_or(SharingMap::kMaximumLayers));
  if (!map) return wrong(map.error().message + " A map can also be written out, like 0_0_2_2.", span);
  if (const std::vector<MapProblem> problems = validate(map->layers(), options.upward); !problems.empty()) {
    return wrong(problems.front().message, span, problems.front().layer);
  }
  return *std::move(map);
}

Parsed<SharingMap> foreignMap(std::string_view json, Span span, const ParseOptions& options) {
  Result<SharingMap> map = parseForeign(json, options.upward);
  if (!map) return wrong(map.error().message, span);
  if (options.layers && map->layerCount() != *options.layers) {
    return wrong(fmt::format("The map has {} layers, but the model has {}.", map->layerCount(), *options.layers), span);
  }
  return *std::move(map);
}

std::string printed(const std::vector<LayerSharing>& layers);

bool isSourceWrong(const std::vector<LayerSharing>& layers, int index, int LayerSharing::*source, UpwardReads upward) {
  const int from = layers[static_cast<std::size_t>(index)].*source;
  if (from < 0 || from >= static_cast<int>(layers.size())) return true;
  return (from > index && upward == UpwardReads::Refuse) || layers[static_cast<std::size_t>(from)].*source != from;
}

// The text with every problem's suggestion applied, if that makes a valid map.
std::optional<std::string> repaired(const std::vector<LayerSharing>& layers, UpwardReads upward) {
  std::vector<LayerSharing> fixed = layers;
  for (const MapProblem& problem : validate(layers, upward)) {
    if (problem.layer < 0) return std::nullopt;
    LayerSharing& layer = fixed[static_cast<std::size_t>(problem.layer)];
    if (problem.suggestedSource) {
      if (isSourceWrong(layers, problem.layer, &LayerSharing::kSource, upward))
        layer.kSource = *problem.suggestedSource;
      if (isSourceWrong(layers, problem.layer, &LayerSharing::vSource, upward))
        layer.vSource = *problem.suggestedSource;
    } else if (layer.kSource != problem.layer && layer.vSource != problem.layer) {
      layer.kvHeads.reset();
      layer.headWidth.reset();
      layer.vHeads.reset();
      layer.isValueKey = false;
      layer.residual.reset();
    }
  }
  if (!validate(fixed, upward).empty()) return std::nullopt;
  return printed(fixed);
}

Parsed<SharingMap> checked(const Draft& draft, Span whole, const ParseOptions& options) {
  const std::vector<MapProblem> problems = validate(draft.layers, options.upward);
  if (!problems.empty()) {
    const MapProblem& first = problems.front();
    Span span = whole;
    if (first.layer >= 0) {
      const bool isKey = isSourceWrong(draft.layers, first.layer, &LayerSharing::kSource, options.upward);
      const bool isValue = isSourceWrong(draft.layers, first.layer, &LayerSharing::vSource, options.upward);
      span = (!isKey && isValue ? draft.valueSpans : draft.keySpans)[static_cast<std::size_t>(first.layer)];
    }
    // A way out must be one: a map of another layer count is refused for that next.
    const bool fits = !options.layers || static_cast<std::size_t>(*options.layers) == draft.layers.size();
    return wrong(first.message, span, first.layer, fits ? repaired(draft.layers, options.upward) : std::nullopt);
  }
  Result<SharingMap> map = SharingMap::create(draft.layers, options.upward);
  if (!map) return wrong(map.error().message, whole);
  if (options.layers && map->layerCount() != *options.layers) {
    std::optional<std::string> fix;
    const std::string generator = describeGenerator(*map);
    const Result<SharingMap> fitting = generate(generator, *options.layers);
    if (fitting && validate(fitting->layers(), options.upward).empty()) fix = toText(*fitting);
    return wrong(fmt::format("The map has {} layers, but the model has {}.", map->layerCount(), *options.layers), whole,
                 -1, fix);
  }
  return *std::move(map);
}

std::string windowText(const Window& window) {
  if (window.kind == Window::Kind::Full) return {};
  return window.kind == Window::Kind::Own ? fmt::format("s{}", window.positions) : "s";
}

std::string printed(const std::vector<LayerSharing>& layers) {
  const bool separate = std::any_of(layers.begin(), layers.end(), [](const LayerSharing& layer) {
    return layer.kSource != layer.vSource || layer.kReading != layer.vReading || layer.vHeads;
  });
  std::string keys, values;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerSharing& layer = layers[i];
    const bool producesValueAlone = layer.vSource == static_cast<int>(i) && layer.kSource != layer.vSource;
    if (i > 0) {
      keys += '_';
      values += '_';
    }
    keys += readingMark(layer, Role::Key) + windowText(layer.window);
    values += readingMark(layer, Role::Value);
    (producesValueAlone ? values : keys) += ownMark(layer);
    if (layer.vHeads) values += fmt::format("h{}", *layer.vHeads);
  }
  return separate ? "k:" + keys + " v:" + values : keys;
}

}  // namespace

tl::expected<SharingMap, MapTextError> parseMapText(std::string_view text, const ParseOptions& options) {
  Span whole{0, text.size()};
  while (whole.begin < whole.end && isSpace(text[whole.begin])) ++whole.begin;
  while (whole.end > whole.begin && isSpace(text[whole.end - 1])) --whole.end;
  if (whole.begin == whole.end)
    return wrong("The map is empty; write one source a layer, like 0_0_2_2, or a pattern, like cla2.",
                 {0, text.size()});
  const char first = text[whole.begin];
  const std::string_view content = text.substr(whole.begin, whole.end - whole.begin);
  if (first == '{') return foreignMap(content, whole, options);
  const bool isSeparate = content.substr(0, 2) == "k:" || content.substr(0, 2) == "v:";
  if (!isDigit(first) && first != '_' && first != '[' && !isSeparate) return generatedMap(content, whole, options);
  Parsed<Draft> draft = first == '[' ? listDraft(text, whole)
                        : isSeparate ? separateDraft(text, whole)
                                     : joinedDraft(text, whole);
  Parsed<SharingMap> map = draft ? checked(*draft, whole, options) : tl::unexpected(std::move(draft).error());
  if (!map && !map.error().fix && content.find_first_of("_:+") == std::string_view::npos &&
      content.find_first_of(", ") != std::string_view::npos) {
    std::string fix;
    for (const char letter : content) {
      const bool isSeparator = letter == ',' || isSpace(letter);
      if (!isSeparator) fix += letter;
      if (isSeparator && !fix.empty() && fix.back() != '_') fix += '_';
    }
    if (parseMapText(fix, options)) {
      map.error().error.message = presentable(fmt::format("Layers are joined by '_', like {}.", shortened(fix)));
      map.error().fix = fix;
    }
  }
  return map;
}

Result<SharingMap> parseMap(std::string_view text, const ParseOptions& options) {
  tl::expected<SharingMap, MapTextError> map = parseMapText(text, options);
  if (map) return *std::move(map);
  return tl::unexpected(std::move(map).error().error);
}

std::string toText(const SharingMap& map) { return printed(map.layers()); }

}  // namespace weft::sharing
