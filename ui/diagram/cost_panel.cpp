#include "ui/diagram/cost_panel.h"

#include <fmt/format.h>

#include <QComboBox>
#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/base/text.h"
#include "engine/config/training_request.h"
#include "engine/service/local_executor.h"
#include "engine/service/resolved_run.h"
#include "engine/sharing/memory_model.h"
#include "ui/diagram/cost_bars.h"
#include "ui/models/qt_text.h"
#include "ui/parts/icons.h"
#include "ui/parts/panel_parts.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr std::array kTypes{sharing::ElementType::BFloat16, sharing::ElementType::Float16,
                            sharing::ElementType::Float32, sharing::ElementType::Int8};
constexpr std::array kTypeNames{"bf16", "fp16", "fp32", "int8"};
constexpr double kMiB = 1 << 20;

QString number(std::int64_t value) { return toQt(groupDigits(value)); }
QString bytesText(double bytes) { return toQt(formatBytes(bytes)); }
QString gibiText(double bytes) { return toQt(fmt::format("{:.2f}", bytes / (1024 * kMiB))); }
QString gigaText(double flops) {
  return flops >= 1e9 ? toQt(fmt::format("{:.2f} GFLOP/token", flops / 1e9))
                      : toQt(fmt::format("{:.2f} MFLOP/token", flops / 1e6));
}

std::int64_t bytesPerToken(const sharing::ModelShape& shape, int kvHeads, sharing::ElementType type) {
  sharing::ModelShape plain = shape;
  plain.kvHeads = kvHeads;
  const auto costs =
      sharing::cost(plain, sharing::SharingMap::identity(shape.layers), {.cacheType = type, .context = 1, .batch = 1});
  return costs ? costs->kv.bytesPerToken : 0;
}

struct Peer {
  QString name;
  int kvHeads = 1;
};

// The plain maps of this shape that a reader knows: MHA, a GQA in the middle, MQA.
std::vector<Peer> peersOf(const sharing::ModelShape& shape) {
  std::vector<Peer> peers{{QStringLiteral("MHA"), shape.queryHeads}};
  for (const int heads : {4, 2, 8}) {
    if (shape.queryHeads % heads != 0 || heads >= shape.queryHeads) continue;
    peers.push_back({QStringLiteral("GQA%1").arg(heads), heads});
    break;
  }
  if (shape.queryHeads > 1) peers.push_back({QStringLiteral("MQA"), 1});
  return peers;
}

}  // namespace

const std::vector<MemoryChoice>& memoryChoices() {
  static const std::vector<MemoryChoice> choices = [] {
    std::vector<MemoryChoice> made;
    for (const sharing::DeviceModel& device : sharing::deviceModels())
      made.push_back({toQt(device.name), device.memoryBytes, device});
    for (const int gibibytes : {24, 16, 12, 8})
      made.push_back({QStringLiteral("%1 GiB").arg(gibibytes), gibibytes * 1024 * kMiB, std::nullopt});
    return made;
  }();
  return choices;
}

