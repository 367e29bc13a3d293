#include "ui/diagram/sharing_document.h"

#include <fmt/format.h>

#include <QUndoCommand>
#include <algorithm>

#include "engine/base/text.h"
#include "engine/config/presets.h"
#include "engine/sharing/generators.h"
#include "engine/sharing/map_words.h"
#include "engine/sharing/slots.h"
#include "ui/models/qt_text.h"

namespace weft::ui {
namespace {

constexpr std::int64_t kUsualWindow = 1024;
constexpr const char* kFirstPreset = "paper-1b-h128-mqa-cla2";

sharing::UpwardReads upwardOf(const config::ModelConfig& model) { return sharing::upwardReads(model.allowUpward); }

// The tokens of a map whose K and V are read together; empty for every other text.
std::vector<std::string> plainTokens(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789_sh") != std::string::npos) return {};
  return split(text, '_');
}

std::string withTokenSource(const std::string& token, int source) {
  const std::size_t digits = std::min(token.find_first_not_of("0123456789"), token.size());
  return std::to_string(source) + token.substr(digits);
}

std::string replaced(std::vector<std::string> tokens, int layer, int source) {
  std::string& token = tokens[static_cast<std::size_t>(layer)];
  token = withTokenSource(token, source);
  return join(tokens, "_");
}

// The layers whose sources a plain text asks for; empty if a token does not begin with a number.
Layers askedSources(const std::vector<std::string>& tokens) {
  Layers layers;
  for (const std::string& token : tokens) {
    std::int64_t source = 0;
    if (!parseInteger(std::string_view(token).substr(0, token.find_first_not_of("0123456789")), source) ||
        source > 1'000'000)
      return {};
    layers.push_back(
        {.kSource = static_cast<int>(source), .vSource = static_cast<int>(source), .window = {}, .kvHeads = {}});
  }
  return layers;
}

QString windowText(const std::optional<std::int64_t>& window) {
  return window ? QStringLiteral("window %1").arg(toQt(groupDigits(*window))) : QStringLiteral("full attention");
}

}  // namespace

// A snapshot each: a design is a few hundred bytes, and undo then restores the very text.
class SharingDocument::Step : public QUndoCommand {
 public:
  Step(SharingDocument* document, const QString& what, Design before, Design after, int mergeKey)
      : QUndoCommand(what),
        m_document(document),
        m_before(std::move(before)),
        m_after(std::move(after)),
        m_mergeKey(mergeKey) {}

  void undo() override { m_document->apply(m_before); }
  void redo() override { m_document->apply(m_after); }
  int id() const override { return m_mergeKey > 0 ? 1 : -1; }
  bool mergeWith(const QUndoCommand* other) override {
    const auto* step = static_cast<const Step*>(other);
    if (step->m_mergeKey != m_mergeKey) return false;
    m_after = step->m_after;
    if (m_after == m_before) setObsolete(true);
    return true;
  }

