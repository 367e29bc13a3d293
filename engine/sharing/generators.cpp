#include "engine/sharing/generators.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "engine/base/text.h"

namespace weft::sharing {

namespace {

// "CLA-2", "Keep_Ends", "dense front" -> "cla2", "keepends", "densefront"
std::string normalized(std::string_view name) {
  std::string plain;
  for (const char letter : name) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte)) plain += static_cast<char>(std::tolower(byte));
  }
  return plain;
}

int producerCount(const SharingMap& map) { return static_cast<int>(map.producers().size()); }

// The size of the last group, which is full where a short one comes first; of the first, where it comes last.
std::vector<int> lastGroup(const SharingMap& map) {
  const int size = map.layerCount() - map.producers().back();
  return size > 1 ? std::vector<int>{size} : std::vector<int>{};
}
std::vector<int> firstGroup(const SharingMap& map) {
  const std::vector<int> producers = map.producers();
  const int size = producers.size() > 1 ? producers[1] : map.layerCount();
  return size > 1 ? std::vector<int>{size} : std::vector<int>{};
}

// The number of KV layers, where some layer shares.
std::vector<int> kvLayers(const SharingMap& map) {
  const int producers = producerCount(map);
  return producers < map.layerCount() ? std::vector<int>{producers} : std::vector<int>{};
}

const std::string kCla = "Cross-Layer Attention", kLayouts = "Pizza, sandwich, lasagna",
                  kWindows = "With sliding windows", kOthers = "Others";
const std::string kClaPaper = "Brandon et al. 2024, arXiv 2405.12981", kStudy = "Wu et al. 2024, arXiv 2410.14442";

Generator plain(std::string name, std::string title, std::string group, std::string description, std::string source,
                Result<SharingMap> (*make)(int)) {
  Generator made;
  made.name = std::move(name);
  made.title = std::move(title);
  made.group = std::move(group);
  made.description = std::move(description);
  made.source = std::move(source);
  made.make = [make](int layers, int) { return make(layers); };
  made.usualNumber = [](int) { return 0; };
  return made;
}

Generator numbered(Generator made, std::string number, std::function<Result<SharingMap>(int, int)> make,
                   std::function<int(int)> usualNumber, std::function<std::vector<int>(const SharingMap&)> candidates) {
  made.number = std::move(number);
  made.make = std::move(make);
  made.usualNumber = std::move(usualNumber);
  made.candidates = std::move(candidates);
  return made;
}

Result<SharingMap> identityOf(int layers) {
  if (layers < 1 || layers > SharingMap::kMaximumLayers) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("identity is a pattern of 1 to {} layers, not of {}.", SharingMap::kMaximumLayers, layers));
  }
  return SharingMap::identity(layers);
}

Generator layoutGenerator(Partition partition, Target target) {
  const char* partitions[] = {"pizza", "sandwich", "lasagna"};
  const char* targets[] = {"bottom", "middle", "top"};
  const char* shapes[] = {"The first layers keep their own KV, the rest",
                          "The first and last layers keep their own KV, the middle ones", "Each of l groups"};
  const std::string name =
      fmt::format("{}-{}", partitions[static_cast<int>(partition)], targets[static_cast<int>(target)]);
  std::string title = name;
  title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  Generator made =
      plain(name, title, kLayouts,
            fmt::format("{} read{} {} {} layer.", shapes[static_cast<int>(partition)],
                        partition == Partition::Sandwich ? "" : "s", partition == Partition::Sandwich ? "their" : "its",
                        targets[static_cast<int>(target)]),
            kStudy, nullptr);
  made.readsUpward = target != Target::Bottom;
  return numbered(
      std::move(made), "KV layers", [=](int layers, int number) { return layout(layers, partition, target, number); },
      [](int layers) { return std::min(std::max(2, layers / 2), layers); }, kvLayers);
}

