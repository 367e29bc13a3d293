#include "ui/diagram/model_panel.h"

#include <QComboBox>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

#include "engine/base/text.h"
#include "ui/parts/panel_parts.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr int kMostHeads = 1024;
constexpr int kMostSize = 1 << 24;

QString number(std::int64_t value) { return QString::fromStdString(groupDigits(value)); }

struct HeadPreset {
  const char* name;
  int kvHeads;  // 0 = as many as query heads
};
constexpr HeadPreset kHeadPresets[] = {{"MHA", 0}, {"GQA4", 4}, {"MQA", 1}};

}  // namespace

ModelPanel::ModelPanel(SharingDocument* document, QWidget* parent)
    : QWidget(parent),
      m_document(document),
      m_queryHeads(new NumberField(tr("Query heads"), 1, kMostHeads)),
      m_kvHeads(new NumberField(tr("KV heads"), 1, kMostHeads)),
      m_headWidth(new NumberField(tr("Head width"), 2, 4096)),
      m_hidden(new NumberField(tr("Hidden size"), 1, kMostSize)),
      m_feedForward(new NumberField(tr("Feed-forward size"), 1, kMostSize)),
      m_vocabulary(new NumberField(tr("Vocabulary"), 0, kMostSize)),
      m_note(new TextLabel({}, Type::Caption, Tone::Text2)) {
  auto* section = new PanelSection(tr("Heads"));
  for (const HeadPreset& preset : kHeadPresets) {
    auto* button = new QPushButton(QString::fromLatin1(preset.name));
    button->setCheckable(true);
    button->setToolTip(preset.kvHeads == 0 ? tr("As many KV heads as query heads")
                                           : tr("%n KV head(s)", nullptr, preset.kvHeads));
    connect(button, &QPushButton::clicked, this, [this, preset] {
      m_document->changeModel(QString::fromLatin1(preset.name), [&](config::ModelConfig& model) {
        model.kvHeads = preset.kvHeads == 0 ? model.queryHeads : preset.kvHeads;
      });
      refresh();
    });
    section->addAtHeading(button);
    m_presets << button;
  }
  m_headWidth->setStepper([](int value, int steps) { return std::max(2, value + 2 * steps); });
  m_queryHeads->setStepper([](int value, int steps) { return steps > 0 ? value * 2 : std::max(1, value / 2); });
  m_kvHeads->setStepper(
      [this](int value, int steps) { return nextDivisor(m_queryHeads->value(), value, steps > 0 ? 1 : -1); });
  for (NumberField* field : {m_hidden, m_feedForward}) field->setSingleStep(64);
  m_vocabulary->setSpecialValueText(tr("tokenizer’s"));
  m_note->setWordWrap(true);
  section->add(fieldRow({labelled(tr("Query heads"), m_queryHeads), labelled(tr("KV heads"), m_kvHeads),
                         labelled(tr("Head width"), m_headWidth)}));
  section->add(fieldRow({labelled(tr("Hidden"), m_hidden), labelled(tr("Feed-forward"), m_feedForward),
                         labelled(tr("Vocabulary"), m_vocabulary)}));
  section->add(m_note);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(section);

  const auto edits = [this](NumberField* field, const QString& what, auto member) {
    connect(field, &NumberField::valueChanged, this, [this, what, member](int value) {
      m_document->changeModel(QStringLiteral("%1 %2").arg(what, number(value)),
                              [&](config::ModelConfig& model) { model.*member = value; });
    });
  };
  edits(m_queryHeads, tr("query heads"), &config::ModelConfig::queryHeads);
  edits(m_kvHeads, tr("KV heads"), &config::ModelConfig::kvHeads);
  edits(m_headWidth, tr("head width"), &config::ModelConfig::headWidth);
  edits(m_hidden, tr("hidden size"), &config::ModelConfig::hidden);
  edits(m_feedForward, tr("feed-forward size"), &config::ModelConfig::feedForward);
  edits(m_vocabulary, tr("vocabulary"), &config::ModelConfig::vocabulary);
  connect(document, &SharingDocument::changed, this, &ModelPanel::refresh);
  refresh();
}