 private:
  SharingDocument* m_document;
  Design m_before, m_after;
  int m_mergeKey;
};

SharingDocument::SharingDocument(QObject* parent) : QObject(parent) {
  if (auto preset = config::preset(kFirstPreset)) m_run = *std::move(preset);
  m_request = {.cacheType = sharing::ElementType::BFloat16, .context = 8192, .batch = 1024};
  m_design.model = m_run.model;
  apply(m_design);
  m_design.model.sharing = sharing::toText(m_map);
}

QString SharingDocument::name() const {
  if (!m_design.name.isEmpty()) return m_design.name;
  const config::ModelConfig& model = m_design.model;
  const std::string heads = model.kvHeads == model.queryHeads ? "MHA"
                            : model.kvHeads == 1              ? "MQA"
                                                              : fmt::format("GQA{}", model.kvHeads);
  std::string pattern;
  int number = 0;
  if (const sharing::Generator* known = sharing::findGenerator(m_generator, &number); known == nullptr) {
    pattern = fmt::format("-custom-{}", m_map.layerCount());
  } else if (known->name == "cla") {
    pattern = fmt::format("-CLA{}", number);
  } else if (known->name == "keep-ends") {
    pattern = "-CLA2-KeepEnds";
  } else if (known->name != "identity") {
    pattern = "-" + (known->takesNumber() ? m_generator : known->title);
  }
  return toQt(fmt::format("H{}-{}{}", model.headWidth, heads, pattern));
}

bool SharingDocument::mayRead(int layer, int source) const {
  if (source < 0 || source >= m_map.layerCount()) return false;
  if (source == layer) return true;
  return m_map.producesK(source) && m_map.producesV(source) && (source < layer || m_design.model.allowUpward);
}

QString SharingDocument::describeLayer(int layer) const {
  for (const RowProblem& problem : m_problems) {
    if (problem.layer == layer) return problem.message;
  }
  if (layer < 0 || layer >= m_map.layerCount()) return {};
  const sharing::LayerSharing& from = m_map.layer(layer);
  const auto plan = sharing::slotPlan(shape(), m_map);
  const int heads =
      plan ? plan->layers[static_cast<std::size_t>(layer)].heads : m_map.kvHeads(from.kSource, m_design.model.kvHeads);
  QString tail = QStringLiteral("%1 KV %2, %3")
                     .arg(heads)
                     .arg(heads == 1 ? "head" : "heads", windowText(m_map.windowOf(layer, m_design.model.window)));
  if (const std::string own = sharing::ownWords(from); !own.empty()) tail += QStringLiteral(", ") + toQt(own);
  const bool readsParts = !from.kReading.parts.empty() || !from.vReading.parts.empty();
  if (readsParts && from.kReading == from.vReading) {
    return QStringLiteral("Layer %1 reads as K and V %2: %3")
        .arg(layer)
        .arg(toQt(sharing::readingWords(from, layer, sharing::Role::Key)), tail);
  }
  if (readsParts || from.kSource != from.vSource) {
    const auto part = [&](int source, const sharing::Reading& reading, sharing::Role role) {
      if (!reading.parts.empty()) return toQt(sharing::readingWords(from, layer, role));
      return source == layer ? QStringLiteral("its own") : QStringLiteral("that of layer %1").arg(source);
    };
    return QStringLiteral("Layer %1 reads as K %2 and as V %3: %4")
        .arg(layer)
        .arg(part(from.kSource, from.kReading, sharing::Role::Key),
             part(from.vSource, from.vReading, sharing::Role::Value), tail);
  }
  if (from.kSource != layer)
    return QStringLiteral("Layer %1 reads the KV of layer %2: %3").arg(layer).arg(from.kSource).arg(tail);
  LayerSet readers = m_map.readersOf(layer);
  std::erase(readers, layer);
  const QString read = readers.empty() ? QStringLiteral("nobody else reads it")
                                       : QStringLiteral("also read by ") + toQt(describeLayers(readers));
  return QStringLiteral("Layer %1 keeps its own KV, %2: %3").arg(layer).arg(read, tail);
}

void SharingDocument::push(const QString& what, Design next, int mergeKey) {
  if (next == m_design) return;
  m_undo.push(new Step(this, what, m_design, std::move(next), mergeKey));
}

void SharingDocument::pushLayers(const QString& what, Layers layers) {
  const auto map = sharing::SharingMap::create(std::move(layers), upwardOf(m_design.model));
  if (!map) {
    Q_EMIT refused(toQt(map.error().message));
    return;
  }
  Design next = m_design;
  next.model.layers = map->layerCount();
  next.model.sharing = sharing::toText(*map);
  push(what, std::move(next));
}

void SharingDocument::setMapText(const std::string& text) {
  Design next = m_design;
  next.model.sharing = text;
  push(tr("map text"), std::move(next), m_typing);
}

void SharingDocument::applyGenerator(const std::string& nameAndNumber) {
  const auto map = sharing::generate(nameAndNumber, m_design.model.layers);
  if (!map) {
    Q_EMIT refused(toQt(map.error().message));
    return;
  }
  if (const auto problems = sharing::validate(map->layers(), upwardOf(m_design.model)); !problems.empty()) {
    Q_EMIT refused(toQt(problems.front().message));
    return;
  }
  Design next = m_design;
  next.model.sharing = sharing::toText(*map);
  push(tr("pattern %1").arg(toQt(nameAndNumber)), std::move(next));
}

void SharingDocument::applyFix(std::size_t index) {
  if (index >= m_fixes.size()) return;
  const MapFix fix = m_fixes[index];
  Design next = m_design;
  next.model.sharing = fix.text;
  if (fix.allowUpward) next.model.allowUpward = true;
  if (fix.layers) next.model.layers = *fix.layers;
  push(tr("fix: %1").arg(fix.label), std::move(next));
}

void SharingDocument::setSource(const LayerSet& layers, int source) {
  if (layers.empty()) return;
  const LayerSet set = layers;
  const QString what =
      set.size() == 1
          ? tr("source of layer %1: %2 to %3").arg(set.front()).arg(m_map.layer(set.front()).kSource).arg(source)
          : tr("source of %1: %2").arg(toQt(describeLayers(set))).arg(source);
  const bool isPossible = std::all_of(set.begin(), set.end(), [&](int layer) { return mayRead(layer, source); });
  if (isPossible) return pushLayers(what, withSource(m_map, set, source));
  const std::vector<std::string> tokens = plainTokens(sharing::toText(m_map));
  if (tokens.empty()) {
    Q_EMIT refused(tr("Layer %1 cannot read layer %2: a source must have its own K and V and lie below its reader.")
                       .arg(set.front())
                       .arg(source));
    return;
  }
  Design next = m_design;
  std::vector<std::string> asked = tokens;
  for (const int layer : set)
    asked[static_cast<std::size_t>(layer)] = withTokenSource(asked[static_cast<std::size_t>(layer)], source);
  next.model.sharing = join(asked, "_");
  push(what, std::move(next));
}

void SharingDocument::group(const LayerSet& layers) {
  if (layers.empty()) {
    Q_EMIT refused(tr("Select a layer to group it with the one below, or several to group them."));
    return;
  }
  if (layers.size() == 1) return groupWithBelow(layers.front());
  pushLayers(tr("group %1").arg(toQt(describeLayers(layers))), grouped(m_map, layers));
}

void SharingDocument::groupWithBelow(int layer) {
  const auto next = joinedBelow(m_map, layer);
  if (!next) {
    Q_EMIT refused(tr("Layer %1 is the lowest; there is no layer below it to group it with.").arg(layer));
    return;
  }
  if (*next == m_map.layers() && isValid()) {
    Q_EMIT refused(tr("Layers %1 and %2 share their K and V already.").arg(layer - 1).arg(layer));
    return;
  }
  pushLayers(tr("group layer %1 with layer %2").arg(layer).arg(layer - 1), *next);
}

void SharingDocument::separate(const LayerSet& layers) {
  if (layers.empty()) return;
  const Layers next = separated(m_map, layers);
  if (next == m_map.layers() && isValid()) {
    Q_EMIT refused(tr("Nothing to separate: %1 already keep their own K and V.").arg(toQt(describeLayers(layers))));
    return;
  }
  pushLayers(tr("separate %1").arg(toQt(describeLayers(layers))), next);
}

void SharingDocument::moveBoundary(int layer, Boundary direction) {
  const auto next = boundaryMoved(m_map, layer, direction);
  if (!next) {
    Q_EMIT refused(direction == Boundary::Up
                       ? tr("No layer lies above the group of layer %1.").arg(layer)
                       : tr("The group of layer %1 has no layer to give to the one above.").arg(layer));
    return;
  }
  pushLayers(tr("boundary above layer %1").arg(layer), *next);
}

void SharingDocument::setWindow(const LayerSet& layers, const sharing::Window& window) {
  if (layers.empty()) return;
  Design probe = m_design;
  QString what = tr("full attention on %1").arg(toQt(describeLayers(layers)));
  if (window.kind == sharing::Window::Kind::Model && !probe.model.window) probe.model.window = kUsualWindow;
  if (window.kind != sharing::Window::Kind::Full) {
    const std::int64_t positions = window.kind == sharing::Window::Kind::Own ? window.positions : *probe.model.window;
    what = tr("window %1 on %2").arg(toQt(groupDigits(positions)), toQt(describeLayers(layers)));
  }
  const auto map = sharing::SharingMap::create(withWindow(m_map, layers, window), upwardOf(m_design.model));
  if (!map) {
    Q_EMIT refused(toQt(map.error().message));
    return;
  }
  probe.model.layers = map->layerCount();
  probe.model.sharing = sharing::toText(*map);
  push(what, std::move(probe));
}

void SharingDocument::toggleWindow(const LayerSet& layers) {
  const bool isWindowed = std::all_of(layers.begin(), layers.end(),
                                      [&](int layer) { return m_map.layer(layer).window != sharing::Window{}; });
  setWindow(layers, {.kind = isWindowed ? sharing::Window::Kind::Full : sharing::Window::Kind::Model, .positions = 0});
}

void SharingDocument::setKvHeads(const LayerSet& layers, std::optional<int> heads) {
  if (layers.empty()) return;
  const bool isModels = heads && *heads == m_design.model.kvHeads;
  pushLayers(tr("KV heads of %1").arg(toQt(describeLayers(layers))),
             withKvHeads(m_map, layers, isModels ? std::nullopt : heads));
}

void SharingDocument::setLayerCount(int layers) {
  if (layers < 1 || layers > sharing::SharingMap::kMaximumLayers || layers == m_design.model.layers) return;
  Design next = m_design;
  next.model.layers = layers;
  next.model.sharing = sharing::toText(withLayerCount(m_map, layers, upwardOf(m_design.model)));
  push(tr("%1 layers").arg(layers), std::move(next));
}

void SharingDocument::setName(const QString& name) {
  const QString trimmed = name.trimmed();
  if (trimmed == this->name()) return;
  Design next = m_design;
  next.name = trimmed;
  push(trimmed.isEmpty() ? tr("name") : tr("name %1").arg(trimmed), std::move(next));
}

void SharingDocument::changeModel(const QString& what, const std::function<void(config::ModelConfig&)>& change) {
  Design next = m_design;
  change(next.model);
  push(what, std::move(next));
}

void SharingDocument::apply(const Design& design) {
  m_design = design;
  parse();
  updateCosts();
  Q_EMIT changed();
}

void SharingDocument::parse() {
  auto parsed = sharing::parseMapText(text(), {.layers = m_design.model.layers, .upward = upwardOf(m_design.model)});
  m_error.reset();
  if (parsed) {
    m_map = *std::move(parsed);
    m_generator = sharing::describeGenerator(m_map);
  } else {
    m_error = std::move(parsed).error();
  }
  findProblems();
  findFixes();
}

void SharingDocument::findProblems() {
  m_problems.clear();
  if (!m_error) return;
  const Layers asked = askedSources(plainTokens(text()));
  if (static_cast<int>(asked.size()) == m_map.layerCount()) {
    for (const sharing::MapProblem& problem : sharing::validate(asked, upwardOf(m_design.model)))
      m_problems.push_back(
          {problem.layer, asked[static_cast<std::size_t>(std::max(0, problem.layer))].kSource, toQt(problem.message)});
  }
  if (m_problems.empty()) m_problems.push_back({m_error->layer, -1, toQt(m_error->error.message)});
}

void SharingDocument::findFixes() {
  m_fixes.clear();
  if (!m_error) return;
  const std::vector<std::string> tokens = plainTokens(text());
  const Layers asked = askedSources(tokens);
  const int layer = m_error->layer;
  bool hasRowFix = false;
  if (layer >= 0 && layer < static_cast<int>(asked.size())) {
    for (const sharing::MapProblem& problem : sharing::validate(asked, upwardOf(m_design.model))) {
      if (problem.layer != layer || !problem.suggestedSource || *problem.suggestedSource == layer) continue;
      const int source = *problem.suggestedSource;
      m_fixes.push_back({.label = tr("Read layer %1").arg(source),
                         .text = replaced(tokens, layer, source),
                         .layers = {},
                         .source = source});
      hasRowFix = true;
      break;
    }
    const int source = asked[static_cast<std::size_t>(layer)].kSource;
    if (hasRowFix || source != layer) {
      m_fixes.push_back({.label = tr("Own KV for %1").arg(layer),
                         .text = replaced(tokens, layer, layer),
                         .layers = {},
                         .source = layer});
      hasRowFix = true;
    }
  }
  if (m_error->fix && !hasRowFix)
    m_fixes.push_back(
        {.label = tr("Use %1").arg(toQt(*m_error->fix)), .text = *m_error->fix, .layers = {}, .source = {}});
  if (const auto upward =
          sharing::parseMapText(text(), {.layers = m_design.model.layers, .upward = sharing::UpwardReads::Allow}))
    m_fixes.push_back(
        {.label = tr("Allow upward reads"), .text = text(), .allowUpward = true, .layers = {}, .source = {}});
  if (const auto other = sharing::parseMapText(text(), {.layers = std::nullopt, .upward = upwardOf(m_design.model)}))
    m_fixes.push_back({.label = tr("Make the model %1 layers").arg(other->layerCount()),
                       .text = text(),
                       .layers = other->layerCount(),
                       .source = {}});
  if (m_fixes.empty())
    m_fixes.push_back({.label = tr("Back to the last valid map"),
                       .text = sharing::toText(m_map),
                       .layers = m_map.layerCount(),
                       .source = {}});
}

void SharingDocument::updateCosts() {
  const auto costs = sharing::cost(shape(), m_map, m_request);
  if (!costs) {
    m_stale = toQt(costs.error().message);
    return;
  }
  m_costs = *costs;
  m_costedShape = shape();
  m_costedMap = m_map;
  m_stale = isValid()
                ? QString()
                : tr("Costs of the last valid map, %1 B per token").arg(toQt(groupDigits(costs->kv.bytesPerToken)));
  if (const auto all = sharing::cost(shape(), unshared(m_map), m_request)) m_unshared = *all;
}

}  // namespace weft::ui
