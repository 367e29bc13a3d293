#include "engine/sharing/map_words.h"

#include <fmt/format.h>

#include <vector>

#include "engine/base/text.h"

namespace weft::sharing {

namespace {

std::string partWords(const HeadRange& part, int index) {
  const std::string source = part.source == index ? "its own" : fmt::format("layer {}", part.source);
  if (!part.count) return source;
  const std::int64_t last = std::int64_t{part.first} + *part.count - 1;
  const std::string heads = *part.count == 1   ? fmt::format("head {}", part.first)
                            : *part.count == 2 ? fmt::format("heads {} and {}", part.first, last)
                                               : fmt::format("heads {} to {}", part.first, last);
  return fmt::format("{} of {}", heads, source);
}

}  // namespace

std::string readingWords(const LayerSharing& layer, int index, Role role) {
  const Reading& reading = role == Role::Key ? layer.kReading : layer.vReading;
  if (reading.parts.empty()) return partWords({.source = role == Role::Key ? layer.kSource : layer.vSource}, index);
  std::vector<std::string> parts;
  for (const HeadRange& part : reading.parts) parts.push_back(partWords(part, index));
  return reading.join == Reading::Join::Mixture ? "a gated mixture of " + join(parts, " and ") : join(parts, ", then ");
}

std::string readingMark(const LayerSharing& layer, Role role) {
  const Reading& reading = role == Role::Key ? layer.kReading : layer.vReading;
  if (reading.parts.empty()) return std::to_string(role == Role::Key ? layer.kSource : layer.vSource);
  std::string text;
  for (const HeadRange& part : reading.parts) {
    if (!text.empty()) text += reading.join == Reading::Join::Mixture ? '+' : ',';
    text += std::to_string(part.source);
    if (!part.count) continue;
    text += fmt::format(":{}", part.first);
    if (*part.count > 1) text += fmt::format("-{}", std::int64_t{part.first} + *part.count - 1);
  }
  return text;
}

std::string ownMark(const LayerSharing& layer) {
  std::string text;
  if (layer.kvHeads) text += fmt::format("h{}", *layer.kvHeads);
  if (layer.headWidth) text += fmt::format("d{}", *layer.headWidth);
  if (layer.isValueKey) text += '=';
  if (layer.residual)
    text += fmt::format("r{}{}", layer.residual->source, layer.residual->gate == Residual::Gate::Channel ? "c" : "");
  return text;
}

std::string secondEditionWords(const LayerSharing& layer, int index) {
  for (const Role role : {Role::Key, Role::Value}) {
    if ((role == Role::Key ? layer.kReading : layer.vReading).parts.empty()) continue;
    return fmt::format("reads {} from {}", role == Role::Key ? "K" : "V", readingWords(layer, index, role));
  }
  const std::string own = ownWords(layer);
  return own.empty() ? own : "has " + own;
}

std::string residualWords(const std::optional<Residual>& residual) {
  if (!residual) return "no residual";
  return fmt::format("a residual of layer {}'s KV under {}", residual->source,
                     residual->gate == Residual::Gate::Channel ? "a gate a channel" : "one gate");
}

std::string ownWords(const LayerSharing& layer) {
  std::vector<std::string> words;
  if (layer.headWidth) words.push_back(fmt::format("heads {} wide", *layer.headWidth));
  if (layer.vHeads) words.push_back(fmt::format("{} V head{}", *layer.vHeads, *layer.vHeads == 1 ? "" : "s"));
  if (layer.isValueKey) words.emplace_back("V := K");
  if (layer.residual) words.push_back(residualWords(layer.residual));
  return join(words, ", ");
}

}  // namespace weft::sharing