void ModelPanel::refresh() {
  const config::ModelConfig& model = m_document->design().model;
  m_queryHeads->show(model.queryHeads);
  m_kvHeads->show(model.kvHeads);
  m_headWidth->show(model.headWidth);
  m_hidden->show(static_cast<int>(model.hidden));
  m_feedForward->show(static_cast<int>(model.feedForward));
  m_vocabulary->show(static_cast<int>(model.vocabulary));
  for (qsizetype i = 0; i < m_presets.size(); ++i) {
    const int heads = kHeadPresets[i].kvHeads == 0 ? model.queryHeads : kHeadPresets[i].kvHeads;
    m_presets[i]->setChecked(heads == model.kvHeads);
    m_presets[i]->setEnabled(heads <= model.queryHeads && model.queryHeads % heads == 0);
  }
  if (model.queryHeads % model.kvHeads != 0) {
    m_note->setTone(Tone::Error);
    m_note->setText(tr("%1 KV heads do not divide the %2 query heads.").arg(model.kvHeads).arg(model.queryHeads));
    return;
  }
  m_note->setTone(Tone::Text2);
  const std::int64_t width = std::int64_t{model.queryHeads} * model.headWidth;
  QString note =
      width == model.hidden
          ? tr("%1 × %2 = %3, the hidden width").arg(model.queryHeads).arg(model.headWidth).arg(number(width))
          : tr("%1 × %2 = %3, projected to the hidden width %4")
                .arg(model.queryHeads)
                .arg(model.headWidth)
                .arg(number(width), number(model.hidden));
  LayerSet own;
  for (const int producer : m_document->map().producers()) {
    if (m_document->map().layer(producer).kvHeads) own.push_back(producer);
  }
  if (!own.empty()) {
    const int heads = *m_document->map().layer(own.front()).kvHeads;
    const bool isSame =
        std::all_of(own.begin(), own.end(), [&](int layer) { return m_document->map().layer(layer).kvHeads == heads; });
    QString names = QString::fromStdString(describeLayers(own));
    names[0] = names[0].toUpper();
    const QString have = own.size() == 1 ? tr("has") : tr("have");
    note += u'\n' + (isSame ? tr("%1 %2 %3 KV heads").arg(names, have).arg(heads)
                            : tr("%1 %2 KV head counts of their own").arg(names, have));
  }
  m_note->setText(note);
}

SelectionPanel::SelectionPanel(SharingDocument* document, QWidget* parent)
    : QWidget(parent),
      m_document(document),
      m_section(new PanelSection(tr("Selection"))),
      m_source(new QComboBox),
      m_window(new QComboBox),
      m_kvHeads(new NumberField(tr("KV heads of the selected layers"), 1, kMostHeads)),
      m_note(new TextLabel(tr("Click a row, or use Up and Down."), Type::Caption, Tone::Text3)) {
  for (QComboBox* box : {m_source, m_window}) {
    box->setEditable(true);
    box->setInsertPolicy(QComboBox::NoInsert);
    box->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  }
  m_source->setAccessibleName(tr("Source of the selected layers"));
  m_window->setAccessibleName(tr("Window of the selected layers"));
  m_kvHeads->setStepper([this](int value, int steps) {
    return nextDivisor(m_document->design().model.queryHeads, value, steps > 0 ? 1 : -1);
  });
  m_note->setWordWrap(true);
  m_section->add(fieldRow(
      {labelled(tr("Source"), m_source), labelled(tr("Window"), m_window), labelled(tr("KV heads"), m_kvHeads)}));
  m_section->add(m_note);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(m_section);

  connect(m_source, &QComboBox::textActivated, this, &SelectionPanel::commitSource);
  connect(m_source->lineEdit(), &QLineEdit::returnPressed, this, [this] { commitSource(m_source->currentText()); });
  connect(m_window, &QComboBox::textActivated, this, &SelectionPanel::commitWindow);
  connect(m_window->lineEdit(), &QLineEdit::returnPressed, this, [this] { commitWindow(m_window->currentText()); });
  connect(m_kvHeads, &NumberField::valueChanged, this, [this](int heads) { m_document->setKvHeads(m_layers, heads); });
  connect(document, &SharingDocument::changed, this, &SelectionPanel::refresh);
  refresh();
}

void SelectionPanel::setSelection(const LayerSet& layers) {
  m_layers = layers;
  refresh();
}

void SelectionPanel::editSource() {
  m_source->setFocus(Qt::ShortcutFocusReason);
  m_source->lineEdit()->selectAll();
}