CostPanel::CostPanel(SharingDocument* document, QWidget* parent)
    : QWidget(parent),
      m_document(document),
      m_type(new QComboBox),
      m_stale(new TextLabel({}, Type::Caption, Tone::Error)),
      m_vocabulary(new TextLabel({}, Type::Caption, Tone::Text2)),
      m_both(new TextLabel({}, Type::Caption, Tone::Text2)),
      m_parameters(new CostLine(tr("Parameters"))),
      m_perToken(new CostLine(tr("KV per token"))),
      m_resident(new CostLine(tr("KV resident"))),
      m_read(new CostLine(tr("KV read in one decode step"))),
      m_largest(new CostLine(tr("Largest batch that fits"))),
      m_decode(new CostLine(tr("Decode"))),
      m_ceiling(new CostLine(tr("Decode at most"))),
      m_training(new CostLine(tr("Training"))),
      m_step(new CostLine(tr("Training memory"))),
      m_bars(new ComparisonBars),
      m_batch(new NumberField(tr("Batch"), 1, 1'000'000)),
      m_context(new NumberField(tr("Context"), 1, 16'777'216)),
      m_memory(new QComboBox),
      m_memoryBar(new MemoryBar),
      m_others(new TextLabel({}, Type::Caption, Tone::Text2)),
      m_bound(new TextLabel({}, Type::Caption, Tone::Text2)),
      m_micro(new TextLabel({}, Type::Caption, Tone::Text2)) {
  for (const char* name : kTypeNames) m_type->addItem(QString::fromLatin1(name));
  m_type->setAccessibleName(tr("Element type of weights and cache"));
  for (const MemoryChoice& choice : memoryChoices()) m_memory->addItem(choice.name);
  m_memory->setAccessibleName(tr("Device"));
  m_memory->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  m_stale->setWordWrap(true);
  for (TextLabel* label : {m_vocabulary, m_both, m_others, m_bound, m_micro}) label->setWordWrap(true);
  const auto doubling = [](int value, int steps) {
    const std::int64_t next = steps > 0 ? std::int64_t{value} * 2 : value / 2;
    return static_cast<int>(std::clamp<std::int64_t>(next, 1, std::numeric_limits<int>::max()));
  };
  m_batch->setStepper(doubling);
  m_context->setStepper(doubling);

  auto* section = new PanelSection(tr("Costs"));
  section->addAtHeading(m_type);
  section->add(m_stale);
  section->add(m_parameters);
  section->add(m_vocabulary);
  section->add(m_perToken);
  section->add(m_both);
  section->add(m_bars);
  QWidget* question =
      fieldRow({labelled(tr("Batch"), m_batch), labelled(tr("Context"), m_context), labelled(tr("Device"), m_memory)});
  static_cast<QHBoxLayout*>(question->layout())->setStretch(2, 2);  // names of devices are longer than numbers
  section->add(question);
  section->add(m_resident);
  section->add(m_read);
  section->add(m_memoryBar);
  section->add(m_largest);
  section->add(m_others);
  section->add(m_decode);
  section->add(m_ceiling);
  section->add(m_bound);
  section->add(m_training);
  section->add(m_step);
  section->add(m_micro);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(section);

  const auto ask = [this] {
    m_document->setRequest({.cacheType = kTypes[static_cast<std::size_t>(m_type->currentIndex())],
                            .context = m_context->value(),
                            .batch = m_batch->value()});
  };
  connect(m_type, &QComboBox::activated, this, ask);
  connect(m_batch, &NumberField::valueChanged, this, ask);
  connect(m_context, &NumberField::valueChanged, this, ask);
  connect(m_memory, &QComboBox::activated, this, [this] {
    refresh();
    Q_EMIT memoryChoiceChanged();
  });
  connect(document, &SharingDocument::changed, this, &CostPanel::refresh);
  refresh();
}

int CostPanel::memoryChoice() const { return m_memory->currentIndex(); }

void CostPanel::setMemoryChoice(int index) {
  if (index < 0 || index >= m_memory->count()) return;
  m_memory->setCurrentIndex(index);
  refresh();
}

QList<CostLine*> CostPanel::lines() const {
  return {m_parameters, m_perToken, m_resident, m_read, m_largest, m_decode, m_ceiling, m_training, m_step};
}

void CostPanel::setFormulasShown(bool shown) {
  for (CostLine* line : lines()) line->setFormulaShown(shown);
}

void CostPanel::refresh() {
  const sharing::CostRequest& request = m_document->request();
  const auto type = std::find(kTypes.begin(), kTypes.end(), request.cacheType);
  if (type != kTypes.end()) m_type->setCurrentIndex(static_cast<int>(type - kTypes.begin()));
  m_batch->show(static_cast<int>(request.batch));
  m_context->show(static_cast<int>(request.context));
  const bool isStale = !m_document->staleCosts().isEmpty();
  m_stale->setText(m_document->staleCosts());
  m_stale->setVisible(isStale);
  // Numbers of an earlier map are grey.
  for (QWidget* widget : {static_cast<QWidget*>(m_bars), static_cast<QWidget*>(m_memoryBar)})
    widget->setEnabled(!isStale);
  for (CostLine* line : lines()) line->setStale(isStale);
  if (m_document->costs()) showLines(*m_document->costs());
  showWords();
}

QString CostPanel::vocabularyWords() const { return m_vocabulary->text(); }
QString CostPanel::typeWords() const { return m_both->text(); }

void CostPanel::showWords() {
  const std::int64_t own = m_document->design().model.vocabulary;
  const auto& read = m_document->tokenizerVocabulary();
  if (own > 0) {
    m_vocabulary->setText(tr("with a vocabulary of %1").arg(number(own)));
  } else if (m_document->run().data.tokenizer == "byte") {
    m_vocabulary->setText(tr("with the byte tokenizer’s %1 ids").arg(number(m_document->costedShape().vocabulary)));
  } else if (!read) {
    m_vocabulary->setText(QString::fromLatin1(service::kWithoutEmbedding));
  } else {
    m_vocabulary->setText(*read ? tr("with the tokenizer’s %1 ids").arg(number(**read))
                                : tr("without embedding: %1").arg(toQt(read->error().message)));
  }
  // The lanes are asked once: what a machine has does not change while its window is open.
  static const std::vector<service::Lane> lanes = service::localLanes();
  const auto types = service::typesOf(m_document->run(), lanes);
  m_both->setText(types ? toQt(service::bytesPerTokenWords(m_document->costedShape(), m_document->costedMap(),
                                                           m_document->request().cacheType, *types))
                        : QString());
  m_both->setVisible(!m_both->text().isEmpty());
}

