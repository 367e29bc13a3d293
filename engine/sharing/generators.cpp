#include "engine/sharing/generators.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "engine/base/text.h"

namespace weft::sharing {

namespace {

Result<void> checkLayers(std::string_view pattern, int layers, int minimum) {
  if (layers >= minimum && layers <= SharingMap::kMaximumLayers) return {};
  return fail(ErrorCode::InvalidInput,
              fmt::format("{} is a pattern of {} to {} layers, not of {}.", pattern, minimum, SharingMap::kMaximumLayers, layers));
}

Result<SharingMap> identityOf(int layers) {
  WEFT_TRY(checkLayers("identity", layers, 1));
  return SharingMap::identity(layers);
}

// "CLA-2", "Keep_Ends", "dense front" -> "cla2", "keepends", "densefront"
std::string normalized(std::string_view name) {
  std::string plain;
  for (const char letter : name) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte)) plain += static_cast<char>(std::tolower(byte));
  }
  return plain;
}

std::string nameWithNumber(const Generator& generator) {
  return generator.takesNumber ? generator.name + std::to_string(generator.defaultNumber) : generator.name;
}

}  // namespace

Result<SharingMap> claN(int layers, int n) {
  WEFT_TRY(checkLayers("CLA", layers, 1));
  if (n < 1 || n > layers) {
    return fail(ErrorCode::InvalidInput, fmt::format("CLA{} groups {} layers, but the model has {}: take 1 to {}.", n, n, layers, layers));
  }
  const int shortGroup = layers % n;
  std::vector<int> sources;
  for (int layer = 0; layer < layers; ++layer) {
    sources.push_back(layer < shortGroup ? 0 : shortGroup + (layer - shortGroup) / n * n);
  }
  return SharingMap::fromSources(sources);
}

Result<SharingMap> keepEnds(int layers) {
  WEFT_TRY(checkLayers("keep-ends", layers, 3));
  WEFT_ASSIGN(const SharingMap middle, claN(layers - 2, std::min(2, layers - 2)));
  std::vector<int> sources{0};
  for (int layer = 0; layer < middle.layerCount(); ++layer) sources.push_back(middle.layer(layer).kSource + 1);
  sources.push_back(layers - 1);
  return SharingMap::fromSources(sources);
}

Result<SharingMap> denseFront(int layers) {
  WEFT_TRY(checkLayers("dense-front", layers, 3));
  std::vector<int> sources;
  for (int layer = 0; layer < layers; ++layer) sources.push_back(layer == layers - 1 ? layer : std::min(layer, layers / 2 - 1));
  return SharingMap::fromSources(sources);
}

Result<SharingMap> denseBack(int layers) {
  WEFT_TRY(checkLayers("dense-back", layers, 3));
  std::vector<int> sources;
  for (int layer = 0; layer < layers; ++layer) sources.push_back(layer >= 1 && layer <= layers / 2 ? 1 : layer);
  return SharingMap::fromSources(sources);
}

const std::vector<Generator>& generators() {
  static const std::vector<Generator> all{
      {"identity", "Identity", "Every layer keeps K and V of its own: the plain transformer.", false, 0,
       [](int layers, int) { return identityOf(layers); }},
      {"cla", "CLA-n", "Groups of n neighbouring layers read the K and V of their first; a short group comes first.", true, 2, claN},
      {"keep-ends", "KeepEnds", "The first and the last layer keep their own, pairs share between them.", false, 0,
       [](int layers, int) { return keepEnds(layers); }},
      {"dense-front", "DenseFront", "The first half and the last layer keep their own, the layers between read the middle one.", false, 0,
       [](int layers, int) { return denseFront(layers); }},
      {"dense-back", "DenseBack", "The layers of the first half read layer 1, the others and layer 0 keep their own.", false, 0,
       [](int layers, int) { return denseBack(layers); }},
  };
  return all;
}

Result<SharingMap> generate(std::string_view nameAndNumber, int layers) {
  const std::string name = normalized(nameAndNumber);
  const std::size_t digits = std::min(name.find_last_not_of("0123456789") + 1, name.size());
  const std::string stem = name.substr(0, digits);
  const std::string number = name.substr(digits);
  std::vector<std::string> known;
  for (const Generator& generator : generators()) {
    known.push_back(nameWithNumber(generator));
    if (normalized(generator.name) != stem) continue;
    if (!generator.takesNumber) {
      if (number.empty()) return generator.make(layers, 0);
      return fail(ErrorCode::InvalidInput, fmt::format("The pattern {} takes no number, but '{}' has one.", generator.name, nameAndNumber));
    }
    std::int64_t value = 0;
    if (!parseInteger(number, value) || value > SharingMap::kMaximumLayers) {
      return fail(ErrorCode::InvalidInput,
                  fmt::format("The pattern '{}' needs a number after its name, like {}.", nameAndNumber, nameWithNumber(generator)));
    }
    return generator.make(layers, static_cast<int>(value));
  }
  const std::string near = nearestName(name, known);
  return fail(ErrorCode::NotFound, fmt::format("There is no sharing pattern '{}'; ", nameAndNumber) +
                                       (near.empty() ? "the patterns are " + join(known, ", ") + "." : "did you mean '" + near + "'?"));
}

std::string describeGenerator(const SharingMap& map) {
  for (const Generator& generator : generators()) {
    const int last = generator.takesNumber ? map.layerCount() : 0;
    for (int number = generator.takesNumber ? 2 : 0; number <= last; ++number) {
      const Result<SharingMap> made = generator.make(map.layerCount(), number);
      if (made && *made == map) return generator.takesNumber ? generator.name + std::to_string(number) : generator.name;
    }
  }
  return {};
}

}  // namespace weft::sharing