void SelectionPanel::refresh() {
  const sharing::SharingMap& map = m_document->map();
  std::erase_if(m_layers, [&](int layer) { return layer >= map.layerCount(); });
  const bool has = !m_layers.empty();
  QString title = tr("Selection");
  if (has) title += QStringLiteral(": ") + QString::fromStdString(describeLayers(m_layers));
  m_section->setTitle(title);
  for (QWidget* field :
       {static_cast<QWidget*>(m_source), static_cast<QWidget*>(m_window), static_cast<QWidget*>(m_kvHeads)})
    field->setEnabled(has);
  if (!has) {
    m_note->setText(tr("Click a row, or use Up and Down."));
    m_source->setCurrentText({});
    m_window->setCurrentText({});
    return;
  }
  const sharing::LayerSharing& first = map.layer(m_layers.front());
  const auto isCommon = [&](auto value) {
    return std::all_of(m_layers.begin(), m_layers.end(),
                       [&](int layer) { return value(layer) == value(m_layers.front()); });
  };

  const QSignalBlocker sourceBlocker(m_source), windowBlocker(m_window);
  m_source->clear();
  if (m_layers.size() == 1) m_source->addItem(tr("own KV"));
  for (const int producer : map.producers()) {
    const bool isPossible =
        std::all_of(m_layers.begin(), m_layers.end(), [&](int layer) { return m_document->mayRead(layer, producer); });
    if (isPossible && !(m_layers.size() == 1 && producer == m_layers.front()))
      m_source->addItem(QString::number(producer));
  }
  const bool isOneSource = isCommon([&](int layer) { return map.layer(layer).kSource; }) &&
                           first.kSource == first.vSource &&
                           std::all_of(m_layers.begin(), m_layers.end(), [&](int layer) {
                             return map.layer(layer).kReading.parts.empty() && map.layer(layer).vReading.parts.empty();
                           });
  QString source =
      isOneSource
          ? (m_layers.size() == 1 && first.kSource == m_layers.front() ? tr("own KV") : QString::number(first.kSource))
          : tr("mixed");
  for (const RowProblem& problem : m_document->problems()) {
    if (m_layers.size() == 1 && problem.layer == m_layers.front() && problem.source >= 0)
      source = QString::number(problem.source);
  }
  m_source->setCurrentText(source);

  const auto& modelWindow = m_document->design().model.window;
  m_window->clear();
  m_window->addItem(tr("full"));
  m_window->addItem(tr("%1 (model’s)").arg(number(modelWindow.value_or(1024))));
  QString window = tr("mixed");
  if (isCommon([&](int layer) { return map.layer(layer).window.kind; }) &&
      isCommon([&](int layer) { return map.layer(layer).window.positions; })) {
    window = first.window.kind == sharing::Window::Kind::Full    ? tr("full")
             : first.window.kind == sharing::Window::Kind::Model ? m_window->itemText(1)
                                                                 : number(first.window.positions);
  }
  m_window->setCurrentText(window);

  LayerSet producers;
  for (const int layer : m_layers) {
    if (map.isProducer(layer)) producers.push_back(layer);
  }
  m_kvHeads->setEnabled(!producers.empty());
  m_kvHeads->show(
      map.kvHeads(producers.empty() ? first.kSource : producers.front(), m_document->design().model.kvHeads));
  m_note->setText(m_layers.size() == 1 ? m_document->describeLayer(m_layers.front())
                                       : tr("%1 with their own KV, %2 read another’s")
                                             .arg(producers.size())
                                             .arg(m_layers.size() - producers.size()));
}

void SelectionPanel::commitSource(const QString& text) {
  if (m_layers.empty() || text == tr("mixed")) return;
  bool isNumber = false;
  const int source = text.trimmed().toInt(&isNumber);
  if (isNumber)
    m_document->setSource(m_layers, source);
  else if (text.startsWith(QStringLiteral("own")))
    m_document->separate(m_layers);
  else
    Q_EMIT m_document->refused(
        tr("The source of a layer is a layer's number, or “own KV”; “%1” is neither.").arg(text));
  refresh();
}

void SelectionPanel::commitWindow(const QString& text) {
  if (m_layers.empty() || text == tr("mixed")) return;
  QString digits = text;
  digits.remove(u',').remove(u' ');
  bool isNumber = false;
  const qlonglong positions = digits.toLongLong(&isNumber);
  if (text == tr("full"))
    m_document->setWindow(m_layers, {});
  else if (text == m_window->itemText(1))
    m_document->setWindow(m_layers, {.kind = sharing::Window::Kind::Model, .positions = 0});
  else if (isNumber)
    m_document->setWindow(m_layers, {.kind = sharing::Window::Kind::Own, .positions = positions});
  else
    Q_EMIT m_document->refused(tr("A window is a number of positions, or “full”; “%1” is neither.").arg(text));
  refresh();
}

}  // namespace weft::ui