void CostPanel::showLines(const sharing::CostReport& costs) {
  const sharing::ModelShape& shape = m_document->costedShape();
  const sharing::SharingMap& map = m_document->costedMap();
  const sharing::CostRequest& request = m_document->request();
  const sharing::ParameterCount& p = costs.parameters;

  m_parameters->show(
      tr("Parameters"), toQt(formatCount(static_cast<double>(p.total()))),
      tr("embedding + head + Q + KV + output + feed-forward + norms, biases and gates"),
      tr("%1 + %2 + %3 + %4 + %5 + %6 + %7 = %8")
          .arg(number(p.embedding), number(p.head), number(p.query), number(p.keyValue), number(p.output),
               number(p.feedForward), number(p.norms + p.biases + p.gates), number(p.total())));
  m_perToken->show(tr("KV per token"), tr("%1 B").arg(number(costs.kv.bytesPerToken)),
                   tr("2 · bytes · width · Σ producers’ KV heads"),
                   toQt(sharing::explainKvBytesPerToken(shape, map, request.cacheType)));

  std::vector<ComparisonBars::Bar> bars;
  for (const Peer& peer : peersOf(shape))
    bars.push_back({peer.name, bytesPerToken(shape, peer.kvHeads, request.cacheType), false});
  bars.push_back({tr("This map"), costs.kv.bytesPerToken, true});
  m_bars->show(std::move(bars));

  const std::int64_t perSequence = costs.kv.bytesResident / request.batch;
  m_resident->show(
      tr("KV resident"), bytesText(static_cast<double>(costs.kv.bytesResident)),
      tr("batch · Σ producers’ bytes · min(context, window)"),
      tr("%1 · %2 B = %3 B").arg(number(request.batch), number(perSequence), number(costs.kv.bytesResident)));
  m_read->show(tr("KV read in one decode step"), bytesText(static_cast<double>(costs.kv.bytesReadPerStep)),
               tr("batch · Σ layers’ bytes read · min(context, window)"),
               tr("%1 · %2 B = %3 B")
                   .arg(number(request.batch), number(costs.kv.bytesReadPerStep / request.batch),
                        number(costs.kv.bytesReadPerStep)));

  const MemoryChoice& memory = memoryChoices()[static_cast<std::size_t>(std::max(0, m_memory->currentIndex()))];
  showFits(costs, memory);
  showDecode(costs, memory);
  showTraining(memory);
}

void CostPanel::showFits(const sharing::CostReport& costs, const MemoryChoice& memory) {
  const sharing::ModelShape& shape = m_document->costedShape();
  const sharing::CostRequest& request = m_document->request();
  m_memoryBar->show(static_cast<double>(costs.weightBytes), static_cast<double>(costs.kv.bytesResident), memory.bytes);
  const auto largest = sharing::largestBatch(shape, m_document->costedMap(), request, memory.bytes, kReservedBytes);
  m_largest->show(
      tr("Largest batch that fits"), largest ? number(*largest) : tr("none"),
      tr("(device − reserved − weights) / KV per sequence"),
      tr("(%1 − %2 − %3) GiB / %4")
          .arg(gibiText(memory.bytes), gibiText(kReservedBytes), gibiText(static_cast<double>(costs.weightBytes)),
               bytesText(static_cast<double>(costs.kv.bytesResident / request.batch))));
  QStringList others;
  for (const Peer& peer : peersOf(shape)) {
    sharing::ModelShape plain = shape;
    plain.kvHeads = peer.kvHeads;
    const auto fits = sharing::largestBatch(plain, sharing::SharingMap::identity(shape.layers), request, memory.bytes,
                                            kReservedBytes);
    if (fits && peer.name.startsWith(u'M')) others.prepend(tr("%1 fits %2").arg(peer.name, number(*fits)));
  }
  m_others->setText(tr("2 GiB reserved; %1").arg(others.join(QStringLiteral(", "))));
}