std::vector<Generator> makeGenerators() {
  const auto two = [](int layers) { return std::min(2, layers); };
  const auto half = [](int layers) { return std::max(1, layers / 2); };
  std::vector<Generator> all;
  all.push_back(plain("identity", "Identity", kCla, "Every layer keeps K and V of its own: the plain transformer.",
                      "Vaswani et al. 2017", identityOf));
  all.push_back(
      numbered(plain("cla", "CLA-n", kCla,
                     "Groups of n neighbouring layers read the K and V of their first; a short group comes first.",
                     kClaPaper + ", Figure 2", nullptr),
               "layers a group", claN, two, lastGroup));
  all.push_back(plain("keep-ends", "KeepEnds", kCla,
                      "The first and the last layer keep their own, pairs share between them.", kClaPaper + ", Table 1",
                      keepEnds));
  all.push_back(plain("dense-front", "DenseFront", kCla,
                      "The first half and the last layer keep their own, the layers between read the middle one.",
                      kClaPaper + ", Table 1", denseFront));
  all.push_back(plain("dense-back", "DenseBack", kCla,
                      "The layers of the first half read layer 1, the others and layer 0 keep their own.",
                      kClaPaper + ", Table 1", denseBack));
  for (const Partition partition : {Partition::Pizza, Partition::Sandwich, Partition::Lasagna}) {
    for (const Target target : {Target::Bottom, Target::Middle, Target::Top})
      all.push_back(layoutGenerator(partition, target));
  }
  Generator upward = plain("lckv-w", "LCKV", kLayouts,
                           "w warm-up layers at both ends keep their own KV, all between read the highest of them.",
                           "Wu and Tu 2024, arXiv 2405.10637", nullptr);
  upward.readsUpward = true;
  all.push_back(numbered(std::move(upward), "warm-up layers", lckv, two, [](const SharingMap& map) {
    const int producers = producerCount(map);
    return producers >= 2 && producers < map.layerCount() ? std::vector<int>{producers - 1} : std::vector<int>{};
  }));
  all.push_back(plain("yoco", "YOCO", kWindows,
                      "The lower half keeps sliding windows of its own, the upper half reads its first layer.",
                      "Sun et al. 2024, arXiv 2405.05254", yoco));
  all.push_back(numbered(
      plain("gemma-3n", "Gemma 3n", kWindows,
            "Four sliding layers, then a full one; the last layers read the last one of their kind that keeps KV.",
            "Gemma 3n, num_kv_shared_layers", nullptr),
      "shared layers", gemma3n, [](int layers) { return layers < 5 ? 0 : std::min(layers * 3 / 7, layers - 5); },
      [](const SharingMap& map) { return std::vector<int>{map.layerCount() - producerCount(map)}; }));
  all.push_back(plain(
      "mix-attention", "MixAttention", kWindows,
      "Blocks of a full layer and sliding groups of two and three; every second block reads the full layer before it.",
      "Rajput et al. 2024, arXiv 2409.15012", mixAttention));
  all.push_back(plain("hymba", "Hymba", kWindows,
                      "First, middle and last layer see all and keep their own; between them sliding pairs share.",
                      "Dong et al. 2024, arXiv 2411.13676", hymba));
  all.push_back(plain("apple", "Apple 62.5 / 37.5", kOthers,
                      "The last 37.5 % of the layers read the last layer before them.", "arXiv 2507.13575", apple));
  all.push_back(numbered(plain("mlkv", "MLKV", kOthers, "m groups, as even as possible, read their first layer.",
                               "Zuhri et al. 2024, arXiv 2406.09297", nullptr),
                         "KV layers", mlkv, half, kvLayers));
  all.push_back(
      numbered(plain("hunyuan", "Hunyuan", kOthers, "Groups of n layers read their first; a short group comes last.",
                     "Hunyuan-Large, cla_share_factor", nullptr),
               "layers a group", shareFactor, two, firstGroup));
  return all;
}

}  // namespace

std::string Generator::text(int value) const {
  if (!takesNumber()) return name;
  // "cla2", "lckv-w2", as they are called in print; else a hyphen.
  return name + (name == "cla" || name == "lckv-w" ? "" : "-") + std::to_string(value);
}

const std::vector<Generator>& generators() {
  static const std::vector<Generator> all = makeGenerators();
  return all;
}

const Generator* findGenerator(std::string_view nameAndNumber, int* number) {
  const std::string name = normalized(nameAndNumber);
  const std::string stem = name.substr(0, std::min(name.find_last_not_of("0123456789") + 1, name.size()));
  for (const Generator& generator : generators()) {
    if (normalized(generator.name) != stem) continue;
    std::int64_t value = 0;
    if (number && parseInteger(std::string_view(name).substr(stem.size()), value) &&
        value <= SharingMap::kMaximumLayers)
      *number = static_cast<int>(value);
    return &generator;
  }
  return nullptr;
}

Result<SharingMap> generate(std::string_view nameAndNumber, int layers) {
  const std::string name = normalized(nameAndNumber);
  const std::string stem = name.substr(0, std::min(name.find_last_not_of("0123456789") + 1, name.size()));
  const std::string number = name.substr(stem.size());
  if (const Generator* generator = findGenerator(nameAndNumber)) {
    if (!generator->takesNumber()) {
      if (number.empty()) return generator->make(layers, 0);
      return fail(ErrorCode::InvalidInput, fmt::format("The pattern {} takes no number, but '{}' has one.",
                                                       generator->name, shortened(nameAndNumber)));
    }
    std::int64_t value = 0;
    if (!parseInteger(number, value) || value > SharingMap::kMaximumLayers) {
      return fail(ErrorCode::InvalidInput,
                  fmt::format("The pattern '{}' needs a number after its name ({}), like {}.", nameAndNumber,
                              generator->number, generator->text(generator->usualNumber(std::max(layers, 1)))));
    }
    return generator->make(layers, static_cast<int>(value));
  }
  std::vector<std::string> known;
  for (const Generator& generator : generators())
    known.push_back(generator.text(generator.usualNumber(std::clamp(layers, 1, 64))));
  std::string near = nearestName(name, known);
  if (near.empty() && !stem.empty()) {  // the name may be right but for a letter, with another number
    for (const Generator& generator : generators()) {
      if (editDistance(stem, normalized(generator.name)) <= 2)
        near = generator.text(generator.usualNumber(std::clamp(layers, 1, 64)));
    }
  }
  return fail(ErrorCode::NotFound,
              fmt::format("There is no sharing pattern '{}'; ", shortened(nameAndNumber)) +
                  (near.empty() ? "the patterns are " + join(known, ", ") + "." : "did you mean '" + near + "'?"));
}

std::string describeGenerator(const SharingMap& map) {
  std::string shortest;
  const auto offer = [&](const Generator& generator, int number) {
    std::string text = generator.text(number);
    if (!shortest.empty() && text.size() >= shortest.size()) return;
    const Result<SharingMap> made = generator.make(map.layerCount(), number);
    if (made && *made == map) shortest = std::move(text);
  };
  for (const Generator& generator : generators()) {
    if (!generator.takesNumber()) {
      offer(generator, 0);
    } else {
      for (const int number : generator.candidates(map)) offer(generator, number);
    }
  }
  return shortest;
}

}  // namespace weft::sharing