void CostPanel::showDecode(const sharing::CostReport& costs, const MemoryChoice& memory) {
  const sharing::CostRequest& request = m_document->request();
  const auto matmul = static_cast<double>(costs.parameters.matmul);
  m_decode->show(tr("Decode, context %1").arg(number(request.context)), gigaText(costs.flops.decode),
                 tr("2 · N matmul + 4 · Σ layers’ min(context, window) · H · D"),
                 toQt(fmt::format("2 · {} + {:.3f} G = {:.3f} G", formatCount(matmul),
                                  (costs.flops.decode - 2 * matmul) / 1e9, costs.flops.decode / 1e9)));
  const auto roofline = memory.device ? sharing::decodeRoofline(m_document->costedShape(), m_document->costedMap(),
                                                                request, *memory.device)
                                      : Result<sharing::Roofline>(tl::unexpected(Error{}));
  m_ceiling->setVisible(roofline.has_value());
  m_bound->setVisible(roofline.has_value());
  if (!roofline) return;
  const auto milliseconds = [](double seconds) { return toQt(fmt::format("{:.3g}", 1e3 * seconds)); };
  m_ceiling->show(tr("Decode at most"), tr("%1 tokens/s").arg(number(std::llround(roofline->tokensPerSecond))),
                  tr("batch / max(batch · FLOPs / peak, (weights + KV read) / bandwidth)"),
                  tr("%1 / max(%2 ms, %3 ms) at %4 TFLOP/s and %5 TB/s")
                      .arg(number(request.batch), milliseconds(roofline->compute_s), milliseconds(roofline->bytes_s),
                           toQt(fmt::format("{:.4g}", memory.device->flopsPerSecond(request.cacheType) / 1e12)),
                           toQt(fmt::format("{:.4g}", memory.device->bytesPerSecond / 1e12))));
  const QString bound = roofline->bound == sharing::Bound::Compute ? tr("bound by compute") : tr("bound by bytes");
  m_bound->setText(roofline->computeBoundBatch
                       ? tr("%1; by compute from a batch of %2 on").arg(bound, number(*roofline->computeBoundBatch))
                       : tr("%1 at every batch of this context").arg(bound));
}

void CostPanel::showTraining(const MemoryChoice& memory) {
  const sharing::ModelShape& shape = m_document->costedShape();
  const sharing::SharingMap& map = m_document->costedMap();
  const config::TrainConfig& train = m_document->run().train;
  sharing::CostRequest request = m_document->request();
  request.context = train.sequenceLength;
  // One pass through every layer; where layers read upward training takes several through some.
  sharing::ModelShape once = shape;
  once.forwardPasses = 0;
  once.backwardPasses = 1;
  const auto trained = sharing::cost(shape, map, request), single = sharing::cost(once, map, request);
  if (trained && single) {
    const auto matmul = static_cast<double>(trained->parameters.matmul);
    const std::string plain = fmt::format("6 · {} + {:.3f} G = {:.3f} G", formatCount(matmul),
                                          (single->flops.train - 6 * matmul) / 1e9, single->flops.train / 1e9);
    const sharing::LayerRange repeated = sharing::repeatedLayers(map);
    const auto passes = std::min<std::int64_t>(shape.forwardPasses + shape.backwardPasses, train.sequenceLength);
    const auto recorded = std::min<std::int64_t>(shape.backwardPasses, passes);
    m_training->show(tr("Training, context %1").arg(number(train.sequenceLength)), gigaText(trained->flops.train),
                     map.isCausal() ? tr("6 · N matmul + 6 · Σ layers’ s · H · D")
                                    : tr("6 · N matmul + 6 · Σ layers’ s · H · D, of which layers %1 to %2 count %3 "
                                         "forward and %4 backward passes")
                                          .arg(repeated.begin)
                                          .arg(repeated.end - 1)
                                          .arg(passes)
                                          .arg(recorded),
                     map.isCausal() ? toQt(plain)
                                    : tr("in one pass %1; in all %2 G")
                                          .arg(toQt(plain), toQt(fmt::format("{:.3f}", trained->flops.train / 1e9))));
  }
  const sharing::TrainingRequest step = config::trainingRequest(train, request.cacheType);
  const auto needed = sharing::trainingMemory(shape, map, step);
  const auto micro = sharing::largestMicroBatch(shape, map, step, memory.bytes, kReservedBytes);
  m_step->setVisible(needed.has_value());
  m_micro->setVisible(needed.has_value());
  if (!needed) return;
  m_step->show(
      tr("Training memory, %1 × %2").arg(number(step.microBatch), number(step.sequence)),
      bytesText(static_cast<double>(needed->peak())), tr("parameters + gradients + moments + activations + workspace"),
      tr("%1 + %2 + %3 + %4 + %5 = %6 GiB")
          .arg(gibiText(static_cast<double>(needed->parameters)), gibiText(static_cast<double>(needed->gradients)),
               gibiText(static_cast<double>(needed->moments)),
               gibiText(static_cast<double>(needed->activations.total())),
               gibiText(static_cast<double>(needed->workspace)), gibiText(static_cast<double>(needed->peak()))));
  m_micro->setText(!micro || *micro == 0
                       ? tr("not even one sequence fits")
                       : tr("at most %1 sequences at once fit, in %2")
                             .arg(number(*micro), QString::fromLatin1(sharing::toString(step.computeType))));
}

}  // namespace weft::ui
